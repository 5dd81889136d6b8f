"""Figures for a paper or a notebook: each returns a matplotlib Figure and the data frame that it shows.

    figure, data = mm.figures.forest(evidence)
    mm.figures.rates(evidence, ax=ax)  # into axes of one's own
    mm.figures.dose(evidence).save("dose.svg")

What a user has changed of matplotlib's settings holds. Evidence of real data goes through the gate first, by the
generic policy unless ``disclosure`` names another; ``disclosure="none"`` is for a look within the room.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from missingmodels.disclosure.gate import released
from missingmodels.disclosure.policy import Policy, policy_for
from missingmodels.evidence.record import Evidence
from missingmodels.report.figures.drawn import Drawn, drawn
from missingmodels.report.figures.of_many.questioned import battery_drawn, curve_drawn
from missingmodels.report.figures.pictures import SHOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from missingmodels.evidence.robustness.battery import Battery

__all__ = [  # noqa: RUF022 (the order of a report)
    "rates",
    "forest",
    "dose",
    "homes",
    "network",
    "predictive",
    "diagnostics",
    "ranks",
    "frontier",
    "robustness",
    "specification_curve",
    "names",
    "Drawn",
]
Asked = str | Path | Policy | None


def names() -> dict[str, str]:
    """The figures of evidence, with what each shows."""
    return {name: shown.title for name, shown in SHOWN.items()}


def _of(evidence: Evidence, name: str, disclosure: Asked, ax: Axes | None = None) -> Drawn:
    if evidence.disclosure is None:
        evidence, _ = released(evidence, policy_for(evidence.origin, disclosure))
    return drawn(evidence, name, ax=ax)


def rates(evidence: Evidence, *, ax: Axes | None = None, disclosure: Asked = None) -> Drawn:
    """What each stated change would amount to, in episodes per 10 children a year."""
    return _of(evidence, "rates", disclosure, ax)


def forest(evidence: Evidence, *, ax: Axes | None = None, disclosure: Asked = None) -> Drawn:
    """Every effect with its interval and its verdict."""
    return _of(evidence, "forest", disclosure, ax)


def dose(evidence: Evidence, *, disclosure: Asked = None) -> Drawn:
    """Onsets over those expected by number of recently missing peers, and fitted rate ratios."""
    return _of(evidence, "dose", disclosure)


def homes(evidence: Evidence, *, ax: Axes | None = None, disclosure: Asked = None) -> Drawn:
    """Effects of homes, without labels, against the resident-years that they rest on."""
    return _of(evidence, "homes", disclosure, ax)


def network(evidence: Evidence, *, disclosure: Asked = None) -> Drawn:
    """One simulated home's busiest week."""
    return _of(evidence, "network", disclosure)


def predictive(evidence: Evidence, *, ax: Axes | None = None, disclosure: Asked = None) -> Drawn:
    """Share of children by number of episodes, observed and replicated."""
    return _of(evidence, "predictive", disclosure, ax)


def diagnostics(evidence: Evidence, *, disclosure: Asked = None) -> Drawn:
    """Thinned draws of the scales of every fit."""
    return _of(evidence, "diagnostics", disclosure)


def ranks(evidence: Evidence, *, disclosure: Asked = None) -> Drawn:
    """Ranks of each chain's draws among those of all, of every sampled fit."""
    return _of(evidence, "ranks", disclosure)


def frontier(evidence: Evidence, *, disclosure: Asked = None) -> Drawn:
    """How often a design of this size calls a shared shock influence."""
    return _of(evidence, "frontier", disclosure)


def robustness(found: Any) -> Drawn:
    """Every line of a battery (``mm.robustness``)."""
    return battery_drawn(_battery(found).lines)


def specification_curve(found: Any) -> Drawn:
    """Estimates under every combination of choices (``mm.robustness``)."""
    return curve_drawn(_battery(found).curve)


def _battery(found: Any) -> Battery:
    held: Battery = getattr(found, "battery", found)
    return held
