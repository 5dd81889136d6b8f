"""Returns of several years, or of several authorities, to one set of Tables with a ledger of every row.

A return is made anew every year, so the same spell comes in two of them; the rules by which they are made one are in
``resubmitted`` and ``history903``, and each row's fate is in the ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

import numpy as np
import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.authorities import one_name_an_authority
from missingmodels.extract.crosswalk import Crosswalk
from missingmodels.extract.ledger import Ledger, in_play, ledger_of
from missingmodels.extract.ofsted.judge import judge_residents
from missingmodels.extract.ofsted.registration import typed
from missingmodels.extract.returns import layout
from missingmodels.extract.returns.absences import missing_episodes_of, settle_missing, with_category
from missingmodels.extract.returns.children import children_of, one_row_a_child, settle_header, settle_uasc
from missingmodels.extract.returns.codes import SEX
from missingmodels.extract.returns.judge import judge_frames
from missingmodels.extract.returns.notes import notes_on, records_a
from missingmodels.extract.returns.one_return import Return
from missingmodels.extract.returns.placements import HomeBy, homes_of, name_homes, placements_of, settle_episodes
from missingmodels.extract.returns.together.identity import MAP, settle_identity, zeros_lost
from missingmodels.extract.words import Words
from missingmodels.tables import Tables, make_tables, require_valid
from missingmodels.tables.judgement import Judgement, judged, require_rules

Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Identities:
    """What a user says of identifiers and words: crosswalks of children and homes, and words of MISSING."""

    same_child: Crosswalk = field(default_factory=Crosswalk)
    same_home: Crosswalk = field(default_factory=Crosswalk)
    words: Words = field(default_factory=Words)


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Tables and what became of every source row."""

    tables: Tables
    ledger: Ledger

    def __repr__(self) -> str:
        fates = f"{len(self.ledger.frame):,} source rows, {len(self.ledger.repairs):,} of them repaired"
        return f"Imported\n{self.tables!r}\n  {fates}"


def combine_returns(
    returns: Sequence[Return],
    *,
    home_by: HomeBy = "urn",
    said: Identities | None = None,
    accept: Collection[str] = (),
) -> Imported:
    """Tables of the returns together.

    Parameters
    ----------
    home_by : what a home is: its ``urn``; each building of a URN (``urn_and_postcode``); or an address with all
        its URNs (``postcode``)
    said : crosswalks and words, see ``Identities``
    accept : rules by which the import would be refused as a whole, see ``tables.judgement.RULES``, that are accepted

    Each authority's returns must be of years that follow each other, and only one of each year. What an authority
    with an older last return left open ends with that return, since nothing is recorded of it after.

    Raises ImportFault for no return, a year twice or left out, rows that do not add up, or an import that is
    refused as a whole; TablesInvalid would be a fault of this package.
    """
    require_rules(accept)
    said = said or Identities()
    if not returns:
        raise ImportFault("no return was given", remedy="read at least one with read_return")
    notes = _require_fit(returns)
    where = "; ".join(each.where for each in returns)
    names = _file_names(returns)
    every_year = [year for each in returns for year in each.years]
    told_of = [note for each in returns for note in each.notes]
    rows = {names[at, file]: numbers for at, each in enumerate(returns) for file, numbers in each.rows.items()}
    files = {names[at, file]: digest for at, each in enumerate(returns) for file, digest in each.files.items()}
    found = [judgement for each in returns for judgement in each.judged]
    frames = _stacked(returns, names)
    # From here on the stacked frames are all that is needed: a national pool fills gigabytes, so nothing is held twice.
    del returns
    opens, closes = pd.Timestamp(min(every_year) - 1, 4, 1), pd.Timestamp(max(every_year), 4, 1)
    frames, clash = _one_id(frames, said, found)
    frames = _spans(frames, closes)
    frames, made, told = _settle(frames, opens=opens, home_by=home_by, words=said.words)
    _require_sums(frames, made)
    found += judge_frames(frames)
    origin = _origin(frames, files)
    ledger = ledger_of(list(frames.values()), notes=[*notes, *told_of, *clash, *told, *notes_on(frames)])
    del frames
    ledger.reconcile(rows)
    tables = make_tables(made, observed_from=opens, observed_to=closes, origin=origin)
    found += judge_residents(tables)
    tables = judged(tables, list(dict.fromkeys(found)), accept=accept, where=where)
    require_valid(tables, where=where)
    return Imported(tables=tables, ledger=ledger)


def _require_fit(returns: Sequence[Return]) -> list[str]:
    """Notes on the returns' years. Raises ImportFault for a year that comes twice or is left out."""
    held: dict[str, dict[int, str]] = {}
    pooled, faults = set(), []
    for each in returns:
        pairs = pd.concat([frame.loc[frame["CHILD"] != "", ["authority", "year"]] for frame in each.frames.values()])
        for authority, year in sorted(pairs.drop_duplicates().itertuples(index=False)):
            known = held.setdefault(authority, {})
            if year in known:
                faults.append(f"{known[year]} and {each.where} are both returns of {authority} for {year}")
            known.setdefault(int(year), each.where)
            if each.pooled:
                pooled.add(authority)
    notes = []
    for authority, years in held.items():
        absent = sorted(set(range(min(years), max(years))) - set(years))
        if absent and authority in pooled:
            notes.append(f"{authority}: no row is of the year {', '.join(map(str, absent))}")
        elif absent:
            faults.append(f"{authority}: the return of {', '.join(map(str, absent))} is left out between others")
    if faults:
        raise ImportFault(
            "the returns cannot be combined: " + "; ".join(faults),
            remedy="give one return for each year, without a gap: a year untold would count as time without episodes",
        )
    spans = {(min(years), max(years)) for years in held.values()}
    told = [f"return of {_span(first)}" if first == last else f"returns of {_span(first)} to {_span(last)}"
            for first, last in sorted(spans)]  # fmt: skip
    return [*told, *([f"{len(held)} authorities: {', '.join(sorted(held))}"] if len(held) > 1 else []), *notes]


def _span(year: int) -> str:
    return f"{year - 1}/{year % 100:02d}"


def _file_names(returns: Sequence[Return]) -> dict[tuple[int, str], str]:
    """A name for every file by which the ledger can tell it from all others: its own, or with its return's before."""
    every = [file for each in returns for file in each.files]
    if len(set(every)) == len(every):
        return {(at, file): file for at, each in enumerate(returns) for file in each.files}
    parts = [PurePath(each.where).parts for each in returns]
    depth = next((n for n in range(1, max(map(len, parts)) + 1) if len({p[-n:] for p in parts}) == len(parts)), 0)
    if not depth:
        raise ImportFault("one return was given twice", remedy="name each return once")
    names = {}
    for at, each in enumerate(returns):
        label = "/".join(parts[at][-depth:])
        last = parts[at][-1]
        for file in each.files:
            # The files of a zip, workbook or XML begin with its name already.
            names[at, file] = f"{label}{file[len(last) :]}" if file.startswith(last) else f"{label}/{file}"
    return names


def _stacked(returns: Sequence[Return], names: Mapping[tuple[int, str], str]) -> Frames:
    """One working frame a table, its rows numbered through."""
    tables = [name for name in layout.NEEDED if any(name in each.frames for each in returns)]
    frames = {}
    for table in tables:
        parts = []
        for at, each in enumerate(returns):
            if table in each.frames:
                frame = each.frames[table]
                parts.append(frame.assign(file=names[at, frame["file"].iloc[0]]) if len(frame) else frame)
        whole = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        frames[table] = whole.assign(uid=np.arange(len(whole), dtype="int64"))
    return frames


def _one_id(frames: Frames, said: Identities, found: list[Judgement]) -> tuple[Frames, list[str]]:
    """The frames with one name an authority and one id a child and home, and notes; adds to ``found``."""
    notes = []
    years = pd.concat([frame.loc[frame["CHILD"] != "", ["authority", "year"]] for frame in frames.values()])
    last = years.groupby("authority")["year"].max().sort_values(kind="stable")
    if renamed := one_name_an_authority(list(last.index)):
        frames = {table: frame.assign(authority=frame["authority"].replace(renamed)) for table, frame in frames.items()}
        notes += [f"{old} and {new} are one authority: known as {new}" for old, new in renamed.items()]
    if len(said.same_home):
        urn, same = typed(frames["episodes"]["URN"]), said.same_home.spelt(typed)
        notes.append(same.note(urn, "homes"))
        hit = urn.isin(list(same.known_by))
        frames["episodes"] = frames["episodes"].assign(URN=frames["episodes"]["URN"].mask(hit, same.apply(urn)))
    frames, judgements, told = settle_identity(frames, same_child=said.same_child)
    found += judgements
    frames, clash = _apart(frames)
    return frames, [*notes, *told, *clash]


def _apart(frames: Frames) -> tuple[Frames, list[str]]:
    """Children of different authorities under one CHILD kept apart."""
    children = frames["header"][["CHILD", "authority"]].drop_duplicates()
    if children["authority"].nunique() < 2 or not children.loc[children["CHILD"] != "", "CHILD"].duplicated().any():
        return frames, []
    named = {
        table: frame.assign(CHILD=frame["CHILD"].mask(frame["CHILD"] != "", frame["CHILD"] + "_" + frame["authority"]))
        for table, frame in frames.items()
    }
    return named, ["one CHILD occurs in two authorities: every child is named CHILD_authority"]


def _spans(frames: Frames, pool_closes: pd.Timestamp) -> Frames:
    """The frames with what each row's return and authority observe, as columns of days."""
    years = pd.concat([frame.loc[frame["CHILD"] != "", ["authority", "year"]] for frame in frames.values()])
    held = years.groupby("authority")["year"].agg(["min", "max"])

    def april(year: pd.Series) -> pd.Series:
        return pd.to_datetime(year.astype("int64").astype(str) + "-04-01").astype("datetime64[s]")

    spans = pd.DataFrame({"authority_opens": april(held["min"] - 1), "authority_closes": april(held["max"])})
    every = pd.Series(range(1990, pool_closes.year + 1), dtype="int64")
    closes = pd.Series(april(every).to_numpy(), index=every)
    out = {}
    for table, frame in frames.items():
        held_by = frame["authority"]
        out[table] = frame.assign(
            closes=closes.reindex(frame["year"]).to_numpy(),
            authority_opens=spans["authority_opens"].reindex(held_by).to_numpy(),
            authority_closes=spans["authority_closes"].reindex(held_by).to_numpy(),
            pool_closes=pool_closes.as_unit("s"),
        )
    return out


def _settle(frames: Frames, *, opens: pd.Timestamp, home_by: HomeBy, words: Words) -> tuple[Frames, Frames, list[str]]:
    """The working frames with every row's fate, the Tables' frames, and notes."""
    header = frames.pop("header")
    header = header.assign(sex=header["SEX"].map(SEX).fillna(header["SEX"]))
    header = one_row_a_child(header, {"sex": "SEX", "birth": "DOB", "ETHNIC": "ETHNIC"}, rule="header_dup")
    alive = header[in_play(header)].set_index("CHILD")
    episodes = settle_episodes(frames.pop("episodes"), birth=alive["birth"])
    episodes, notes = name_homes(episodes, by=home_by)
    placements = placements_of(episodes)
    if placements.empty:
        reasons = ", ".join(f"{reason} {n}" for reason, n in episodes["reason"].value_counts().items())
        lost = zeros_lost(episodes["CHILD"], header["CHILD"])
        alike = f"; {lost} ids would be known if zeros, case and spaces did not count" if lost else ""
        raise ImportFault(
            f"no placement is left of {len(episodes)} episode rows ({reasons}){alike}",
            remedy=f"export all files at once, with CHILD as text; or {MAP}"
            if lost
            else "check that header and episodes belong together and that the year is right",
        )
    header = settle_header(header, episodes=episodes)
    missing = frames.pop("missing").pipe(with_category, words)
    missing = settle_missing(missing, birth=alive["birth"], episodes=episodes, placements=placements)
    settled = {"header": header, "episodes": episodes, "missing": missing}
    entered = placements.groupby("child_id")["start_date"].min()
    since = alive["authority_opens"].reindex(entered.index)
    recorded_from = entered.where(entered > since, since)
    if "uasc" in frames:
        settled["uasc"] = settle_uasc(frames["uasc"], recorded_from=recorded_from)
    made = {
        "children": children_of(header, settled.get("uasc"), recorded_from=recorded_from),
        "placements": placements,
        "missing_episodes": missing_episodes_of(missing),
        "homes": homes_of(episodes, first=opens),
    }
    return {name: frame.sort_values("uid") for name, frame in settled.items()}, made, notes


def _require_sums(frames: Frames, made: Frames) -> None:
    """Rows still in play and rows of the Tables must be as many."""
    pairs = {"header": "children", "episodes": "placements", "missing": "missing_episodes"}
    for source, table in pairs.items():
        used = int(in_play(frames[source]).sum())
        if used != len(made[table]):
            raise ImportFault(
                f"{used} rows of {source} were used or repaired but {table} has {len(made[table])}",
                remedy="this is a fault of missingmodels, not of the files: please report it",
            )


def _repaired_share(frames: Frames) -> float:
    """Of the rows on stays and on missing episodes, those of which a rule changed a value."""
    repaired = np.concatenate([(frames[name]["repair"] != "").to_numpy() for name in ("episodes", "missing")])
    return round(float(repaired.mean()), 4) if repaired.size else 0.0


def _origin(frames: Frames, files: Mapping[str, str]) -> dict[str, object]:
    every = pd.concat([frame.loc[frame["CHILD"] != "", ["authority", "year"]] for frame in frames.values()])
    years, authorities = sorted(map(int, every["year"].unique())), sorted(every["authority"].unique())
    return {
        "kind": "ssda903",
        "authority": authorities[0] if len(authorities) == 1 else authorities,
        "year": years[0] if len(years) == 1 else years,
        # An authority that never records A counts as M what others call A: compare authorities on M or A.
        "records_a": records_a(frames["missing"]),
        "share_of_rows_repaired": _repaired_share(frames),
        "files": dict(files),
    }
