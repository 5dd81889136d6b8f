"""How the chains of sampled fits mix, as arviz-plots draws it: ranks of each chain's draws among those of all."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from missingmodels.report import words
from missingmodels.report.figures.checks import fit_title
from missingmodels.report.figures.style import CHAINS, GREY, new_figure, note
from missingmodels.vocabulary import SCALARS, column_label

SURE = 0.99  # one less the chance of a mark in a panel whose chains mix
EXPOSURE = "exposure"


def sampled(fits: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The fits that have chains: draws of the fast engine have none."""
    return [fit for fit in fits if any(len(chains) > 1 for chains in fit["traces"].values())]


def ranks(fits: Sequence[Mapping[str, Any]]) -> Figure:
    """A row a fit, a column a scale and the exposure's coefficient: difference of each chain's ECDF of ranks from even.

    Ranks and the test of their evenness, which knows that draws follow each other, are those of arviz-plots.
    """
    import arviz_plots
    import xarray as xr

    held = sampled(fits)
    columns = [name for name in (*SCALARS, EXPOSURE) if any(_named(name, fit) in fit["traces"] for fit in held)]
    height = 1.35 * len(held) + 1.0
    figure = new_figure(height)
    panels = np.empty((len(held), len(columns)), dtype=object)
    grid = figure.add_gridspec(
        len(held), len(columns), left=0.07, right=0.985, top=1 - 0.72 / height, bottom=0.6 / height, wspace=0.35,
        hspace=0.5,
    )  # fmt: skip
    for i, fit in enumerate(held):
        for j, column in enumerate(columns):
            panels[i, j] = ax = figure.add_subplot(grid[i, j])
            chains = fit["traces"].get(_named(column, fit))
            if chains is None:
                ax.set_axis_off()
                continue
            shortest = min(map(len, chains))
            values = xr.Dataset({"value": (("chain", "draw"), np.array([chain[:shortest] for chain in chains]))})
            arviz_plots.plot_rank(
                xr.DataTree.from_dict({"posterior": values}),
                envelope_prob=SURE,
                plot_collection=_into(ax, figure, values, arviz_plots),
                visuals={"xlabel": False, "title": False},
            )
            ax.tick_params(labelsize=7.5)
            for text in ax.texts:
                text.set(fontsize=7, color=GREY)
        fit_title(panels[i, 0], fit)
    for j, column in enumerate(columns):
        name = column_label(column) if column in SCALARS else "log rate ratio, peers"
        title = textwrap.fill(words.typographic(name), 16 if len(columns) > 3 else 30)
        panels[0, j].annotate(
            title, (0, 1), xycoords="axes fraction", xytext=(0, 21), textcoords="offset points", fontsize=8.5,
            fontweight="bold",
        )  # fmt: skip
    note(
        figure, f"Black: where chains differ by more than chance, at {1 - SURE:.0%} a panel. p: of all ranks together."
    )
    return figure


def _named(column: str, fit: Mapping[str, Any]) -> str:
    return str(fit["exposure"]) if column == EXPOSURE else column


def _into(ax: Any, figure: Figure, values: Any, plots: Any) -> Any:
    """A collection of one panel, into axes that are there, with one of our colours for each chain."""
    import xarray as xr

    viz = xr.DataTree.from_dict({
        "/": xr.Dataset({"figure": xr.DataArray(np.array(figure, dtype=object))}),
        "plot": xr.Dataset({"value": xr.DataArray(np.array(ax, dtype=object))}),
    })  # fmt: skip
    colours = [CHAINS[i % len(CHAINS)] for i in range(values.sizes["chain"])]
    return plots.PlotCollection(values, viz_dt=viz, aes={"color": ["chain"]}, color=colours, backend="matplotlib")
