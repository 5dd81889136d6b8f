"""The blind densities against what they must be: normalised, equal to quadrature, and as their pages describe them."""

from itertools import pairwise, product

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import expit

from . import (
    counts,
    daily_drift,
    daily_exposure,
    daily_hawkes,
    daily_kernel,
    days_to_return,
    interview,
    joint_departures,
    laws,
    onset_gamma,
    onset_log_normal,
    onset_low_risk,
    onset_rate,
    recording,
    rows,
    serious,
    unseen_peers,
)


def onset_world(seed=1, size=40):
    """Rows and values that every onset model can read."""
    rng = np.random.default_rng(seed)
    home = rng.integers(0, 3, size)
    data = {
        "child": rng.integers(0, 6, size),
        "children": 7,
        "home": home,
        "home_period": 2 * home + rng.integers(0, 2, size),
        "authority": np.array([0, 1, -1])[home],
        "owner": np.array([1, -1, 0])[home],
        "peer_exposure": rng.integers(0, 2, size),
        "columns": rng.normal(size=(size, 2)),
        "names": ["own_1_7", "something_else"],
        "onset": rng.poisson(0.5, size),
        "days": rng.uniform(1, 20, size),
    }
    values = {
        "intercept": -2.5,
        "coefficients": np.array([0.4, -0.2]),
        "home": rng.normal(0, 0.3, 3),
        "sigma_home": 0.3,
        "home_period": rng.normal(0, 0.2, 6),
        "sigma_period": 0.2,
        "authority": rng.normal(0, 0.2, 2),
        "sigma_authority": 0.2,
        "owner": rng.normal(0, 0.2, 2),
        "sigma_owner": 0.15,
        "peer_slope": rng.normal(0, 0.2, 3),
        "sigma_peer_slope": 0.25,
        "frailty_shape": 0.6,
        "frailty_sd_log": 1.1,
        "low_risk_share": 0.4,
        "low_risk_ratio": 0.05,
        "child": rng.normal(size=7),
    }
    return values, data


def daily_world(seed=2, days=90, children=4):
    """Two homes of children who stay, one row a day."""
    rng = np.random.default_rng(seed)
    onset = rng.uniform(size=(children, days)) < 0.08
    child, day = (part.ravel() for part in np.meshgrid(np.arange(children), 700 + np.arange(days), indexing="ij"))
    home = child // 3
    lives = np.repeat((np.arange(children) // 3)[:, None], 700 + days, axis=1)
    found = np.nonzero(onset)
    data = {
        "child": child,
        "home": home,
        "home_period": 4 * home + (day - 700) // 28,
        "day": day,
        "lives": lives,
        "residents": np.array([(lives == h).sum(axis=0) for h in range(2)]),
        "witnessed": True,
        "onset_child": found[0],
        "onset_day": 700 + found[1],
        "columns": rng.normal(size=(len(child), 1)),
        "names": ["age_years"],
        "onset": onset.ravel().astype(int),
        "days": 1 - onset.ravel() / 2,
        "cells": np.arange(700 // 7, (700 + days - 1) // 7 + 1),
    }
    values = {
        "intercept": -2.5,
        "coefficients": np.array([0.1]),
        "home": np.array([0.2, -0.1]),
        "sigma_home": 0.3,
        "home_period": rng.normal(0, 0.2, 8),
        "sigma_period": 0.2,
        "frailty_shape": 0.6,
        "frailty_sd_log": 1.2,
        "child": rng.normal(size=children),
        "peer_kernel": 0.3,
        "kernel_days": 6.0,
        "own_branching": 0.2,
        "peer_branching": 0.1,
        "sigma_process": 0.4,
        "process_days": 20.0,
        "home_process": rng.normal(0, 0.4, (2, len(data["cells"]))),
    }
    return values, data


def without(values, *names):
    return {name: value for name, value in values.items() if name not in names}


@pytest.mark.parametrize(
    ("name", "figures", "lower", "upper"),
    [
        ("normal", (0.5, 0.2), -2, 3),
        ("half-normal", (0.4,), 0, 5),
        ("log-normal", (2.0, 0.5), 1e-9, 100),
        ("beta", (0.4, 0.2), 0, 1),
    ],
)
def test_laws_integrate_to_one(name, figures, lower, upper):
    whole = quad(lambda x: np.exp(laws.LAWS[name](x, *figures)), lower, upper, limit=400)[0]
    assert whole == pytest.approx(1, abs=1e-6)


def test_beta_is_that_of_the_page():
    assert laws.beta(0.3, 0.5, 0.223607) == pytest.approx(stats.beta.logpdf(0.3, 2, 2), abs=1e-5)
    assert laws.beta(0.3, 0.4, 0.2) == pytest.approx(stats.beta.logpdf(0.3, 2, 3), abs=1e-9)


def test_gamma_is_the_integral():
    y, n, eta, k = np.array([0, 2, 1]), np.array([5.0, 3.0, 9.0]), np.array([-1.0, -0.4, -2.0]), 0.7

    def integrand(u):
        return np.exp(laws.poisson_kernel(y, n, eta + np.log(u))) * stats.gamma.pdf(u, k, scale=1 / k)

    whole = quad(integrand, 0, 1, limit=300)[0] + quad(integrand, 1, 60, limit=300)[0]
    assert laws.gamma_poisson(y, n, eta, k) == pytest.approx(np.log(whole), abs=1e-6)


def test_rows_add_up_and_split_without_loss():
    once = laws.gamma_poisson([3], [20.0], [-1.3], 0.5)
    split = laws.gamma_poisson([1, 0, 2], [4.0, 6.5, 9.5], [-1.3] * 3, 0.5)
    assert once == pytest.approx(split, abs=1e-12)


def test_half_a_day_is_the_daily_chance():
    for rate in (0.01, 0.1, 0.3):
        exact = np.log(-np.expm1(-rate))
        assert laws.poisson_kernel(1, 0.5, np.log(rate)) == pytest.approx(exact, abs=rate**2 / 20)


def test_before_the_window_follows_the_sums():
    values, data = onset_world()
    before = np.arange(40) < 15
    got = onset_gamma.log_likelihood(values, data | {"before": before})
    plain = without(data, "before")
    parts = {}
    for name, rows_ in (("all", np.ones(40, bool)), ("before", before)):
        part = {key: value[rows_] if isinstance(value, np.ndarray) else value for key, value in plain.items()}
        parts[name] = onset_gamma.log_likelihood(values, part)
    assert got == pytest.approx(parts["all"] - parts["before"], abs=1e-10)


def test_low_risk_class_is_the_mixture():
    values, data = onset_world()
    share, ratio, k = values["low_risk_share"], values["low_risk_ratio"], values["frailty_shape"]
    mean = share * ratio + 1 - share
    eta = onset_rate.log_rate(values, data)
    total = 0.0
    for i in range(6):
        own = data["child"] == i
        y, n, e = data["onset"][own], data["days"][own], eta[own]

        def integrand(g, c, y=y, n=n, e=e):
            u = g * c / mean
            return np.exp(laws.poisson_kernel(y, n, e + np.log(u))) * stats.gamma.pdf(g, k, scale=1 / k)

        def whole(c, integrand=integrand):
            cuts = [1e-300, 0.01, 0.5, 2, 10, 80]
            return sum(quad(integrand, a, b, args=(c,))[0] for a, b in pairwise(cuts))

        total += np.log(share * whole(ratio) + (1 - share) * whole(1.0))
    assert onset_low_risk.log_likelihood(values, data) == pytest.approx(total, abs=1e-4)
    alike = onset_low_risk.log_likelihood(values | {"low_risk_ratio": 1.0}, data)
    assert alike == pytest.approx(onset_gamma.log_likelihood(values, data), abs=1e-9)


def test_log_normal_has_mean_one_and_both_ways_agree():
    s = 0.8
    mean = quad(lambda z: np.exp(s * z - s**2 / 2) * stats.norm.pdf(z), -12, 12)[0]
    assert mean == pytest.approx(1, abs=1e-8)
    values, data = onset_world()
    scaled = np.arange(7) < 3
    child = np.where(scaled, values["frailty_sd_log"], 1.0) * values["child"]
    one = onset_log_normal.log_density(values, data)
    other = onset_log_normal.log_density(values | {"child": child}, data | {"child_scaled": scaled})
    assert other == pytest.approx(one - 3 * np.log(values["frailty_sd_log"]), abs=1e-9)


@pytest.mark.parametrize(("y", "n", "s"), [([0], [300.0], 2.5), ([40, 60], [200.0, 100.0], 1.05), ([1], [3.0], 0.3)])
def test_log_normal_child_is_the_integral(y, n, s):
    eta = np.full(len(y), -1.0)
    expected, total = np.sum(n) * np.exp(-1.0), np.sum(y)
    top = -total if total == 0 else total * np.log(total / expected) - total

    def integrand(z):
        log_u = s * z - s**2 / 2
        return np.exp(total * log_u - expected * np.exp(log_u) - top) * stats.norm.pdf(z)

    cuts = np.linspace(-12, 12, 49)
    whole = sum(quad(integrand, a, b)[0] for a, b in pairwise(cuts))
    got = onset_log_normal.log_likelihood_of_child(y, n, eta, s)
    assert got == pytest.approx(np.log(whole) + top - total, abs=1e-5)


def test_effects_enter_where_they_belong():
    values, data = onset_world()
    zero = {name: np.zeros_like(values[name]) for name in ("home", "home_period", "authority", "owner", "peer_slope")}
    base = onset_rate.log_rate(values | zero, data)
    for name, group, weight in (
        ("home", "home", 1),
        ("home_period", "home_period", 1),
        ("authority", "authority", 1),
        ("owner", "owner", 1),
        ("peer_slope", "home", data["peer_exposure"]),
    ):
        moved = onset_rate.log_rate(values | zero | {name: np.eye(len(zero[name]))[0]}, data) - base
        assert moved == pytest.approx((data[group] == 0) * weight)
    slim = without(values, "home_period", "sigma_period")
    difference = onset_gamma.log_prior(values, data) - onset_gamma.log_prior(slim, data)
    assert difference == pytest.approx(
        stats.norm.logpdf(values["home_period"], 0, 0.2).sum() + stats.halfnorm.logpdf(0.2, 0, 0.5)
    )


def test_kernel_by_hand():
    data = {
        "day": [100, 100],
        "child": [0, 3],
        "lives": np.repeat([[0], [0], [0], [1]], 101, axis=1),
        "residents": np.repeat([[3], [1]], 101, axis=1),
        "onset_child": [1, 1, 1, 2, 2, 3, 0],
        "onset_day": [99, 100, 39, 40, 95, 99, 99],
        "witnessed": True,
    }
    faded = daily_exposure.faded_onsets_of_others(data, 5.0)
    assert faded == pytest.approx([np.exp(-1 / 5) + np.exp(-60 / 5) + np.exp(-1), 0])
    # 2 moves on to 3 on day 98: what it did before stays with 0, or with whoever lives with it by the other definition
    data["lives"][2, 98:] = 1
    assert daily_exposure.faded_onsets_of_others(data, 5.0) == pytest.approx(faded)
    moved = daily_exposure.faded_onsets_of_others(data | {"witnessed": False}, 5.0)
    assert moved == pytest.approx([np.exp(-1 / 5), np.exp(-60 / 5) + np.exp(-1)])
    assert daily_kernel.peer_ratio_week(0.3, 5.0) < daily_kernel.peer_ratio(0.3, 5.0)


def test_drift_is_stationary_and_markov():
    sigma, length, cells = 0.5, 20.0, np.arange(6)
    path = np.array([0.3, 0.1, -0.4, 0.2, 0.6, 0.5])
    phi = np.exp(-7 / length)
    steps = stats.norm.logpdf(path[1:], phi * path[:-1], sigma * np.sqrt(1 - phi**2)).sum()
    chain = stats.norm.logpdf(path[0], 0, sigma) + steps
    assert daily_drift.log_density_of_process(path, cells, sigma, length) == pytest.approx(chain, abs=1e-9)
    gap = stats.norm.logpdf(path[1], phi**4 * path[0], sigma * np.sqrt(1 - phi**8))
    apart = daily_drift.log_density_of_process(path[:2], [2, 6], sigma, length)
    assert apart == pytest.approx(stats.norm.logpdf(path[0], 0, sigma) + gap, abs=1e-9)


def test_hawkes_offspring():
    assert daily_exposure.offspring_shares(5.77).sum() == pytest.approx(1)
    for children in (2, 3, 7):
        matrix = daily_hawkes.offspring_matrix(0.3, 0.2, children)
        assert matrix.sum(axis=0) == pytest.approx(np.full(children, 0.5))
        assert np.abs(np.linalg.eigvals(matrix)).max() == pytest.approx(0.5)
    assert daily_hawkes.offspring_matrix(0.3, 0.2, 1) == pytest.approx(np.array([[0.3]]))
    assert daily_hawkes.offspring_of_one_onset_a_day(0.3, 5.77, 0.0) < 0.3


def test_hawkes_intensity_of_one_onset_adds_up_over_the_days_after():
    days = np.arange(1, 80)
    data = {
        "day": np.tile(days, 3),
        "child": np.repeat([0, 1, 2], len(days)),
        "lives": np.zeros((3, 80), dtype=int),
        "residents": np.full((1, 80), 3),
        "witnessed": True,
        "onset_child": [0],
        "onset_day": [0],
    }
    own, others = daily_exposure.own_and_peer_onsets(data, 8.0)
    assert own.sum() == pytest.approx(1)
    assert own[79:].sum() == 0
    assert others.sum() == pytest.approx(1)
    assert others[79:158].sum() == pytest.approx(0.5)


def test_hawkes_without_excitation_is_the_log_normal_model():
    values, data = daily_world()
    calm = values | {"own_branching": 0.0, "peer_branching": 0.0}
    onset = onset_log_normal.log_likelihood(values, data)
    assert daily_hawkes.log_likelihood(calm, data) == pytest.approx(onset, abs=1e-8)


def test_kernel_without_influence_is_the_onset_model():
    values, data = daily_world()
    still = daily_kernel.log_likelihood(values | {"peer_kernel": 0.0}, data)
    assert still == pytest.approx(onset_gamma.log_likelihood(values, data), abs=1e-8)
    drift = without(values, "home_period", "sigma_period")
    level = drift | {"home_process": np.zeros_like(values["home_process"]), "peer_kernel": 0.0}
    assert daily_drift.log_likelihood(level, data) == pytest.approx(onset_gamma.log_likelihood(drift, data), abs=1e-8)


def test_counts_sum_to_one():
    y = np.arange(4000)
    chance = np.exp(counts.log_probability(y, 3.0, 0.8))
    assert chance.sum() == pytest.approx(1, abs=1e-9)
    mean = (y * chance).sum()
    assert mean == pytest.approx(3)
    assert (y**2 * chance).sum() - mean**2 == pytest.approx(3 + 9 / 0.8)


def test_returns_sum_to_one():
    bands = np.array([0.3, -0.5, -1.0, 0.2])
    chances = [np.exp(days_to_return.log_probability(t, True, -1.2, bands)) for t in range(40)]
    beyond = np.exp(days_to_return.log_probability(40, False, -1.2, bands))
    assert sum(chances) + beyond == pytest.approx(1)
    assert [days_to_return.band(t) for t in (0, 1, 2, 6, 7, 27, 28, 90)] == [0, 1, 2, 2, 3, 3, 4, 4]
    assert chances[0] == pytest.approx(1 - np.exp(-np.exp(-1.2)))


@pytest.mark.parametrize("theta", [-1.5, 0.0, 1.2])
def test_joint_departures_sum_to_one(theta):
    log_odds = np.log([0.5, 1, 1]) + np.array([-2.0, -0.5, -3.0])
    chance = {s: np.exp(joint_departures.log_probability(s, log_odds, theta)) for s in product((0, 1), repeat=3)}
    assert sum(chance.values()) == pytest.approx(1)
    for j in (1, 2):
        with_j = sum(p for s, p in chance.items() if s[0] and s[j])
        without_j = sum(p for s, p in chance.items() if s[0] and not s[j])
        assert with_j / without_j == pytest.approx(np.exp(log_odds[j] + theta))
    if theta == 0:
        assert chance[1, 0, 1] == pytest.approx(expit(log_odds[0]) * expit(-log_odds[1]) * expit(log_odds[2]))


def test_interview_stands_for_28_days():
    assert [interview.held(day, 10) for day in (10, 11, 38, 39)] == [0, 1, 1, 0]
    assert interview.held(5, None) == 0
    assert [interview.since_return(day, 0) for day in (0, 7, 8, 28, 29, 89, 90)] == [0, 0, 1, 1, 2, 2, 3]
    assert interview.since_return(3, None) == -1


def test_recording_sums_to_one_and_sums_over_what_neither_holds():
    mean, a, b, shape = 1.5, 0.7, 0.5, 1.3
    grid = range(32)
    whole = sum(np.exp(recording.log_probability(n, i, j, mean, a, b, shape)) for n in grid for i in grid for j in grid)
    assert whole == pytest.approx(1, abs=1e-4)
    seen = np.array([2, 1, 0])
    chances = np.array([a * b, a * (1 - b), (1 - a) * b, (1 - a) * (1 - b)])
    complete = 0.0
    for neither in range(200):
        every = int(seen.sum()) + neither
        split = stats.multinomial.pmf([*seen, neither], every, chances)
        complete += np.exp(counts.log_probability(every, mean, shape)) * split
    assert recording.log_probability(*seen, mean, a, b, shape) == pytest.approx(np.log(complete), abs=1e-9)


def test_rows_sum_to_one():
    base = {"columns": np.ones((2, 1)), "child": [0, 0], "exposure": [2.0, 3.0]}
    values = {"coefficients": [-0.5], "frailty_shape": 2.5, "child": [0.3]}
    grid = range(60)
    for frailty in ("gamma", "lognormal", None):
        whole = sum(
            np.exp(rows.log_likelihood(values, base | {"outcome": [i, j], "frailty": frailty}))
            for i in grid
            for j in grid
        )
        assert whole == pytest.approx(1, abs=1e-6)
    trials = base | {"trials": [4, 2], "frailty": "normal"}
    whole = sum(np.exp(rows.log_likelihood(values, trials | {"outcome": [i, j]})) for i in range(5) for j in range(3))
    assert whole == pytest.approx(1)


def test_gamma_of_one_row_is_negative_binomial():
    data = {"outcome": [3], "exposure": [4.0], "columns": [[1.0]], "child": [0], "frailty": "gamma"}
    got = rows.log_likelihood({"coefficients": [-0.7], "frailty_shape": 0.9}, data)
    assert got == pytest.approx(counts.log_probability(3, 4 * np.exp(-0.7), 0.9))


def test_unseen_peers_fill_their_share():
    for share, stay in ((0.3, 50.0), (0.97, 20.0), (0.999, 20.0), (1.0, 20.0), (0.0, 20.0)):
        enter, leave, again = unseen_peers.chances(share, stay)
        assert all(0 <= chance <= 1 for chance in (enter, leave, again))
        assert share * leave * (1 - again) == pytest.approx((1 - share) * enter)
    assert unseen_peers.filled_share(0.9, 0.6) == pytest.approx((0.9 - 0.6) / 0.4)
    weight = unseen_peers.log_weight([1, 0], [0.5, 1.0], [-2.0, -3.0], [1, 0], [0, 1], 0.4, -0.2)
    full = laws.poisson_kernel([1, 0], [0.5, 1.0], np.array([-2.0 + 0.4, -3.0 - 0.2]))
    assert weight == pytest.approx(full - (-2.0))


def outcome_world(seed=3):
    rng = np.random.default_rng(seed)
    data = {
        "child": rng.integers(0, 4, 12),
        "home": rng.integers(0, 2, 12),
        "home_period": rng.integers(0, 3, 12),
        "authority": rng.integers(0, 2, 12),
        "columns": rng.normal(size=(12, 2)),
        "days": rng.integers(1, 30, 12),
        "episodes": rng.integers(0, 4, 12),
        "serious": rng.integers(0, 2, 12),
        "onset": rng.integers(0, 2, 12),
        "days_at_risk": rng.choice([0.5, 1.0], 12),
        "home_day": np.repeat(np.arange(4), 3),
        "days_away": rng.integers(0, 12, 12),
        "returned": rng.integers(0, 2, 12),
        **{name: rng.integers(0, 3, 12) for name in ("both", "only_a", "only_b")},
    }
    values = {
        "intercept": -1.0,
        "coefficients": np.array([0.2, -0.1]),
        "child": rng.normal(0, 0.5, 4),
        "sigma_child": 0.5,
        "home": rng.normal(0, 0.4, 2),
        "sigma_home": 0.4,
        "home_period": rng.normal(0, 0.4, 3),
        "sigma_period": 0.3,
        "dispersion_shape": 1.2,
        "frailty_shape": 0.7,
        "log_joint": 0.5,
        "days_away": np.array([0.1, 0.0, -0.3, -0.6]),
    }
    for x in "ab":
        values[f"report_{x}"], values[f"sigma_authority_{x}"], values[f"sigma_report_{x}"] = 0.4, 0.5, 0.6
        values[f"authority_{x}"], values[f"home_{x}"] = rng.normal(0, 0.5, 2), rng.normal(0, 0.5, 2)
    return values, data


@pytest.mark.parametrize("prior_set", ["weak", "informed"])
def test_every_density_is_finite(prior_set):
    values, data = onset_world()
    for module in (onset_gamma, onset_low_risk, onset_log_normal):
        assert np.isfinite(module.log_density(values, data | {"prior_set": prior_set}))
    values, data = daily_world()
    for module in (daily_kernel, daily_hawkes):
        assert np.isfinite(module.log_density(values, data | {"prior_set": prior_set}))
    drift = without(values, "home_period", "sigma_period")
    assert np.isfinite(daily_drift.log_density(drift, data | {"prior_set": prior_set}))
    values, data = outcome_world()
    for module in (counts, days_to_return, serious, joint_departures, interview, recording):
        assert np.isfinite(module.log_density(values, data | {"prior_set": prior_set}))
    free = {"prior_set": prior_set, "priors": {"sigma_home": ("half-normal", 0.7)}}
    held = stats.halfnorm.logpdf(0.4, 0, 0.7) - laws.of_parameters(
        values, ["sigma_home"], laws.chosen(laws.COUNTS, {"prior_set": prior_set})
    )
    moved = counts.log_prior(values, data | free) - counts.log_prior(values, data | {"prior_set": prior_set})
    assert moved == pytest.approx(held)


def test_rows_have_the_laws_of_their_effects():
    values = {
        "coefficients": [0.1],
        "home": {"home": np.array([0.2, -0.1])},
        "sigma_home": {"home": 0.3},
        "child": np.array([0.4]),
        "sigma_child": 0.8,
    }
    data = {"frailty": "lognormal", "priors": {"coefficients": [("normal", 0.0, 1.0)]}}
    expected = stats.norm.logpdf([0.2, -0.1], 0, 0.3).sum() + stats.norm.logpdf(0.4, -0.32, 0.8)
    assert rows.log_prior(values, data) == pytest.approx(expected + stats.norm.logpdf(0.1))
