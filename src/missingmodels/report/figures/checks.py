"""Homes, predictive check and traces: what to look at before believing an estimate."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator

from missingmodels.report import words
from missingmodels.report.figures.style import (
    BLUE,
    CHAINS,
    GREY,
    INK,
    PALE,
    RED,
    SHADE,
    figure_of,
    new_figure,
    note,
    reference_line,
    styled,
)
from missingmodels.vocabulary import SCALARS, column_label, fit_name


@styled
def home_effects(homes: Mapping[str, Any], ax: Axes | None = None) -> Figure:
    """Each home's effect against the resident-years it rests on, over the band of plus and minus one sd."""
    own = ax is None
    figure = new_figure(3.9) if ax is None else figure_of(ax)
    ax = figure.add_axes((0.115, 0.235, 0.82, 0.73)) if ax is None else ax
    effect, sigma = homes["effect"], homes["sigma"]["median"][0]
    ax.axhspan(-sigma, sigma, color=SHADE, linewidth=0, zorder=0)
    reference_line(ax, y=0)
    for years, low, high in zip(homes["years_at_risk"], effect["low"], effect["high"], strict=True):
        ax.plot([years, years], [low, high], color=PALE, linewidth=1, zorder=2)
    ax.plot(homes["years_at_risk"], effect["median"], "o", color=BLUE, markersize=4, alpha=0.8, zorder=3)
    reach = max([sigma, *(abs(v) for v in (*effect["low"], *effect["high"]))]) * 1.06
    _multiplier_axis(ax, reach)
    ax.set_xlim(0, max([*homes["years_at_risk"], 0.1]) * 1.04)
    ax.set_xlabel("resident-years at risk")
    ax.set_ylabel("a home’s multiplier of the rate\n(log scale)")
    for y, text in ((sigma, "+1 sd"), (-sigma, "−1 sd")):
        ax.text(1.01, y, text, transform=ax.get_yaxis_transform(), fontsize=8, color=GREY, va="center")
    if own:
        note(figure, _home_print(effect["mass"], sigma))
    return figure


def _home_print(mass: float, sigma: float) -> str:
    return (
        f"Points: medians; lines: {words.mass(mass)} equal-tailed intervals; band: ± the median sd between "
        f"homes ({words.ratio(sigma)} on the log scale).\n"
        "Homes carry no labels: this is no ranking, and must not be read as one."
    )


def _multiplier_axis(ax: Axes, reach: float) -> None:
    """A log-rate axis labelled by what it multiplies the rate with, at round values on both sides of 1."""
    wide = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16]
    fine = [1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 3 / 2, 2, 3, 4]
    values = [v for v in (wide if reach > 1.2 else fine) if abs(math.log(v)) < reach]
    ax.set_ylim(-reach, reach)
    ax.set_yticks([math.log(v) for v in values], [f"×{v:.2g}" for v in values])


@styled
def predictive_check(check: Mapping[str, Any], ax: Axes | None = None) -> Figure:
    """Share of children by number of episodes: observed, and replicated by the model."""
    own = ax is None
    figure = new_figure(3.5) if ax is None else figure_of(ax)
    ax = figure.add_axes((0.085, 0.235, 0.9, 0.72)) if ax is None else ax
    replicated, observed = check["replicated"], check["observed"]
    for i, share in enumerate(observed):
        low, middle, high = (100 * replicated[k][i] for k in ("low", "median", "high"))
        ax.plot([i, i], [low, high], color=BLUE, linewidth=9, alpha=0.22, solid_capstyle="butt")
        ax.plot([i - 0.1, i + 0.1], [middle, middle], color=BLUE, linewidth=1.8)
        ax.plot([i], [100 * share], "o", color=INK, markersize=5)
        ax.annotate(
            f"{words.signed(100 * share, 1)}", (i, 100 * share), xytext=(11, 0), textcoords="offset points",
            va="center", fontsize=8, color=INK,
        )  # fmt: skip
    ax.set_ylim(0, max(*(100 * h for h in replicated["high"]), *(100 * s for s in observed)) * 1.08)
    ax.set_xlim(-0.5, len(observed) - 0.4)
    ax.set_xticks(range(len(observed)), check["bins"])
    ax.set_xlabel("episodes of a child")
    ax.set_ylabel("share of children (%)")
    top = ax.get_ylim()[1]
    for x, colour, text in ((0.6, INK, "●  observed"), (0.52, BLUE, "▬  replicated by the model")):
        ax.text(0.97, x + 0.3, text, transform=ax.transAxes, ha="right", color=colour, fontsize=9)
    reference_line(ax, y=0 if top else None)
    small_print = (
        f"Bars: {words.mass(replicated['mass'])} equal-tailed intervals of replications, each with its median; "
        f"replicated with new frailties on the observed exposures (model {check['model']})."
    )
    if own:
        note(figure, small_print)
    return figure


@styled
def traces(fits: Sequence[Mapping[str, Any]]) -> Figure:
    """Draws of the scales by chain: one row for each fit, one column for each scale, and the exposure's coefficient."""
    scales = [name for name in SCALARS if any(name in f["traces"] for f in fits)]
    columns = [*scales, "exposure"] if any(f["exposure"] in f["traces"] for f in fits) else scales
    crowded = len(columns) > 3
    head = 0.69 if crowded else 0.52  # inches; crowded titles take two lines
    height = 1.25 * len(fits) + 0.33 + head
    figure = new_figure(height)
    grid = figure.add_gridspec(
        len(fits), max(len(columns), 1), left=0.055, right=0.985, top=1 - head / height, bottom=0.55 / height,
        wspace=0.5 if crowded else 0.24, hspace=0.42,
    )  # fmt: skip
    for i, fit in enumerate(fits):
        for j, column in enumerate(columns):
            ax = figure.add_subplot(grid[i, j])
            name = fit["exposure"] if column == "exposure" else column
            _trace(ax, fit["traces"].get(name), sound=fit["gate"]["passed"])
            title = words.typographic(column_label(column)) if column in SCALARS else "log rate ratio, peers"
            title = textwrap.fill(title, 14) if crowded else title
            if i == 0:
                ax.annotate(
                    title, (0, 1), xycoords="axes fraction", xytext=(0, 21), textcoords="offset points",
                    fontsize=8 if crowded else 9, fontweight="bold",
                )  # fmt: skip
            if j == 0:
                fit_title(ax, fit)
    chains = max((len(v) for f in fits for v in f["traces"].values()), default=0)
    note(figure, words.trace_note(chains, single=any(len(v) == 1 for f in fits for v in f["traces"].values())))
    return figure


def _trace(ax: Axes, chains: Sequence[Sequence[float]] | None, *, sound: bool) -> None:
    if chains is None:
        ax.set_axis_off()
        return
    for i, values in enumerate(chains):
        ax.plot(values, color=CHAINS[i % len(CHAINS)], linewidth=0.5, alpha=0.75)
    ax.set_xlim(0, max(len(values) for values in chains))
    ax.xaxis.set_major_locator(NullLocator())
    ax.xaxis.set_major_formatter(NullFormatter())
    ax.yaxis.set_major_locator(MaxNLocator(3))
    ax.tick_params(axis="y", labelsize=8)
    if not sound:
        for side in ("left", "bottom"):
            ax.spines[side].set_color(RED)


def fit_title(ax: Axes, fit: Mapping[str, Any]) -> None:
    """Over the first panel of a fit's row: its name, in red where it did not converge."""
    sound = fit["gate"]["passed"]
    text = fit_name(fit["model"], fit["exposure"])
    ax.annotate(
        text if sound else f"{text}: not converged", (0, 1), xycoords="axes fraction", xytext=(0, 5),
        textcoords="offset points", fontsize=8.5, color=GREY if sound else RED,
    )  # fmt: skip
