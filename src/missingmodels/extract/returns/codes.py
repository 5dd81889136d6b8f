"""The codes of a return's columns: read from what stands there, by a user's words, or told as words that are none.

A code with its meaning behind it ("K2 - Children's home") is that code. Source of the code sets: as in ``layout``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from missingmodels.extract.ledger import FAULTS_SHOWN
from missingmodels.extract.returns.limits import LIMITS
from missingmodels.tables.judgement import Judgement
from missingmodels.vocabulary.plain_words import names_nobody

_PLACE_NUMBERS = {
    **{"A": (3, 4, 5, 6), "H": (1, 2, 5), "K": (1, 2, 3), "P": (1, 2, 3), "R": (1, 2, 3, 5), "S": (1,)},
    **{"T": range(5), "U": range(1, 7), "Z": (1, 11, 12, 13, 14)},
}
PLACES = frozenset([f"{kind}{number}" for kind, numbers in _PLACE_NUMBERS.items() for number in numbers])
SEX = {
    **dict.fromkeys(("1", "M", "MALE", "BOY"), "M"),
    **dict.fromkeys(("2", "F", "FEMALE", "GIRL"), "F"),
    **dict.fromkeys(("U", "UNKNOWN"), "U"),
}
CATEGORY = {"M": "M", "A": "A", "MISSING": "M", "ABSENT": "A"}
CODES: Mapping[str, frozenset[str]] = {
    "PLACE": PLACES,
    "LS": frozenset(
        f"{kind}{number}"
        for kind, most in (("C", 2), ("D", 1), ("E", 1), ("V", 4), ("L", 3), ("J", 3))
        for number in range(1, most + 1)
    ),
    "RNE": frozenset("SLPTBU"),
    "REC": frozenset(
        ["X1", "E11", "E12", "E2", "E3", "E4", "E4A", "E4B", "E5", "E6", "E7", "E8", "E9", "E99"]
        + [f"E{number}" for number in (13, 14, 15, 16, 17, *range(41, 49))]
    ),
    "PLACE_PROVIDER": frozenset(f"PR{number}" for number in range(6)),
    "REASON_PLACE_CHANGE": frozenset(
        {
            *(
                "CARPL",
                "CLOSE",
                "ALLEG",
                "STAND",
                "APPRR",
                "CREQB",
                "CREQO",
                "CHILD",
                "LAREQ",
                "PLACE",
                "CUSTOD",
                "OTHER",
            ),
            "LIIAF",
        }
    ),
    "SEX": frozenset(SEX),
    "ETHNIC": frozenset(
        {
            *("WBRI", "WIRI", "WOTH", "WIRT", "WROM", "MWBC", "MWBA", "MWAS", "MOTH", "AIND", "APKN", "ABAN", "AOTH"),
            *("BCRB", "BAFR", "BOTH", "CHNE", "OOTH", "REFU", "NOBT", "UNKN"),
        }
    ),
    "MISSING": frozenset(CATEGORY),
}
# What decides who lives where: words there change homes, short breaks and stays. The others are facts of a child.
DECIDING = ("PLACE", "LS", "RNE", "REC")
# "K2 - Children's home", "f) U6: Foster placement", "(M)", "M."; not "A/L", whose first letter is a code by chance.
WITH_MEANING = re.compile(
    r"(?:[A-Z]\)\s*)?\(?(?P<code>[A-Z0-9]+)\)?(?:(?:\s+[-–—=]|\s*[:(]|\.\s|(?<=[A-Z0-9]{2})[-–—]).*|\.?\s*)"
)
RULE = "coded_words"
# A word of this shape may be a code of another year than those known: it is told, and refused only where it leaves no
# code of a setting in which children live together.
SHAPE = {"PLACE": r"[A-Z]\d{1,2}", "LS": r"[A-Z]\d", "REC": r"[A-Z]\d{1,2}[A-Z]?"}
SETTINGS = ("K1", "K2", "K3", "R1", "R3", "S1")


def codes_of(words: pd.Series, column: str, own: Mapping[str, str]) -> pd.Series:
    """A column's different words, in capitals, as codes; ``own`` a user's words. What is none stays as it is."""
    known = CODES[column]
    read = []
    for word in words.tolist():
        code = own.get(word.casefold().strip())
        if code is None and word not in known and (found := WITH_MEANING.fullmatch(word)):
            code = found["code"] if found["code"] in known else None
        read.append(word if code is None else code)
    return pd.Series(read, index=words.index, dtype="str")


def judge_words(column: str, said: pd.Series, read: pd.Series, at: np.ndarray, rows: pd.Series) -> list[Judgement]:
    """What is to be said of words that are no code.

    Parameters
    ----------
    said, read : a column's different words, in capitals, and as ``codes_of`` read them
    at : (R,) which of them each row holds
    rows : the rows' numbers
    """
    strange = ((read != "") & ~read.isin(CODES[column])).to_numpy(dtype=bool)
    if not strange.any():
        return []
    times = np.bincount(at, minlength=len(said))
    bad, of = int(times[strange].sum()), int(times[(said != "").to_numpy()].sum())
    if LIMITS[RULE].severity(bad, of) is None:
        return []
    worded = strange & ~said.str.fullmatch(SHAPE.get(column, "")).to_numpy(dtype=bool)
    if column == "PLACE" and not read.isin(SETTINGS).any():
        worded = strange
    refused = column in DECIDING and LIMITS[RULE].severity(int(times[worded].sum()), of) == "error"
    which = strange[at]
    told = told_words(said.take(at[which]).reset_index(drop=True), "row " + rows[which].astype(str))
    return [
        Judgement(
            rule=RULE,
            severity="error" if refused else "warn",
            count=bad,
            what=f"{bad:,} of {of:,} ({100 * bad / of:.0f} %) cells of {column} hold a word that is no code: {told}",
            remedy=f"say what the words mean in a file and give --words WORDS.toml: [{column.lower()}] and below it "
            f'"the word" = "{min(CODES[column])}" or another code',
        )
    ]


def told_words(words: pd.Series, places: pd.Series) -> str:
    """Words with their counts, the most frequent first; of those that may name somebody only where they stand."""
    counts = words.value_counts()
    plain = [word for word in counts.index if names_nobody(word)]
    shown = [f"{word!r} {counts[word]}" for word in plain]
    hidden = places[~words.isin(plain).to_numpy()]
    if len(hidden):
        where = ", ".join(hidden.head(FAULTS_SHOWN))
        shown.append(f"other text, not shown as it may name somebody, {len(hidden)} ({where})")
    return ", ".join(shown[: 2 * FAULTS_SHOWN])
