"""What of a run, and of a study, may be published: read from the release place, digests checked, and nowhere else."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

from missingmodels.errors import InputError
from missingmodels.evidence.record import EVIDENCE, Evidence, read_evidence
from missingmodels.evidence.robustness.bench import Line
from missingmodels.evidence.robustness.curve import Specification
from missingmodels.records import read_json
from missingmodels.studies.answers.figures import SUMMARY
from missingmodels.studies.answers.summary import FORMAT as SUMMARY_FORMAT
from missingmodels.tables.csv_out import unguarded
from missingmodels.tables.manifest import named_files, read_manifest, require_named
from missingmodels.tables.store import RUN_FORMAT
from missingmodels.writing.sides import RELEASE

ROBUSTNESS, CURVE = "robustness.csv", "specification_curve.csv"


def released_evidence(run: Path) -> Evidence:
    """The evidence that a run has released. Raises InputError for a run that has released none."""
    path = _released(run, EVIDENCE, remedy="`missingmodels report RUN` writes its release")
    found = read_evidence(path)
    if found.disclosure is None:
        raise InputError(
            "this evidence has not been through the gate",
            where=str(path),
            remedy="`missingmodels report RUN` writes the release anew",
        )
    return found


def released_lines(run: Path) -> list[Line]:
    """The lines of the battery that a run has released. Raises InputError where nobody has asked for one."""
    return _records(_released(run, ROBUSTNESS, remedy=_ASK), Line)


def released_table(run: Path) -> list[dict[str, str]]:
    """The battery's table as it was released, with what each line can show and how often it is wrong."""
    return _rows(_released(run, ROBUSTNESS, remedy=_ASK))


def released_curve(run: Path) -> list[Specification]:
    """The specification curve that a run has released. Raises InputError where there is none."""
    return _records(_released(run, CURVE, remedy=_ASK), Specification)


_ASK = "`missingmodels robustness RUN` asks these questions first"


def study_summary(folder: Path) -> dict[str, Any]:
    """What a study has come to. Raises InputError for a folder that holds none."""
    path = Path(folder) / SUMMARY
    remedy = "name the folder of a study; `missingmodels power STUDY.toml -o FOLDER` sums it up"
    found = read_json(path, what="the study's summary", remedy=remedy)
    if found.get("format") != SUMMARY_FORMAT:
        raise InputError(f"not of the format {SUMMARY_FORMAT}", where=str(path), remedy=remedy)
    return found


def _released(run: Path, name: str, *, remedy: str) -> Path:
    run, place = Path(run), f"{RELEASE}/{name}"
    manifest = read_manifest(run, RUN_FORMAT)
    if place not in named_files(run, manifest):
        raise InputError(f"this run has released no {name}", where=str(run), remedy=remedy)
    return require_named(run, manifest, place)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: unguarded(text) for name, text in row.items()} for row in csv.DictReader(file, strict=True)]


def _records[T](path: Path, kind: type[T]) -> list[T]:
    """Rows as records. Raises InputError, with the row, for one that is none."""
    hints = get_type_hints(kind)
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    names = [one.name for one in fields if not one.metadata.get("untold")]
    found = []
    for at, row in enumerate(_rows(path), start=2):
        try:
            found.append(kind(**{name: _value(row[name], hints[name]) for name in names}))
        except (KeyError, ValueError) as error:
            raise InputError(
                f"row {at} cannot be read ({error})",
                where=str(path),
                remedy="`missingmodels robustness RUN` writes it anew",
            ) from error
    return found


def _value(text: str, kind: Any) -> Any:
    kinds: Mapping[Any, Any] = {k: k for k in (get_args(kind) if isinstance(kind, UnionType) else (kind,))}
    if text == "" and type(None) in kinds:
        return None
    if bool in kinds:
        return {"True": True, "False": False}[text]
    return float(text) if float in kinds else int(text) if int in kinds else text
