"""Lists of homes and staffing files: read back, they say what the world holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from full_world import AUTHORITIES, full_tables

from missingmodels.errors import InputError
from missingmodels.export.codes import home_codes
from missingmodels.export.files import EXPORT_FORMAT, export_files
from missingmodels.export.ofsted_list import COLUMNS, write_ofsted_list
from missingmodels.export.one_return import make_return, write_return
from missingmodels.export.quirks import ALL, Quirks
from missingmodels.export.staff_file import FILES, write_staff_files
from missingmodels.extract.ofsted.homes import add_homes, homes_from_lists
from missingmodels.extract.ofsted.lists import read_ofsted_list
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.tables import Tables, make_tables
from missingmodels.tables.contract import TABLES
from missingmodels.tables.schema import conform

DAYS = [pd.Timestamp("2024-03-31"), pd.Timestamp("2025-03-31"), pd.Timestamp("2026-03-31")]
STATE = ["home_id", "authority", "places", "sector"]


@pytest.fixture(scope="module")
def world() -> Tables:
    """Homes of every sector; one grows, one closes, one opens, one offers short breaks; shifts over midnight."""
    tables = full_tables()
    homes = tables["homes"].copy()
    homes["sector"] = np.array(["private", "voluntary", "local_authority", "health"])[np.arange(len(homes)) % 4]
    homes["owner"] = [f"Owner {n % 3}" for n in range(len(homes))]
    homes["short_break_only"] = [n == 5 for n in range(len(homes))]
    homes.loc[0, "valid_to"] = grown = pd.Timestamp("2024-11-05")
    bigger = homes.iloc[[0]].assign(valid_from=grown, valid_to=pd.NaT, places=homes["places"].iloc[0] + 2)
    extra = homes.iloc[[1, 2]].assign(home_id=["homeX1", "homeX2"], weak_key=False)
    extra["valid_from"] = [pd.Timestamp("2020-01-01"), pd.Timestamp("2025-06-01")]
    extra["valid_to"] = [pd.Timestamp("2025-01-20"), pd.NaT]
    home = homes["home_id"].iloc[:2].tolist()
    shifts = pd.DataFrame(
        {
            "home_id": home,
            "staff_id": ["s1", "s2"],
            "start_time": ["2024-05-01T22:00", "2024-05-02T08:00"],
            "end_time": ["2024-05-02T07:30", "2024-05-03T08:30"],
            "shift_type": ["waking night", None],
            "employment": ["agency", "permanent"],
            "status": ["worked", "planned"],
        }
    )
    return make_tables(
        {**tables.frames, "homes": pd.concat([homes, bigger, extra]), "staff_shifts": shifts},
        observed_from=tables.observed_from,
        observed_to=tables.observed_to,
        all_residents=True,
    )


def state_on(world: Tables, day: pd.Timestamp) -> pd.DataFrame:
    """Homes with a URN on a day, by what the world says; ids as URNs."""
    homes = world["homes"]
    held = homes[(homes["valid_from"] <= day) & ~(homes["valid_to"] <= day) & ~homes["weak_key"]]
    urn = held["home_id"].astype(object).map(home_codes(world)["urn"])
    return held.assign(home_id=urn.astype("string"))[STATE].sort_values("home_id", ignore_index=True)


@pytest.mark.parametrize("day", DAYS)
def test_a_list_says_what_was_registered_that_day(world: Tables, day: pd.Timestamp, tmp_path: Path) -> None:
    found = read_ofsted_list(write_ofsted_list(world, day, tmp_path))
    assert found.list_date == day
    assert set(found.ledger.frame["outcome"]) == {"used"}
    listed = found.frame.rename(columns={"urn": "home_id"})
    pd.testing.assert_frame_equal(listed[STATE].sort_values("home_id", ignore_index=True), state_on(world, day))
    opened = world["homes"].groupby("home_id")["valid_from"].min()
    opened.index = opened.index.astype(object).map(home_codes(world)["urn"])
    assert (listed["registered_from"].to_numpy() == opened[listed["home_id"]].to_numpy()).all()
    assert listed["short_break_only"].sum() == 1


def test_the_lists_of_three_years_are_the_homes_as_of_each(world: Tables, tmp_path: Path) -> None:
    """Also the day after a list; between two lists only the earlier state can be known."""
    history = homes_from_lists([read_ofsted_list(write_ofsted_list(world, day, tmp_path)) for day in DAYS])
    for day in DAYS:
        held = history[(history["valid_from"] <= day) & ~(history["valid_to"] <= day)]
        pd.testing.assert_frame_equal(held[STATE].sort_values("home_id", ignore_index=True), state_on(world, day))


def test_a_return_and_a_list_meet(world: Tables, tmp_path: Path) -> None:
    """Every home with a URN that the return names is on the list, with its places, sector and authority."""
    lists = [read_ofsted_list(write_ofsted_list(world, day, tmp_path)) for day in DAYS[:2]]
    made = make_return(world, authority=AUTHORITIES[2], year=2025)
    imported = read_ssda903(write_return(made, tmp_path), authority=AUTHORITIES[2], year=2025).tables
    filled, notes = add_homes(imported, lists)
    strong = filled["homes"][~filled["homes"]["weak_key"]]
    assert len(strong) > 3
    assert strong[["places", "sector", "authority"]].notna().all(axis=None)
    assert set(notes["flag"]) <= {"weak_key", "before_first_list", "short_break_only"}
    on = DAYS[1]
    held = strong[(strong["valid_from"] <= on) & ~(strong["valid_to"] <= on)][STATE].sort_values("home_id")
    truly = state_on(world, on)
    pd.testing.assert_frame_equal(
        held.reset_index(drop=True), truly[truly["home_id"].isin(held["home_id"])].reset_index(drop=True)
    )


def test_the_layout_is_the_published_one(world: Tables, shared: Path, tmp_path: Path) -> None:
    published = (shared / "data" / "official" / "ofsted_homes_2023.csv").read_bytes()
    ours = write_ofsted_list(world, DAYS[0], tmp_path).read_bytes()
    theirs = published.splitlines()[3].rstrip(b",").decode("ascii")
    assert ours.splitlines()[3].decode("ascii") == theirs
    assert b"\r\n" in published
    assert b"\r\n" in ours
    assert len(COLUMNS) == len(theirs.split(","))


def read_staff(world: Tables, path: Path, table: str) -> pd.DataFrame:
    """A staffing file as the table it came from."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False).replace("", None)
    names = {name: column for column, name in FILES[table][1].items()}
    frame = frame.rename(columns=names)
    homes = home_codes(world)["urn"]
    frame["home_id"] = frame["home_id"].map({urn: home for home, urn in homes.items()})
    for column in (name for name in ("start_date", "end_date") if name in frame):
        frame[column] = pd.to_datetime(frame[column], format="%d/%m/%Y")
    for column in (name for name in ("start_time", "end_time") if name in frame):
        frame[column] = pd.to_datetime(frame[column], format="%d/%m/%Y %H:%M")
    if table == "staff_periods":  # its last day is written
        frame["end_date"] += pd.Timedelta(days=1)
    numbers = [c.name for c in TABLES[table].columns if c.kind == "real"]
    frame[numbers] = frame[numbers].astype(float)
    return conform(frame, TABLES[table])


@pytest.mark.parametrize("table", FILES)
def test_staffing_comes_back(world: Tables, table: str, tmp_path: Path) -> None:
    paths = {path.name: path for path in write_staff_files(world, tmp_path)}
    assert set(paths) == {name for name, _ in FILES.values()}
    found = read_staff(world, paths[FILES[table][0]], table)
    strong = ~world[table]["home_id"].str.startswith("@")  # a home without URN cannot be named
    pd.testing.assert_frame_equal(
        found[found["home_id"].notna()].reset_index(drop=True), world[table][strong].reset_index(drop=True)
    )


def test_no_rota_no_file(tmp_path: Path) -> None:
    assert {path.name for path in write_staff_files(full_tables(), tmp_path)} == {
        "staff_contracts.csv",
        "staff_totals.csv",
    }


def test_an_export_is_whole(world: Tables, tmp_path: Path) -> None:
    target = tmp_path / "files"
    names = export_files(world, target, quirks=ALL)
    returns = {f"{code}_{years}" for code in AUTHORITIES for years in ("2024-25", "2025-26")}
    assert {path.name for path in (target / "returns").iterdir()} == returns
    assert {f"ofsted_homes_{year}-03-31.csv" for year in (2024, 2025, 2026)} <= set(names)
    manifest = json.loads((target / "manifest.json").read_text())
    assert manifest["format"] == EXPORT_FORMAT
    assert set(manifest["files"]) == set(names)
    assert {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()} == {*names, "manifest.json"}
    log = pd.read_csv(target / "quirks.csv")
    assert set(log["authority"]) == set(AUTHORITIES)


def test_the_same_export_twice(world: Tables, tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        export_files(world, tmp_path / name, years=[2025], of_authorities=AUTHORITIES[:1], quirks=ALL, seed=4)
        made.append(json.loads((tmp_path / name / "manifest.json").read_text())["files"])
    assert made[0] == made[1]


def test_a_fault_leaves_nothing(world: Tables, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="E99"):
        export_files(world, tmp_path / "files", of_authorities=[AUTHORITIES[0], "E99"])
    assert list(tmp_path.iterdir()) == []
    short = make_tables(
        {name: world[name] for name in ("children", "placements", "missing_episodes", "homes")},
        observed_from="2024-04-01",
        observed_to="2025-03-31",
    )
    with pytest.raises(InputError, match="no collection year"):
        export_files(short, tmp_path / "files", quirks=Quirks())
    assert list(tmp_path.iterdir()) == []
