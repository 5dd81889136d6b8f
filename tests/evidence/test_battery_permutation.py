"""Randomisation tests: rearrangements form a group, p-values are uniform without influence, and small with it."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from tests.made_onsets import empty_design, truth_of, with_onsets

from missingmodels.evidence.robustness import permutation
from missingmodels.evidence.robustness.bench import Bench
from missingmodels.evidence.robustness.permutation import Nights, Seats, eventful, p_value, score, turned
from missingmodels.plan import Decision
from worlds import plan_of, small_world


def nights_of(residual: np.ndarray, recent: np.ndarray, home: np.ndarray, *, period: int) -> Nights:
    """Children (C, D) who stay in their home throughout."""
    children, days = residual.shape
    at = np.arange(children * days)
    day = at % days
    start = at - day % period
    seat = np.array([np.count_nonzero(home[:child] == home[child]) for child in range(children)])
    return Nights(
        home=np.repeat(home, days),
        day=day,
        residual=residual.ravel().astype(float),
        recent=recent.ravel(),
        segment_start=start,
        segment_length=np.minimum(period, days - day // period * period),
        first_of_period=day // period * period,
        seat=np.repeat(seat, days),
        homes=int(home.max()) + 1,
        days=days,
    )


def without_influence(rng: np.random.Generator, *, children: int = 8, days: int = 28, period: int = 14) -> Nights:
    """Two homes; in each period of each home a rate of its own, children independent given it, their days shifted by
    chance round the period so that their own episodes cluster."""
    home = np.arange(children) % 2
    onset, recent = np.zeros((2, children, days), dtype=bool)
    for h, p in itertools.product(range(2), range(days // period)):
        rate = rng.gamma(2.0) * 0.05
        for child in np.flatnonzero(home == h):
            own = rng.random(period) < rate
            label = np.logical_or.reduce([np.roll(own, k) for k in (1, 2, 3)])  # recency round the period
            part = slice(p * period, (p + 1) * period)
            onset[child, part], recent[child, part] = own, label
    return nights_of(onset - onset.mean(), recent, home, period=period)


def test_turns_form_a_group() -> None:
    """From any rearrangement the same set of scores is reached, so each is as likely as the observed one."""
    rng = np.random.default_rng(2)
    residual, recent = rng.normal(size=(3, 4)), rng.random((3, 4)) < 0.4
    nights = nights_of(residual, recent, np.array([0, 0, 0]), period=4)
    turns = [np.array(turn) for turn in itertools.product(range(4), repeat=3)]

    def orbit(start: Nights) -> np.ndarray:
        return np.sort([score(*turned(start, turn), start) for turn in turns])

    first = orbit(nights)
    assert np.unique(first.round(9)).size > 10
    for turn in turns[1::7]:
        values, labels = turned(nights, turn)
        other = nights_of(values.reshape(3, 4), labels.reshape(3, 4), np.array([0, 0, 0]), period=4)
        assert orbit(other) == pytest.approx(first)


def test_exact_p_of_an_enumeration() -> None:
    """Two children, three days: of the three distances between their days, the observed one is the only hit."""
    residual = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    recent = np.array([[False, False, False], [False, True, False]])
    nights = nights_of(residual, recent, np.array([0, 0]), period=3)
    assert score(nights.residual, nights.recent, nights) == 1.0  # child 0's onset stands beside child 1's recency
    drawn = [score(*turned(nights, np.array(turn)), nights) for turn in itertools.product(range(3), repeat=2)]
    assert np.mean(np.array(drawn) >= 1.0) == pytest.approx(1 / 3)


def test_p_values_are_uniform_without_influence() -> None:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(250):
        nights = without_influence(rng)
        drawn = [score(*turned(nights, permutation.random_turns(nights, rng)), nights) for _ in range(39)]
        found.append(p_value(score(nights.residual, nights.recent, nights), drawn))
    p = np.array(found)
    for level in (0.05, 0.25, 0.5):  # ties make it err to the safe side
        assert (p <= level).mean() <= level + 3 * np.sqrt(level * (1 - level) / p.size)
    assert p.mean() < 0.62
    assert (p <= 0.5).mean() > 0.38


def test_influence_is_found() -> None:
    """Each onset of one child follows the other's by a day, every time."""
    onset, recent = np.zeros((2, 2, 56), dtype=bool)
    for day in (3, 12, 20, 33, 41, 52):
        onset[0, day], onset[1, day + 1] = True, True
        recent[0, day + 1 : day + 3], recent[1, day + 2 : day + 4] = True, True
    nights = nights_of(onset - onset.mean(), recent, np.array([0, 0]), period=14)
    rng = np.random.default_rng(3)
    drawn = [score(*turned(nights, permutation.random_turns(nights, rng)), nights) for _ in range(199)]
    assert p_value(score(nights.residual, nights.recent, nights), drawn) <= 0.02


def test_the_fewest_rearrangements_that_can_say_influence() -> None:
    for probability, least in ((0.975, 39), (0.95, 19), (0.99, 99), (0.9, 9)):
        assert permutation.fewest_rearrangements(Decision(supported_probability=probability)) == least
        assert p_value(1.0, np.zeros(least)) <= 1 - probability + 1e-12
        assert p_value(1.0, np.zeros(least - 1)) > 1 - probability + 1e-12


def test_p_value_counts_the_observed_and_ties() -> None:
    assert p_value(3.0, [1.0, 2.0, 4.0]) == pytest.approx(2 / 4)
    assert p_value(3.0, [3.0, 3.0, 0.0]) == pytest.approx(3 / 4)
    assert p_value(9.0, list(range(9))) == pytest.approx(1 / 10)


def test_uneventful_periods_change_no_score() -> None:
    rng = np.random.default_rng(8)
    nights = without_influence(rng, children=4, days=84)
    quiet = (nights.home == 1) & (nights.first_of_period == 28)
    nights.recent[quiet] = False
    short = eventful(nights)
    assert 0 < short.home.size <= nights.home.size - quiet.sum()
    first = nights.segment_start == np.arange(nights.home.size)
    kept = np.isin(nights.home[first] * 1000 + nights.first_of_period[first], short.home * 1000 + short.first_of_period)
    for _ in range(5):
        turn = permutation.random_turns(nights, rng)
        assert score(*turned(short, turn[kept]), short) == pytest.approx(score(*turned(nights, turn), nights))


def test_seats_of_the_own_home_give_the_score_and_of_another_its_recency() -> None:
    rng = np.random.default_rng(4)
    home = np.array([0, 0, 0, 1, 1])
    residual, recent = rng.normal(size=(5, 10)), rng.random((5, 10)) < 0.3
    nights = nights_of(residual, recent, home, period=10)
    table = Seats(nights)
    assert table.score(np.array([0, 1])) == pytest.approx(score(nights.residual, nights.recent, nights))
    expected = 0.0
    members = {h: np.flatnonzero(home == h) for h in (0, 1)}
    for child in range(5):
        seat = int(np.flatnonzero(members[home[child]] == child)[0])
        others = [c for s, c in enumerate(members[1 - home[child]]) if s != seat]
        expected += sum(residual[child, day] for day in range(10) if recent[others, day].any())
    assert table.score(np.array([1, 0])) == pytest.approx(expected)


@pytest.mark.sampled
def test_nights_of_a_world_hold_its_onsets_and_their_expectation() -> None:
    tables = small_world(2, n_homes=8, days=200).tables
    plan = plan_of(sampling={"draws": 250}, gate={"ess_min": 100})
    bench = Bench(tables, plan, model="M1", seed=1, permutations=19)
    nights = permutation.nights_of(bench)
    risk = bench.risk()
    onsets = risk.onset[:, ~risk.before_window].sum()
    assert nights.home.size == np.count_nonzero(risk.residence >= 0)
    # with an intercept the residuals add up to nearly nothing, and no night without risk has one
    assert abs(nights.residual.sum()) < 0.1 * onsets
    assert nights.residual.max() > 0.5
    child, day = np.nonzero(risk.residence >= 0)
    assert not nights.residual[(risk.days_at_risk[child, day] == 0) | risk.before_window[day]].any()
    # a segment is one child in one home and period, without a gap in the order
    key = np.column_stack([child, nights.home, day // 28])
    for at in range(0, key.shape[0], 997):
        own = slice(nights.segment_start[at], nights.segment_start[at] + nights.segment_length[at])
        assert (key[own] == key[at]).all()
        assert (key == key[at]).all(axis=1).sum() == nights.segment_length[at]


K, S, SHARE, RATIO = 0.5, 1.1, 0.4, 0.1


def _gamma_of_mean(u: np.ndarray, mean: float) -> np.ndarray:
    return (K / mean) ** K * u ** (K - 1) * np.exp(-K * u / mean)


LAWS = {
    "gamma": ({}, lambda u: _gamma_of_mean(u, 1.0)),
    "log_normal": ({"frailty_sd_log": S}, lambda u: np.exp(-0.5 * ((np.log(u) + S**2 / 2) / S) ** 2) / u),
    "low_risk": (
        {"low_risk_share": SHARE, "low_risk_ratio": RATIO},
        lambda u: (
            SHARE * _gamma_of_mean(u, RATIO / (SHARE * RATIO + 1 - SHARE))
            + (1 - SHARE) * _gamma_of_mean(u, 1 / (SHARE * RATIO + 1 - SHARE))
        ),
    ),
}


@pytest.mark.parametrize("law", LAWS)
def test_expected_onsets_are_those_at_each_childs_posterior_mean(law: str) -> None:
    """E(u | Y) of every child on a grid of u, its law written out here."""
    rng = np.random.default_rng(5)
    further, density = LAWS[law]
    design = empty_design(rng, homes=3, per_home=4, periods=2)
    truth = truth_of(design, rng, law=law, rate=40.0, **further)
    design = with_onsets(design, truth, rng)
    rate = np.exp(design.log_rate(truth)[0])
    u = np.exp(np.linspace(-40, 5, 20_001))
    children = len(design.child_ids)
    mean = np.zeros(children)
    for child, y, expected in zip(
        range(children),
        np.bincount(design.child, design.onsets, children),
        np.bincount(design.child, design.days * rate, children),
        strict=True,
    ):
        weight = density(u) * u ** (y + 1) * np.exp(-u * expected)  # one u more for a grid of its logarithm
        mean[child] = (u * weight).sum() / weight.sum()
    found = permutation.expected_by_day(SimpleNamespace(parameters=truth), design)
    assert found == pytest.approx(design.days_at_risk * rate * mean[design.child], rel=1e-3)
    assert np.ptp(mean) > 0.5


def test_a_score_that_is_no_number_claims_nothing() -> None:
    found = permutation._line(None, "permuted_homes", "peers of another home", float("nan"), [1.0, 2.0])
    assert (found.says, found.p_value) == (None, None)
    assert "no finite expectation" in found.remark
