"""Onsets drawn with NumPy from stated parameters on a made-up design, by every law and effect that a plan has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from missingmodels.frame.columns.groups import Group
from missingmodels.frame.design import Design
from missingmodels.parameters import Effect, Parameters

EXPOSURE = "peer_presence"


def empty_design(
    rng: np.random.Generator,
    *,
    homes: int = 60,
    per_home: int = 6,
    periods: int = 6,
    authorities: int = 10,
    owners: int = 8,
) -> Design:
    """Children of homes over periods, with and without a recent peer, before anything happens."""
    children = homes * per_home
    child, period, exposed = (
        grid.ravel() for grid in np.meshgrid(range(children), range(periods), (0, 1), indexing="ij")
    )
    home = child // per_home
    days = np.where(exposed, rng.uniform(4, 14, child.size), rng.uniform(12, 24, child.size))
    need = rng.standard_normal(children)[child]
    none = np.zeros(child.size, dtype=bool)
    units = {"authority": rng.integers(0, authorities, homes), "owner": rng.integers(0, owners, homes)}
    matrix = np.column_stack([exposed, need]).astype(float)
    return Design(
        formula=f"{EXPOSURE} + need_score",
        names=(EXPOSURE, "need_score"),
        matrix=matrix,
        centre=np.average(matrix, axis=0, weights=days),
        scale=np.array([1.0, need.std()]),
        child=child,
        home=home,
        period=period,
        onsets=np.zeros(child.size, dtype=np.int64),
        days=days,
        days_at_risk=days,
        burn_in=none,
        before_window=none,
        child_ids=tuple(f"c{i:04d}" for i in range(children)),
        home_ids=tuple(f"h{i:03d}" for i in range(homes)),
        periods=periods,
        notes=(),
        groups={
            name: Group(index=of_home[home], ids=tuple(f"{name}{i}" for i in range(of_home.max() + 1)))
            for name, of_home in units.items()
        },
        slope_of=EXPOSURE,
    )


def truth_of(
    design: Design,
    rng: np.random.Generator,
    *,
    law: str = "gamma",
    rate: float = 10.0,
    peer: float = 0.3,
    sigma_home: float = 0.4,
    sigma_period: float = 0.3,
    frailty_shape: float = 0.5,
    **further: float,
) -> Parameters:
    """Parameter values, S = 1: scalars as given, effects and frailties drawn from their laws; ``rate`` is per year."""
    homes, children = len(design.home_ids), len(design.child_ids)
    u = rng.gamma(frailty_shape, size=children) / frailty_shape
    if law == "log_normal":
        s = further["frailty_sd_log"]
        u = np.exp(s * rng.standard_normal(children) - s**2 / 2)
    elif law == "low_risk":
        share, ratio = further["low_risk_share"], further["low_risk_ratio"]
        u = u * np.where(rng.random(children) < share, ratio, 1.0) / (share * ratio + 1 - share)
    units = {name: group.ids for name, group in design.groups.items()} | {"peer_slope": design.home_ids}
    effects = {
        name: Effect(ids=ids, values=further[f"sigma_{name}"] * rng.standard_normal((1, len(ids))))
        for name, ids in units.items()
        if f"sigma_{name}" in further
    }
    one = np.ones(1)
    return Parameters(
        intercept=np.log(rate / 365.25) * one,
        coefficients={EXPOSURE: peer * one, "need_score": 0.3 * one},
        home_ids=design.home_ids,
        home=sigma_home * rng.standard_normal((1, homes)),
        home_period=sigma_period * rng.standard_normal((1, homes, design.periods)),
        child_ids=design.child_ids,
        frailty=u[None],
        sigma_home=sigma_home * one,
        sigma_period=sigma_period * one,
        frailty_shape=frailty_shape * one,
        frailty_law=law,
        further={name: value * one for name, value in further.items()},
        effects=effects,
    )


def with_onsets(design: Design, truth: Parameters, rng: np.random.Generator) -> Design:
    """The design with onsets drawn, which leaves out the groups and the slope that the truth has no effects of."""
    held = replace(
        design,
        groups={name: group for name, group in design.groups.items() if name in truth.effects},
        slope_of=design.slope_of if "peer_slope" in truth.effects else "",
    )
    rate = np.exp(held.log_rate(truth)[0]) * truth.frailty[0, held.child]
    return replace(held, onsets=rng.poisson(rate * held.days))
