"""The daily models in the catalogue: a kernel with its time scale estimated, a home process that drifts, and hawkes."""

from __future__ import annotations

from functools import partial

from missingmodels.models.catalogue.records import ModelRecord, Term
from missingmodels.models.catalogue.terms import (
    BEFORE,
    CONSTANTS_OUT,
    GAMMA,
    GATE,
    HOMES,
    LOG_NORMAL,
    PERIODS,
    UNITS,
    Use,
    both_sets,
)
from missingmodels.models.daily_priors import daily_priors
from missingmodels.models.priors import Prior
from missingmodels.plan import Plan, Priors

WINDOWS = ("peer_presence", "peer_density")  # exposures that a kernel takes the place of
OWN = ("own_1_7",)


def _priors(use: Use, *, scalars: tuple[str, ...], without: tuple[str, ...], kernel: bool = True) -> dict[str, Prior]:
    """Those of one set, without the columns that the model does not hold; no daily model holds a moderation."""
    held = daily_priors(Plan(priors=Priors(use=use)))
    columns = {name: p for name, p in held.base.coefficients.items() if name not in without and ":" not in name}
    columns |= {"peer_kernel": held["peer_kernel"]} if kernel else {}
    everywhere = {"intercept": held["intercept"], "any other column": held.base.coefficient}
    return everywhere | columns | {name: held[name] for name in scalars}


BASE = Term(
    name="onset model",
    code="log_rate",
    equation="η = α + x'β + q'γ + p'δ + z'ζ + c'κ + v_h",
    parameters=("intercept",),
    meaning=(
        "what the onset model has beside the exposure and periods: vulnerability, history, the flags of p "
        f"(`no_peers`, `peers_unseen` or, with a kernel, `kernel_unseen`), structure, calendar, homes. {CONSTANTS_OUT}"
    ),
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
    f"{GATE}, home effects and steps of the process among what is judged.",
    "`exposure.moderation`; a model without peers; data in which nobody is ever at risk beside an onset of a peer.",
    "Whatever the plan's `[effects]` change: another law of frailty, no periods, authorities, owners, slopes by home.",
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
            equation="δ K_i(d; τ), K = Σ_j Σ_s exp(−(d − s)/τ) over onsets s of co-residents j, 1 ≤ d − s ≤ 60",
            parameters=("kernel_days",),
            meaning="each onset counts, most on the next day; every peer's onsets travel with them",
        ),
        GAMMA,
        BEFORE,
    ),
    priors=both_sets(
        partial(_priors, scalars=("sigma_home", "sigma_period", "kernel_days", "frailty_shape"), without=WINDOWS)
    ),
    units=UNITS,
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
            equation="+ ξ_h(⌊d/7⌋), Cov(ξ_h(a), ξ_h(b)) = σ² exp(−7 |a − b| / ℓ), exactly AR(1) and stationary",
            parameters=("sigma_process", "process_days"),
            meaning=(
                "a shock drifts whether or not anyone leaves; it stands beside v_h and in place of home × 28-day "
                "effects. Every home has a value in every cell from the first observed day, d = 0, on"
            ),
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
        BEFORE,
    ),
    priors=both_sets(
        partial(
            _priors, scalars=("sigma_home", "sigma_process", "process_days", "kernel_days", "frailty_shape"), without=()
        )
    ),
    units=UNITS,
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
            equation="η = α + x'β + q'γ + p'δ + z'ζ + c'κ + v_h",
            parameters=("intercept",),
            meaning=(
                "as in the onset model, but without onsets in windows: of q arrival bands and `history_unknown` "
                f"stay, of p `no_peers` and `kernel_unseen`. {CONSTANTS_OUT}"
            ),
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
            meaning=(
                "an onset is split over the others: α_peer is of all of them together, whatever the home's size n on "
                "day d; 0 where nobody else lives"
            ),
        ),
        LOG_NORMAL,
    ),
    priors=both_sets(
        partial(
            _priors,
            scalars=("sigma_home", "sigma_period", "own_branching", "peer_branching", "kernel_days", "frailty_sd_log"),
            without=(*WINDOWS, *OWN),
            kernel=False,
        )
    ),
    units=UNITS,
    estimands=(
        "`own_branching`, `peer_branching`: onsets that one brings as long as all stay and are at risk. Moves and days "
        "away lower both, and so does that a day holds one onset at most, with chance 1 − exp(−λ): the onset-days that "
        "one brings fall short of α by 1 to 5 % where λ is 0.01 a day, 10 to 13 % at 0.1 and 26 to 29 % at 0.3 (α "
        "from 0.1 to 0.9, τ 5.77 days).",
        "`total_branching` = α_own + α_peer, the spectral radius of the offspring matrix of a home with others (of one "
        "child alone it is α_own), and the probability that it is below 1; what lowers α puts that on the safe side.",
    ),
    fitted=FITTED,
    refused=(*REFUSED, '`frame.initial = "conditional"`: the frailties are sampled, not integrated out.'),
)
