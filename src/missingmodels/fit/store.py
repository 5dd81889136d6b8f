"""Fits on disk: one NetCDF-4 file (engine h5netcdf) with draws, design, diagnostics and birth certificate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from missingmodels.errors import InputError
from missingmodels.fit.diagnostics import Diagnostics
from missingmodels.fit.fit import Fit
from missingmodels.frame.design import Design
from missingmodels.frame.groups import Group
from missingmodels.models.priors import FURTHER
from missingmodels.parameters import Effect, Parameters
from missingmodels.writing import whole_file

ENGINE: Literal["h5netcdf"] = "h5netcdf"
FORMAT = "missingmodels-fit-2"

_DESIGN_ROWS = ("child", "home", "period", "onsets", "days", "days_at_risk", "burn_in", "before_window")
_FLAGS = ("burn_in", "before_window")
ADDED = ("authority", "owner", "peer_slope")
_SCALARS = ("intercept", "sigma_home", "sigma_period", "frailty_shape")


def write_fit(fit: Fit, path: Path) -> Path:
    """Write a fit; the file appears whole or not at all."""
    path = Path(path)
    tree = xr.DataTree.from_dict(
        {"/posterior": _posterior(fit), "/design": _design(fit.design), "/sample_stats": _stats(fit)}
    )
    tree.attrs = {
        "format": FORMAT,
        "model": fit.model,
        "exposure": fit.exposure,
        "chains": fit.chains,
        "certificate": json.dumps(dict(fit.certificate)),
        "design_notes": json.dumps(list(fit.design.notes)),
        "formula": fit.design.formula,
        "constants": json.dumps(dict(fit.design.constants)),
        "frailty_law": fit.parameters.frailty_law,
        "slope_of": fit.design.slope_of,
    }
    with whole_file(path) as part:
        tree.to_netcdf(part, engine=ENGINE)
    return path


def read_fit(path: Path) -> Fit:
    """Read a fit with the same numbers as were written. Raises InputError for a file that is not one."""
    path = Path(path)
    remedy = "fit again with `missingmodels fit`"
    if not path.is_file():
        raise InputError("there is no such fit", where=str(path), remedy=remedy)
    try:
        with xr.open_datatree(path, engine=ENGINE) as tree:
            tree.load()
            if tree.attrs.get("format") != FORMAT:
                raise InputError(f"not a fit of format {FORMAT}", where=str(path), remedy=remedy)
            return _fit(tree)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"the file cannot be read as a fit ({error})", where=str(path), remedy=remedy) from error


def _stats(fit: Fit) -> xr.Dataset:
    return xr.Dataset({name: (("chain", "draw"), values) for name, values in fit.sample_stats.items()})


def _posterior(fit: Fit) -> xr.Dataset:
    p = fit.parameters
    values: dict[str, Any] = {name: ("sample", getattr(p, name)) for name in _SCALARS}
    coefficients = np.column_stack([p.coefficients[n] for n in fit.design.names]) if fit.design.names else None
    if coefficients is not None:
        values["coefficients"] = (("sample", "column"), coefficients)
    values |= {
        "home_effect": (("sample", "home"), p.home),
        "home_period_effect": (("sample", "home", "period"), p.home_period),
        "frailty": (("sample", "child"), p.frailty),
        "log_density": (("sample", "child"), fit.log_density),
    }
    values |= {name: ("sample", draws) for name, draws in p.further.items()}
    labels = {"column": list(fit.design.names), "home": list(p.home_ids), "child": list(p.child_ids)}
    for name, effect in p.effects.items():
        unit = "home" if effect.ids == p.home_ids else name
        labels[unit] = list(effect.ids)
        values[f"{name}_effect"] = (("sample", unit), effect.values)
    return xr.Dataset(values, coords={k: np.array(v, dtype=str) for k, v in labels.items() if v})


def _design(design: Design) -> xr.Dataset:
    values: dict[str, Any] = {name: ("row", np.asarray(getattr(design, name))) for name in _DESIGN_ROWS}
    values |= {name: ("row", getattr(design, name).astype(np.int8)) for name in _FLAGS}
    values |= {"matrix": (("row", "column"), design.matrix), "centre": ("column", design.centre)}
    values["scale"] = ("column", design.scale)
    values |= {f"{name}_index": ("row", group.index) for name, group in design.groups.items()}
    # of the rows; the posterior holds those of children whose frailties were drawn, which may be none
    values["child_ids"] = ("design_child", np.asarray(design.child_ids, dtype=str))
    return xr.Dataset(values, attrs={"periods": design.periods})


def _effects(posterior: xr.Dataset) -> dict[str, Effect]:
    """The effects that a posterior holds beyond those of homes and their periods."""
    found = {}
    for name in ADDED:
        if f"{name}_effect" in posterior:
            values = posterior[f"{name}_effect"]
            ids = tuple(str(unit) for unit in posterior[str(values.dims[1])].to_numpy())
            found[name] = Effect(ids=ids, values=values.to_numpy())
    return found


def _fit(tree: xr.DataTree) -> Fit:
    posterior, held = tree["posterior"].to_dataset(), tree["design"].to_dataset()
    names = tuple(str(n) for n in posterior["column"].to_numpy()) if "column" in posterior else ()
    homes = tuple(str(n) for n in posterior["home"].to_numpy())
    children = tuple(str(n) for n in posterior["child"].to_numpy())
    certificate = json.loads(tree.attrs["certificate"])
    effects = _effects(posterior)
    design = Design(
        groups={
            name: Group(index=held[f"{name}_index"].to_numpy(), ids=effect.ids)
            for name, effect in effects.items()
            if f"{name}_index" in held
        },
        slope_of=str(tree.attrs["slope_of"]),
        formula=str(tree.attrs["formula"]),
        names=names,
        matrix=held["matrix"].to_numpy(),
        centre=held["centre"].to_numpy(),
        scale=held["scale"].to_numpy(),
        child_ids=tuple(str(child) for child in held["child_ids"].to_numpy()) if "child_ids" in held else children,
        home_ids=homes,
        periods=int(held.attrs["periods"]),
        notes=tuple(json.loads(tree.attrs["design_notes"])),
        constants=json.loads(tree.attrs["constants"]),
        **{name: held[name].to_numpy().astype(bool if name in _FLAGS else held[name].dtype) for name in _DESIGN_ROWS},
    )
    coefficients = posterior["coefficients"].to_numpy() if names else np.zeros((posterior.sizes["sample"], 0))
    parameters = Parameters(
        coefficients=dict(zip(names, coefficients.T, strict=True)),
        home_ids=homes,
        home=posterior["home_effect"].to_numpy(),
        home_period=posterior["home_period_effect"].to_numpy(),
        child_ids=children,
        frailty=posterior["frailty"].to_numpy(),
        frailty_law=str(tree.attrs["frailty_law"]),
        further={name: posterior[name].to_numpy() for name in FURTHER if name in posterior},
        effects=effects,
        **{name: posterior[name].to_numpy() for name in _SCALARS},
    )
    found = {k: v for k, v in certificate["diagnostics"].items() if k != "passed"}
    return Fit(
        model=str(tree.attrs["model"]),
        exposure=str(tree.attrs["exposure"]),
        design=design,
        parameters=parameters,
        log_density=posterior["log_density"].to_numpy(),
        chains=int(tree.attrs["chains"]),
        diagnostics=Diagnostics(**(found | {"failed": tuple(found["failed"])})),
        certificate=certificate,
        sample_stats={str(n): v.to_numpy() for n, v in tree["sample_stats"].to_dataset().data_vars.items()},
    )
