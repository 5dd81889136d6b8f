"""Priors as records: a law, its reason and its source. Sets ``weak`` (default) and ``informed``; any can be replaced.

A coefficient's prior speaks of the log rate ratio per unit of the sampler's column: one unit of an indicator or
exposure, one standard deviation of anything else. An informed prior is given per raw unit and converted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from missingmodels.errors import ConfigInvalid
from missingmodels.plan import Effects, Plan, PriorChange
from missingmodels.plan import Priors as PriorSettings
from missingmodels.sources import card

LAWS = ("normal", "student_t", "flat")  # that a coefficient may have
SCALES = ("sigma_home", "sigma_period", "frailty_shape")  # of the default effects
# Scalars of the laws of frailty, and of the effects that a plan may add.
FRAILTY = {
    "gamma": ("frailty_shape",),
    "log_normal": ("frailty_sd_log",),
    "low_risk": ("frailty_shape", "low_risk_share", "low_risk_ratio"),
}
FURTHER = (
    "frailty_sd_log",
    "low_risk_share",
    "low_risk_ratio",
    "sigma_authority",
    "sigma_owner",
    "sigma_peer_slope",
    "sigma_sector",
)
DAILY_SCALES = ("kernel_days", "process_days")  # log-normal scales of the daily models, which no onset model has
# What "short staffing" means where a size is stated for it: staff per resident a quarter below the home's mean.
QUARTER_SHORT = math.log(4 / 3)
LOW_RISK_RATIO = 0.05


@dataclass(frozen=True, kw_only=True)
class Prior:
    """One prior. ``law`` is normal (mean, sd), half_normal (sd), log_normal (mean, sd of the log) or fixed (mean).

    A beta is given by its mean and sd, as a replacement in a plan is.

    For rows of one's own also student_t and half_student_t (``sd`` is the scale, ``df`` the degrees of freedom),
    exponential (``sd`` is 1 / rate), gamma (``df`` is its shape, ``sd`` 1 / rate) and flat.
    """

    law: str
    mean: float = 0.0
    sd: float = 1.0
    df: float = 0.0
    reason: str = ""
    source: str = ""

    @property
    def beta(self) -> tuple[float, float]:
        """The two shapes of a beta. Raises ConfigInvalid if none has this mean and sd."""
        size = self.mean * (1 - self.mean) / self.sd**2 - 1
        if not (0 < self.mean < 1 and size > 0):
            raise ConfigInvalid(
                f"no beta prior has mean {self.mean:g} and sd {self.sd:g}",
                remedy="give a mean between 0 and 1 and an sd below sqrt(mean (1 - mean)), or fixed",
            )
        return self.mean * size, (1 - self.mean) * size

    @property
    def unsigned(self) -> Prior:
        """The same of what cannot be sampled with a sign: a half-normal becomes ``positive_normal``."""
        return replace(self, law="positive_normal") if self.law == "half_normal" else self

    def times(self, scale: float) -> Prior:
        """The prior of ``scale`` times the parameter."""
        return replace(self, mean=self.mean * scale, sd=self.sd * scale)


@dataclass(frozen=True, kw_only=True)
class PriorSet:
    """The priors of one model. ``coefficients`` holds those that differ from ``coefficient``, per raw unit."""

    name: str
    intercept: Prior
    coefficient: Prior
    sigma_home: Prior
    sigma_period: Prior
    frailty_shape: Prior
    frailty_sd_log: Prior
    low_risk_share: Prior
    low_risk_ratio: Prior
    sigma_authority: Prior
    sigma_owner: Prior
    sigma_peer_slope: Prior
    sigma_sector: Prior
    coefficients: Mapping[str, Prior] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Prior:
        held: Prior = getattr(self, name)
        return held

    def column_priors(self, names: Sequence[str], scale: np.ndarray) -> ColumnPriors:
        """Priors of columns on the sampler's scale: a column's own speaks of its raw unit."""
        own = [self.coefficients.get(name) for name in names]
        return ColumnPriors.of(
            [self.coefficient if p is None else p.times(float(unit)) for p, unit in zip(own, scale, strict=True)]
        )

    def of_columns(self, names: Sequence[str], scale: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(P,) mean and sd on the sampler's scale, and which are fixed (sd 0)."""
        at = self.column_priors(names, scale)
        return at.mean, np.where(at.fixed, 0.0, at.sd), at.fixed


@dataclass(frozen=True, kw_only=True)
class ColumnPriors:
    """(P,) laws, means, standard deviations and degrees of freedom of the sampler's coefficients."""

    law: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    df: np.ndarray

    @classmethod
    def of(cls, priors: Sequence[Prior]) -> ColumnPriors:
        """Those of single priors."""
        mean, sd, df = (np.array([getattr(p, part) for p in priors], dtype=float) for part in ("mean", "sd", "df"))
        return cls(law=np.array([p.law for p in priors], dtype=object), mean=mean, sd=sd, df=df)

    @property
    def fixed(self) -> np.ndarray:
        """(P,) which have a value and no prior."""
        return np.asarray(self.law == "fixed", dtype=bool)


@dataclass(frozen=True, kw_only=True)
class ModelPriors:
    """The priors of one model of one design: of scalars, in the order of the sampler's coordinates, and of columns."""

    scalars: Mapping[str, Prior]
    columns: ColumnPriors


def scales_of(effects: Effects) -> tuple[str, ...]:
    """Names of the scalars, the intercept apart, of a model with these effects."""
    added = {
        "sigma_authority": effects.authority,
        "sigma_owner": effects.owner,
        "sigma_peer_slope": effects.peer_slope_by_home,
        "sigma_sector": effects.sector_process != "none",
    }
    periods = ("sigma_period",) if effects.home_process != "none" else ()
    return ("sigma_home", *periods, *FRAILTY[effects.frailty], *(name for name, held in added.items() if held))


def require_known(settings: PriorSettings, names: Sequence[str], effects: Effects | None = None) -> None:
    """Raise ConfigInvalid for a replacement that names neither a scalar nor one of the columns of the plan's models."""
    known = ("intercept", *scales_of(effects or Effects()), *names)
    strange = [name for name in settings.replace if name not in known]
    if strange:
        raise ConfigInvalid(
            f"priors.replace names {', '.join(map(repr, strange))}, which is in no model of the plan",
            remedy=f"known names: {', '.join(known)}",
        )


def _weak() -> PriorSet:
    national = card("missing_rate_per_resident_year")
    return PriorSet(
        name="weak",
        intercept=Prior(
            law="normal",
            mean=math.log(national.value / 365.25),
            sd=1.5,
            reason=f"the ordinary day's rate lies within a factor of 20 of the national one, {national.value:g} a year",
            source=national.citation,
        ),
        coefficient=Prior(law="normal", sd=1.0, reason="a rate ratio between 1/7 and 7 with 95 % probability"),
        sigma_home=Prior(law="half_normal", sd=1.0, reason="homes of equal children differ by less than a factor of 7"),
        sigma_period=Prior(law="half_normal", sd=0.5, reason="a home's months differ by less than its homes"),
        frailty_shape=Prior(
            law="log_normal",
            mean=math.log(0.5),
            sd=1.0,
            reason="from nearly all onsets in a few children (0.07) to nearly none so (3.6)",
        ),
        frailty_sd_log=Prior(
            law="log_normal",
            mean=math.log(1.05),
            sd=0.5,
            reason="the coefficient of variation of the gamma's median shape; 95 % of it between 0.4 and 2.8",
        ),
        low_risk_share=_share(0.5, 0.5 / math.sqrt(5), "beta(2, 2): neither class is empty"),
        low_risk_ratio=Prior(
            law="fixed", mean=LOW_RISK_RATIO, reason="assumption: few onsets tell a small ratio from a smaller one"
        ),
        sigma_authority=Prior(law="half_normal", sd=0.5, reason="authorities differ by less than their homes"),
        sigma_owner=Prior(law="half_normal", sd=0.5, reason="owners differ by less than their homes"),
        sigma_peer_slope=Prior(
            law="half_normal", sd=0.5, reason="a peer rate ratio of 1.3 in the middle home is 0.5 to 3.5 in most others"
        ),
        sigma_sector=Prior(law="half_normal", sd=0.5, reason="what all homes share varies as a home's months do"),
    )


def _share(mean: float, sd: float, reason: str, source: str = "") -> Prior:
    return Prior(law="beta", mean=mean, sd=sd, reason=reason, source=source)


def _ratio(low: float, centre: float, high: float, reason: str, source: str, *, step: float = 1.0) -> Prior:
    """A normal prior on the log whose 95 % range spans that of a rate ratio over ``step`` raw units."""
    sd = (math.log(high) - math.log(low)) / (2 * 1.96)
    return Prior(law="normal", mean=math.log(centre) / step, sd=sd / step, reason=reason, source=source)


def _informed() -> PriorSet:
    weak = _weak()
    study = "range suggested for power studies; no English estimate is published"
    return PriorSet(
        name="informed",
        intercept=Prior(
            law="normal",
            mean=weak.intercept.mean - 0.5,
            sd=0.5,
            reason="below the national rate, which history and peers raise",
            source=weak.intercept.source,
        ),
        coefficient=Prior(law="normal", sd=0.3, reason="keeps rates below one a day and contagion subcritical"),
        sigma_home=Prior(
            law="half_normal",
            sd=0.4,
            reason="intraclass correlation of 0.05 to 0.20",
            source=card("home_sd_log").citation,
        ),
        sigma_period=Prior(law="half_normal", sd=0.3, reason="shared shocks no larger than differences between homes"),
        frailty_shape=Prior(
            law="log_normal",
            mean=math.log(0.3),
            sd=0.4,
            reason="a little less concentrated than annual counts",
            source=card("frailty_shape").citation,
        ),
        frailty_sd_log=Prior(
            law="log_normal",
            mean=0.5 * math.log(math.log1p(1 / card("frailty_shape").value)),
            sd=0.25,
            reason="the coefficient of variation of the gamma's median shape",
            source=card("frailty_shape").citation,
        ),
        low_risk_share=_share(0.4, 0.2, "assumption: below the share of residents who are missing in no year, 0.6"),
        low_risk_ratio=weak.low_risk_ratio,
        sigma_authority=Prior(law="half_normal", sd=0.2, reason="half of the spread between homes"),
        sigma_owner=Prior(law="half_normal", sd=0.2, reason="half of the spread between homes"),
        sigma_peer_slope=Prior(
            law="half_normal", sd=0.2, reason="the middle home's rate ratio of 1.3 stays above 1 in nine of ten homes"
        ),
        sigma_sector=Prior(law="half_normal", sd=0.3, reason="what all homes share varies as a home's months do"),
        coefficients={
            "peer_presence": _ratio(1.0, 1.3, 2.2, "between a null and two positive studies", study),
            "peer_density": _ratio(0.8, 1.6, 4.0, "one recent peer of two or three", study),
            "peer_presence:short_staffing": _ratio(
                0.9,
                card("short_staffing_rate_ratio").value,
                1.6,
                "assumption: what staff a quarter below the home's mean do to the peers' rate ratio; 0.86 to 1.53 with "
                "95 % probability, as wide as the range of the source but about its middle",
                card("short_staffing_rate_ratio").citation,
                step=QUARTER_SHORT,
            ),
            "own_1_7": _ratio(
                1.2,
                1.8,
                3.0,
                "repeat timing that fixed heterogeneity cannot give",
                card("own_recent_rate_ratio").citation,
            ),
            "age_years": _ratio(
                1.08, 1.18, 1.28, "risk rises through the teens", card("age_rate_ratio_per_year").citation
            ),
            "out_of_area": _ratio(
                0.55,
                0.75,
                1.0,
                "in-area children go missing 1.33 times as often, a little less than unadjusted figures have it",
                "DfE and APPG figures, ratio 1.4 unadjusted",
            ),
            "exploitation_risk": _ratio(
                0.8, 1.5, 2.8, "exploited children go missing more often", "direction from several studies"
            ),
        },
    )


def prior_set(settings: PriorSettings) -> PriorSet:
    """The plan's priors. A replacement of a column speaks of every model that holds it.

    Raises ConfigInvalid for a replacement that does not fit its parameter.
    """
    base = _informed() if settings.use == "informed" else _weak()
    coefficients = dict(base.coefficients)
    scalars = {name: getattr(base, name) for name in ("intercept", *SCALES, *FURTHER)}
    for name, change in settings.replace.items():
        if name in scalars:
            scalars[name] = replacement(name, scalars[name].law, change)
        elif name not in DAILY_SCALES:  # a scale of the daily models is read by them
            coefficients[name] = replacement(name, "normal", change)
    return PriorSet(name=base.name, coefficient=base.coefficient, coefficients=coefficients, **scalars)


def replacement(name: str, law: str, change: PriorChange) -> Prior:
    """The prior that a plan gives a parameter whose usual prior has this law.

    Raises ConfigInvalid where it does not fit the law, or leaves the parameter's support.
    """
    law = "beta" if law == "fixed" else law  # a ratio that is fixed until a plan gives it a prior
    if change.fixed is not None:
        if not _within(law, change.fixed):
            raise _misfit(name, f"{change.fixed:g} is no value of it", f"it must be {_SUPPORT[law]}")
        return Prior(law="fixed", mean=change.fixed, reason="fixed by the plan")
    if law == "log_normal":
        if change.median is None or change.sd_log is None:
            raise _misfit(name, "its prior is log-normal", "give median and sd_log, or fixed")
        return Prior(law=law, mean=math.log(change.median), sd=change.sd_log, reason="set by the plan")
    if change.mean is None or change.sd is None:
        raise _misfit(name, f"its prior is {law.replace('_', '-')}", "give mean and sd, or fixed")
    if law == "half_normal" and change.mean:
        raise _misfit(
            name,
            f"a half-normal prior has no mean of its own (found {change.mean:g})",
            "give mean = 0 and the sd of the normal that is folded at 0, or fixed",
        )
    prior = Prior(law=law, mean=change.mean, sd=change.sd, reason="set by the plan")
    if law == "beta":
        _ = prior.beta  # told here rather than in the middle of a fit
    return prior


_SUPPORT = {"half_normal": "0 or above", "log_normal": "above 0", "beta": "between 0 and 1, ends excluded"}


def _within(law: str, value: float) -> bool:
    return {"half_normal": value >= 0, "log_normal": value > 0, "beta": 0 < value < 1}.get(law, math.isfinite(value))


def _misfit(name: str, what: str, remedy: str) -> ConfigInvalid:
    return ConfigInvalid(f"priors.replace.{name}: {what}", remedy=remedy)


def draw_prior(prior: Prior, draws: int, rng: np.random.Generator) -> np.ndarray:
    """(draws,) values of one parameter of the onset model under its prior."""
    if prior.law == "fixed":
        return np.full(draws, prior.mean)
    if prior.law == "beta":
        return rng.beta(*prior.beta, draws)
    value = prior.mean + prior.sd * rng.standard_normal(draws)
    if prior.law == "half_normal":
        return np.abs(value)
    return np.exp(value) if prior.law == "log_normal" else value


def plan_priors(plan: Plan) -> PriorSet:
    """The priors of a plan, with the effects of processes that it leaves out fixed at 0."""
    found = prior_set(plan.priors)
    if plan.effects.home_process == "none":
        found = replace(found, sigma_period=_nothing("home_process"))
    if plan.effects.sector_process == "none":
        found = replace(found, sigma_sector=_nothing("sector_process"))
    return found


def _nothing(process: str) -> Prior:
    return Prior(law="fixed", mean=0.0, reason=f"effects.{process} = 'none'")
