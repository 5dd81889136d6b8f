"""The diagnostics gate: what an engine says of its own draws, each value with its limit."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from missingmodels.errors import DiagnosticsFailed
from missingmodels.plan import Gate, Plan


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """Worst values over all parameters; None where the engine has no such value. ``failed`` lists what broke the gate.

    Of chains: ``rhat_max`` is over coefficients and scales, ``rhat_effects_max`` over home and home-period effects;
    effective sample sizes are over all of them. Of weighted draws: ``k_hat`` is the Pareto shape of the weights,
    ``importance_ess`` the number of equally weighted draws that they are worth, and ``tail_share_max`` the largest
    share of a coefficient's posterior on one side beyond 2.5 sd of its proposals, which are few there; ``edge_loss``
    is the share of the posterior near 0 of a standard deviation that its density at 0 promises and the draws lack.
    """

    rhat_max: float | None = None
    rhat_effects_max: float | None = None
    ess_bulk_min: float | None = None
    ess_tail_min: float | None = None
    divergences: int | None = None
    bfmi_min: float | None = None
    tree_depth_share: float | None = None
    k_hat: float | None = None
    importance_ess: float | None = None
    tail_share_max: float | None = None
    edge_loss: float | None = None
    worst: str
    failed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing broke the gate."""
        return not self.failed

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self) | {"failed": list(self.failed), "passed": self.passed}


@dataclass(frozen=True, kw_only=True)
class _Knobs:
    """How a caller turns what a failed gate advises, each in Python and at the command line; empty: it cannot.

    ``{}`` stands for the value advised.
    """

    accept: tuple[str, str] = ("sampling.target_accept = {}",) * 2
    draws: tuple[str, str] = ("more sampling.draws and sampling.tune, or one more of sampling.doublings",) * 2
    priors: tuple[str, str] = ("priors.use = 'informed', or fewer structure variables",) * 2
    keep: tuple[str, str] = ("allow_unconverged=True", "--allow-unconverged")


PLAN_KNOBS = _Knobs()
ROWS_KNOBS = _Knobs(
    accept=("sampling=Sampling(target_accept={})", "--target-accept {}"),
    draws=("more draws and tune in sampling=Sampling(…)", "more --draws"),
    priors=("tighter priors=…", "tighter --prior"),
)
OFFICIAL_KNOBS = _Knobs(
    accept=("sampling=Sampling(target_accept={})", ""),
    draws=("more draws and tune in sampling=Sampling(…)", ""),
    priors=("", ""),
)


def require_passed(
    found: Diagnostics, *, model: str, allow: bool = False, accept: float | None = None, knobs: _Knobs = PLAN_KNOBS
) -> None:
    """Raise DiagnosticsFailed, saying what to try, unless the gate is passed or waived.

    ``accept`` is the target acceptance of the draws that failed, so that no smaller one is advised.
    """
    if found.passed or allow:
        return
    ways = [_advice(found, accept, knobs, way) for way in (0, 1)]
    raise DiagnosticsFailed(
        f"model {model} did not pass the diagnostics gate: {'; '.join(found.failed)} ({found.worst})",
        remedy=ways[0],
        typed_remedy=ways[1],
    )


def broken_by_chains(values: dict[str, Any], gate: Gate) -> tuple[str, ...]:
    """What a sampler's chains break of the gate."""
    checks = [
        # a parameter that never moved has no R-hat; that is a failure, not a pass
        (not values["rhat_max"] <= gate.rhat_max, f"R-hat {values['rhat_max']:.3f} is above {gate.rhat_max:g}"),
        (
            values["rhat_effects_max"] is not None and not values["rhat_effects_max"] <= gate.rhat_effects_max,
            f"R-hat of home effects {values['rhat_effects_max'] or 0:.3f} is above {gate.rhat_effects_max:g}",
        ),
        (
            not values["ess_bulk_min"] >= gate.ess_min,
            f"bulk ESS {values['ess_bulk_min']:.0f} is below {gate.ess_min:g}",
        ),
        (
            not values["ess_tail_min"] >= gate.ess_min,
            f"tail ESS {values['ess_tail_min']:.0f} is below {gate.ess_min:g}",
        ),
        (
            values["divergences"] > gate.divergences_max,
            f"{values['divergences']} divergent transitions, {gate.divergences_max} allowed",
        ),
        (not values["bfmi_min"] >= gate.bfmi_min, f"E-BFMI {values['bfmi_min']:.2f} is below {gate.bfmi_min:g}"),
        (
            values["tree_depth_share"] > gate.tree_depth_share_max,
            f"{values['tree_depth_share']:.0%} of draws hit the maximum tree depth",
        ),
    ]
    return tuple(text for broken, text in checks if broken)


def k_hat_limit(proposals: int, gate: Gate) -> float:
    """The largest Pareto shape at which so many weighted draws can be relied on.

    min(1 - 1 / log10 S, 0.7): Vehtari, Simpson, Gelman, Yao and Gabry (2024), J. Mach. Learn. Res. 25, section 3.
    """
    return min(1 - 1 / math.log10(proposals), gate.k_hat_max)


def broken_by_weights(values: dict[str, Any], plan: Plan, proposals: int) -> tuple[str, ...]:
    """What weighted draws break of the gate; of a short ESS alone more proposals are the cure."""
    gate, tail = plan.gate, plan.tail_share_limit
    limit = k_hat_limit(proposals, gate)
    checks = [
        (
            not values["k_hat"] <= limit,
            f"Pareto k {values['k_hat']:.2f} of the importance weights is above {limit:.2f}",
        ),
        (
            not values["importance_ess"] >= gate.ess_min,
            f"importance ESS {values['importance_ess']:.0f} is below {gate.ess_min:g}",
        ),
        (
            not values["tail_share_max"] <= tail,
            f"{values['tail_share_max']:.1%} of a coefficient's posterior lie in one tail that proposals hardly reach, "
            f"above {tail:.1%}",
        ),
        (
            not values["edge_loss"] <= gate.edge_loss_max,
            f"{values['edge_loss']:.1%} of the posterior lie near 0 of a standard deviation and not in the draws, "
            f"above {gate.edge_loss_max:.0%}",
        ),
    ]
    return tuple(text for broken, text in checks if broken)


def only_short(found: Diagnostics) -> bool:
    """Whether the effective number of weighted draws is all that fails, so that more proposals may do."""
    return len(found.failed) == 1 and found.failed[0].startswith("importance ESS")


def _advice(found: Diagnostics, accept: float | None, knobs: _Knobs, way: int) -> str:
    """What to try, in the words of one way of calling."""
    text, tries = " ".join(found.failed), []
    if found.k_hat is not None:
        tries += ["more sampling.draws"] if only_short(found) else []
        tries.append("sampling.method = 'nuts', or 'auto', which turns to it by itself")
    else:
        if "divergent" in text:
            # half as many rejections as the last try, two figures of them
            tries.append(knobs.accept[way].format(f"{1 - (1 - (accept or 0.9)) / 2:.3g}"))
        if "ESS" in text or "R-hat" in text:
            tries.append(knobs.draws[way])
        if "E-BFMI" in text or "tree depth" in text:
            tries.append(knobs.priors[way])
    tried = ", ".join(one for one in tries if one)
    keep = f"{knobs.keep[way]} to keep the fit, marked in red in the report"
    return f"try {tried}; or {keep}" if tried else f"try {keep}"
