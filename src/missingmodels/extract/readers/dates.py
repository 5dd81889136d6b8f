"""Dates written as text: a whole column in one declared form, so that no cell is read another way than its neighbours.

Source of the forms: the return itself (DD/MM/YYYY), regional pools (ISO 8601), spreadsheets saved as CSV (serial
numbers of the 1900 system, and months in letters). 03/04/2022 is read as the 3rd of April, never as the 4th of March:
American dates are refused as soon as one has a day after the 12th. Years of two digits, days of one, and serial numbers
of the 1904 system are read only where somebody declares the form (``declared``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from missingmodels.errors import InputError
from missingmodels.extract.readers.cells import quotable

# A four-digit year of this or the last century: a typing error such as 0207 must not become a date.
DATE_PATTERN = r"\d{2}/\d{2}/(?:19|20)\d{2}"
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
# A time is accepted if it is midnight, as databases and pools write days.
# That of summer in London is written +01:00.
MIDNIGHT = (
    r"(?:[ T]0?0[:.]00(?:[:.]00(?:\.0+)?)?(?: ?(?:Z|UTC|[+-]00:?00|\+01:?00))?"
    r"|[ T]12[:.]00(?:[:.]00(?:\.0+)?)? ?[Aa][Mm])?"
)


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a column writes its days: ``name`` as it is told, the cells' ``pattern``, and what pandas is told.

    ``layout`` is blank for serial numbers, which count from ``day_0``.
    """

    name: str
    pattern: str
    layout: str
    day_0: str = ""

    @property
    def short_year(self) -> bool:
        """Whether years of two digits are told."""
        return "%y" in self.layout


BRITISH = Form(name="DD/MM/YYYY", pattern=DATE_PATTERN + MIDNIGHT, layout="%d/%m/%Y")
ISO = Form(name="YYYY-MM-DD", pattern=r"(?:19|20)\d{2}-\d{2}-\d{2}" + MIDNIGHT, layout="%Y-%m-%d")
SERIAL = Form(
    name="a spreadsheet's serial number (days from 1900; SERIAL1904 if they count from 1904)",
    pattern=r"[1-7]\d{4}(?:\.0+)?",
    layout="",
    day_0="1899-12-30",
)
SERIAL_1904 = Form(
    name="a spreadsheet's serial number (days from 1904)", pattern=r"[1-7]\d{4}(?:\.0+)?", layout="", day_0="1904-01-01"
)
_LONG_MONTHS = MONTHS.replace("|", "[a-z]*|") + "[a-z]*"  # with a full name, or Sept
LETTERS = Form(
    name="D Mon YYYY", pattern=rf"\d{{1,2}}[- ](?i:{_LONG_MONTHS})[- ](?:19|20)\d{{2}}" + MIDNIGHT, layout="%d %b %Y"
)
FORMS = (BRITISH, ISO, SERIAL, LETTERS)
DAYS_1904 = 1462  # a serial number read in the wrong one of the two systems is this many days off

_TOKENS = {
    **{"DD": (r"\d{2}", "%d"), "D": (r"\d{1,2}", "%d"), "MM": (r"\d{2}", "%m"), "M": (r"\d{1,2}", "%m")},
    **{"MON": (rf"(?i:{MONTHS})", "%b"), "YYYY": (r"(?:19|20)\d{2}", "%Y"), "YY": (r"\d{2}", "%y")},
}
EXAMPLES = "DD-MON-YY (01-APR-23), DD/MM/YY, D/M/YYYY, YYYYMMDD or SERIAL1904"

# Days that databases write for "no end": as year, month, day.
OPEN_DAYS = frozenset(
    {(0, 0, 0), (1, 1, 1), (1753, 1, 1), (1800, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1901, 1, 1)}
    | {(1970, 1, 1), (2079, 6, 6), (2099, 12, 31), (2100, 1, 1), (2100, 12, 31), (2999, 12, 31), (3000, 1, 1)}
    | {(3000, 12, 31), (4712, 12, 31), (9999, 1, 1), (9999, 3, 31), (9999, 12, 31)}
)
_OPEN_YEARS = "|".join(sorted({f"{year:04d}" for year, _, _ in OPEN_DAYS}))
OPEN_NUMBERS = ("0", "1", "25569", "2958465")  # the same as serial numbers
OPEN_SHORT = frozenset({(99, 12, 31), (0, 1, 1)})  # and with the century cut off
# Written by hand where a span has not ended.
OPEN_WORDS = frozenset({
    *("open", "ongoing", "on-going", "current", "present", "to date", "continuing", "still open", "not ended"),
    *("still missing", "not returned", "still placed"),
})  # fmt: skip
_PLACEHOLDERS = (
    re.compile(rf"(?P<d>\d{{1,2}})[/.-](?P<m>\d{{1,2}})[/.-](?P<y>\d{{4}}){MIDNIGHT}"),
    re.compile(rf"(?P<y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}}){MIDNIGHT}"),
    re.compile(rf"(?P<d>\d{{1,2}})[- ](?P<m>{MONTHS})[- ](?P<y>\d{{4}}){MIDNIGHT}", re.IGNORECASE),
)


def declared(text: str | None) -> Form | None:
    """The form that somebody declares, such as ``DD-MON-YY``; None for none.

    Raises InputError where it is not made of one day, one month and one year.
    """
    if text is None:
        return None
    wanted = text.strip().upper()
    if wanted == "SERIAL1904":
        return SERIAL_1904
    parts = re.findall(r"D+|MMM|MON|M+|Y+|[^DMY]+", wanted.replace("MMM", "MON"))
    kinds = "".join(sorted(part[0] for part in parts if part in _TOKENS))
    if kinds != "DMY" or any(len(part) > 1 and part not in _TOKENS for part in parts):
        raise InputError(f"{text!r} is no form of dates", remedy=f"write it as {EXAMPLES}")
    pattern = "".join(_TOKENS[part][0] if part in _TOKENS else re.escape(part) for part in parts)
    layout = "".join(_TOKENS[part][1] if part in _TOKENS else part for part in parts)
    return Form(name=wanted, pattern=pattern + MIDNIGHT, layout=layout)


def dates(text: pd.Series, form: Form = BRITISH) -> pd.Series:
    """Dates of text in one form, by default strict ``DD/MM/YYYY``; whatever is not one, blanks too, becomes NaT."""
    if not len(text):
        return pd.Series(index=text.index, dtype="datetime64[s]")
    strict = text.where(text.str.fullmatch(form.pattern).astype(bool))
    if form.day_0:
        days = pd.to_numeric(strict, errors="coerce")
        return pd.to_datetime(days, unit="D", origin=form.day_0, errors="coerce").astype("datetime64[s]")
    layout = form.layout
    if form is LETTERS:
        strict = strict.str.replace("-", " ", regex=False).str.replace(
            r"(?<=[A-Za-z]{3})[A-Za-z]+(?= )", "", regex=True
        )
    if strict.str.contains(r":|\.00|[Mm]$", regex=True).fillna(False).any():
        strict = strict.str.replace(MIDNIGHT[:-1] + "$", "", regex=True)
    return pd.to_datetime(strict, format=layout, errors="coerce").astype("datetime64[s]")


def column_dates(text: pd.Series, prefer: Form | None = None) -> tuple[pd.Series, Form]:
    """A column's dates and the form it is written in: the one that most cells have.

    ``prefer`` is a declared form, taken where no other fits more cells. Cells in another form become NaT and so are
    faults: a mixed column shows that something else handled it.
    """
    codes, cells = pd.factorize(text)
    cells = pd.Series(cells, dtype="str").fillna("")
    if not len(cells):
        return pd.Series(index=text.index, dtype="datetime64[s]"), prefer or BRITISH
    weight = np.bincount(codes[codes >= 0], minlength=len(cells))
    forms = FORMS if prefer is None else (prefer, *(form for form in FORMS if form.pattern != prefer.pattern))
    counts = [int(weight[cells.str.fullmatch(form.pattern).to_numpy(dtype=bool)].sum()) for form in forms]
    form = forms[counts.index(max(counts))] if any(counts) else prefer or BRITISH
    values = np.append(dates(cells, form).to_numpy(), np.datetime64("NaT", "s"))
    return pd.Series(values[codes], index=text.index, dtype="datetime64[s]"), form


def open_ends_blank(text: pd.Series, form: Form | None = None) -> tuple[pd.Series, dict[str, int]]:
    """A column of ends with "" for what stands for "no end", and how often each such word was written.

    01/01/1900 and 31/12/9999 and their like, in any form; in a declared ``form`` with a short year, 31-DEC-99 too.
    """
    codes, kinds = pd.factorize(text)
    words = pd.Series(kinds, dtype="str")
    which = _open_words(words, form)
    if not which.any():
        return text, {}
    weight = np.bincount(codes[codes >= 0], minlength=len(words))
    told = {str(word): int(n) for word, n in zip(words[which], weight[which], strict=True)}
    return words.mask(which, "").take(codes).set_axis(text.index), told


def _open_words(words: pd.Series, form: Form | None) -> np.ndarray:
    """Mask of the words that stand for "no end"."""
    if not len(words):
        return np.zeros(0, dtype=bool)
    said = words.str.casefold().isin(OPEN_WORDS) | words.str.removesuffix(".0").isin(OPEN_NUMBERS)
    which = said.to_numpy(dtype=bool, copy=True)
    for at in np.flatnonzero(words.str.contains(_OPEN_YEARS, regex=True).to_numpy(dtype=bool)):
        which[at] |= _is_open_day(words.iloc[at])
    if form is not None and form.short_year:
        days = dates(words, form)
        which |= [(day.year % 100, day.month, day.day) in OPEN_SHORT for day in days]
    return which


def _is_open_day(word: str) -> bool:
    for pattern in _PLACEHOLDERS:
        if found := pattern.fullmatch(word):
            month = MONTHS.split("|").index(found["m"].title()) + 1 if found["m"].isalpha() else int(found["m"])
            day = int(found["d"])
            # 12/31/9999: no day of ours has such a month, so it can only be a placeholder in American order
            return (int(found["y"]), month, day) in OPEN_DAYS or (
                month > 12 and (int(found["y"]), day, month) in OPEN_DAYS
            )
    return False


def date_faults(frame: pd.DataFrame, columns: Mapping[str, str], *, required: Sequence[str]) -> pd.DataFrame:
    """Cells that should hold a date and do not: row, column, value. Blank cells count in required columns.

    ``columns`` gives the column of dates that was read from each column of text.
    """
    found = []
    for text, read in columns.items():
        bad = frame[read].isna() & ((frame[text] != "") | (text in required))
        found.append(pd.DataFrame({"row": frame.loc[bad, "row"], "column": text, "value": frame.loc[bad, text]}))
    return pd.concat(found, ignore_index=True).sort_values("row", kind="stable", ignore_index=True)


def way_on(values: pd.Series) -> str:
    """What to do about cells that are no date: declare the form if they share one, else correct them."""
    cells = values[values != ""]
    guesses = (
        *(("DD-MON-YY", ""), ("DD MON YY", ""), ("DD/MM/YY", ""), ("D/M/YYYY", " if the day stands first")),
        *(("YYYYMMDD", ""), ("YYYY/MM/DD", ""), ("DD.MM.YYYY", ""), ("DD-MM-YYYY", "")),
    )
    for guess, doubt in guesses:
        form = declared(guess)
        assert form is not None
        if len(cells) and dates(cells, form).notna().mean() > 1 / 2:
            return f"if they are right, declare how they are written: --dates {guess}{doubt} (in a mapping: dates = …)"
    if len(cells) and cells.str.fullmatch(r"\d{2}/\d{2}/\d{4}.*").mean() > 1 / 2:
        swapped = dates(cells.str.replace(r"^(\d{2})/(\d{2})/(\d{4}).*$", r"\2/\1/\3", regex=True))
        if swapped.isna().all() and cells.str.fullmatch(r"\d{2}/\d{2}/\d{4}").all():
            return "no calendar has these days: correct them in the source"
        return "month and day may be swapped, or hours were kept: export them again as DD/MM/YYYY"
    how = "declare how they are written with --dates (in a mapping: dates = …)"
    return f"correct them in the source as DD/MM/YYYY, or {how}"


def told(value: str) -> str:
    """A cell that is no date, for a message."""
    return f"{quotable(value)} is not a date" if value else "is blank"
