"""The public names: few, loaded on first use, all that the guides need, and short to look at."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import missingmodels as mm
from missingmodels.fitting.fit import Fit
from missingmodels.runs.answer import Answer
from worlds import plan_of

ROOT = Path(__file__).resolve().parents[1]
MOST_NAMES = 41
GUIDES = sorted((ROOT / "analyses").glob("*.py"))


def test_there_are_few() -> None:
    assert len(mm.__all__) == len(set(mm.__all__)) <= MOST_NAMES
    for name in mm.__all__:
        assert getattr(mm, name).__doc__, name


@pytest.mark.parametrize("first", ["fit", "read_fit", "answer", "robustness"])
def test_a_name_is_the_same_thing_before_and_after_a_call(first: str) -> None:
    """``mm.fit`` is a function, whichever module was imported first."""
    program = f"""
import missingmodels as mm
mm.{first}
import missingmodels.fitting.fit, missingmodels.runs.answer, missingmodels.evidence.robustness
for name in mm.__all__:
    assert type(getattr(mm, name)).__name__ != "module", name
assert callable(mm.fit) and mm.fit.__module__ == "missingmodels.runs.fitted"
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("guide", [*GUIDES, ROOT / "README.md"], ids=lambda path: path.stem)
def test_a_guide_imports_from_the_package_alone(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    code = text.split("```python\n", 1)[1].split("```", 1)[0] if guide.suffix == ".md" else text
    tree = ast.parse(code)
    named = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert [name for name in named if name.startswith("missingmodels.")] == []
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_mm(node.value)}
    assert used <= {*dir(mm), "__file__"}


FAST = plan_of(models=("M0", "M1"), exposure={"beside": ()}, sampling={"method": "laplace", "draws": 250})


@pytest.fixture(scope="module")
def tables() -> mm.Tables:
    return mm.simulate_world(mm.load_scenario("tiny"), seed=1).tables


@pytest.fixture(scope="module")
def small_answer(few_refits: None) -> Answer:
    """Fits of M0 and M3 by the fast engine, and their evidence."""
    gate = {"ess_min": 50, "k_hat_max": 1.0, "tail_share_max": 1.0}
    plan = FAST.changed({"models": ["M0", "M3"], "gate": gate})
    tables = mm.simulate_world(mm.load_scenario("tiny"), seed=1).tables
    return mm.answer(tables, plan, seed=4, allow_unconverged=True)


@pytest.mark.sampled
def test_one_model_is_fitted_alike_to_tables_what_was_prepared_and_its_design(tables: mm.Tables) -> None:
    prepared = mm.prepare(tables, FAST)
    given = (tables, prepared, prepared.designs["M1", "peer_presence"])
    fits = [mm.fit(data, FAST, seed=2, allow_unconverged=True) for data in given]
    assert {(one.model, one.exposure) for one in fits} == {("M1", "peer_presence")}  # the fullest, the primary
    for one in fits[1:]:
        np.testing.assert_array_equal(one.values["intercept"], fits[0].values["intercept"])
    smaller = mm.fit(prepared, FAST, model="M0", allow_unconverged=True)
    assert (smaller.model, smaller.exposure) == ("M0", "")


def test_a_term_of_ones_own_brings_its_units_to_tables(tables: mm.Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("missingmodels.runs.fitted.fit_onset", lambda design, plan, **how: design)
    homes = tables["homes"]["home_id"].unique()
    own = mm.GroupEffect(
        name="districts",
        code="district",
        of_home={home: "north" if place % 2 else "south" for place, home in enumerate(homes)},
        parameters=("sigma_district",),
        equation="σ_district",
        priors={"sigma_district": mm.Prior(law="half_normal", sd=0.4)},
    )
    assert "district" in mm.fit(tables, FAST, model="M0", terms=[own]).units


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "M2"}, r"the plan has no model 'M2'"),
        ({"outcome": "counts"}, r"counts is fitted to tables, not to a Prepared"),
        ({"kind": "kernel"}, r"fitted to tables, not to a Prepared"),
        ({"exposure": "peer_density"}, r"no design of M1 peer_density was prepared"),
    ],
)
def test_what_cannot_be_fitted_is_told(tables: mm.Tables, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(mm.MissingModelsError, match=said):
        mm.fit(mm.prepare(tables, FAST), FAST, **asked)


def test_a_plan_is_changed_by_dotted_keys_and_told_from_others() -> None:
    other = FAST.changed({"frame.period_days": 91, "priors.use": "informed", "models": ["M0"]})
    assert (other.frame.period_days, other.priors.use, other.models) == (91, "informed", ("M0",))
    assert FAST.frame.period_days == 28
    assert len({FAST.digest, other.digest, FAST.changed({}).digest}) == 2
    for key in ("frame.period", "frames.period_days", "models.first"):
        with pytest.raises(mm.MissingModelsError, match=r"period|frames|models"):
            FAST.changed({key: 1})


@pytest.mark.sampled
def test_the_block_of_the_first_steps_runs(small_answer: Answer) -> None:
    """On a small sector and by the fast engine; the README's block runs as printed in ``test_docs``."""
    (code,) = re.findall(r"```py\n(.*?)```", (ROOT / "docs/start.md").read_text(encoding="utf-8"), flags=re.S)
    scenario = mm.load_scenario("small")
    tables = mm.simulate_world(scenario.model_copy(update={"days": 200}), seed=1).tables
    plan = mm.Plan(exposure={"beside": ()}, sampling={"method": "laplace"}, gate={"ess_min": 50, "k_hat_max": 1.0})
    held: dict[str, Any] = {"mm": mm, "tables": tables, "plan": plan, "answer": small_answer}
    exec(compile(code, "README", "exec"), held)
    assert held["found"].model == "M3"
    assert "posterior" in held["tree"]


def _is_mm(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "mm"


def objects(answer: Answer) -> dict[str, Any]:
    scenario = mm.load_scenario("tiny")
    world = mm.simulate_world(scenario, seed=1)
    plan = mm.load_plan("demo")
    return {
        "scenario": scenario,
        "world": world,
        "tables": world.tables,
        "plan": plan,
        "prepared": (prepared := mm.prepare(world.tables, plan)),
        "design": prepared.designs["M0", ""],
        "fit": answer.fits[0],
        "evidence": answer.evidence,
        "answer": answer,
    }


@pytest.mark.sampled
def test_everything_is_short_to_look_at(small_answer: Answer) -> None:
    for name, held in objects(small_answer).items():
        shown = repr(held)
        assert len(shown) < 1_500, (name, len(shown))
        assert shown.count("\n") <= 14, name
        assert "array(" not in shown
        html = getattr(held, "_repr_html_", lambda: "")()
        assert len(html) < 20_000, name
    assert "supported" in repr(small_answer) or "cannot say" in repr(small_answer)


@pytest.mark.sampled
def test_evidence_is_a_frame(small_answer: Answer) -> None:
    evidence = small_answer.evidence
    rows = evidence.to_frame()
    assert len(rows) == len(evidence.rows)
    assert rows["median"].tolist() == [row.median for row in evidence.rows]
    assert evidence.to_frame("comparisons")["difference"].tolist() == [c.difference for c in evidence.comparisons]
    assert len(evidence.to_frame("power_scaling")) == len(evidence.power_scaling) > 0
    fits = evidence.to_frame("fits")
    assert fits["model"].tolist() == ["M0", "M3"]
    assert fits["passed"].tolist() == [one.diagnostics.passed for one in small_answer.fits]


@pytest.mark.sampled
def test_a_summary_is_a_frame_of_what_is_reported(small_answer: Answer) -> None:
    found: Fit = small_answer.fits[1]
    table = found.summary()
    assert {"mean", "sd", "low", "median", "high", "ess_bulk", "r_hat"} <= set(table.columns)
    draws = found.parameters.coefficient("peer_presence")
    assert table.loc["peer_presence", "mean"] == pytest.approx(draws.mean())
    assert table.loc["peer_presence", "low"] == pytest.approx(np.quantile(draws, 0.025))
