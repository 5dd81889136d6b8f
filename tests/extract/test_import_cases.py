"""The handed cases of imports, each with its right answer, and further inputs of the same kinds."""

from __future__ import annotations

import csv
import datetime as dt
import shutil

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from returns903 import absences, stays, to_csv, write_return, write_year

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.mapped.mapping import read_mapping
from missingmodels.extract.mapped.to_table import into_tables, read_mapped
from missingmodels.extract.readers.cells import amounts, names_somebody
from missingmodels.extract.readers.dates import column_dates, declared, open_ends_blank, way_on
from missingmodels.extract.returns.ssda903 import dated, read_ssda903
from missingmodels.extract.staff.shift_times import true_hours
from missingmodels.frame.outcomes.interviews import with_interviews

SPAN = 'observed_from = "2023-04-01"\nobserved_to = "2024-04-01"\n'


def notes(found):
    return "\n".join(found.ledger.notes)


@pytest.fixture(scope="module")
def base(shared):
    return read_ssda903(shared / "cases" / "import" / "base", authority="301")


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("null_dec", ""),
        ("c06_midnight_british", ""),
        ("c09_semicolon", "values are separated by semicolons"),
        ("c24c", "missing.csv: lines above the column names left unread: rows 1"),
    ],
)
def test_a_return_written_otherwise_is_the_same_return(shared, base, case, told):
    found = read_ssda903(shared / "cases" / "import" / case, authority="301")
    for name in ("children", "placements", "missing_episodes", "homes"):
        pd.testing.assert_frame_equal(found.tables[name], base.tables[name])
    assert told in notes(found)
    # 5 of the 8 episodes are open
    assert found.tables["placements"]["end_date"].isna().sum() == 5


def test_a_stray_file_beside_the_years_is_told(shared, tmp_path):
    # as handed, its folder holds the dates of another year than it is named by: that is the reason, not the notes
    case = shared / "cases" / "import" / "c47"
    with pytest.raises(ImportFault, match="says 2022-23, but most dates fall in 1 April 2023"):
        read_ssda903(case, authority="301")
    for year in (2022, 2023):
        write_year(tmp_path, year)
    shutil.copy(case / "notes.csv", tmp_path / "notes.csv")
    found = read_ssda903(tmp_path, authority="301")
    assert found.tables.origin["year"] == [2022, 2023]
    assert f"left unread in {tmp_path.name}: notes.csv" in found.ledger.notes


def test_what_lies_beside_the_years_and_is_no_return_is_told(tmp_path):
    for year in (2022, 2023):
        write_year(tmp_path, year)
    (tmp_path / "~$903.xlsx").write_text("the lock of an open workbook")
    (tmp_path / "guidance").mkdir()
    (tmp_path / "guidance" / "guide.pdf").write_text("")
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.save(tmp_path / "summary.xlsx")
    found = read_ssda903(tmp_path, authority="301")
    assert found.tables.origin["year"] == [2022, 2023]
    assert f"left unread in {tmp_path.name}: guidance, summary.xlsx" in found.ledger.notes
    (tmp_path / "guidance").rename(tmp_path / "2023-24")  # a year that holds no return is not passed over
    with pytest.raises(InputError, match="no CSV file, only guide"):
        read_ssda903(tmp_path, authority="301")


def flat(folder, years):
    """Returns in one folder, files named by their year."""
    for year in years:
        for path in write_year(folder / "years", year).iterdir():
            shutil.copy(path, folder / f"{year}_{path.name}")
    shutil.rmtree(folder / "years")
    return folder


def test_files_of_several_years_in_one_folder(tmp_path):
    found = read_ssda903(flat(tmp_path, (2022, 2023)), authority="301")
    assert found.tables.origin["year"] == [2022, 2023]
    (tmp_path / "2023_episodes.csv").rename(tmp_path / "episodes_new.csv")
    with pytest.raises(ImportFault, match="folder of their own"):
        read_ssda903(tmp_path, authority="301")


def test_each_return_may_be_given_its_year(tmp_path):
    one, two = write_year(tmp_path, 2022), write_year(tmp_path, 2023)
    found = read_ssda903([(one, 2022), (two, 2023)], authority="301")
    assert found.tables.origin["year"] == [2022, 2023]
    with pytest.raises(ImportFault, match="most dates fall in"):
        read_ssda903([(one, 2022), (two, 2024)], authority="301")
    assert dated("a/b@2018") == ("a/b", 2018)
    assert dated("a@2017-18") == dated("a@2017-2018") == ("a", 2018)
    assert dated("a@2013..2018") == ("a", (2013, 2018))
    with pytest.raises(InputError, match="is no year"):
        dated("a@2017-19")


def test_one_extract_of_several_years(tmp_path):
    stay = {"DECOM": "01/05/2019", "DEC": "01/06/2021", "REC": "X1"}
    rows = [stay, {"DECOM": "01/06/2021", "RNE": "P", "URN": "SC000002"}]
    away = [{"MIS_START": f"10/06/{year}", "MIS_END": f"12/06/{year}"} for year in (2019, 2020, 2021, 2022)]
    folder = write_return(tmp_path, episodes=rows, missing=away, mark=False)
    with pytest.raises(ImportFault, match=r"no return of one year[\s\S]*@2020\.\.2023"):
        read_ssda903(folder, authority="301")
    found = read_ssda903([(folder, (2020, 2023))], authority="301")
    assert len(absences(found)) == 4
    assert [stay[:2] for stay in stays(found)] == [("2019-05-01", "2021-06-01"), ("2021-06-01", None)]
    assert str(found.tables.observed_from.date()) == "2019-04-01"


@pytest.mark.parametrize("word", ["NULL", "N/A", "None", "nan", "-", "#N/A", "(null)", "31/12/9999", "01/01/1900"])
def test_what_stands_for_no_end(tmp_path, word):
    found = read_ssda903(write_return(tmp_path, episodes=[{"DEC": word}]), authority="301")
    assert [end for _, end, _ in stays(found)] == [None]
    assert ("read as open" in notes(found)) == word[0].isdigit()


def test_an_identifier_is_no_null_word(tmp_path):
    rows = [{"CHILD": "NA"}, {"CHILD": "None"}]
    found = read_ssda903(write_return(tmp_path, header=rows, episodes=rows), authority="301")
    assert {"NA", "None"} <= set(found.tables["children"]["child_id"])


def test_open_ends_are_never_set_aside(tmp_path):
    rows = [{"CHILD": f"c{n}", "DEC": "?"} for n in range(4)]
    folder = write_return(tmp_path, header=[{"CHILD": f"c{n}"} for n in range(4)], episodes=rows)
    with pytest.raises(ImportFault, match="DEC holds '\\?' in 4 rows and is blank in 0"):
        read_ssda903(folder, authority="301", set_aside_bad_dates=True)


@pytest.mark.parametrize(
    ("form", "cell", "day"),
    [
        ("DD-MON-YY", "01-APR-23", "2023-04-01"),
        ("DD/MM/YY", "01/04/23", "2023-04-01"),
        ("D/M/YYYY", "1/4/2023 00:00", "2023-04-01"),
        ("YYYYMMDD", "20230401", "2023-04-01"),
        ("SERIAL1904", "43555", "2023-04-01"),
        (None, "45017", "2023-04-01"),
        (None, "01/04/2023 00:00:00", "2023-04-01"),
        (None, "01/04/2023 12:00:00 AM", "2023-04-01"),
        (None, "2023-04-01T00:00Z", "2023-04-01"),
        (None, "01/04/2023 08:00", "NaT"),
        (None, "01/04/23", "NaT"),
        (None, "1/4/2023", "NaT"),
    ],
)
def test_forms_of_dates(form, cell, day):
    found, _ = column_dates(pd.Series([cell, cell], dtype="str"), declared(form))
    assert str(found[0])[:10] == day


def test_short_years_have_a_short_placeholder_for_ends_only():
    cells = pd.Series(["31-DEC-99", "01-APR-23"], dtype="str")
    assert open_ends_blank(cells, declared("DD-MON-YY"))[0].tolist() == ["", "01-APR-23"]
    assert open_ends_blank(cells)[0].tolist() == cells.tolist()
    for wrong in ("DD/MM", "DD/MM/YYYY/YY", "soon"):
        with pytest.raises(InputError, match="no form of dates"):
            declared(wrong)


@pytest.mark.parametrize(
    ("cell", "form"),
    [
        ("01 June 2023", "D Mon YYYY"),
        ("1-Sept-2023", "D Mon YYYY"),
        ("2023-06-01T00:00:00+00:00", "YYYY-MM-DD"),
        ("01/06/2023 12.00.00 AM", "DD/MM/YYYY"),
    ],
)
def test_forms_that_need_no_declaration(cell, form):
    day, found = column_dates(pd.Series([cell, ""], dtype="str"))
    assert (day.dt.day[0], day.dt.year[0], found.name) == (1, 2023, form)


@pytest.mark.parametrize(
    ("cell", "form"),
    [
        ("01.06.2023", "DD.MM.YYYY"),
        ("01-06-2023", "DD-MM-YYYY"),
        ("2023/06/01", "YYYY/MM/DD"),
        ("01 Jun 23", "DD MON YY"),
    ],
)
def test_other_signs_between_day_and_month_are_proposed(cell, form):
    assert f"--dates {form}" in way_on(pd.Series([cell]))


def test_a_form_that_fits_is_proposed(tmp_path):
    folder = write_return(tmp_path, missing=[{"MIS_START": "10-JUN-22", "MIS_END": "12-JUN-22"}])
    with pytest.raises(ImportFault, match="--dates DD-MON-YY"):
        read_ssda903(folder, authority="301")
    found = read_ssda903(folder, authority="301", dates="DD-MON-YY")
    assert [row[:2] for row in absences(found)] == [("2022-06-10", "2022-06-12")]


def test_a_form_that_does_not_fit_is_not_proposed():
    assert "swapped" in way_on(pd.Series(["06/15/2023", "12/20/2023"]))
    assert "no calendar has these days" in way_on(pd.Series(["31/02/2025", "30/02/2024"]))
    assert "--dates D/M/YYYY" in way_on(pd.Series(["6/5/2023", "20/2/2023"]))


def test_serial_numbers_from_1904_are_told(tmp_path):
    folder = write_return(tmp_path, missing=[{"MIS_START": "43260", "MIS_END": "43262"}] * 9)
    folder = folder.rename(tmp_path / "2022-23")
    episodes = (folder / "episodes.csv").read_text().replace("01/04/2022", "43190").replace("01/09/2022", "43343")
    (folder / "episodes.csv").write_text(episodes.replace("01/12/2022", "43434").replace("01/05/2022", "43220"))
    with pytest.raises(ImportFault, match="--dates SERIAL1904"):
        read_ssda903(folder, authority="301")


def test_invisible_characters_go_from_identifiers_and_are_counted(tmp_path):
    folder = write_return(tmp_path, missing=[{"CHILD": "\u200bc1\ufeff"}])
    found = read_ssda903(folder, authority="301")
    assert found.tables["missing_episodes"]["child_id"].tolist() == ["c1"]
    assert "missing.csv: invisible characters were removed from 1 cells of CHILD" in found.ledger.notes


NAMES = [
    *("Smith, Jane", "Jane Smith", "J. Smith", "O'Brien Kyle 2", "Smith/Jane", "Jane / Smith", "J/Smith", "Smith.Jane"),
    *("Smith_Jane", "JaneSmith", "Smith (Jane)", "smith/jane", "SMITH\\JANE", "Smith|Jane", "12 Jane/Smith"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_child_is_refused_and_not_printed(tmp_path, name):
    folder = write_return(tmp_path, header=[{"CHILD": name}], episodes=[{"CHILD": name}])
    with pytest.raises(ImportFault, match="a person's name in 1 rows; first: 2") as fault:
        read_ssda903(folder, authority="301")
    assert not any(part in str(fault.value).casefold() for part in ("smith", "jane", "kyle"))


def test_first_names_are_told_from_identifiers_by_the_column(tmp_path):
    names = ["Jane", "Kyle", "Ann", "c1"]
    folder = write_return(tmp_path, header=[{"CHILD": name} for name in names], mark=False)
    with pytest.raises(ImportFault, match="a person's name in 3 rows; first: 2, 3, 4"):
        read_ssda903(folder, authority="301")


@pytest.mark.parametrize("child", ["N/A", "#N/A", "NORULE_BAD", "301/000123", "CH/0001/AB", "LA000-00012", "CHILD10"])
def test_what_is_no_name(child):
    assert not names_somebody(child)


def test_a_name_in_a_mapping_needs_a_crosswalk_and_is_not_printed(tmp_path):
    rows = [{"Misper": "Jane Smith", "Episode": "05/06/2023", "Offered": "Y"}]
    with pytest.raises(ImportFault, match=r"a person's name in 1 rows; first: 2[\s\S]*crosswalk") as fault:
        mapped(tmp_path, INTERVIEWS.replace('crosswalk = "ids.csv"\n', ""), rows)
    assert "Smith" not in str(fault.value)
    (tmp_path / "ids.csv").write_text("name,ours\nJane Smith,000123\n")
    _, (found,) = mapped(tmp_path, INTERVIEWS, rows)
    assert found.frame["child_id"].tolist() == ["000123"]


def test_an_interview_a_day_off_makes_no_episode_not_offered(tmp_path, base):
    (tmp_path / "ids.csv").write_text("police,ours\nP1,000123\n")
    rows = [{"Misper": "P1", "Episode": "05/06/2023", "Offered": "Y"}]
    mapping, found = mapped(tmp_path, INTERVIEWS, rows)
    tables, _ = into_tables(found, mapping, base.tables)
    episodes = tables["missing_episodes"].query("child_id == '000123'").sort_values("start_date")
    both = with_interviews(episodes, tables["interviews"])
    # of the episodes of 4 June and 1 November, the first is near the interview: nobody can say that none was offered
    assert both["in_doubt"].tolist() == [True, False]


def test_a_day_that_cannot_be_read_says_how_to_go_on(shared, base):
    (found,) = read_mapped(read_mapping(shared / "cases" / "import" / "mapping" / "p4b.toml"))
    assert found.ledger.frame["reason"].tolist() == ["", "", "start_date_unreadable"]
    assert any("start_date: 1 cells cannot be read" in n and "D/M/YYYY" in n for n in found.ledger.notes)


@pytest.mark.parametrize(
    ("cell", "number"),
    [("0,8", 0.8), ("1,234", 1234), ("1,234.5", 1234.5), ("37.5", 37.5), ("1,2,3", None), ("", None)],
)
def test_commas_in_numbers(cell, number):
    (found,) = amounts(pd.Series([cell], dtype="str"))
    assert (None if pd.isna(found) else found) == number


def test_a_birth_told_otherwise_than_in_the_header(tmp_path):
    other = {"DOB": "16/06/2006"}
    found = read_ssda903(write_return(tmp_path / "one", missing=[other]), authority="301")
    assert len(absences(found)) == 1
    assert "1 missing rows tell another DOB than the header" in found.ledger.notes
    rows = [other | {"MIS_START": f"{day}/06/2022", "MIS_END": f"{day}/06/2022"} for day in (10, 12, 14)]
    with pytest.raises(ImportFault, match="DOB is another than the header's in 3 of 3"):
        read_ssda903(write_return(tmp_path / "most", missing=rows), authority="301")
    month = read_ssda903(write_return(tmp_path / "month", missing=[{"DOB": "01/06/2006"}]), authority="301")
    assert "another DOB" not in notes(month)


def test_titles_above_the_names_of_a_sheet(tmp_path):
    folder = write_return(tmp_path, missing=[{}])
    book = openpyxl.Workbook()
    for table in ("header", "episodes", "missing"):
        sheet = book.create_sheet(table)
        sheet.append([f"Extract of {table}, by team", "v2"])
        for line in (folder / f"{table}.csv").read_text().splitlines():
            sheet.append(line.split(","))
    book.save(tmp_path / "return.xlsx")
    found = read_ssda903(tmp_path / "return.xlsx", authority="301")
    assert len(absences(found)) == 1
    assert "return.xlsx, sheet missing: lines above the column names left unread: rows 1" in found.ledger.notes


def mapped(tmp_path, text, rows, name="log.csv"):
    (tmp_path / name).write_text(to_csv(rows, rows[0]))
    (tmp_path / "m.toml").write_text(SPAN + text)
    mapping = read_mapping(tmp_path / "m.toml")
    return mapping, read_mapped(mapping)


def test_hours_across_the_change_of_clocks(shared):
    (found,) = read_mapped(read_mapping(shared / "cases" / "import" / "mapping" / "p4b.toml"))
    assert found.frame["hours_away"].tolist() == [3.0, 53.0]
    assert found.frame["start_hour"].tolist() == [23.5, 23.5]


def test_a_moment_that_no_clock_showed_is_the_hour_after():
    start = pd.Series(pd.to_datetime(["2024-03-31 01:30", "2024-03-30 23:30"]))
    assert true_hours(start, pd.Series(pd.to_datetime(["2024-03-31 03:30"] * 2))).tolist() == [1.0, 3.0]


def test_a_mapping_that_leaves_no_row_replaces_nothing(shared, base):
    mapping = read_mapping(shared / "cases" / "import" / "mapping" / "p4.toml")
    with pytest.raises(ImportFault, match="no row is left for missing_episodes of the 3 read"):
        into_tables(read_mapped(mapping), mapping, base.tables, replace=True)


INTERVIEWS = """
[[tables]]
table = "interviews"
file = "log.csv"
[tables.columns.child_id]
from = "Misper"
crosswalk = "ids.csv"
[tables.columns.episode_start_date]
from = "Episode"
[tables.columns.sequence]
count = true
[tables.columns.offered]
from = "Offered"
codes = { "Y" = true, "N/A" = false }
"""


def test_an_interview_a_day_off_is_flagged_and_a_crosswalk_names_the_child(tmp_path, base):
    (tmp_path / "ids.csv").write_text("police,ours\nP1,000123\nP2,000124\n")
    rows = [
        {"Misper": "P1", "Episode": "05/06/2023", "Offered": "N/A"},
        {"Misper": "P2", "Episode": "10/07/2023", "Offered": "Y"},
        {"Misper": "P9", "Episode": "10/07/2023", "Offered": "Y"},
    ]
    mapping, found = mapped(tmp_path, INTERVIEWS, rows)
    tables, (ledger,) = into_tables(found, mapping, base.tables)
    assert tables["interviews"]["child_id"].tolist() == ["000123", "000124"]
    assert tables["interviews"]["offered"].tolist() == [False, True]
    assert ledger.frame["reason"].tolist() == ["", "", "child_id_not_in_crosswalk"]
    assert ledger.frame["detail"].str.startswith("unmatched").tolist() == [True, False, False]


def test_a_missing_column_is_told_without_the_headers(tmp_path):
    rows = [{"Alex P": "08:00-22:00", "Misper": "P1", "Episodes": "", "Offered": ""}]
    with pytest.raises(ImportFault, match="nearest are EPISODES") as fault:
        mapped(tmp_path, INTERVIEWS, rows)
    assert "alex" not in str(fault.value).casefold()


@pytest.mark.parametrize("guarded", ['="c1"', "'c1", "\uff431", "c1.00"])
def test_what_keeps_text_from_being_a_number_is_no_part_of_an_identifier(tmp_path, guarded):
    found = read_ssda903(write_return(tmp_path, missing=[{"CHILD": guarded}]), authority="301")
    assert found.tables["missing_episodes"]["child_id"].tolist() == ["c1"]


def test_quotes_and_commas_in_identifiers_are_told_of_as_zeros_are(tmp_path):
    rows = [{"CHILD": "1234"}]
    folder = write_return(tmp_path, header=rows, episodes=rows, missing=[{"CHILD": "1,234"}] * 5)
    with pytest.raises(ImportFault, match="1 of their ids would be known if zeros, case and spaces did not count"):
        read_ssda903(folder, authority="301")


def test_column_names_with_spaces_and_hyphens(tmp_path):
    folder = write_return(tmp_path, missing=[{}])
    for path in folder.iterdir():
        head, *lines = path.read_text().splitlines()
        path.write_text("\n".join([head.replace("_", " ").lower(), *lines]) + "\n")
    assert len(read_ssda903(folder, authority="301").tables["missing_episodes"]) == 1


def test_text_in_utf_32(tmp_path):
    folder = write_return(tmp_path, missing=[{}])
    for path in folder.iterdir():
        path.write_bytes(path.read_text().encode("utf-32"))
    found = read_ssda903(folder, authority="301")
    assert "utf-32" in notes(found)
    assert "invisible" not in notes(found)


def test_returns_in_a_folder_within_the_folder(tmp_path):
    for year in (2022, 2023):
        write_year(tmp_path / "903", year)
    assert read_ssda903(tmp_path, authority="301").tables.origin["year"] == [2022, 2023]


def test_a_workbook_that_counts_from_1904_says_so_itself(tmp_path):
    folder = write_return(tmp_path, missing=[{}])
    plain = read_ssda903(folder, authority="301")
    book, first = openpyxl.Workbook(), dt.datetime(1904, 1, 1)
    book.epoch = CALENDAR_MAC_1904
    book.remove(book.active)
    for path in folder.iterdir():
        sheet = book.create_sheet(path.stem)
        for line in csv.reader(path.read_text().splitlines()):
            sheet.append([(dt.datetime.strptime(c, "%d/%m/%Y") - first).days if "/" in c else c for c in line])
    book.save(tmp_path / "mac.xlsx")
    found = read_ssda903(tmp_path / "mac.xlsx", authority="301")
    for name in ("children", "placements", "missing_episodes"):
        pd.testing.assert_frame_equal(found.tables[name], plain.tables[name])
    assert "days from 1904" in notes(found)
