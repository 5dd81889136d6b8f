"""Fits as versions before wrote them, ``missingmodels-fit-3``: their draws in one group and the design in another."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from missingmodels.fitting.diagnostics import Diagnostics
from missingmodels.fitting.drawn import unlabelled
from missingmodels.fitting.result import Fit
from missingmodels.fitting.stores.design_arrays import design_from

FORMAT = "missingmodels-fit-3"


def fit_of_format_3(tree: xr.DataTree) -> Fit:
    """The fit in a tree of the old layout."""
    values, dims, labels = unlabelled(tree["posterior"].to_dataset())
    certificate = json.loads(tree.attrs["certificate"])
    return Fit(
        family=tree.attrs["family"],
        model=str(tree.attrs["model"]),
        exposure=str(tree.attrs["exposure"]),
        design=design_from(json.loads(tree.attrs["design"]), tree["design"].to_dataset()),
        values=values,
        dims=dims,
        labels=labels,
        chains=int(tree.attrs["chains"]),
        diagnostics=diagnostics_of(certificate),
        certificate=certificate,
        sample_stats=stats_of(tree),
    )


def diagnostics_of(certificate: dict[str, Any]) -> Diagnostics:
    """The diagnostics that a certificate holds."""
    held = {name: value for name, value in certificate["diagnostics"].items() if name != "passed"}
    return Diagnostics(**(held | {"failed": tuple(held["failed"])}))


def stats_of(tree: xr.DataTree) -> dict[str, np.ndarray]:
    """(chains, draws) statistics of the sampler."""
    return {str(name): held.to_numpy() for name, held in tree["sample_stats"].to_dataset().data_vars.items()}
