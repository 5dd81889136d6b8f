"""A run on disk: fits, evidence, figures and report of one plan on one data set, in one folder."""

from __future__ import annotations

from pathlib import Path

from missingmodels.errors import DiagnosticsFailed
from missingmodels.evidence.record import EVIDENCE, Evidence, read_evidence, write_evidence
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.kept import Kept, kept_folder
from missingmodels.fitting.store import write_fit
from missingmodels.plan import Plan
from missingmodels.report.html import REPORT, write_report
from missingmodels.runs.answer import Answer, answer
from missingmodels.tables import Tables
from missingmodels.tables.manifest import read_manifest, require_named, write_manifest
from missingmodels.tables.store import RUN_FORMAT, write_tables_into
from missingmodels.terminal import say
from missingmodels.writing import whole_folder

FITS, TABLES = "fits", "tables"


def fit_file(run: Path, model: str, exposure: str) -> Path:
    """Where a run keeps one of its fits."""
    return run / FITS / f"{model}{'_' + exposure if exposure else ''}.nc"


def make_run(  # noqa: PLR0913
    tables: Tables,
    plan: Plan,
    folder: Path,
    *,
    seed: int,
    source: Path | Tables,
    overwrite: bool = False,
    allow_unconverged: bool = False,
    progress: Progress | None = None,
) -> tuple[Answer, Path]:
    """Fit a plan's models and write the run; returns what was found and the report's path.

    Each fit is kept beside ``folder`` as it is finished, and found there by a second call with the same tables, plan
    and seed. Where models fail the gate the run of the others is written, and says so, and DiagnosticsFailed is raised.
    """
    with Kept(kept_folder(folder), say) as kept:
        refusal = None
        try:
            found = answer(tables, plan, seed=seed, allow_unconverged=allow_unconverged, progress=progress, kept=kept)
        except DiagnosticsFailed as error:
            if not isinstance(error.found, Answer):
                raise
            refusal, found = error, error.found
        page = write_run(found, folder, overwrite=overwrite, tables=source)
        if refusal is not None:
            say(f"The other models are written, and the report says which are left out: {page}")
            raise refusal
        kept.clear()
    return found, page


def write_run(found: Answer, folder: Path, *, overwrite: bool, tables: Path | Tables) -> Path:
    """Write a run; the folder appears whole or not at all. Returns the report's path.

    ``tables`` is the folder that the data came from, kept as its path; tables that stand in no folder go into the run.
    """
    with whole_folder(folder, kind=RUN_FORMAT, overwrite=overwrite) as scratch:
        (scratch / FITS).mkdir()
        for fit in found.fits:
            write_fit(fit, fit_file(scratch, fit.model, fit.exposure))
        write_evidence(found.evidence, scratch / EVIDENCE)
        write_report(found.evidence, scratch / REPORT)
        if isinstance(tables, Tables):
            (scratch / TABLES).mkdir()
            write_tables_into(tables, scratch / TABLES)
        record = {
            "tables": TABLES if isinstance(tables, Tables) else str(Path(tables).resolve()),
            "certificates": [dict(c) for c in found.evidence.fitted],
            "absent": [dict(c) for c in found.evidence.failed if c.get("absent")],
        }
        write_manifest(scratch, RUN_FORMAT, record)
    return folder / REPORT


def read_run(run: Path) -> Evidence:
    """The evidence of a run. Raises InputError unless the folder is a run whose evidence is as it was written."""
    run = Path(run)
    return read_evidence(require_named(run, read_manifest(run, RUN_FORMAT), EVIDENCE))


def tables_folder(run: Path) -> Path | None:
    """Where the tables of a run are, as it was written; None for a run that does not say."""
    held = read_manifest(run, RUN_FORMAT).get("tables")
    return run / held if held else None
