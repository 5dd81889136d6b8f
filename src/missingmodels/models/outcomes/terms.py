"""The terms and likelihoods of the outcomes beside onset. The lines of their likelihoods are the notation page's."""

from __future__ import annotations

from dataclasses import replace

from missingmodels.models.likelihoods import GammaPoisson, SetOfResidents, Trials, TwoSources
from missingmodels.models.model import Likelihood
from missingmodels.models.shared import GAMMA_EQUATION, HOMES, PERIODS
from missingmodels.models.term import Columns, GroupEffect, Level, Term
from missingmodels.vocabulary import OUTCOME_EQUATIONS

CHILDREN = GroupEffect(
    name="children",
    code="child",
    unit="child",
    equation="a_i ~ Normal(0, σ_child²)",
    parameters=("sigma_child",),
    meaning="children of equal covariates differ; sampled, since no law of theirs integrates out",
)
SHOCKS = replace(
    PERIODS,
    code="period",
    unit="period",
    meaning="a shock over weeks makes chance meetings likelier and is no joint departure",
)
DISPERSION = Term(
    name="spread",
    code="dispersion_shape",
    equation="variance of y = mean + mean² / φ",
    parameters=("dispersion_shape",),
    meaning="episodes of one home in one month come in runs",
)
COLUMNS = Columns(
    name="columns",
    code="coefficients",
    equation="x'β",
    keeps_level=True,
    meaning="centred unless indicators, so that the intercept that is reported stays where η has it",
)
INTERVIEW = (
    Term(
        name="interview",
        code="held",
        equation="h = 1 from the day after it was held, for 28 days or to the next onset",
        meaning="days before it count as without one, so no time is immortal; acceptance is no term, since an "
        "interview overtaken by the next onset is not held",
    ),
    Term(
        name="offer",
        code="offered",
        equation="o = 1 from the return, for 28 days or to the next onset",
        meaning="an offer has no date in the record, so it stands from the return on. A child gone again "
        "before one was made counts as not offered, so that offers look protective whatever they do: γ_1 keeps "
        "returns with an offer and without apart beside h, and is no effect of offering",
    ),
)
FRAILTY = Term(
    name="children, gamma",
    code="frailty",
    equation=GAMMA_EQUATION,
    parameters=("frailty_shape",),
    meaning="children who go often have short gaps with or without an interview",
)
ALONG = Term(
    name="leaving along",
    code="log_joint",
    equation="odds_j given that i leaves = exp(ℓ_jd + θ)",
    parameters=("log_joint",),
    meaning="0 is independence; it may be below, so that the posterior can speak against an excess",
)


def level(equation: str, meaning: str) -> Level:
    """The intercept, with the whole of η beside it."""
    return Level(name="level", code="intercept", equation=equation, parameters=("intercept",), meaning=meaning)


def _likelihood(kind: type[Likelihood], outcome: str, **parts: object) -> Likelihood:
    equation, meaning = OUTCOME_EQUATIONS[outcome]
    return kind(name="likelihood", code="rows", equation=equation, meaning=meaning, **parts)  # type: ignore[arg-type]


def _source(one: str) -> tuple[Term, ...]:
    """Terms of the log odds that a source, ``a`` or ``b``, holds an episode."""
    s = one.upper()
    return (
        Level(
            name=f"source {s}",
            code=f"report_{one}",
            equation=f"logit P_{s} = μ_{s} + s_{s} + r_{s}",
            parameters=(f"report_{one}",),
            meaning="given authority and home, one source's holding an episode says nothing of the other's; where "
            "they hold the same kinds of episode, what neither holds comes out too low",
        ),
        GroupEffect(
            name=f"authorities in {s}",
            code=f"authority_{one}",
            unit="authority",
            equation=f"s_{s} ~ Normal(0, σ_{s}²)",
            parameters=(f"sigma_authority_{one}",),
            meaning="authorities record differently; the effects of the two sources are independent",
        ),
        GroupEffect(
            name=f"homes that report to {s}",
            code=f"home_{one}",
            unit="home",
            equation=f"r_{s} ~ Normal(0, ω_{s}²)",
            parameters=(f"sigma_report_{one}",),
            meaning="homes report differently; the effects of the two sources are independent",
        ),
    )


SPREAD_OF_CELLS = replace(
    DISPERSION,
    equation="g_c ~ Gamma(φ, φ), integrated out",
    meaning="an authority's children in a home differ from those elsewhere",
)
LIKELIHOODS = {
    "counts": _likelihood(GammaPoisson, "counts", by_sums=False, unit="", shape="dispersion_shape"),
    "return": _likelihood(Trials, "return", by_sums=False, hazard=True, ordered=True),
    "serious": _likelihood(Trials, "serious", by_sums=False, ordered=True),
    "joint": _likelihood(SetOfResidents, "joint"),
    "interview": _likelihood(GammaPoisson, "interview", by_sums=False),
    "recording": _likelihood(TwoSources, "recording"),
}
# Terms of each predictor; of lines that only say what stands elsewhere in the model, plain terms.
PREDICTORS: dict[str, dict[str, tuple[Term, ...]]] = {
    "counts": {
        "rate": (
            level("η_{hm} = α + x'β + v_h", "log episodes per resident-day where indicators are 0, others at means"),
            COLUMNS,
            HOMES,
            DISPERSION,
        )
    },
    "return": {
        "rate": (
            level("η_{jt} = α + b_t'β + x'γ + a_i + v_h", "log of minus log of the chance to stay away on day 0"),
            COLUMNS,
            HOMES,
            CHILDREN,
        )
    },
    "serious": {
        "rate": (
            level("logit P = α + x'β + a_i + v_h", "log odds where indicators are 0, others at their means"),
            COLUMNS,
            HOMES,
            CHILDREN,
        )
    },
    "joint": {
        "rate": (
            level("ℓ_id = log e_id + α + x'β + a_i + v_h + w_ht", "log odds of leaving on a day when nobody does"),
            COLUMNS,
            ALONG,
            HOMES,
            SHOCKS,
            CHILDREN,
        )
    },
    "interview": {
        "rate": (
            level("η_r = α + g'β + o γ_1 + h γ_2 + v_h", "log onsets per day at risk before any return on record"),
            COLUMNS,
            *INTERVIEW,
            HOMES,
            FRAILTY,
        )
    },
    "recording": {
        "rate": (level("log mean N_c = log n_c + α", "log episodes per resident-day, seen or not"), SPREAD_OF_CELLS),
        "a": _source("a"),
        "b": _source("b"),
    },
}
