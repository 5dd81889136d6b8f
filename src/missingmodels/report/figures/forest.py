"""Forest plot of every effect that has a verdict."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from matplotlib.transforms import Transform, blended_transform_factory

from missingmodels.evidence.decisions import (
    NEGLIGIBLE,
    SUPPORTED,
    UNLESS,
    UNLESS_ANY,
    WITHSTANDS,
    WITHSTANDS_OPEN,
    kind_of_verdict,
)
from missingmodels.report import words
from missingmodels.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PALE,
    RED,
    SHADE,
    VERMILION,
    WIDTH,
    figure_of,
    new_figure,
    note,
    styled,
)
from missingmodels.report.lines import Line, headline, judged

GROUPS = {"H1": "Peers’ recent episodes", "H2": "Staffing and placement mix"}
_LEFT, _RIGHT = 0.362, 0.585  # the plot's edges as shares of the width; text columns stand on both sides
_COLUMNS = {"ratio": 0.61, "probability": 0.816, "verdict": 0.83}
_TEXT_LINE, _GAP, _HEAD, _TOP, _FOOT = 0.155, 0.15, 0.36, 0.36, 0.88  # inches
_WIDEST = 8.0  # rate ratios beyond this, or below its inverse, are cut with an arrow
_COLOURS = {SUPPORTED: BLUE, NEGLIGIBLE: GREEN}


@dataclass(frozen=True)
class _Place:
    """One effect: where it stands, in inches from the top, its text, and other models' lines beside it."""

    at: float
    label: tuple[str, ...]
    heads: int  # lines of the label that name the effect; the others are grey
    main: Line
    others: tuple[Line, ...]


@styled
def forest(found: Sequence[Line], ax: Axes | None = None, *, truth: Mapping[str, float] | None = None) -> Figure:
    """Rate ratios with intervals, the region of practical equivalence, and verdicts in words.

    ``truth`` has the rate ratios that a simulated world was given, by name: a diamond each, on its own effect's row.
    In axes of the caller's, the label of each effect is its tick's, and ratio and verdict stand at the right.
    """
    if ax is not None:
        return _within(ax, found, truth or {})
    places, heads, height = _layout(found)
    small_print = _foot(places, truth or {})
    foot = _FOOT + 0.12 * small_print.count("\n")
    total = height + _TOP + foot
    figure = new_figure(total)
    ax = figure.add_axes((_LEFT, foot / total, _RIGHT - _LEFT, height / total))
    ax.set_ylim(height, 0)
    _axis(ax, [place.main for place in places])
    beside = blended_transform_factory(figure.transFigure, ax.transData)
    for text, at in heads:
        ax.text(0.012, at, text, transform=beside, fontweight="bold", va="center")
    for place in places:
        _draw(ax, place, beside)
        _true(ax, place.main, place.at, truth or {})
    _column_heads(ax, places[0].main, beside)
    note(figure, small_print)
    return figure


def _true(ax: Axes, line: Line, at: float, truth: Mapping[str, float]) -> None:
    low, high = ax.get_xlim()
    value = truth.get(line.row.name)
    if value is not None and low <= value <= high:
        ax.plot([value], [at], "D", color=VERMILION, markerfacecolor="none", markersize=8, zorder=5)


def _within(ax: Axes, found: Sequence[Line], truth: Mapping[str, float]) -> Figure:
    shown = [line for hypothesis in GROUPS for line in headline(found, hypothesis)]
    _axis(ax, shown)
    ax.set_ylim(len(shown) - 0.5, -0.5)
    for at, line in enumerate(shown):
        colour = _colour_of(line)
        _mark(ax, line, at, colour=colour, wide=1.7, size=5.5)
        _true(ax, line, at, truth)
        said = f"{words.measure(line.row)}, {line.row.verdict}{'' if line.converged else ' (not converged)'}"
        ax.annotate(
            said, (1, at), xycoords=ax.get_yaxis_transform(), xytext=(6, 0), textcoords="offset points", va="center",
            fontsize=8.5, color=colour,
        )  # fmt: skip
    labels = [f"{o.row.hypothesis}: {'\n'.join(_label(o)[0])}" for o in shown]
    ax.set_yticks(range(len(shown)), labels, fontsize=8.5)
    ax.tick_params(axis="y", length=0)
    return figure_of(ax)


def _colour_of(line: Line) -> str:
    return _COLOURS.get(kind_of_verdict(line.row.verdict), INK) if line.converged else RED


def _layout(found: Sequence[Line]) -> tuple[list[_Place], list[tuple[str, float]], float]:
    places, heads, at = [], [], 0.0
    for hypothesis, title in GROUPS.items():
        shown = headline(found, hypothesis)
        if not shown:
            continue
        heads.append((f"{hypothesis}  {title}", at + _HEAD / 2))
        at += _HEAD
        for line in shown:
            label, heads_of = _label(line)
            others = tuple(o for o in judged(found, hypothesis) if o.row.name == line.row.name and o.fit != line.fit)
            tall = max(len(label), 2 if others else 1) * _TEXT_LINE + _GAP
            places.append(_Place(at + tall / 2, label, heads_of, line, others))
            at += tall
    return places, heads, at


def _label(line: Line) -> tuple[tuple[str, ...], int]:
    """Lines of text: what varies, and below it, in grey, where and over which range."""
    head, _, rest = words.typographic(line.row.label).partition(", ")
    first = textwrap.wrap(head, 41)
    return tuple(first + textwrap.wrap(rest, 44)), len(first)


def _axis(ax: Axes, shown: Sequence[Line]) -> None:
    rows = [line.row for line in shown]
    low = max(min(r.interval_low for r in rows) * 0.93, 1 / _WIDEST)
    high = min(max(r.interval_high for r in rows) * 1.07, _WIDEST)
    low, high = min(low, 0.8), max(high, 1.25)
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    fine = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6]
    ticks = fine if math.log(high / low) < 1.8 else [0.2, 0.5, 1, 2, 5]
    ax.set_xticks([t for t in ticks if low <= t <= high], [f"{t:g}" for t in ticks if low <= t <= high])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("rate ratio (log scale)", labelpad=3)
    rope = next(((r.rope_low, r.rope_high) for r in rows if r.rope_low and r.rope_high), None)
    if rope:
        ax.axvspan(*rope, color=SHADE, zorder=0, linewidth=0)
    ax.axvline(1, color=GREY, linewidth=0.8, zorder=1)


def _draw(ax: Axes, place: _Place, beside: Transform) -> None:
    row, sound = place.main.row, place.main.converged
    colour = _colour_of(place.main)
    shift = 0.07 if place.others else 0.0
    _mark(ax, place.main, place.at - shift, colour=colour, wide=1.7, size=5.5)
    for i, other in enumerate(place.others):
        _mark(ax, other, place.at + 0.08 + 0.09 * i, colour=PALE if other.converged else RED, wide=1.2, size=3.5)
    top = place.at - (len(place.label) - 1) * _TEXT_LINE / 2
    for i, text in enumerate(place.label):
        grey = i >= place.heads
        ax.text(
            0.024, top + i * _TEXT_LINE, text, transform=beside, va="center",
            fontsize=8 if grey else 8.8, color=GREY if grey else INK,
        )  # fmt: skip
    # the side that the hypothesis states: a small pointer at the edge of the plot
    edge, pointer = (1.04, "▸") if row.expected == "above" else (-0.04, "◂")
    ax.text(
        edge, place.at, pointer, transform=ax.get_yaxis_transform(), color=GREY, fontsize=8, va="center", ha="center"
    )
    texts = {"ratio": words.measure(row), "probability": words.probability(words.stated_probability(row))}
    for name, text in texts.items():
        side = "right" if name == "probability" else "left"
        ax.text(_COLUMNS[name], place.at, text, transform=beside, va="center", ha=side, fontsize=8.5)
    verdict = _in_two_lines(row.verdict) + ("" if sound else "\n(not converged)")
    bold = "bold" if kind_of_verdict(row.verdict) == SUPPORTED else "normal"
    ax.text(
        _COLUMNS["verdict"], place.at, verdict, transform=beside, va="center", fontsize=8.5, color=colour,
        fontweight=bold,
    )  # fmt: skip


def _in_two_lines(verdict: str) -> str:
    """A verdict that says what it withstands, as short as its column; the page has it whole."""
    if verdict == WITHSTANDS_OPEN:
        return "supported under\nall open shocks"
    for begin, short in ((WITHSTANDS, "supported,\nwithstands sd "), (UNLESS, "supported unless\nshocks of sd ≥ ")):
        if verdict.startswith(begin):
            return short + verdict.removeprefix(begin)
    return verdict.replace(UNLESS_ANY, "supported unless\nhomes share shocks")


def _mark(ax: Axes, line: Line, at: float, *, colour: str, wide: float, size: float) -> None:
    low, high = ax.get_xlim()
    row = line.row
    left, right = max(row.interval_low, low), min(row.interval_high, high)
    ax.plot([left, right], [at, at], color=colour, linewidth=wide, solid_capstyle="butt", zorder=3)
    if low <= row.median <= high:
        ax.plot([row.median], [at], "o", color=colour, markersize=size, zorder=4)
    for cut, edge, marker in ((row.interval_low < low, low, "<"), (row.interval_high > high, high, ">")):
        if cut:
            ax.plot([edge], [at], marker, color=colour, markersize=size, clip_on=False, zorder=4)


def _column_heads(ax: Axes, line: Line, beside: Transform) -> None:
    span = f"median ({words.mass(line.row.interval_mass)} interval)"
    heads = {"ratio": span, "probability": "P(side)", "verdict": "verdict"}
    for name, text in heads.items():
        side = "right" if name == "probability" else "left"
        ax.text(_COLUMNS[name], -0.11, text, transform=beside, fontsize=8, color=GREY, va="baseline", ha=side)
    for at, side, text in ((0, "left", "← fewer"), (1, "right", "more →")):
        ax.annotate(
            text, (at, 0), xycoords="axes fraction", xytext=(0, -38), textcoords="offset points", ha=side, fontsize=8,
            color=GREY,
        )  # fmt: skip


def _foot(places: Sequence[_Place], truth: Mapping[str, float]) -> str:
    row = places[0].main.row
    text = (
        f"Points: posterior medians; lines: {words.interval_name(row)}s. Shaded: region of practical equivalence. "
        "▸ ◂ the side that the hypothesis states; P(side): its probability."
    )
    if any(place.main.row.hypothesis == "H2" for place in places):
        text += " H2: over the range in brackets, the interquartile range unless it says otherwise."
    if any(place.main.row.name in truth for place in places):
        text += " Diamond: the rate ratio that the simulated world was given."
    models = sorted({o.fit for place in places for o in place.others})
    if models:
        text += f" Pale marks: the same effect in {', '.join(models)}."
    return textwrap.fill(text, int(WIDTH * 17.5))
