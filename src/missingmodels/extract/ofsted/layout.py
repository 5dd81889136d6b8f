"""How Ofsted's lists name their columns and spell their codes, over eight layouts.

Source: the published *provider level at 31 March* files of 2023 to 2025, and the lists given to authorities
as an open validator reads them (csc-validator-be-903, read in 2026). Names are compared without regard to
case, line breaks and the kind of apostrophe.
"""

from __future__ import annotations

import pandas as pd

from missingmodels.extract.ofsted.registration import typed

# Fact to column names, the preferred first. "Maximum fostering places" is not here: it is no home's capacity.
ALIASES: dict[str, tuple[str, ...]] = {
    "urn": ("urn",),
    # The home stands where its setting is, not where its provider sits.
    "authority": ("setting local authority", "local authority", "provider local authority"),
    "sector": ("sector",),
    "type": ("provision type", "provider type", "provider type/subtype"),
    "subtype": ("provider subtype",),
    "status": ("registration status", "provider status"),
    "places": ("places", "number of registered places", "max users", "maximum users", "capacity"),
    "registered": ("registration date",),
    "closed": ("closed date", "deregistration date"),
    "short_break": ("short-break-only children's home", "short break only children's home"),
    "owner": (
        *("organisation which owns the provider", "organisation that owns the provider", "owner", "owner name"),
        *(
            "organisation name",
            "registered provider",
            "registered provider name",
            "provider name",
            "owning organisation",
        ),
    ),
    "multi_building": ("multi-building children's home", "multi building children's home", "multi building ch"),
}
COMPULSORY = ("urn", "type")

SECTORS = {
    "private": "private",
    "local authority": "local_authority",
    "voluntary": "voluntary",
    "health": "health",
    "health authority": "health",
}
HOME_TYPES = {
    "children's home": "childrens_home",
    "secure children's home": "secure",
    "residential special school": "special_school",
}
NONE_WORDS = ("", "-", "na", "n/a", "none", "not applicable")
NO_WORDS = (*NONE_WORDS, "n", "no", "false", "0")
CLOSED_STATUS = ("closed", "resigned", "cancelled", "canceled", "deregistered")
USUAL_URN = r"SC\d{6}|\d{7}"


def plain(text: str) -> str:
    """A name or code in small letters, with single spaces and straight apostrophes."""
    return " ".join(text.split()).casefold().replace("’", "'").replace("‘", "'")


def urn_key(urn: pd.Series) -> pd.Series:
    """URNs as they are compared: in capitals, without what typing adds."""
    return typed(urn)


def provision_of(kind: pd.Series, subtype: pd.Series) -> pd.Series:
    """The provision type: ``children's home``, ``secure children's home`` or ``residential special school``.

    Blank where neither type nor subtype says children's home: fostering, supported accommodation and others.
    """
    words = kind.map(plain) + " | " + subtype.map(plain)
    is_home = words.str.replace("'", "").str.contains("childrens home", regex=False).astype(bool)
    provision = pd.Series("children's home", index=kind.index, dtype=object)
    provision = provision.mask(
        words.str.contains("special school", regex=False).astype(bool), "residential special school"
    )
    # "Secure Unit" is the subtype of a secure children's home.
    provision = provision.mask(words.str.contains("secure", regex=False).astype(bool), "secure children's home")
    return provision.where(is_home, "")
