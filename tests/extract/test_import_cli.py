"""`missingmodels import …` as typed: what is written, and that nothing is written where the input is refused."""

from __future__ import annotations

import csv
import json
import re
import zipfile

import openpyxl
import pandas as pd
import pytest
from returns903 import write_return, write_year

from missingmodels.errors import InputError
from missingmodels.extract.returns.ssda903 import read_ssda903, returns_in
from missingmodels.runs.importing import write_import
from missingmodels.tables import read_tables
from missingmodels.tables.csv_out import unguarded
from test_cli import run


def test_returns_of_two_years(tmp_path):
    paths = [write_year(tmp_path, year, missing=[{}] if year == 2023 else []) for year in (2023, 2024)]
    out = tmp_path / "tables"
    done = run("import", "ssda903", *paths, "--authority", "301", "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    assert "returns of 2022/23 to 2023/24" in body["notes"]
    ledger = pd.read_csv(out / "ledger.csv", keep_default_na=False)
    # every row of six files; one child's header and stay come twice
    assert len(ledger) == sum(entry["rows"] for entry in body["ledger"]) == 2 * 2 + 2 * 3 + 1
    assert read_tables(out).origin["year"] == [2023, 2024]


def test_a_year_left_out_writes_nothing(tmp_path):
    paths = [write_year(tmp_path, year) for year in (2022, 2024)]
    done = run("import", "ssda903", *paths, "--authority", "301", "-o", tmp_path / "tables")
    assert done.returncode == 2
    assert "301: the return of 2023 is left out between others" in done.stderr
    assert not (tmp_path / "tables").exists()


def test_a_list_without_a_title_is_given_its_day(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["URN", "Provision type", "Places"])
    book.active.append(["SC000001", "Children's Home", 3])
    book.save(tmp_path / "list.xlsx")
    call = ("import", "ssda903", write_return(tmp_path), "--authority", "301", "-o", tmp_path / "tables", "--homes")
    done = run(*call, tmp_path / "list.xlsx")
    assert (done.returncode, "--homes list.xlsx@YYYY-MM-DD" in done.stderr) == (2, True)
    assert "'2024-31-03' is not a date" in run(*call, f"{tmp_path / 'list.xlsx'}@2024-31-03").stderr
    done = run(*call, f"{tmp_path / 'list.xlsx'}@2022-03-31")
    assert done.returncode == 0, done.stderr
    tables = read_tables(tmp_path / "tables")
    assert tables["homes"]["places"].tolist() == [3]
    assert tables.origin["home_lists"][0]["list_date"] == "2022-03-31"


def test_a_set_e_workbook_as_it_is_held(tmp_path, shared):
    path = shared / "data" / "sample903" / "set_e_provider_lists" / "combined_scp_ch_fake.xlsx"
    call = ("import", "ssda903", write_return(tmp_path), "--authority", "301", "-o", tmp_path / "tables", "--homes")
    assert f"--homes {path.name}@YYYY-MM-DD" in run(*call, path).stderr
    assert run(*call, f"{path}@2024-03-31").returncode == 0


def test_a_return_in_an_old_format_is_not_left_out_in_silence(tmp_path):
    held = [write_year(tmp_path, year).name for year in (2023, 2024)]
    assert [path.name for path in returns_in(tmp_path)] == held
    for name in ("2025.xls", "2026.xlsb"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=r"2025\.xls, 2026\.xlsb cannot be read, and may be returns"):
        read_ssda903(tmp_path, authority="301")


def test_what_lies_beside_the_returns_is_told(tmp_path):
    paths = [write_year(tmp_path, year) for year in (2023, 2024)]
    (tmp_path / "read me.txt").write_text("x")
    (paths[0] / "2022.zip").write_bytes(b"")
    (paths[0] / "older").mkdir()
    notes = read_ssda903(tmp_path, authority="301").ledger.notes
    assert f"left unread in {tmp_path.name}: read me.txt" in notes
    assert f"left unread in {paths[0].name}: 2022.zip, older" in notes
    assert not any("left unread in" in note for note in read_ssda903(paths[1], authority="301").ledger.notes)


def test_what_a_zip_holds_beside_the_return_is_told(tmp_path):
    folder, path = write_year(tmp_path, 2024), tmp_path / "year.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for each in folder.iterdir():
            archive.write(each, f"return/{each.name}")
        archive.writestr("return/last_year.xlsx", b"")
        archive.writestr("return/.DS_Store", b"")
    notes = read_ssda903(path, authority="301").ledger.notes
    assert "left unread in year.zip: return/last_year.xlsx" in notes


def test_a_child_named_like_a_formula_is_neutralised_in_all_that_is_written(tmp_path, shared):
    read = read_ssda903(shared / "cases/import/c13e_formula", authority="301")
    hostile = {child for child in read.tables["children"]["child_id"] if not child[0].isalnum()}
    assert hostile
    out = write_import(read.tables, read.ledger, tmp_path / "tables")
    assert set(read_tables(out)["children"]["child_id"]) >= hostile, "the tables hold what the return holds"
    for name in ("ledger.csv", "dq.csv"):
        cells = [cell for line in csv.reader((out / name).read_text().splitlines()) for cell in line]
        assert not [cell for cell in cells if cell[:1] in tuple("=+@\t\r")]
        if name == "ledger.csv":
            assert {unguarded(cell) for cell in cells} >= hostile
    page = (out / "dq.html").read_text()
    assert not re.search("<(?!/?[a-z!])", page)


def test_the_rows_of_a_list_of_homes_are_accounted_for_too(tmp_path, shared):
    book = openpyxl.Workbook()
    for line in (["SC000009", "Children's Home", 4], ["URN", "Provision type", "Places"], ["SC1", "School", 3]):
        book.active.append(line)
    book.save(tmp_path / "list.xlsx")
    homes = f"{tmp_path / 'list.xlsx'}@2022-03-31"
    out = tmp_path / "tables"
    done = run("import", "ssda903", write_return(tmp_path), "--authority", "301", "-o", out, "--homes", homes, "--json")
    assert done.returncode == 0, done.stderr
    told = {(entry["reason"], entry["rows"]) for entry in json.loads(done.stdout)["ledger"]}
    assert {("above_column_names", 1), ("not_a_childrens_home", 1)} <= told
    assert len(pd.read_csv(out / "ledger_homes.csv")) == 2
