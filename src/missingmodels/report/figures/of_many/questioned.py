"""Figures of what questions an answer: the lines of a battery, and the specification curve."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.evidence.robustness.bench import Line
from missingmodels.evidence.robustness.curve import Specification
from missingmodels.report import words
from missingmodels.report.figures.drawn import Drawn
from missingmodels.report.figures.of_many.battery import battery_figure, curve_figure, drawn_lines

BATTERY = {"robustness": "Every question asked of the answer", "specification_curve": "Every combination of choices"}


def battery_drawn(lines: Sequence[Line]) -> Drawn:
    """Every line with its interval. Raises CannotAnswer where no line has anything to show."""
    shown = drawn_lines(lines)
    if not shown:
        raise CannotAnswer("no line of this battery has anything to show")
    said = "; ".join(
        f"{line.line}: {f'rate ratio {words.ratio(line.estimate)}' if line.estimate is not None else 'a test'}, "
        f"{line.verdict}"
        for line in shown
    )
    return Drawn(
        figure=battery_figure(lines),
        data=pd.DataFrame([line.as_dict() for line in shown]),
        title=BATTERY["robustness"],
        alt=f"Rate ratios with intervals of {len(shown)} lines. {said}.",
        caption="Every line of the battery, by the fast engine: blue says influence, vermilion rings an alarm.",
    )


def curve_drawn(curve: Sequence[Specification]) -> Drawn:
    """The specification curve. Raises CannotAnswer where none was fitted."""
    if not curve:
        raise CannotAnswer("no specification curve was fitted", remedy="ask for it: `missingmodels robustness RUN`")
    low, high = curve[0].estimate, curve[-1].estimate
    says = sum(bool(one.says) for one in curve)
    return Drawn(
        figure=curve_figure(curve),
        data=pd.DataFrame([one.as_dict() for one in curve]),
        title=BATTERY["specification_curve"],
        alt=f"{len(curve)} specifications by estimate, rate ratios from {words.ratio(low)} to {words.ratio(high)}; "
        f"{says} say influence. Below each, the choices that made it.",
        caption="Every combination of window, home-period length, adjustment and frailty law. Combinations share their "
        "data, so they are no independent votes.",
    )
