"""Official statistics of local authorities: missing incidents, children looked after, workforce, stability, homes.

Tables are known by their columns, not by file names: the underlying data of *Children looked after in England* and of
*Children's social work workforce* (DfE, explore education statistics), and Ofsted's published lists of homes. Symbols
become intervals (``official_symbols``); no figure is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from missingmodels.errors import ImportFault, InputError, MissingModelsError
from missingmodels.extract.ofsted.lists import OfstedList, read_ofsted_list
from missingmodels.extract.published.symbols import bounded_by_totals, rounding_unit, to_intervals
from missingmodels.extract.readers.csv_files import csv_grid
from missingmodels.extract.readers.source_table import Grid

PLACE = ("time_period", "geographic_level", "region_code", "region_name", "new_la_code", "la_name")
INCIDENTS = "Number of missing incidents during the year"
CHILDREN = "Children looked after during the year"
MOVED = ("CLA on 31 March", "With 3 or more placements during the year")
WORKFORCE = {"turnover": "turnover_rate_fte", "agency": "agency_rate_fte", "caseload": "caseload_fte"}
COUNTS, STABILITY = {*PLACE, "cla_group", "number"}, {*PLACE, "cla_group", "placement_stability", "percentage"}
REMEDY = "put the underlying data files of the publication into the folder as they were downloaded"


@dataclass(frozen=True, kw_only=True)
class Official:
    """What the files of a folder say.

    Attributes
    ----------
    panel : one row an authority and year that any file knows: ``authority`` (code), ``name``, ``region`` (code, blank
        if unknown), ``region_name``, ``year`` (that ends on 31 March; the workforce's on 30 September before it counts
        as the year in its file), ``incidents`` and ``children`` as published, with ``_low`` and ``_high`` (counts;
        infinite if unbounded), ``turnover`` and ``agency`` (% of posts), ``caseload`` (cases a worker), ``moves`` (% of
        children with three or more placements in the year), ``homes``, ``mean_places`` and ``private_share`` of the
        homes that stand there (0 to 1), from the list of 31 March of that year or the nearest
    notes : what was read, how figures were rounded, what was suppressed, in sentences
    digests : by file name
    """

    panel: pd.DataFrame
    notes: tuple[str, ...]
    digests: Mapping[str, str]


def read_official(folder: Path | str) -> Official:
    """Read every file of a folder that is known.

    Raises InputError where the folder or one of the two compulsory tables (incidents and children by authority) is not
    there, ImportFault with file and row where a figure is neither number nor known symbol, or a row is there twice.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("there is no such folder", where=str(folder), remedy=REMEDY)
    notes: list[str] = []
    grids = {path: _grid(path) for path in sorted(folder.glob("*.csv"))}
    tables = {path: found for path, grid in grids.items() if (found := _table(grid)) is not None}
    counts = _of(tables, COUNTS, without={"placement_stability", "change_measure", "missing_status"})
    if counts is None:
        raise InputError(f"no file holds {INCIDENTS!r} by authority", where=str(folder), remedy=REMEDY)
    panel = _counted(*counts, INCIDENTS, "incidents", notes).merge(
        _counted(*counts, CHILDREN, "children", notes).drop(columns=["name", "region", "region_name"]),
        on=["authority", "year"],
        how="outer",
        validate="one_to_one",
    )
    stability = _of(tables, STABILITY)
    if stability is not None:
        panel = panel.merge(_moves(*stability), on=["authority", "year"], how="left")
    workforce = _of(tables, {*PLACE[:1], "new_la_code", *WORKFORCE.values()})
    if workforce is not None:
        panel = _with_workforce(panel, *workforce)
    lists = [found for path in grids if (found := _homes_list(path, grids[path])) is not None]
    facts = panel.dropna(subset=["name"]).drop_duplicates("authority", keep="last").set_index("authority")
    for fact in ("name", "region", "region_name"):
        panel[fact] = panel["authority"].map(facts[fact])
    panel = _with_homes(panel, lists, notes)
    for name in ("moves", *WORKFORCE):
        if name not in panel:
            panel[name] = np.nan
            notes.append(f"{name}: no file of the folder holds it")
    read = [path.name for path in tables] + [each.name for each in lists]
    unread = sorted(path.name for path in grids if path.name not in read)
    notes += [f"not read, as no table needed here: {', '.join(unread)}"] if unread else []
    panel = panel.sort_values(["authority", "year"], ignore_index=True)
    return Official(panel=panel, notes=tuple(notes), digests={p.name: g.digest for p, g in grids.items()})


def _grid(path: Path) -> Grid:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"the file cannot be read ({error})", where=str(path), remedy=REMEDY) from error
    return csv_grid(content, name=path.name, label=path.name)


def _table(grid: Grid) -> pd.DataFrame | None:
    """The rows under a header in line 1, by line of the file; None for a file without ``time_period``."""
    if not grid.lines or "time_period" not in [name.casefold() for name in grid.lines[0]]:
        return None
    names = [name.casefold() or f"column {at}" for at, name in enumerate(grid.lines[0], start=1)]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise ImportFault(f"it has two columns named {twice[0]!r}", where=grid.name, remedy=REMEDY)
    lines = {at: line for at, line in enumerate(grid.lines[1:], start=2) if any(line)}
    short = [at for at, line in lines.items() if len(line) != len(names)]
    if short:
        raise ImportFault(
            f"row {short[0]} has {len(lines[short[0]])} cells, the header {len(names)}", where=grid.name, remedy=REMEDY
        )
    return pd.DataFrame(list(lines.values()), columns=names, index=pd.Index(lines, name="row"), dtype=object)


def _of(
    tables: Mapping[Path, pd.DataFrame], columns: set[str], without: Sequence[str] | set[str] = ()
) -> tuple[str, pd.DataFrame] | None:
    """Name and rows of the table with these columns. Raises ImportFault if two files are such."""
    found = [(p.name, t) for p, t in tables.items() if columns <= set(t) and not set(without) & set(t)]
    if len(found) > 1:
        raise ImportFault(
            f"two files hold the same table: {', '.join(name for name, _ in found)}",
            remedy="keep one of them in the folder",
        )
    return found[0] if found else None


def _by_authority(table: pd.DataFrame, level: str, where: str) -> pd.DataFrame:
    """Rows of a level with their year; those of two authorities that report as one stand for each of them."""
    rows = table[table["geographic_level"] == level].copy()
    year = pd.to_numeric(rows["time_period"], errors="coerce")
    none = ~np.isfinite(year) | (year % 1 != 0)  # 1e999 is a number and no year
    if none.any():
        at = year.index[none][0]
        raise ImportFault(
            f"row {at}: time_period {rows.at[at, 'time_period']!r} is not a year", where=where, remedy=REMEDY
        )
    rows["year"] = year.astype(int)
    rows["authority"] = rows["new_la_code"].str.split("/")
    rows = rows.explode("authority")
    return rows.assign(authority=rows["authority"].str.strip(), row=rows.index)


def _once(rows: pd.DataFrame, key: list[str], where: str) -> None:
    twice = rows[rows.duplicated(key, keep=False)]
    if len(twice):
        at = ", ".join(str(row) for row in twice["row"].iloc[:2])
        raise ImportFault(
            f"rows {at} speak of the same {', '.join(key)} ({twice[key].iloc[0].to_dict()})",
            where=where,
            remedy="remove one of them, if the file was put together by hand",
        )


def _counted(where: str, table: pd.DataFrame, measure: str, name: str, notes: list[str]) -> pd.DataFrame:
    """One measure by authority and year as an interval, suppressed figures bounded by the totals of their region."""
    held = table[table["cla_group"] == measure]
    rows = _by_authority(held, "Local authority", where)
    if rows.empty:
        raise InputError(f"no row of an authority holds {measure!r}", where=where, remedy=REMEDY)
    _once(rows, ["authority", "year"], where)
    unit = rounding_unit(rows["number"])
    rows["low"], rows["high"] = to_intervals(rows["number"], unit=unit, where=where)
    regions = held[held["geographic_level"] == "Regional"].copy()
    regions["year"] = pd.to_numeric(regions["time_period"], errors="coerce")
    coarse = rounding_unit(regions["number"])
    regions["low"], regions["high"] = to_intervals(regions["number"], unit=coarse, where=where)
    rows["low"], rows["high"] = bounded_by_totals(rows, regions)
    symbols = rows["number"][rows["low"] != rows["high"]].where(lambda text: ~text.str.isdigit(), "rounded")
    said = ", ".join(f"{n} {symbol!r}" for symbol, n in symbols.value_counts().items()) or "none"
    notes.append(
        f"{measure}: published to the nearest {unit}; known as an interval only: {said}; suppressed figures are "
        f"bounded by the totals of their regions, published to the nearest {coarse}"
    )
    kept = rows[["authority", "la_name", "region_code", "region_name", "year", "number", "low", "high"]]
    names = {"la_name": "name", "region_code": "region", "number": name, "low": f"{name}_low", "high": f"{name}_high"}
    return kept.rename(columns=names)


def _moves(where: str, table: pd.DataFrame) -> pd.DataFrame:
    chosen = (table["cla_group"] == MOVED[0]) & (table["placement_stability"] == MOVED[1])
    rows = _by_authority(table[chosen], "Local authority", where)
    _once(rows, ["authority", "year"], where)
    return rows[["authority", "year"]].assign(moves=_middle(rows["percentage"], where))


def _with_workforce(panel: pd.DataFrame, where: str, table: pd.DataFrame) -> pd.DataFrame:
    """The workforce's own years are kept: those without incidents are needed by the years after."""
    rows = _by_authority(table, "Local authority", where)
    _once(rows, ["authority", "year"], where)
    values = {name: _middle(rows[column], where) for name, column in WORKFORCE.items()}
    known = rows[["authority", "year"]].assign(**values)
    return panel.merge(known[known["authority"].isin(panel["authority"])], on=["authority", "year"], how="outer")


def _middle(text: pd.Series, where: str) -> np.ndarray:
    """Rates and averages: the middle of their interval, NaN where nothing is known."""
    low, high = to_intervals(text, unit=0, where=where)
    return np.where(np.isfinite(high), (low + high) / 2, np.nan)


def _homes_list(path: Path, grid: Grid) -> OfstedList | None:
    """Ofsted's list if the file is one; any other file of homes says what is wrong with it."""
    names = {name.strip().casefold() for line in grid.lines[:20] for name in line}
    if not {"urn", "places"} <= names:
        return None
    try:
        return read_ofsted_list(path)
    except MissingModelsError as error:
        raise ImportFault(
            f"a list of homes that cannot be read: {error.what}", where=path.name, remedy=REMEDY
        ) from error


def _with_homes(panel: pd.DataFrame, lists: Sequence[OfstedList], notes: list[str]) -> pd.DataFrame:
    """Homes that stand in each authority, by the list nearest to the year's end; short-break homes left out."""
    if not lists:
        notes.append("homes: no list of homes is in the folder")
        return panel.assign(homes=np.nan, mean_places=np.nan, private_share=np.nan)
    by_name = panel.drop_duplicates("authority").assign(key=lambda f: f["name"].map(name_key))
    code = by_name.drop_duplicates("key").set_index("key")["authority"]
    held, unknown = {}, set()
    for each in lists:
        frame = each.frame[~each.frame["short_break_only"].fillna(False).astype(bool)]
        key = frame["authority"].map(lambda text: name_key(text) if isinstance(text, str) else "")
        unknown |= set(frame["authority"][~key.isin(code.index)].dropna())
        groups = frame.assign(private=frame["sector"] == "private", at=key.map(code)).groupby("at")
        held[int(each.list_date.year)] = pd.DataFrame(
            {
                "homes": groups.size(),
                "mean_places": groups["places"].mean().astype(float),
                "private_share": groups["private"].mean().astype(float),
            }
        )
    nearest = {year: min(held, key=lambda known: (abs(known - year), known)) for year in panel["year"].unique()}
    parts = []
    for year, group in panel.groupby("year"):
        joined = group.join(held[nearest[year]], on="authority")
        parts.append(joined.assign(homes=joined["homes"].fillna(0.0)))
    used = ", ".join(f"{year} by the list of {known}" for year, known in sorted(nearest.items()) if year != known)
    notes += [f"homes: {used}"] if used else []
    notes += [f"homes: authorities not known to the other files: {', '.join(sorted(unknown))}"] if unknown else []
    return pd.concat(parts)


def name_key(name: str) -> str:
    """An authority's name without case, punctuation and the words city, county, of."""
    text = "".join(
        c if c.isalnum() else " " for c in name.casefold().replace("&", "and").replace("'", "").replace(".", "")
    )
    return " ".join(word for word in text.split() if word not in ("city", "county", "of"))
