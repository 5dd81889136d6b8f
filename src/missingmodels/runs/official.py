"""Official statistics from a folder of files to an answer on disk. Wiring only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from missingmodels.extract.published.statistics import Official, read_official
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.families.official import fit_official, ratios
from missingmodels.fitting.intervals import bounds, percent
from missingmodels.fitting.result import Fit
from missingmodels.fitting.stores.store import DRAWS, write_fit
from missingmodels.frame.design_matrix import EventRows
from missingmodels.frame.published.official import build_official
from missingmodels.plan import INTERVAL_MASS, Sampling
from missingmodels.report.pages.official import SCALES, STATEMENT, label_of, official_page
from missingmodels.tables.csv_out import frame_csv, records_csv
from missingmodels.tables.manifest import write_manifest
from missingmodels.vocabulary import column_label
from missingmodels.writing import whole_folder

FORMAT = "missingmodels-official-1"
PAGE = "official.html"


@dataclass(frozen=True, kw_only=True)
class _OfficialAnswer:
    """What the figures say; ``rows`` one a column, ``scales`` one a scale."""

    official: Official
    fit: Fit
    rows: list[dict[str, Any]]
    scales: list[dict[str, Any]]
    head: str


def analyse_official(
    folder: Path,
    *,
    seed: int,
    sampling: Sampling | None = None,
    interval_mass: float = INTERVAL_MASS,
    allow_unconverged: bool = False,
    progress: Progress | None = None,
) -> _OfficialAnswer:
    """Read, fit and summarise. Raises what ``read_official``, ``build_official`` and ``fit_official`` raise."""
    official = read_official(folder)
    design = build_official(official.panel)
    found = fit_official(
        design,
        seed=seed,
        sampling=sampling,
        interval_mass=interval_mass,
        allow_unconverged=allow_unconverged,
        progress=progress,
    )
    rows = []
    for name, draws in ratios(found).items():
        label, part = label_of(name)
        told = bounds(draws, interval_mass) | {"above": float((draws > 1).mean())}
        rows.append({"column": name, "label": label, "part": part} | told)
    scales = [{"label": column_label(name)} | bounds(found.values[name], interval_mass) for name in SCALES]
    return _OfficialAnswer(official=official, fit=found, rows=rows, scales=scales, head=_head(design))


def write_official(found: _OfficialAnswer, folder: Path, *, overwrite: bool) -> Path:
    """Write panel, estimates, record and page; the folder appears whole or not at all. Returns the page's path."""
    certificate = dict(found.fit.certificate)
    notes = [*found.official.notes, *found.fit.design.notes]
    page = official_page(
        head=found.head,
        rows=found.rows,
        scales=found.scales,
        notes=notes,
        fit=_fit_words(certificate),
        interval=percent(found.fit.decision.interval_mass),
        failed=list(found.fit.diagnostics.failed),
    )
    record: Mapping[str, Any] = {
        "format": FORMAT,
        "statement": list(STATEMENT),
        "rows": found.rows,
        "scales": found.scales,
        "notes": notes,
        "files": dict(found.official.digests),
        "certificate": certificate,
    }
    with whole_folder(folder, kind=FORMAT, overwrite=overwrite) as scratch:
        (scratch / "panel.csv").write_text(frame_csv(found.official.panel), encoding="utf-8")
        (scratch / "estimates.csv").write_text(records_csv(found.rows), encoding="utf-8")
        (scratch / PAGE).write_text(page, encoding="utf-8")
        (scratch / "official.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        write_fit(found.fit, scratch / DRAWS)
        write_manifest(scratch, FORMAT, {"certificate": certificate})
    return Path(folder) / PAGE


def _fit_words(certificate: Mapping[str, Any]) -> str:
    head = "NUTS (nutpie), {chains} chains of {draws} draws, seed {seed}. Priors: ".format(**certificate)
    return head + "; ".join(f"{name} {text}" for name, text in certificate["priors"].items())


def _head(design: EventRows) -> str:
    censored = int((design.y != design.further["high"]).sum())
    authorities, years = design.units["authority"].ids, design.units["year"].ids
    return (
        f"{design.y.size} authority-years of {len(authorities)} authorities, {years[0]} to "
        f"{years[-1]}; {censored} counts known as an interval only"
    )
