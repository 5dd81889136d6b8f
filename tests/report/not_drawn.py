"""Pages without the seconds that their figures take."""

from __future__ import annotations

import pytest

from missingmodels.report.figures import pictures as figures

DRAWERS = (
    "dose_response",
    "home_effects",
    "network_week",
    "predictive_check",
    "traces",
    "frontier_figure",
    "forest",
    "rates_figure",
)


def not_drawn(patch: pytest.MonkeyPatch) -> None:
    """An image stands in each figure's place; which there are is still decided by the evidence."""
    for name in DRAWERS:
        patch.setattr(figures, name, lambda *_, **__: None)
    patch.setattr(figures, "picture", lambda figure, **_: b"\x89PNG")
