"""Levels of a classification that few have: that there is anybody of one is not told by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from missingmodels.cli import _say
from missingmodels.cli.daily import _probabilities
from missingmodels.disclosure.classes import Class
from missingmodels.disclosure.gate import released
from missingmodels.disclosure.policy import load_policy
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.tables import gated_table
from missingmodels.disclosure.words import without_levels
from missingmodels.errors import DiagnosticsFailed
from missingmodels.evidence.record import Evidence, evidence_file
from missingmodels.report.figures.pictures import pictures
from missingmodels.report.html import page

GENERIC = load_policy("generic")
SHARES = {"largest_children": [0.1, 0.08], "largest_homes": [0.1, 0.08]}


@pytest.fixture
def real(make: Callable[..., Evidence]) -> Evidence:
    held = make(origin={"kind": "ssda903", "authority": "301", "year": 2024})
    data = {**held.data, "homes": 41, "children": 123, "onsets": 437, "children_with_onset": 61}
    one = next(row for row in held.rows if row.estimand == "rate_ratio_per_unit")
    rows = [replace(one, name=f"ethnicity[{level}]", label=f"ethnicity {level}") for level in ("WROM", "BAFR")]
    diagnostics = {**held.certificates[0].get("diagnostics", {}), "worst": "heaviest tail at ethnicity[WROM]"}
    support = [
        {"model": m, "exposure": e, "column": name, "children": n, "homes": 20, **SHARES}
        for m, e in {(c["model"], c["exposure"]) for c in held.certificates}
        for name, n in (("*", 123), ("ethnicity[BAFR]", 40), ("ethnicity[WROM]", 1))
    ]
    return replace(
        held, data=data, rows=(*held.rows, *rows), support=support,
        notes=("ethnicity[CHNE] does not vary and is left out; ethnicity[BAFR] does",),
        certificates=tuple({**c, "diagnostics": diagnostics} for c in held.certificates),
    )  # fmt: skip


def test_an_only_child_of_an_ethnicity_is_named_nowhere(real: Evidence) -> None:
    shown, judged = released(real, GENERIC)
    assert {row.name for row in shown.rows} >= {"ethnicity[BAFR]"}
    text = evidence_file(shown).decode() + page(shown, pictures(shown)) + str([one.as_dict() for one in judged.outputs])
    assert "ethnicity[BAFR]" in text
    assert "WROM" not in text
    assert "CHNE" not in text
    assert "ethnicity[blocked]" in text


def test_levels_within_words() -> None:
    text = "heaviest tail at ethnicity[WROM], then entry_route[planned]; home [blocked]"
    assert without_levels(text) == "heaviest tail at ethnicity[blocked], then entry_route[blocked]; home [blocked]"
    assert "entry_route[planned]" in without_levels(text, {"entry_route[planned]"})


def test_a_table_of_one_fit_names_no_level_that_is_blocked() -> None:
    table = pd.DataFrame({"median": [0.1, 0.2]}, index=pd.Index(["x", "kind[rare]"], name="term"))
    entry: dict[str, Any] = {"children": 80, "homes": None, "largest_children": [0.1, 0.1], "largest_homes": []}
    behind = [entry | {"column": "*"}, entry | {"column": "kind[rare]", "children": 2}]
    judged = Judged(GENERIC)
    told, said = gated_table(table, [], behind, judged)
    assert list(told.index) == ["x"]
    for level in ("two", "three"):
        judged.add(f"line kind[{level}]", Class.ESTIMATE, "blocked", rule="minimum behind an estimate",
                   reason="fewer than 10 children")  # fmt: skip
    assert [one.output for one in judged.blocked] == ["line kind[blocked]"]
    assert "rare" not in f"{said}{[one.as_dict() for one in judged.outputs]}"


def test_of_a_daily_fit_whose_table_is_blocked_no_probability_is_told() -> None:
    found = SimpleNamespace(probabilities=lambda: {"peers_raise": 0.98765})
    table = pd.DataFrame({"median": [1.0]})
    assert _probabilities(found, table, GENERIC) == {"peers_raise": 0.988}
    assert _probabilities(found, table.iloc[:0], GENERIC) == {}


def test_what_did_not_converge_names_no_level(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (False, True):
        with pytest.raises(SystemExit):
            _say(DiagnosticsFailed("M1: R-hat 1.02 (largest at ethnicity[WROM])", typed_remedy="more"), as_json)
        told = "".join(capsys.readouterr())
        assert "WROM" not in told
        assert "largest at ethnicity[blocked]" in told
