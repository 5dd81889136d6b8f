"""Staff files as they come: the handed ones with their right answers, and further ones of each kind."""

from __future__ import annotations

import openpyxl
import pytest
from returns903 import to_csv
from test_staffing import PERIOD, SHIFT, SPELL, one, reasons, times

from missingmodels.errors import ConfigInvalid, ImportFault
from missingmodels.extract.staff.staffing import read_staffing
from missingmodels.extract.staff.wide_rota import read_rota_shape
from missingmodels.extract.words import Words

WIDE = """
[rota]
across = "people"
home = "Home"
week = "Week commencing"
day = "Shift"
[rota.cells]
"SI" = "22:00-08:00 sleep_in"
"OFF" = ""
"A/L" = ""
"""
NAMES = ("alex", "blake", "casey", "jenny")


def shape(tmp_path, text):
    path = tmp_path / "rota.toml"
    path.write_text(text)
    return read_rota_shape(path)


def no_name(text):
    return not any(name in text.casefold() for name in NAMES)


def test_sleep_ins_are_not_on_duty(shared):
    (found,) = read_staffing(shared / "cases" / "import" / "staffing" / "sleepin.csv")
    assert found.frame["shift_type"].value_counts().to_dict() == {"day": 10, "sleep_in": 9}


@pytest.mark.parametrize("word", ["S/I", "SI", "SLEEP IN - ON SITE", "Sleepover", "Sleeping in (room 2)"])
def test_words_for_sleep_ins(tmp_path, word):
    assert one(tmp_path, [{"Shift type": word}], SHIFT).frame["shift_type"].tolist() == ["sleep_in"]


def test_unknown_words_stop_the_import_until_they_are_mapped(tmp_path):
    rows = [{"Staff ID": "Jenny Marsh", "Shift type": word} for word in ("TWI", "twi", "Waking or sleep in", "Jenny")]
    with pytest.raises(ImportFault, match=r"4 rows .*'TWI' \(1\), 'twi' \(1\).* 1 that may hold a name") as fault:
        one(tmp_path, rows, SHIFT)
    assert "--words" in str(fault.value)
    assert no_name(str(fault.value))
    words = Words({"shift": {"twi": "day", "waking or sleep in": "sleep_in", "jenny": "other"}})
    found = one(tmp_path, [row | {"Staff ID": str(n)} for n, row in enumerate(rows)], SHIFT, words=words)
    assert found.frame["shift_type"].tolist() == ["day", "day", "sleep_in", "other"]


def test_a_contract_in_local_words_is_shown_and_can_be_mapped(shared):
    path = shared / "cases" / "import" / "staffing" / "hr.csv"
    with pytest.raises(ImportFault, match=r"'Perm - Full Time' \(1\)[\s\S]*\[contract\]"):
        read_staffing(path)
    words = Words({"contract": {"perm - full time": "permanent"}, "role": {"therapeutic practitioner": "care"}})
    (found,) = read_staffing(path, words=words)
    kept = found.frame.set_index("staff_id")
    assert kept.loc["0013", "employment"] == "permanent"
    assert kept["role"].to_dict() == {
        "0012": "care", "0013": "senior_care", "0014": "other", "0015": "care", "0016": "manager",
    }  # fmt: skip
    assert any("'Cook' (1)" in note for note in found.ledger.notes)


def test_two_agency_workers_under_one_placeholder_are_two(shared):
    (found,) = read_staffing(shared / "cases" / "import" / "staffing" / "long.csv")
    both = found.frame[found.frame["staff_id"].str.startswith("agency")]
    assert both["staff_id"].tolist() == ["agency 1", "agency 2"]
    lines = found.ledger.frame.set_index("row")
    assert lines.loc[[12, 13], "outcome"].tolist() == ["used", "used"]
    assert lines.loc[11, "reason"] == "not_worked"
    assert lines.loc[10, "outcome"] == "used"  # 8:00 AM to 8:00 PM


def test_agency_shifts_without_a_name_count(tmp_path):
    agency = {"Staff ID": "", "Employment type": "Agency"}
    rows = [agency, agency, agency | {"Start": "09:00"}, {"Staff ID": ""}, agency | {"Status": "Rota"}]
    found = one(tmp_path, rows, SHIFT)
    assert reasons(found) == ["", "", "", "staff_blank", "planned_and_worked"]
    assert found.frame["staff_id"].tolist() == ["agency 1", "agency 1", "agency 2"]


def test_several_files_make_one_table(tmp_path):
    for month, day in (("june", "10/06/2022"), ("july", "10/07/2022")):
        rows = [SHIFT | {"Date": day}, SHIFT | {"Date": "01/07/2022", "End": "20:00" if month == "june" else "21:00"}]
        (tmp_path / f"{month}.csv").write_text(to_csv(rows, SHIFT))
    (tmp_path / "hr.csv").write_text(to_csv([SPELL], SPELL))
    found = {t.name: t for t in read_staffing([tmp_path / f"{name}.csv" for name in ("june", "july", "hr")])}
    shifts = found["staff_shifts"]
    assert [start[:10] for start, _ in times(shifts)] == ["2022-06-10", "2022-07-01", "2022-07-10"]
    lines = shifts.ledger.frame
    assert lines[["file", "row", "outcome"]].to_numpy().tolist() == [
        ["june.csv", 2, "used"], ["june.csv", 3, "used"], ["july.csv", 2, "used"], ["july.csv", 3, "set_aside"],
    ]  # fmt: skip
    assert set(shifts.digests) == {"june.csv", "july.csv"}
    assert len(found["staff_spells"].frame) == 1


def test_a_wide_rota_is_read_by_its_declared_shape(shared, tmp_path):
    path = shared / "cases" / "import" / "staffing" / "wide.csv"
    with pytest.raises(ImportFault, match="only HOME, SHIFT and 4 that are not") as fault:
        read_staffing(path)
    assert no_name(str(fault.value))
    with pytest.raises(ImportFault, match=r"'SI' \(2\)") as fault:
        read_staffing(path, status="worked", rota=shape(tmp_path, WIDE.split('"SI"')[0]))
    assert no_name(str(fault.value))
    (found,) = read_staffing(path, status="worked", rota=shape(tmp_path, WIDE))
    # two day shifts, two sleep-ins, one OFF and one A/L that are no shifts
    made = found.frame.set_index("staff_id")
    assert [str(x) for x in made.loc["ALEX P", ["start_time", "end_time"]]] == [
        "2024-03-25 08:00:00", "2024-03-25 22:00:00",
    ]  # fmt: skip
    assert made["shift_type"].fillna("").tolist() == ["", "sleep_in", "", "sleep_in"] or len(made) == 4
    assert sorted(found.ledger.frame["reason"]) == ["", "", "", "", "not_worked", "not_worked"]
    assert no_name("\n".join(found.ledger.notes) + found.ledger.frame.to_csv())


def test_a_rota_with_days_across(tmp_path):
    text = '[rota]\nacross = "days"\nhome_id = "SC000001"\nstaff = "Name"\nweek = "Week"\n'
    (tmp_path / "week.csv").write_text("Name,Week,Mon,Tues,Notes\nJenny,25/03/2024,08:00-20:00,,x\n")
    (found,) = read_staffing(tmp_path / "week.csv", status="planned", rota=shape(tmp_path, text))
    assert times(found) == [("2024-03-25 08:00:00", "2024-03-25 20:00:00")]
    with pytest.raises(ConfigInvalid, match=r"across[\s\S]*home_id"):
        shape(tmp_path, '[rota]\nacross = "x"\nday = "Shift"\n')


def test_totals_in_full_time_equivalents(tmp_path):
    bare = {name: value for name, value in PERIOD.items() if name not in ("Headcount", "Leavers", "Starters")}
    found = one(tmp_path, [{"FTE in post": "6.5", "Leavers FTE": "0.8"}], bare | {"FTE in post": "", "Leavers FTE": ""})
    assert found.frame[["permanent_headcount", "permanent_leavers"]].to_numpy().tolist() == [[6.5, 0.8]]
    assert any("full-time equivalents" in note for note in found.ledger.notes)
    both = one(tmp_path, [{"FTE in post": "6.5"}], PERIOD | {"FTE in post": ""})
    assert both.frame["permanent_headcount"].tolist() == [7.5]


def test_titles_and_semicolons(tmp_path):
    text = "Rota, June;\n" + to_csv([SHIFT], SHIFT).replace(",", ";")
    (tmp_path / "rota.csv").write_text(text)
    (found,) = read_staffing(tmp_path / "rota.csv")
    assert len(found.frame) == 1


def test_workers_named_as_those_without_a_name_stay_apart(tmp_path):
    rows = [{"Staff ID": name, "Employment type": "Agency"} for name in ("", "Agency 1", "TBC")]
    found = one(tmp_path, rows, SHIFT)
    assert found.frame["staff_id"].nunique() == 3
    assert not found.judged
    assert one(tmp_path, [{"FTE": "0,8"}], SPELL).frame["fte"].tolist() == [0.8]


def test_words_for_the_status_lose_no_shift(tmp_path):
    rows = [{"Status": word, "Staff ID": f"s{n}"} for n, word in enumerate(("Approved", "A/L", "Swapped"))]
    with pytest.raises(ImportFault, match=r"'Approved' \(1\), 'Swapped' \(1\)[\s\S]*\[status\]"):
        one(tmp_path, rows, SHIFT)
    found = one(tmp_path, rows, SHIFT, words=Words({"status": {"approved": "worked", "swapped": ""}}))
    assert reasons(found) == ["", "not_worked", "not_worked"]
    assert found.frame["status"].tolist() == ["worked"]


def test_an_agencys_name_is_nobodys(tmp_path):
    rows = [{"Staff ID": "Agency - Prestige", "Employment type": "Agency"}] * 2
    assert one(tmp_path, rows, SHIFT).frame["staff_id"].tolist() == ["agency 1", "agency 2"]
    rows = [{"Staff ID": "Agency 12", "Employment type": "Agency"}] * 2
    assert one(tmp_path, rows, SHIFT).frame["staff_id"].tolist() == ["Agency 12"]


@pytest.mark.parametrize(
    ("fact", "word"), [("Shift type", "Cover: Jordan"), ("Employment", "Jordan Hill"), ("Status", "swapped with Sam")]
)
def test_a_name_of_nobody_in_the_files_is_not_shown_either(tmp_path, fact, word):
    with pytest.raises(ImportFault, match="1 that may hold a name; first rows: 2") as fault:
        one(tmp_path, [{fact: word}], SHIFT)
    assert not any(name in str(fault.value).casefold() for name in ("jordan", "hill", "sam "))


def test_a_word_for_leave_can_be_mapped_to_no_shift(tmp_path):
    rows = [{"Staff ID": "S1"}, {"Staff ID": "S2", "Shift type": "Rest day"}]
    with pytest.raises(ImportFault, match=r"'Rest day' \(1\)[\s\S]*\"\" \(no shift\)"):
        one(tmp_path, rows, SHIFT)
    found = one(tmp_path, rows, SHIFT, words=Words({"shift": {"rest day": ""}}))
    assert found.frame["staff_id"].tolist() == ["S1"]
    assert reasons(found) == ["", "not_worked"]


@pytest.mark.parametrize("word", ["AGY", "External", "A. N. Other", "Supply", "Casual", "Unassigned", "???"])
def test_further_words_for_nobody(tmp_path, word):
    found = one(tmp_path, [{"Staff ID": word, "Employment": "Agency"}] * 2, SHIFT)
    assert len(found.frame) == 2


def sheets(tmp_path, **held):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in held.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "rota.xlsx")
    return tmp_path / "rota.xlsx"


def test_a_summary_beside_wide_sheets_is_left_unread(tmp_path):
    rota = [["Home", "Week commencing", "Shift", "Alex P"], ["SC000001", "25/03/2024", "Mon", "08:00-22:00"]]
    path = sheets(tmp_path, March=rota, Totals=[["Person", "Hours"], ["Alex P", "14"]])
    (found,) = read_staffing(path, rota=shape(tmp_path, WIDE), status="worked")
    assert len(found.frame) == 1
    assert "rota.xlsx, sheet Totals: no rota, contracts or totals, its 1 rows left unread" in found.ledger.notes
    path = sheets(tmp_path, March=rota, April=[["Home", "Week", "Shift", "Alex P"], *rota[1:]])
    with pytest.raises(ImportFault, match="it lacks the column WEEK COMMENCING") as fault:
        read_staffing(path, rota=shape(tmp_path, WIDE), status="worked")
    assert no_name(str(fault.value))


def test_a_month_whose_sheet_lacks_a_column_is_not_lost(tmp_path):
    names = ["URN", "Staff ID", "Date", "Start", "End", "Type", "Status"]
    day = ["SC000001", "S1", "01/05/2024", "08:00", "20:00", "Day", "Worked"]
    path = sheets(tmp_path, May=[names, day], June=[[*names[:3], "Begins", *names[4:]], day], Notes=[["Alex"], ["x"]])
    with pytest.raises(ImportFault, match=r"sheet June: it has columns of staff_shifts .* but lacks start"):
        read_staffing(path)
