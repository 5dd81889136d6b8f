"""Figures of a power study, each from the study's summary: curves, a map of assurance, exaggeration, the solver."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from missingmodels.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PALE,
    PURPLE,
    SHADE,
    VERMILION,
    new_figure,
    note,
    reference_line,
    styled,
)
from missingmodels.vocabulary import axis_name

Found = Mapping[str, Any]
Cells = Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
LINES = (BLUE, VERMILION, GREEN, PURPLE, "#e69f00", "#56b4e9")
MARKS = ("o", "s", "^", "D", "v", "P")
MOST_LINES = len(LINES)


def measured(found: Found, quantity: str, rule: str = "plan") -> Cells:
    """Cells with their measures of one quantity."""
    return [
        (cell, m)
        for cell in found["cells"]
        for m in cell.get("measures", ())
        if (m["quantity"], m["rule"]) == (quantity, rule)
    ]


def numeric_axes(found: Found) -> list[str]:
    """Axes of at least two numbers, sizes first: they make curves."""
    held = [n for n, v in found["axes"].items() if len(v) > 1 and all(_number(x) for x in v)]
    return sorted(held, key=lambda n: n not in ("homes.count", "days"))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@styled
def power_curves(found: Found) -> Figure:
    """Power over the first axis, a line for each point of the others, with bands of two Monte Carlo errors."""
    axis, names = numeric_axes(found)[0], list(found["quantities"])
    columns = min(len(names), 3)
    rows = math.ceil(len(names) / columns)
    figure = new_figure(0.9 + 2.9 * rows)
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
    figure.subplots_adjust(
        left=0.075,
        right=0.985,
        top=1 - 0.32 / (0.9 + 2.9 * rows),
        bottom=0.83 / (0.9 + 2.9 * rows),
        hspace=0.55,
        wspace=0.12,
    )
    for place, ax in enumerate(axes.flat):
        if place >= len(names):
            ax.set_axis_off()
            continue
        _curve(ax, found, measured(found, names[place]), axis, legend=place == 0)
        title = found["quantities"].get(names[place], names[place].replace("_", " "))
        ax.set_title(textwrap.fill(title, 40))
        if place % columns == 0:
            ax.set_ylabel("assurance" if found["assurance"] else "power")
    note(
        figure,
        "Dot: share of worlds in which the rule says “supported”; failed fits count as not. "
        "Band: two Monte Carlo errors.",
    )
    return figure


def _curve(ax: Axes, found: Found, cells: Cells, axis: str, *, legend: bool) -> None:
    groups: dict[str, list[tuple[float, float, float]]] = {}
    for cell, m in cells:
        if m["power"]["value"] is None:
            continue
        rest = ", ".join(f"{axis_name(k)} {_said(v)}" for k, v in cell["at"].items() if k != axis)
        groups.setdefault(rest, []).append((float(cell["at"][axis]), m["power"]["value"], m["power"]["error"]))
    for k, (label, points) in enumerate(list(groups.items())[:MOST_LINES]):
        x, y, e = np.array(sorted(points)).T
        ax.fill_between(x, np.clip(y - 2 * e, 0, 1), np.clip(y + 2 * e, 0, 1), color=LINES[k], alpha=0.15, linewidth=0)
        ax.plot(x, y, color=LINES[k], marker=MARKS[k], markersize=4, linewidth=1.4, label=label)
    ax.set_ylim(-0.02, 1.02)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_xlabel(axis_name(axis))
    values = sorted({float(cell["at"][axis]) for cell, _ in cells})
    ax.set_xticks(values)
    ax.grid(axis="y", color=SHADE, linewidth=0.8)
    ax.set_axisbelow(True)
    if legend and len(groups) > 1:
        ax.legend(fontsize=7.5, frameon=False, loc="best")


def _said(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


@styled
def assurance_map(found: Found) -> Figure:
    """The share supported over two axes, with contours at 0.5, 0.8 and 0.9; other axes at their first value."""
    across, up = numeric_axes(found)[:2]
    quantity = next(iter(found["quantities"]))
    fixed = {n: v[0] for n, v in found["axes"].items() if n not in (across, up)}
    x, y = (sorted(map(float, found["axes"][n])) for n in (across, up))
    grid = np.full((len(y), len(x)), np.nan)
    for cell, m in measured(found, quantity):
        if all(cell["at"][n] == v for n, v in fixed.items()) and m["power"]["value"] is not None:
            grid[y.index(float(cell["at"][up])), x.index(float(cell["at"][across]))] = m["power"]["value"]
    figure = new_figure(4.2)
    ax = figure.add_axes((0.085, 0.17, 0.76, 0.74))
    filled = ax.contourf(x, y, grid, levels=np.linspace(0, 1, 11), cmap="Blues", vmin=0, vmax=1.15)
    _contours(ax, x, y, grid)
    across_grid, up_grid = np.meshgrid(x, y)
    ax.plot(across_grid.ravel(), up_grid.ravel(), ".", color=INK, markersize=3)
    ax.set_xlabel(axis_name(across))
    ax.set_ylabel(axis_name(up))
    ax.set_xticks(x)
    ax.set_yticks(y, [_said(v) for v in y])
    what = "Assurance" if found["assurance"] else "Power"
    ax.set_title(f"{what}: {quantity.replace('_', ' ')}")
    bar = figure.colorbar(filled, cax=figure.add_axes((0.87, 0.17, 0.02, 0.74)))
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    held = "".join(f"; {axis_name(n)} {_said(v)}" for n, v in fixed.items())
    note(figure, f"Dots: cells that were run, straight lines between them{held}. Contours at 50, 80 and 90 %.")
    return figure


def _contours(ax: Axes, x: Sequence[float], y: Sequence[float], grid: Any) -> None:
    held = [level for level in (0.5, 0.8, 0.9) if np.nanmin(grid) < level < np.nanmax(grid)]
    if held:
        lines = ax.contour(x, y, grid, levels=held, colors=INK, linewidths=1)
        ax.clabel(lines, fmt=lambda v: f"{v:.0%}", fontsize=8)


@styled
def exaggeration(found: Found) -> Figure:
    """Type M and type S errors against power, a dot a cell whose truth is not 0."""
    figure = new_figure(3.4)
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.075, right=0.985, top=0.9, bottom=0.24, wspace=0.22)
    for k, quantity in enumerate(list(found["quantities"])[:MOST_LINES]):
        for ax, name in ((left, "type_m"), (right, "type_s")):
            points = [
                (m["power"]["value"], m[name]["value"], m[name]["error"] or 0.0)
                for _, m in measured(found, quantity)
                if m[name]["value"] is not None
            ]
            if not points:
                continue
            x, y, e = np.array(points).T
            label = found["quantities"].get(quantity, quantity.replace("_", " "))
            ax.errorbar(x, y, 2 * e, fmt=MARKS[k], color=LINES[k], markersize=4, linewidth=1, label=label)
    what = "assurance" if found["assurance"] else "power"
    for ax, title in ((left, "Exaggeration (type M)"), (right, "Wrong sign (type S)")):
        ax.set_title(title)
        ax.set_xlabel(what)
        ax.set_xlim(-0.02, 1.02)
        ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    reference_line(left, y=1.0)
    left.set_ylim(bottom=0)
    right.set_ylim(-0.02, max(right.get_ylim()[1], 0.2))
    right.yaxis.set_major_formatter(PercentFormatter(1.0))
    left.set_ylabel("size of estimates / size of truth")
    if len(found["quantities"]) > 1:
        left.legend(fontsize=7.5, frameon=False)
    note(
        figure,
        "Over worlds in which the posterior is sure of a direction, cells with a true effect. "
        "Bars: two Monte Carlo errors.",
    )
    return figure


@styled
def solver_picture(found: Found) -> Figure:
    """Cells, the curve through them, and the size at which it meets the assurance asked for."""
    held = [s for s in found["solutions"] if "curve" in s][:6]
    columns = min(len(held), 3)
    rows = math.ceil(len(held) / columns)
    total = 0.9 + 2.7 * rows
    figure = new_figure(total)
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
    figure.subplots_adjust(left=0.075, right=0.985, top=1 - 0.45 / total, bottom=0.83 / total, hspace=0.75, wspace=0.12)
    for place, ax in enumerate(axes.flat):
        if place >= len(held):
            ax.set_axis_off()
            continue
        _solution(ax, held[place])
    note(
        figure,
        "Dots with bars: cells and two Monte Carlo errors. Curve: probit in the root of the size, with its interval. "
        "Bar at the foot: interval of the answer.",
    )
    return figure


def _solution(ax: Axes, s: Mapping[str, Any]) -> None:
    curve = s["curve"]
    ax.fill_between(curve["size"], curve["low"], curve["high"], color=BLUE, alpha=0.15, linewidth=0)
    ax.plot(curve["size"], curve["share"], color=BLUE, linewidth=1.4)
    share, count = np.array(s["share"]), np.array(s["count"])
    smoothed = (share * count + 2) / (count + 4)
    ax.errorbar(
        s["sizes"],
        share,
        2 * np.sqrt(smoothed * (1 - smoothed) / (count + 4)),
        fmt="o",
        color=INK,
        markersize=4,
        linewidth=1,
    )
    reference_line(ax, y=s["assurance"])
    edge = float(curve["size"][-1])
    if s["answer"] is not None and s["answer"] <= edge:
        ax.plot([s["answer"]] * 2, [0, s["assurance"]], color=VERMILION, linewidth=1.2, linestyle="--")
    low, high = s["low"], s["high"] if s["high"] is not None else math.inf
    if low is not None and low < edge:
        ax.plot(
            [max(low, curve["size"][0]), min(high, edge)],
            [0, 0],
            color=VERMILION,
            linewidth=5,
            alpha=0.5,
            solid_capstyle="butt",
            clip_on=False,
        )
    others = ", ".join(f"{axis_name(k)} {_said(v)}" for k, v in s["others"].items())
    answer = "none" if s["answer"] is None else f"{'at most ' if s['at_most'] else ''}{s['answer']:.0f}"
    ax.set_title(f"{s['quantity'].replace('_', ' ')}: {answer}" + (f"\n{others}" if others else ""), fontsize=8.5)
    ax.set_ylim(-0.02, 1.02)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_xlabel(axis_name(s["size"]))


@styled
def rank_figure(found: Found) -> Figure:
    """Ranks of the truths: each quantity's empirical distribution less the uniform one, with its 95 % band."""
    cell = next(c for c in found["cells"] if c["ranks"])
    ranks = cell["ranks"]
    columns = 4
    rows = math.ceil(len(ranks) / columns)
    total = 0.75 + 1.55 * rows
    figure = new_figure(total)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    figure.subplots_adjust(left=0.065, right=0.985, top=1 - 0.3 / total, bottom=0.62 / total, hspace=0.5, wspace=0.1)
    for place, ax in enumerate(axes.flat):
        if place >= len(ranks):
            ax.set_axis_off()
            continue
        name, held = list(ranks.items())[place]
        x, half = np.array(held["band_at"]), np.array(held["band_half"])
        ax.fill_between(x, -half, half, color=SHADE, linewidth=0)
        ax.plot(x, -half, color=PALE, linewidth=0.7)
        ax.plot(x, half, color=PALE, linewidth=0.7)
        reference_line(ax, y=0.0)
        ax.plot(x, held["difference"], color=VERMILION if held["outside"] else BLUE, linewidth=1.3)
        ax.set_title(name.replace("_", " "), fontsize=8, fontweight="normal", color=INK if held["outside"] else GREY)
    note(
        figure,
        f"ECDF of the ranks less the uniform one, {cell['replicates']} worlds. "
        "Shaded: where uniform ranks stay, with an error\nof 5 % shared by all panels and "
        "by the chi-square test. Orange: one of the two is not met.",
    )
    return figure
