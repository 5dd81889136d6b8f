"""The daily models in the catalogue: a kernel with its time scale estimated, a home process that drifts, and hawkes."""

from __future__ import annotations

from functools import partial

from missingmodels.models.catalogue.records import ModelRecord
from missingmodels.models.catalogue.terms import GATE, UNITS, Use, both_sets
from missingmodels.models.daily import DRIFT_TERMS, HAWKES_TERMS, KERNEL_TERMS
from missingmodels.models.priors.daily import daily_priors
from missingmodels.models.priors.law import Prior
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
    code="models.daily.daily_model",
    terms=KERNEL_TERMS,
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
    code="models.daily.daily_model",
    terms=DRIFT_TERMS,
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
    code="models.daily.daily_model",
    terms=HAWKES_TERMS,
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
