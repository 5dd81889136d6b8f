"""Rotas, contracts and period totals: one small file for each rule."""

from __future__ import annotations

import pandas as pd
import pytest
from returns903 import to_csv, write_return

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.staff.staffing import read_staffing
from missingmodels.extract.staff.tables import staff_only
from missingmodels.extract.words import SECTIONS, Words
from missingmodels.tables import read_tables
from test_cli import run

SHIFT = {
    **{"Home URN": "SC000001", "Staff ID": "s1", "Date": "10/06/2022", "Start": "08:00", "End": "20:00"},
    **{"Shift type": "Day", "Employment type": "Permanent", "Status": "Worked"},
}
SPELL = {
    **{"URN": "SC000001", "Employee ID": "s1", "Start date": "01/05/2022", "End date": ""},
    **{"Job title": "Residential Support Worker", "Contract type": "Permanent", "FTE": "0.8", "Leaving reason": ""},
}
PERIOD = {
    **{"URN": "SC000001", "Period start": "01/04/2022", "Period end": "30/06/2022", "Headcount": "7.5"},
    **{"Leavers": "1", "Starters": "2", "Hours worked": "3,640", "Agency hours": "364"},
}


def one(folder, rows, default, **more):
    folder.mkdir(exist_ok=True)
    path = folder / "staff.csv"
    path.write_text(to_csv([default | row for row in rows], default))
    (found,) = read_staffing(path, **more)
    return found


def times(found):
    columns = found.frame[["start_time", "end_time"]]
    return [(str(start), str(end)) for start, end in columns.itertuples(index=False)]


def reasons(found):
    return found.ledger.frame["reason"].tolist()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("08:00", "20:00", ("2022-06-10 08:00:00", "2022-06-10 20:00:00")),
        ("22:00", "07:30", ("2022-06-10 22:00:00", "2022-06-11 07:30:00")),
        ("8.00", "8:00", ("2022-06-10 08:00:00", "2022-06-11 08:00:00")),
        ("2200", "00:00", ("2022-06-10 22:00:00", "2022-06-11 00:00:00")),
        ("14:00:00", "24:00", ("2022-06-10 14:00:00", "2022-06-11 00:00:00")),
    ],
)
def test_times_of_day(tmp_path, start, end, expected):
    assert times(one(tmp_path, [{"Start": start, "End": end}], SHIFT)) == [expected]


def test_whole_moments_without_a_date_column(tmp_path):
    row = {name: value for name, value in SHIFT.items() if name != "Date"}
    for start, end in (("2022-06-10 22:00", "2022-06-11T07:30:00"), ("10/06/2022 22:00", "07:30")):
        found = one(
            tmp_path, [{"Start": start, "End": end}, {"Start": "2022-06-12 08:00", "End": "2022-06-12 20:00"}], row
        )
        expected = {"07:30": [], "2022-06-11T07:30:00": [("2022-06-10 22:00:00", "2022-06-11 07:30:00")]}[end]
        # without a date column an end without its day is not guessed: it would lie before the start
        assert times(found)[:-1] == expected
        assert reasons(found) == ["" if expected else "end_before_start", ""]


def test_a_file_of_which_no_row_is_left_is_refused_with_the_reasons(tmp_path):
    with pytest.raises(ImportFault, match=r"no row is left of the 2 of staff_shifts \(bad_time 2\)"):
        one(tmp_path, [{"Start": "soon"}, {"End": "late"}], SHIFT)
    rows = [{"Staff ID": f"s{n}", "Start": "soon" if n % 2 else "08:00"} for n in range(20)]
    (judgement,) = one(tmp_path, [*rows, {"Staff ID": "x", "End": "late"}], SHIFT).judged
    assert (judgement.rule, judgement.severity, judgement.count) == ("staff_kept", "error", 11)


def test_the_night_the_clocks_go_forward_and_back(tmp_path):
    rows = [
        {"Date": "27/03/2022", "Start": "01:30", "End": "08:00"},  # no clock showed 01:30: 02:30 is meant
        {"Date": "30/10/2022", "Start": "01:30", "End": "08:00"},  # shown twice: the first
        {"Date": "26/03/2022", "Start": "22:00", "End": "07:30"},
    ]
    found = one(tmp_path, rows, SHIFT)
    frame = found.ledger.frame
    assert frame["repair"].tolist() == ["clock_forward", "", ""]
    assert (frame["before"][0], frame["after"][0]) == ("start 27/03/2022 01:30", "start 27/03/2022 02:30")
    assert "came twice as the clocks went back" in frame["detail"][1]
    assert ("2022-03-26 22:00:00", "2022-03-27 07:30:00") in times(found)


def test_a_planned_shift_is_folded_into_the_worked_one(tmp_path):
    rows = [
        {"Status": "Rota"},
        {"End": "21:00"},
        {"Staff ID": "s2", "Status": "rota"},
        {"Staff ID": "s3", "Status": "Sick"},
    ]
    found = one(tmp_path, rows, SHIFT)
    assert reasons(found) == ["planned_and_worked", "", "", "not_worked"]
    assert found.frame[["staff_id", "status"]].to_numpy().tolist() == [["s1", "worked"], ["s2", "planned"]]
    assert times(found)[0][1] == "2022-06-10 21:00:00"


def test_status_must_be_said_somewhere(tmp_path):
    row = {name: value for name, value in SHIFT.items() if name != "Status"}
    with pytest.raises(ImportFault, match="no column says whether the shifts were planned or worked"):
        one(tmp_path, [{}], row)
    assert one(tmp_path, [{}], row, status="planned").frame["status"].tolist() == ["planned"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"Home URN": ""}, "home_blank"),
        ({"Staff ID": ""}, "staff_blank"),
        ({"Start": "8am"}, "bad_time"),
        ({"End": "25:00"}, "bad_time"),
        ({"Date": "31/06/2022"}, "bad_date"),
        ({"Status": ""}, "status_blank"),
    ],
)
def test_unusable_shifts_are_set_aside(tmp_path, row, reason):
    assert reasons(one(tmp_path, [row, {"Staff ID": "s9"}], SHIFT)) == [reason, ""]


def test_codes_of_shifts(tmp_path):
    kinds = {"Sleep-in": "sleep_in", "Waking night": "waking_night", "Handover": "handover", "": None, "N/A": None}
    rows = [{"Staff ID": str(n), "Shift type": kind} for n, kind in enumerate(kinds)]
    found = one(tmp_path, rows, SHIFT)
    assert [None if pd.isna(x) else x for x in found.frame["shift_type"]] == list(kinds.values())
    contracts = {"Employed": "permanent", "Relief": "bank", "Agency": "agency", "volunteer": None}
    rows = [{"Staff ID": str(n), "Employment type": kind} for n, kind in enumerate(contracts)]
    found = one(tmp_path, rows, SHIFT)
    assert [None if pd.isna(x) else x for x in found.frame["employment"]] == list(contracts.values())


def test_contracts(tmp_path):
    rows = [
        {},
        {"Employee ID": "s2", "Contract type": "Zero hours", "End date": "30/06/2022", "FTE": "3"},
        {"Employee ID": "s3", "Contract type": "Volunteer"},
        {"Employee ID": "s4", "End date": "01/05/2022"},
        {"Employee ID": "s5", "Leaving reason": "Resigned after what Kyle did", "Job title": "Registered Manager"},
    ]
    found = one(tmp_path, rows, SPELL)
    assert found.name == "staff_spells"
    assert reasons(found) == ["", "", "not_staff", "end_before_start", ""]
    kept = found.frame.set_index("staff_id")
    assert kept["employment"].to_dict() == {"s1": "permanent", "s2": "bank", "s5": "permanent"}
    # no free text: only known words are taken over
    assert (kept.loc["s5", "leave_reason"], kept.loc["s5", "role"], kept.loc["s1", "role"]) == (
        "resigned", "manager", "care",
    )  # fmt: skip
    assert kept["fte"].isna().tolist() == [False, True, False]


def test_jobs_of_care_and_others(tmp_path):
    jobs = {
        **{"Care": "care", "Residential Child Care Officer": "care", "Waking Night Worker": "night_care"},
        **{"Deputy Manager": "deputy_manager", "Caretaker": "other", "Cook": "other", "": None},
    }
    rows = [{"Employee ID": str(n), "Job title": job} for n, job in enumerate(jobs)]
    found = one(tmp_path, rows, SPELL)
    assert [None if pd.isna(x) else x for x in found.frame["role"]] == list(jobs.values())
    assert any("'Caretaker' (1), 'Cook' (1)" in note for note in found.ledger.notes)


@pytest.mark.parametrize("code", [code for code in SECTIONS["role"] if code])
def test_a_job_told_by_its_code_is_that(tmp_path, code):
    assert one(tmp_path, [{"Job title": code}], SPELL).frame["role"].tolist() == [code]


def test_jobs_that_are_not_known_stop_the_import_until_mapped(tmp_path):
    rows = [{"Employee ID": "1", "Job title": "Grade 5 Pod Lead"}, {"Employee ID": "2", "Job title": "Care"}]
    with pytest.raises(ImportFault, match=r"word for the role that is not known: 'Grade 5 Pod Lead' \(1\)") as fault:
        one(tmp_path, rows, SPELL)
    assert "[role]" in str(fault.value)
    found = one(tmp_path, rows, SPELL, words=Words({"role": {"grade 5 pod lead": "team_leader"}}))
    assert found.frame["role"].tolist() == ["team_leader", "care"]


def test_rows_of_one_start_that_differ_are_not_merged(tmp_path):
    # of a person's rows the first stands
    found = one(tmp_path, [{}, {"FTE": "0.5", "End date": "01/09/2022"}, {}], SPELL)
    assert reasons(found) == ["", "same_start_differs", "same_start"]
    assert found.ledger.frame["detail"][1] == "row 2 has the same start, other end_date, fte"
    # a home's totals may be parts, of days and nights for instance: none stands
    found = one(tmp_path, [{}, {"Hours worked": "1,200"}, {"Period start": "02/04/2022"}], PERIOD)
    assert reasons(found) == ["same_start_differs", "same_start_differs", ""]
    assert "row 2 has the same start, other worked_hours" in found.ledger.frame["detail"][1]
    assert reasons(one(tmp_path, [{}, {}], PERIOD)) == ["", "same_start"]
    assert reasons(one(tmp_path, [{}, {"End": "21:00"}], SHIFT)) == ["", "same_start_differs"]


def test_period_totals(tmp_path):
    rows = [{}, {"Period start": "01/07/2022", "Period end": "30/09/2022", "Agency hours": "9999"}, {"Leavers": "two"}]
    found = one(tmp_path, rows, PERIOD)
    assert reasons(found) == ["", "agency_above_worked", "bad_number"]
    row = found.frame.iloc[0]
    assert (row["worked_hours"], row["agency_hours"], row["permanent_headcount"]) == (3640, 364, 7.5)
    # the 30th of June counts
    assert row["end_date"] == pd.Timestamp("2022-07-01")


def test_what_is_no_staffing(tmp_path):
    (tmp_path / "x.csv").write_text("A,B\n1,2\n")
    with pytest.raises(ImportFault, match="only none that is known and 2 that are not"):
        read_staffing(tmp_path / "x.csv")
    with pytest.raises(InputError, match="no such file"):
        read_staffing(tmp_path / "y.csv")


def test_staff_of_their_own(tmp_path):
    tables = staff_only([one(tmp_path, [{}, {"Staff ID": "s2", "Home URN": "SC000002"}], SHIFT)])
    assert tables["homes"]["home_id"].tolist() == ["SC000001", "SC000002"]
    assert (str(tables.observed_from.date()), str(tables.observed_to.date())) == ("2022-06-10", "2022-06-11")


def test_command_line(tmp_path):
    made = tmp_path / "tables"
    assert run("import", "ssda903", write_return(tmp_path), "--authority", "301", "-o", made).returncode == 0
    rota = tmp_path / "rota.csv"
    rota.write_text(to_csv([SHIFT, SHIFT | {"Staff ID": "s2", "Home URN": "SC999999"}], SHIFT))
    done = run("import", "staffing", rota, "--into", made)
    assert done.returncode == 0, done.stderr
    assert "rota.csv: set_aside, home_unknown" in done.stdout
    tables = read_tables(made)
    assert len(tables["staff_shifts"]) == 1
    assert {"ledger.csv", "dq.html", "ledger_staff_shifts.csv"} <= {path.name for path in made.iterdir()}
    again = run("import", "staffing", rota, "--into", made)
    assert again.returncode == 2
    assert "hold staff_shifts already" in again.stderr
    assert run("import", "staffing", rota, "--into", made, "--overwrite").returncode == 0
    assert run("import", "staffing", rota).returncode == 2
    rota.write_text(to_csv([SHIFT | {"Home URN": "SC999999"}], SHIFT))
    done = run("import", "staffing", rota, "--into", made, "--overwrite")
    assert "none of its homes is in the tables; it has SC999999" in done.stderr
    assert len(read_tables(made)["staff_shifts"]) == 1
