"""Priors as records: a law, its reason and its source. Sets ``weak`` (default) and ``informed``; any can be replaced.

A coefficient's prior speaks of the log rate ratio per unit of the sampler's column: one unit of an indicator or
exposure, one standard deviation of anything else. An informed prior is given per raw unit and converted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from missingmodels.errors import ConfigInvalid
from missingmodels.plan import Priors as PriorSettings
from missingmodels.sources import card

SCALES = ("sigma_home", "sigma_period", "frailty_shape")
# What "short staffing" means where a size is stated for it: staff per resident a quarter below the home's mean.
QUARTER_SHORT = math.log(4 / 3)


@dataclass(frozen=True, kw_only=True)
class Prior:
    """One prior. ``law`` is normal (mean, sd), half_normal (sd), log_normal (mean, sd of the log) or fixed (mean).

    For rows of one's own also student_t and half_student_t (``sd`` is the scale, ``df`` the degrees of freedom),
    exponential (``sd`` is 1 / rate) and flat.
    """

    law: str
    mean: float = 0.0
    sd: float = 1.0
    df: float = 0.0
    reason: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class PriorSet:
    """The priors of one model. ``coefficients`` holds those that differ from ``coefficient``, per raw unit."""

    name: str
    intercept: Prior
    coefficient: Prior
    sigma_home: Prior
    sigma_period: Prior
    frailty_shape: Prior
    coefficients: Mapping[str, Prior] = field(default_factory=dict)

    def of_columns(self, names: Sequence[str], scale: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(P,) mean and sd on the sampler's scale, and which are fixed (sd 0)."""
        mean, sd, fixed = np.zeros(len(names)), np.zeros(len(names)), np.zeros(len(names), dtype=bool)
        for i, name in enumerate(names):
            prior = self.coefficients.get(name)
            if prior is None:
                mean[i], sd[i] = self.coefficient.mean, self.coefficient.sd
            elif prior.law == "fixed":
                mean[i], fixed[i] = prior.mean * scale[i], True
            else:
                mean[i], sd[i] = prior.mean * scale[i], prior.sd * scale[i]
        return mean, sd, fixed


def require_known(settings: PriorSettings, names: Sequence[str]) -> None:
    """Raise ConfigInvalid for a replacement that names neither a scale nor one of the columns of the plan's models."""
    known = ("intercept", *SCALES, *names)
    strange = [name for name in settings.replace if name not in known]
    if strange:
        raise ConfigInvalid(
            f"priors.replace names {', '.join(map(repr, strange))}, which is in no model of the plan",
            remedy=f"known names: {', '.join(known)}",
        )


def _weak() -> PriorSet:
    rate = math.log(card("missing_rate_per_resident_year").value / 365.25)
    return PriorSet(
        name="weak",
        intercept=Prior(
            law="normal",
            mean=rate,
            sd=1.5,
            reason="the ordinary day's rate lies within a factor of 20 of the national one",
            source=card("missing_rate_per_resident_year").citation,
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
    )


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
        coefficients={
            "peer_presence": _ratio(1.0, 1.3, 2.2, "between a null and two positive studies", study),
            "peer_density": _ratio(0.8, 1.6, 4.0, "one recent peer of two or three", study),
            "peer_presence:short_staffing": _ratio(
                0.9,
                card("short_staffing_rate_ratio").value,
                1.6,
                "assumption: what staff a quarter below the home's mean do to the peers' rate ratio",
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
                0.55, 0.75, 1.0, "in-area children go missing more often", "DfE and APPG figures, ratio 1.4 unadjusted"
            ),
            "exploitation_risk": _ratio(
                0.8, 1.5, 2.8, "exploited children go missing more often", "direction from several studies"
            ),
        },
    )


def prior_set(settings: PriorSettings) -> PriorSet:
    """The plan's priors. A replacement of a column speaks of every model that holds it.

    The moments of ``frailty_shape`` are those of its log. Raises ConfigInvalid for a scale with a mean.
    """
    base = _informed() if settings.use == "informed" else _weak()
    coefficients = dict(base.coefficients)
    scalars = {name: getattr(base, name) for name in ("intercept", *SCALES)}
    for name, change in settings.replace.items():
        if change.fixed is not None:
            prior = Prior(law="fixed", mean=change.fixed, reason="fixed by the plan")
        else:
            law = scalars[name].law if name in scalars else "normal"
            if law == "half_normal" and change.mean:
                raise ConfigInvalid(
                    f"priors.replace.{name}: a half-normal prior has no mean of its own (found {change.mean:g})",
                    remedy="give mean = 0 and the sd of the normal that is folded at 0, or fixed",
                )
            prior = Prior(law=law, mean=change.mean or 0.0, sd=change.sd or 1.0, reason="set by the plan")
        if name in scalars:
            scalars[name] = prior
        else:
            coefficients[name] = prior
    return PriorSet(name=base.name, coefficient=base.coefficient, coefficients=coefficients, **scalars)
