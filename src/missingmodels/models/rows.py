"""Models of anybody's rows in PyMC: Poisson or binomial, the child's frailty integrated out or sampled.

It shares its likelihood with the onset model. With η the linear predictor of a row, u the child's frailty and v the
effect of each home:

* counts: y ~ Poisson(n exp(η) u); trials: y ~ Binomial(m, logit⁻¹(η + log u))
* ``gamma``: u ~ Gamma(k, k), integrated out; σ = 1/√k is its standard deviation
* ``lognormal``: log u ~ Normal(−σ²/2, σ²), mean 1; ``normal``: log u ~ Normal(0, σ²), median 1, as lme4, glmmTMB,
  rstanarm and brms have it. The two differ only in the intercept, by σ²/2, and so in what its prior says.
"""

from __future__ import annotations

from dataclasses import replace

from missingmodels.frame.design_matrix import EventRows
from missingmodels.models.likelihoods import GammaPoisson, Poisson, RowsLikelihood, Trials
from missingmodels.models.model import RATE, Model
from missingmodels.models.priors.of_rows import RowPriors
from missingmodels.models.term import Columns, GroupEffect, Level, LogEffect

COUNTS = Poisson(
    name="counts",
    code="outcome",
    equation="y_r ~ Poisson(n_r exp(η_r) u_i)",
    chosen="outcome ~ terms",
    meaning="events over an exposure n, 1 if none is named; all constants are in the density",
)
TRIALS = Trials(
    name="trials",
    code="trials",
    equation="y_r ~ Binomial(m_r, logit⁻¹(η_r + log u_i))",
    chosen="trials",
    meaning="events out of a known number",
)
GAMMA = GammaPoisson(
    name="gamma child",
    code="child, gamma",
    equation="u_i ~ Gamma(k, k), integrated out, 1/√k its sd",
    parameters=("frailty_shape",),
    chosen='frailty = "gamma"',
    meaning="counts only; the prior is of `sigma_child`, 1/√k, or where it is given of `frailty_shape`, k",
)
LEVEL = Level(
    name="level",
    code="intercept",
    equation="η = α + x'β + Σ_g v_g",
    parameters=("intercept",),
    meaning="log rate, or log odds, at the mean of every column",
)
COLUMNS = Columns(name="columns", code="formula", equation="x'β", meaning="the formula's columns")
HOME = GroupEffect(
    name="homes",
    code="home",
    unit="home",
    equation="v_g ~ Normal(0, σ_home²), σ_home of each home column g",
    parameters=("sigma_home",),
    chosen="home",
    meaning="an effect of each cluster of every home column g",
)
LOG_NORMAL = LogEffect(
    name="log-normal child",
    code="child",
    unit="child",
    equation="log u_i ~ Normal(−σ_child²/2, σ_child²)",
    parameters=("sigma_child",),
    chosen='frailty = "lognormal"',
    meaning="mean 1",
)
NORMAL = GroupEffect(
    name="normal child",
    code="child",
    unit="child",
    equation="log u_i ~ Normal(0, σ_child²)",
    parameters=("sigma_child",),
    chosen='frailty = "normal"',
    meaning="median 1, as rstanarm, brms, lme4 and glmmTMB have it",
)
ROWS_TERMS = (COUNTS, TRIALS, LEVEL, COLUMNS, HOME, GAMMA, LOG_NORMAL, NORMAL)


def rows_model(rows: EventRows, priors: RowPriors, frailty: str) -> Model:
    """The model of rows; ``frailty`` is ``none`` where there are no clusters of children.

    The sampler's unknowns: ``intercept`` (at the columns' means), ``coefficients`` of the standardised columns (those
    whose law is not normal under ``coefficients_LAW``), ``sigma_home0`` … with ``home0_z`` …, and ``sigma_child`` or
    ``frailty_shape``, with ``child_z`` unless the frailty is integrated out.
    """
    homes = [name for name in rows.units if name != "child"]
    effects = [replace(HOME, code=name, unit=name, parameters=(f"sigma_{name}",)) for name in homes]
    child = {"lognormal": (LOG_NORMAL,), "normal": (NORMAL,)}.get(frailty, ())
    likelihood: RowsLikelihood = TRIALS if rows.trials else COUNTS
    if frailty == "gamma":
        likelihood = GAMMA if priors.child_by_shape else replace(GAMMA, shape="sigma_child")
    return Model(
        label="rows",
        design=rows,
        predictors={RATE: (LEVEL, COLUMNS, *effects, *child)},
        likelihood=likelihood,
        priors=priors.of_model(),
        swapped=True,
    )
