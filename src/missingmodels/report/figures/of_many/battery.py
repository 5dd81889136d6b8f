"""Figures of the battery: every line with its interval, and the specification curve."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator
from matplotlib.transforms import Transform, blended_transform_factory

from missingmodels.evidence.decisions import SUPPORTED
from missingmodels.evidence.robustness.battery import BY_NAME
from missingmodels.evidence.robustness.bench import ALARM, Line
from missingmodels.evidence.robustness.curve import ADJUSTED, Specification
from missingmodels.report import words
from missingmodels.report.figures.style import (
    BLUE,
    GREY,
    INK,
    PALE,
    VERMILION,
    WIDTH,
    new_figure,
    note,
    reference_line,
    styled,
)

_LEFT, _RIGHT = 0.36, 0.66
_ROW, _HEAD, _TOP, _FOOT = 0.2, 0.28, 0.36, 0.82  # inches
_WIDEST = 6.0
Holds = Callable[[Specification], bool]
_TICKS = (0.2, 0.33, 0.5, 0.75, 1, 1.5, 2, 3, 5)


def drawn_lines(lines: Sequence[Line]) -> list[Line]:
    """The lines that the figure shows: those that speak of influence or alarm and have something to compare."""
    return [line for line in lines if line.kind != "size" and (line.estimate is not None or line.p_value is not None)]


@styled
def battery_figure(lines: Sequence[Line]) -> Figure:
    """Rate ratios with intervals under the title of their check; tests without one show their p-value."""
    groups = [(name, list(part)) for name, part in groupby(drawn_lines(lines), key=lambda line: line.check)]
    height = sum(_HEAD + _ROW * len(part) for _, part in groups)
    total = height + _TOP + _FOOT
    figure = new_figure(total)
    ax = figure.add_axes((_LEFT, _FOOT / total, _RIGHT - _LEFT, height / total))
    ax.set_ylim(height, 0)
    _ratio_axis(ax)
    beside = blended_transform_factory(figure.transFigure, ax.transData)
    for at, head in ((_RIGHT + 0.07, "ratio"), (_RIGHT + 0.15, "P or p"), (_RIGHT + 0.165, "says")):
        left = head == "says"
        ax.text(at, -0.06, head, transform=beside, fontsize=8, color=GREY, ha="left" if left else "right")
    at = 0.0
    for name, part in groups:
        ax.text(
            0.012,
            at + _HEAD / 2,
            words.typographic(BY_NAME[name].title),
            transform=beside,
            fontweight="bold",
            va="center",
        )
        at += _HEAD
        for line in part:
            _one(ax, line, at + _ROW / 2, beside)
            at += _ROW
    note(
        figure,
        textwrap.fill(
            "Dot and line: rate ratio of days beside a recently missing peer over others, with the plan’s interval. "
            "Blue: says influence. Vermilion: rings the alarm, an effect of what cannot be influence. Triangle at the "
            "edge: beyond the plot.",
            int(WIDTH * 17),
        ),
    )
    return figure


def _one(ax: Axes, line: Line, at: float, beside: Transform) -> None:
    colour = VERMILION if line.verdict == ALARM else BLUE if line.verdict == SUPPORTED else INK
    text: dict[str, Any] = {"transform": beside, "va": "center", "fontsize": 8.3}
    ax.text(0.024, at, words.typographic(line.line), color=INK if line.kind == "influence" else GREY, **text)
    if line.estimate is not None and line.low is not None and line.high is not None:
        low, high = max(line.low, 1 / _WIDEST), min(line.high, _WIDEST)
        ax.plot([low, high], [at, at], color=colour, linewidth=1.5, solid_capstyle="butt", zorder=3)
        place = min(max(line.estimate, 1 / _WIDEST), _WIDEST)
        beyond = place != line.estimate
        hollow = line.kind == "alarm"
        ax.plot(
            [place], [at], "^" if beyond else "o", color=colour, markersize=4.5, zorder=4,
            markerfacecolor="white" if hollow else colour,
        )  # fmt: skip
        ax.text(_RIGHT + 0.07, at, words.ratio(line.estimate), ha="right", **text)
    shown = f"p {line.p_value:.3f}" if line.p_value is not None else words.probability(line.probability)
    ax.text(_RIGHT + 0.15, at, shown, ha="right", **text)
    ax.text(_RIGHT + 0.165, at, line.verdict, color=colour, ha="left", **text)


def _ratio_axis(ax: Axes) -> None:
    ax.set_xscale("log")
    ax.set_xlim(1 / _WIDEST, _WIDEST)
    ax.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS], fontsize=7.5)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("rate ratio (log scale)", labelpad=3)
    reference_line(ax, x=1)


@styled
def curve_figure(curve: Sequence[Specification]) -> Figure:
    """Estimates in order above; below, a mark in the row of each choice that made them."""
    rows = choices(curve)
    figure = new_figure(3.0 + 0.17 * len(rows) + 0.4)
    height = figure.get_figheight()
    below = 0.17 * len(rows)
    upper = figure.add_axes((0.2, (below + 0.75) / height, 0.77, (height - below - 1.0) / height))
    lower = figure.add_axes((0.2, 0.55 / height, 0.77, below / height), sharex=upper)
    for at, one in enumerate(curve):
        colour = BLUE if one.says else INK if one.says is not None else PALE
        upper.plot([at, at], [one.low, one.high], color=colour, linewidth=1.1, alpha=0.55)
        upper.plot([at], [one.estimate], "D" if one.chosen else "o", color=colour, markersize=6 if one.chosen else 3)
        for row, (_, holds) in enumerate(rows):
            if holds(one):
                lower.plot([at], [row], "s", color=colour, markersize=2.6)
    upper.set_yscale("log")
    low, high = min(one.low for one in curve), max(one.high for one in curve)
    ticks = [t for t in _TICKS if low * 0.9 <= t <= high * 1.1]
    upper.set_yticks(ticks, [f"{t:g}" for t in ticks])
    upper.yaxis.set_minor_locator(NullLocator())
    upper.set_ylabel("rate ratio")
    reference_line(upper, y=1)
    upper.set_xlim(-1, len(curve))
    upper.tick_params(labelbottom=False, bottom=False)
    lower.set_ylim(len(rows) - 0.5, -0.5)
    lower.set_yticks(range(len(rows)), [label for label, _ in rows], fontsize=7.5)
    lower.tick_params(left=False, bottom=False, labelbottom=False)
    for side in ("left", "bottom"):
        lower.spines[side].set_visible(False)
    handles = [
        Line2D([], [], marker="o", linestyle="", color=BLUE, label="says influence"),
        Line2D([], [], marker="o", linestyle="", color=INK, label="cannot say"),
        Line2D([], [], marker="D", linestyle="", color=INK, label="the plan’s choice"),
    ]
    upper.legend(handles=handles, frameon=False, fontsize=8, loc="upper left", ncols=3)
    note(figure, f"{len(curve)} specifications, by estimate; lines are intervals of the plan’s mass.")
    return figure


def choices(curve: Sequence[Specification]) -> list[tuple[str, Holds]]:
    """Label and test of every choice that the curve varies."""
    windows = sorted({one.window_days for one in curve})
    periods = sorted({one.period_days for one in curve}, key=lambda days: -days or -1000)
    adjusted = [name for name in ADJUSTED if any(one.adjusted == name for one in curve)]
    laws = sorted({one.frailty for one in curve})
    rows = [(f"window {days} days", _holds("window_days", days)) for days in windows]
    rows += [(f"home × {days} days" if days else "home effects only", _holds("period_days", days)) for days in periods]
    rows += [(f"adjusts: {name}", _holds("adjusted", name)) for name in adjusted]
    if len(laws) > 1:
        rows += [(f"frailty {law.replace('_', ' ')}", _holds("frailty", law)) for law in laws]
    return rows


def _holds(name: str, value: object) -> Holds:
    return lambda one: getattr(one, name) == value
