"""The tipping shock: the search for it, the verdict that it makes, and the conditional that it rests on."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

import missingmodels as mm
from missingmodels.evidence.decisions import (
    CANNOT_SAY,
    NEGLIGIBLE,
    SUPPORTED,
    UNLESS,
    UNLESS_ANY,
    WITHSTANDS,
    WITHSTANDS_OPEN,
    is_verdict,
    kind_of_verdict,
    rule_in_words,
)
from missingmodels.evidence.effects import withstood as module
from missingmodels.evidence.effects.withstood import LEAST, judged, withstood
from missingmodels.evidence.parts import Withstood
from missingmodels.fitting.fit import fit
from missingmodels.fitting.laplace import conditional
from missingmodels.fitting.laplace.conditional import Conditional, GivenShocks
from missingmodels.plan import Decision, Plan, kept_plan
from missingmodels.report.withstood import shocks_tried, withstood_words
from missingmodels.runs.answer import prepare

RULE = Decision()
EDGE = float(ndtri(RULE.supported_probability))


def tried(**changed: Any) -> Withstood:
    held: dict[str, Any] = {
        "model": "M1", "exposure": "peer_presence", "sd": (0.1, 0.3), "days": (7.0, 7.0), "probability": (0.99, 0.9),
        "log_density": (0.0, -1.0), "tipping_sd": 0.3, "tipping_days": 7.0, "tipping_log_density": -1.0,
    }  # fmt: skip
    return Withstood(**held | changed)


def row(verdict: str = SUPPORTED) -> Any:
    @dataclasses.dataclass(frozen=True)
    class _Row:
        verdict: str
        remark: str = ""

    return _Row(verdict)


@pytest.mark.parametrize(
    ("verdict", "found", "said"),
    [
        (SUPPORTED, tried(tipping_sd=0.3), f"{UNLESS}0.30"),
        (SUPPORTED, tried(tipping_sd=0.5), f"{UNLESS}0.50"),  # at the size that is asked for, it fails
        (SUPPORTED, tried(tipping_sd=0.51), f"{WITHSTANDS}0.5"),
        (SUPPORTED, tried(tipping_sd=None), f"{WITHSTANDS}0.5"),
        # the data are e⁻³·¹ times as likely where it fails, under the limit of 0.05; e⁻²·⁹ is above it
        (SUPPORTED, tried(log_density=(0.0, -3.1)), WITHSTANDS_OPEN),
        (SUPPORTED, tried(log_density=(0.0, -2.9)), f"{UNLESS}0.30"),
        (SUPPORTED, None, UNLESS_ANY),
        (NEGLIGIBLE, tried(), NEGLIGIBLE),
        (CANNOT_SAY, None, CANNOT_SAY),
    ],
)
def test_the_verdict_says_what_it_withstands(verdict: str, found: Withstood | None, said: str) -> None:
    assert judged(row(verdict), found, RULE).verdict == said
    assert is_verdict(said)
    assert kind_of_verdict(said) == verdict


def test_a_plan_that_asks_for_nothing_says_supported() -> None:
    plain = Decision(withstands={"sd": 0.0})
    assert judged(row(), tried(), plain).verdict == SUPPORTED
    assert "withstand" not in rule_in_words(plain)
    assert "0.5 of the log rate" in rule_in_words(RULE)


@pytest.mark.parametrize("text", ["supported!", f"{UNLESS}often", f"{WITHSTANDS}-0.5", f"{UNLESS}0.5 <b>", "maybe"])
def test_other_words_are_no_verdict(text: str) -> None:
    assert not is_verdict(text)


class _Line:
    """In place of fits: the estimate falls short of the rule from ``tips[days]`` on, along a straight line."""

    def __init__(self, tips: dict[float, float]) -> None:
        self.tips = tips

    def given(self, sd: float, days: float) -> Conditional:
        return Conditional(mean=EDGE + (self.tips[days] - sd), sd=1.0, log_density=-sd)


def test_the_least_size_at_the_worst_length_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    tips = {7.0: 0.62, 14.0: 0.37, 28.0: 0.45, 91.0: 3.0}
    monkeypatch.setattr(module, "GivenShocks", lambda *_: _Line(tips))
    seen: list[tuple[int, int]] = []
    watch = lambda *done: seen.append(done)  # noqa: E731
    found = withstood(*_nothing(), model="M1", exposure="peer_presence", seed=1, watch=watch)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert found is not None
    assert found.tipping_days == 14
    assert 0.37 <= found.tipping_sd <= 0.37 + LEAST
    assert max(found.log_density) == 0
    # up to the tipping size and no further; a length that never tips is tried at all sizes
    assert max(sd for sd, days in zip(found.sd, found.days, strict=True) if days == 91) == max(module.SIZES)


def test_an_answer_that_no_shock_overturns_has_no_tipping_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GivenShocks", lambda *_: _Line(dict.fromkeys((7.0, 14.0, 28.0, 91.0), 9.0)))
    found = withstood(*_nothing(), model="M1", exposure="peer_presence", seed=1)
    assert found is not None
    assert found.tipping_sd is None
    assert "under every shock that was tried" in withstood_words(found, RULE)


def test_without_a_mode_nothing_is_said_of_shocks(monkeypatch: pytest.MonkeyPatch) -> None:
    class _NoMode:
        def given(self, *_: float) -> Conditional:
            raise FloatingPointError("no mode")

    monkeypatch.setattr(module, "GivenShocks", lambda *_: _NoMode())
    assert withstood(*_nothing(), model="M1", exposure="peer_presence", seed=1) is None


def _nothing() -> tuple[Any, Plan]:
    @dataclasses.dataclass(frozen=True)
    class _Design:
        groups: Any = None
        slope_of: str = "peer_presence"

    return _Design(), Plan()


def test_the_page_shows_what_was_tried_and_what_holds() -> None:
    shown = shocks_tried(SimpleNamespace(withstood=tried(days=(7.0, 14.0), sd=(0.3, 0.3)), plan=Plan().model_dump()))
    assert shown is not None
    assert shown["sizes"] == ["0.3"]
    narrowed = tried(sd=(0.5, 0.41), days=(7.0, 14.0))
    shown_too = shocks_tried(SimpleNamespace(withstood=narrowed, plan=Plan().model_dump()))
    assert shown_too is not None
    assert shown_too["sizes"] == ["0.5"]  # a size tried at one length alone has its column, one between sizes none
    assert [cell["holds"] for line in shown["rows"] for cell in line["cells"]] == [True, False]
    assert "0.30" in shown["text"]
    assert shown["text"].endswith("over 7, 14, 28 days. It does not.")  # 0.3 is less than the 0.5 that the plan asks
    assert withstood_words(tried(tipping_sd=0.6), RULE).endswith("28 days.")


def test_a_plan_of_an_older_artefact_keeps_its_meaning() -> None:
    """Without the keys that came later: no shared process, nothing to withstand; with them, as they say."""
    held = Plan().model_dump(mode="json")
    del held["effects"]["sector_process"], held["decision"]["withstands"], held["frame"]["cell_days"]
    old = kept_plan(held)
    assert (old.effects.sector_process, old.decision.withstands.sd, old.cell_days) == ("none", 0.0, 28)
    assert kept_plan(Plan().model_dump(mode="json")) == Plan()
    assert Plan().effects.sector_process == "drift"


@pytest.mark.parametrize(
    ("name", "seed", "shocks"), [("small", 4, [(0.1, 7.0), (0.6, 14.0)]), ("tiny", 5, [(0.1, 14.0)])]
)
def test_a_conditional_is_the_fit_with_the_shock_held(name: str, seed: int, shocks: list[tuple[float, float]]) -> None:
    """Mean, spread and marginal likelihood of the coefficient against the weighted draws of a fit at that size.

    Of forty onsets in twelve homes the mode lies 0.12 above the mean, which is a fifth of the spread.
    """
    tables = mm.simulate_world(mm.load_scenario(name), seed=seed).tables
    plan = Plan(models=["M0", "M1"], exposure={"beside": []}, sampling={"method": "laplace", "draws": 500})
    key = ("M1", "peer_presence")
    design = prepare(tables, plan, fits=[key]).designs[key]
    given = GivenShocks(design, plan, "peer_presence", np.random.default_rng(1))
    densities = []
    for sd, days in shocks:
        found = given.given(sd, days)
        held = plan.changed(
            {
                "effects.home_process": "drift",
                "effects.home_process_days": days,
                "priors.replace": {"sigma_period": {"fixed": sd}},
            }
        )
        whole = fit(design, held, model="M1", exposure="peer_presence", seed=1, with_children=False)
        drawn = whole.parameters.coefficient("peer_presence")
        error = drawn.std() / np.sqrt(whole.diagnostics.importance_ess)
        assert found.mean == pytest.approx(drawn.mean(), abs=3 * error + 0.01)
        assert found.sd == pytest.approx(drawn.std(), rel=0.12)
        densities.append(found.log_density - whole.certificate["log_marginal_likelihood"])
    assert densities[0] == pytest.approx(densities[-1], abs=0.3)


def test_a_conditional_is_as_wide_as_what_the_other_scales_leave_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand: 0.3² + 0.4² at the mode; one sd of each scale moves it by 0.2 · 0.5 and by −0.3 · 2; none held adds."""
    monkeypatch.setattr(conditional, "mean_shift", lambda *_: (np.array([9.0, 0.05]), None))
    outer = np.array([[7.0, 0.3], [7.0, 0.4]])
    mode = SimpleNamespace(b=np.array([9.0, 0.2]), factor=SimpleNamespace(parts=lambda: (None, None, outer)))
    node = SimpleNamespace(b=np.array([9.0, 0.2]), log_density=-3.0)
    given = object.__new__(GivenShocks)
    given.__dict__ |= {"_at": 1, "_data": None, "rng": None}
    step, slopes = np.array([0.5, 2.0]), np.array([[7.0, 7.0], [0.2, -0.3]])
    found = given._of(mode, node, step, (slopes, None))
    assert found.mean == pytest.approx(0.25)
    assert found.sd**2 == pytest.approx(0.25 + 0.01 + 0.36)
    assert found.log_density == pytest.approx(-3 + np.log(0.5 * 2) + np.log(2 * np.pi))
    assert given._of(mode, node, np.zeros(0), None).sd == pytest.approx(0.5)
