"""Templates and style sheets of the pages, by their names in `assets`."""

from __future__ import annotations

from importlib import resources


def resource(name: str) -> str:
    """The text of a template or style sheet of `assets`."""
    return resources.files("missingmodels.report").joinpath("assets", name).read_text(encoding="utf-8")
