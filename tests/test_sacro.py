"""The session for SACRO: the keys that acro writes and its viewer asks for, a checksum of every file, our record."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess

import pytest

from missingmodels.disclosure.classes import Class
from missingmodels.disclosure.policy import load_policy
from missingmodels.disclosure.record import TABLE, Judged, record_files
from missingmodels.disclosure.sacro import ACTION, CHECKS, VERSION, sacro_session

# As acro 1.0.2 writes them (its record.finalise_json), and as the viewer's models.ACROOutputs asks for them.
RESULT = {
    "uid", "status", "type", "properties", "files", "outcome", "command", "summary", "timestamp", "comments",
    "exception", "fair",
}  # fmt: skip
CONFIG = {
    "safe_threshold", "safe_dof_threshold", "safe_nk_n", "safe_nk_k", "safe_pratio_p", "check_missing_values",
    "survival_safe_threshold", "zeros_are_disclosive", "safe_round_base", "federated", "blocked_extensions", "suppress",
}  # fmt: skip
ACRO = os.environ.get("ACRO_PYTHON", "")  # an interpreter that has acro


@pytest.fixture(scope="module")
def session():
    judged = Judged(load_policy("generic"))
    judged.add("data.homes", Class.COUNT, "rounded", children=40)
    judged.add("data.joint_onsets", Class.COUNT, "blocked", rule="minimum count", reason="fewer than 10")
    judged.add("rate ratio of male", Class.ESTIMATE, "blocked", rule="dominance", reason="a few homes make it up")
    judged.add("figures.homes", Class.SINGLE, "blocked", rule="not for release")
    page = {"report.html": b"<p>page</p>", "figures/forest.png": b"\x89PNG"}
    files = page | record_files(judged, page, origin="ssda903", seeds=[1])
    return sacro_session(judged, files, command="missingmodels report")


def test_it_has_the_keys_that_acro_writes(session):
    body = json.loads(session["results.json"])
    assert body["version"] == VERSION
    assert set(json.loads(session["config.json"])) == CONFIG
    assert [*body["results"]] == [f"output_{n}" for n in range(4)]
    for uid, one in body["results"].items():
        assert set(one) == RESULT
        assert one["uid"] == uid
        assert one["status"] in ("pass", "fail", "review")
        assert len(one["files"]) == 1
        assert one["files"][0]["name"] in session


def test_every_file_has_its_checksum(session):
    files = [name for name in session if not name.startswith("checksums/")]
    assert {"report.html", "figures_forest.png", TABLE, "disclosure.json", "results.json", "config.json"} == set(files)
    for name in files:
        assert session[f"checksums/{name}.txt"].decode() == hashlib.sha256(session[name]).hexdigest()


def test_what_is_blocked_failed_the_check_of_the_same_meaning(session):
    table = json.loads(session["results.json"])["results"]["output_0"]
    assert (table["type"], table["status"]) == ("table", "review")
    (file,) = table["files"]
    assert file["name"] == TABLE
    cells = {name: held for name, held in file["sdc"]["cells"].items() if held}
    assert cells == {
        "MinimumThresholdCheck": [[1, ACTION]],
        "NKCheck": [[2, ACTION]],
        "StatbarnDataCheck": [[3, ACTION]],
    }
    rows = [*csv.reader(session[TABLE].decode().splitlines())]
    assert rows[0][1 + ACTION] == "action"
    assert all(rows[1 + row][1 + ACTION] == "blocked" for held in cells.values() for row, _ in held)
    assert table["outcome"]["action"]["data.homes"] == "ok"
    assert file["sdc"]["summary"]["NKCheck"] == 1
    assert set(CHECKS.values()) <= set(file["sdc"]["cells"])


def test_the_policy_is_the_appetite_for_risk(session):
    config, policy = json.loads(session["config.json"]), load_policy("generic")
    assert config["safe_threshold"] == policy.minimum_count == 10
    assert (config["safe_nk_n"], config["safe_nk_k"]) == (policy.dominance_largest, policy.dominance_share)
    assert config["safe_pratio_p"] == pytest.approx(0.1)
    assert config["safe_round_base"] == policy.rounding


def test_without_a_policy_all_is_left_to_the_checker():
    judged = Judged(load_policy("none"))
    judged.add("evidence", Class.WORDS, "released", rule="no policy")
    files = record_files(judged, {}, origin="simulated", seeds=[])
    held = json.loads(sacro_session(judged, files, command="x")["results.json"])["results"]
    assert {one["status"] for one in held.values()} == {"review"}


@pytest.mark.skipif(not ACRO, reason="ACRO_PYTHON names no interpreter that has acro 1.0.2")
def test_acro_itself_reads_it(session, tmp_path):
    for name, content in session.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    code = (
        "import sys; from acro.record import load_records; r = load_records(sys.argv[1]);"
        "t = r.get('output_0'); print(t.status, t.output_type, len(t.output[0]), len(t.outcome), len(r.get_keys()))"
    )
    done = subprocess.run([ACRO, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["review", "table", "4", "4", "4"]
