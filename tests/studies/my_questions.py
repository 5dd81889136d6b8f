"""Questions of one's own that other processes can import."""

from __future__ import annotations

from missingmodels.fitting.fit import Fit


def surely_above(fit: Fit) -> bool:
    """Nine draws in ten of the peers' effect are above 0."""
    return bool((fit.parameters.coefficient(fit.exposure) > 0).mean() > 0.9)


def sizes(fit: Fit) -> dict[str, float]:
    """Two numbers of a fit."""
    return {"home_sd": float(fit.parameters.home_sd.mean()), "onsets": float(fit.design.onsets.sum())}
