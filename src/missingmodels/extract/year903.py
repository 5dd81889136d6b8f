"""The year of a return, which its files do not carry: from the dates in it, checked against names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.ledger import FAULTS_SHOWN

YEARS = (1990, 2100)
# 2017, 2017-18, 2017_2018, 201718; not the year of a whole date such as 2018-06-30, the day of saving.
NAMED_YEAR = r"(?<!\d)(20\d\d)(?![-_.]\d\d[-_.]\d\d(?!\d))(?:[-_. ]?(20\d\d|\d\d))?(?!\d)"


def end_year(frames: Mapping[str, pd.DataFrame], *, where: str, names: Sequence[str], given: int | None) -> int:
    """The end year in which most DEC, MIS_START and MIS_END dates fall.

    Raises ImportFault if that is not the year given or, where none is given, not one that the ``names`` of
    the folder and its files can mean, and if the dates do not say and no year is given.
    """
    columns = (("episodes", "end"), ("missing", "start"), ("missing", "end"))
    days = pd.concat([frames[table][column] for table, column in columns]).dropna()
    counts = (days.dt.year + (days.dt.month >= 4)).value_counts()
    most = sorted(int(year) for year in counts.index[counts == counts.max()]) if len(counts) else []
    if given is not None:
        if not YEARS[0] <= given <= YEARS[1]:
            raise ImportFault(
                f"year {given} is not between {YEARS[0]} and {YEARS[1]}", remedy="write it with four digits"
            )
        if most and given not in most:
            raise ImportFault(
                f"year {given} was given, but most dates fall in {_span(most[0])} (year {most[0]})",
                where=where,
                remedy=f"give the year in which the return ends, here {most[0]}, or check the folder",
            )
        return given
    if len(most) != 1:
        why = f"as many dates fall in {' and '.join(map(_span, most))}" if most else "there is no DEC or MIS date"
        raise ImportFault(
            f"the year cannot be inferred: {why}",
            where=where,
            remedy="give the year in which the return ends",
        )
    for name in names:
        _require_named(name, most[0], where=where)
    return most[0]


def pooled_years(frames: Mapping[str, pd.DataFrame], *, where: str) -> dict[str, pd.DataFrame]:
    """The frames of a pool with ``year`` read from YEAR; a row without a child is put into the first year.

    Raises ImportFault for a YEAR that is none, and where most dates show that YEAR names the years' starts.
    """
    faults, placed, apart = [], {}, []
    for table, frame in frames.items():
        number = pd.to_numeric(frame["YEAR"].where(frame["YEAR"].str.fullmatch(r"\d{4}").astype(bool)))
        bad = (number.isna() | ~number.between(*YEARS)) & (frame["CHILD"] != "")
        if bad.any():
            rows = frame.loc[bad, "row"].tolist()
            shown = ", ".join(map(str, rows[:FAULTS_SHOWN]))
            faults.append(f"{table}: {frame.loc[bad, 'YEAR'].iloc[0]!r} and the like in rows {shown}")
        first = number.min() if number.notna().any() else YEARS[0]
        placed[table] = frame.assign(year=number.fillna(first).astype("int64"))
        for column in ("start", "end") if table == "missing" else ("end",) if table == "episodes" else ():
            day = placed[table][column].dropna()
            apart.append(day.dt.year + (day.dt.month >= 4) - placed[table].loc[day.index, "year"])
    if faults:
        raise ImportFault(
            "YEAR is no year in " + "; ".join(faults), where=where, remedy="write the year in which each return ends"
        )
    counts = pd.concat(apart).value_counts()
    if len(counts) and counts.idxmax() == 1 and counts.get(0, 0) < counts[1]:
        raise ImportFault(
            f"{counts[1]} dates fall in the year after YEAR, {counts.get(0, 0)} in YEAR itself",
            where=where,
            remedy="YEAR must be the year in which a return ends: 2018 for 1 April 2017 to 31 March 2018",
        )
    return placed


def _require_named(name: str, year: int, *, where: str) -> None:
    """A pair such as 2017-18 says which year is meant; a bare 2017 may be its start or its end."""
    for first, second in re.findall(NAMED_YEAR, name):
        pair = bool(second) and int(second) % 100 == (int(first) + 1) % 100
        meant = {int(first) + 1} if pair else {int(first), int(first) + 1}
        if year not in meant:
            named = f"{first}-{second[-2:]}" if pair else first
            raise ImportFault(
                f"the name {name!r} says {named}, but most dates fall in {_span(year)} (year {year})",
                where=where,
                remedy=f"check that this is the right folder; if it is, give year={year}",
            )


def _span(year: int) -> str:
    return f"1 April {year - 1} to 31 March {year}"
