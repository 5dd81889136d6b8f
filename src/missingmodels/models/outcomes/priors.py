"""Priors of the other outcomes as records: sets ``weak`` (default) and ``informed``, each entry replaceable.

A coefficient's prior speaks of one unit of an indicator, and of one standard deviation of anything else. The intercept
stands where indicators are 0 and other columns at their means. ``coefficient`` is the prior of every column that has
none of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit

from missingmodels.errors import ConfigInvalid
from missingmodels.models.priors.law import ColumnPriors, ModelPriors, Prior, PriorSet
from missingmodels.models.priors.of_plan import prior_set
from missingmodels.plan import Priors as PriorSettings
from missingmodels.sources import card

OutcomePriors = Mapping[str, Prior]
COEFFICIENT = "coefficient"
DAYS_PER_YEAR = 365.25
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
REPORT = 0.5  # middle of the log odds that a source holds an episode: 62 %


def outcome_priors(
    outcome: str, use: str = "weak", changes: Mapping[str, Prior] | None = None, *, names: Sequence[str] = ()
) -> dict[str, Prior]:
    """The priors of one outcome, with ``changes`` (a parameter or one of the columns ``names``) in their place.

    Raises ConfigInvalid for a set or a parameter that is not known, or a law that does not fit the parameter.
    """
    if use not in ("weak", "informed"):
        raise ConfigInvalid(f"priors {use!r} are not known", where="priors", remedy="known sets: weak, informed")
    held = _set(outcome, use)
    known = (*held, *names)
    strange = [name for name in changes or {} if name not in known]
    if strange:
        raise ConfigInvalid(
            f"priors name {', '.join(map(repr, strange))}, which is not in the model",
            where="priors",
            remedy=f"known names: {', '.join(known)}",
        )
    for name, prior in (changes or {}).items():
        usual = held[name if name in held else COEFFICIENT].law
        if prior.law not in (usual, "fixed"):
            raise ConfigInvalid(
                f"the prior of {name} is {prior.law}", where="priors", remedy=f"give one of law {usual}, or fixed"
            )
    return held | dict(changes or {})


def model_priors(outcome: str, priors: OutcomePriors, names: Sequence[str], scale: np.ndarray) -> ModelPriors:
    """Priors by the model's names, of columns on the sampler's scale: a fixed value speaks of the column as it is."""
    held = [priors.get(name, priors[COEFFICIENT]) for name in names]
    columns = [p.times(float(unit)) if p.law == "fixed" else p for p, unit in zip(held, scale, strict=True)]
    return ModelPriors(scalars={name: priors[name] for name in SCALARS[outcome]}, columns=ColumnPriors.of(columns))


def _set(outcome: str, use: str) -> dict[str, Prior]:
    informed = use == "informed"
    onset = prior_set(PriorSettings(use="informed" if informed else "weak"))
    if outcome == "recording":
        return _recording(onset, informed)
    coefficient = Prior(law="normal", sd=1.0, reason="a ratio between 1/7 and 7 with 95 % probability")
    if informed:
        coefficient = Prior(law="normal", sd=0.4, reason="a ratio between 0.45 and 2.2 with 95 % probability")
    spread = _spread(informed)
    rate = {"intercept": onset.intercept, "sigma_home": onset.sigma_home}
    if outcome == "counts":
        own = rate | {"dispersion_shape": _shape(2.0, 0.5 if informed else 1.0)}
        if informed:
            why = "the national rate, within a factor of 2.7: the model holds no history or peers to raise it"
            own["intercept"] = _at_national(onset, 0.0, why)
    elif outcome == "return":
        why = (
            "about the share of incidents that end on the date of onset: returns hold no times, so under a day is that"
        )
        own = _chance(math.log(-math.log(1 - 28 / 83.92)), why, DFE, informed, spread)
    elif outcome == "serious":
        why = f"assumption: 4 % of episodes, that of the scenarios, odds within a factor of {2.7 if informed else 20:g}"
        own = _chance(math.log(0.04 / 0.96), why, "", informed, spread)
    elif outcome == "interview":
        own = rate | {"frailty_shape": onset.frailty_shape}
        if informed:
            why = "below the national rate, which days since a return raise"
            own["intercept"] = replace(onset.intercept, reason=why)
    elif outcome == "joint":
        along = Prior(
            law="normal",
            sd=1.0 if informed else 2.0,
            reason=f"no published figure; odds of leaving along lowered or raised up to {7 if informed else 50} fold",
        )
        own = rate | {"sigma_period": onset.sigma_period, "sigma_child": _spread(False), "log_joint": along}
    else:
        raise KeyError(f"no priors of the outcome {outcome!r} are written here")
    return {**own, COEFFICIENT: coefficient}


def _recording(onset: PriorSet, informed: bool) -> dict[str, Prior]:
    """Episodes seen or not, so that their rate lies above the national one, which is of episodes on record."""
    sd = 1.0 if informed else 1.5
    low, middle, high = expit(REPORT + sd * np.array([-1.96, 0.0, 1.96]))
    span = f"{100 * low:.0f} % and {100 * high:.0f} %"
    report = Prior(
        law="normal",
        mean=REPORT,
        sd=sd,
        reason=f"each source holds between {span} of what happened; no published figure",
    )
    intercept = onset.intercept
    if informed:
        why = (
            f"the national rate on record over {100 * middle:.0f} %, the middle of the prior share that a source holds"
        )
        intercept = _at_national(onset, -math.log(middle), f"{why}, within a factor of 2.7: α is of all episodes")
    scalars = {"intercept": intercept, "dispersion_shape": _shape(1.0, 0.5 if informed else 1.0)}
    return {**scalars, "report_a": report, "report_b": report} | dict.fromkeys(
        SCALARS["recording"][4:], _spread(informed)
    )


def _at_national(onset: PriorSet, above: float, reason: str) -> Prior:
    """So far above the log of the national rate a day."""
    rate = card("missing_rate_per_resident_year").value / DAYS_PER_YEAR
    return replace(onset.intercept, mean=math.log(rate) + above, reason=reason)


def _spread(informed: bool) -> Prior:
    words = f"equal children, or equal homes, differ by less than a factor of {3 if informed else 7}"
    return Prior(law="half_normal", sd=0.5 if informed else 1.0, reason=words)


def _chance(at: float, reason: str, source: str, informed: bool, spread: Prior) -> dict[str, Prior]:
    intercept = Prior(law="normal", mean=at, sd=0.5 if informed else 1.5, reason=reason, source=source)
    return {"intercept": intercept, "sigma_home": spread, "sigma_child": spread}


def _shape(median: float, sd: float) -> Prior:
    return Prior(
        law="log_normal",
        mean=math.log(median),
        sd=sd,
        reason="counts of cells from hardly more spread than Poisson to concentrated in a few",
    )
