"""A provider's spreadsheet all the way, with no code: mapping, check, fit, evidence, report; and the page on it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from missingmodels.evidence.record import read_evidence
from missingmodels.frame.riskset import build_risk_set
from missingmodels.plan import Frame
from missingmodels.tables import Tables, read_tables, write_tables
from test_cli import run
from worlds import small_world

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/own_variables.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of a busy sector without a rota, and the workbook of a provider who also knows what is not in them."""
    folder = tmp_path_factory.mktemp("provider")
    tables = small_world(3, n_homes=10, days=240).tables
    kept = {name: frame for name, frame in tables.frames.items() if name not in ("measures", "events")}
    tables = dataclasses.replace(tables, frames=kept, own={})
    write_tables(tables, folder / "tables")
    rng = np.random.default_rng(1)
    children = tables["children"]["child_id"].tolist()
    first, last = tables.observed_from, tables.observed_to
    months = pd.date_range(first, last, freq="28D")[1:]
    stays = tables["placements"].groupby("child_id")["home_id"].last()
    days = pd.date_range(first, last, freq="D", inclusive="left")
    incidents = [
        (home, day) for home in sorted(stays.unique()) for day in days[rng.choice(len(days), 25, replace=False)]
    ]
    sessions = [(child, day) for child in children for day in days[rng.choice(len(days), 8, replace=False)]]
    sheets = {
        "Children": pd.DataFrame(
            {"Child": child, "ADHD": ("Yes", "No", "No")[i % 3]} for i, child in enumerate([*children, "unknown1"])
        ),
        "Attendance": pd.DataFrame(
            {"Child": child, "Month end": f"{month:%d/%m/%Y}", "Share attended": round(float(rng.uniform(0.2, 1)), 2)}
            for child in children
            for month in months
        ),
        "Incidents": pd.DataFrame(
            [
                {"What": what, "Child": child, "Home": home, "Date": f"{day:%d/%m/%Y}"}
                for what, child, home, day in [
                    *(("Incident", "", home, day) for home, day in incidents),
                    *(("KW session", child, "", day) for child, day in sessions),
                ]
            ]
        ),
    }  # fmt: skip
    with pd.ExcelWriter(folder / "provider.xlsx") as book:
        for name, frame in sheets.items():
            frame.to_excel(book, sheet_name=name, index=False)
    mapping, plan, _ = blocks("toml")
    (folder / "provider.toml").write_text(mapping)
    (folder / "plan.toml").write_text(
        'models = ["M0", "M1"]\n[sampling]\nmethod = "laplace"\n[exposure]\nbeside = []\n' + plan
    )
    return folder


def test_the_pages_whole_workbook_makes_all_tables(tmp_path: Path) -> None:
    """Its sheets and columns, as the page's table names them, and its mapping, without other tables."""
    page = PAGE.read_text(encoding="utf-8")
    listed = re.search(r"\| sheet \| its columns \|\n\|---\|---\|\n((?:\|.*\n)+)", page)
    assert listed
    named = {row.split("|")[1].strip(): row.split("|")[2].strip().split(", ") for row in listed[1].splitlines()}

    def month(i: int) -> str:
        return f"{1 + i % 28:02d}/0{5 + i // 30}/2022"

    cells = {
        "YP ref": lambda i: f"YP{i % 30:02d}", "DOB": lambda i: f"{1 + i % 28:02d}/05/2008",
        "ADHD diagnosis?": lambda i: ("Yes", "No", "No")[i % 3], "Placing LA": lambda i: "301",
        "Home": lambda i: f"House {i % 4}", "Admitted": lambda i: f"{1 + i % 28:02d}/04/2022", "Left": lambda i: "",
        "Reported": month, "Returned": month,
        "No. of beds": lambda i: 8, "Session date": month,
        "Sleep problems (0-10)": lambda i: i % 11,
    }  # fmt: skip
    rows = {"Residents": 30, "Placements": 30, "Missing log": 90, "Homes": 4, "Key work": 120}
    with pd.ExcelWriter(tmp_path / "provider.xlsx") as book:
        for sheet, columns in named.items():
            frame = pd.DataFrame({name: [cells[name](i) for i in range(rows[sheet])] for name in columns})
            frame.to_excel(book, sheet_name=sheet, index=False)
    (tmp_path / "provider.toml").write_text(blocks("toml")[2])
    done = run("import", "mapping", tmp_path / "provider.toml", "-o", tmp_path / "tables")
    assert done.returncode == 0, done.stderr
    assert "0 errors, 0 warnings" in run("check", tmp_path / "tables").stdout
    tables = read_tables(tmp_path / "tables")
    held = {"children": 30, "placements": 30, "missing_episodes": 90, "homes": 4, "measures": 120}
    assert {name: len(tables[name]) for name in held} == held
    assert tables["children"]["adhd"].sum() == 10
    assert set(tables["measures"]["name"]) == {"sleep_problems"}
    assert not tables["homes"]["places"].isna().any()


@pytest.mark.slow
def test_a_spreadsheet_goes_all_the_way(provider: Path) -> None:
    done = run("import", "mapping", provider / "provider.toml", "--into", provider / "tables")
    assert done.returncode == 0, done.stderr
    assert "not_in_tables" in done.stdout
    tables = read_tables(provider / "tables")
    assert {one.name for held in tables.own.values() for one in held} == {
        "adhd", "attendance", "incident", "key_worker_session",
    }  # fmt: skip
    assert sorted(tables["events"]["kind"].unique()) == ["incident", "key_worker_session"]
    assert tables["measures"]["start_date"].equals(tables["measures"]["known_date"])
    lines = pd.read_csv(provider / "tables/ledger_children.csv")
    assert (lines["outcome"] == "set_aside").sum() == 1
    again = run("import", "mapping", provider / "provider.toml", "--into", provider / "tables")
    assert again.returncode == 2
    assert "the tables hold adhd, attendance, incident, key_worker_session already" in again.stderr
    checked = run("check", provider / "tables")
    assert checked.returncode == 0, checked.stdout
    done = run("fit", provider / "tables", "--plan", provider / "plan.toml", "--seed", 1, "-o", provider / "run")
    assert done.returncode == 0, done.stderr
    evidence = read_evidence(provider / "run/private/evidence.json")
    held = [row for row in evidence.rows if row.hypothesis == "contrast" and row.role == "primary"]
    rows = {row.name: row for row in held if row.estimand == "rate_ratio"}
    rates = {row.label: row for row in held if row.estimand == "expected_rate"}
    adhd = rows["adhd"]
    assert (adhd.label, adhd.expected) == ("a diagnosis of ADHD (0 to 1)", "above")
    assert adhd.verdict
    assert rows["measure(attendance)"].label == "share of school sessions attended, as last known (0.5 to 0.9)"
    assert not rows["event(incident, 1, 3)"].verdict  # no side was stated
    ratio = rates["a diagnosis of ADHD: 1"].median / rates["a diagnosis of ADHD: 0"].median
    assert ratio == pytest.approx(adhd.median, rel=0.15)
    page = (provider / "run/release/report.html").read_text(encoding="utf-8")
    assert "Contrasts that the plan states" in page
    assert "an incident in the home (1 to 3 days before)" in page
    per_unit = [row.label for row in evidence.rows if row.estimand == "rate_ratio_per_unit"]
    assert "share of school sessions attended, as last known unrecorded" in per_unit


@pytest.mark.slow
def test_a_contrast_that_no_model_holds_is_refused_before_anything_is_fitted(provider: Path) -> None:
    plan = provider / "wrong.toml"
    plan.write_text('[sampling]\nmethod = "laplace"\n[contrast]\nadhd = [0, 1]\n')
    done = run("fit", provider / "tables", "--plan", plan, "--seed", 1, "-o", provider / "none")
    assert done.returncode == 2
    assert "contrast.adhd: no model of the plan holds it" in done.stderr
    assert not (provider / "none").exists()


def restrained(tables: Tables, *, log_ratio: float) -> pd.DataFrame:
    """Restraints that spread: a rate a day, higher while a co-resident was restrained on one of the 7 days before."""
    risk, rng = build_risk_set(tables, Frame()), np.random.default_rng(7)
    done = np.zeros(risk.residence.shape, dtype=bool)
    for day in range(risk.days):
        home, lately = risk.residence[:, day], done[:, max(day - 7, 0) : day].any(axis=1)
        beside = [bool((lately & (home == here)).sum() - own) for here, own in zip(home, lately, strict=True)]
        rate = np.where(home >= 0, 0.01 * np.exp(log_ratio * np.array(beside)), 0.0)
        done[:, day] = rng.random(home.size) < rate
    child, day = np.nonzero(done)
    when = tables.observed_from + pd.to_timedelta(day, unit="D")
    return pd.DataFrame({"kind": "restraint", "child_id": np.array(risk.child_ids)[child], "day": when})


@pytest.mark.slow
def test_whether_restraint_spreads_goes_the_same_way(tmp_path: Path) -> None:
    tables = small_world(3, n_homes=30, days=360).tables
    held = restrained(tables, log_ratio=1.0)
    tables = tables.with_events(held, declare={"restraint": {"meaning": "a restraint of the child"}})
    write_tables(tables, tmp_path / "tables")
    (tmp_path / "plan.toml").write_text(
        'models = ["M0", "M1"]\n[frame]\noutcome = "restraint"\n[sampling]\nmethod = "auto"\n[exposure]\nbeside = []\n'
    )
    done = run("fit", tmp_path / "tables", "--plan", tmp_path / "plan.toml", "--seed", 1, "-o", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "A restraint of the child, plan" in done.stdout
    assert "peers with a restraint of the child" in done.stdout
    evidence = read_evidence(tmp_path / "run/private/evidence.json")
    (ratio,) = (row for row in evidence.rows if row.hypothesis == "H1" and row.estimand == "rate_ratio")
    assert ratio.label == "one or more peers with a restraint of the child against none"
    assert ratio.interval_low < np.e < ratio.interval_high
    assert ratio.interval_low > 1
    assert "speaks of missing episodes" not in done.stderr
    assert any("only missing episodes are lived again" in note for note in evidence.notes)
    page = (tmp_path / "run/release/report.html").read_text(encoding="utf-8")
    assert "An episode is here a day on which this is recorded of the child: a restraint of the child." in page
    assert "recently missing" not in page
    assert "<h1>A restraint of the child:" in page


@pytest.mark.sampled
@pytest.mark.usefixtures("few_refits")
def test_the_pages_python_runs_as_printed(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    exec(compile(code, str(PAGE), "exec"), {})
    assert "an incident in the home (1 to 3 days before) (0 to 1)" in capsys.readouterr().out
