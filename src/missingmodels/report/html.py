"""The report as one HTML file that needs nothing else: no script, no font, no image from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from missingmodels.disclosure.gate import released
from missingmodels.disclosure.policy import Policy, policy_for
from missingmodels.evidence.decisions import kind_of_verdict
from missingmodels.evidence.record import Evidence
from missingmodels.report.content import content
from missingmodels.report.figures.pictures import FIGURES as KNOWN
from missingmodels.report.figures.pictures import Picture, pictures, write_figures
from missingmodels.report.templates import rendered
from missingmodels.writing import write_together

__all__ = ["page", "report_files", "write_figures", "write_report"]

REPORT, FIGURES = "report.html", "figures"


def write_report(evidence: Evidence, path: Path, *, disclosure: str | Path | Policy | None = None) -> Path:
    """Write the page, and its figures as PNG into ``figures/`` beside it: all of them together, or none.

    ``disclosure`` names the policy that it is written under, or is one; left out, it is none for simulated data and the
    generic one for others.
    """
    path = Path(path)
    if evidence.disclosure is None:
        evidence, _ = released(evidence, policy_for(evidence.origin, disclosure))
    files, stale = report_files(evidence, path.name)
    write_together(path.parent, files, removed=stale)
    return path


def report_files(
    evidence: Evidence, name: str = REPORT, told: Callable[[int, int], None] | None = None
) -> tuple[dict[str, bytes], list[str]]:
    """What a report consists of, by name within its folder, and the names of figures that it does not have."""
    shown = pictures(evidence, told)
    files = {f"{FIGURES}/{figure}.png": picture.png for figure, picture in shown.items()}
    stale = [f"{FIGURES}/{figure}.png" for figure in KNOWN if figure not in shown]
    return files | {name: page(evidence, shown).encode("utf-8")}, stale


def page(evidence: Evidence, shown: dict[str, Picture]) -> str:
    """The page's text. Whatever comes from data or plan is escaped; only the style sheet, our own, is not."""
    return rendered("report.html", {"kind_of_verdict": kind_of_verdict}, **content(evidence, shown))
