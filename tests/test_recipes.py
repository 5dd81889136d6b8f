"""Every recipe of a tracked result still finds what it imports."""

from __future__ import annotations

import pytest

from recipes import FOLDER, recipe


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_a_recipe_can_be_imported(name):
    assert recipe(name).__doc__
