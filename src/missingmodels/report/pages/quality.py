"""The data-quality page of an import: one HTML file that needs nothing else, made from plain rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from missingmodels.report.templates import rendered
from missingmodels.tables.judgement import Judgement

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What the page shows.

    Attributes
    ----------
    source, observed : where the data come from, and the span they observe, in words
    judged : what the import was judged by as a whole
    outcomes : ``table``, ``year``, ``read``, ``used``, ``repaired``, ``merged``, ``set_aside``
    rules : ``table``, ``rule``, ``action``, ``meaning``, ``ask``, ``by_year`` (count by end year), ``rows``
    choices : ``categories``, ``boundary``, ``onsets``, ``same_day_repeats``, ``on_moving_day``, ``days_at_risk``,
        ``resident_days``; ``no_choices`` says why there is none
    coverage : ``of`` (visible residents over places), ``share`` of home-days; empty where there are no choices
    children, authorities : ``who``, ``flagged``, ``read``, ``share``, ``rules``
    dfe : ``rule``, ``table``, ``meaning``, ``by_year``, ``rows`` of the public DfE rules; None where they were not run
    spells : ``what``, ``of``, ``spells``, ``share``
    """

    source: str
    observed: str
    judged: Sequence[Judgement]
    counts: Mapping[str, int]
    outcomes: Sequence[Row]
    rules: Sequence[Row]
    choices: Sequence[Row]
    no_choices: str
    coverage: Sequence[Row]
    children: Sequence[Row]
    authorities: Sequence[Row]
    dfe: Sequence[Row] | None
    spells: Sequence[Row]
    notes: Sequence[str]


def quality_page(quality: Quality) -> str:
    """The page's text. Whatever comes from the data is escaped; only the style sheet, our own, is not."""
    years = sorted({year for rule in (*quality.rules, *(quality.dfe or ())) for year in rule["by_year"]})
    base = quality.choices[0] if quality.choices else None
    peak = max((count for rule in quality.rules for count in rule["by_year"].values()), default=1)
    return rendered(
        "quality.html",
        {"n": _whole, "share": _share, "year": _year},
        q=quality,
        years=years,
        base=base,
        peak=peak,
    )


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _share(value: float) -> str:
    """A percentage that never rounds something to nothing."""
    if 0 < value < 0.001:
        return "<0.1 %"
    return f"{100 * value:.1f} %"


def _year(value: int) -> str:
    return f"{value - 1}/{value % 100:02d}" if value else "–"
