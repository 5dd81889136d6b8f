"""A run on disk without fits, and one of data that may be real: what figures, tables and words are made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.report.conftest import make_evidence, whole_studies  # noqa: F401 (a fixture)
from tests.report.not_drawn import not_drawn

from missingmodels.evidence.record import Evidence
from missingmodels.runs.answer import Answer
from missingmodels.runs.write import write_run


def written(folder: Path, evidence: Evidence) -> Path:
    """A run of this evidence, its pages without the seconds that their figures take."""
    with pytest.MonkeyPatch.context() as patch:
        not_drawn(patch)
        write_run(Answer(fits=(), evidence=evidence), folder, overwrite=True, tables=folder.parent / "tables")
    return folder


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("published") / "run", make_evidence())


@pytest.fixture(scope="session")
def real_run(tmp_path_factory) -> Path:
    """Of an extract too small to release anything of."""
    real = replace(make_evidence(), origin={"kind": "ssda903", "authority": "301", "year": 2023}, support=[])
    return written(tmp_path_factory.mktemp("published") / "real", real)
