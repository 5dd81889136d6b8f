"""How strong an unobserved cause that a home shares would have to be to imitate an effect: formulas, no simulation.

Two answers. The E-value (VanderWeele and Ding 2017, Ann. Intern. Med. 167) lets the cause be tied to exposure as much
as to onsets and asks for the least of both. The other takes the tie from what the exposure is: a recent onset among
peers who live under the same cause. A home's rate moves by a factor exp(z) with z of mean 0, for longer than the window
and untouched by the model. With m recent-onset sources on average, P(exposed | z) = 1 − exp(−m exp(z)), and the onset
rate of exposed days over that of others is

    E[e^z P(exposed | z)] / P(exposed)  ÷  E[e^z (1 − P(exposed | z))] / (1 − P(exposed)),

where m follows from the share of days exposed. Differences between children are not in it. Exposed here is any exposure
above 0, and what is to be explained is the rate ratio of such days, at their mean exposure, against none: for
``peer_presence`` the rate ratio itself, for other exposures its power by that mean.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from missingmodels.evidence.robustness.bench import Bench, Line, judged
from missingmodels.parameters import Array

LARGEST_SD, LARGEST_RATIO = 3.0, 50.0
BINARY_SHARE = 0.2  # share of time in the raised state of the binary cause


def common_cause(bench: Bench) -> list[Line]:
    """What would explain the estimate away, and what the end of its interval nearer to 1."""
    found = bench.main()
    answer = judged(found, bench.exposure, bench.rule, check="common_cause", line="")
    assert answer.estimate is not None
    assert answer.low is not None
    weight, exposure = found.design.window_days, found.design.column(bench.exposure)
    share, mean = exposed_days(exposure, weight)
    period = float(np.median(found.parameters.sigma_period))
    sizes: tuple[tuple[str, Callable[[float], float], str], ...] = (
        ("E-value (rate ratio)", e_value, "of the cause on onsets, and of exposed over other days in its presence"),
        (
            "shared shock (sd of log rate)",
            lambda ratio: shock_sd_needed(ratio, share),
            f"beyond the home-period differences in the model, whose sd is {period:.2f}; {share:.0%} of days exposed",
        ),
        (
            "shared state one day in five (rate ratio)",
            lambda ratio: state_ratio_needed(ratio, share),
            "of a home's rate while the state lasts, which is longer than the window",
        ),
    )
    middle, low = answer.estimate**mean, answer.low**mean
    at = "" if bench.exposure == "peer_presence" else f"; exposed days at their mean exposure of {mean:.2f}"
    return [
        Line(
            check="common_cause",
            line=line,
            kind="size",
            estimate=size(middle),
            low=size(low),
            verdict=_words(size(middle), size(low), line),
            remark=remark + at,
        )
        for line, size, remark in sizes
    ]


def exposed_days(exposure: Array, weight: Array) -> tuple[float, float]:
    """Share of days (N,) with any exposure, and the mean exposure of those, by weight; 0 and 1 without any."""
    on = weight * (np.nan_to_num(exposure) > 0)
    share = float(on.sum() / weight.sum())
    return share, float((on * np.nan_to_num(exposure)).sum() / on.sum()) if share else 1.0


def e_value(ratio: float) -> float:
    """The least rate ratio on both sides of an unobserved cause that explains a rate ratio away; 1 for none."""
    return 1.0 if ratio <= 1 else float(ratio + np.sqrt(ratio * (ratio - 1)))


def _imitated_ratio(z: Array, weight: Array, share_exposed: float) -> float:
    """The rate ratio of exposed over other days that a shared cause makes alone.

    ``z`` (K,) are values of the log rate and ``weight`` (K,) their chances.
    """
    factor = np.exp(z) / (weight @ np.exp(z))

    def gap(log_sources: float) -> float:
        return float(weight @ -np.expm1(-np.exp(log_sources) * factor)) - share_exposed

    exposed = -np.expm1(-np.exp(brentq(gap, -30.0, 30.0)) * factor)
    among, beside = (weight * factor) @ exposed, (weight * factor) @ (1 - exposed)
    return float(among / share_exposed / (beside / (1 - share_exposed)))


def shock_ratio(sd: float, share_exposed: float) -> float:
    """The rate ratio that normal shocks of this sd imitate."""
    node, weight = np.polynomial.hermite_e.hermegauss(41)
    return _imitated_ratio(sd * node, weight / weight.sum(), share_exposed)


def state_ratio(ratio: float, share_exposed: float, *, share: float = BINARY_SHARE) -> float:
    """The rate ratio that a state imitates which holds for a share of the time and multiplies rates by ``ratio``."""
    return _imitated_ratio(np.array([0.0, np.log(ratio)]), np.array([1 - share, share]), share_exposed)


def shock_sd_needed(ratio: float, share_exposed: float) -> float:
    """The sd of shared shocks that imitates a rate ratio; 0 for none to explain, infinite beyond any plausible size."""
    return _solved(lambda sd: shock_ratio(sd, share_exposed), ratio, share_exposed, 0.0, LARGEST_SD)


def state_ratio_needed(ratio: float, share_exposed: float) -> float:
    """The factor of a binary state that imitates a rate ratio; 1 for none to explain, infinite if none is enough."""
    return _solved(lambda factor: state_ratio(factor, share_exposed), ratio, share_exposed, 1.0, LARGEST_RATIO)


def _solved(imitated: Callable[[float], float], ratio: float, share: float, least: float, most: float) -> float:
    if ratio <= 1 or not 0 < share < 1:
        return least
    # a very large cause fills few days with nearly all onsets, so what it imitates need not rise to the end
    grid = np.linspace(least, most, 60)
    values = np.array([imitated(float(x)) for x in grid])
    above = np.flatnonzero(values >= ratio)
    if not above.size:
        return float("inf")
    at = int(above[0])
    return float(brentq(lambda x: imitated(x) - ratio, grid[at - 1], grid[at])) if at else least


def _words(middle: float, low: float, line: str) -> str:
    least = 0.0 if line.startswith("shared shock") else 1.0
    if middle <= least:
        return "nothing to explain away: the estimate is not above 1"
    needed = f"{middle:.2f} explains the estimate away" if np.isfinite(middle) else "none explains the estimate away"
    if low <= least:
        return f"{needed}; the interval holds no influence already"
    return f"{needed}, {low:.2f} the lower end" if np.isfinite(low) else f"{needed}, nor the lower end"
