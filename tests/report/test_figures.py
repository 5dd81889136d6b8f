"""Every figure draws from plain arrays, says what its marks are, and leaves matplotlib's settings alone."""

from __future__ import annotations

from functools import cache

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from not_drawn import not_drawn
from tests.report.conftest import make_evidence

from missingmodels.evidence.decisions import (
    CANNOT_SAY,
    SUPPORTED,
    UNLESS,
    UNLESS_ANY,
    WITHSTANDS,
    WITHSTANDS_OPEN,
    kind_of_verdict,
)
from missingmodels.report.figures import pictures as figures
from missingmodels.report.figures.dose import dose_response
from missingmodels.report.figures.forest import _in_two_lines, forest
from missingmodels.report.figures.pictures import draw, pictures, write_figures
from missingmodels.report.figures.ranks import ranks, sampled
from missingmodels.report.figures.style import png
from missingmodels.report.lines import lines

NAMES = ("rates", "forest", "dose", "homes", "network", "predictive", "diagnostics", "ranks", "frontier")
WITH_INTERVALS = ("rates", "forest", "dose", "homes", "predictive")


once = cache(lambda asked: asked(make_evidence()))


@pytest.fixture
def drawn(whole_studies):
    """The figures of the evidence as it is made, drawn once."""
    return once(draw)


@pytest.fixture
def shown(whole_studies):
    return once(pictures)


def words(figure):
    return " ".join(text.get_text() for text in figure.findobj(Text))


@pytest.mark.parametrize("name", NAMES)
def test_figure_draws_as_png(shown, name):
    assert shown[name].png.startswith(b"\x89PNG")


@pytest.mark.parametrize("name", WITH_INTERVALS)
def test_interval_mass_and_kind_stand_in_figure_and_caption(drawn, shown, name):
    assert "90\u202f% equal-tailed interval" in words(drawn[name])
    assert "90\u202f% equal-tailed interval" in shown[name].caption


@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_clipped_by_the_edge(drawn, name):
    figure = drawn[name]
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    width, height = figure.bbox.size
    for text in figure.texts:
        box = text.get_window_extent(renderer)
        assert box.x0 >= 0, text.get_text()
        assert box.y0 >= 0, text.get_text()
        assert box.x1 <= width, text.get_text()
        assert box.y1 <= height, text.get_text()
    for ax in figure.axes:
        box = ax.get_tightbbox(renderer)
        assert box is None or (box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height), name


def test_the_same_evidence_gives_the_same_bytes(make, shown):
    assert {n: p.png for n, p in pictures(make()).items()} == {n: p.png for n, p in shown.items()}


def test_drawing_leaves_the_callers_settings_alone(make):
    with mpl.rc_context({"font.size": 7.25, "axes.spines.top": True}):
        before = dict(mpl.rcParams)
        pictures(make())
        assert dict(mpl.rcParams) == before


def test_forest_shows_each_verdict_and_marks_what_did_not_converge(make, drawn):
    sound, failed = words(drawn["forest"]), words(forest(lines(make(failed=("M3", "peer_presence")))))
    for verdict in ("supported", "supported as negligible", "the data cannot say"):
        assert verdict in sound
    assert "not converged" not in sound
    assert failed.count("(not converged)") == 4  # the density row rests on another fit


def test_homes_carry_no_labels(drawn):
    assert "no ranking" in words(drawn["homes"])


def test_dose_draws_without_curves_and_with_several_models_of_one_exposure(make):
    held = make().figures
    png(dose_response(held["dose"], []))
    twice = [held["curves"][0], {**held["curves"][0], "model": "M1"}]
    text = words(dose_response(held["dose"], twice))
    assert "M3" in text
    assert "M1" in text


def test_absent_arrays_are_left_out(make, monkeypatch):
    not_drawn(monkeypatch)  # only which there are is asked
    held = make()
    without = make(figures={**held.figures, "network": None}, rows=tuple(r for r in held.rows if not r.verdict))
    assert set(draw(without)) == set(NAMES) - {"network", "forest", "frontier"}
    assert set(pictures(without)) == set(NAMES) - {"network", "forest", "frontier"}


def test_write_figures_writes_every_picture(make, shown, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "pictures", lambda evidence: shown)
    found = write_figures(make(), tmp_path / "figures")
    assert sorted(p.name for p in found) == sorted(f"{n}.png" for n in NAMES)
    assert all(p.stat().st_size > 5000 for p in found)


def test_a_row_without_a_certificate_counts_as_not_converged(make):
    held = make()
    assert not any(line.converged for line in lines(make(certificates=held.certificates[:1])) if line.row.model == "M3")


@pytest.mark.parametrize("size", ["", "0.5", "0.41"])
def test_what_a_verdict_withstands_fits_its_column_of_the_forest(size):
    """In two lines of no more letters than the plain verdicts have: a longer one ran over the row below."""
    forms = [WITHSTANDS + size, UNLESS + size] if size else [WITHSTANDS_OPEN, UNLESS_ANY, SUPPORTED, CANNOT_SAY]
    for verdict in forms:
        lines = _in_two_lines(verdict).splitlines()
        assert len(lines) <= 2
        assert max(map(len, lines)) <= len(CANNOT_SAY)
        assert lines[0].startswith(kind_of_verdict(verdict))
        assert lines[-1].endswith(size)


def test_ranks_are_of_fits_with_chains_and_mark_those_that_do_not_mix():
    rng = np.random.default_rng(1)

    def fit(model, apart, chains=4):
        held = {name: [list(rng.normal(apart * at, 1, 80)) for at in range(chains)] for name in ("sigma_home", "x")}
        return {"model": model, "exposure": "x", "traces": held, "gate": {"passed": not apart}}

    single = fit("M0", 0, chains=1)
    assert sampled([single, fit("M1", 0)])[0]["model"] == "M1"
    figure = ranks([single, fit("M1", 0.0), fit("M3", 1.5)])
    assert len(figure.axes) == 4
    marked = [sum(len(line.get_xdata()) for line in ax.lines if line.get_marker() not in ("", "None", None)) +
              sum(len(dots.get_offsets()) for dots in ax.collections) for ax in figure.axes]  # fmt: skip
    assert marked[:2] == [0, 0]
    assert min(marked[2:]) > 10
    assert "not converged" in " ".join(text.get_text() for text in figure.axes[2].texts)
