"""What prior sets expect: against values that priors fixed by the plan make certain, and told plainly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from made_onsets import empty_design
from missingmodels.evidence.prior_check import check_priors, drawn_parameters, last_year, predicted
from missingmodels.frame.design import Design
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.plan import Plan
from missingmodels.report.figures.style import png
from missingmodels.report.pages.prior_check import prior_figure, table_csv
from missingmodels.targets import targets
from worlds import plan_of

YEAR = 365.25


def year_design(periods: int = 13) -> Design:
    """600 children of 100 homes, half of whose 28 days a period are exposed."""
    design = empty_design(np.random.default_rng(1), homes=100, periods=periods)
    days = np.full(design.child.size, 14.0)
    return replace(design, days=days, days_at_risk=days, centre=np.array([0.5, 0.0]))


def fixed_plan(rate: float, *, shape: float = 1e6, peer: float = 0.0, **parts: object) -> Plan:
    """A plan whose priors leave nothing open: so many onsets a year for every child at the mean of the columns."""
    values = {"intercept": np.log(rate / YEAR), "frailty_shape": shape, "peer_presence": peer, "need_score": 0.0}
    values |= {"sigma_home": 0.0, "sigma_period": 0.0}
    replaced = {name: {"fixed": float(value)} for name, value in values.items()}
    return plan_of(priors={"replace": replaced}, **parts)


def one_set(design: Design, plan: Plan, draws: int = 40) -> dict[str, np.ndarray]:
    days, _ = last_year(design, 28)
    rng = np.random.default_rng(2)
    return dict(predicted(design, days, plan_priors(plan), plan.effects, rng, draws))


def test_certain_priors_give_the_rate_and_the_share_that_follow() -> None:
    design = year_design()
    found = one_set(design, fixed_plan(2.0))
    chance = -np.expm1(-2.0 / YEAR)
    # 600 children over 364 days each: a relative error of 0.5 % over the 40 draws
    assert found["episodes_per_resident_year"].mean() == pytest.approx(chance * YEAR, rel=0.015)
    assert found["share_without"].mean() == pytest.approx((1 - chance) ** 364, abs=0.01)
    # half of the days are exposed and the column is centred: a ratio of 4 halves one half and doubles the other
    found = one_set(design, fixed_plan(2.0, peer=np.log(4.0)))
    assert found["episodes_per_resident_year"].mean() == pytest.approx((1.0 + 4.0) / 2, rel=0.03)


def test_concentrated_frailty_leaves_many_without_and_few_with_much() -> None:
    design = year_design()
    even, uneven = (one_set(design, fixed_plan(2.0, shape=shape)) for shape in (1e6, 0.2))
    # a gamma of shape k leaves (k / (k + 2 * 364 / 365.25)) ** k without an episode
    expected = (0.2 / (0.2 + 2.0 * 364 / YEAR)) ** 0.2
    assert uneven["share_without"].mean() == pytest.approx(expected, abs=0.02)
    assert uneven["top5_share"].mean() > even["top5_share"].mean() + 0.05


def test_no_prior_puts_two_onsets_on_a_day() -> None:
    found = one_set(year_design(2), fixed_plan(1e7), draws=5)
    np.testing.assert_allclose(found["episodes_per_resident_year"], YEAR, rtol=0.01)


@pytest.mark.parametrize("law", ["gamma", "log_normal", "low_risk"])
def test_drawn_parameters_have_the_spread_of_their_scales(law: str) -> None:
    design = year_design(2)
    effects = {"frailty": law, "authority": True, "owner": True, "peer_slope_by_home": True}
    plan = plan_of(effects=effects)
    p = drawn_parameters(design, plan_priors(plan), plan.effects, np.random.default_rng(3), 400)
    assert p.frailty_law == law
    for name in ("home", "authority", "owner", "peer_slope"):
        values = p.home if name == "home" else p.effects[name].values
        ratio = (values / p.scalar(f"sigma_{name}")[:, None]).std()
        assert ratio == pytest.approx(1.0, abs=0.1), name
    assert p.frailty.mean() == pytest.approx(1.0, abs=0.1)


def test_the_last_year_is_thirteen_periods_of_the_window() -> None:
    design = year_design(16)
    days, span = last_year(replace(design, burn_in=design.period == 0), 28)
    assert span == 364
    assert set(design.period[days > 0]) == set(range(3, 16))
    days, span = last_year(replace(design, periods=3, burn_in=design.period != 5), 28)
    assert (span, set(design.period[days > 0])) == (28, {5})


def test_a_set_that_misses_what_is_known_is_told_plainly() -> None:
    design = year_design()
    plan = fixed_plan(40.0)
    found = check_priors(design, plan, seed=1, draws=20)
    assert {(row.use, row.name) for row in found} >= {("weak", "share_without"), ("informed", "top5_share")}
    rate = found[0]
    target = targets()["missing_rate_per_resident_year"]
    assert (rate.published_low, rate.published_high) == (target.low, target.high)
    assert (rate.verdict, rate.above) == ("misses", 1.0)
    assert "the set does not expect what is known" in found[0].sentence
    at_target = check_priors(design, fixed_plan(target.value, shape=0.5), seed=1, draws=20)[0]
    assert at_target.verdict == "covers"
    assert "does not expect" not in at_target.sentence
    without = check_priors(design, plan, seed=1, draws=20)[1]
    missing = targets()["missing_prevalence_year"]
    assert (without.published_low, without.published_high) == pytest.approx((1 - missing.high, 1 - missing.low))


def test_a_short_window_is_not_held_against_a_year() -> None:
    found = check_priors(year_design(4), fixed_plan(3.0, shape=0.4), seed=1, draws=10)
    verdicts = {row.name: row.verdict for row in found}
    assert verdicts == {"episodes_per_resident_year": "covers", "share_without": "", "top5_share": ""}
    assert "112 days" in found[1].remark


def test_the_same_seed_gives_the_same_table_and_figure() -> None:
    design, plan = year_design(4), plan_of()
    one, two = (check_priors(design, plan, seed=5, draws=20) for _ in range(2))
    assert table_csv(one) == table_csv(two)
    assert table_csv(one).count("\n") == 7
    assert png(prior_figure(one)) == png(prior_figure(two))
