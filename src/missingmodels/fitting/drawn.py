"""What every engine hands over: draws, what judges them, and what their certificate says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from missingmodels.fitting.diagnostics import Diagnostics
from missingmodels.parameters import Array

if TYPE_CHECKING:
    import xarray as xr

LEAD = ("chain", "draw")


class Progress(Protocol):
    """Who is told of work that goes on: the name of a stage, how much of it is done, and of how much.

    ``total`` 0 says that a stage has begun and has no measure yet. One protocol for whatever takes long.
    """

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        """Tell of a stage: how much is done, of how much."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """S draws, equally weighted.

    Attributes
    ----------
    values : (S, …) by name, chains one after the other. Of the onset model ``intercept`` (S,) and ``coefficients``
        (S, P) of the standardised columns, ``home`` (S, H) and ``home_period`` (S, H * T) log rates, ``sigma_home``,
        ``sigma_period`` and the other scalars (S,), and the effects ``authority``, ``owner`` and ``peer_slope``
        (S, units), each if the plan's effects have it; of the other families as they are reported
    chains : draws of a chain lie together
    record : the engine's part of the certificate
    sample_stats : (chains, draws) statistics of the draws by name; of the fast engine ``proposal``, of which each is a
        copy, and ``log_weight``
    dims, labels : names of the dimensions after the first, by value, and the labels of those that have some
    """

    values: Mapping[str, Array]
    chains: int
    diagnostics: Diagnostics
    record: Mapping[str, Any]
    sample_stats: Mapping[str, Array] = field(default_factory=dict)
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def labelled(
    values: Mapping[str, Array],
    chains: int,
    dims: Mapping[str, tuple[str, ...]],
    labels: Mapping[str, tuple[str, ...]],
) -> xr.Dataset:
    """Draws (S, …), chains one after the other, by chain and draw under their labels."""
    import xarray as xr  # the fast engine does without it

    shaped = {
        name: ((*LEAD, *dims.get(name, ())), v.reshape(chains, v.shape[0] // chains, *v.shape[1:]))
        for name, v in values.items()
    }
    used = {dim for names, _ in shaped.values() for dim in names}
    coords = {name: np.array(held, dtype=str) for name, held in labels.items() if name in used and held}
    return xr.Dataset(shaped, coords=coords)


def unlabelled(
    draws: xr.Dataset,
) -> tuple[dict[str, Array], dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Values (S, …), dims and labels of draws by chain and draw: the inverse of ``labelled``."""
    values, dims = {}, {}
    for name, held in draws.data_vars.items():
        array = held.transpose(*LEAD, ...)
        values[str(name)] = array.to_numpy().reshape(-1, *array.shape[2:])
        if array.ndim > len(LEAD):
            dims[str(name)] = tuple(str(dim) for dim in array.dims[2:])
    labels = {str(name): tuple(map(str, held.to_numpy())) for name, held in draws.coords.items()}
    return values, dims, labels
