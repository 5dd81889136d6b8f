"""Prior sets beside published figures: one panel a quantity, one bar a set."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from missingmodels.evidence.prior_check import PriorCheck
from missingmodels.report import words
from missingmodels.report.figures.style import BLUE, GREY, SHADE, VERMILION, new_figure, note, styled
from missingmodels.tables.csv_out import records_csv

_SMALLEST_RATE = 0.01  # a year; rates have a logarithmic axis


@styled
def prior_figure(found: Sequence[PriorCheck]) -> Figure:
    """Medians and central intervals of each set; the published range is shaded, its value a line."""
    names = list(dict.fromkeys(row.name for row in found))
    figure = new_figure(0.95 * len(names) + 0.75)
    axes = figure.subplots(len(names), 1, squeeze=False)[:, 0]
    for ax, name in zip(axes, names, strict=True):
        _panel(ax, [row for row in found if row.name == name])
    figure.subplots_adjust(left=0.1, right=0.965, top=0.93, bottom=0.215, hspace=1.15)
    mass = words.mass(found[0].interval_mass)
    note(
        figure,
        f"Dot and bar: median and central {mass} of what a prior set expects of these data before any outcome is "
        "seen.\nShaded: published range, line: published value. Vermilion: the published value lies outside the bar.\n"
        "Grey: the data span too little to compare.",
    )
    return figure


def _panel(ax: Axes, rows: Sequence[PriorCheck]) -> None:
    first = rows[0]
    rate = first.name == "episodes_per_resident_year"
    ax.set_title(first.label[0].upper() + first.label[1:])
    ax.axvspan(first.published_low, first.published_high, color=SHADE, zorder=0)
    ax.axvline(first.published, color=GREY, linewidth=1, zorder=1)
    for at, row in enumerate(rows):
        colour = {"covers": BLUE, "misses": VERMILION}.get(row.verdict, GREY)
        ax.plot([max(row.low, _SMALLEST_RATE if rate else 0), row.high], [at, at], color=colour, linewidth=2.2)
        ax.plot([row.median], [at], "o", color=colour, markersize=5)
    ax.set_yticks(range(len(rows)), [row.use for row in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    if rate:
        ax.set_xscale("log")
        ax.set_xlim(_SMALLEST_RATE, max([400.0, *(row.high for row in rows)]))
        ticks = (0.01, 0.1, 1, 10, 100)
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
    else:
        ax.set_xlim(0, 1)
        ax.set_xticks((0, 0.25, 0.5, 0.75, 1), ("0", "25 %", "50 %", "75 %", "100 %"))


def table_csv(found: Sequence[PriorCheck]) -> str:
    """Every quantity under every set as CSV."""
    return records_csv([row.as_dict() for row in found])
