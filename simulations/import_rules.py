"""How often each rule that judges an import as a whole speaks of clean simulated returns, and of returns with a fault.

Each world is two authorities' homes over two collection years; one authority's returns are exported with every quirk
dial on and read as they are (false alarms), then with one fault planted (catch), each in the way it is met: a column of
ids that lost its zeros, local words, a year without its missing rows, years in one file, a new system and others.

    python simulations/import_rules.py --clean 60 --faulty 6 --output simulations/results
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pandas as pd
from scipy.stats import beta

from missingmodels.errors import ImportFault
from missingmodels.export.files import export_files
from missingmodels.export.quirks import ALL
from missingmodels.extract.mapped.judge import judge_records
from missingmodels.extract.ofsted.homes import add_homes
from missingmodels.extract.ofsted.judge import judge_places
from missingmodels.extract.ofsted.lists import read_ofsted_list
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.extract.staff.staffing import read_staffing
from missingmodels.provenance import versions
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.tables import Tables
from missingmodels.tables.judgement import RULES, Judgement, judgements_of

AUTHORITY = "LA000"
HOMES, DAYS, START = 24, 731, "2022-04-01"  # two collection years, one of them of 366 days
BY_DAY = 10  # of the clean worlds, the last, with births to the day: twins are looked for only there
# The faults edit text, so that their files are plain; all else that the dials do stays.
PLAIN = dataclasses.replace(ALL, encoding="utf-8", header_case="upper", birth_month_only=False)
Files = dict[str, dict[str, pd.DataFrame]]  # tables by year's folder
REFUSED = "refused"


def later(files: Files) -> dict[str, pd.DataFrame]:
    return files[max(files)]


def with_ids(tables: dict[str, pd.DataFrame], change: Callable[[pd.Series], pd.Series]) -> None:
    for name, frame in tables.items():
        tables[name] = frame.assign(CHILD=change(frame["CHILD"]))


def numbered(child: pd.Series) -> pd.Series:
    """Ids of six digits that begin with zeros."""
    return child.str.replace(r"\D", "", regex=True).str[-5:].str.zfill(6).str.replace(r"^[^0]", "0", regex=True)


def zeros_lost_in_missing(files: Files) -> None:
    for tables in files.values():
        with_ids(tables, numbered)
        tables["missing"] = tables["missing"].assign(CHILD=tables["missing"]["CHILD"].str.lstrip("0"))


def zeros_lost_in_a_return(files: Files) -> None:
    for tables in files.values():
        with_ids(tables, numbered)
    with_ids(later(files), lambda child: child.str.lstrip("0"))


def new_ids_same_upn(files: Files) -> None:
    with_ids(later(files), lambda child: "N" + child)


def new_ids_no_upn_no_postcode(files: Files) -> None:
    """Ids of a new system, and nothing left by which a child could be known again: births moved by a month."""
    tables = later(files)
    with_ids(tables, lambda child: "N" + child)
    born = pd.to_datetime(tables["header"]["DOB"], format="%d/%m/%Y") + pd.DateOffset(months=1)
    tables["header"] = tables["header"].assign(UPN="UN1", DOB=born.dt.strftime("%d/%m/%Y"))
    tables["missing"] = tables["missing"].assign(DOB="")  # told otherwise it would give the change away


def scientific_ids(files: Files) -> None:
    for tables in files.values():
        with_ids(tables, lambda child: child.mask(child.str[-1] != "1", "1.23457E+11"))


def two_children_one_id(files: Files) -> None:
    tables = later(files)
    first, other = tables["header"]["CHILD"].iloc[0], tables["header"]["CHILD"].iloc[1]
    with_ids(tables, lambda child: child.replace(other, first))


def words(files: Files) -> None:
    for tables in files.values():
        frame = tables["missing"]
        tables["missing"] = frame.assign(MISSING=frame["MISSING"].mask(frame.index % 5 == 0, "AWOL"))


def words_for_places(files: Files) -> None:
    for tables in files.values():
        tables["episodes"] = tables["episodes"].assign(PLACE=tables["episodes"]["PLACE"].replace("K2", "RESI"))


def words_for_legal_status(files: Files) -> None:
    for tables in files.values():
        frame = tables["episodes"]
        tables["episodes"] = frame.assign(LS=frame["LS"].mask(frame.index % 5 == 0, "Short break"))


def type_unrecorded(files: Files) -> None:
    for tables in files.values():
        tables["missing"] = tables["missing"].assign(MISSING="")


def no_missing_in_a_year(files: Files) -> None:
    tables = files[min(files)]
    tables["missing"] = tables["missing"].iloc[:0]


def missing_a_decade_off(files: Files) -> None:
    for tables in files.values():
        frame = tables["missing"]
        moved = {c: frame[c].str.replace(r"/20(\d\d)$", r"/19\1", regex=True) for c in ("MIS_START", "MIS_END")}
        tables["missing"] = frame.assign(**moved)


def header_of_another_year(files: Files) -> None:
    for tables in files.values():
        tables["header"] = tables["header"].iloc[::3]


def years_in_one_file(files: Files) -> None:
    first, last = files[min(files)], later(files)
    for name in last:
        if name in first:
            last[name] = pd.concat([first[name], last[name]]).drop_duplicates()
    header = last["header"].drop_duplicates("CHILD", keep="last")
    last["header"] = header
    # what ended long before: the earlier years that such a file holds, too
    old = first["episodes"].assign(**{c: _earlier(first["episodes"][c], 3) for c in ("DECOM", "DEC")})
    last["episodes"] = pd.concat([old[old["DEC"] != ""], last["episodes"]])
    del files[min(files)]


def _earlier(day: pd.Series, years: int) -> pd.Series:
    moved = pd.to_datetime(day, format="%d/%m/%Y", errors="coerce") - pd.DateOffset(years=years)
    return moved.dt.strftime("%d/%m/%Y").fillna("")


def children_left_out(files: Files) -> None:
    tables = later(files)
    kept = set(tables["header"]["CHILD"].iloc[::4])
    for name, frame in tables.items():
        tables[name] = frame[frame["CHILD"].isin(kept)]


def one_urn(files: Files) -> None:
    for tables in files.values():
        frame = tables["episodes"]
        tables["episodes"] = frame.assign(URN=frame["URN"].mask(frame["URN"] != "", "SC987654"))


def ends_blank(files: Files) -> None:
    for tables in files.values():
        tables["episodes"] = tables["episodes"].assign(DEC="", REC="")


def ends_before_starts(files: Files) -> None:
    """A day long ago written where a stay has not ended."""
    for tables in files.values():
        frame = tables["episodes"]
        tables["episodes"] = frame.assign(DEC=frame["DEC"].replace("", "01/02/1980"))


def zeros_lost_in_some_episodes(files: Files) -> None:
    for tables in files.values():
        with_ids(tables, numbered)
        frame = tables["episodes"]
        tables["episodes"] = frame.assign(
            CHILD=frame["CHILD"].mask(frame.index % 10 == 0, frame["CHILD"].str.lstrip("0"))
        )


def missing_of_a_quarter(files: Files) -> None:
    tables = later(files)
    months = tables["missing"]["MIS_START"].str[3:5]
    tables["missing"] = tables["missing"][months.isin(["04", "05", "06"])]


def home_doubled(files: Files) -> None:
    """All children of all homes moved into one on the day of a change of system."""
    tables = later(files)
    frame = tables["episodes"]
    there = frame["PLACE"].isin(["K2"]) & (frame["DEC"] == "")
    day = "01/10/" + max(files)[-7:-3]
    urn, post = frame.loc[there, ["URN", "PL_POST"]].iloc[0]
    stays = frame[there].assign(DECOM=day, RNE="P", URN=urn, PL_POST=post)
    before = frame.assign(
        DEC=frame["DEC"].mask(there, day), REC=frame["REC"].mask(there, "X1"),
    )  # fmt: skip
    tables["episodes"] = pd.concat([before, stays])


FAULTS: dict[str, tuple[Callable[[Files], None], tuple[str, ...]]] = {
    "zeros lost in the missing file": (zeros_lost_in_missing, ("missing_join",)),
    "zeros lost in a return": (zeros_lost_in_a_return, ("id_conflict",)),
    "new ids, same UPN": (new_ids_same_upn, ("id_conflict",)),
    "new ids, nothing to know a child by": (new_ids_no_upn_no_postcode, ("children_shared", "open_told")),
    "ids in scientific notation": (scientific_ids, (REFUSED,)),
    "two children under one id": (two_children_one_id, ("id_conflict",)),
    "local words in MISSING": (words, ("missing_words",)),
    "local words in PLACE": (words_for_places, ("coded_words",)),
    "local words in LS": (words_for_legal_status, ("coded_words",)),
    "staff dates in two forms": (lambda files: None, ("staff_kept",)),
    "MISSING left blank": (type_unrecorded, ("missing_kept",)),
    "a year without missing rows": (no_missing_in_a_year, ("missing_none",)),
    "missing dates of another century": (missing_a_decade_off, ("missing_kept", "inside_year")),
    "a third of the header": (header_of_another_year, ("episodes_join", "missing_join")),
    "years in one file": (years_in_one_file, ("inside_year",)),
    "children left out of a return": (children_left_out, ("children_shared",)),
    "one URN for all homes": (one_urn, ("home_one_name",)),
    "ends of episodes blank": (ends_blank, ("repaired",)),
    "ends of open episodes long ago": (ends_before_starts, ("episodes_kept",)),
    "zeros lost in a tenth of the episodes": (zeros_lost_in_some_episodes, ("episodes_join",)),
    "missing rows of one quarter only": (missing_of_a_quarter, ("missing_none",)),
    "all homes' children in one": (home_doubled, ("residents", "home_one_name")),
    "authority mistyped": (lambda files: None, ("authority",)),
    "a list with half the places": (lambda files: None, ("places",)),
    "interviews a day off": (lambda files: None, ("records_matched",)),
}


def speak(folder: Path, *, halved: bool = False, off: int = 0, mixed: bool = False) -> dict[str, str]:
    """The severity by rule of what is said of an export's returns; refusals that no rule can accept, too."""
    returns = sorted(path for path in (folder / "returns").iterdir() if path.name.startswith(AUTHORITY))
    try:
        found = read_ssda903(returns, authority=AUTHORITY, accept=tuple(RULES))
    except ImportFault:
        return {REFUSED: "error"}
    lists = [read_ofsted_list(path) for path in sorted(folder.glob("ofsted_homes_*.csv"))]
    placed, _ = add_homes(found.tables, lists)
    told = [*judgements_of(found.tables.origin), *judge_places(_halved(placed) if halved else placed)]
    told += judge_records(["interviews"], _interviewed(placed, off), None)
    staff = sorted(folder.glob("staff_*.csv"))
    if mixed:
        _mix_dates(staff)
    told += [judgement for each in read_staffing(staff, status="worked") for judgement in each.judged]
    return _worst(told)


def _mix_dates(files: list[Path]) -> None:
    """A fifth of the dates of each file of staff in the form of databases."""
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        lines[1::5] = [re.sub(r"(\d\d)/(\d\d)/(\d{4})", r"\3-\2-\1", line) for line in lines[1::5]]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _worst(told: list[Judgement]) -> dict[str, str]:
    return {j.rule: "error" if any(o.rule == j.rule and o.severity == "error" for o in told) else "warn" for j in told}


def _halved(tables: Tables) -> Tables:
    homes = tables["homes"].assign(places=(tables["homes"]["places"] // 3).clip(lower=1))
    return dataclasses.replace(tables, frames={**tables.frames, "homes": homes})


def _interviewed(tables: Tables, off: int) -> Tables:
    """An interview of every episode, ``off`` days late in its episode's first day."""
    held = tables["missing_episodes"]
    days = held["start_date"] + pd.Timedelta(days=off)
    made = pd.DataFrame({"child_id": held["child_id"], "episode_start_date": days, "sequence": held["sequence"]})
    return dataclasses.replace(tables, frames={**tables.frames, "interviews": made})


def spoil(folder: Path, fault: Callable[[Files], None]) -> None:
    """Plant a fault in an export's returns."""
    places = {p.name: p for p in (folder / "returns").iterdir() if p.name.startswith(AUTHORITY)}
    files = {
        name: {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in place.glob("*.csv")}
        for name, place in places.items()
    }
    fault(files)
    for name, place in places.items():
        if name not in files:
            place.rename(folder / name)
            continue
        for table, frame in files[name].items():
            frame.to_csv(place / f"{table}.csv", index=False)


def export(seed: int, folder: Path, quirks: object) -> None:
    scenario = Scenario(homes={"count": HOMES, "authorities": 2}, days=DAYS, start_date=START)
    tables = simulate_world(scenario, seed=seed).tables
    export_files(tables, folder, quirks=quirks, seed=seed, overwrite=True)  # type: ignore[arg-type]


def clean_lines(worlds: int) -> list[dict[str, object]]:
    lines = []
    for seed in range(1, worlds + 1):
        with tempfile.TemporaryDirectory() as place:
            by_day = seed > worlds - BY_DAY
            export(seed, Path(place) / "export", dataclasses.replace(ALL, birth_month_only=not by_day))
            said = speak(Path(place) / "export")
        lines.append({"world": "clean", "seed": seed, "births": "day" if by_day else "month", **_columns(said)})
        print(lines[-1], flush=True)
    return lines


def faulty_lines(worlds: int) -> list[dict[str, object]]:
    lines = []
    for seed in range(1001, 1001 + worlds):
        for name, (fault, _) in FAULTS.items():
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place) / "export"
                export(seed, folder, PLAIN)
                spoil(folder, fault)
                if name == "authority mistyped":
                    for marker in (folder / "returns").glob("*/manifest.json"):
                        marker.unlink()
                said = speak(folder, halved="places" in name, off=int("interviews" in name), mixed="staff" in name)
            lines.append({"world": name, "seed": seed, "births": "day", **_columns(said)})
            print(lines[-1], flush=True)
    return lines


def _columns(said: dict[str, str]) -> dict[str, str]:
    return {rule: said.get(rule, "") for rule in (*RULES, REFUSED)}


def summary(lines: pd.DataFrame) -> dict[str, object]:
    """False alarms and catches by rule, with how many worlds each rests on."""
    clean = lines[lines["world"] == "clean"]
    alarms = {rule: _alarms(clean[rule]) for rule in (*RULES, REFUSED)}
    caught = {}
    for name, (_, rules) in FAULTS.items():
        part = lines[lines["world"] == name]
        if len(part):
            told = part[[*rules, REFUSED]]  # a fault may be refused before any rule is asked
            caught[name] = {
                "rules": list(rules),
                "worlds": len(part),
                "told": int((told != "").any(axis=1).sum()),
                "refused": int((told == "error").any(axis=1).sum()),
            }
    return {"clean_worlds": len(clean), "false_alarms": alarms, "faults": caught}


def _alarms(said: pd.Series) -> dict[str, float]:
    """How many clean worlds a rule speaks of, and refuses: their share, its Monte Carlo error, an upper 95 % limit."""
    spoke, worlds = int((said != "").sum()), len(said)
    share = spoke / worlds
    return {
        "warn": int((said == "warn").sum()),
        "error": int((said == "error").sum()),
        "rate": round(share, 4),
        "mc_error": round((share * (1 - share) / worlds) ** 0.5, 4),
        "upper_95": round(float(beta.ppf(0.95, spoke + 1, worlds - spoke)), 4) if spoke < worlds else 1.0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clean", type=int, default=60)
    parser.add_argument("--faulty", type=int, default=6)
    parser.add_argument("--output", type=Path, default=Path("simulations/results"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    lines = pd.DataFrame([*clean_lines(options.clean), *faulty_lines(options.faulty)])
    lines.to_csv(options.output / "import_rules.csv", index=False, lineterminator="\n")
    record = {
        "recipe": f"python simulations/import_rules.py --clean {options.clean} --faulty {options.faulty}",
        "seeds": {"clean": [1, options.clean], "faulty": [1001, 1000 + options.faulty]},
        "world": {"homes": HOMES, "authorities": 2, "days": DAYS, "start_date": START, "authority": AUTHORITY},
        **summary(lines),
        "versions": versions(),
    }
    (options.output / "import_rules.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
