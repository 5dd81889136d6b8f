"""The battery on one small sector: every line, its rule, and what it changes of the question."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from missingmodels.errors import ConfigInvalid, DiagnosticsFailed
from missingmodels.evidence.decisions import CANNOT_SAY, SUPPORTED
from missingmodels.evidence.robustness import battery
from missingmodels.evidence.robustness import bench as battery_bench
from missingmodels.evidence.robustness import contrasts as battery_contrasts
from missingmodels.evidence.robustness import controls as battery_controls
from missingmodels.evidence.robustness import curve as battery_curve
from missingmodels.evidence.robustness import variants as battery_variants
from missingmodels.evidence.robustness.bench import ALARM, Bench, Kind, Line, judged
from missingmodels.frame.placebo import departures, lagged_presence
from missingmodels.tables import Tables
from worlds import plan_of, small_world

PLAN = plan_of(sampling={"draws": 250}, gate={"ess_min": 100}, models=["M0", "M1"])


@pytest.fixture(scope="module")
def tables() -> Tables:
    return small_world(6, n_homes=8, days=200).tables


@pytest.fixture(scope="module")
def bench(tables: Tables) -> Bench:
    return Bench(tables, PLAN, model="M1", seed=1, permutations=19)


@pytest.fixture(scope="module")
def found(bench: Bench) -> battery.Battery:
    return battery.run_battery(bench, checks=battery.CHECKS, curve=False)


@pytest.mark.sampled
def test_every_check_fills_its_lines(found: battery.Battery) -> None:
    assert {line.check for line in found.lines} == set(battery.BY_NAME)
    keys = [(line.check, line.line) for line in found.lines]
    assert len(set(keys)) == len(keys)
    for line in found.lines:
        assert line.verdict
        if line.says is not None and line.check != "together":
            assert line.estimate is not None or line.p_value is not None
        if line.verdict == battery_bench.NOTHING:
            assert line.remark  # it says why
    influence = [line for line in found.lines if line.kind == "influence" and line.probability is not None]
    for line in influence:
        assert line.low is not None
        assert line.estimate is not None
        assert line.high is not None
        assert line.low < line.estimate < line.high
        if line.says is not None:
            assert line.says == (line.probability >= PLAN.decision.supported_probability), line


@pytest.mark.sampled
def test_the_primary_line_is_the_plans_own_fit(bench: Bench, found: battery.Battery) -> None:
    primary = found.lines[0]
    draws = np.exp(bench.main().parameters.coefficient("peer_presence"))
    assert primary.estimate == pytest.approx(np.median(draws))
    own = [line for line in found.lines if battery_variants.OWN in line.remark]
    assert [(line.check, line.line) for line in own] == [("periods", "home × 28 days"), ("windows", "7 days")]
    assert all(line.estimate == primary.estimate for line in own)


@pytest.mark.sampled
def test_a_line_under_another_plan_refits_the_data(bench: Bench, found: battery.Battery) -> None:
    by_key = {(line.check, line.line): line for line in found.lines}
    only = bench.fit_under(bench.plan.changed(battery_variants.period_changes(PLAN, 0)))
    assert (only.parameters.sigma_period == 0).all()
    assert bench.fit_under(bench.plan.changed(battery_variants.period_changes(PLAN, 14))).design.periods == 15
    estimates = [by_key["windows", f"{days} days"].estimate for days in battery_variants.WINDOWS]
    assert len(set(estimates)) == len(estimates)


def test_the_childs_exposure_is_split_into_mean_and_deviation(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[pd.DataFrame] = []

    class Stop(Exception):
        pass

    def keep(rows: object, *_: object, **__: object) -> None:
        held.append(rows.frame)  # type: ignore[attr-defined]
        raise Stop

    monkeypatch.setattr(bench, "fit_rows", keep)
    with pytest.raises(Stop):
        battery_variants.within_child(bench)
    frame = held[0][~held[0]["before_window"]]
    assert (frame["peer_within_child"] + frame["peer_child_mean"] - frame["peer_presence"]).abs().max() < 1e-12
    weighted = (frame["peer_within_child"] * frame["days_at_risk"]).groupby(frame["child"]).sum()
    assert weighted.abs().max() < 1e-9
    assert frame["peer_child_mean"].groupby(frame["child"]).nunique().max() == 1


def test_lags_ask_for_every_block_at_once_and_the_late_ones_are_alarms(bench: Bench, found: battery.Battery) -> None:
    lines = [line for line in found.lines if line.check == "lags"]
    assert [line.kind for line in lines] == ["influence", "influence", "alarm", "alarm"]


def test_the_placebo_outcome_is_the_end_of_a_stay(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    original = bench.fit_with

    def keep(exposure: str, extra: object = None, *, risk: object = None) -> object:
        asked.append(risk)
        return original(exposure, extra, risk=risk)  # type: ignore[arg-type]

    monkeypatch.setattr(bench, "fit_with", keep)
    (line,) = battery_controls.placebo_outcome(bench)
    risk = bench.risk()
    assert asked[0].onset.sum() == (departures(risk) & (risk.days_at_risk > 0)).sum()
    assert line.kind == "alarm"


@pytest.mark.sampled
def test_an_effect_of_what_cannot_act_is_an_alarm(bench: Bench) -> None:
    """The exposure itself, told as a control: a strong effect rings, under the rule of the plan."""
    fit = bench.main()
    shifted, at = fit.values["coefficients"].copy(), fit.design.names.index("peer_presence")
    shifted[:, at] += 0.1 - shifted[:, at].min()
    strong = dataclasses.replace(fit, values={**fit.values, "coefficients": shifted})
    as_alarm = judged(strong, "peer_presence", bench.rule, check="lags", line="", kind="alarm")
    as_influence = judged(strong, "peer_presence", bench.rule, check="lags", line="")
    assert (as_alarm.verdict, as_alarm.says) == (ALARM, True)
    assert (as_influence.verdict, as_influence.says) == (SUPPORTED, True)
    failed = dataclasses.replace(strong, diagnostics=dataclasses.replace(strong.diagnostics, failed=("Pareto k",)))
    line = judged(failed, "peer_presence", bench.rule, check="lags", line="")
    assert line.says is None
    assert "Pareto k" in line.remark


def _line(check: str, line: str, kind: Kind, says: bool | None) -> Line:
    return Line(check=check, line=line, kind=kind, says=says)


def test_all_together_needs_every_line_and_silence() -> None:
    yes = [_line(check, line, "influence", True) for check, line in battery.NEEDED]
    quiet = [_line("lags", "8–14 days ago", "alarm", False), _line("matched_home", "x", "alarm", None)]
    assert battery.together([*yes, *quiet]).verdict == SUPPORTED
    assert battery.together([*yes, _line("lags", "8–14 days ago", "alarm", True)]).verdict == CANNOT_SAY
    for at in range(len(yes)):
        for says in (False, None):
            without = [dataclasses.replace(line, says=says) if i == at else line for i, line in enumerate(yes)]
            assert battery.together([*without, *quiet]).verdict == CANNOT_SAY
    assert battery.together([*yes[1:], *quiet]).verdict == CANNOT_SAY  # a line that is absent says nothing


@pytest.mark.sampled
def test_the_curve_holds_every_combination_in_order(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(battery_curve, "WINDOWS", (3, 7))
    monkeypatch.setattr(battery_curve, "PERIODS", (0, 28))
    told: list[tuple[int, int]] = []
    curve = battery_curve.specification_curve(bench, report=lambda done, total: told.append((done, total)))
    laws = {one.frailty for one in curve}
    assert {"gamma", "log_normal"} <= laws  # of a low-risk class these few homes may have two modes, or none
    assert len(curve) == 2 * 2 * 3 * len(laws)
    assert told == [(at, len(curve)) for at in range(len(curve))]
    assert [one.estimate for one in curve] == sorted(one.estimate for one in curve)
    (chosen,) = [one for one in curve if one.chosen]
    assert (chosen.window_days, chosen.period_days, chosen.adjusted, chosen.frailty) == (
        7,
        28,
        "and the child",
        "gamma",
    )
    draws = np.exp(bench.main().parameters.coefficient("peer_presence"))
    assert chosen.estimate == pytest.approx(np.median(draws))
    assert len({one.estimate for one in curve}) == len(curve)


def test_a_plan_is_changed_by_dotted_keys_and_checked() -> None:
    assert PLAN.changed({"exposure.window_days": 3}).exposure.window_days == 3
    with pytest.raises(ConfigInvalid, match="burn_in"):
        PLAN.changed({"exposure.window_days": 60})


def test_what_only_the_sampler_fits_is_left_out_and_said() -> None:
    asked = {"effects": {"frailty": "log_normal", "owner": True, "home_process": "none"}}
    assert battery_bench.left_out_of_lines(PLAN.changed(asked)) == {"effects.owner": False}
    assert battery_bench.left_out_of_lines(PLAN) == {}


def test_lines_ask_what_is_recorded_where_the_plan_bounds_or_models_the_unseen(tables: Tables) -> None:
    for rule, left in (("bound", "keep"), ("model", "keep"), ("drop", None)):
        plan = PLAN.changed({"frame.coverage_rule": rule})
        assert battery_bench.left_out_of_lines(plan).get("frame.coverage_rule") == left
    bench = Bench(tables, PLAN.changed({"frame.coverage_rule": "bound"}), model="M1", seed=1, permutations=39)
    assert bench.plan.frame.coverage_rule == "keep"
    (line,) = battery_variants.primary(bench)
    assert "as recorded" in line.remark


NONE = {"effects.home_process": "none"}
FIXED = {"priors.replace": {"sigma_period": {"fixed": 0.0}, "sigma_home": {"fixed": 0.3}}}


@pytest.mark.parametrize("without", [NONE, FIXED])
def test_periods_are_asked_of_a_plan_that_has_none(tables: Tables, without: dict) -> None:
    """Without home-period effects of its own the lines still fit some, and home effects only is its own choice."""
    bench = Bench(tables, PLAN.changed(without), model="M1", seed=1, permutations=39)
    assert battery_variants.effective_period(bench.plan) == 0
    lines = {line.line: line for line in battery_variants.periods(bench, (0, 28))}
    assert lines["home effects only"].remark == battery_variants.OWN
    assert lines["home × 28 days"].remark == ""
    assert lines["home × 28 days"].estimate != lines["home effects only"].estimate
    plan = bench.plan.changed(battery_variants.period_changes(bench.plan, 28))
    assert bench.fit_under(plan).parameters.sigma_period.min() > 0
    assert dict(plan.priors.replace) == {k: v for k, v in bench.plan.priors.replace.items() if k != "sigma_period"}
    curve = [battery_curve._one(bench, 7, period, battery_curve.ADJUSTED[1], "gamma") for period in (0, 28)]
    assert [one.chosen for one in curve] == [True, False]


def test_a_replaced_prior_stays_where_periods_are_left_out() -> None:
    plan = PLAN.changed({"priors.replace": {"sigma_home": {"fixed": 0.3}, "sigma_period": {"mean": -1.0, "sd": 0.5}}})
    without = plan.changed(battery_variants.period_changes(plan, 0))
    assert set(without.priors.replace) == {"sigma_home"}
    assert without.effects.home_process == "none"
    shorter = plan.changed(battery_variants.period_changes(plan, 14))
    assert shorter.priors == plan.priors
    assert battery_variants.effective_period(shorter) == 14


def test_lags_that_the_burn_in_hides_are_told(tables: Tables) -> None:
    plan = PLAN.changed({"frame.burn_in_days": 10})
    lines = battery_variants.lags(Bench(tables, plan, model="M1", seed=1, permutations=39))
    assert [line.line.split()[0] for line in lines] == ["1–3", "4–7", "8–14", "15–28"]
    assert [line.verdict == battery_bench.NOTHING for line in lines] == [False, False, True, True]
    assert "burn-in of 10 days" in lines[2].remark


def test_all_together_needs_an_alarm_that_could_be_asked() -> None:
    yes = [_line(check, line, "influence", True) for check, line in battery.NEEDED]
    mute, quiet = _line("lags", "8–14 days ago", "alarm", None), _line("lags", "15–28 days ago", "alarm", False)
    for held in ([], [mute]):
        assert battery.together([*yes, *held]).verdict == CANNOT_SAY
    assert battery.together(yes).remark == "no alarm could be asked"
    both = battery.together([*yes, mute, quiet])
    assert both.verdict == SUPPORTED
    assert both.remark == "alarms that could not be asked: peers' episodes by how long ago, 8–14 days ago"


def test_a_check_that_cannot_be_fitted_says_why_and_the_rest_is_asked(bench: Bench) -> None:
    def refuses(_: Bench) -> list[Line]:
        raise DiagnosticsFailed("two modes", remedy="sample")

    checks = [dataclasses.replace(check, run=refuses) for check in battery.KEPT[:2]]
    found = battery.run_battery(bench, checks=[*checks, battery.BY_NAME["permuted_recency"]], curve=False)
    first, second, third, together = found.lines
    assert (first.check, first.line, first.says, first.remark) == (*battery.PRIMARY, None, "two modes")
    assert (second.says, second.remark) == (None, "two modes")
    assert third.p_value is not None
    assert together.says is False


@pytest.mark.sampled
def test_a_contrast_is_the_difference_of_two_effects_of_one_model(bench: Bench) -> None:
    near, far = (lagged_presence(bench.peers(), first_lag=a, last_lag=b, witnessed=True) for a, b in ((1, 7), (8, 28)))
    apart = bench.fit_with("peer_near + peer_far", {"peer_near": near, "peer_far": far}).parameters
    difference = apart.coefficient("peer_near") - apart.coefficient("peer_far")
    (line,) = battery_contrasts.nearness(bench)
    assert line.line == "1–7 days ago, against the days before (8–28)"
    assert line.estimate is not None
    assert np.log(line.estimate) == pytest.approx(np.median(difference), abs=0.2 * difference.std())
    short = Bench(bench.tables, PLAN.changed({"frame.burn_in_days": 7}), model="M1", seed=1, permutations=19)
    (silent,) = battery_contrasts.nearness(short)
    assert "too short" in silent.remark


def test_contrasts_are_not_measured_and_have_no_voice() -> None:
    assert {"likeness", "nearness"} <= set(battery.UNMEASURED)
    loud = Line(check="likeness", line="of one's own sex, against the others", kind="influence", says=True)
    assert not battery.together([loud]).says
