"""Every figure that a folder can give, by name: of a run, of its battery, of a study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from missingmodels.config import nearest
from missingmodels.errors import ConfigInvalid
from missingmodels.publish.names import FIGURES
from missingmodels.publish.reading import released_curve, released_evidence, released_lines, study_summary
from missingmodels.report.figures.drawn import Drawn, drawn
from missingmodels.report.figures.of_many.questioned import battery_drawn, curve_drawn
from missingmodels.report.figures.of_many.studied import STUDY, study_drawn
from missingmodels.report.figures.pictures import SHOWN


def figure_of(name: str, folder: Path) -> Drawn:
    """A figure of what was released. Raises ConfigInvalid for an unknown name, InputError or CannotAnswer where the
    folder does not hold what it shows.
    """
    makers: dict[str, Callable[[], Drawn]] = {
        "robustness": lambda: battery_drawn(released_lines(folder)),
        "specification_curve": lambda: curve_drawn(released_curve(folder)),
    }
    if name in SHOWN:
        return drawn(released_evidence(folder), name)
    if name in makers:
        return makers[name]()
    if name in STUDY:
        return study_drawn(study_summary(folder), name)
    raise ConfigInvalid(
        f"no figure is called {name!r}{nearest(name, FIGURES)}", remedy=f"choose one of {', '.join(FIGURES)}"
    )
