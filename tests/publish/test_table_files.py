"""Tables by name: the same numbers in every form, cells that no spreadsheet runs, the same bytes twice."""

from __future__ import annotations

import csv
import io

import docx
import pandas as pd
import pytest
from tests.publish.test_figure_files import command
from tests.report.conftest import make_evidence, row

from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.publish import tabled
from missingmodels.publish.names import RUN_TABLES
from missingmodels.publish.reading import released_lines
from missingmodels.publish.table_files import KINDS, table_file
from missingmodels.publish.tabled import table_of

OWN = [name for name in RUN_TABLES if name != "robustness"]


@pytest.mark.parametrize("name", OWN)
def test_a_table_says_the_same_in_every_form(run, name):
    found = table_of(name, run)
    assert all(len(cells) == len(found.columns) for _, cells in found.rows)
    assert len(found.data)
    made = {kind: table_file(found, kind) for kind in KINDS}
    assert made == {kind: table_file(table_of(name, run), kind) for kind in KINDS}
    (table,) = docx.Document(io.BytesIO(made["docx"])).tables
    assert tuple(cell.text for cell in table.rows[0].cells) == found.columns
    assert tuple(cell.text for cell in table.rows[-1].cells) == found.rows[-1][1]
    html = made["html"].decode()
    assert "http:" not in html
    assert "https:" not in html
    assert found.rows[-1][1][0].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in html
    assert made["tex"].decode().count("\\begin{tabular") == 1
    assert len(list(csv.reader(io.StringIO(made["csv"].decode())))) == len(found.data) + 1


@pytest.mark.parametrize("name", ["effects", "diagnostics"])
def test_no_column_in_word_breaks_a_word(run, name):
    """A letter of 9 points, bold, is at most about 2 mm wide; A4 with margins of 25 mm leaves 16 cm."""
    document = docx.Document(io.BytesIO(table_file(table_of(name, run), "docx")))
    assert round(document.sections[0].page_width.cm, 1) == 21.0
    (table,) = document.tables
    widths = [column.width.cm for column in table.columns]
    assert sum(widths) == pytest.approx(16.0, abs=0.1)
    size = table.rows[0].cells[0].paragraphs[0].runs[0].font.size.pt / 9
    assert size > 0.6
    for place, width in enumerate(widths):
        longest = max((word for row in table.rows[:1] for word in row.cells[place].text.split()), key=len)
        assert width > (0.18 * len(longest) + 0.38) * size, longest


def test_latex_is_written_in_signs_that_every_engine_knows(run):
    """pdflatex stops at characters that its encoding lacks."""
    made = table_file(table_of("effects", run), "tex").decode()
    assert set(made) <= {chr(code) for code in range(128)}
    assert r"$-$" in made
    assert "peers' recent episodes" in made


def test_effects_stand_with_their_numbers(run):
    found = table_of("effects", run)
    group, first = found.rows[0]
    assert group.startswith("H1")
    assert first[1:3] == ("1.30", "1.06 to 1.60")
    assert first[-1] == "supported"
    assert found.data["median"].iloc[0] == 1.303


def test_a_cell_is_no_formula_and_no_mark(monkeypatch, run):
    """Whatever a plan or a column is called: text in every form."""
    hostile = '=cmd|"<script>1</script>\\input{x} & 5 %'
    evidence = make_evidence(rows=(row(label=hostile),), disclosure={"active": False})
    monkeypatch.setattr(tabled, "released_evidence", lambda _: evidence)
    found = table_of("effects", run)
    assert "<script>" not in table_file(found, "html").decode()
    assert "\\input" not in table_file(found, "tex").decode()
    assert next(iter(csv.DictReader(io.StringIO(table_file(found, "csv").decode()))))["label"] == f"'{hostile}"


def test_it_is_written_whole_and_never_over_another(run, tmp_path, capsys):
    path = tmp_path / "effects.docx"
    assert command(capsys, "table", "effects", run, "-o", path)[0] == 0
    code, said = command(capsys, "table", "effects", run, "-o", path)
    assert code == 2
    assert "--overwrite" in said
    assert command(capsys, "table", "effects", run, "-o", tmp_path / "effects.xlsx")[0] == 2
    assert [p.name for p in tmp_path.iterdir()] == ["effects.docx"]


def test_what_a_run_has_not_is_told(real_run, run):
    with pytest.raises(CannotAnswer):
        table_of("effects", real_run)
    with pytest.raises(ConfigInvalid, match="did you mean"):
        table_of("efects", run)


def test_lines_of_a_battery_come_back_as_they_were(monkeypatch, tmp_path):
    """From the CSV that was released: absent numbers, truth values, guarded text."""
    from missingmodels.evidence.robustness.bench import Line
    from missingmodels.publish import reading
    from missingmodels.tables.csv_out import frame_csv

    lines = [
        Line(check="primary", line="=as the plan asks", kind="influence", estimate=1.2, low=1.0, high=1.5,
             probability=0.97, says=False, verdict="the data cannot say"),
        Line(check="together", line="all", kind="alarm", p_value=0.03, says=None),
    ]  # fmt: skip
    path = tmp_path / "robustness.csv"
    path.write_text(frame_csv(pd.DataFrame([line.as_dict() for line in lines])), encoding="utf-8")
    monkeypatch.setattr(reading, "_released", lambda *_, **__: path)
    assert released_lines(tmp_path) == lines
