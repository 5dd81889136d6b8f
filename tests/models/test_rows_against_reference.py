"""The model of anybody's rows against densities by scipy and quadrature, with every argument off its default.

The reference is written from the raw columns and the priors as a user writes them: no centring, no standardising, no
sums. The model samples scales with a sign and effects as z, so its log density differs by known terms: -log 2 for each
folded scale, log |s| for each effect, log |scale| for each standardised coefficient, and log k for a shape.
"""

from __future__ import annotations

from math import log

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import logsumexp

from missingmodels.fitting.families.rows_draws import log_densities
from missingmodels.frame.own_rows.asked import Asked
from missingmodels.frame.own_rows.counts import build_counts
from missingmodels.models.priors.of_rows import row_priors
from missingmodels.models.rows import rows_model

LOG_U = np.arange(-150.0, 8.0, 0.005)  # the integrand falls as exp(k log u): exp(-45) at the left for k = 0.3


def frame(seed=0, rows=70):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "who": rng.integers(0, 12, rows),
            "place": rng.choice(["north", "south", "east"], rows),
            "team": rng.integers(0, 5, rows),
            "arm": rng.choice(["placebo", "drug", "both"], rows),
            "dose": rng.gamma(2.0, 3.0, rows),
            "smoker": rng.integers(0, 2, rows),
            "span": rng.uniform(0.2, 6.0, rows),
            "size": rng.integers(4, 15, rows),
        }
    )
    table["events"] = rng.poisson(0.5 * table["span"])
    table["ill"] = rng.binomial(table["size"], 0.3)
    table.index = np.arange(100, 100 + rows)
    return table


TERMS = "arm * dose + smoker + log(span) + place"
NAMES = ("arm[drug]", "arm[placebo]", "dose", "arm[drug]:dose", "arm[placebo]:dose", "smoker", "log(span)")
NAMES += ("place[north]", "place[south]")
LAWS = ("flat", "normal", "student_t", "normal", "normal", "student_t", "student_t", "fixed", "normal")
PRIORS = {
    "intercept": "student_t(4, -0.5, 1.7)",
    "coefficients": "normal(0.1, 1.4, autoscale)",
    "dose": "student_t(5, 0.2, 0.9)",
    "smoker": "cauchy(-0.1, 0.6)",
    "arm[drug]": "flat()",
    "place[north]": "fixed(0.3)",
    "log(span)": "student_t(3, 0, 2.5, autoscale)",
    "arm[drug]:dose": "normal(-0.2, 0.3)",
}
# question, priors of the scales, and their laws as frozen distributions
CASES = {
    "gamma by its sd, two homes": (
        {"child": "who", "home": ("place_of", "team"), "exposure": "span"},
        {
            "sigma_child": "student_t(3, 0, 0.7)",
            "sigma_home": "exponential(1.3)",
            "sigma_home[team]": "half_normal(0.8)",
        },
        (stats.t(3, 0, 0.7), stats.expon(scale=1 / 1.3), stats.halfnorm(scale=0.8)),
    ),
    "gamma by its shape, no home": (
        {"child": "who", "exposure": "span"},
        {"frailty_shape": "log_normal(0.2, 0.8)"},
        (stats.lognorm(0.8, scale=np.exp(0.2)),),
    ),
    "gamma by its shape, as brms has it": (
        {"child": "who", "exposure": "span"},
        {"frailty_shape": "gamma(2.5, 1.7)"},
        (stats.gamma(2.5, scale=1 / 1.7),),
    ),
    "gamma by its shape, as rstanarm has it": (
        {"child": "who", "home": "team", "exposure": "span"},
        {"frailty_shape": "exponential(0.6)", "sigma_home": "half_normal(0.8)"},
        (stats.expon(scale=1 / 0.6), stats.halfnorm(scale=0.8)),
    ),
    "lognormal": (
        {"child": "who", "home": "team", "exposure": "span", "frailty": "lognormal"},
        {"sigma_child": "log_normal(-0.3, 0.5)", "sigma_home": "half_cauchy(0.4)"},
        (stats.lognorm(0.5, scale=np.exp(-0.3)), stats.halfcauchy(scale=0.4)),
    ),
    "normal": (
        {"child": "who", "home": "team", "frailty": "normal"},
        {"sigma_child": "normal(0, 0.9)", "sigma_home": "fixed(0.35)"},
        (stats.halfnorm(scale=0.9), None),
    ),
    "no frailty": (
        {"child": "who", "home": "team", "exposure": "span", "frailty": "none"},
        {"sigma_home": "half_student_t(6, 0.5)"},
        (stats.t(6, 0, 0.5),),
    ),
    "trials": (
        {"child": "who", "home": "team", "trials": "size", "frailty": "normal"},
        {"sigma_child": "exponential(2)", "sigma_home": "cauchy(0, 0.4)"},
        (stats.expon(scale=0.5), stats.halfcauchy(scale=0.4)),
    ),
}
FOLDED = ("student_t", "normal", "exponential", "half_", "cauchy")


@pytest.fixture(scope="module", params=CASES, ids=list(CASES))
def case(request):
    question, scales, laws = CASES[request.param]
    table = frame()
    table["place_of"] = table["place"].str[::-1]
    outcome = "ill" if "trials" in question else "events"
    counts = build_counts(table, Asked(formula=f"{outcome} ~ {TERMS}", **question))
    priors = row_priors(PRIORS | scales, counts, question.get("frailty", "gamma"))
    model = rows_model(counts, priors, question.get("frailty", "gamma")).build()
    return table, question, scales, laws, counts, model, model.compile_logp(mode="FAST_COMPILE")


def raw_columns(table):
    """(R, P) the formula's columns by hand, in the order of NAMES."""
    drug, placebo = (table["arm"] == "drug") * 1.0, (table["arm"] == "placebo") * 1.0
    parts = [drug, placebo, table["dose"], drug * table["dose"], placebo * table["dose"], table["smoker"]]
    parts += [np.log(table["span"]), (table["place"] == "north") * 1.0, (table["place"] == "south") * 1.0]
    return np.column_stack(parts).astype(float)


def prior_of(name, column):
    """The prior of one raw coefficient as a frozen distribution, None for flat, a number for fixed."""
    sd = np.std(column, ddof=1)
    return {
        "dose": stats.t(5, 0.2, 0.9),
        "smoker": stats.cauchy(-0.1, 0.6),
        "arm[drug]": None,
        "place[north]": 0.3,
        "log(span)": stats.t(3, 0, 2.5 / sd),
        "arm[drug]:dose": stats.norm(-0.2, 0.3),
    }.get(name, stats.norm(0.1, 1.4 / sd))


def random_point(seed, model):
    rng = np.random.default_rng(seed)
    sizes = {v.name: int(np.prod(v.type.shape)) for v in model.free_RVs}
    point = {}
    for name, size in sizes.items():
        if name.startswith(("sigma", "frailty")):
            point[name] = rng.uniform(0.3, 1.1) * (-1) ** (seed + len(name))
        else:
            point[name] = rng.normal(0, 0.4, size) if size > 1 else rng.normal(-0.6, 0.3)
    values = {}
    for variable in model.free_RVs:
        value_name = model.rvs_to_values[variable].name
        held = point[variable.name]
        if value_name.endswith("_log__"):
            point[variable.name] = abs(held)
            held = log(abs(held))
        values[value_name] = np.atleast_1d(held) if variable.type.ndim else held
    return point, values


def coefficients(point, table):
    """(P,) raw coefficients and those of the sampler, put together law by law as the model documents them."""
    columns = raw_columns(table)
    scale = np.array([1.0 if set(np.unique(c)) <= {0.0, 1.0} else c.std(ddof=1) for c in columns.T])
    drawn = {
        law: list(np.atleast_1d(point[("coefficients" if law == "normal" else f"coefficients_{law}")]))
        for law in ("normal", "student_t", "flat")
    }
    raw = np.array([0.3 if law == "fixed" else drawn[law].pop(0) / s for law, s in zip(LAWS, scale, strict=True)])
    return columns, scale, raw


def reference(case, point):
    """The log joint density in the model's own parameters, row by row, and the likelihood alone."""
    table, question, scales, laws, _, _, _ = case
    columns, scale, raw = coefficients(point, table)
    intercept = point["intercept"] - sum(b * c.mean() for b, c in zip(raw, columns.T, strict=True))
    total = stats.t(4, -0.5, 1.7).logpdf(point["intercept"])
    for name, column, b, s in zip(NAMES, columns.T, raw, scale, strict=True):
        prior = prior_of(name, column)
        if prior is not None and not isinstance(prior, float):
            total += prior.logpdf(b) - log(s)
    frailty = question.get("frailty", "gamma")
    homes = question.get("home", ())
    homes = (homes,) if isinstance(homes, str) else homes
    child = "frailty_shape" if "frailty_shape" in scales else "sigma_child"
    names = [*([child] if frailty != "none" else []), *(f"sigma_home{i}" for i in range(len(homes)))]
    held = dict(zip(names, laws, strict=True))
    texts = dict(zip(names, scales.values(), strict=True))
    size = {name: point.get(name, 0.35) for name in names}
    for name, law in held.items():
        if law is None:
            continue
        value = size[name]
        if texts[name].startswith("log_normal") or name == "frailty_shape":
            total += law.logpdf(value) + log(value)
        else:
            folded = 2.0 if law.dist.name == "t" else 1.0
            total += log(folded) + law.logpdf(abs(value)) - log(2)
    effects = np.zeros(len(table))
    for i, name in enumerate(homes):
        effects += effect_of(table[name], size[f"sigma_home{i}"], point[f"home{i}_z"], 0.0)
        total += sum(stats.norm.logpdf(point[f"home{i}_z"]))
    if frailty in ("lognormal", "normal"):
        s = size["sigma_child"]
        effects += effect_of(table["who"], s, point["child_z"], -(s**2) / 2 if frailty == "lognormal" else 0.0)
        total += sum(stats.norm.logpdf(point["child_z"]))
    eta = intercept + columns @ raw + effects
    if "trials" in question:
        parts = stats.binom.logpmf(table["ill"], table["size"], 1 / (1 + np.exp(-eta)))
        return total + parts.sum(), parts
    mean = np.exp(eta) * (table["span"].to_numpy() if "exposure" in question else 1.0)
    if frailty != "gamma":
        parts = stats.poisson.logpmf(table["events"], mean)
        return total + parts.sum(), parts
    # the model keeps the square of a gamma's standard deviation away from 0 by 1e-8, and says so
    k = size["frailty_shape"] if "frailty_shape" in size else 1 / (size["sigma_child"] ** 2 + 1e-8)
    parts = []
    for who in sorted(table["who"].unique(), key=str):
        own = (table["who"] == who).to_numpy()
        kernel = stats.gamma.logpdf(np.exp(LOG_U), k, scale=1 / k) + LOG_U
        for y, m in zip(table["events"][own], mean[own], strict=True):
            kernel = kernel + stats.poisson.logpmf(y, m * np.exp(LOG_U))
        parts.append(logsumexp(kernel) + log(0.005))
    return total + sum(parts), np.array(parts)


def effect_of(labels, sigma, z, centre):
    order = {name: i for i, name in enumerate(sorted(labels.astype(str).unique()))}
    return centre + sigma * z[[order[name] for name in labels.astype(str)]]


@pytest.mark.parametrize("seed", range(3))
def test_log_density(case, seed):
    point, values = random_point(seed, case[5])
    expected, _ = reference(case, point)
    assert float(case[6](values)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_log_densities_of_the_draws(case, seed):
    """The arrays behind a fit's ``log_density``: by child where the frailty is integrated out, else by row."""
    table, question, _, _, counts, model, _ = case
    point, _ = random_point(seed, model)
    _, parts = reference(case, point)
    columns, _, raw = coefficients(point, table)
    at = pd.Series(np.arange(len(table)), index=table.index)[counts.further["rows"]].to_numpy()
    effects = np.zeros(len(table))
    homes = question.get("home", ())
    for i, name in enumerate((homes,) if isinstance(homes, str) else homes):
        effects += effect_of(table[name], point.get(f"sigma_home{i}", 0.35), point[f"home{i}_z"], 0.0)
    frailty, shape = question.get("frailty", "gamma"), None
    if frailty == "gamma":
        shape = np.array([point.get("frailty_shape", 1 / (point.get("sigma_child", 1.0) ** 2 + 1e-8))])
    elif frailty != "none":
        s = point["sigma_child"]
        effects += effect_of(table["who"], s, point["child_z"], -(s**2) / 2 if frailty == "lognormal" else 0.0)
    eta = (point["intercept"] - columns.mean(axis=0) @ raw + columns @ raw + effects)[at] + counts.log_size
    found, _ = log_densities(counts, eta[None], shape)
    np.testing.assert_allclose(found[0], parts if frailty == "gamma" else parts[at], rtol=1e-9)


def test_the_case_moves_what_it_says(case):
    table, _, _, _, counts, _, _ = case
    assert counts.names == NAMES
    np.testing.assert_allclose(counts.matrix, raw_columns(table.loc[counts.further["rows"]]), rtol=1e-12)
    np.testing.assert_array_equal(counts.centre, counts.matrix.mean(axis=0))


@pytest.mark.parametrize(("formula", "priors"), [("events ~ 1", {}), ("events ~ dose", {"dose": "fixed(0.02)"})])
def test_a_model_without_free_columns(formula, priors):
    """Every array handed to the sampler stands in the model: it refuses others."""
    table = frame()
    counts = build_counts(table, Asked(formula=formula, exposure="span"))
    read = row_priors({"intercept": "normal(0, 5)"} | priors, counts, "none")
    model = rows_model(counts, read, "none").build()
    found = float(model.compile_logp(mode="FAST_COMPILE")({"intercept": -0.4}))
    dose = table["dose"] * (0.02 if priors else 0.0)
    eta = -0.4 + dose - dose.mean() + np.log(table["span"])
    expected = stats.poisson.logpmf(table["events"], np.exp(eta)).sum() + stats.norm.logpdf(-0.4, 0, 5)
    assert found == pytest.approx(expected, rel=1e-9)


def test_the_data_are_exactly_those_that_the_model_reads(case):
    _, question, _, _, counts, model, _ = case
    from pytensor.graph.traversal import ancestors

    read = {v.name for v in ancestors([*model.potentials, *model.basic_RVs]) if v.name}
    frailty = question.get("frailty", "gamma")
    given = rows_model(counts, row_priors(PRIORS | case[2], counts, frailty), frailty).data
    assert set(given) - {"events"} <= read  # what is observed is a value of the density, not a part of it
