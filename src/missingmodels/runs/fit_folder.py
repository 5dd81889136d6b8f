"""A folder of one fit: its draws in the private place, its table and sentences through the gate in the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from missingmodels.disclosure.policy import Policy
from missingmodels.disclosure.record import Judged, record_files
from missingmodels.disclosure.tables import gated_table
from missingmodels.evidence.support import support_of_fit
from missingmodels.fitting.result import Fit
from missingmodels.fitting.stores.store import DRAWS, LAYOUTS, write_fit
from missingmodels.tables import kind_of
from missingmodels.tables.csv_out import frame_csv
from missingmodels.tables.manifest import write_manifest
from missingmodels.writing import whole_folder
from missingmodels.writing.sides import RELEASE, VERSION, make_sides


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """What of a fit may be shown: its table, its sentences, and what the gate did."""

    table: pd.DataFrame
    sentences: list[str]
    judged: Judged


def _shown_of(fit: Fit, policy: Policy) -> _Shown:
    """A fit's table and sentences through the gate."""
    judged = Judged(policy)
    table, sentences = gated_table(fit.summary(), fit.sentences(), support_of_fit(fit), judged)
    return _Shown(table=table, sentences=sentences, judged=judged)


def write_fit_folder(
    fit: Fit,
    folder: Path,
    *,
    policy: Policy,
    origin: Mapping[str, Any],
    overwrite: bool = True,
    keep_children: bool = False,
) -> tuple[Path, _Shown]:
    """Write a fit with its table and sentences; the folder appears whole or not at all.

    Returns the table's path and what may be shown. Draws of single children are kept only with ``keep_children``.
    """
    layout, shown = LAYOUTS[fit.family], _shown_of(fit, policy)
    files = {layout.table: frame_csv(shown.table, index=True).encode()}
    if layout.text:
        files[layout.text] = ("\n".join(shown.sentences) + "\n").encode()
    files |= record_files(shown.judged, files, origin=kind_of(origin), seeds=[int(fit.certificate["seed"])])
    with whole_folder(folder, kind=layout.kind, overwrite=overwrite) as scratch:
        private, release = make_sides(scratch)
        for name, content in files.items():
            (release / name).write_bytes(content)
        write_fit(fit, private / DRAWS, keep_children=keep_children)
        record = {
            "run_version": VERSION,
            "keep_children": keep_children,
            "disclosure": policy.model_dump(mode="json"),
            "certificate": dict(fit.certificate),
            "sentences": fit.sentences(),
            "probabilities": fit.probabilities(),
        }
        write_manifest(scratch, layout.kind, record)
    return Path(folder) / RELEASE / layout.table, shown
