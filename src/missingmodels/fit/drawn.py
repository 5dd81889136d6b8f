"""What either engine hands over: draws of the marginal model, what judges them, and what their certificate says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from missingmodels.fit.diagnostics import Diagnostics
from missingmodels.parameters import Array

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """S draws of the marginal model, equally weighted.

    Attributes
    ----------
    values : ``intercept`` (S,) and ``coefficients`` (S, P) of the standardised columns, ``home`` (S, H) and
        ``home_period`` (S, H * T) log rates, ``sigma_home``, ``sigma_period`` and the other scalars (S,), and the
        effects ``authority``, ``owner`` and ``peer_slope`` (S, units), each if the plan's effects have it
    chains : draws of a chain lie together
    record : the engine's part of the certificate
    sample_stats : (chains, draws) statistics of the sampler by name; the fast engine has none
    """

    values: Mapping[str, Array]
    chains: int
    diagnostics: Diagnostics
    record: Mapping[str, Any]
    sample_stats: Mapping[str, Array] = field(default_factory=dict)
