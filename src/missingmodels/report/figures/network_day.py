"""One day's network of a sector: a ring of residents for each home, ties within and beyond the homes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import networkx as nx
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from missingmodels.report import words
from missingmodels.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    PALE,
    PURPLE,
    VERMILION,
    WIDTH,
    new_figure,
    note,
    styled,
)

_KINDS = {"home": (GREY, "same home"), "former": (BLUE, "lived together"), "school": (GREEN, "school"),
          "area": (PURPLE, "area")}  # fmt: skip
_RING = 0.3


@styled
def network_day(found: Mapping[str, Any]) -> Figure:
    """Homes on a grid, in order; line width is tie strength, filled children had an episode lately."""
    homes = found["homes"]
    across = max(1, math.ceil(math.sqrt(len(homes) * 1.6)))
    down = max(1, math.ceil(len(homes) / across))
    top, bottom = 0.5, 0.75
    height = top + bottom + (WIDTH - 0.4) / across * down
    figure = new_figure(height)
    ax = figure.add_axes((0.02, bottom / height, 0.96, (height - top - bottom) / height))
    graph = _graph_of(found)
    at = _places(graph, homes, across)
    _draw(ax, graph, at)
    for position, home in enumerate(homes):
        x, y = position % across, -(position // across)
        ax.text(x, y - 0.47, home, ha="center", va="bottom", fontsize=6.5, color=GREY)
    ax.set_xlim(-0.5, across - 0.5)
    ax.set_ylim(-down + 0.48, 0.5)
    ax.set_aspect("equal")
    ax.set_axis_off()
    day = words.day(date.fromisoformat(found["day"]).isoformat())
    figure.text(0.012, 1 - 0.28 / height, f"Residents and their ties on {day}", fontweight="bold")
    kinds = {data["kind"] for _, _, data in graph.edges(data=True)}
    handles = [Line2D([], [], color=c, linewidth=1.6, label=text) for k, (c, text) in _KINDS.items() if k in kinds]
    dot: Any = {"linestyle": "", "marker": "o", "markersize": 6}
    handles += [
        Line2D(
            [],
            [],
            markerfacecolor=VERMILION,
            markeredgecolor=VERMILION,
            label=f"episode in the last {found['window_days']} days",
            **dot,
        ),
        Line2D([], [], markerfacecolor="white", markeredgecolor=GREY, label="none", **dot),
    ]
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 0.27 / height), ncols=6, frameon=False,
                  fontsize=8)  # fmt: skip
    left_out = found["homes_in_all"] - len(homes)
    more = f" {left_out:,} homes that are empty or beyond the first {len(homes)} are not shown." if left_out > 0 else ""
    note(figure, f"Simulated data. Line width: tie strength. A cross: missing as the day begins.{more}")
    return figure


def _graph_of(found: Mapping[str, Any]) -> nx.Graph:
    """The day's network: children with ``home``, ``recent``, ``away``; ties with ``strength`` and ``kind``."""
    graph = nx.Graph()
    for child in found["children"]:
        graph.add_node(child["child"], **{k: v for k, v in child.items() if k != "child"})
    for tie in found["ties"]:
        graph.add_edge(tie["a"], tie["b"], strength=tie["strength"], kind=tie["kind"])
    return graph


def _places(graph: nx.Graph, homes: list[str], across: int) -> dict[str, tuple[float, float]]:
    at = {}
    for position, home in enumerate(homes):
        x, y = position % across, -(position // across)
        members = sorted(node for node, data in graph.nodes(data=True) if data["home"] == home)
        ring = _RING if len(members) > 1 else 0.0
        for turn, node in enumerate(members):
            angle = 2 * math.pi * turn / len(members) + math.pi / 2
            at[node] = (x + ring * math.cos(angle), y + 0.04 + ring * math.sin(angle))
    return at


def _draw(ax: Any, graph: nx.Graph, at: Mapping[str, tuple[float, float]]) -> None:
    strongest = max((data["strength"] for _, _, data in graph.edges(data=True)), default=1.0) or 1.0
    for a, b, data in sorted(graph.edges(data=True), key=lambda e: e[2]["strength"]):
        share = data["strength"] / strongest
        (x0, y0), (x1, y1) = at[a], at[b]
        ax.plot([x0, x1], [y0, y1], color=_KINDS[data["kind"]][0], linewidth=0.3 + 2.2 * share,
                alpha=0.35 + 0.4 * share, zorder=1)  # fmt: skip
    size = float(np.clip(60 / max(len({d["home"] for _, d in graph.nodes(data=True)}), 1) ** 0.5, 4, 10))
    for node, (x, y) in at.items():
        data = graph.nodes[node]
        ax.plot([x], [y], "o", markersize=size, markerfacecolor=VERMILION if data["recent"] else "white",
                markeredgecolor=VERMILION if data["recent"] else GREY, zorder=2)  # fmt: skip
        if data["away"]:
            ax.plot([x], [y], "x", markersize=size * 0.6, color="white" if data["recent"] else PALE, zorder=3)
