"""Measures of a cell, each with its Monte Carlo standard error. Plain arrays. Specification, section 8.

Monte Carlo errors are those of Morris, White and Crowther (2019, Stat. Med. 38), table 6, except that shares take the
plus-four rule (Agresti and Coull 1998, Am. Stat. 52), by which a share of 0 or 1 has an error too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, kw_only=True)
class _Measure:
    """A value, its Monte Carlo standard error, and the number of replicates that it stands on.

    Where none do the value is NaN, and ``why`` says for what reason.
    """

    value: float
    error: float
    count: int
    why: str = ""

    def as_dict(self) -> dict[str, float | int | str | None]:
        """Plain values by name."""
        plain = {"value": self.value, "error": self.error}
        held: dict[str, float | int | str | None] = {k: None if math.isnan(v) else v for k, v in plain.items()}
        return held | {"count": self.count} | ({"why": self.why} if math.isnan(self.value) else {})


def share_error(hits: int, count: int) -> float:
    """Monte Carlo error of a share by the plus-four rule."""
    p = (hits + 2) / (count + 4)
    return math.sqrt(p * (1 - p) / (count + 4))


def share(hits: Array) -> _Measure:
    """A share of replicates."""
    n = int(hits.size)
    if not n:
        return _Measure(value=math.nan, error=math.nan, count=0)
    return _Measure(value=float(hits.mean()), error=share_error(int(hits.sum()), n), count=n)


def mean(values: Array) -> _Measure:
    """A mean over replicates."""
    n = int(values.size)
    if not n:
        return _Measure(value=math.nan, error=math.nan, count=0)
    error = float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan
    return _Measure(value=float(values.mean()), error=error, count=n)


def ratio_of_means(above: Array, below: Array) -> _Measure:
    """mean(above) / mean(below) with the error of a ratio estimator."""
    n = int(above.size)
    if not n or not below.mean():
        return _Measure(value=math.nan, error=math.nan, count=n)
    value = float(above.mean() / below.mean())
    left = above - value * below
    error = float(left.std(ddof=1) / math.sqrt(n) / abs(below.mean())) if n > 1 else math.nan
    return _Measure(value=value, error=error, count=n)


def cell_measures(  # noqa: PLR0913
    *,
    fitted: Array,
    supported: Array,
    negligible: Array,
    expected_above: bool,
    truth: Array,
    estimate: Array,
    low: Array,
    high: Array,
    probability_above: Array,
    sure: float,
    narrow: float | None = None,
    no_truth: str = "these worlds have no true value of it",
) -> dict[str, _Measure]:
    """All measures of one quantity under one rule, from (n,) arrays over every replicate, failed ones included.

    A replicate that failed supports nothing, so it counts in ``power`` and ``negligible`` and not among the estimates.
    ``sure`` is the probability that the rule asks for; NaN of a rule that asks for none, whose confident worlds are
    those that it supports. ``narrow`` is the width that is aimed at. Estimates and truths are log rate ratios;
    ``no_truth`` says why a truth is NaN, for the measures that then cannot be had.

    power : share of worlds in which the rule says supported; over a design prior this is the assurance
    negligible : share in which it says supported as negligible
    wrong_way : share in which the posterior is as sure of the direction that the hypothesis does not state
    type_s : of the worlds with a posterior that sure of either direction, those in which the sign is wrong
    type_m : in those worlds, mean size of the estimate over mean size of the truth (Gelman and Carlin 2014)
    bias, coverage, width : of the posterior median and the interval of the rule
    precise : share of worlds whose interval is at most as wide as ``narrow``, if that is given
    expected_probability : mean posterior probability of the direction stated
    """
    ok = fitted.astype(bool)
    toward = probability_above if expected_above else 1 - probability_above
    known = ok & ~np.isnan(truth)
    surest = np.maximum(probability_above, 1 - probability_above)
    confident = ok & (supported if math.isnan(sure) else surest >= sure)
    signed = confident & known & (truth != 0)
    found = {
        "power": share(supported & ok),
        "negligible": share(negligible & ok),
        "wrong_way": share(ok & (1 - toward >= sure)),
        "failed": share(~ok),
        "type_s": share(np.sign(estimate[signed]) != np.sign(truth[signed])),
        "type_m": ratio_of_means(np.abs(estimate[signed]), np.abs(truth[signed])),
        "bias": mean((estimate - truth)[known]),
        "coverage": share(((low <= truth) & (truth <= high))[known]),
        "width": mean((high - low)[ok]),
        "expected_probability": mean(toward[ok]),
    }
    if math.isnan(sure):
        found["wrong_way"] = share(np.zeros(0, dtype=bool))
    if narrow is not None:
        found["precise"] = share(ok & (high - low <= narrow))
    whys = _whys(ok, known, confident, no_truth)
    if math.isnan(sure):
        whys |= {"wrong_way": "a rule of one's own says nothing of the other direction"}
    return {name: replace(one, why=whys.get(name, whys[""])) for name, one in found.items()}


def _whys(ok: Array, known: Array, confident: Array, no_truth: str) -> dict[str, str]:
    """Why a measure has no value, by name, if it has none; the empty name is of those that need a usable fit alone."""
    first = "no world has run yet" if not ok.size else "no world has a usable fit"
    if not ok.any():
        return {"": first}
    of_sign = "no world is that sure of a direction" if not confident.any() else "the truth is 0, which has no sign"
    of_truth = {} if known.any() else dict.fromkeys(("bias", "coverage", "type_s", "type_m"), no_truth)
    return {"": first, "type_s": of_sign, "type_m": of_sign} | of_truth


MEANINGS = {
    "power": "share of worlds in which the rule says “supported”; failed fits count as not",
    "negligible": "share in which it says “supported as negligible”",
    "wrong_way": "share in which the posterior is as sure of the other direction",
    "failed": "share of worlds without a usable fit",
    "type_s": "of the confident worlds, those with the wrong sign",
    "type_m": "exaggeration: size of estimates over size of truths in the confident worlds",
    "bias": "mean error of the posterior median, log rate ratio",
    "coverage": "share of intervals that hold the truth",
    "width": "mean width of the interval, log rate ratio",
    "precise": "share of worlds whose interval is as narrow as is aimed at; failed fits count as not",
    "stopped_day": "mean day of the look at which collection ends",
    "expected_probability": "mean posterior probability of the direction stated",
}
