"""Priors of the other outcomes as records: sets ``weak`` (default) and ``informed``, each entry replaceable.

A coefficient's prior speaks of one unit of an indicator, and of one standard deviation of anything else. The intercept
stands where indicators are 0 and other columns at their means. ``coefficient`` is the prior of every column that has
none of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from missingmodels.errors import ConfigInvalid
from missingmodels.models.priors import Prior, prior_set
from missingmodels.plan import Priors as PriorSettings

OutcomePriors = Mapping[str, Prior]
COEFFICIENT = "coefficient"
SCALARS = {
    "counts": ("intercept", "sigma_home", "dispersion_shape"),
    "return": ("intercept", "sigma_home", "sigma_child"),
    "serious": ("intercept", "sigma_home", "sigma_child"),
    "joint": ("intercept", "sigma_home", "sigma_period", "sigma_child", "log_joint"),
    "interview": ("intercept", "sigma_home", "frailty_shape"),
    "recording": (
        *("intercept", "dispersion_shape", "report_a", "report_b"),
        *("sigma_authority_a", "sigma_authority_b", "sigma_report_a", "sigma_report_b"),
    ),
}
DFE = "DfE, Children looked after in England, 2024: of 83,920 missing incidents 28,000 lasted less than a day"


@dataclass(frozen=True, kw_only=True)
class ColumnPriors:
    """(P,) means and standard deviations of the sampler's coefficients, and which are fixed."""

    mean: np.ndarray
    sd: np.ndarray
    fixed: np.ndarray


def outcome_priors(
    outcome: str, use: str = "weak", changes: Mapping[str, Prior] | None = None, *, names: Sequence[str] = ()
) -> dict[str, Prior]:
    """The priors of one outcome, with ``changes`` (a parameter or one of the columns ``names``) in their place.

    Raises ConfigInvalid for a set or a parameter that is not known, or a law that does not fit the parameter.
    """
    if use not in ("weak", "informed"):
        raise ConfigInvalid(f"priors {use!r} are not known", where="priors", remedy="known sets: weak, informed")
    held = _set(outcome, use)
    known = (*SCALARS[outcome], COEFFICIENT, *names)
    strange = [name for name in changes or {} if name not in known]
    if strange:
        raise ConfigInvalid(
            f"priors name {', '.join(map(repr, strange))}, which is not in the model",
            where="priors",
            remedy=f"known names: {', '.join(known)}",
        )
    for name, prior in (changes or {}).items():
        usual = held.get(name, held[COEFFICIENT]).law
        if prior.law not in (usual, "fixed"):
            raise ConfigInvalid(
                f"the prior of {name} is {prior.law}", where="priors", remedy=f"give one of law {usual}, or fixed"
            )
    return held | dict(changes or {})


def of_columns(priors: OutcomePriors, names: Sequence[str], scale: np.ndarray) -> ColumnPriors:
    """Priors of columns on the sampler's scale. A fixed value is given per unit of the column as it is."""
    held = [priors.get(name, priors[COEFFICIENT]) for name in names]
    fixed = np.array([prior.law == "fixed" for prior in held], dtype=bool)
    mean = np.array([prior.mean for prior in held], dtype=float)
    return ColumnPriors(
        mean=np.where(fixed, mean * scale, mean),
        sd=np.array([prior.sd for prior in held], dtype=float),
        fixed=fixed,
    )


def _set(outcome: str, use: str) -> dict[str, Prior]:
    informed = use == "informed"
    onset = prior_set(PriorSettings(use="informed" if informed else "weak"))
    rate = {"intercept": onset.intercept, "sigma_home": onset.sigma_home}
    coefficient = Prior(law="normal", sd=1.0, reason="a ratio between 1/7 and 7 with 95 % probability")
    if informed:
        coefficient = Prior(law="normal", sd=0.4, reason="a ratio between 0.45 and 2.2 with 95 % probability")
    spread = Prior(
        law="half_normal",
        sd=0.5 if informed else 1.0,
        reason="equal children, or equal homes, differ by less than a factor of 3 (informed) or 7 (weak)",
    )
    if outcome == "counts":
        own = rate | {"dispersion_shape": _shape(2.0, 0.5 if informed else 1.0)}
    elif outcome == "return":
        own = _chance(math.log(-math.log(1 - 28 / 83.92)), DFE, informed, spread)
    elif outcome == "serious":
        at = math.log(0.04 / 0.96)
        own = _chance(at, "assumption: 4 % of episodes, that of the scenarios, within a factor of 20", informed, spread)
    elif outcome == "interview":
        own = rate | {"frailty_shape": onset.frailty_shape}
    elif outcome == "joint":
        along = Prior(
            law="normal",
            sd=1.0 if informed else 2.0,
            reason="no published figure; odds of leaving along lowered or raised up to 7 (informed) or 50 (weak) fold",
        )
        own = rate | {"sigma_period": onset.sigma_period, "sigma_child": replace(spread, sd=1.0), "log_joint": along}
    else:
        own = {"intercept": onset.intercept, "dispersion_shape": _shape(1.0, 0.5 if informed else 1.0)}
        reports = Prior(
            law="normal",
            mean=0.5,
            sd=1.0 if informed else 1.5,
            reason="each source holds between 3 % and 97 % of what happened; no published figure",
        )
        own |= {"report_a": reports, "report_b": reports}
        own |= dict.fromkeys(SCALARS["recording"][4:], replace(spread, sd=0.5 if informed else 1.0))
    return {**own, COEFFICIENT: coefficient}


def _chance(at: float, source: str, informed: bool, spread: Prior) -> dict[str, Prior]:
    sd = 0.5 if informed else 1.5
    intercept = Prior(
        law="normal", mean=at, sd=sd, reason="about the figure of the source, or an assumption", source=source
    )
    return {"intercept": intercept, "sigma_home": spread, "sigma_child": spread}


def _shape(median: float, sd: float) -> Prior:
    return Prior(
        law="log_normal",
        mean=math.log(median),
        sd=sd,
        reason="counts of cells from hardly more spread than Poisson to concentrated in a few",
    )
