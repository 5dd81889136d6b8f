"""Finished fits outlive what goes wrong after them, and a failed gate takes away no other model's answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from missingmodels.errors import DiagnosticsFailed
from missingmodels.evidence.record import EVIDENCE, read_evidence
from missingmodels.fitting.stores.kept import Kept, kept_folder
from missingmodels.fitting.stores.store import read_fit
from missingmodels.plan import Plan
from missingmodels.report.text import summary_text
from missingmodels.runs import answer as pipeline
from missingmodels.runs import tried
from missingmodels.runs import write as runs
from missingmodels.side_by_side import side_by_side
from missingmodels.tables import Tables
from worlds import plan_of, small_world

pytestmark = [pytest.mark.sampled, pytest.mark.usefixtures("few_refits")]
SETTINGS = {
    **{"models": ["M0", "M1"], "exposure": {"beside": []}, "gate": {"ess_min": 60}},
    "terms": {"vulnerability": "male", "history": "own_1_7", "structure": []},
}
PLAN = plan_of(**SETTINGS, sampling={"method": "laplace", "draws": 250})


@pytest.fixture(scope="module")
def tables() -> Tables:
    return small_world(4, n_homes=6, days=150).tables


class Killed(BaseException):
    """What no handler of errors catches."""


@dataclass
class Fitted:
    """Models that were fitted, in order; one of ``fatal`` ends the process instead."""

    models: list[str] = field(default_factory=list)
    fatal: tuple[str, ...] = ("M1",)


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> Fitted:
    seen, real = Fitted(), tried.fit

    def counted(design, plan, *, model, **more):
        if model in seen.fatal:
            raise Killed
        seen.models.append(model)
        return real(design, plan, model=model, **more)

    monkeypatch.setattr(tried, "fit", counted)
    return seen


def run(tables: Tables, place: Path, plan: Plan = PLAN, **more: object) -> tuple[pipeline.Answer, Path]:
    return runs.make_run(tables, plan, place, seed=1, source=tables, **more)  # type: ignore[arg-type]


def test_a_second_call_goes_on_where_the_first_was_killed(
    tables: Tables, tmp_path: Path, fitted: Fitted, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "run"
    with pytest.raises(Killed):
        run(tables, place)
    assert fitted.models == ["M0"]
    assert not place.exists()
    (kept,) = kept_folder(place).iterdir()
    assert f"1 finished fit is kept in {kept.parent}" in capsys.readouterr().err
    assert kept.parent.stat().st_mode & 0o077 == 0
    fitted.fatal = ()
    # another plan or seed finds nothing, and a damaged file is no fit
    prepared = pipeline.prepare(tables, PLAN)
    design, held = prepared.designs["M0", ""], Kept(kept.parent, print)
    other = plan_of(**SETTINGS, sampling={"method": "laplace", "draws": 251})
    assert held.get(design, PLAN, "M0", "", 1) is not None
    assert held.get(design, other, "M0", "", 1) is None
    assert held.get(design, PLAN, "M0", "", 2) is None
    assert held.get(prepared.designs["M1", "peer_presence"], PLAN, "M0", "", 1) is None
    found, page = run(tables, place)
    assert fitted.models == ["M0", "M1"]
    assert "M0 was finished before" in capsys.readouterr().err
    assert page.is_file()
    assert not kept.parent.exists()
    assert [fit.model for fit in found.fits] == ["M0", "M1"]


def test_a_damaged_kept_fit_is_fitted_anew(tables: Tables, tmp_path: Path, fitted: Fitted) -> None:
    said: list[str] = []
    held = Kept(tmp_path / "kept", said.append)
    design = pipeline.prepare(tables, PLAN).designs["M0", ""]
    fit = tried.fit(design, PLAN, model="M0", seed=1, allow_unconverged=True)
    held.add(fit, PLAN, 1)
    (path,) = (tmp_path / "kept").iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert held.get(design, PLAN, "M0", "", 1) is None
    assert "M0 is fitted anew" in said[-1]


def test_a_stop_while_the_first_fit_is_kept_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Kept, "_file", stopped)
    with pytest.raises(KeyboardInterrupt), Kept(tmp_path / ".out.partial", said.append) as held:
        held.add(SimpleNamespace(design=None, model="M0", exposure=""), Plan(), 1)  # type: ignore[arg-type]
    assert (list(tmp_path.iterdir()), said) == ([], [])


def test_one_failed_gate_leaves_the_others_and_says_which_is_absent(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tried.require_passed

    def strict(found, *, model, **more):
        if model.startswith("M1"):
            raise DiagnosticsFailed(f"model {model} did not pass", remedy="try", typed_remedy="type")
        real(found, model=model, **more)

    with monkeypatch.context() as patch:
        patch.setattr(tried, "require_passed", strict)
        with pytest.raises(DiagnosticsFailed, match="M1") as refused:
            run(tables, tmp_path / "run")
        assert refused.value.exit_code == 3
    place = tmp_path / "run"
    assert [path.name for path in (place / "private" / "fits").iterdir()] == ["M0.nc"]
    assert read_fit(place / "private" / "fits" / "M0.nc").model == "M0"
    (absent,) = json.loads((place / "manifest.json").read_text())["absent"]
    assert (absent["model"], absent["exposure"]) == ("M1", "peer_presence")
    evidence = read_evidence(place / "private" / EVIDENCE)
    assert [c["model"] for c in evidence.fitted] == ["M0"]
    assert [c["model"] for c in evidence.failed] == ["M1"]
    assert evidence.verdicts() == []
    assert "M1 (peer_presence) is left out" in evidence.notes[0]
    assert "NOT CONVERGED" in summary_text(evidence)
    page = (place / "release" / "report.html").read_text(encoding="utf-8")
    assert "model M1 (a recently missing peer) is left out" in page
    # both are kept: with the gate waived nothing is fitted again
    assert len(list(kept_folder(place).iterdir())) == 2
    monkeypatch.setattr(tried, "fit", None)
    found, _ = run(tables, place, overwrite=True, allow_unconverged=True)
    assert [fit.model for fit in found.fits] == ["M0", "M1"]
    assert not kept_folder(place).exists()


def test_side_by_side_the_same_is_answered_drawn_and_kept(tables: Tables, tmp_path: Path) -> None:
    plan = PLAN.changed({"sampling.method": "auto"})
    alone, _ = run(tables, tmp_path / "alone", plan)
    with side_by_side(1):
        beside, _ = run(tables, tmp_path / "beside", plan)
    assert [fit.certificate["method_asked"] for fit in beside.fits] == ["auto"] * len(alone.fits)
    for one, other in zip(alone.fits, beside.fits, strict=True):
        np.testing.assert_array_equal(one.parameters.intercept, other.parameters.intercept)
    assert beside.evidence.comparisons == alone.evidence.comparisons
    held = [sorted((tmp_path / name / "release" / "figures").iterdir()) for name in ("alone", "beside")]
    assert [path.name for path in held[0]] == [path.name for path in held[1]]
