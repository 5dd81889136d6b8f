"""The models of the other outcomes against plain NumPy densities, at random points with every argument off its default.

The references are given raw columns, effects by row and single days, home-days or episodes: no centring, no adding up.
"""

from __future__ import annotations

import numpy as np
import pytest
from pytensor.compile.mode import Mode

from missingmodels.frame.outcomes.design import Group, OutcomeRows, added_up
from missingmodels.frame.outcomes.joint import JointRows
from missingmodels.frame.outcomes.recording import RecordingRows
from missingmodels.models.outcomes import joint, linear, recording, reference
from missingmodels.models.outcomes.priors import SCALARS, outcome_priors
from missingmodels.models.priors import Prior

HOMES, CHILDREN = 3, 7
QUICK = Mode(linker="py", optimizer=None)  # one value each: nothing is gained by compiling


def named(index, count, letter="x"):
    return Group(ids=tuple(f"{letter}{i}" for i in range(count)), index=np.asarray(index))


def point_of(model, rng):
    """A value of every free variable."""
    return {v.name: rng.normal(0.3, 0.6, v.type.shape or ()) for v in model.free_RVs}


def likelihood(model, point):
    """The value of the model's potential; free variables are given as themselves, positive ones by their logarithm."""
    inputs = [model.rvs_to_values[v] for v in model.free_RVs]
    values, given = {}, []
    for v, inp in zip(model.free_RVs, inputs, strict=True):
        positive = inp.name.endswith("_log__")
        given.append(point[v.name])
        values[v.name] = np.exp(point[v.name]) if positive else point[v.name]
    found = model.compile_fn(model.potentiallogp, inputs=inputs, mode=QUICK)
    return float(found({i.name: g for i, g in zip(inputs, given, strict=True)})), values


def eta_of(rows, values, fixed, effects):
    """η of raw columns; the intercept stands at indicators 0 and other columns' means."""
    names = [n for n in rows.names if n not in fixed]
    raw = dict(zip(names, np.atleast_1d(values.get("coefficients", [])), strict=True))
    eta = np.full(rows.matrix.shape[0], float(values.get("intercept", fixed.get("intercept", 0.0))))
    for i, name in enumerate(rows.names):
        column = rows.matrix[:, i]
        indicator = set(np.unique(column)) <= {0.0, 1.0}
        step = 1.0 if indicator else column.std()
        beta = fixed[name] if name in fixed else raw[name] / step
        eta += beta * (column if indicator else column - column.mean())
    for scale, z, index in effects:
        eta += (values[scale] * values[z])[index]
    return eta


CHANGES = {
    "age_years": Prior(law="normal", mean=0.2, sd=0.7),
    "male": Prior(law="fixed", mean=-0.35),
    "intercept": Prior(law="normal", mean=-1.0, sd=0.8),
}


def linear_rows(outcome, rng, rows=40):
    matrix = np.column_stack([rng.integers(0, 2, rows), rng.normal(14, 2, rows), rng.integers(0, 2, rows)])
    size = rng.uniform(1, 30, rows) if outcome in ("counts", "interview") else np.ones(rows)
    y = rng.poisson(1.5, rows) if outcome in ("counts", "interview") else rng.integers(0, 2, rows)
    child = None if outcome == "counts" else named(rng.integers(0, CHILDREN, rows), CHILDREN, "c")
    return OutcomeRows(
        outcome=outcome,
        names=("out_of_area", "age_years", "male"),
        matrix=matrix.astype(float),
        y=y,
        size=size,
        home=named(rng.integers(0, HOMES, rows), HOMES, "h"),
        child=child,
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("outcome", ["counts", "return", "serious", "interview"])
def test_a_linear_outcome_has_the_density_of_its_equation(outcome, seed):
    rng = np.random.default_rng(seed)
    rows = linear_rows(outcome, rng)
    model = linear.build_model(rows, outcome_priors(outcome, "weak", CHANGES, names=rows.names))
    found, values = likelihood(model, point_of(model, rng))
    effects = [("sigma_home", "home_z", rows.home.index)]
    effects += [("sigma_child", "child_z", rows.child.index)] if "sigma_child" in SCALARS[outcome] else []
    eta = eta_of(rows, values, {"male": -0.35}, effects)
    if outcome == "counts":
        expected = reference.counts_log_density(rows.y, rows.size, eta, values["dispersion_shape"])
    elif outcome == "serious":
        expected = reference.serious_log_density(rows.y, eta)
    elif outcome == "interview":
        expected = reference.interview_log_density(rows.y, rows.size, eta, rows.child.index, values["frailty_shape"])
    else:  # each row is an episode seen on its first day only
        expected = reference.return_log_density(1 - rows.y, rows.y, list(np.repeat(eta[:, None], 2, axis=1)))
    assert found == pytest.approx(expected, rel=1e-9)


def test_days_added_up_have_the_density_of_single_days():
    """Return: episodes of many days against the same rows collapsed."""
    rng = np.random.default_rng(5)
    known, returned = rng.integers(1, 12, 30), rng.random(30) < 0.7
    away, child = rng.integers(0, 2, 30), rng.integers(0, CHILDREN, 30)
    lines = [
        [float(day >= 1), float(away[j]), child[j], child[j] % HOMES, returned[j] and day == known[j]]
        for j in range(30)
        for day in range(known[j] + returned[j])
    ]
    held = np.array(lines)
    who, where = held[:, 2].astype(int), held[:, 3].astype(int)
    matrix, y, size, at = added_up(held[:, :2], held[:, 4].astype(np.int64), np.ones(len(held)), child=who, home=where)
    assert len(y) < len(held)
    rows = OutcomeRows(
        outcome="return",
        names=("days_away[1+]", "out_of_area"),
        matrix=matrix,
        y=y,
        size=size,
        home=named(at["home"], HOMES),
        child=named(at["child"], CHILDREN),
    )
    model = linear.build_model(rows, outcome_priors("return"))
    found, values = likelihood(model, point_of(model, rng))
    beta, base = values["coefficients"], values["intercept"] + values["sigma_child"] * values["child_z"][child]
    base = base + (values["sigma_home"] * values["home_z"])[child % HOMES] + beta[1] * away
    etas = [base[j] + beta[0] * (np.arange(13) >= 1) for j in range(30)]
    assert found == pytest.approx(reference.return_log_density(known, returned, etas), rel=1e-9)


@pytest.mark.parametrize("theta", [-1.4, 0.0, 2.3])
def test_joint_departures_have_the_density_of_all_sets_of_residents(theta):
    rng = np.random.default_rng(7)
    sizes, kinds, repeats = (1, 2, 4, 3, 2), 5, 6
    kind = np.repeat(np.arange(kinds), sizes)
    n = kind.size
    matrix, e = rng.integers(0, 2, (n, 1)).astype(float), rng.choice([0.5, 1.0], n)
    left = rng.random((repeats, n)) < 0.4
    per_day = np.stack([np.bincount(kind, day, kinds) for day in left])
    rows = JointRows(
        names=("own_1_7",),
        matrix=matrix,
        share_at_risk=e,
        y=left.sum(axis=0),
        kind=kind,
        home_days=np.full(kinds, repeats),
        extra=np.maximum(per_day - 1, 0).sum(axis=0),
        home=named(kind % HOMES, HOMES),
        period=named(kind, kinds),
        child=named(np.arange(n) % CHILDREN, CHILDREN),
    )
    priors = outcome_priors("joint", "weak", {"log_joint": Prior(law="fixed", mean=theta)})
    model = joint.build_model(rows, priors)
    found, v = likelihood(model, point_of(model, rng))
    effects = [(f"sigma_{g}", f"{g}_z", getattr(rows, g).index) for g in ("home", "period", "child")]
    eta = eta_of(rows, v, {}, effects) + np.log(e)
    days = [(eta[kind == k], day[kind == k]) for day in left for k in range(kinds)]
    assert found == pytest.approx(reference.joint_log_density(days, theta), rel=1e-9)


def test_pairs_are_those_of_all_sets_of_residents():
    log_odds, theta = np.array([-1.0, 0.2, -2.0, 0.4, -0.7]), 0.9
    kind, home_days = np.array([0, 0, 0, 1, 1]), np.array([3, 5])
    pairs = product = chances = 0.0
    for k, days in enumerate(home_days):
        own = log_odds[kind == k]
        sets = np.array([[c >> i & 1 for i in range(own.size)] for c in range(2**own.size)])
        weight = np.exp(sets @ own + theta * np.maximum(sets.sum(axis=1) - 1, 0))
        both = np.einsum("s,si,sj->ij", weight / weight.sum(), sets, sets)
        alone = np.diag(both)
        pairs += days * (both.sum() - alone.sum())
        product += days * (alone.sum() ** 2 - (alone**2).sum())
        chances += days * alone.sum() * (own.size - 1)
    ratio, along = joint.pairs_of(log_odds, kind, home_days, theta)
    assert ratio == pytest.approx(pairs / product, rel=1e-12)
    assert along == pytest.approx(pairs / chances, rel=1e-12)
    assert joint.pairs_of(log_odds, kind, home_days, 0.0)[0] == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(3))
def test_recording_has_the_density_of_thinned_counts(seed):
    rng = np.random.default_rng(seed)
    home, authority = np.divmod(np.arange(6), 2)
    rows = RecordingRows(
        both=rng.poisson(3, 6),
        only_a=rng.poisson(2, 6),
        only_b=rng.poisson(1, 6),
        size=rng.uniform(5, 30, 6),
        home=named(home, 3),
        authority=named(authority, 2),
    )
    model = recording.build_model(rows, outcome_priors("recording", "informed"))
    found, v = likelihood(model, point_of(model, rng))
    logit = {
        s: v[f"report_{s}"]
        + (v[f"sigma_authority_{s}"] * v[f"authority_{s}_z"])[authority]
        + (v[f"sigma_report_{s}"] * v[f"home_{s}_z"])[home]
        for s in ("a", "b")
    }
    expected = reference.recording_log_density(
        rows.both, rows.only_a, rows.only_b, rows.size, np.full(6, v["intercept"]), logit["a"], logit["b"],
        v["dispersion_shape"],
    )  # fmt: skip
    assert found == pytest.approx(expected, rel=1e-9)
