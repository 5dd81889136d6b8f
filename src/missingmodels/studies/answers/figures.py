"""The files that a study's summary becomes: JSON, CSV, figures and page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from missingmodels.tables.csv_out import records_csv
from missingmodels.writing import write_together

SUMMARY, CELLS, PAGE = "summary.json", "cells.csv", "study.html"


def write_summary(found: Mapping[str, Any], folder: Path) -> Path:
    """Write ``summary.json``, ``cells.csv``, the figures and the page, all together. Returns the page's path."""
    from missingmodels.report.pages.study_page import study_page, study_pictures

    pictures = study_pictures(found)
    page = study_page(found, pictures)
    files = {SUMMARY: (json.dumps(found, indent=1, default=str) + "\n").encode(), CELLS: cells_csv(found).encode()}
    files |= {f"figures/{name}.png": picture["png"] for name, picture in pictures.items()}
    write_together(folder, files | {PAGE: page.encode("utf-8")})
    return folder / PAGE


def cells_csv(found: Mapping[str, Any]) -> str:
    """One row a cell, quantity and rule: every measure and its Monte Carlo error."""
    rows = cells_records(found)
    return records_csv([{k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows])


def cells_records(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of ``cells.csv``; estimands and numbers of one's own have rows of their own rules."""
    rows: list[dict[str, Any]] = []
    for cell in found["cells"]:
        start = {"cell": cell["index"], **cell["at"], "replicates": cell["replicates"]}
        for name, ranks in cell.get("ranks", {}).items():
            rows.append(start | {"quantity": name} | {k: v for k, v in ranks.items() if not isinstance(v, list)})
        estimands = [m | {"rule": "estimand"} for m in cell.get("estimands", ())]
        for m in (*cell.get("measures", ()), *estimands):
            row = start | {"quantity": m["quantity"], "rule": m["rule"], "truth": m["truth"]}
            for name, measure in m.items():
                if isinstance(measure, Mapping):
                    row |= {name: measure["value"], f"{name}_error": measure["error"]}
            rows.append(row)
        for n in cell.get("numbers", ()):
            row = start | {"quantity": n["name"], "rule": "measure", "mean": n["value"], "mean_error": n["error"]}
            rows.append(row | {"low": n["low"], "high": n["high"]})
    return rows
