"""Dates written as text: a whole column in one declared form, so that no cell is read another way than its neighbours.

Source of the forms: the return itself (DD/MM/YYYY), regional pools (ISO 8601), spreadsheets saved as CSV (serial
numbers of the 1900 system, and months in letters). 03/04/2022 is read as the 3rd of April, never as the 4th of March:
American dates are refused as soon as one has a day after the 12th.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

BRITISH = "DD/MM/YYYY"
ISO = "YYYY-MM-DD"
SERIAL = "a spreadsheet's serial number"
LETTERS = "D Mon YYYY"
# A four-digit year of this or the last century: a typing error such as 0207 must not become a date.
DATE_PATTERN = r"\d{2}/\d{2}/(?:19|20)\d{2}"
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
# Form: pattern and what pandas is told. A time is accepted if it is midnight, as pools write dates.
FORMS = {
    BRITISH: (DATE_PATTERN, "%d/%m/%Y"),
    ISO: (r"(?:19|20)\d{2}-\d{2}-\d{2}(?:[ T]00:00:00(?:\.0+)?)?", "%Y-%m-%d"),
    SERIAL: (r"[1-7]\d{4}(?:\.0+)?", ""),
    LETTERS: (rf"\d{{1,2}}[- ](?i:{MONTHS})[- ](?:19|20)\d{{2}}", "%d %b %Y"),
}
DAY_0 = "1899-12-30"


def dates(text: pd.Series, form: str = BRITISH) -> pd.Series:
    """Dates of text in one form, by default strict ``DD/MM/YYYY``; whatever is not one, blanks too, becomes NaT."""
    pattern, layout = FORMS[form]
    if not len(text):
        return pd.Series(index=text.index, dtype="datetime64[s]")
    strict = text.where(text.str.fullmatch(pattern).astype(bool))
    if form == SERIAL:
        days = pd.to_numeric(strict, errors="coerce")
        return pd.to_datetime(days, unit="D", origin=DAY_0, errors="coerce").astype("datetime64[s]")
    if form == ISO:
        strict = strict.str.slice(0, 10)
    if form == LETTERS:
        strict = strict.str.replace("-", " ", regex=False)
    return pd.to_datetime(strict, format=layout, errors="coerce").astype("datetime64[s]")


def column_dates(text: pd.Series) -> tuple[pd.Series, str]:
    """A column's dates and the form it is written in: the one that most cells have.

    Cells in another form become NaT and so are faults: a mixed column shows that something else handled it.
    """
    cells, codes = pd.factorize(text)[::-1]
    cells = pd.Series(cells, dtype=object).fillna("")
    weight = pd.Series(codes).value_counts().reindex(range(len(cells)), fill_value=0).to_numpy()
    fits = {form: cells.str.fullmatch(pattern).astype(bool).to_numpy() for form, (pattern, _) in FORMS.items()}
    counts = {form: int(weight[fit].sum()) for form, fit in fits.items()} if len(cells) else {}
    form = max(counts, key=lambda name: counts[name]) if any(counts.values()) else BRITISH
    values = dates(cells, form).to_numpy()
    found = pd.Series(values[codes] if len(cells) else [], index=text.index, dtype="datetime64[s]")
    return found, form


def date_faults(frame: pd.DataFrame, columns: Mapping[str, str], *, required: Sequence[str]) -> pd.DataFrame:
    """Cells that should hold a date and do not: row, column, value. Blank cells count in required columns.

    ``columns`` gives the column of dates that was read from each column of text.
    """
    found = []
    for text, read in columns.items():
        bad = frame[read].isna() & ((frame[text] != "") | (text in required))
        found.append(pd.DataFrame({"row": frame.loc[bad, "row"], "column": text, "value": frame.loc[bad, text]}))
    return pd.concat(found, ignore_index=True).sort_values("row", kind="stable", ignore_index=True)
