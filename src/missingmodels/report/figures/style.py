"""One look for every figure, under the reader's own settings of matplotlib; and the way from a Figure to a file.

What a user has changed from matplotlib's own defaults (``rcParams``, a style sheet, a matplotlibrc) stays changed: the
fonts, the sizes and colours of text, lines and background, how a file is saved. The look below stands for what is as
matplotlib ships it.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from html import escape
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import same_color, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

# Okabe and Ito's colours are told apart under every common colour vision deficiency; greys carry what is only context.
INK, GREY, PALE, SHADE = "#1f2328", "#667079", "#c9ced3", "#eceff1"
BLUE, VERMILION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#aa4499"
RED = "#b00020"
CHAINS = (BLUE, "#e69f00", GREEN, PURPLE, "#56b4e9", VERMILION)

WIDTH = 8.6  # inches; the report's column is as wide at 100 dots an inch, so 9 points read as 9 points
DOTS_PER_INCH = 190
Kind = Literal["png", "svg", "pdf"]
KINDS: tuple[Kind, ...] = ("png", "svg", "pdf")

_FONT_SIZE = 9.0
_SETTINGS: Any = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so the same picture on every machine
    "font.size": _FONT_SIZE,
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
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "figure.facecolor": "white",
    "savefig.dpi": DOTS_PER_INCH,
    "pdf.fonttype": 42,  # journals refuse the other
    "svg.hashsalt": "missingmodels",  # the same figure, the same bytes
}
# Sizes of text are set for a layout in inches; a user's size of font scales all of it, and so is not passed on.
_SCALED = ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize")
_ALWAYS = {"text.usetex": False}  # what is written here is no TeX


def _is_changed(name: str) -> bool:
    """Whether a user has set it to something else than matplotlib does."""
    held: tuple[Any, Any] = mpl.rcParams, mpl.rcParamsDefault
    return bool(held[0][name] != held[1][name])


def _settings() -> Any:
    """The look, without what the user has set."""
    kept = {name: value for name, value in _SETTINGS.items() if name in _SCALED or not _is_changed(name)}
    return kept | _ALWAYS


def styled[**P](draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a drawing function under the look and the user's own settings, and leave those as they were.

    Drawn into a user's axes (``ax``), only those are touched.
    """

    @functools.wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Figure:
        given = kwargs.get("ax")
        scale = float(mpl.rcParams["font.size"]) / _FONT_SIZE if _is_changed("font.size") else 1.0
        with mpl.rc_context(_settings()):
            figure = draw(*args, **kwargs)
            within = given if isinstance(given, Axes) else figure
            _in_the_users_colours(within)
        if scale != 1.0:
            _scaled(within, scale)
        return figure

    return inside


def _scaled(within: Figure | Axes, scale: float) -> None:
    """Text of a user's size, and a figure as large as its text: the layout is in inches, so nothing comes to lie on
    anything else.
    """
    if isinstance(within, Figure):
        width, height = within.get_size_inches()
        within.set_size_inches(width * scale, height * scale)
    for text in within.findobj(Text):
        if isinstance(text, Text):
            text.set_fontsize(float(text.get_fontsize()) * scale)
        if isinstance(text, Annotation) and text.anncoords == "offset points":
            x, y = text.xyann
            text.xyann = (x * scale, y * scale)
    for ax in within.axes if isinstance(within, Figure) else [within]:
        for axis in (ax.xaxis, ax.yaxis):
            ticks = axis.get_major_ticks()
            if ticks:  # of those to come, too
                axis.set_tick_params(which="both", labelsize=ticks[0].label1.get_fontsize())


def _in_the_users_colours(within: Figure | Axes) -> None:
    """Ink, greys and paper between a user's own colours of text and background; colours that mean something stay."""
    changed = [name for name in ("text.color", "axes.facecolor", "figure.facecolor") if _is_changed(name)]
    ink, paper = to_rgb(mpl.rcParams["text.color"]), to_rgb(mpl.rcParams["axes.facecolor"])
    if not changed or (same_color(ink, INK) and same_color(paper, "white")):
        return

    def mixed(share: float) -> str:
        red, green, blue = (share * i + (1 - share) * p for i, p in zip(ink, paper, strict=True))
        return to_hex((red, green, blue))

    new = {INK: mixed(1.0), GREY: mixed(0.7), PALE: mixed(0.25), SHADE: mixed(0.1)}
    found = [
        (put, new.get(held, mixed(0.0)))
        for artist in within.findobj(Artist)
        for part in _PARTS
        for put, held in _colour(artist, part)
        if held in new or (held == "#ffffff" and part in _FILLS)
    ]
    for put, colour in found:  # all are read before any is put: what a mark has by its line would be read as the line's
        put(colour)


_FILLS = ("facecolor", "markerfacecolor")
_PARTS = ("color", "edgecolor", "markeredgecolor", *_FILLS)


def _colour(artist: object, part: str) -> list[tuple[Callable[[str], None], str]]:
    """What sets one colour of an artist, and that colour; nothing where it has none, or several."""
    get, put = getattr(artist, f"get_{part}", None), getattr(artist, f"set_{part}", None)
    if get is None or put is None:
        return []
    try:
        return [(put, to_hex(get()))]
    except (TypeError, ValueError):
        return []


def picture(figure: Figure, kind: Kind = "png", *, title: str = "", alt: str = "") -> bytes:
    """The figure as a file's content, with its title and description inside; the same figure gives the same bytes."""
    held, metadata = io.BytesIO(), dict(_METADATA[kind])
    for name, text in (("Title", title), (_DESCRIPTION[kind], alt)):
        if text:
            metadata[name] = text
    with mpl.rc_context(_settings()):
        figure.savefig(held, format=kind, metadata=metadata)
    return held.getvalue() if kind != "svg" else _described(held.getvalue(), title, alt)


def png(figure: Figure) -> bytes:
    """The figure as PNG."""
    return picture(figure)


# no date and no name of a version, which would make the same figure another file
_METADATA: dict[Kind, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_DESCRIPTION: dict[Kind, str] = {"png": "Description", "svg": "Description", "pdf": "Subject"}


def _described(svg: bytes, title: str, alt: str) -> bytes:
    """An SVG that reading software takes for one image with a name and a description."""
    head, mark, rest = svg.decode("utf-8").partition("<svg ")
    if not mark or not alt:
        return svg
    attributes, end, body = rest.partition(">")
    words = f"\n <title>{escape(title)}</title>\n" if title else "\n"
    words += f" <desc>{escape(alt)}</desc>"
    label = escape(f"{title}. {alt}" if title else alt, quote=True)
    body = body.replace(f"\n <title>{escape(title)}</title>", "", 1) if title else body
    return f'{head}{mark}role="img" aria-label="{label}" {attributes}{end}{words}{body}'.encode()


def figure_of(ax: Axes) -> Figure:
    """The whole figure that axes stand in."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


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
