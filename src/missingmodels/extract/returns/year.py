"""The year of a return, which its files do not carry: from the dates in it, checked against names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.ledger import FAULTS_SHOWN

YEARS = (1990, 2100)
# The end year of one return, or the first and last end year that one file of several years covers.
Year = int | tuple[int, int]
# Nearly all DEC and MIS dates of a return lie in its year. An extract of many years has a tenth of them or more in each
# of three, and no half in one.
SPREAD_SHARE, SPREAD_YEARS, HALF = 0.1, 3, 0.5
AHEAD_1904_YEARS = 4  # serial numbers of the 1904 system, read as of 1900, fall four years and a day early
# 2017, 2017-18, 2017_2018, 201718; not the year of a whole date such as 2018-06-30, the day of saving.
NAMED_YEAR = r"(?<!\d)(20\d\d)(?![-_.]\d\d[-_.]\d\d(?!\d))(?:[-_. ]?(20\d\d|\d\d))?(?!\d)"


def end_year(
    frames: Mapping[str, pd.DataFrame], *, where: str, names: Sequence[str], given: int | None, serial: bool
) -> int:
    """The end year in which most DEC, MIS_START and MIS_END dates fall; ``serial`` if any were serial numbers.

    Raises ImportFault if that is not the year given or, where none is given, not one that the ``names`` of
    the folder and its files can mean, if the dates do not say and no year is given, and if they are those of an
    extract of several years.
    """
    counts = _end_years(frames).value_counts()
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
                remedy=_serial_remedy(most[0], {given}, serial)
                or f"give the year in which the return ends, here {most[0]}, or check the folder",
            )
        return given
    _require_one_year(counts, where=where)
    if len(most) != 1:
        why = f"as many dates fall in {' and '.join(map(_span, most))}" if most else "there is no DEC or MIS date"
        raise ImportFault(
            f"the year cannot be inferred: {why}",
            where=where,
            remedy="give the year in which the return ends",
        )
    for name in names:
        _require_named(name, most[0], where=where, serial=serial)
    return most[0]


def _end_years(frames: Mapping[str, pd.DataFrame]) -> pd.Series:
    """The end year of every DEC, MIS_START and MIS_END."""
    columns = (("episodes", "end"), ("missing", "start"), ("missing", "end"))
    days = pd.concat([frames[table][column] for table, column in columns]).dropna()
    return days.dt.year + (days.dt.month >= 4)


def _require_one_year(counts: pd.Series, *, where: str) -> None:
    """Raise ImportFault where dates lie in many years, which those of one return do not."""
    shares = counts / max(counts.sum(), 1)
    many = sorted(int(year) for year in shares.index[shares >= SPREAD_SHARE])
    if len(many) >= SPREAD_YEARS and shares.max() < HALF:
        first, last = many[0], many[-1]
        raise ImportFault(
            f"its dates lie in the years {first} to {last}, and fewer than half of them in any one: this is no return "
            "of one year",
            where=where,
            remedy=f"if it is one extract of all these years, say which it covers: {where}@{first}..{last}; "
            f"if it is a return of one year, name that: {where}@{int(shares.idxmax())}",
        )


def spread_years(frames: Mapping[str, pd.DataFrame], span: tuple[int, int], *, where: str) -> dict[str, pd.DataFrame]:
    """The frames of one extract of several end years with ``year``: that in which a row ends, the last if it is open.

    Each return tells anew what is open, so this is what returns of those years would have told last. A child's row is
    of the last year; the first such row is of the first, so that the extract covers the span declared.

    Raises ImportFault if most dates lie outside the span.
    """
    first, last = span
    if not YEARS[0] <= first < last <= YEARS[1]:
        raise ImportFault(
            f"{first}..{last} are no years", where=where, remedy="write them as 2018..2023, first to last"
        )
    years = _end_years(frames)
    if len(years) and years.between(first, last).mean() < HALF:
        raise ImportFault(
            f"the years {first}..{last} were given, but most dates fall outside them",
            where=where,
            remedy=f"give the years in which the first and last return end, here {years.min()}..{years.max()}",
        )
    placed = {}
    for table, frame in frames.items():
        year = pd.Series(last, index=frame.index)
        if table in ("episodes", "missing"):
            end = frame["end"]
            year = (end.dt.year + (end.dt.month >= 4)).fillna(last).clip(first, last)
        elif table == "header":
            year.iloc[:1] = first
        placed[table] = frame.assign(year=year.astype("int64"))
    return placed


def _serial_remedy(most: int, meant: set[int], serial: bool) -> str:
    """What to do where serial numbers of the 1904 system were read as of 1900; blank if that explains nothing."""
    if not serial or most + AHEAD_1904_YEARS not in meant:
        return ""
    return "the dates are serial numbers, and would fall in that year if they count from 1904: --dates SERIAL1904"


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


def _require_named(name: str, year: int, *, where: str, serial: bool) -> None:
    """A pair such as 2017-18 says which year is meant; a bare 2017 may be its start or its end."""
    for first, second in re.findall(NAMED_YEAR, name):
        pair = bool(second) and int(second) % 100 == (int(first) + 1) % 100
        meant = {int(first) + 1} if pair else {int(first), int(first) + 1}
        if year not in meant:
            named = f"{first}-{second[-2:]}" if pair else first
            raise ImportFault(
                f"the name {name!r} says {named}, but most dates fall in {_span(year)} (year {year})",
                where=where,
                remedy=_serial_remedy(year, meant, serial)
                or f"check that this is the right folder; if it is, give the year: {where}@{year}",
            )


def _span(year: int) -> str:
    return f"1 April {year - 1} to 31 March {year}"
