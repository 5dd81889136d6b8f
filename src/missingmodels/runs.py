"""A run on disk: fits, evidence, figures and report of one plan on one data set, in one folder."""

from __future__ import annotations

import json
from pathlib import Path

from missingmodels.evidence.record import EVIDENCE, write_evidence
from missingmodels.fit.store import write_fit
from missingmodels.pipeline import Answer
from missingmodels.provenance import versions
from missingmodels.report.html import REPORT, write_report
from missingmodels.tables.store import MANIFEST, RUN_FORMAT, whole_folder

FITS = "fits"


def write_run(found: Answer, folder: Path, *, overwrite: bool) -> Path:
    """Write a run; the folder appears whole or not at all. Returns the report's path."""
    with whole_folder(folder, kind=RUN_FORMAT, overwrite=overwrite) as scratch:
        (scratch / FITS).mkdir()
        for fit in found.fits:
            write_fit(fit, scratch / FITS / f"{fit.model}{'_' + fit.exposure if fit.exposure else ''}.nc")
        write_evidence(found.evidence, scratch / EVIDENCE)
        write_report(found.evidence, scratch / REPORT)
        manifest = {
            "format": RUN_FORMAT,
            "versions": versions(),
            "certificates": [dict(f.certificate) for f in found.fits],
        }
        (scratch / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return folder / REPORT
