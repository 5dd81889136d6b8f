"""Templates and style sheets of the pages, by their names in this folder."""

from __future__ import annotations

from importlib import resources


def resource(name: str) -> str:
    """The text of a template or style sheet of this folder."""
    return resources.files("missingmodels.report").joinpath(name).read_text(encoding="utf-8")
