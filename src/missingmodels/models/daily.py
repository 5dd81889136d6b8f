"""Models of child-days: a kernel whose time scale is estimated, a home process that drifts, and onsets that add onsets.

Equations: ``docs/notation.md``, daily models. Lags are counted once, so that a step of the sampler multiplies a sparse
(rows, lags) array by as many numbers as there are lags.
"""

from __future__ import annotations

from dataclasses import replace

from missingmodels.frame.daily import DailyDesign
from missingmodels.models import frailty
from missingmodels.models.daily_terms import SOURCES, ChildFrailty, Drift, Excitation, Kernel
from missingmodels.models.model import RATE, Likelihood, Model
from missingmodels.models.priors.daily import HAWKES, KERNEL, PROCESS, DailyPriors
from missingmodels.models.priors.law import ModelPriors
from missingmodels.models.shared import BEFORE, CONSTANTS_OUT, HOMES, PERIODS
from missingmodels.models.term import (
    Columns,
    Level,
    Term,
)

HAWKES_SCALARS = ("intercept", "sigma_home", "sigma_period", *HAWKES)


LEVEL = Level(
    name="onset model",
    code="intercept",
    equation="η = α + x'β + q'γ + p'δ + z'ζ + c'κ + v_h",
    parameters=("intercept",),
    meaning=(
        "what the onset model has beside the exposure and periods: vulnerability, history, the flags of p "
        f"(`no_peers`, `peers_unseen` or, with a kernel, `kernel_unseen`), structure, calendar, homes. {CONSTANTS_OUT}"
    ),
)
COLUMNS = Columns(name="columns", code="coefficients", equation="x'β + q'γ + p'δ + z'ζ + c'κ", meaning="see above")
KERNEL_TERM = Kernel(
    name="kernel",
    code="peer_kernel",
    equation="δ K_i(d; τ), K = Σ_s exp(−(d − s)/τ) over onsets s of others that i witnessed, 1 ≤ d − s ≤ 60",
    parameters=("kernel_days",),
    meaning="each onset counts, most on the next day, wherever either child lives by then",
)
DRIFT = Drift(
    name="home process",
    code="home_period",
    unit="cell",
    equation="+ ξ_h(⌊d/7⌋), Cov(ξ_h(a), ξ_h(b)) = σ² exp(−7 |a − b| / ℓ), exactly AR(1) and stationary",
    parameters=("sigma_process", "process_days"),
    meaning=(
        "a shock drifts whether or not anyone leaves; it stands beside v_h and in place of home × 28-day "
        "effects. Every home has a value in every cell from the first observed day, d = 0, on"
    ),
)
PEERS = Term(
    name="peers",
    code="exposure",
    equation="p'δ",
    chosen="exposure.primary, any but peer_kernel",
    meaning="influence jumps after an event, which is what tells it from a shock",
)
GAMMA = replace(frailty.GAMMA, chosen="")
KERNEL_TERMS = (LEVEL, COLUMNS, HOMES, PERIODS, KERNEL_TERM, GAMMA, BEFORE)
DRIFT_TERMS = (
    *(LEVEL, COLUMNS, HOMES, DRIFT, PEERS),
    replace(
        KERNEL_TERM,
        equation="δ K_i(d; τ)",
        chosen='exposure.primary = "peer_kernel"',
        meaning="as above, in place of a window",
    ),
    *(GAMMA, BEFORE),
)
EXCITATION = Excitation(
    name="intensity",
    code="rate",
    equation="λ_id = u_i exp(η + w_ht) + α_own E_own + α_peer E_peer",
    meaning="onsets add to the rate, equally many whoever has the onset: excitation is not multiplied by u_i",
)
BASELINE = replace(
    LEVEL,
    name="baseline",
    meaning=(
        "as in the onset model, but without onsets in windows: of q arrival bands and `history_unknown` "
        f"stay, of p `no_peers` and `kernel_unseen`. {CONSTANTS_OUT}"
    ),
)
CHILDREN = ChildFrailty(
    name="children, log-normal",
    code="child",
    unit="child",
    equation="log u_i = s z_i − s²/2, z_i ~ Normal(0, 1)",
    parameters=("frailty_sd_log",),
    meaning="mean 1, sampled: in an additive intensity no gamma integrates out",
)
# What the intensity holds beside its baseline, a line each.
OFFSPRING = (
    Term(
        name="offspring in time",
        code="shares",
        equation="g(m) = exp(−m/τ) / Σ_{m'=1..60} exp(−m'/τ)",
        parameters=("kernel_days",),
        meaning="sums to 1 over lags of 1 to 60 days, so that α counts onsets",
    ),
    Term(
        name="own onsets",
        code="own",
        equation="α_own E_own, E_own = Σ_s g(d − s) over the child's own onsets",
        parameters=("own_branching",),
        meaning="state dependence",
    ),
    Term(
        name="peers' onsets",
        code="peer",
        equation="α_peer E_peer, E_peer = Σ_s g(d − s) / (n − 1) over onsets of others that i witnessed",
        parameters=("peer_branching",),
        meaning=(
            "an onset is split over the others: α_peer is of all of them together, whatever the home's size n on "
            "its day"
        ),
    ),
)
HAWKES_TERMS = (EXCITATION, BASELINE, COLUMNS, HOMES, PERIODS, *OFFSPRING, CHILDREN)


def daily_model(daily: DailyDesign, priors: DailyPriors) -> Model:
    """The model of a design's kind.

    The sampler's unknowns: scalars, half-normal ones of effects with a sign, ``coefficients`` of the standardised
    columns, and standard normal ``home_z`` (H,), ``home_period_z`` (H * steps,) and, of hawkes, ``child_z`` (C,).
    """
    names = _scalar_names(daily)
    held = {name: priors[name] for name in names}
    likelihood: Likelihood = GAMMA
    if daily.kind == "hawkes":
        likelihood = EXCITATION
        terms: tuple[Term, ...] = (BASELINE, COLUMNS, HOMES, PERIODS, CHILDREN)
        # it adds to a rate and cannot change sign
        held |= {f"{name}_branching": priors[f"{name}_branching"].unsigned for name in SOURCES}
    else:
        kernel = (KERNEL_TERM,) if daily.peers is not None else ()
        terms = (LEVEL, COLUMNS, HOMES, PERIODS if daily.knot is None else DRIFT, *kernel)
    columns = priors.base.column_priors(daily.names, daily.scale)
    return Model(
        label=f"daily {daily.kind}",
        design=daily,
        predictors={RATE: terms},
        likelihood=likelihood,
        priors=ModelPriors(scalars=held, columns=columns),
    )


def _scalar_names(daily: DailyDesign) -> tuple[str, ...]:
    """Names of the scalar parameters, fixed ones included."""
    if daily.kind == "hawkes":
        return HAWKES_SCALARS
    kernel = KERNEL if daily.peers is not None else ()
    period = PROCESS if daily.knot is not None else ("sigma_period",)
    return ("intercept", "sigma_home", *period, "frailty_shape", *kernel)
