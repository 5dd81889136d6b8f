"""An SSDA903 return as an authority would make it of one year: Tables to the return's text files.

Written are header, episodes, missing, uasc, and social_worker where Tables hold it. Left out are oc2, oc3, ad1,
placed_adoption, prev_perm, reviews and dolo: Tables hold nothing from which they could be filled honestly. A return has
dates and no times, closed years, one authority's own children, and codes that Tables lack (see ``codes903``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from missingmodels.errors import InputError
from missingmodels.export import codes
from missingmodels.export.episodes import interrupted, linked, log_lines, settings_of, with_legal_status
from missingmodels.export.quirks import Quirks
from missingmodels.export.sheets import (
    SOCIAL_WORKERS_SINCE,
    episodes_sheet,
    header_sheet,
    missing_sheet,
    of_year,
    social_worker_sheet,
    uasc_sheet,
)
from missingmodels.simulate.records.labelled import row_labels, uniforms
from missingmodels.tables import Tables
from missingmodels.tables.csv_out import csv_text
from missingmodels.tables.store import RETURN_FORMAT
from missingmodels.writing import MANIFEST


@dataclass(frozen=True, kw_only=True)
class Return903:
    """One authority's return of one year.

    Attributes
    ----------
    year : the end year, 2025 for 1 April 2024 to 31 March 2025
    frames : the return's tables by name, every cell text
    log : one line a value that a quirk changed: table, child_id, date, quirk, before, after; those of earlier years
        too, since a stay that was cut then is shown from the cut on
    """

    authority: str
    year: int
    frames: Mapping[str, pd.DataFrame]
    log: pd.DataFrame
    quirks: Quirks


def whole_years(tables: Tables) -> list[int]:
    """End years of the collection years that the tables observe from the first day to the last."""
    first, end = tables.observed_from, tables.observed_to
    years = range(first.year, end.year + 1)
    return [year for year in years if pd.Timestamp(year - 1, 4, 1) >= first and pd.Timestamp(year, 4, 1) <= end]


def authorities(tables: Tables) -> list[str]:
    """Codes of the authorities that have children in the tables, in order."""
    return sorted(tables["children"]["authority"].astype(str).unique())


def make_return(tables: Tables, *, authority: str, year: int, quirks: Quirks | None = None, seed: int = 0) -> Return903:
    """The return of one authority and one collection year.

    Parameters
    ----------
    year : end year; must be wholly observed
    seed : root of the codes that Tables lack and of the quirks; the same for all returns of one data set

    Raises InputError for a year that is not wholly observed, an authority without children, and child identifiers that
    a return cannot hold.
    """
    quirks = quirks or Quirks()
    first, last = _span(tables, year)
    children = tables["children"]
    children = children[(children["authority"] == authority).fillna(False).to_numpy(bool)]
    if children.empty:
        held = ", ".join(authorities(tables))
        raise InputError(f"no child is of authority {authority!r}", remedy=f"the authorities are: {held}")
    _require_identifiers(children["child_id"])
    facts = children.set_index("child_id").join(codes.child_codes(children["child_id"], seed))
    absences = _absences(tables, children)
    stays, recoded = settings_of(tables, children, quirks, seed)
    until = tables.observed_to
    stays, away = interrupted(stays, absences, until=until, quirks=quirks, seed=seed)
    absences, closed = _close_beds(absences, stays, quirks, seed)
    absences, repeats = _repeat(absences, quirks, seed)
    stays, legal = with_legal_status(stays, facts["LS"], until=until, quirks=quirks, seed=seed)
    episodes = linked(stays).assign(CIN=lambda frame: frame["child_id"].map(facts["CIN"]))
    episodes = of_year(episodes, first, last)
    episodes.loc[episodes["end"].isna(), ["REC", "REASON_PLACE_CHANGE"]] = ""
    absences = of_year(absences, first, last)
    log = pd.concat([recoded, away, legal, closed, repeats])
    episodes, amended = _amend(episodes, first, year, quirks, seed)
    facts = facts.loc[facts.index.isin(episodes["child_id"])]
    if quirks.birth_month_only:
        facts = facts.assign(birth_date=facts["birth_date"].dt.to_period("M").dt.start_time)
    frames = {
        "header": header_sheet(facts, year),
        "episodes": episodes_sheet(episodes, facts, quirks),
        "missing": missing_sheet(absences, facts),
        "uasc": uasc_sheet(facts, first, last, year),
    }
    if "social_worker_spells" in tables and year >= SOCIAL_WORKERS_SINCE:
        frames["social_worker"] = social_worker_sheet(tables, facts, first, last)
    log = pd.concat([log[log["date"] < last], amended], ignore_index=True)
    return Return903(authority=authority, year=year, frames=frames, log=log, quirks=quirks)


def write_return(made: Return903, folder: Path) -> Path:
    """Write one CSV file a table into a new folder named by authority and year. Returns that folder.

    A manifest beside them says that the return is made up, so that an import takes an authority of no register.
    """
    name = re.sub(r"[^A-Za-z0-9-]+", "_", made.authority)
    target = folder / f"{name}_{made.year - 1}-{made.year % 100:02d}"
    target.mkdir(parents=True)
    for table, frame in made.frames.items():
        (target / f"{table}.csv").write_bytes(_csv(frame, made.quirks))
    manifest = {"format": RETURN_FORMAT, "authority": made.authority, "year": made.year}
    (target / MANIFEST).write_text(json.dumps(manifest) + "\n", encoding="utf-8")
    return target


def _csv(frame: pd.DataFrame, quirks: Quirks) -> bytes:
    names = [getattr(name, quirks.header_case)() for name in frame.columns]
    line = "\r\n" if quirks.crlf else "\n"
    return csv_text(names, frame.itertuples(index=False, name=None), line=line).encode(quirks.encoding)


def _span(tables: Tables, year: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    if year not in whole_years(tables):
        years = ", ".join(map(str, whole_years(tables))) or "none"
        raise InputError(
            f"the year that ends on 31 March {year} is not wholly observed "
            f"(the tables observe {tables.observed_from.date()} to {tables.observed_to.date()})",
            remedy=f"years wholly observed: {years}; a return of part of a year would hide absences",
        )
    return pd.Timestamp(year - 1, 4, 1), pd.Timestamp(year, 4, 1)


def _require_identifiers(child: pd.Series) -> None:
    bad = child[~child.str.fullmatch(r"[A-Za-z0-9]{1,20}")]
    if len(bad):
        raise InputError(
            f"{len(bad)} child_id values are not 1 to 20 letters and digits; first: {', '.join(bad[:5])}",
            remedy="a return's CHILD holds no others: rename them first",
        )


def _absences(tables: Tables, children: pd.DataFrame) -> pd.DataFrame:
    held = tables["missing_episodes"]
    held = held[held["child_id"].isin(children["child_id"])].rename(columns={"start_date": "start", "end_date": "end"})
    held = held.sort_values(["child_id", "start", "sequence"], ignore_index=True)
    return held.assign(label=row_labels(held, "child_id", "start", "sequence"))


def _close_beds(
    absences: pd.DataFrame, stays: pd.DataFrame, quirks: Quirks, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Absences that outlast the placement they began in may be written as ending with it."""
    pairs = absences.reset_index().merge(stays[["child_id", "start", "end"]], on="child_id", suffixes=("", "_bed"))
    held = pairs[(pairs["start_bed"] <= pairs["start"]) & (pairs["start"] < pairs["end_bed"])]
    bed = held.groupby("index")["end_bed"].max().reindex(absences.index)
    outlasts = bed.notna() & ~(absences["end"] <= bed)
    which = outlasts & (uniforms(absences["label"], seed, "quirks", "closed_bed") < quirks.closed_bed_share)
    before = absences["end"].dt.strftime("%d/%m/%Y").fillna("")
    log = log_lines(absences[which], "missing", "closed_bed", before=before, after=bed.dt.strftime("%d/%m/%Y"))
    return absences.assign(end=absences["end"].mask(which, bed)), log


def _repeat(absences: pd.DataFrame, quirks: Quirks, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Some absences get another of the same day, over before they begin."""
    which = uniforms(absences["label"], seed, "quirks", "same_day_repeat") < quirks.same_day_repeat_share
    which &= absences["sequence"] == 0
    again = absences[which].assign(end=absences["start"])
    log = log_lines(again, "missing", "same_day_repeat")
    both = pd.concat([again, absences]).sort_values(["child_id", "start"], kind="stable", ignore_index=True)
    return both, log


def _amend(
    episodes: pd.DataFrame, first: pd.Timestamp, year: int, quirks: Quirks, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Carried-over episodes that say LS, CIN or DECOM otherwise than the return of the year before."""
    label = row_labels(episodes, "child_id", "start")
    carried = (episodes["start"] < first) & (episodes["end"].isna() | (episodes["end"] > first))
    which = carried & (uniforms(label, seed, "quirks", "amended", year) < quirks.amended_share)
    kind = np.floor(3 * uniforms(label, seed, "quirks", "amended what", year))
    status = which & (kind == 0)
    need = which & (kind == 1)
    moved = which & (kind == 2) & (episodes["start"] + pd.Timedelta(days=1) < first) & (episodes["RNE"] == "S")
    other_status = episodes["LS"].map({"C2": "V2"}).fillna("C2")
    other_need = episodes["CIN"].map({"N1": "N5"}).fillna("N1")
    later = episodes["start"] + pd.Timedelta(days=1)
    log = pd.concat(
        [
            log_lines(episodes[status], "episodes", "amended_ls", before=episodes["LS"], after=other_status),
            log_lines(episodes[need], "episodes", "amended_cin", before=episodes["CIN"], after=other_need),
            log_lines(episodes[moved], "episodes", "amended_decom", after=later.dt.strftime("%d/%m/%Y")),
        ]
    )
    changed = episodes.assign(
        LS=episodes["LS"].mask(status, other_status),
        CIN=episodes["CIN"].mask(need, other_need),
        start=episodes["start"].mask(moved, later),
    )
    return changed, log
