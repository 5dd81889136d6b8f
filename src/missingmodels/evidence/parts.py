"""Parts of the evidence, each a record: rows, differences of scores, Bayes factors, what an answer withstands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ConfigDict, with_config

from missingmodels.records import STRICT

# scores of prediction, their errors and Pareto k may be infinite
UNBOUNDED = ConfigDict(extra="forbid", strict=True, allow_inf_nan=True)
DISPERSION = "dispersion"  # the one of these that is no count
TIMING = ("gaps", "pairs", "arrival", "tenths_of_columns", DISPERSION)  # what is counted of when onsets come
# What earlier evidence holds in place of the tenths: by the posterior rate of child and home, which knows who had none.
EARLIER_TIMING = ("tenths",)


@with_config(STRICT)
@dataclass(frozen=True, kw_only=True)
class Row:
    """One reported quantity.

    Attributes
    ----------
    exposure : the peer exposure of the fit, empty for none
    role : ``primary`` rows answer their hypothesis; ``beside`` rows show another exposure or what moderates the primary
        one, ``smaller model`` and ``other exposure`` rows the same quantity with fewer terms, or with another exposure;
        ``assumption`` rows the same quantity under another assumption on unseen peers
    null : the value that means no effect; ``probability_above_null`` is the posterior mass above it
    expected : the direction that the hypothesis states, ``above`` or ``below`` the null; empty if it states none
    rope_low, rope_high : region of practical equivalence, with its posterior mass
    exaggeration : of what is supported: by how much such answers exceed the truth on the log scale if that is half the
        estimate; None elsewhere, and before format 5
    family_wise : chance that any of the ``family_size`` contrasts judged together lies as far on its stated side where
        none has an effect; None where it stands alone, and before format 5
    """

    hypothesis: str
    model: str
    exposure: str
    role: str
    estimand: str
    name: str
    label: str
    mean: float
    median: float
    sd: float
    interval_low: float
    interval_high: float
    interval_mass: float
    interval_kind: str
    null: float | None
    probability_above_null: float | None
    expected: str
    rope_low: float | None
    rope_high: float | None
    rope_probability: float | None
    verdict: str
    remark: str
    exaggeration: float | None = None
    family_wise: float | None = None
    family_size: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@with_config(UNBOUNDED)
@dataclass(frozen=True, kw_only=True)
class ElpdDifference:
    """``model`` minus ``against``: log predictive density of what is left out, summed over all units.

    Attributes
    ----------
    unit : ``child``: all rows of a child; ``home``: all rows of every child who ever lived in the home, jointly. In
        both, onsets of those left out still stand in the covariates of others. ``future``: what a child does in the
        ``last_days`` given what all did before, under a fit to the days before
    standard_error : over units
    units : number of them
    k_hat_max, k_hat_bad : largest Pareto k in either model, and number of units above 0.7 in either; these and the
        counts below are None where a policy of disclosure blocks them
    mended : how many of those have scores from a fit without the unit instead; the rest are not reliable
    refit_error : Monte Carlo standard error of the mended scores' part of the difference; of the whole where the unit
        is ``future``, whose k_hat_max is that of the fits to the days before
    linked : children who lived in several homes, and so stand in the scores of each; 0 where the unit is a child
    last_days : how many days of the record are predicted; None where the unit is another, and before format 6
    """

    hypothesis: str
    model: str
    against: str
    unit: str
    difference: float
    standard_error: float
    units: int
    k_hat_max: float | None
    k_hat_bad: int | None
    mended: int | None
    refit_error: float
    linked: int | None
    last_days: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@with_config(UNBOUNDED)
@dataclass(frozen=True, kw_only=True)
class BayesFactor:
    """Savage-Dickey Bayes factor of one coefficient against 0, over widths of its normal prior.

    Attributes
    ----------
    name : column; all that follows is of its log rate ratio per raw unit
    log_bf10 : natural log of the factor for an effect over none, under the plan's prior, with its Monte Carlo error
    null_distance : of 0 from the posterior mean, in posterior sds; beyond 4 the density there is that of a normal tail
    prior_mean, prior_sd : the plan's prior
    widths, log_bf10_by_width, k_hat_by_width : other sds of the prior, the factor under each, and the Pareto k of the
        weights that carry the draws over
    expected, log_bf_stated : the side that the hypothesis states, and the factor for an effect on that side over none;
        empty and None where it states none, and before format 5
    """

    hypothesis: str
    model: str
    exposure: str
    name: str
    label: str
    log_bf10: float
    mc_error: float
    null_distance: float
    prior_mean: float
    prior_sd: float
    widths: tuple[float, ...]
    log_bf10_by_width: tuple[float, ...]
    k_hat_by_width: tuple[float, ...]
    expected: str = ""
    log_bf_stated: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@with_config(STRICT)
@dataclass(frozen=True, kw_only=True)
class PowerScaling:
    """How far the posterior of one coefficient moves per doubling of the power of ``prior`` and ``likelihood``.

    Cumulative Jensen-Shannon distance; above 0.05 is sensitive, and ``diagnosis`` says what the two mean together.
    """

    hypothesis: str
    model: str
    exposure: str
    name: str
    label: str
    prior: float
    likelihood: float
    diagnosis: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@with_config(UNBOUNDED)
@dataclass(frozen=True, kw_only=True)
class OwnHistory:
    """Whether the data tell a child's own recent episodes from stable vulnerability.

    Attributes
    ----------
    columns : own-history columns
    correlation : posterior correlation of each with the log spread of the frailty
    contraction : 1 minus posterior over prior variance, of each
    without_history, without_frailty : elpd per child of both together minus that of frailty alone and of history
        alone, each with its standard error; None where a fit failed
    k_hat_max, k_hat_bad, mended : of the latter, on which the verdict rests: largest Pareto k of a child's weights, how
        many are above 0.7, and how many of those have scores from a fit without the child instead
    ratio, ratio_low, ratio_high, probability : rate ratio of the first column with the plan's interval, and its
        probability above 1, among all children
    new_arrivals : how many children arrived within the record; ``new_ratio`` and so on are of them alone
    """

    model: str
    exposure: str
    columns: tuple[str, ...]
    correlation: tuple[float, ...]
    contraction: tuple[float, ...]
    without_history: tuple[float, float] | None
    without_frailty: tuple[float, float] | None
    k_hat_max: float | None
    k_hat_bad: int | None
    mended: int | None
    ratio: float
    ratio_low: float
    ratio_high: float
    probability: float
    new_arrivals: int | None
    new_ratio: float | None
    new_ratio_low: float | None
    new_ratio_high: float | None
    new_probability: float | None
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@with_config(STRICT)
@dataclass(frozen=True, kw_only=True)
class Withstood:
    """Under which shocks, shared by a home's children, the rule on H1 would still say supported.

    Attributes
    ----------
    model, exposure : of the fit that answers H1
    sd, days : sizes (sd of the log rate) and lengths (days until the correlation is exp(-1)) that were tried, in pairs
    probability : that the rate ratio is above 1, at each of them
    log_density : of the data at each of them, less the highest
    tipping_sd : the least size, at the worst length, at which the rule no longer holds; None where it holds at all
    tipping_days : that length
    tipping_log_density : of the size next to it that was tried, less the highest
    """

    model: str
    exposure: str
    sd: tuple[float, ...]
    days: tuple[float, ...]
    probability: tuple[float, ...]
    log_density: tuple[float, ...]
    tipping_sd: float | None
    tipping_days: float | None
    tipping_log_density: float | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)
