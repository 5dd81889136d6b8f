"""A daily fit on disk: a table for readers, draws in NetCDF, what it says, and the certificate, in one folder."""

from __future__ import annotations

import json
from pathlib import Path

import xarray as xr

from missingmodels.fit.daily import DailyFit
from missingmodels.fit.daily_words import probabilities
from missingmodels.fit.rows_store import DRAWS, TABLE
from missingmodels.fit.store import ENGINE
from missingmodels.provenance import versions
from missingmodels.tables.csv_out import frame_csv
from missingmodels.writing import MANIFEST, whole_folder

DAILY_FORMAT = "missingmodels-daily"
ANSWER = "answer.txt"


def write_daily_fit(found: DailyFit, folder: Path, *, overwrite: bool = True) -> Path:
    """Write a fit; the folder appears whole or not at all. Returns the path of its table."""
    with whole_folder(folder, kind=DAILY_FORMAT, overwrite=overwrite) as scratch:
        (scratch / TABLE).write_text(frame_csv(found.table(), index=True), encoding="utf-8")
        (scratch / ANSWER).write_text(found.sentence + "\n", encoding="utf-8")
        stats = xr.Dataset({name: (("chain", "draw"), values) for name, values in found.sample_stats.items()})
        groups = {"/posterior": found.draws, "/sample_stats": stats}
        xr.DataTree.from_dict(groups).to_netcdf(scratch / DRAWS, engine=ENGINE)
        manifest = {"format": DAILY_FORMAT, "versions": versions(), "certificate": dict(found.certificate)}
        manifest |= {"sentence": found.sentence, "probabilities": probabilities(found.draws)}
        (scratch / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return Path(folder) / TABLE
