"""Calibration as it is read: the terminal's table, the figure and the page say what the records say, and no more."""

from __future__ import annotations

import re

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from missingmodels.report.calibration import calibration_text, error, number, published
from missingmodels.report.figures.of_many.calibration import calibration_figure
from missingmodels.report.figures.style import png
from missingmodels.report.pages.calibration_page import calibration_page
from missingmodels.targets import INTERVAL_NOTE, Compared, Measured, targets

PROVENANCE = {
    "kind": "simulated",
    "scenario": {"name": "<x>", "homes": {"count": 1200}},
    "seeds": [1, 2],
    "versions": {},
}
OUTSIDE = {"occupancy": 2.0, "home_places_mean": -3.0}  # in half-widths beyond the nearer bound, and far away
UNRECORDED = ("residents_over_20_miles_share", "rhi_within_72h_share")


def made(*, seeds: int = 2, spread: float = 0.01) -> tuple[Compared, ...]:
    """Every target met but two; two unrecorded, and the one without a measure."""
    found = []
    for name, target in targets().items():
        half = (target.high - target.low) / 2
        if name in UNRECORDED or name == "home_to_foster_rate_ratio":
            measured = [Measured(name=name, value=None, why="no such column")] * seeds
        else:
            middle = target.value if name not in OUTSIDE else target.high + OUTSIDE[name] * half
            values = [middle + spread * half * (i - (seeds - 1) / 2) for i in range(seeds)]
            measured = [Measured(name=name, value=v, count=1234, of="things") for v in values]
        found.append(Compared(target=target, definition=f"how {name} is had", measured=tuple(measured)))
    return tuple(found)


@pytest.mark.parametrize("seeds", [1, 3])
def test_text_fits_the_terminal_and_holds_every_target(seeds: int) -> None:
    text = calibration_text(made(seeds=seeds))
    assert max(map(len, text.splitlines())) <= 100
    joined = " ".join(text.split())
    for target in targets().values():
        assert " ".join(target.label.split()) in joined, target.label
    assert ("±" in text) == (seeds > 1)
    assert "not sampling intervals" in joined
    assert ("by chance" in joined) == (seeds == 1)
    assert "22 of the 25 gate targets are inside their intervals, 2 outside, 1 not computed or judged." in joined


def test_an_assumption_is_never_shown_as_published() -> None:
    for target in targets().values():
        assert (published(target) == "none") == (target.status == "assumption")
    line = next(row for row in calibration_text(made()).splitlines() if "shared with another" in row)
    assert re.search(r"none +8–40\u202f% a ", line)


def test_numbers_are_in_the_targets_unit() -> None:
    held = targets()
    assert number(0.556, held["home_places_le3_share"]) == "55.6\u202f%"
    assert number(263.4, held["placement_days_median"]) == "263"
    assert number(3.2, held["missing_rate_per_resident_year"]) == "3.20"
    assert number(0.0341, held["la_prevalence_sd"]) == "3.4\u202f%"
    assert number(None, held["occupancy"]) == "–"


def test_an_error_is_in_the_unit_of_its_value_and_never_rounded_to_nothing() -> None:
    held = targets()
    assert error(0.0123, held["occupancy"]) == "±1.2"
    assert error(0.0003, held["occupancy"]) == "±0.03"
    assert error(12.3, held["placement_days_mean"]) == "±12"
    assert error(0.0155, held["missing_rate_per_resident_year"]) == "±0.015"
    assert error(None, held["occupancy"]) == ""


def _words(seeds: int) -> str:
    return " ".join(t.get_text() for t in calibration_figure(made(seeds=seeds)).findobj(Text))


def test_figure_has_a_row_a_target_and_says_what_its_marks_are() -> None:
    said = _words(2)
    for target in targets().values():
        assert target.label in said
    assert " ".join(INTERVAL_NOTE.split()) in " ".join(said.split())
    assert "Monte Carlo" in said
    assert "Monte Carlo" not in _words(1)
    assert said.count("not computed") >= 3
    assert said.count("not comparable") == 1  # the spread between authorities


@pytest.mark.parametrize("seeds", [1, 2])
def test_no_text_leaves_the_figure_and_no_column_meets_another(seeds: int) -> None:
    figure = calibration_figure(made(seeds=seeds))
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    width, height = figure.bbox.size
    boxes = [(t, t.get_window_extent(renderer)) for t in figure.findobj(Text) if t.get_text()]
    boxes = [(t, b) for t, b in boxes if (t.get_visible() and t.axes is None) or t in figure.axes[0].texts]
    assert len(boxes) > 200
    for text, box in boxes:
        assert box.x0 >= 0, text.get_text()
        assert box.y0 >= 0, text.get_text()
        assert box.x1 <= width, text.get_text()
        assert box.y1 <= height, text.get_text()
    for i, (one, box) in enumerate(boxes):
        for other, beside in boxes[i + 1 :]:
            assert not box.overlaps(beside), (one.get_text(), other.get_text())


def test_marks_stand_where_the_numbers_are() -> None:
    """The dot of a value on the upper bound stands at 1; far values stand at the edge as an arrow."""
    ax = calibration_figure(made(spread=0.0)).axes[0]
    marks = {line.get_marker(): line.get_xdata()[0] for line in ax.lines if line.get_marker() in ("o", "<", ">")}
    low, high = ax.get_xlim()
    assert marks[">"] == high  # occupancy lies two half-widths above its upper bound
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert -2 in [round(x, 6) for x in dots]  # places per home: three half-widths below the upper bound
    assert all(low <= x <= high for x in dots)


def test_the_same_measures_give_the_same_bytes() -> None:
    assert png(calibration_figure(made())) == png(calibration_figure(made()))


def test_page_holds_every_target_with_definition_and_source_and_escapes() -> None:
    page = calibration_page(made(), PROVENANCE, b"\x89PNG")
    assert "<x>" not in page
    assert "1,200 homes" in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    without = page[page.index("Not computed") : page.index("Definitions and sources")]
    for name, target in targets().items():
        assert f"how {name} is had" in page
        assert target.citation.split(",")[0].replace("'", "&#39;") in page
        assert (target.label in without) == (name in (*UNRECORDED, "home_to_foster_rate_ratio", "la_prevalence_sd"))
    assert without.count("no verdict") == 1
