"""The report as one HTML file that needs nothing else: no script, no font, no image from outside."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import jinja2

from missingmodels.evidence.record import Evidence
from missingmodels.report.content import content
from missingmodels.report.figures import Picture, pictures, write_figures, write_pictures
from missingmodels.writing import write_whole

__all__ = ["page", "write_figures", "write_report"]

REPORT, FIGURES = "report.html", "figures"


def write_report(evidence: Evidence, path: Path) -> Path:
    """Write the page, and its figures as PNG into ``figures/`` beside it.

    Everything is drawn and laid out before anything is written; the page itself is written whole or not at all.
    """
    path = Path(path)
    shown = pictures(evidence)
    text = page(evidence, shown)
    write_pictures(shown, path.parent / FIGURES)
    return write_whole(path, text.encode("utf-8"))


def page(evidence: Evidence, shown: dict[str, Picture]) -> str:
    """The page's text. Whatever comes from data or plan is escaped; only the style sheet, our own, is not."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    css = resource("report.css")
    return environment.from_string(resource("report.html")).render(css=css, **content(evidence, shown))


def resource(name: str) -> str:
    """The text of a template or style sheet of this folder."""
    return resources.files("missingmodels.report").joinpath(name).read_text(encoding="utf-8")
