"""Figures by name: what a file holds, whose settings it follows, and that it shows only what was released."""

from __future__ import annotations

import sys

import matplotlib as mpl
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image
from tests.report.conftest import make_evidence

import missingmodels as mm
from missingmodels.cli import main
from missingmodels.errors import CannotAnswer, ConfigInvalid, InputError
from missingmodels.publish import names
from missingmodels.publish.figure import figure_of
from missingmodels.report.figures.forest import forest
from missingmodels.report.figures.of_many.questioned import BATTERY
from missingmodels.report.figures.of_many.studied import STUDY
from missingmodels.report.figures.pictures import SHOWN, truths
from missingmodels.report.figures.style import INK
from missingmodels.report.lines import lines


def command(capsys, *arguments):
    """Exit code and standard error of a command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["missingmodels", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
    return code, capsys.readouterr().err


def test_names_told_are_those_that_there_are():
    assert tuple(SHOWN) == names.RUN_FIGURES
    assert tuple(BATTERY) == names.BATTERY_FIGURES
    assert tuple(STUDY) == names.STUDY_FIGURES
    assert set(mm.figures.names()) <= set(mm.figures.__all__)


def test_files_hold_their_description(run, tmp_path, capsys):
    alt = figure_of("forest", run).alt
    assert "Forest plot of 5 rate ratios" in alt
    data = tmp_path / "forest.csv"
    assert command(capsys, "figure", "forest", run, "-o", tmp_path / "forest.png", "--data", data)[0] == 0
    assert data.read_text(encoding="utf-8").count("\n") == 6
    for ending in ("svg", "pdf"):
        figure_of("forest", run).save(tmp_path / f"forest.{ending}")
    assert Image.open(tmp_path / "forest.png").text["Description"] == alt
    svg = (tmp_path / "forest.svg").read_text(encoding="utf-8")
    assert 'role="img"' in svg
    assert f"<desc>{alt}</desc>" in svg
    assert alt.encode() in (tmp_path / "forest.pdf").read_bytes()


def test_nothing_is_overwritten_unless_asked(run, tmp_path, capsys):
    path = tmp_path / "forest.svg"
    path.write_text("mine", encoding="utf-8")
    code, said = command(capsys, "figure", "forest", run, "-o", path)
    assert (code, path.read_text(encoding="utf-8")) == (2, "mine")
    assert "the file exists" in said
    assert command(capsys, "figure", "forest", run, "-o", path, "--overwrite")[0] == 0
    assert path.read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("forrest", "a.png"), "did you mean"), (("forest", "a.gif"), "cannot be written as .gif"),
     (("robustness", "a.png"), "robustness RUN"), (("power", "a.png"), "name the folder of a study")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_told_and_nothing_is_written(run, tmp_path, capsys, arguments, told):
    name, file = arguments
    code, said = command(capsys, "figure", name, run, "-o", tmp_path / file)
    assert code == 2
    assert told in said
    assert list(tmp_path.iterdir()) == []


def texts(figure):
    return [text for text in figure.findobj(Text) if text.get_text().strip()]


@pytest.mark.parametrize("name", names.RUN_FIGURES)
def test_a_users_font_holds_in_every_text(whole_studies, name):
    with mpl.rc_context({"font.family": "serif"}):
        figure, data = getattr(mm.figures, name)(make_evidence())
    assert isinstance(figure, Figure)
    assert len(data)
    assert {tuple(text.get_fontfamily()) for text in texts(figure)} == {("serif",)}


def test_a_users_size_scales_figure_and_text_alike():
    plain, _ = mm.figures.forest(make_evidence())
    with mpl.rc_context({"font.size": 18}):
        large, _ = mm.figures.forest(make_evidence())
    for one, other in zip(texts(plain), texts(large), strict=True):
        assert other.get_fontsize() == pytest.approx(2 * one.get_fontsize()), one.get_text()
    assert tuple(large.get_size_inches()) == pytest.approx(tuple(2 * plain.get_size_inches()))


def test_ink_follows_a_users_dark_background():
    with mpl.rc_context({"axes.facecolor": "black", "figure.facecolor": "black", "text.color": "white"}):
        figure, _ = mm.figures.forest(make_evidence())
    colours = {to_hex(text.get_color()) for text in texts(figure)}
    assert INK not in colours
    assert "#ffffff" in colours


def test_a_figure_of_one_panel_is_drawn_into_axes_and_leaves_the_rest(whole_studies):
    figure = Figure(figsize=(9, 4))
    left, right = figure.subplots(1, 2)
    for name, shown in SHOWN.items():
        right.clear()
        if shown.one_panel:
            drawn = getattr(mm.figures, name)(make_evidence(), ax=right)
            assert drawn.figure is figure
            assert right.lines
    assert figure.axes == [left, right]
    assert tuple(figure.get_size_inches()) == (9, 4)
    assert not left.lines


def test_the_truth_of_a_world_is_marked_where_it_is_asked():
    acts = {"exposure": "peer_presence", "log_rate_ratio": 0.26236426, "window_days": 7}
    made = {"kind": "simulated", "seed": 1, "scenario": {"name": "small", "contagion": acts}}
    assert truths(make_evidence(origin=made)) == {"peer_presence": pytest.approx(1.3)}
    assert truths(make_evidence(origin=made | {"kind": "ssda903"})) == {}
    made["scenario"]["contagion"] = acts | {"window_days": 14}
    assert truths(make_evidence(origin=made)) == {}
    assert truths(make_evidence()) == {}
    marked, plain = (
        forest(lines(make_evidence()), truth=truth) for truth in ({"peer_presence": 1.3}, {"peer_kernel": 1.3})
    )
    diamonds = [line for line in marked.findobj(Line2D) if line.get_marker() == "D"]
    assert [line.get_xdata()[0] for line in diamonds] == [1.3]
    assert not [line for line in plain.findobj(Line2D) if line.get_marker() == "D"]


def test_only_what_was_released_is_drawn(real_run, run):
    with pytest.raises(CannotAnswer):
        figure_of("homes", real_run)
    with pytest.raises(CannotAnswer):
        mm.figures.homes(make_evidence(origin={"kind": "ssda903"}))
    assert len(mm.figures.homes(make_evidence(origin={"kind": "ssda903"}), disclosure="none").data) == 3
    released = run / "release" / "evidence.json"
    held = released.read_bytes()
    try:
        released.write_bytes(held.replace(b"1.303", b"9.303"))
        with pytest.raises(InputError, match="changed"):
            figure_of("forest", run)
    finally:
        released.write_bytes(held)


def test_a_name_that_no_figure_has(run):
    with pytest.raises(ConfigInvalid, match="no figure is called"):
        figure_of("forestt", run)
