"""What each stated change would amount to, on the scale on which a service counts: episodes per 10 children a year."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from missingmodels.evidence.decisions import SUPPORTED, kind_of_verdict
from missingmodels.evidence.record import Evidence
from missingmodels.report import words
from missingmodels.report.figures.style import (
    BLUE,
    INK,
    RED,
    WIDTH,
    figure_of,
    new_figure,
    note,
    reference_line,
    styled,
)
from missingmodels.report.lines import lines

CHILDREN = 10
_ROW, _TOP, _FOOT = 0.42, 0.34, 0.98  # inches
_LEFT, _RIGHT = 0.37, 0.69


@dataclass(frozen=True, kw_only=True)
class Change:
    """One stated change: episodes per 10 children a year more (or fewer) than as observed, and the rate itself."""

    hypothesis: str
    label: str
    fit: str
    median: float
    low: float
    high: float
    expected: float
    as_observed: str
    interval: str
    supported: bool
    converged: bool


def changes(evidence: Evidence) -> list[Change]:
    """Every stated change of the fits that answer H1 and H2, in the order of the evidence."""
    found = lines(evidence)
    rates = {(o.fit, o.row.name, o.row.label): o.row for o in found if o.row.estimand == "expected_rate"}
    observed = {o.fit: o.row for o in found if (o.row.estimand, o.row.name) == ("expected_rate", "as_observed")}
    said = {
        (o.row.model, o.row.exposure, o.row.name)
        for o in found
        if o.row.estimand == "rate_ratio" and kind_of_verdict(o.row.verdict) == SUPPORTED
    }
    held = [o for o in found if o.row.estimand == "rate_difference" and o.row.hypothesis in ("H1", "H2")]
    return [
        Change(
            hypothesis=line.row.hypothesis,
            label=words.typographic(line.row.label),
            fit=line.fit,
            median=CHILDREN * line.row.median,
            low=CHILDREN * line.row.interval_low,
            high=CHILDREN * line.row.interval_high,
            expected=CHILDREN * rates[line.fit, line.row.name, line.row.label].median,
            as_observed=f"{CHILDREN * observed[line.fit].median:.1f}" if line.fit in observed else "",
            interval=f"{words.mass(line.row.interval_mass)} {line.row.interval_kind}",
            supported=(line.row.model, line.row.exposure, line.row.name) in said,
            converged=line.converged,
        )
        for line in held
        if (line.fit, line.row.name, line.row.label) in rates
    ]


@styled
def rates_figure(found: Sequence[Change], ax: Axes | None = None) -> Figure:
    """A row a change: its interval around its median, and in words how many episodes are expected then."""
    height = _ROW * len(found)
    total = height + _TOP + _FOOT
    own = ax is None
    figure = new_figure(total) if ax is None else figure_of(ax)
    if ax is None:
        ax = figure.add_axes((_LEFT, _FOOT / total, _RIGHT - _LEFT, height / total))
    reference_line(ax, x=0)
    ends = [0.0, *(one.low for one in found), *(one.high for one in found)]
    room = 0.08 * (max(ends) - min(ends) or 1.0)
    ax.set_xlim(min(ends) - room, max(ends) + room)
    ax.set_ylim(len(found) - 0.5, -0.5)
    for at, one in enumerate(found):
        colour = (BLUE if one.supported else INK) if one.converged else RED
        ax.plot([one.low, one.high], [at, at], color=colour, linewidth=1.9, solid_capstyle="butt")
        ax.plot([one.median], [at], "o", color=colour, markersize=6)
        text = f"{words.signed(one.median, 1)} ({words.signed(one.low, 1)} to {words.signed(one.high, 1)})"
        ax.annotate(
            text, (1, at), xycoords=ax.get_yaxis_transform(), xytext=(8, 0), textcoords="offset points", va="center",
            fontsize=8.5, color=colour,
        )  # fmt: skip
    labels = [textwrap.fill(f"{one.hypothesis}: {one.label}", 46) for one in found]
    ax.set_yticks(range(len(found)), labels, fontsize=8.5)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.set_xlabel("change in episodes per 10 children a year")
    if own:
        note(figure, _small_print(found))
    return figure


def _small_print(found: Sequence[Change]) -> str:
    now = next((one.as_observed for one in found if one.as_observed), "")
    return textwrap.fill(
        f"Points: posterior medians; lines: {found[0].interval} intervals"
        + (f". As observed: {now} episodes per 10 children a year" if now else "")
        + ". Each row holds one thing in every home on every day and leaves all else as it was; blue: supported by "
        "the rule. An effect only as far as the association is one.",
        int(WIDTH * 17.5),
    )
