"""Any design as named arrays and a skeleton of plain values, and back: what a file of a fit holds of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

import numpy as np
import xarray as xr

from missingmodels.fitting.store_3 import UPGRADES

# What a file may name. Nothing else is imported on a file's word.
KINDS = {
    "design": ("frame.design", "Design"),
    "daily": ("frame.daily", "DailyDesign"),
    "lags": ("frame.daily", "Lags"),
    "events": ("frame.design_matrix", "EventRows"),
    "units": ("frame.design_matrix", "Group"),
}
_NAMES = {place: name for name, place in KINDS.items()}


def design_parts(design: Any) -> tuple[dict[str, Any], Any]:
    """Arrays as variables of a data set, and the skeleton that names them. Raises KeyError for no design of ours."""
    arrays: dict[str, Any] = {}
    return arrays, _skeleton(design, "", arrays)


def design_from(skeleton: Any, held: xr.Dataset) -> Any:
    """The design of a skeleton and its arrays. Raises KeyError or ValueError for what is none."""
    if not isinstance(skeleton, dict):
        return skeleton
    ((kind, body),) = skeleton.items()
    if kind == "array":
        return held[body].to_numpy()
    if kind == "flags":
        return held[body].to_numpy().astype(bool)
    if kind in ("texts", "empty"):
        return np.array(body["values"], dtype=body["dtype"]).reshape(body["shape"])
    if kind == "tuple":
        return tuple(design_from(one, held) for one in body)
    if kind == "mapping":
        return {name: design_from(one, held) for name, one in body.items()}
    found = {key: design_from(one, held) for key, one in body.items()}
    kind, found = UPGRADES[kind](found) if kind in UPGRADES else (kind, found)
    module, name = KINDS[kind]
    return getattr(import_module(f"missingmodels.{module}"), name)(**found)


def _skeleton(value: Any, path: str, arrays: dict[str, Any]) -> Any:
    if isinstance(value, np.ndarray):
        return _array(value, path, arrays)
    if is_dataclass(value) and not isinstance(value, type):
        kind = _NAMES[type(value).__module__.removeprefix("missingmodels."), type(value).__name__]
        inner = {field.name: getattr(value, field.name) for field in fields(value)}
        return {kind: {name: _skeleton(one, f"{path}{name}", arrays) for name, one in inner.items()}}
    if isinstance(value, Mapping):
        return {"mapping": {name: _skeleton(one, f"{path}_{name}", arrays) for name, one in value.items()}}
    if isinstance(value, tuple | list):
        return {"tuple": [_skeleton(one, f"{path}_{i}", arrays) for i, one in enumerate(value)]}
    if isinstance(value, np.generic):
        return value.item()
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _array(value: np.ndarray, name: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """A reference to an array by name; texts stand in the skeleton, as does what is empty, which has no dimension."""
    if value.dtype.kind in "OUS" or not value.size:
        texts = value.dtype.kind in "OUS"
        dtype = "U" if texts else value.dtype.str
        held = [str(one) for one in value.ravel()]
        return {"texts" if texts else "empty": {"values": held, "dtype": dtype, "shape": list(value.shape)}}
    # one dimension a length, so that arrays of rows share theirs
    dims = tuple(
        f"length_{size}" if i == 0 or size != value.shape[0] else f"again_{size}" for i, size in enumerate(value.shape)
    )
    flags = value.dtype == bool
    arrays[name] = (dims, value.astype(np.int8) if flags else value)
    return {"flags" if flags else "array": name}
