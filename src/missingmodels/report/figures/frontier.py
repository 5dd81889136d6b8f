"""The frontier as a picture: how often a model calls a shared shock influence, by the shock's length and size."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from missingmodels.evidence.robustness.operating import of_size, share_text
from missingmodels.report.figures.style import GREY, INK, VERMILION, new_figure, note, styled

_RAMP = LinearSegmentedColormap.from_list("frontier", ["#ffffff", "#fbe3d3", VERMILION])
_TOP = 0.6  # share of false confidence at which the colour is full
TITLES = {"turned within home and period": "recency turned within home × 28 days"}


@styled
def frontier_figure(table: pd.DataFrame, *, homes: int) -> Figure:
    """One map a model or check, with the share and its Monte Carlo error in every cell; homophily in a row below.

    Of the size measured that is nearest to ``homes``.
    """
    table = of_size(table, homes)
    homes = int(table["homes"].iloc[0])
    lines = list(dict.fromkeys(table["line"]))
    figure = new_figure(2.2 * -(-len(lines) // 2) + 0.7)
    rows = -(-len(lines) // 2)
    axes = np.atleast_1d(figure.subplots(rows, 2, squeeze=False)).ravel()
    figure.subplots_adjust(left=0.1, right=0.985, top=1 - 0.3 / figure.get_figheight(), hspace=0.5, wspace=0.2)
    figure.subplots_adjust(bottom=0.95 / figure.get_figheight())
    for ax, line in zip(axes, lines, strict=False):
        _map(ax, table[table["line"] == line], TITLES.get(line, line))
    for ax in axes[len(lines) :]:
        ax.set_axis_off()
    worlds = int(table["worlds"].min())
    note(
        figure,
        f"Share of simulated sectors without influence in which the line says “supported” ({homes} homes, a year, "
        f"{worlds} or more worlds a cell); small: Monte Carlo error.\n"
        "Top row: no shock, like placed with like. Larger data call the same "
        "shock influence more often.",
    )
    return figure


def _map(ax: Axes, table: pd.DataFrame, title: str) -> None:
    shocks = table[table["shock_sd"] > 0]
    lengths, sizes = sorted(shocks["shock_days"].unique()), sorted(shocks["shock_sd"].unique())
    levels = sorted(table.loc[table["shock_sd"] == 0, "homophily"].unique())
    wide = max(len(lengths), len(levels))
    ax.set_xlim(-0.5, wide - 0.5)
    ax.set_ylim(-0.5, len(sizes) + 0.75)
    top = len(sizes) + 0.25  # apart from the shocks, whose lengths the axis names
    for x, level in enumerate(levels):
        _cell(ax, x, top, table[(table["shock_sd"] == 0) & (table["homophily"] == level)], f"homophily {level:g}")
    for y, size in enumerate(sizes):
        for x, length in enumerate(lengths):
            _cell(ax, x, y, shocks[(shocks["shock_days"] == length) & (shocks["shock_sd"] == size)])
    ax.set_xticks(range(len(lengths)), [f"{int(length)}" for length in lengths])
    ax.set_yticks([*range(len(sizes)), top], [*(f"{size:g}" for size in sizes), "no shock"])
    ax.set_xlabel("shock lasts (days)", labelpad=2)
    place = ax.get_subplotspec()
    if place is None or place.is_first_col():  # in the others it would run into the panel beside them
        ax.set_ylabel("sd of log rate")
    ax.tick_params(length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.set_title(title)


def _cell(ax: Axes, x: int, y: float, found: pd.DataFrame, label: str = "") -> None:
    if found.empty:
        return
    said, error = float(found["said"].iloc[0]), float(found["mc_error"].iloc[0])
    ax.fill_between([x - 0.48, x + 0.48], y - 0.46, y + 0.46, color=_RAMP(min(said / _TOP, 1.0)), linewidth=0)
    small = GREY if said < 0.4 * _TOP else INK  # grey cannot be read on the dark end
    ax.text(x, y + (0.14 if not label else 0.2), share_text(said), ha="center", va="center", fontsize=9, color=INK)
    ax.text(x, y - 0.22, label or f"± {share_text(error)}", ha="center", va="center", fontsize=6, color=small)
