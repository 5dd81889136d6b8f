"""A fit of an outcome on disk: a table and plain sentences for readers, draws in NetCDF, and the certificate."""

from __future__ import annotations

import json
from pathlib import Path

import xarray as xr

from missingmodels.fit.outcomes import OutcomeFit
from missingmodels.fit.store import ENGINE
from missingmodels.provenance import versions
from missingmodels.tables.csv_out import frame_csv
from missingmodels.tables.store import OUTCOME_FORMAT
from missingmodels.writing import MANIFEST, whole_folder

TABLE, TEXT, DRAWS = "outcome.csv", "outcome.txt", "draws.nc"


def write_outcome_fit(found: OutcomeFit, folder: Path, *, overwrite: bool = True) -> Path:
    """Write a fit; the folder appears whole or not at all. Returns the path of its table."""
    with whole_folder(folder, kind=OUTCOME_FORMAT, overwrite=overwrite) as scratch:
        (scratch / TABLE).write_text(frame_csv(found.table(), index=True), encoding="utf-8")
        (scratch / TEXT).write_text("\n".join(found.sentences()) + "\n", encoding="utf-8")
        stats = xr.Dataset({name: (("chain", "draw"), values) for name, values in found.sample_stats.items()})
        tree = xr.DataTree.from_dict({"/posterior": found.draws, "/sample_stats": stats})
        tree.to_netcdf(scratch / DRAWS, engine=ENGINE)
        manifest = {"format": OUTCOME_FORMAT, "versions": versions(), "certificate": dict(found.certificate)}
        (scratch / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return Path(folder) / TABLE
