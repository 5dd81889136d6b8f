"""The daily models in the catalogue: a kernel with its time scale estimated, a home process that drifts, and hawkes."""

from __future__ import annotations

from collections.abc import Mapping

from missingmodels.models.daily_priors import daily_priors
from missingmodels.models.priors import Prior
from missingmodels.models.records import ModelRecord, Term
from missingmodels.plan import Plan, Priors


def _priors(scalars: tuple[str, ...], *, kernel: bool = False) -> Mapping[str, Mapping[str, Prior]]:
    found = {}
    for use in ("weak", "informed"):
        held = daily_priors(Plan(priors=Priors(use=use)))
        columns = {"any other column": held.base.coefficient, **held.base.coefficients}
        columns |= {"peer_kernel": held["peer_kernel"]} if kernel else {}
        found[use] = {"intercept": held["intercept"], **columns, **{name: held[name] for name in scalars}}
    return found


BASE = Term(
    name="onset model",
    code="log_rate",
    equation="η = α + x'β + q'γ + z'ζ + c'κ + v_h",
    parameters=("intercept",),
    meaning="what the onset model has beside peers and periods: vulnerability, history, structure, calendar, homes",
)
HOMES = Term(
    name="homes",
    code="home",
    equation="v_h ~ Normal(0, σ_home²)",
    parameters=("sigma_home",),
    meaning="homes of equal children differ",
)
PERIODS = Term(
    name="periods of a home",
    code="home_period",
    equation="w_ht ~ Normal(0, σ_period²)",
    parameters=("sigma_period",),
    meaning="a shock that a home's children share would else pass for influence",
)
GAMMA = Term(
    name="children, gamma",
    code="frailty",
    equation="u_i ~ Gamma(k, k), integrated out exactly",
    parameters=("frailty_shape",),
    meaning="few children have most episodes",
)
RATIO_WEEK = (
    "`peer_ratio_week`: geometric mean of the rate ratio over the 7 days after one onset of a co-resident; "
    "`half_life_days`: τ ln 2."
)
FITTED = (
    "`nuts`, by `fit_daily`, compiled once for each shape. A row is a child-day where an onset lies at most 60 days "
    "behind it; all other days of equal covariates, and cell of the grid, add up without loss.",
)
REFUSED = (
    "A fit that does not pass the plan's diagnostics gate, home effects and steps of the process among what is judged.",
    "`exposure.moderation`; a model without peers; data in which nobody is ever at risk beside an onset of a peer.",
)

KERNEL = ModelRecord(
    name="kernel",
    title="Influence that fades, its time scale estimated",
    asks="How much does one onset of a co-resident raise the rate, and how fast does that fade (H1)?",
    code="models.daily_onset.build_onset_model",
    reference="models.daily_reference.faded_onsets_of_others",
    terms=(
        BASE,
        HOMES,
        PERIODS,
        Term(
            name="kernel",
            code="peer_kernel",
            equation="δ K_i(d; τ), K = Σ_j Σ_s exp(−(d − s)/τ) over onsets s of co-residents j on the 60 days before d",
            parameters=("kernel_days",),
            meaning="each onset counts, most on the next day; every peer's onsets travel with them",
        ),
        GAMMA,
    ),
    priors=_priors(("sigma_home", "sigma_period", "kernel_days", "frailty_shape"), kernel=True),
    estimands=("`peer_ratio`: exp(δ e^(−1/τ)), the rate ratio on the day after one onset.", RATIO_WEEK),
    fitted=FITTED,
    refused=REFUSED,
)

ORNSTEIN_UHLENBECK = ModelRecord(
    name="ornstein_uhlenbeck",
    title="A home process that drifts",
    asks="Is there influence (H1) beside shocks of a home whose size and duration are not known beforehand?",
    code="models.daily_onset.build_onset_model",
    reference="models.daily_reference.drift_log_density",
    terms=(
        BASE,
        HOMES,
        Term(
            name="home process",
            code="home_process",
            equation="v_h(t) on a grid of Δ = 7 days: Cov(v_h(a), v_h(b)) = σ² exp(−Δ |a − b| / ℓ), exactly AR(1)",
            parameters=("sigma_process", "process_days"),
            meaning="a shock drifts whether or not anyone leaves; it takes the place of home × 28-day effects",
        ),
        Term(
            name="peers",
            code="exposure",
            equation="p'δ",
            chosen="exposure.primary, any but peer_kernel",
            meaning="influence jumps after an event, which is what tells it from a shock",
        ),
        Term(
            name="kernel",
            code="peer_kernel",
            equation="δ K_i(d; τ)",
            parameters=("kernel_days",),
            chosen='exposure.primary = "peer_kernel"',
            meaning="as above, in place of a window",
        ),
        GAMMA,
    ),
    priors=_priors(("sigma_home", "sigma_process", "process_days", "kernel_days", "frailty_shape"), kernel=True),
    estimands=("`peer_ratio`: of one unit of the exposure, or as for the kernel.", RATIO_WEEK),
    fitted=(*FITTED, "The grid splits covariates no further: they stay step functions on the plan's periods."),
    refused=REFUSED,
)

HAWKES = ModelRecord(
    name="hawkes",
    title="Self- and cross-exciting intensity",
    asks="How many further onsets does one bring, of the same child and of the others, and do they die out?",
    code="models.daily_hawkes.build_hawkes_model",
    reference="models.daily_reference.additive_log_density_by_child",
    terms=(
        Term(
            name="intensity",
            code="rate",
            equation="λ_id = u_i exp(η + w_ht) + α_own E_own + α_peer E_peer",
            meaning="onsets add to the rate, equally many whoever has the onset: excitation is not multiplied by u_i",
        ),
        Term(
            name="baseline",
            code="log_rate",
            equation="η = α + x'β + z'ζ + c'κ + v_h",
            parameters=("intercept",),
            meaning="as in the onset model, without own onsets in windows",
        ),
        HOMES,
        PERIODS,
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
            equation="α_peer E_peer, E_peer = Σ_j Σ_s g(d − s) / (n_h(d) − 1) over onsets of co-residents",
            parameters=("peer_branching",),
            meaning="an onset is split over the others: α_peer is of all of them together, whatever the home's size",
        ),
        Term(
            name="children, log-normal",
            code="child",
            equation="log u_i = s z_i − s²/2, z_i ~ Normal(0, 1)",
            parameters=("frailty_sd_log",),
            meaning="mean 1, sampled: in an additive intensity no gamma integrates out",
        ),
    ),
    priors=_priors(
        ("sigma_home", "sigma_period", "own_branching", "peer_branching", "kernel_days", "frailty_sd_log"),
    ),
    estimands=(
        "`own_branching`, `peer_branching`: onsets that one brings as long as all stay and are at risk; moves and days "
        "away lower both.",
        "`total_branching` = α_own + α_peer, the spectral radius of a home's offspring matrix, and the probability "
        "that it is below 1.",
    ),
    fitted=FITTED,
    refused=(*REFUSED, '`frame.initial = "conditional"`: the frailties are sampled, not integrated out.'),
)
