"""What an SSDA903 return must say and Tables do not hold: URNs, postcodes, pupil numbers, legal status, need codes.

All of it is fictitious. Postcodes lie in the area ZZ, which the Royal Mail does not use, and URNs begin with SC9, so
that none can be somebody's address or home. Codes are drawn by label (see ``labelled``), so that every return of a
child, in any year, says the same. Code lists: the return's, as an open validator implements them
(csc-validator-be-903, read in 2026). The shares of legal status and need are plain assumptions.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.errors import InputError
from missingmodels.simulate.records.labelled import choose, uniforms
from missingmodels.tables import Tables

_LEFT = (11, 12, 2, 3, "4A", "4B", 13, 41, 45, 46, 47, 48, 5, 6, 7, 8, 9, 14, 15, 16, 17)
RECS = frozenset(f"E{number}" for number in _LEFT)  # why care ended; X1 says that it goes on
REASONS = frozenset(
    (
        *("CARPL", "CLOSE", "ALLEG", "STAND", "APPRR", "CREQB"),
        *("CREQO", "CHILD", "LAREQ", "PLACE", "CUSTOD", "OTHER"),
    )
)
TEMPORARY = frozenset(f"T{n}" for n in range(5))
PROVIDER_OF_SECTOR = {"private": "PR4", "voluntary": "PR5", "health": "PR3"}
SETTINGS_BY_URN = ("K1", "K2", "K3", "R3", "S1")

_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"  # the letters of the inward half of a postcode
_IN_DISTRICT = 10 * len(_LETTERS) ** 2
_CHILD_DISTRICTS = 49  # ZZ1 to ZZ49 are children's, ZZ50 to ZZ98 homes'; ZZ99 stands for no fixed abode
_LEGAL = (("C2", "C1", "V2"), (0.65, 0.1, 0.25))
_NEED = (("N1", "N2", "N3", "N4", "N5", "N6", "N8"), (0.65, 0.05, 0.03, 0.08, 0.14, 0.03, 0.02))


def postcode(number: int) -> str:
    """A postcode of the area ZZ, one a number below 392,000."""
    district, rest = divmod(number, _IN_DISTRICT)
    digit, pair = divmod(rest, len(_LETTERS) ** 2)
    return f"ZZ{district + 1} {digit}{_LETTERS[pair // len(_LETTERS)]}{_LETTERS[pair % len(_LETTERS)]}"


def home_codes(tables: Tables) -> pd.DataFrame:
    """``urn`` and ``postcode`` by home_id. A home_id that has a URN's form is kept, as is ``urn@postcode``.

    The others are numbered in order of home_id, so all of a world's homes must be in the tables, as they are in one
    authority's view of it.
    """
    homes = sorted(set(tables["homes"]["home_id"]))
    first = _CHILD_DISTRICTS * _IN_DISTRICT
    if len(homes) > first:
        raise InputError(f"{len(homes)} homes are more than there are fictitious postcodes for ({first})")
    made = pd.DataFrame({"urn": "", "postcode": [postcode(first + n) for n in range(len(homes))]}, index=homes)
    made["urn"] = [
        home if _is_urn(home) else f"SC9{number:05d}" if number < 10**5 else f"9{number:06d}"
        for number, home in enumerate(homes)
    ]
    for home in homes:
        urn, at, address = home.partition("@")
        if at:
            made.loc[home] = [urn, address]
    return made


def _is_urn(text: str) -> bool:
    digits = text[2:] if text.startswith("SC") else text
    return digits.isascii() and digits.isdigit() and len(digits) == (6 if text.startswith("SC") else 7)


def child_codes(child: pd.Series, seed: int) -> pd.DataFrame:
    """HOME_POST, UPN, LS and CIN by child_id."""
    labels = child.astype(str).tolist()

    def draw(name: str) -> np.ndarray:
        return uniforms(labels, seed, "return903", name)

    address = (draw("HOME_POST") * _CHILD_DISTRICTS * _IN_DISTRICT).astype(np.int64)
    pupil = (draw("UPN") * 10**12).astype(np.int64)
    return pd.DataFrame(
        {
            "HOME_POST": [postcode(n) for n in address],
            "UPN": [f"A{n:012d}" for n in pupil],
            "LS": choose(draw("LS"), *_LEGAL),
            "CIN": choose(draw("CIN"), *_NEED),
        },
        index=pd.Index(labels, name="child_id"),
    )


def address_elsewhere(labels: pd.Series, seed: int) -> list[str]:
    """A postcode a stay outside children's homes."""
    u = uniforms(labels, seed, "return903", "PL_POST")
    return [postcode(n) for n in (u * _CHILD_DISTRICTS * _IN_DISTRICT).astype(np.int64)]
