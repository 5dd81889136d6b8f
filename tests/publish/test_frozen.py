"""A plan fixed beforehand: its record is believed only as it was written, and each departure is told."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from dataclasses import replace

import pytest
from tests.publish.test_figure_files import command
from tests.report.conftest import make_evidence

from missingmodels.config import read_toml
from missingmodels.errors import InputError
from missingmodels.evidence.record import read_evidence, write_evidence
from missingmodels.plan import Plan
from missingmodels.presets import load_plan
from missingmodels.provenance import commit_of
from missingmodels.publish.frozen import freeze, held_against, plan_of, read_frozen
from missingmodels.report.planned import AS_PLANNED, planned

DAY = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def frozen(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text('name = "mine"\n[frame]\nperiod_days = 91\n', encoding="utf-8")
    record = tmp_path / "plan.frozen.json"
    record.write_bytes(freeze(read_toml(path, Plan), path, at=DAY))
    return record


@pytest.mark.parametrize("name", ["h1", "h2"])
def test_a_template_is_a_plan_that_can_be_fixed(name, tmp_path, capsys):
    path = tmp_path / "mine.toml"
    assert command(capsys, "plan", "template", name, "-o", path)[0] == 0
    assert command(capsys, "plan", "freeze", path)[0] == 0
    record = tmp_path / "mine.frozen.json"
    assert plan_of(read_frozen(record), record) == load_plan(name)
    code, said = command(capsys, "plan", "freeze", path)
    assert code == 2
    assert "--overwrite" in said


def test_a_record_that_was_changed_is_refused(frozen):
    held = json.loads(frozen.read_text(encoding="utf-8"))
    assert held["frozen_at"] == "2026-03-01T12:00:00+00:00"
    for change in ({"frozen_at": "2025-03-01T12:00:00+00:00"}, {"plan": held["plan"] | {"name": "other"}}, {"more": 1}):
        frozen.write_text(json.dumps(held | change), encoding="utf-8")
        with pytest.raises(InputError, match=r"changed after|should be"):
            read_frozen(frozen)


def test_each_departure_is_told_and_no_other(frozen):
    found = read_frozen(frozen)
    plan = plan_of(found, frozen)
    assert planned(make_evidence()) is None
    same = planned(make_evidence(frozen=held_against(found, plan, frozen)))
    assert (same["title"], same["departures"]) == (AS_PLANNED, [])
    other = plan.changed({"frame.period_days": 28, "exposure.beside": (), "name": "renamed"})
    told = planned(make_evidence(frozen=held_against(found, other, frozen)))
    assert told["title"] == "2 departures from the plan"
    keys = {one["key"]: (one["planned"], one["used"]) for one in told["departures"]}
    assert keys == {"exposure.beside": ("peer_density", ""), "frame.period_days": ("91", "28")}


def test_a_planned_model_that_failed_its_gate_is_a_departure(frozen):
    found = read_frozen(frozen)
    evidence = make_evidence(failed=("M3", "peer_density"), frozen=held_against(found, plan_of(found, frozen), frozen))
    absent = tuple(dict(c) | {"absent": not c["diagnostics"]["passed"]} for c in evidence.certificates)
    told = planned(replace(evidence, certificates=absent))
    assert [one["planned"] for one in told["departures"]] == ["M3 (peer_density)"]


def test_evidence_keeps_it_and_the_gate_lets_it_pass(frozen, tmp_path):
    found = read_frozen(frozen)
    evidence = make_evidence(frozen=held_against(found, Plan(), frozen))
    again = read_evidence(write_evidence(evidence, tmp_path / "evidence.json"))
    assert again.frozen == evidence.frozen
    assert again.frozen["departures"] == [{"key": "frame.period_days", "planned": 91, "used": 28}]


def test_the_commit_of_a_file(tmp_path):
    def git(*words):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    path = tmp_path / "plan.toml"
    path.write_text("one", encoding="utf-8")
    assert commit_of(path) == ""
    git("init", "-q")
    git("add", "plan.toml")
    git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "one")
    assert len(commit_of(path)) == 40
    path.write_text("two", encoding="utf-8")
    assert commit_of(path).endswith(", changed since")
