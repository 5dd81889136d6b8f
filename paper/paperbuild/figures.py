"""Figures of the documents, each from one tracked result, and the digest of that result inside each file.

A figure whose digest is not that of the result as it stands is stale and stops the build.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paperbuild.numbers import rows_where, table
from paperbuild.results import Result
from paperbuild.tables import QUANTITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Results = Mapping[str, Result]
# Okabe and Ito's palette, told apart by readers of every colour vision.
INK, BLUE, ORANGE, GREEN, GREY = "#222222", "#0072B2", "#D55E00", "#009E73", "#777777"
STYLE: dict[str, Any] = {
    "font.family": "serif",
    "font.serif": ["STIXGeneral"],
    "mathtext.fontset": "stix",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "missingmodels",
    "svg.fonttype": "path",
    "figure.dpi": 100,
    "savefig.dpi": 220,
}


def power(results: Results) -> Figure:
    """Power by number of homes, a line for each effect, its name at its end."""
    figure, axes = _page(6.3, 3.4)
    rows = table(results["power_homes_needed"].folder / "power_homes_needed.csv")
    ends = []
    for name, label in QUANTITIES.items():
        of = sorted(rows_where(rows, {"quantity": name}), key=lambda row: float(row["homes.count"]))
        homes = [float(row["homes.count"]) for row in of]
        share, error = [float(row["power"]) for row in of], [float(row["power_error"]) for row in of]
        colour = BLUE if name == "peer_presence" else ORANGE if name.endswith("within") else GREY
        axes.errorbar(homes, share, yerr=error, color=colour, linewidth=1.3, marker="o", markersize=3, elinewidth=0.7)
        ends.append([share[-1], label, colour])
    _label_ends(axes, ends, homes[-1])
    axes.axhline(0.8, color=GREY, linewidth=0.6, linestyle=(0, (4, 3)))
    axes.set_xscale("log")
    axes.set_xticks(homes, [f"{size:g}" for size in homes])
    axes.minorticks_off()
    axes.set(xlabel="homes, each watched for a year", ylabel="power", ylim=(0, 1.02))
    return figure


def frontier(results: Results) -> Figure:
    """How often a shared shock is called influence, by its length and size, in 40 and in 160 homes."""
    figure, panels = _page(6.3, 3.0, columns=2)
    rows = table(results["frontier"].folder / "frontier.csv")
    for axes, homes in zip(panels, (40, 160), strict=True):
        ends = []
        for size, colour in ((0.25, GREEN), (0.5, BLUE), (0.75, ORANGE)):
            of = rows_where(rows, {"homes": homes, "shock_sd": size, "line": "home × 28 days"})
            of = sorted((row for row in of if float(row["homophily"]) == 0), key=lambda row: float(row["shock_days"]))
            days = [float(row["shock_days"]) for row in of]
            said, error = [float(row["said"]) for row in of], [float(row["mc_error"]) for row in of]
            axes.errorbar(days, said, yerr=error, color=colour, linewidth=1.3, marker="o", markersize=3, elinewidth=0.7)
            ends.append([said[-1], f"sd {size:g}", colour])
        _label_ends(axes, ends, days[-1])
        axes.axhline(0.05, color=GREY, linewidth=0.6, linestyle=(0, (4, 3)))
        axes.set_xscale("log")
        axes.set_xticks(days, [f"{day:g}" for day in days])
        axes.minorticks_off()
        axes.set(title=f"{homes} homes", xlabel="days that a shock lasts", ylim=(0, 1))
    panels[0].set_ylabel("worlds without influence\nin which it is “supported”")
    return figure


def calibration(results: Results) -> Figure:
    """The simulated England on the scale of each published interval."""
    rows = [
        row for row in table(results["calibration_england"].folder / "calibration_england.csv") if row["gate"] == "True"
    ]
    figure, axes = _page(6.3, 5.2)
    for place, row in enumerate(reversed(rows)):
        low, high = float(row["low"]), float(row["high"])
        axes.plot([0, 1], [place, place], color="#C9D8E4", linewidth=6, solid_capstyle="butt")
        axes.plot((float(row["value"]) - low) / (high - low), place, marker="|", color=INK, markersize=8)
        axes.plot((float(row["mean"]) - low) / (high - low), place, marker="o", color=ORANGE, markersize=4)
    axes.set_yticks(range(len(rows)), [row["label"] for row in reversed(rows)], fontsize=7.5)
    axes.set_xticks([0, 0.5, 1], ["lower end", "of the published interval", "upper end"])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return figure


def recovery(results: Results) -> Figure:
    """Coverage of 90 % intervals of every reported estimand, in 40 and in 160 homes."""
    rows = table(results["estimand_recovery"].folder / "estimand_recovery.csv")
    kinds = ("rate_ratio", "expected_rate", "attributable_fraction", "median_rate_ratio")
    names = [
        row["estimand"]
        for row in rows_where(rows, {"size": "small", "model": "M3"})
        if row["estimand"].startswith(kinds)
    ]
    figure, axes = _page(6.3, 5.2)
    for size, colour, shift in (("small", ORANGE, 0.14), ("160 homes", BLUE, -0.14)):
        of = {row["estimand"]: row for row in rows_where(rows, {"size": size, "model": "M3"})}
        at = [place + shift for place in reversed(range(len(names)))]
        cover = [float(of[name]["coverage_90"]) for name in names]
        error = [float(of[name]["coverage_90_error"]) for name in names]
        axes.errorbar(cover, at, xerr=error, fmt="o", color=colour, markersize=3.5, elinewidth=0.8)
        told, place = ("40 homes", 0.25) if size == "small" else (size, 0.6)
        axes.text(place, 1.01, told, color=colour, transform=axes.transAxes)
    axes.axvline(0.9, color=GREY, linewidth=0.7)
    plain = [_plain(name) for name in reversed(names)]
    axes.set_yticks(range(len(names)), plain, fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="share of worlds whose 90 % interval holds the truth", ylim=(-0.6, len(names) + 0.1))
    return figure


FIGURES: Mapping[str, tuple[str, Callable[[Results], Figure]]] = {
    "power": ("power_homes_needed", power),
    "frontier": ("frontier", frontier),
    "calibration": ("calibration_england", calibration),
    "recovery": ("estimand_recovery", recovery),
}


def draw(names: list[str], results: Results, folder: Path) -> None:
    """Each as SVG, for the PDF, and PNG, for Word; the digest of its result stands in both."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        for name in names:
            of, make = FIGURES[name]
            figure = make(results)
            told = {"Source": digest(results[of])}
            figure.savefig(folder / f"{name}.svg", metadata={**told, "Date": None})
            figure.savefig(folder / f"{name}.png", metadata={**told, "Software": None})
            plt.close(figure)


def digest(result: Result) -> str:
    """SHA-256 of a result's files."""
    total = hashlib.sha256()
    for file in result.files:
        total.update(file.read_bytes())
    return "sha256:" + total.hexdigest()


def stale_figures(names: list[str], results: Results, folder: Path) -> Iterator[str]:
    """Figures that are not there, or were drawn of another result than the one that stands there now."""
    for name in names:
        for file in (folder / f"{name}.svg", folder / f"{name}.png"):
            if not file.exists():
                yield f"{file.name} is not there: draw it"
            elif digest_in(file) != digest(results[FIGURES[name][0]]):
                yield f"{file.name} is stale: it was drawn of another {FIGURES[name][0]} than the one there now"


def digest_in(file: Path) -> str:
    """The digest that a figure carries, empty for none."""
    found = re.search(rb"sha256:[0-9a-f]{64}", file.read_bytes()[:4096])
    return found.group(0).decode() if found else ""


def _plain(name: str) -> str:
    """An estimand's name in words."""
    name = name.replace("own_1_7", "own episode 1 to 7 days ago").replace("own_8_28", "own episode 8 to 28 days ago")
    return name.replace("_", " ").replace(": ", ", ")


def _page(width: float, height: float, columns: int = 1) -> tuple[Any, Any]:
    import matplotlib.pyplot as plt

    return plt.subplots(1, columns, figsize=(width, height), sharey=True, layout="constrained")


def _label_ends(axes: Axes, ends: list[list[Any]], at: float, least: float = 0.055) -> None:
    """Names at the ends of lines, moved apart where they would lie on each other."""
    ends.sort(key=lambda end: float(end[0]))
    height = -1.0
    for value, label, colour in ends:
        height = max(float(value), height + least)
        axes.annotate(
            label,
            (at, value),
            xytext=(6, 0),
            textcoords="offset points",
            color=colour,
            fontsize=8,
            va="center",
            annotation_clip=False,
        ).xyann = (6, 0)
        axes.texts[-1].set_position(
            (6, (height - float(value)) * axes.get_window_extent().height * 72 / axes.figure.dpi)
        )
