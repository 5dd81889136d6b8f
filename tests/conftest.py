"""What several test modules share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public sample files beside the repository; they are never copied into it."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"the public sample files are not beside the repository ({folder})")
    return folder


@pytest.fixture(scope="module")
def few_refits() -> Iterator[None]:
    """Evidence with one refit where it may take dozens: for tests that read nothing of who is left out."""
    from missingmodels.evidence import evidence, own_history

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "REFITS", 1)
        patch.setattr(own_history, "REFITS", 0)
        patch.setattr(evidence, "forecasts", lambda *_: [])
        yield


# Files that take minutes begin, so that at the end no worker waits long for another; and in a fresh checkout, where the
# simulator is yet to be compiled, one worker does that while the other is with what simulates nothing.
LONGEST = (
    *("test_analyses.py", "test_agreement.py", "test_laplace.py", "test_natives.py", "test_fit.py"),
    *("test_unseen_rows.py", "test_own_variables.py", "test_own_terms.py", "test_docs.py", "test_daily.py"),
    *("test_cli.py", "test_cli_robustness.py", "test_sides.py", "test_resume.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
