"""One look for every figure: palette, font sizes, and the way from a Figure to a PNG without global state."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito's colours are told apart under every common colour vision deficiency; greys carry what is only context.
INK, GREY, PALE, SHADE = "#1f2328", "#667079", "#c9ced3", "#eceff1"
BLUE, VERMILION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#aa4499"
RED = "#b00020"
CHAINS = (BLUE, "#e69f00", GREEN, PURPLE, "#56b4e9", VERMILION)

WIDTH = 8.6  # inches; the report's column is as wide at 100 dots an inch, so 9 points read as 9 points
DOTS_PER_INCH = 190

_SETTINGS: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so the same picture on every machine
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "text.color": INK,
    "text.usetex": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def styled[**P, R](draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function under the report's settings, and leave the caller's as they were."""

    @functools.wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(_SETTINGS):
            return draw(*args, **kwargs)

    return inside


@styled
def png(figure: Figure) -> bytes:
    """The figure as PNG; the same figure gives the same bytes."""
    held = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(held, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return held.getvalue()


def new_figure(height: float) -> Figure:
    """A figure of the report's width, outside pyplot's list of open figures."""
    return Figure(figsize=(WIDTH, height))


def note(figure: Figure, text: str) -> None:
    """The small print at the foot: what the marks are, so that a figure can be read without its caption."""
    figure.text(0.012, 0.012, text, fontsize=7.5, color=GREY, ha="left", va="bottom")


def reference_line(ax: Axes, *, x: float | None = None, y: float | None = None) -> None:
    """The thin line of no effect."""
    if x is not None:
        ax.axvline(x, color=GREY, linewidth=0.8, zorder=1)
    if y is not None:
        ax.axhline(y, color=GREY, linewidth=0.8, zorder=1)
