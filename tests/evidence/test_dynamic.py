"""The dynamic attributable fraction: against all histories enumerated, and against the simulator's counterfactual."""

from __future__ import annotations

import itertools
import math
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from missingmodels.errors import CannotAnswer
from missingmodels.evidence.effects.dynamic import _of_columns, dynamic_attributable_fraction
from missingmodels.frame.design import Design, build_design
from missingmodels.frame.forward import ForwardDays, forward_days, require_forward
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.parameters import Effect, Parameters
from missingmodels.report.text import summary_text
from missingmodels.report.words import measure
from missingmodels.runs.answer import answer
from worlds import plan_of, small_world

STANDARD_ERRORS = 4

# Three children, days 40 to 42. Children 0, 1 and 2 live in home 0, child 2 in home 1 on day 42; a fourth resident of
# home 0 is nobody's peer but counts in density. Child 0 was missing on day 39, child 1 on day 33 and child 2 on day 13,
# so that own history passes 7, 8, 28 and 29 days. Child 2 cannot leave on day 40, child 1 is at risk half of day 41.
# Who leaves is back the same day or two days later.
FROM, DAYS, WINDOW, AWAY = 40, 43, 2, (0, 2)
HOME = {(c, d): int(c == 2 and d == 42) for c in range(3) for d in range(FROM, DAYS)}
LIVED = HOME | {
    (c, FROM - 1): 0 for c in range(3)
}  # so that 1 and 2 saw 0 leave on day 39; of days before nothing is known
RISK = {(c, d): {(2, 40): 0.0, (1, 41): 0.5}.get((c, d), 1.0) for c, d in HOME}
FIXED = ((13, 2), (33, 1), (39, 0))  # day, child
SHORT = (0.2, -0.4)  # short staffing by home
VALUES = {"own_1_7": 0.7, "own_8_28": -0.5, "exposure": 0.9, "short": 0.5}
FRAILTY, HOMES, SLOPES, INTERCEPT = (0.5, 1.5, 1.2), (0.1, -0.2), (0.3, -0.3), np.log(0.25)


def hand_made(exposure: str, *, witnessed: bool = True) -> tuple[ForwardDays, Parameters]:
    """The case above as the function takes it."""
    names = ("own_1_7", "own_8_28", exposure, f"{exposure}:short_staffing", "staff_ratio_within")
    matrix = np.zeros((4, 5))
    matrix[:, 4] = [-SHORT[0], -SHORT[0], -SHORT[0], -SHORT[1]]
    nothing = np.zeros(4, dtype=bool)
    design = Design(
        formula="", names=names, matrix=matrix, centre=np.zeros(5), scale=np.ones(5), child=np.array([0, 1, 2, 2]),
        home=np.array([0, 0, 0, 1]), period=np.zeros(4, dtype=int), onsets=np.zeros(4, dtype=int), days=np.ones(4),
        days_at_risk=np.ones(4), burn_in=nothing, before_window=nothing, child_ids=("a", "b", "c"),
        home_ids=("g", "h"), periods=1, notes=(), slope_of=exposure,
    )  # fmt: skip
    places = sorted(LIVED, key=lambda at: (at[1], LIVED[at], at[0]))
    child, day = np.array(places).T
    home = np.array([LIVED[at] for at in places])
    days = ForwardDays(
        design=design, exposure=exposure, window_days=WINDOW, witnessed=witnessed, children=3,
        from_day=FROM, count_from=FROM, first=np.searchsorted(day, np.arange(DAYS + 1)), child=child, home=home,
        spell=np.where(day < FROM, -1, child + home), risk=np.array([RISK.get(at, 0.0) for at in places]),
        others=np.where(home == 0, 3.0, 1.0), days_away=np.array(AWAY),
        fixed_first=np.searchsorted([d for d, _ in FIXED], np.arange(DAYS + 1)),
        fixed_child=np.array([c for _, c in FIXED]),
        fixed_place=np.array([places.index((c, d)) if (c, d) in LIVED else -1 for d, c in FIXED]),
    )  # fmt: skip
    values = (VALUES["own_1_7"], VALUES["own_8_28"], VALUES["exposure"], VALUES["short"], 0.0)
    one = np.ones(1)
    parameters = Parameters(
        intercept=np.array([INTERCEPT]), coefficients={n: np.array([v]) for n, v in zip(names, values, strict=True)},
        home_ids=("g", "h"), home=np.array([HOMES]), home_period=np.zeros((1, 2, 1)), child_ids=("a", "b", "c"),
        frailty=np.array([FRAILTY]), sigma_home=one, sigma_period=one, frailty_shape=one,
        effects={"peer_slope": Effect(ids=("g", "h"), values=np.array([SLOPES]))},
    )  # fmt: skip
    return days, parameters


def enumerated(exposure: str, *, exposed: bool, witnessed: bool) -> float:
    """Expected onsets over days 40 to 42, over all histories: (onset days, day of return) of each child."""
    start = tuple((tuple(d for d, c in FIXED if c == child), -1) for child in range(3))
    states = {start: 1.0}
    total = 0.0
    for day in range(FROM, DAYS):
        after: dict[tuple, float] = {}
        for state, weight in states.items():
            chances = [chance(exposure, child, day, state, exposed=exposed, witnessed=witnessed) for child in range(3)]
            total += weight * sum(chances)
            options = [
                [((onsets, back), 1 - p), *((((*onsets, day), day + n), p / len(AWAY)) for n in AWAY)]
                for (onsets, back), p in zip(state, chances, strict=True)
            ]
            for picks in itertools.product(*options):
                reached = tuple(s for s, _ in picks)
                after[reached] = after.get(reached, 0.0) + weight * math.prod(p for _, p in picks)
        states = after
    return total


def share_of(other: int, child: int, day: int, state: tuple, *, witnessed: bool) -> float:
    """What a recent peer is of those there: when the child last saw it leave, or today; 0 for one who is not recent."""
    for left in sorted(state[other][0], reverse=True):
        on = left if witnessed else day
        if day - WINDOW <= left < day and (other, on) in LIVED and LIVED[other, on] == LIVED[child, on]:
            return 1 / 3 if LIVED[child, on] == 0 else 1.0
    return 0.0


def chance(exposure: str, child: int, day: int, state: tuple, *, exposed: bool, witnessed: bool) -> float:
    onsets, back = state[child]
    home = HOME[child, day]
    # who left and came back on one day is at risk for the whole of the next
    left = max(onsets, default=-99)
    risk = RISK[child, day]
    if back > day:
        return 0.0
    if back == day and back > left:
        risk = min(risk, 0.5)
    shares = [share_of(c, child, day, state, witnessed=witnessed) for c in range(3) if c != child]
    recent = np.count_nonzero(shares)
    x = {"peer_presence": float(recent > 0), "peer_count": recent, "peer_density": sum(shares)}
    eta = INTERCEPT + HOMES[home] + np.log(FRAILTY[child])
    eta += VALUES["own_1_7"] * any(1 <= day - d <= 7 for d in onsets)
    eta += VALUES["own_8_28"] * any(8 <= day - d <= 28 for d in onsets)
    if exposed:
        eta += x[exposure] * (VALUES["exposure"] + SLOPES[home] + VALUES["short"] * SHORT[home])
    return -np.expm1(-risk * np.exp(eta))


@pytest.mark.parametrize("witnessed", [True, False])
@pytest.mark.parametrize("exposure", ["peer_presence", "peer_count", "peer_density"])
def test_against_all_histories_enumerated(exposure, witnessed):
    days, parameters = hand_made(exposure, witnessed=witnessed)
    runs = 40_000
    found = dynamic_attributable_fraction(parameters, days, seed=1, runs=runs)
    with_peers, without = (enumerated(exposure, exposed=e, witnessed=witnessed) for e in (True, False))
    # what a run adds up varies by less than 0.5
    limit = STANDARD_ERRORS * 0.5 / np.sqrt(runs)
    assert found.episodes[0] == pytest.approx(with_peers, abs=limit)
    assert found.without[0] == pytest.approx(without, abs=limit)
    assert abs(found.fraction[0] - (1 - without / with_peers)) < STANDARD_ERRORS * found.error[0]
    assert found.error[0] < 0.002


def test_days_are_ordered_by_their_columns_alone():
    """Were they ordered by children's own rates, those of children without an onset would always lie lowest."""
    days, parameters = hand_made("peer_presence")
    level = replace(parameters, coefficients={**parameters.coefficients, "staff_ratio_within": np.array([2.0])})
    by_hand = np.exp(INTERCEPT + 2 * np.array([-SHORT[0], -SHORT[0], -SHORT[0], -SHORT[1]]))
    np.testing.assert_allclose(_of_columns(level, days), by_hand)
    others = replace(level, frailty=level.frailty[:, ::-1], home=-level.home, home_period=level.home_period + 1)
    np.testing.assert_allclose(_of_columns(others, days), by_hand)


def test_without_an_effect_nothing_is_attributable():
    days, parameters = hand_made("peer_presence")
    none = {name: np.zeros(1) for name in ("peer_presence", "peer_presence:short_staffing")}
    level = replace(parameters, coefficients={**parameters.coefficients, **none}, effects={})
    found = dynamic_attributable_fraction(level, days, seed=2, runs=50)
    ulps = 8 * np.finfo(float).eps  # the arms add the same chances, by kernels that round a sum each in its way
    assert abs(found.fraction[0]) <= ulps, "both arms meet the same chance"
    assert found.error[0] <= ulps


def replicated(parameters: Parameters, draws: int) -> Parameters:
    """So many draws of the same values."""
    arrays = ("intercept", "home", "home_period", "frailty", "sigma_home", "sigma_period", "frailty_shape")
    return replace(
        parameters,
        **{name: np.repeat(getattr(parameters, name), draws, axis=0) for name in arrays},
        coefficients={name: np.repeat(v, draws) for name, v in parameters.coefficients.items()},
        effects={name: replace(e, values=np.repeat(e.values, draws, axis=0)) for name, e in parameters.effects.items()},
    )


def test_draws_do_not_depend_on_one_another():
    """The first draw alone gives what it gives among others, so blocks of draws change nothing."""
    days, parameters = hand_made("peer_count")
    both = replicated(parameters, 2)
    alone = dynamic_attributable_fraction(parameters, days, seed=3, runs=20)
    found = dynamic_attributable_fraction(both, days, seed=3, runs=20)
    assert found.fraction[0] == alone.fraction[0]
    assert found.fraction[1] != alone.fraction[0], "each draw meets chance of its own"


def test_the_draws_kept_are_spread_evenly():
    _, parameters = hand_made("peer_count")
    many = replicated(parameters, 10)
    many = replace(many, intercept=np.arange(10.0))
    assert many.thinned(4).intercept.tolist() == [0.0, 3.0, 6.0, 9.0]
    assert many.thinned(10).draws == many.thinned(400).draws == 10


@pytest.fixture(scope="module")
def case():
    """A busy world whose plan has a curve, moderation and a slope by home, its risk set, and its days to live again."""
    world = small_world(3, n_homes=10, days=150, onset={"rate_per_year": 9.0}, away={"median_hours": 40.0})
    plan = plan_of(
        models=["M0", "M3"],
        exposure={"beside": [], "moderation": "staff_ratio_within"},
        terms={"vulnerability": "bs(age_years, df=4) + male + need_score", "calendar": "weekend + season"},
        effects={"peer_slope_by_home": True},
    )
    risk = build_risk_set(world.tables, plan.frame)
    return world, plan, risk, forward_days(world.tables, risk, plan, model="M3", exposure="peer_presence")


def grid(days: ForwardDays, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(C, D) of (N,), NaN where nobody lives in a home."""
    out = np.full(shape, np.nan)
    out[days.child, np.repeat(np.arange(shape[1]), np.diff(days.first))] = values
    return out


def test_risk_is_the_observed_one_where_no_episode_is_under_way(case):
    _, _, risk, days = case
    shape = risk.residence.shape
    open_risk = grid(days, days.risk, shape)
    window = np.broadcast_to(~risk.before_window, shape)
    lived = (risk.residence >= 0) & window
    np.testing.assert_array_equal(np.isnan(open_risk), risk.residence < 0)
    np.testing.assert_array_equal(open_risk[~window & (risk.residence >= 0)], 0.0)
    # where somebody is at risk, they are without their episodes too; those add risk on days away and of return
    assert (open_risk[lived] >= risk.days_at_risk[lived]).all()
    more = lived & (open_risk > risk.days_at_risk)
    assert more.sum() > 50
    lengths = np.zeros(shape, dtype=bool)
    for child, day in zip(*np.nonzero(risk.onset & window), strict=True):
        lengths[child, day + 1 : day + 1 + int(days.days_away.max())] = True
    assert not (more & ~lengths).any(), "only days after an episode taken out gain risk"
    assert days.days_away.size == (risk.onset & window).sum()


def test_onsets_that_stay_are_those_before_the_window(case):
    _, _, risk, days = case
    early = np.nonzero(risk.onset_anywhere & risk.before_window)
    held = list(
        zip(days.fixed_child.tolist(), np.repeat(np.arange(risk.days), np.diff(days.fixed_first)).tolist(), strict=True)
    )
    assert sorted(held) == sorted(zip(early[0].tolist(), early[1].tolist(), strict=True))


def test_spells_have_the_log_rates_of_the_days_that_were_fitted(case):
    """Rows without weight move nothing: with what episodes move put in, each day at risk has its log rate."""
    world, plan, risk, days = case
    rows = build_rows(world.tables, risk, plan, by_day=True)
    design = build_design(rows, model_terms(plan, "M3", "peer_presence"), slope_of="peer_presence")
    assert days.design.names == design.names
    rng = np.random.default_rng(1)
    names, homes = design.names, len(design.home_ids)
    parameters = Parameters(
        intercept=np.array([-4.0]), coefficients={n: rng.normal(size=1) for n in names}, home_ids=design.home_ids,
        home=rng.normal(size=(1, homes)), home_period=rng.normal(size=(1, homes, design.periods)),
        child_ids=design.child_ids, frailty=np.ones((1, len(design.child_ids))), sigma_home=np.ones(1),
        sigma_period=np.ones(1), frailty_shape=np.ones(1),
        effects={"peer_slope": Effect(ids=design.home_ids, values=rng.normal(size=(1, homes)))},
    )  # fmt: skip
    moved = ("own_1_7", "own_8_28", "peer_presence")
    still = dict.fromkeys(moved, 0.0)
    calm = still | {"peer_presence": 1.0}
    spell = grid(days, days.spell, risk.residence.shape)
    child = np.searchsorted(risk.child_ids, np.array(design.child_ids))[design.child]
    at = spell[child, rows.frame["day"].to_numpy()]
    inside = ~design.burn_in
    assert (at[inside] >= 0).all()
    for held in (still, calm):
        found = days.design.log_rate(parameters, held=held)[0, at[inside].astype(int)]
        np.testing.assert_allclose(found, design.log_rate(parameters, held=held)[0, inside], rtol=1e-12)


@pytest.mark.parametrize(
    ("names", "exposure", "why"),
    [
        (("own_1_7", "peer_network"), "peer_network", "peer_network is not forwarded"),
        (("own_1_7", "peer_kernel"), "peer_kernel", "peer_kernel is not forwarded"),
        (("peer_presence", "outside_network"), "peer_presence", "episodes move outside_network"),
        (("peer_presence", "sqrt(own_1_7)"), "peer_presence", "episodes move sqrt"),
        (("peer_density", "peer_density_unrecorded"), "peer_density", "unrecorded on some days"),
    ],
)
def test_what_cannot_be_forwarded_says_why(names, exposure, why):
    with pytest.raises(CannotAnswer, match=why):
        require_forward(SimpleNamespace(names=names, constants={}), exposure)


def test_a_product_with_own_history_can_be_forwarded():
    require_forward(SimpleNamespace(names=("own_1_7", "own_1_7:male", "peer_count"), constants={}), "peer_count")


@pytest.mark.sampled
@pytest.mark.usefixtures("few_refits")
def test_rows_of_a_plan_and_why_an_exposure_has_none():
    """Beside the one-step fraction stands the dynamic one; where there can be none a note says why."""
    world = small_world(6, n_homes=20, days=200, contagion={"log_rate_ratio": 0.7})
    plan = plan_of(
        models=["M0", "M1"], exposure={"beside": ["peer_kernel"]}, sampling={"method": "laplace", "draws": 200},
        gate={"ess_min": 50, "k_hat_max": 1.0, "tail_share_max": 1.0},
    )  # fmt: skip
    evidence = answer(world.tables, plan, seed=1).evidence
    found = [r for r in evidence.rows if r.estimand.startswith("attributable_fraction")]
    assert [(r.estimand.removeprefix("attributable_fraction"), r.exposure, r.role) for r in found] == [
        ("", "peer_presence", "primary"),
        ("_dynamic", "peer_presence", "primary"),
        ("", "peer_kernel", "beside"),
    ]
    one_step, dynamic, _ = found
    assert dynamic.interval_low < one_step.median < dynamic.interval_high
    assert "Monte Carlo error" in dynamic.remark
    said = "no dynamic attributable fraction in M1 (peer_kernel): peer_kernel is not forwarded"
    assert [note[: len(said)] for note in evidence.notes if "dynamic" in note] == [said]
    text = summary_text(evidence)
    assert f"; {measure(dynamic)} with what those led to" in text


STUDIES = Path(__file__).resolve().parents[2] / "simulations"


@pytest.fixture
def study(monkeypatch):
    monkeypatch.syspath_prepend(STUDIES)
    monkeypatch.delitem(sys.modules, "dynamic_counterfactual", raising=False)
    import dynamic_counterfactual

    return dynamic_counterfactual


def agree(study, case: str, worlds: int) -> dict[str, float]:
    import pandas as pd

    held = pd.DataFrame([{"case": case, **study.one_world(case, 500 + n)} for n in range(worlds)])
    return study.summarise(held).iloc[0].to_dict()


@pytest.mark.sampled
def test_the_fraction_is_that_of_the_simulators_own_counterfactual(study):
    """At the true values, over a few worlds; what one step gives is another number, and that is seen."""
    found = agree(study, "peer_density", 8)
    assert abs(found["dynamic_minus_world"]) < STANDARD_ERRORS * found["dynamic_minus_world_error"]
    assert found["one_step_minus_world"] < -STANDARD_ERRORS * found["one_step_minus_world_error"]
    assert found["dynamic_minus_world_error"] < 0.02


@pytest.mark.slow
def test_every_case_that_must_agree_does_and_what_the_model_does_not_know_parts_them(study):
    for case in study.AGREE:
        found = agree(study, case, 40)
        assert abs(found["dynamic_minus_world"]) < STANDARD_ERRORS * found["dynamic_minus_world_error"], case
    for case in ("joint departures", "ties beyond the home"):
        found = agree(study, case, 40)
        assert found["dynamic_minus_world"] < -STANDARD_ERRORS * found["dynamic_minus_world_error"], case
