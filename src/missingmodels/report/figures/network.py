"""One simulated home in its busiest week: who is tied to whom, and who went missing when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from missingmodels.report import words
from missingmodels.report.figures.style import GREY, INK, PALE, SHADE, VERMILION, new_figure, note, styled

_AWAY = "#8a949c"


@styled
def network_week(week: Mapping[str, Any]) -> Figure:
    """Left: ties, by strength. Right: each child's seven days."""
    children = week["children"]
    height = max(3.6, 1.35 + 0.3 * len(children))
    figure = new_figure(height)
    span = (height - 1.15) / height
    ties = figure.add_axes((0.0, 0.4 / height, 0.46, span + 0.3 / height))
    strip = figure.add_axes((0.52, 0.6 / height, 0.46, span))
    for x, title in ((0.012, "Ties between the residents"), (0.52, _span(week["days"]))):
        figure.text(x, 1 - 0.26 / height, title, fontweight="bold")
    _ties(ties, children, week["ties"])
    _strip(strip, children, week["days"])
    strengths = [tie["strength"] for tie in week["ties"]]
    text = "Orange: children with an episode that week. "
    if strengths:
        text += f"Line width: tie strength, {words.ratio(min(strengths))} to {words.ratio(max(strengths))}. "
    note(figure, text + "Letters stand for this figure only.")
    return figure


def _ties(ax: Axes, children: Sequence[Mapping[str, Any]], ties: Sequence[Mapping[str, Any]]) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(child["label"] for child in children)
    at = nx.circular_layout(graph)  # no randomness: the same home is drawn the same way everywhere
    strongest = max((tie["strength"] for tie in ties), default=1.0) or 1.0
    for tie in sorted(ties, key=lambda t: t["strength"]):
        (x0, y0), (x1, y1) = at[tie["a"]], at[tie["b"]]
        share = tie["strength"] / strongest
        ax.plot([x0, x1], [y0, y1], color=GREY, linewidth=0.3 + 3.7 * share, alpha=0.15 + 0.5 * share, zorder=1)
    for child in children:
        x, y = at[child["label"]]
        out = bool(child["onset_days"])
        ax.plot(
            [x], [y], "o", markersize=19, markerfacecolor=VERMILION if out else "white",
            markeredgecolor=VERMILION if out else GREY, zorder=2,
        )  # fmt: skip
        ax.text(x, y, child["label"], ha="center", va="center_baseline", color="white" if out else INK, zorder=3)
    ax.set_xlim(-1.22, 1.22)
    ax.set_ylim(-1.22, 1.22)
    ax.set_aspect("equal")
    ax.set_axis_off()


def _strip(ax: Axes, children: Sequence[Mapping[str, Any]], days: Sequence[str]) -> None:
    for y, child in enumerate(children):
        resident, away, onset = (set(child[k]) for k in ("resident_days", "away_days", "onset_days"))
        for x in range(len(days)):
            if x in resident:
                ax.add_patch(_cell(x, y, SHADE))
            if x in away:
                ax.add_patch(_cell(x, y, _AWAY, hatch="////"))
            if x in onset:
                ax.add_patch(_cell(x, y, VERMILION))
    ax.set_xlim(0, len(days))
    ax.set_ylim(len(children), -0.02)
    ax.set_xticks([x + 0.5 for x in range(len(days))], [_weekday(d) for d in days])
    ax.set_yticks([y + 0.5 for y in range(len(children))], [child["label"] for child in children])
    ax.tick_params(length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    _legend(ax)


def _cell(x: float, y: float, colour: str, hatch: str = "") -> Rectangle:
    return Rectangle((x + 0.04, y + 0.1), 0.92, 0.8, facecolor=colour, edgecolor="white", linewidth=0, hatch=hatch)


def _legend(ax: Axes) -> None:
    """Direct key above the strip, in the cells' own colours."""
    for x, colour, text in (
        (0.0, SHADE, "resident"),
        (0.25, VERMILION, "episode starts"),
        (0.6, _AWAY, "away all day"),
    ):
        ax.annotate(
            "■", (x, 1), xycoords="axes fraction", xytext=(0, 5), textcoords="offset points", color=colour, fontsize=10
        )
        ax.annotate(
            text, (x, 1), xycoords="axes fraction", xytext=(12, 5), textcoords="offset points", color=GREY, fontsize=8
        )
    ax.axhline(0, color=PALE, linewidth=0.5)


def _weekday(iso: str) -> str:
    d = date.fromisoformat(iso)
    return f"{d:%a}\n{d.day}"


def _span(days: Sequence[str]) -> str:
    return f"{words.day(days[0])} to {words.day(days[-1])}"
