"""Peer dose and response: what history leaves unexplained, and what the models with peers make of it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from missingmodels.report import words
from missingmodels.report.figures.style import BLUE, GREY, INK, PALE, new_figure, note, reference_line, styled
from missingmodels.vocabulary import QUANTITIES

_BINARY = "peer_presence"
_LESSER = "#8fa3b0"  # a model beside the fullest one
PEERS = "recently missing peers"


@styled
def dose_response(dose: Mapping[str, Any], curves: Sequence[Mapping[str, Any]], *, peers: str = PEERS) -> Figure:
    """Left: onsets over those expected from history, and days at risk below. Right: fitted rate ratios by exposure.

    ``peers`` are those whose number or presence is shown, in words.
    """
    figure = new_figure(4.3)
    by_exposure: dict[str, list[Mapping[str, Any]]] = {}
    for curve in sorted(curves, key=lambda c: c["model"], reverse=True):
        by_exposure.setdefault(curve["exposure"], []).append(curve)
    widths = [3.4] + [1.5 if name == _BINARY else 2.4 for name in by_exposure]
    grid = figure.add_gridspec(
        2, len(widths), width_ratios=widths, height_ratios=[3.1, 1], left=0.075, right=0.97, top=0.93, bottom=0.2,
        wspace=0.26, hspace=0.14,
    )  # fmt: skip
    above = figure.add_subplot(grid[0, 0])
    _observed_over_expected(above, dose)
    _days(figure.add_subplot(grid[1, 0], sharex=above), dose, peers)
    first: Axes | None = None
    for i, (exposure, shown) in enumerate(by_exposure.items()):
        ax = figure.add_subplot(grid[:, 1 + i], sharey=first)
        (_two_points if exposure == _BINARY else _curve)(ax, shown)
        ax.set_xlabel(_axis_name(exposure, peers))
        if first is None:
            first = ax
            ax.set_title("Fitted rate ratio")
            ax.set_ylabel("rate ratio against none")
        else:
            ax.tick_params(axis="y", labelleft=False)
    if first is not None:
        tops = [max(c["ratio"]["high"]) for c in curves]
        first.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        first.set_ylim(min([0.8, *(min(c["ratio"]["low"]) for c in curves)]) * 0.97, max([1.25, *tops]) * 1.04)
    note(
        figure,
        f"Points and lines: medians; bars and bands: {words.mass(dose['ratio']['mass'])} equal-tailed intervals.",
    )
    return figure


def _observed_over_expected(ax: Axes, dose: Mapping[str, Any]) -> None:
    ratio, x = dose["ratio"], range(len(dose["bins"]))
    reference_line(ax, y=1)
    for i, days in enumerate(dose["days_at_risk"]):
        if not days:
            continue
        ax.plot([i, i], [ratio["low"][i], ratio["high"][i]], color=BLUE, linewidth=1.7, solid_capstyle="butt")
        ax.plot([i], [ratio["median"][i]], "o", color=BLUE, markersize=5.5)
        onsets = int(dose["onsets"][i])
        text = f"{onsets:,}\n{'onset' if onsets == 1 else 'onsets'}"
        ax.annotate(
            text, (i, ratio["median"][i]), xytext=(7, 0), textcoords="offset points", va="center", fontsize=8,
            color=GREY, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip
    ax.set_xlim(-0.5, len(x) - 0.25)
    shown = [i for i, days in enumerate(dose["days_at_risk"]) if days]
    ax.set_yscale("log")
    low, high = (pick(ratio[side][i] for i in shown) if shown else 1.0 for side, pick in (("low", min), ("high", max)))
    ax.set_ylim(min(low, 0.8) / 1.06, max(high, 1.25) * 1.06)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.set_ylabel("onsets, observed / expected (log scale)")
    ax.set_title("Observed over expected from history")
    ax.tick_params(axis="x", labelbottom=False, length=0)


def _days(ax: Axes, dose: Mapping[str, Any], peers: str) -> None:
    days = dose["days_at_risk"]
    ax.bar(range(len(days)), days, width=0.55, color=PALE)
    for i, value in enumerate(days):
        ax.annotate(
            f"{value:,.0f}", (i, value), xytext=(0, 2), textcoords="offset points", ha="center", fontsize=8, color=GREY
        )
    ax.set_ylim(0, max(*days, 1) * 1.35)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_ylabel("days\nat risk")
    ax.set_xticks(range(len(days)), dose["bins"])
    ax.set_xlabel(textwrap.fill(peers, 40))


def _two_points(ax: Axes, shown: Sequence[Mapping[str, Any]]) -> None:
    """A binary exposure has two values, so two points and no line between them."""
    reference_line(ax, y=1)
    ax.plot([0], [1], "o", color=INK, markersize=5, markerfacecolor="white", zorder=3)
    for i, curve in enumerate(shown):
        ratio, colour, x = curve["ratio"], BLUE if i == 0 else _LESSER, 1 + 0.8 * i
        ax.plot([x, x], [ratio["low"][-1], ratio["high"][-1]], color=colour, linewidth=1.7, solid_capstyle="butt")
        ax.plot([x], [ratio["median"][-1]], "o", color=colour, markersize=5.5 if i == 0 else 3.5)
        _name(ax, _end(curve, len(shown), "\n"), (x, ratio["high"][-1]), colour, shift=(0, 3), ha="center", va="bottom")
    ax.set_xlim(-0.5, 0.75 + 0.8 * len(shown))
    ax.set_xticks([0, 1], ["none", "any"])


def _curve(ax: Axes, shown: Sequence[Mapping[str, Any]]) -> None:
    reference_line(ax, y=1)
    for i, curve in enumerate(shown):
        x, ratio, colour = curve["x"], curve["ratio"], BLUE if i == 0 else _LESSER
        if i == 0:
            ax.fill_between(x, ratio["low"], ratio["high"], color=BLUE, alpha=0.16, linewidth=0)
        ax.plot(x, ratio["median"], color=colour, linewidth=1.8)
        above = i == 0 and ratio["median"][-1] >= 1  # a line that falls comes from above
        side, up = ("bottom", 5) if above else ("top", -5)
        at = (x[-1], ratio["median"][-1])
        _name(ax, _end(curve, len(shown), " "), at, colour, shift=(-4, up), ha="right", va=side)
    ax.set_xlim(0, shown[0]["x"][-1] or 1)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=shown[0]["exposure"] == "peer_count"))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _axis_name(exposure: str, peers: str) -> str:
    """Two lines or more, for a narrow panel: whose, and what it counts."""
    return f"{textwrap.fill(peers, 26)}:\n{(QUANTITIES[exposure].axis if exposure in QUANTITIES else exposure)}"


def _end(curve: Mapping[str, Any], models: int, gap: str) -> str:
    """The rate ratio at full exposure; the model's name too where several share a panel."""
    text = words.ratio(curve["ratio"]["median"][-1])
    return f"{curve['model']}{gap}{text}" if models > 1 else text


def _name(
    ax: Axes, text: str, at: tuple[float, float], colour: str, *, shift: tuple[float, float], ha: str, va: str
) -> None:
    ax.annotate(text, at, xytext=shift, textcoords="offset points", ha=ha, va=va, fontsize=8.5, color=colour)
