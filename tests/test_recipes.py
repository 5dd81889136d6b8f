"""Every recipe of a tracked result still finds what it imports."""

from __future__ import annotations

import pytest

from recipes import FOLDER, recipe


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_a_recipe_can_be_imported(name):
    assert recipe(name).__doc__


@pytest.mark.parametrize("name", sorted(p.stem for p in FOLDER.glob("*.py") if '"--output"' in p.read_text("utf-8")))
def test_a_recipe_makes_the_folder_that_it_is_to_write_to(name):
    """Hours of work ended in a traceback where the folder of ``--output`` was not there."""
    assert ".mkdir(parents=True, exist_ok=True)" in (FOLDER / f"{name}.py").read_text("utf-8")
