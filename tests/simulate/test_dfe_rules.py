"""The public validation rules on simulated returns: clean ones pass, and each quirk fires the rules it should.

The rules run in an environment of their own, which `make dfe-rules` builds; without it these tests are skipped.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from full_world import AUTHORITIES, full_tables

from missingmodels.export.one_return import make_return, write_return
from missingmodels.export.quirks import Quirks
from missingmodels.extract.dfe.rules import RUNNER
from missingmodels.tables import Tables
from worlds import small_world

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-dfe" / "bin" / "python"
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-dfe: run `make dfe-rules` to build it")

YEAR = 2026
REASONS = {
    "169": "the authority of a placement is looked up by its postcode",
    "179": "whether it lies inside the authority is derived from postcodes",
    "392a": "the distance is derived from postcodes",
    "392c": "the postcodes do not exist, on purpose",
    "1015": "own provision is taken for lying outside, since its postcode lies nowhere",
    "SW11bSTG2": "it makes no exception of children who have left care, whose last worker's spell ends",
    "SW12STG2": "it asks for a whole year of workers, also of children who came into care in the course of it",
    "SW17STG2": "it makes no exception of children who have left care, whose last worker's spell ends",
}
CRASH_THEMSELVES = {"231", "233"}  # they ask for columns that no return has


@pytest.fixture(scope="module")
def world() -> Tables:
    return small_world(1, n_homes=20, days=800).tables


def rules_on(tables: Tables, folder: Path, quirks: Quirks, authority: str = "SIM") -> dict[str, Any]:
    returns = {}
    for year in (YEAR - 1, YEAR):
        made = make_return(tables, authority=authority, year=year, quirks=quirks, seed=3)
        returns[year] = write_return(made, folder)
    command = [PYTHON, RUNNER, returns[YEAR], "--previous", returns[YEAR - 1]]
    done = subprocess.run(
        [*map(str, command), "--year", str(YEAR), "--authority", "E10000001"],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def fired(said: dict[str, Any]) -> set[str]:
    return {finding["rule"] for finding in said["findings"]} - set(REASONS)


def test_a_clean_return(world: Tables, tmp_path: Path) -> None:
    said = rules_on(world, tmp_path, Quirks())
    assert said["refused"] is None
    assert said["ruleset"] == "lac2025_26"
    assert set(said["crashed"]) <= CRASH_THEMSELVES
    assert len(said["ran"]) > 150
    assert {finding["rule"] for finding in said["findings"]} <= set(REASONS)
    assert {"169", "392c"} <= {finding["rule"] for finding in said["findings"]}, "the rules did look at the return"


# Encoding with a byte order mark, Windows lines and Windows-1252 are legal; so are changes of legal status, temporary
# days and absences twice a day. Of the amended values each has its rule.
QUIRKS = [
    ({"legal_change_share": 0.5}, set()),
    ({"temporary_share": 0.5}, set()),
    ({"same_day_repeat_share": 0.5}, set()),
    ({"birth_month_only": True}, set()),
    ({"encoding": "utf-8-sig", "crlf": True}, set()),
    ({"encoding": "cp1252"}, set()),
    ({"blank_urn_share": 0.3}, {"218"}),
    ({"k3_share": 1.0}, {"241"}),
    ({"amended_share": 1.0}, {"502", "503B", "503C", "562"}),
]


# an amended row of the year before may also be the one that a stay of this year goes on from
AMENDED_STAYS = {"435", "504"}


@pytest.mark.slow
@pytest.mark.parametrize(("quirk", "rules"), QUIRKS, ids=lambda value: "-".join(map(str, value)) or "none")
def test_a_quirk_fires_its_rules(world: Tables, tmp_path: Path, quirk: dict, rules: set[str]) -> None:
    said = rules_on(world, tmp_path, Quirks(**quirk))
    assert said["refused"] is None
    assert rules <= fired(said) <= rules | (AMENDED_STAYS if "amended_share" in quirk else set())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("quirk", "words"),
    [
        ({"encoding": "utf-16"}, "Failed to decode"),
        ({"header_case": "lower"}, "Failed to match"),
        ({"derived_columns": True}, "its reader failed"),
    ],
)
def test_a_quirk_that_the_rules_cannot_read(world: Tables, tmp_path: Path, quirk: dict, words: str) -> None:
    assert words in rules_on(world, tmp_path, Quirks(**quirk))["refused"]


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_world_with_everything(tmp_path: Path, share: float) -> None:
    """What fires says of that world what is true of it; beds that closed are in order."""
    always = {
        "218",  # a children's home without URN
        "232",  # sex unknown
        "241",  # supported accommodation whose postcode lies nowhere
    }
    found = fired(rules_on(full_tables(), tmp_path, Quirks(closed_bed_share=share), AUTHORITIES[0]))
    assert always <= found <= always | {"371"}  # supported accommodation below 16, if there is one
