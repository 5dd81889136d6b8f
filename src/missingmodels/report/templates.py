"""Templates and style sheets of the pages, by their names in `assets`, and how a page is made of them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

import jinja2


def resource(name: str) -> str:
    """The text of a template or style sheet of `assets`."""
    return resources.files("missingmodels.report").joinpath("assets", name).read_text(encoding="utf-8")


def rendered(name: str, filters: Mapping[str, Callable[..., object]] | None = None, /, **content: Any) -> str:
    """A page's text. All that it is given is escaped; the style sheet, our own, it has as ``css`` and is not."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(resource),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters or {}
    return environment.get_template(name).render(css=resource("report.css"), **content)


def inside(png: bytes) -> str:
    """The image as an address that holds it, so that a page needs nothing else."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
