"""Interventions on a simulated sector: the same children, staff and chance under another rule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Do:
    """What is set from outside. The defaults leave everything as it is.

    Staff and turnover are set in the intensity alone, so the contrast is their direct effect: people, rota, trust and
    the tables of staff stay as they were.

    Attributes
    ----------
    contagion : factor on every influence of other children's episodes; 0 = none
    staff_added : care staff put on duty for each resident child, on top of those there are
    turnover_set : turnover of every home, per year; None = as it is
    """

    contagion: float = 1.0
    staff_added: float = 0.0
    turnover_set: float | None = None


AS_IT_IS = Do()


def do(*, contagion: float = 1.0, staff_ratio: float = 0.0, turnover: float | None = None) -> Do:
    """An intervention by the names of the specification, e.g. ``do(contagion=0)``, ``do(staff_ratio=+1)``."""
    if contagion < 0 or staff_ratio < 0 or (turnover is not None and turnover < 0):
        raise ValueError("contagion, staff_ratio and turnover cannot be negative")
    return Do(contagion=contagion, staff_added=staff_ratio, turnover_set=turnover)
