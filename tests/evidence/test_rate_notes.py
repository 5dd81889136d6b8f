"""The warning of a coarse half-day rule names the fit that it is of, exposure and all."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from missingmodels.evidence.effects.hypotheses import rate_notes


def fitted(rate: float, exposure: str = "peer_density") -> SimpleNamespace:
    """Two children, one of whom has all ten onsets at this intensity a day."""
    design = SimpleNamespace(
        child=np.array([0, 1]), onsets=np.array([10.0, 0.0]), log_rate=lambda _: np.log([[rate, 0.01]])
    )
    parameters = SimpleNamespace(thinned=lambda _: SimpleNamespace(frailty=np.ones((1, 2))))
    return SimpleNamespace(model="M3", exposure=exposure, design=design, parameters=parameters)


@pytest.mark.parametrize("exposure", ["peer_presence", "peer_density"])
def test_a_coarse_rate_is_told_with_its_fit(exposure: str) -> None:
    (told,) = rate_notes(fitted(0.5, exposure))
    assert told.startswith(f"M3 ({exposure}): 100.0% of onsets, of 1 child, have an expected intensity above 0.3 a day")
    assert "  " not in told


def test_ordinary_rates_are_told_nothing_of() -> None:
    assert rate_notes(fitted(0.1)) == []
