"""A figure with all that belongs to it: its data, what it is called, and its description."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from missingmodels.config import nearest
from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.evidence.record import Evidence
from missingmodels.report.figures.pictures import SHOWN
from missingmodels.report.figures.style import KINDS, Kind, picture
from missingmodels.report.templates import inside
from missingmodels.vocabulary import worded
from missingmodels.writing import require_new, write_whole


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """A figure and its data frame, in this order where it is taken apart: ``figure, data = forest(evidence)``.

    Attributes
    ----------
    figure : matplotlib's; it is outside pyplot's list, so nothing shows it twice and nothing is to be closed
    data : one row a mark
    title, alt, caption : words; ``alt`` describes it to those who cannot see it
    """

    figure: Figure
    data: pd.DataFrame
    title: str
    alt: str
    caption: str

    def __iter__(self) -> Iterator[Any]:
        return iter((self.figure, self.data))

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write it as PNG, SVG or PDF, by the file's ending, with title and description inside.

        Raises InputError where the file is there already, unless it is to be overwritten.
        """
        path = Path(path)
        kind = kind_of_file(path)
        require_new([path], overwrite=overwrite)
        return write_whole(path, self.content(kind))

    def content(self, kind: Kind) -> bytes:
        """What such a file holds."""
        return picture(self.figure, kind, title=self.title, alt=self.alt)

    def _repr_html_(self) -> str:
        return f'<img src="{inside(self.content("png"))}" alt="{escape(self.alt, quote=True)}" width="860">'


def kind_of_file(path: Path) -> Kind:
    """The form that a file's ending asks for. Raises ConfigInvalid for one that no figure is written in."""
    ending = path.suffix.lower().removeprefix(".")
    for kind in KINDS:
        if kind == ending:
            return kind
    raise ConfigInvalid(
        f"a figure cannot be written as {path.suffix or 'a file without an ending'}",
        where=str(path),
        remedy=f"let the name end in one of {', '.join(f'.{kind}' for kind in KINDS)}",
    )


def drawn(evidence: Evidence, name: str, *, ax: Axes | None = None) -> Drawn:
    """One figure of evidence, by its name. Raises ConfigInvalid for a name that no figure has, and CannotAnswer where
    the evidence does not hold what it shows.
    """
    if name not in SHOWN:
        raise ConfigInvalid(
            f"no figure is called {name!r}{nearest(name, tuple(SHOWN))}", remedy=f"choose one of {', '.join(SHOWN)}"
        )
    shown = SHOWN[name]
    if ax is not None and not shown.one_panel:
        raise ConfigInvalid(
            f"the figure {name!r} has panels of its own, so it cannot be drawn into axes",
            remedy="leave ax out; the figure that comes back can be changed as any other",
        )
    if not shown.has(evidence):
        raise CannotAnswer(f"this evidence does not hold what the figure {name!r} shows{_why(evidence, name)}")
    alt, caption = shown.words(evidence)
    return Drawn(
        figure=shown.draw(evidence, ax),
        data=shown.data(evidence),
        title=worded(shown.title, evidence.data.get("asked")),
        alt=alt,
        caption=caption,
    )


def _why(evidence: Evidence, name: str) -> str:
    blocked = (evidence.disclosure or {}).get("blocked", ())
    reasons = [one["reason"] for one in blocked if one["output"].startswith(f"figure {name}")]
    return f": it is not released ({reasons[0]})" if reasons and reasons[0] else ""
