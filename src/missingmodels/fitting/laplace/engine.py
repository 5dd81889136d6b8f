"""The fast engine as an engine: nested Laplace with importance weights, judged by the gate."""

from __future__ import annotations

from typing import Any

import numpy as np

from missingmodels.errors import DiagnosticsFailed
from missingmodels.fitting.diagnostics import Diagnostics, broken_by_weights, only_short
from missingmodels.fitting.drawn import Drawn
from missingmodels.fitting.laplace.approximation import LaplaceDraws, Weighed, laplace, search
from missingmodels.fitting.laplace.child import LAWS
from missingmodels.fitting.laplace.nearby import Known
from missingmodels.frame.design import Design
from missingmodels.models.priors.law import PriorSet
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.models.process import Process
from missingmodels.plan import Plan
from missingmodels.provenance import stream

METHOD = "laplace"
VALUES = ("intercept", "coefficients", "home", "home_period", "sigma_home", "sigma_period", "frailty_shape")
MORE = 4  # times the proposals, where the effective number of draws is all that falls short


def known_of(design: Design, plan: Plan) -> Known | None:
    """Where the posterior of a design lies, for fits without some of its rows; None where it has no usable mode."""
    try:
        process = Process.of(plan, design.periods)
        return search(design, plan_priors(plan), law=plan.effects.frailty, process=process)
    except (FloatingPointError, np.linalg.LinAlgError):
        return None


def draw(
    design: Design,
    priors: PriorSet,
    plan: Plan,
    *,
    label: str,
    seed: int,
    law: str = "gamma",
    known: Known | None = None,
) -> Drawn:
    """As many equally weighted draws as the plan asks of all chains together, in one chain.

    Draws come from the weighted proposals by systematic resampling, so each proposal is kept as often as its smoothed
    weight says, within one. While only their effective number falls short, proposals are doubled, up to four times as
    many; draws are never chosen by their answer. Raises DiagnosticsFailed where the posterior has no usable mode.
    """
    count = plan.sampling.draws * plan.sampling.chains

    def again(found: Weighed) -> bool:
        return found.proposals < MORE * count and only_short(judge(design, found, plan))

    try:
        found = laplace(
            design,
            priors,
            draws=count,
            rng=stream(seed, "laplace", label),
            law=law,
            process=Process.of(plan, design.periods),
            again=again,
            known=known,
        )
    except (FloatingPointError, np.linalg.LinAlgError) as error:
        raise DiagnosticsFailed(
            f"the fast engine found no usable mode for model {label} ({error})",
            remedy="try sampling.method = 'nuts', or 'auto', which turns to it by itself",
        ) from error
    return Drawn(
        values={name: getattr(found, name) for name in VALUES if name in LAWS[law] or name != "frailty_shape"}
        | {name: own for name, own in (("sector", found.sector), ("adult", found.adult)) if own.size}
        | found.further,
        chains=1,
        sample_stats={"proposal": found.proposal[None], "log_weight": found.log_weight[None]},
        diagnostics=judge(design, found, plan),
        record={
            "method": METHOD,
            "draws": count,
            "proposals": found.proposals,
            "grid_points": found.grid_points,
            "newton_iterations": found.newton_iterations,
            "log_marginal_likelihood": round(found.log_marginal, 4),
            "compile_seconds": 0.0,
            "sample_seconds": round(found.seconds, 3),
        },
    )


def judge(design: Design, found: Weighed | LaplaceDraws, plan: Plan) -> Diagnostics:
    """Diagnostics of weighted draws."""
    at = int(found.tail_shares.argmax())
    values: dict[str, Any] = {
        "k_hat": found.k_hat,
        "importance_ess": found.ess,
        "tail_share_max": float(found.tail_shares[at]),
        "edge_loss": found.edge_loss,
    }
    worst = f"heaviest tail at {('intercept', *design.names)[at]}"
    return Diagnostics(**values, worst=worst, failed=broken_by_weights(values, plan, found.proposals))
