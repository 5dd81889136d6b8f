"""Arrays behind the figures, as plain lists. The report only draws them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.evidence.cells import behind_cells
from missingmodels.evidence.effects.estimands import DAYS_PER_YEAR
from missingmodels.fitting.exponential import exponential
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.marginal import child_sums, draw_frailty
from missingmodels.plan import Decision

COUNT_BINS = ((0, 0, "0"), (1, 1, "1"), (2, 5, "2–5"), (6, 10, "6–10"), (11, 20, "11–20"), (21, None, "21+"))
MOST_PEERS = 3  # recently missing peers that have a bin of their own; this many or more share the last
ENOUGH = 5  # onsets expected in a bin: with fewer, its ratio is mostly chance
TRACE_POINTS = 250


def dose(fit: Fit, frame: pd.DataFrame, rule: Decision, rng: np.random.Generator) -> dict[str, Any]:
    """Onsets observed over those expected by a model without peers, by number of recently missing peers.

    Days alone or beside an unseen peer are left out. The expectation has each child's frailty and each home's effects
    at their posterior draws, fitted to these onsets too, so the ratios are drawn towards 1. A number of peers beside
    which fewer than ``ENOUGH`` onsets are expected joins the one below it.
    """
    counted = ~fit.design.burn_in & (frame["no_peers"].to_numpy() == 0) & (frame["peers_unseen"].to_numpy() == 0)
    bin_of = np.minimum(frame["peer_count"].to_numpy().astype(int), MOST_PEERS)
    sums = {"onsets": fit.design.onsets * counted, "days_at_risk": fit.design.days_at_risk * counted}
    held = {name: np.bincount(bin_of, values, MOST_PEERS + 1) for name, values in sums.items()}
    expected = np.empty((fit.parameters.draws, MOST_PEERS + 1))
    for part, mean in _blocks(fit):
        for b in range(MOST_PEERS + 1):
            expected[part, b] = mean[:, counted & (bin_of == b)].sum(axis=1)
    first = bins_with_enough(np.median(expected, axis=0))
    held = {name: np.add.reduceat(values, first) for name, values in held.items()}
    expected = np.add.reduceat(expected, first, axis=1)
    # the count's own chance enters through a gamma with the count's shape (half an onset added, so that 0 has width)
    ratio = rng.gamma(held["onsets"] + 0.5, size=expected.shape) / np.maximum(expected, 1e-12)
    return {
        "bins": _bins(first),
        **{name: values.tolist() for name, values in held.items()},
        "expected": np.median(expected, axis=0).tolist(),
        "all_onsets": float((fit.design.onsets * ~fit.design.burn_in).sum()),
        "ratio": bands(ratio, rule),
        "model": fit.model,
        "behind": _behind_dose(fit, counted, bin_of, first),
    }


def _behind_dose(fit: Fit, counted: np.ndarray, bin_of: np.ndarray, first: np.ndarray) -> list[dict[str, Any]]:
    """Who had the onsets of each bin; for the evidence's ``support``, and no part of the figure."""
    design = fit.design
    at = np.searchsorted(first, bin_of, side="right") - 1
    return behind_cells("dose", _bins(first), at, design.child, design.home, design.onsets * counted)


def _bins(first: np.ndarray) -> list[str]:
    return [*map(str, first[:-1]), f"{first[-1]}+" if first[-1] else "any"]


def bins_with_enough(expected: np.ndarray) -> np.ndarray:
    """First number of peers of each bin, of onsets (K,) expected beside 0, 1, … peers; thin ones join from the top."""
    first = list(range(expected.size))
    while len(first) > 1 and expected[first[-1] :].sum() < ENOUGH:
        first.pop()
    return np.array(first)


def exposure_curve(fit: Fit, rule: Decision, *, points: int = 21) -> dict[str, Any]:
    """Rate ratio of a fit over the range of its exposure, against none."""
    top = float(fit.design.column(fit.exposure).max())
    x = np.linspace(0, top, points)
    ratio = np.exp(fit.parameters.coefficient(fit.exposure)[:, None] * x)
    return {"exposure": fit.exposure, "model": fit.model, "x": x.tolist(), "ratio": bands(ratio, rule)}


def homes(fit: Fit, rule: Decision) -> dict[str, Any]:
    """Home effects against the resident-years they rest on; homes carry no labels, this is no ranking."""
    years = np.bincount(fit.design.home, fit.design.window_days, len(fit.design.home_ids)) / DAYS_PER_YEAR
    held = years > 0
    return {
        "years_at_risk": years[held].tolist(),
        "effect": bands(fit.parameters.home[:, held], rule),
        "sigma": bands(fit.parameters.sigma_home[:, None], rule),
        "model": fit.model,
        "exposure": fit.exposure,
    }


def predictive(fit: Fit, rule: Decision, rng: np.random.Generator, *, draws: int = 500) -> dict[str, Any]:
    """Share of children by number of onsets: observed, and replicated with new frailties on the observed exposures."""
    p = fit.parameters.thinned(draws)
    design, children = fit.design, len(fit.design.child_ids)
    frailty = draw_frailty(p, children, rng)
    counts = np.empty((p.draws, children))
    for part, block in p.blocks(design.child.size):
        rate = exponential(design.log_rate(block)) * frailty[part][:, design.child]
        counts[part] = rng.poisson(child_sums(-np.expm1(-rate) * design.window_days, design.child, children))
    observed = np.bincount(design.child, design.onsets * ~design.burn_in, children)
    return {
        "bins": [label for _, _, label in COUNT_BINS],
        "observed": _shares(observed[None])[0].tolist(),
        "replicated": bands(_shares(counts), rule),
        "model": fit.model,
        "exposure": fit.exposure,
    }


def diagnostics(fits: list[Fit]) -> list[dict[str, Any]]:
    """Gate values and thinned traces of the scales of every fit."""
    found = []
    for fit in fits:
        names = ("sigma_home", "sigma_period", "frailty_shape", *fit.parameters.further)
        traces = {n: values for n in names if np.ptp(values := fit.parameters.scalar(n)) > 0}
        if fit.exposure in fit.design.names:
            traces[fit.exposure] = fit.parameters.coefficient(fit.exposure)
        by_chain = {name: values.reshape(fit.chains, -1) for name, values in traces.items()}
        found.append(
            {
                "model": fit.model,
                "exposure": fit.exposure,
                "gate": fit.diagnostics.as_dict(),
                "traces": {n: v[:, :: max(v.shape[1] // TRACE_POINTS, 1)].tolist() for n, v in by_chain.items()},
            }
        )
    return found


def _blocks(fit: Fit) -> Iterator[tuple[slice, np.ndarray]]:
    """Expected onsets of each row of the window, in blocks of draws."""
    for part, block in fit.parameters.blocks(fit.design.child.size):
        rate = exponential(fit.design.log_rate(block)) * block.frailty[:, fit.design.child]
        yield part, -np.expm1(-rate) * fit.design.window_days


def _shares(counts: np.ndarray) -> np.ndarray:
    """(S, bins) share of children in each bin of their count."""
    top = [np.inf if high is None else high for _, high, _ in COUNT_BINS]
    return np.stack(
        [((counts >= low) & (counts <= high)).mean(axis=1) for (low, _, _), high in zip(COUNT_BINS, top, strict=True)],
        axis=1,
    )


def bands(draws: np.ndarray, rule: Decision) -> dict[str, Any]:
    """Median and equal-tailed interval of each column."""
    tail = (1 - rule.interval_mass) / 2
    low, median, high = np.quantile(draws, [tail, 0.5, 1 - tail], axis=0)
    return {"median": median.tolist(), "low": low.tolist(), "high": high.tolist(), "mass": rule.interval_mass}
