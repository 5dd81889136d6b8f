"""Laws of a child's frailty u, mean 1: names of their scalars and their words, in one place for all who ask by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FrailtyLaw:
    """One law.

    Attributes
    ----------
    scalars : its parameters, which are names of priors, of ``Parameters.scalar`` and of the onset section of a scenario
    words : as a report names it
    conditional : whether rows before the window can update it (``frame.initial = "conditional"``)
    """

    scalars: tuple[str, ...]
    words: str
    conditional: bool


FRAILTY: Mapping[str, FrailtyLaw] = {
    "gamma": FrailtyLaw(scalars=("frailty_shape",), words="the child’s own frailty", conditional=True),
    "log_normal": FrailtyLaw(
        scalars=("frailty_sd_log",), words="the child’s own log-normal frailty", conditional=False
    ),
    "low_risk": FrailtyLaw(
        scalars=("frailty_shape", "low_risk_share", "low_risk_ratio"),
        words="the child’s own frailty with a class at low risk",
        conditional=True,
    ),
}
