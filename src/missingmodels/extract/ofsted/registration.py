"""Registration numbers of homes, and identifiers as they are compared.

A home's number is ``SC`` and six digits, or seven digits (Ofsted's lists hold no others). Six digits alone may be one
whose SC was left out, or a school's number of another register: they are compared with SC, and never rewritten.
"""

from __future__ import annotations

import pandas as pd

from missingmodels.extract.readers.cells import INVISIBLE

NUMBER = r"SC\d{6}|\d{7}"
BARE = r"\d{6}"
DUMMY = r"(?:SC)?(?:(\d)\1{5,6}|X+)"  # typed where a number was asked for
# Signs anywhere, a dot or stroke within "S.C./", and the word URN before the number.
TYPED = (
    rf"(?:[\s'\"`’‘“”,;:#*_=()\-‐-―]|{INVISIBLE.pattern})+"
    r"|(?<=S)\.(?=C)|(?<=C)[./](?=\s*\d)|^URN(?=\W|SC|\d)"
)
# Written where a home has no number, as typing leaves them.
NO_NUMBER = frozenset(
    {"", "NONE", "NULL", "NA", "N/A", "TBC", "TBA", "UNKNOWN", "NOTKNOWN", "NOTREG", "NOTREGISTERED", "PENDING"}
)
SCIENTIFIC = r"[+-]?\d(?:[.,]\d+)?[eE]\+?\d{1,3}(?:[_-]\w+)?"  # pools add the authority: 1.23457E+11_301


def typed(urn: pd.Series) -> pd.Series:
    """URNs in capitals without what typing adds: spaces, commas, quotes, hyphens, and the ``.0`` of a spreadsheet."""
    words = urn.str.upper().str.replace(TYPED, "", regex=True)
    return words.str.replace(r"\.0*$", "", regex=True)


def numbers(urn: pd.Series) -> pd.Series:
    """Each URN as a registration number, six bare digits as they are; blank for any other word.

    Each different word is judged once.
    """
    codes, kinds = pd.factorize(urn)
    words = typed(pd.Series(kinds, dtype="str"))
    good = _matches(words, f"{NUMBER}|{BARE}") & ~_matches(words, DUMMY)
    return words.where(good, "").take(codes).set_axis(urn.index)


def is_none(urn: pd.Series) -> pd.Series:
    """Mask of what says that there is no number; any other word may be how somebody's list names a home."""
    words = typed(urn)
    return words.isin(NO_NUMBER) | _matches(words, DUMMY)


def with_sc(urn: pd.Series) -> dict[str, str]:
    """The number with SC of each six bare digits that also stand with SC among the URNs."""
    known = pd.Series(urn.unique(), dtype="str")
    bare = known[_matches(known, BARE)]
    return {digits: f"SC{digits}" for digits in bare[("SC" + bare).isin(known)]}


def is_bare(urn: pd.Series) -> pd.Series:
    """Mask of URNs that are six digits without SC."""
    return _matches(urn, BARE)


def is_scientific(ids: pd.Series) -> pd.Series:
    """Mask of identifiers that a spreadsheet cut to a number such as 1.23457E+11, so that many became one."""
    return _matches(ids, SCIENTIFIC) & ids.str.contains(r"[.,+]", regex=True).astype(bool)


def loose(ids: pd.Series) -> pd.Series:
    """Identifiers without case, spaces, quotes, commas, what cannot be seen, ``.0`` and leading zeros.

    All of these exports add or lose.
    """
    words = ids.str.replace(rf"(?:[\s,'\"`’‘]|{INVISIBLE.pattern})+", "", regex=True).str.casefold()
    return words.str.replace(r"\.0+$", "", regex=True).str.replace(r"^0+(?=.)", "", regex=True)


def _matches(text: pd.Series, pattern: str) -> pd.Series:
    return text.str.fullmatch(pattern).astype(bool) if len(text) else pd.Series(False, index=text.index)
