"""Fits as versions before wrote them, ``missingmodels-fit-2``: of the onset model alone, and without a digest."""

from __future__ import annotations

import json

import xarray as xr

from missingmodels.fitting.fit import DIMS
from missingmodels.fitting.result import ADDED, Fit
from missingmodels.fitting.stores.store_3 import diagnostics_of, stats_of
from missingmodels.frame.design import Design
from missingmodels.frame.design_matrix import Group
from missingmodels.models.priors.law import FURTHER

FORMAT = "missingmodels-fit-2"
_DESIGN_ROWS = ("child", "home", "period", "onsets", "days", "days_at_risk", "burn_in", "before_window")
_FLAGS = ("burn_in", "before_window")
_SCALARS = ("intercept", "sigma_home", "sigma_period", "frailty_shape")


def fit_of_format_2(tree: xr.DataTree) -> Fit:
    """The fit in a tree of the old layout. Its certificate says the law of the frailty; of its plan only the digest."""
    posterior, held = tree["posterior"].to_dataset(), tree["design"].to_dataset()

    def texts(name: str) -> tuple[str, ...]:
        return tuple(str(text) for text in posterior[name].to_numpy()) if name in posterior else ()

    values = {name: posterior[name].to_numpy() for name in (*_SCALARS, *FURTHER) if name in posterior}
    values |= {"home": posterior["home_effect"].to_numpy(), "home_period": posterior["home_period_effect"].to_numpy()}
    values |= {
        name: posterior[name].to_numpy() for name in ("coefficients", "frailty", "log_density") if name in posterior
    }
    values |= {name: posterior[f"{name}_effect"].to_numpy() for name in ADDED if f"{name}_effect" in posterior}
    groups = {name: texts(name) for name in ("authority", "owner") if f"{name}_index" in held}
    children = texts("child")
    design = Design(
        groups={name: Group(index=held[f"{name}_index"].to_numpy(), ids=ids) for name, ids in groups.items()},
        slope_of=str(tree.attrs["slope_of"]),
        formula=str(tree.attrs["formula"]),
        names=texts("column"),
        matrix=held["matrix"].to_numpy(),
        centre=held["centre"].to_numpy(),
        scale=held["scale"].to_numpy(),
        child_ids=tuple(str(child) for child in held["child_ids"].to_numpy()) if "child_ids" in held else children,
        home_ids=texts("home"),
        periods=int(held.attrs["periods"]),
        notes=tuple(json.loads(tree.attrs["design_notes"])),
        constants=json.loads(tree.attrs["constants"]),
        **{name: held[name].to_numpy().astype(bool if name in _FLAGS else held[name].dtype) for name in _DESIGN_ROWS},
    )
    certificate = json.loads(tree.attrs["certificate"]) | {"frailty": str(tree.attrs["frailty_law"])}
    labels = {"column": texts("column"), "home_index": texts("home"), "child": children}
    dims = DIMS | {"frailty": ("child",), "log_density": ("child",)}
    return Fit(
        family="onset",
        model=str(tree.attrs["model"]),
        exposure=str(tree.attrs["exposure"]),
        design=design,
        values=values,
        dims={name: dims[name] for name in values if name in dims},
        labels=labels | {f"{name}_index": ids for name, ids in groups.items()},
        chains=int(tree.attrs["chains"]),
        diagnostics=diagnostics_of(certificate),
        certificate={"family": "onset", "plan": {}, **certificate},
        sample_stats=stats_of(tree),
    )
