"""A daily model's answer in plain sentences, and the probabilities that go with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from missingmodels.fitting.intervals import bounds, percent
from missingmodels.vocabulary import QUANTITIES

if TYPE_CHECKING:
    import xarray as xr

    from missingmodels.fitting.result import Fit

# A posterior sd of a log time scale above this share of the prior's: the data have hardly moved it.
UNMOVED = 0.8


def daily_sentence(fit: Fit) -> str:
    """What the fit says, each number with the plan's interval."""
    kind, draws = fit.certificate["kind"], fit.draws

    def span(name: str, form: str = ".2f") -> str:
        held = bounds(draws[name].to_numpy(), fit.decision.interval_mass)
        mass = percent(fit.decision.interval_mass)
        return f"{held['median']:{form}} ({mass} interval {held['low']:{form}} to {held['high']:{form}})"

    def unmoved(name: str) -> str:
        prior = fit.certificate["priors"][name]
        if prior["law"] != "log_normal" or float(np.log(draws[name].to_numpy()).std()) / prior["sd"] <= UNMOVED:
            return ""
        return ", which is little more than the prior says"

    if kind == "hawkes":
        return (
            f"One episode is followed by {span('own_branching')} further episodes of the same child and "
            f"{span('peer_branching')} among all others of the home together beyond those of any day, half of them "
            f"within {span('half_life_days', '.1f')} days. The total branching ratio is {span('total_branching')}; it "
            f"is below 1 with probability {probabilities(draws)['subcritical']:.3f}."
        )
    if subject := QUANTITIES[fit.exposure].subject if fit.exposure in QUANTITIES else "":
        text = f"{subject} goes with a rate {span('peer_ratio')} times as high."
    else:
        text = (
            f"On the day after a peer's episode a child's rate is {span('peer_ratio')} times what it is otherwise, "
            f"over the week after it on average {span('peer_ratio_week')} times. Half of this on the log rate is "
            f"gone after {span('half_life_days', '.1f')} days{unmoved('kernel_days')}."
        )
    if kind == "ornstein_uhlenbeck":
        text += (
            f" Beside it the home's own rate drifts with an sd of {span('sigma_process')} on the log scale "
            f"and a time scale of {span('process_days', '.0f')} days{unmoved('process_days')}."
        )
    return text


def probabilities(draws: xr.Dataset) -> dict[str, float]:
    """``peers_raise``: that the rate ratio of peers is above 1; ``subcritical``: that total branching is below 1."""
    out = {}
    if "peer_ratio" in draws:
        out["peers_raise"] = float((draws["peer_ratio"] > 1).mean())
    if "total_branching" in draws:
        out["subcritical"] = float((draws["total_branching"] < 1).mean())
    return out
