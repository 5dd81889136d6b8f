"""Any design as named arrays and a skeleton of plain values, and back: what a file of a fit holds of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

import numpy as np
import xarray as xr

from missingmodels.fitting.stores.designs_3 import UPGRADES

# What a file may name. Nothing else is imported on a file's word.
KINDS = {
    "design": ("frame.design", "Design"),
    "daily": ("frame.daily", "DailyDesign"),
    "lags": ("frame.daily", "Lags"),
    "events": ("frame.design_matrix", "EventRows"),
    "units": ("frame.design_matrix", "Group"),
    "members": ("frame.design_matrix", "Membership"),
}
# Dimensions of rows and columns; "row" and "column" are facets to ArviZ's plots.
NAMED = ("observation", "covariate")
_NAMES = {place: name for name, place in KINDS.items()}


def design_parts(design: Any) -> tuple[dict[str, Any], Any]:
    """Arrays as variables of a data set, and the skeleton that names them. Raises KeyError for no design of ours."""
    arrays: dict[str, Any] = {}
    skeleton = _skeleton(design, "", arrays)
    return {name: (_dims(values, design), values) for name, values in arrays.items()}, skeleton


def design_from(skeleton: Any, held: Mapping[str, xr.DataArray] | xr.Dataset) -> Any:
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
        return {kind: {name: _skeleton(one, f"{path}_{name}".lstrip("_"), arrays) for name, one in inner.items()}}
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
    flags = value.dtype == bool
    arrays[name] = value.astype(np.int8) if flags else value
    return {"flags" if flags else "array": name}


def _dims(values: np.ndarray, design: Any) -> tuple[str, ...]:
    """Names of an array's dimensions: rows and columns of the design by theirs, others by their length."""
    matrix = getattr(getattr(design, "design", design), "matrix", None)
    known = () if matrix is None else tuple(zip(matrix.shape, NAMED, strict=True))
    if matrix is not None and values.shape == matrix.shape:
        return NAMED
    named = [next((name for size, name in known if size == length), f"length_{length}") for length in values.shape]
    return tuple(name if name not in named[:i] else f"again_{name}" for i, name in enumerate(named))
