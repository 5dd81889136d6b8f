"""One row a target: its interval as a band, the published value as a tick, what was measured as a dot."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Transform, blended_transform_factory

from missingmodels.report import calibration as text
from missingmodels.report.figures.style import BLUE, GREY, INK, PALE, SHADE, VERMILION, WIDTH, new_figure, note, styled
from missingmodels.targets import INTERVAL_NOTE, Compared, in_order

_LEFT, _RIGHT = 0.352, 0.622  # the plot's edges as shares of the width; text columns stand on both sides
_COLUMNS = {"published": 0.714, "interval": 0.803, "measured": 0.878, "verdict": 0.889}
_ROW, _GROUP, _TOP, _FOOT = 0.205, 0.33, 0.42, 0.30  # inches
_EDGE = 2.4  # half-widths of the interval from its middle; what lies beyond is cut with an arrow
_GROUPS = ((True, "Gate targets"), (False, "Other targets"))


@styled
def calibration_figure(compared: Sequence[Compared], *, measured: str = "simulated") -> Figure:
    """Published intervals on one common scale, with what was measured; ``measured`` heads its column."""
    places, heads, height = _layout(in_order(compared))
    several = any(len(c.measured) > 1 for c in compared)
    small_print = _small_print(several=several)
    foot = _FOOT + 0.13 * (small_print.count("\n") + 1)
    total = height + _TOP + foot
    figure = new_figure(total)
    ax = figure.add_axes((_LEFT, foot / total, _RIGHT - _LEFT, height / total))
    ax.set_ylim(height, 0)
    ax.set_xlim(-_EDGE, _EDGE)
    ax.set_axis_off()
    beside = blended_transform_factory(figure.transFigure, ax.transData)
    for title, at in heads:
        ax.text(0.012, at, title, transform=beside, fontweight="bold", va="center")
    for found, at in places:
        _draw(ax, found, at, beside)
    _column_heads(ax, measured, beside)
    note(figure, small_print)
    return figure


def _layout(ordered: Sequence[Compared]) -> tuple[list[tuple[Compared, float]], list[tuple[str, float]], float]:
    places, heads, at = [], [], 0.0
    for gate, title in _GROUPS:
        shown = [c for c in ordered if c.target.gate == gate]
        if not shown:
            continue
        heads.append((title, at + _GROUP / 2))
        at += _GROUP
        for found in shown:
            places.append((found, at + _ROW / 2))
            at += _ROW
    return places, heads, at


def _scaled(value: float, found: Compared) -> float:
    """Distance from the middle of the interval in half-widths: −1 and 1 are its bounds."""
    target = found.target
    middle, half = (target.low + target.high) / 2, (target.high - target.low) / 2
    return (value - middle) / half


def _draw(ax: Axes, found: Compared, at: float, beside: Transform) -> None:
    target, ink = found.target, INK if found.judged else GREY
    label = f"{target.label} *" if target.status == "assumption" else target.label
    ax.text(0.024, at, label, transform=beside, va="center", fontsize=8.3, color=ink)
    columns = {
        "published": text.published(target),
        "interval": text.interval(target),
        "measured": text.number(found.mean, target),
    }
    for name, said in columns.items():
        colour = ink if name == "measured" else GREY
        ax.text(_COLUMNS[name], at, said, transform=beside, va="center", ha="right", fontsize=8.3, color=colour)
    colour = {"inside": BLUE, "below": VERMILION, "above": VERMILION}.get(found.verdict, GREY)
    ax.text(_COLUMNS["verdict"], at, text.verdict(found), transform=beside, va="center", fontsize=8.3, color=colour)
    _band(ax, found, at)
    if found.mean is not None:
        _dot(ax, found, at, colour=colour, hollow=not found.judged)


def _band(ax: Axes, found: Compared, at: float) -> None:
    """The interval; an assumption's is only outlined, for there is no published figure inside it."""
    half = 0.32 * _ROW
    if found.target.status == "assumption":
        ax.fill_between([-1, 1], at - half, at + half, facecolor="none", edgecolor=PALE, linestyle=":", linewidth=1)
        return
    ax.fill_between([-1, 1], at - half, at + half, facecolor=SHADE, edgecolor=PALE, linewidth=0.6)
    tick = _scaled(found.target.value, found)
    ax.plot([tick, tick], [at - half, at + half], color=GREY, linewidth=1.3, zorder=2)


def _dot(ax: Axes, found: Compared, at: float, *, colour: str, hollow: bool) -> None:
    """The mean, with a line of two Monte Carlo errors to each side; an arrow at the edge if it lies beyond."""
    assert found.mean is not None
    mean, wide = _scaled(found.mean, found), 0.0
    if found.monte_carlo_error is not None:
        wide = 2 * found.monte_carlo_error / ((found.target.high - found.target.low) / 2)
    left, right = max(mean - wide, -_EDGE), min(mean + wide, _EDGE)
    if left < right:
        ax.plot([left, right], [at, at], color=colour, linewidth=1.5, solid_capstyle="butt", zorder=3)
    marker = "<" if mean < -_EDGE else ">" if mean > _EDGE else "o"
    place = min(max(mean, -_EDGE), _EDGE)
    face = "white" if hollow else colour
    ax.plot([place], [at], marker, color=colour, markerfacecolor=face, markersize=4.6, clip_on=False, zorder=4)


def _column_heads(ax: Axes, measured: str, beside: Transform) -> None:
    heads = {"published": "published", "interval": "interval", "measured": measured, "verdict": "verdict"}
    for name, said in heads.items():
        side = "left" if name == "verdict" else "right"
        ax.text(_COLUMNS[name], -0.09, said, transform=beside, fontsize=8, color=GREY, va="baseline", ha=side)
    for at, said in ((-1, "low"), (1, "high")):
        ax.text(at, -0.09, said, fontsize=8, color=GREY, va="baseline", ha="center")
        ax.plot([at, at], [-0.04, 0.06], color=GREY, linewidth=0.8, clip_on=False)


def _small_print(*, several: bool) -> str:
    dot = "mean over seeds, line two Monte Carlo errors to each side" if several else "measured value"
    said = (
        f"Each row is scaled so that its interval (shaded) has the same width. Tick: published value. Dot: {dot}; "
        f"arrow: beyond the plot; hollow: not judged. {INTERVAL_NOTE} * No published figure: the interval is an "
        "assumption. Reasons for "
        "what is not computed or not judged stand beside the table."
    )
    if several:
        said += " ?: a bound lies within two Monte Carlo errors."
    return textwrap.fill(said, int(WIDTH * 17.5))
