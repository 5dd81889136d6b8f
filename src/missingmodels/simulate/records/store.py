"""A simulated world on disk: its tables, and the truth behind them in files of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from missingmodels.parameters import Parameters
from missingmodels.simulate.world import World
from missingmodels.tables.store import FORMAT, write_tables_into
from missingmodels.writing import whole_folder

TRUTH, EXPOSURES = "truth.json", "exposure_log.parquet"


def write_world(world: World, folder: Path, *, overwrite: bool = True, shifts: bool = False) -> Path:
    """Write tables, ``truth.json`` and the log of exposures; the folder appears whole or not at all.

    ``shifts`` adds every shift of the rota, streamed to disk: a nation's year holds millions.
    """
    with whole_folder(folder, kind=FORMAT, overwrite=overwrite) as scratch:
        (scratch / TRUTH).write_text(json.dumps(truth_as_dict(world.truth)) + "\n", encoding="utf-8")
        if len(world.exposure_log):
            world.exposure_log.to_parquet(scratch / EXPOSURES, index=False)
        write_tables_into(world.tables, scratch, streamed={"staff_shifts": world.shifts()} if shifts else None)
    return folder


def truth_as_dict(truth: Parameters) -> dict[str, Any]:
    """The true values by name; home, home-period and child values under their labels."""
    return {
        "intercept": float(truth.intercept[0]),
        "coefficients": {name: float(values[0]) for name, values in truth.coefficients.items()},
        "sigma_home": float(truth.sigma_home[0]),
        "sigma_period": float(truth.sigma_period[0]),
        "frailty_shape": None if np.isnan(truth.frailty_shape[0]) else float(truth.frailty_shape[0]),
        **{name: float(values[0]) for name, values in truth.further.items()},
        "home": dict(zip(truth.home_ids, truth.home[0].tolist(), strict=True)),
        "home_period": dict(zip(truth.home_ids, truth.home_period[0].tolist(), strict=True)),
        "frailty": dict(zip(truth.child_ids, truth.frailty[0].tolist(), strict=True)),
    }
