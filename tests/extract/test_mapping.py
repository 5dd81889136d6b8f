"""Declared mappings: interviews, a police log, Ofsted's Annex A; faults named all at once; drafts that can be used."""

from __future__ import annotations

import json
import re
import tomllib

import pandas as pd
import pytest
from returns903 import iso, write_return

from missingmodels.errors import ConfigInvalid, ImportFault, InputError
from missingmodels.extract.mapped.draft import draft_mapping
from missingmodels.extract.mapped.headers import SURE, nearness
from missingmodels.extract.mapped.mapping import read_mapping
from missingmodels.extract.mapped.to_table import into_tables, read_mapped
from missingmodels.tables import read_tables
from test_cli import run

INTERVIEWS = """
[[tables]]
table = "interviews"
file = "rhi.csv"
[tables.columns.child_id]
from = "Child Unique ID"
[tables.columns.episode_start_date]
from = "Missing date"
[tables.columns.sequence]
count = true
[tables.columns.offered]
from = "Offered?"
codes = { "Offered and Declined (by YP)" = true, "Offered" = true, "Not Offered (Missing Again)" = false }
[tables.columns.accepted]
from = "Accepted"
[tables.columns.interview_date]
from = "Interview"
"""
RHI = """Child Unique ID,Missing date,Offered?,Accepted,Interview,Notes
c1,10/06/2022,Offered,Y,14/06/2022,She said that Mr Smith
c1,10/06/2022,not offered (missing again),,,
c1,20/06/2022,Offered and Declined (by YP),N,,
who,20/06/2022,Offered,Y,,
c1,soon,Offered,Y,,
c1,21/06/2022,Unsure,maybe,22/06/2022,
"""


@pytest.fixture
def mapping(tmp_path):
    (tmp_path / "rhi.csv").write_text(RHI)
    path = tmp_path / "rhi.toml"
    path.write_text(INTERVIEWS)
    return path


def reasons(table):
    return table.ledger.frame["reason"].tolist()


def test_interviews(mapping):
    (found,) = read_mapped(read_mapping(mapping))
    assert reasons(found) == ["", "", "", "", "episode_start_date_unreadable", ""]
    frame = found.frame
    assert [iso(day) for day in frame["episode_start_date"]] == [
        "2022-06-10", "2022-06-10", "2022-06-20", "2022-06-20", "2022-06-21",
    ]  # fmt: skip
    assert frame["sequence"].tolist() == [0, 1, 0, 0, 0]
    assert [None if pd.isna(x) else x for x in frame["offered"]] == [True, False, True, True, None]
    assert [None if pd.isna(x) else x for x in frame["accepted"]] == [True, None, False, True, None]
    assert any("1 cells hold words that the codes lack: 'Unsure' 1" in note for note in found.ledger.notes)
    assert any("1 cells cannot be read, rows 6" in note for note in found.ledger.notes)
    told = found.ledger.frame["detail"].tolist()[-1]
    assert told == "offered unreadable: unrecorded; accepted unreadable: unrecorded"
    assert "Smith" not in frame.to_csv() + found.ledger.frame.to_csv()


def test_into_tables_by_the_command_line(tmp_path, mapping):
    made = tmp_path / "tables"
    assert run("import", "ssda903", write_return(tmp_path), "--authority", "301", "-o", made).returncode == 0
    done = run("import", "mapping", mapping, "--into", made)
    assert done.returncode == 0, done.stderr
    assert "rhi.csv: set_aside, not_in_tables" in done.stdout
    assert len(read_tables(made)["interviews"]) == 4
    again = run("import", "mapping", mapping, "--into", made)
    assert (again.returncode, "hold interviews already" in again.stderr) == (2, True)
    assert run("import", "mapping", mapping).returncode == 2
    done = run("import", "mapping", "--draft", tmp_path / "rhi.csv", "--table", "interviews")
    assert 'table = "interviews"' in done.stdout


def test_hashed_children_are_met_with_the_same_key_only(tmp_path, mapping):
    key, other, made = tmp_path / "key", tmp_path / "other", tmp_path / "tables"
    key.write_text("0123456789abcdef0")
    other.write_text("f123456789abcdef0")
    run("import", "ssda903", write_return(tmp_path), "--authority", "301", "-o", made, "--key", key)
    for wrong, words in (([], "no key was given for interviews"), (["--key", other], "the key given is another")):
        done = run("import", "mapping", mapping, "--into", made, *wrong)
        assert (done.returncode, words in done.stderr) == (2, True)
    assert run("import", "mapping", mapping, "--into", made, "--key", key).returncode == 0
    assert len(read_tables(made)["interviews"]) == 4


POLICE = """
[[tables]]
table = "missing_episodes"
file = "police.csv"
[tables.columns.child_id]
from = "Misper id"
[tables.columns.start_date]
from = "Missing since"
part = "date"
[tables.columns.start_hour]
from = "Missing since"
part = "hour"
[tables.columns.end_date]
from = "When traced"
part = "date"
[tables.columns.hours_away]
from = "Missing since"
hours_until = "When traced"
[tables.columns.category]
from = "Initial risk"
codes = { "No apparent risk" = "A", "Low" = "M", "Medium" = "M", "High" = "M" }
otherwise = "set_aside"
[tables.columns.sequence]
count = true
[tables.columns.end_is_censored]
value = false
"""


def test_a_police_log_with_times(tmp_path):
    (tmp_path / "police.toml").write_text(POLICE)
    (tmp_path / "police.csv").write_text(
        "Misper id,Missing since,When traced,Initial risk\n"
        "c1,10/06/2022 22:30,11/06/2022 04:00,Medium\n"
        "c1,12/06/2022 09:15,12/06/2022 10:00,no apparent risk\n"
        "c1,13/06/2022,14/06/2022,High\n"
        "c1,15/06/2022 10:00,15/06/2022 09:00,High\n"
        "c1,16/06/2022 10:00,,unknown\n"
    )
    (found,) = read_mapped(read_mapping(tmp_path / "police.toml"))
    frame = found.frame
    assert frame["start_hour"].tolist()[:2] == [22.5, 9.25]
    assert frame["hours_away"].tolist()[:2] == [5.5, 0.75]
    assert frame["hours_away"].isna().tolist() == [False, False, True, True]
    assert frame["category"].tolist() == ["M", "A", "M", "M"]
    assert reasons(found) == ["", "", "", "", "category_unreadable"]


ANNEX_A = """
observed_from = "2020-04-01"
observed_to = "2021-04-01"
[[tables]]
table = "children"
file = "FILE"
sheet = "List 8"
[tables.columns.child_id]
from = "Child Unique ID"
[tables.columns.authority]
value = "301"
[tables.columns.sex]
from = "Gender"
codes = { "a) Male" = "M", "b) Female" = "F" }
[tables.columns.birth_date]
from = "Date of Birth"
[tables.columns.birth_date_precision]
value = "day"
[tables.columns.disability]
from = "Does the Child have a Disability"
codes = { "a) Yes" = true, "b) No" = false }
[tables.columns.recorded_from]
from = "Date Started to be Looked After"
[[tables]]
table = "placements"
file = "FILE"
sheet = "List 8"
[tables.columns.child_id]
from = "Child Unique ID"
[tables.columns.start_date]
from = "Start Date of Most Recent Placement"
[tables.columns.end_date]
from = "Date Ceased to be Looked After"
[tables.columns.placement_type]
from = "Placement Type"
codes = { CODES }
[tables.columns.start_is_truncated]
value = false
"""
# Set f, list 8, by opening the workbook: five children. Women and girls 1761444, 1373595, 14065184; disability said of
# 14065184 and 3623204. Most recent placements, by the code within the text: U6 2009-11-02, U1 2009-11-02,
# U4 2019-07-08, U6 2020-06-11 and H5 2009-07-27, which ended on 2020-09-22. All missing and absent counts are 0.
# The code U1 of the first list is a) … relatives long term.
SET_F = [
    ("1373595", "F", "2003-12-30", False, "2009-11-02", None, "U1"),
    ("14065184", "F", "2007-05-31", True, "2019-07-08", None, "U4"),
    ("1761444", "F", "2002-02-13", False, "2009-11-02", None, "U6"),
    ("2529037", "M", "2018-03-13", False, "2020-06-11", None, "U6"),
    ("3623204", "M", "2003-07-27", True, "2009-07-27", "2020-09-22", "H5"),
]
PLACES = {
    "f) U6: Foster placement - not FFA": "U6",
    "a) U1: Foster placement - relatives - long term": "U1",
    "d) U4: Foster placement - long term": "U4",
    "n) H5: Residential accommodation": "H5",
}


def test_set_f_annex_a_list_8(shared, tmp_path):
    (book,) = (shared / "data" / "sample903" / "set_f_annex_a").glob("*.xlsx")
    codes = ", ".join(f'"{word}" = "{code}"' for word, code in PLACES.items())
    path = tmp_path / "annex.toml"
    path.write_text(ANNEX_A.replace("FILE", str(book)).replace("CODES", codes))
    children, placements = read_mapped(read_mapping(path))
    both = children.frame.merge(placements.frame, on="child_id").sort_values("child_id")
    columns = ["child_id", "sex", "birth_date", "disability", "start_date", "end_date", "placement_type"]
    assert [
        (c, s, iso(b), bool(d), iso(a), iso(e), p) for c, s, b, d, a, e, p in both[columns].itertuples(index=False)
    ] == SET_F
    assert reasons(children) == reasons(placements) == [""] * 5


def test_the_draft_of_set_f_is_its_mapping_but_for_the_authority(shared, tmp_path):
    (book,) = (shared / "data" / "sample903" / "set_f_annex_a").glob("*.xlsx")
    text = draft_mapping(book)
    assert text.count('sheet = "List 8"') == 2
    assert "# [tables.columns.authority] REQUIRED" in text
    # what only a person knows: the authority, and the span
    text = re.sub(r"# \[tables.columns.authority\].*", '[tables.columns.authority]\nvalue = "301"', text)
    text = text.replace(f'"{book.name}"', json.dumps(str(book)))
    path = tmp_path / "annex.toml"
    path.write_text('observed_from = "2020-04-01"\nobserved_to = "2021-04-01"\n' + text)
    declared = read_mapping(path)
    children, placements = read_mapped(declared)
    both = children.frame.merge(placements.frame, on="child_id").sort_values("child_id")
    columns = ["child_id", "sex", "birth_date", "disability", "start_date", "end_date", "placement_type"]
    assert [
        (c, s, iso(b), bool(d), iso(a), iso(e), p) for c, s, b, d, a, e, p in both[columns].itertuples(index=False)
    ] == SET_F
    assert both["provider"].tolist() == ["PR1", "PR5", "PR4", "PR4", "PR4"]
    assert both["ethnicity"].isna().tolist() == [False, True, False, False, False]
    done = run("import", "mapping", path, "-o", tmp_path / "tables")
    assert (done.returncode, "missing_none: the mapping has no missing episodes" in done.stderr) == (2, True)
    assert not (tmp_path / "tables").exists()
    done = run("import", "mapping", path, "-o", tmp_path / "tables", "--accept", "missing_none")
    assert done.returncode == 0, done.stderr
    made = read_tables(tmp_path / "tables")
    assert {name: len(made[name]) for name in ("children", "placements", "homes", "missing_episodes")} == {
        "children": 5, "placements": 5, "homes": 0, "missing_episodes": 0,
    }  # fmt: skip


def test_a_police_log_drafts_with_day_and_hour_apart_whatever_its_headers_say(tmp_path):
    rows = [f"c{n},{n + 1:02d}/06/2022 22:15,{n + 2:02d}/06/2022 03:30,Open" for n in range(8)]
    head = "MisPer Ref,Date/Time Reported Missing,Date/Time Located,Status"
    (tmp_path / "log.csv").write_text("\n".join([head, *rows]))
    columns = tomllib.loads(draft_mapping(tmp_path / "log.csv"))["tables"][0]["columns"]
    assert columns["start_date"]["from"] == "DATE/TIME REPORTED MISSING"
    assert (columns["start_hour"]["from"], columns["start_hour"]["part"]) == ("DATE/TIME REPORTED MISSING", "hour")
    assert (columns["end_date"]["from"], columns["end_date"]["part"]) == ("DATE/TIME LOCATED", "date")
    assert columns["hours_away"]["hours_until"] == "DATE/TIME LOCATED"
    assert columns["category"] == {"value": "M"}  # the status of a case is no category


def test_a_no_in_words_is_proposed_as_one(tmp_path):
    head = "Child ID,Episode date,RHI offered,RHI accepted"
    rows = [
        f"c{n},0{n + 1}/06/2022,{'Offered' if n % 2 else 'Not offered'},{'Yes' if n % 2 else 'Declined'}"
        for n in range(4)
    ]
    (tmp_path / "rhi.csv").write_text("\n".join([head, *rows]))
    columns = tomllib.loads(draft_mapping(tmp_path / "rhi.csv"))["tables"][0]["columns"]
    assert columns["offered"]["codes"] == {"Not offered": False, "Offered": True}
    assert columns["accepted"]["codes"] == {"Declined": False, "Yes": True}


def test_homes_follow_from_placements_where_a_mapping_has_none(tmp_path):
    (tmp_path / "stays.csv").write_text(
        "Child,Placement start,URN,Placement type,LA,DOB\nc1,01/05/2022,SC000001,K2,301,01/01/2010\n"
    )
    text = draft_mapping(tmp_path / "stays.csv")
    (tmp_path / "m.toml").write_text(
        'observed_from = "2022-04-01"\nobserved_to = "2023-04-01"\n'
        + text.replace("# [tables.columns.recorded_from]", '[tables.columns.recorded_from]\nvalue = "2022-04-01"\n#')
    )
    declared = read_mapping(tmp_path / "m.toml")
    made, _ = into_tables(read_mapped(declared), declared, None)
    assert made["homes"][["home_id", "weak_key"]].to_numpy().tolist() == [["SC000001", False]]
    assert made["placements"]["home_id"].tolist() == ["SC000001"]


HEADERS = [
    ("interviews", "episode_start_date", "Date episode began"),
    ("interviews", "episode_start_date", "Missing Episode Start Date"),
    ("interviews", "episode_start_date", "Date of last missing episode"),
    ("interviews", "episode_start_date", "Missing from"),
    ("interviews", "episode_start_date", "When went missing"),
    ("interviews", "episode_start_date", "MISSING_START"),
    ("interviews", "offered", "RHI offered (Y/N)"),
    ("interviews", "accepted", "Did the young person accept the Return Home Interview?"),
    ("interviews", "interview_date", "Date RHI completed"),
    ("interviews", "child_id", "Young Person ID"),
    ("missing_episodes", "child_id", "MisPer Ref"),
    ("missing_episodes", "start_date", "Date/Time reported missing"),
    ("missing_episodes", "start_date", "Incident start"),
    ("missing_episodes", "end_date", "Date located"),
    ("missing_episodes", "end_date", "Returned to placement"),
    ("missing_episodes", "end_date", "When traced"),
    ("placements", "start_date", "Placement start date"),
    ("placements", "start_date", "Date of admission"),
    ("placements", "end_date", "Date ceased"),
    ("placements", "home_id", "Home URN"),
    ("placements", "placement_type", "Placement Type"),
    ("children", "birth_date", "DOB"),
    ("children", "birth_date", "Child's date of birth"),
    ("children", "authority", "Placing LA"),
    ("children", "birth_date", "Dtae of Birth"),
]


@pytest.mark.parametrize(("table", "column", "header"), HEADERS)
def test_headers_that_mean_a_column(table, column, header):
    assert nearness(header, table, column) >= SURE


@pytest.mark.parametrize(
    ("table", "column", "header"),
    [
        ("interviews", "episode_start_date", "Number of missing episodes"),
        ("interviews", "episode_start_date", "Date of interview"),
        ("interviews", "episode_start_date", "Missing end date"),
        ("missing_episodes", "start_date", "CIN Start Date"),
        ("missing_episodes", "start_date", "Start date of current legal status"),
        ("missing_episodes", "child_id", "Episode ID"),
        ("missing_episodes", "child_id", "Child's name"),
        ("children", "authority", "LA of placement"),
        ("children", "birth_date", "Date of placement order"),
        ("placements", "home_id", "Home address"),
    ],
)
def test_headers_that_do_not(table, column, header):
    assert nearness(header, table, column) < SURE


def test_every_fault_of_a_mapping_at_once(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text(
        'observed_form = "2022"\n[[tables]]\ntable = "interviews"\nfile = "x.csv"\n'
        '[tables.columns.child_id]\nfrm = "x"\n[tables.columns.offerd]\nfrom = "y"\n'
        '[tables.columns.quality]\nfrom = "z"\npart = "noon"\n[[tables]]\ntable = "intervews"\nfile = "y.csv"\n'
    )
    with pytest.raises(ConfigInvalid) as caught:
        read_mapping(path)
    for words in (
        "observed_form: not known, did you mean 'observed_from'",
        "interviews.child_id, frm: not known, did you mean 'from'",
        "interviews.child_id: give exactly one of from, value, count",
        "interviews.offerd: no such column, did you mean 'offered'",
        "interviews.quality, part: 'noon' is not one of date, hour",
        "required columns are not mapped: episode_start_date, sequence",
        "'intervews' is not one of",
    ):
        assert words in str(caught.value)
    path.write_text("x = ")
    with pytest.raises(InputError, match="cannot be read as TOML"):
        read_mapping(path)
    with pytest.raises(InputError, match="there is no such mapping"):
        read_mapping(tmp_path / "absent.toml")


def test_columns_and_spans_that_lack(tmp_path, mapping):
    (tmp_path / "rhi.csv").write_text("Child Unique ID,Missing date\nc1,10/06/2022\n")
    with pytest.raises(ImportFault, match="lacks the columns 'Offered\\?', 'Accepted', 'Interview'"):
        read_mapped(read_mapping(mapping))
    (tmp_path / "rhi.csv").write_text(RHI)
    declared = read_mapping(mapping)
    with pytest.raises(ImportFault, match="does not say which span is observed"):
        into_tables(read_mapped(declared), declared, None)


def test_a_draft_is_a_mapping_that_reads(tmp_path):
    kinds = ["Missing" if n % 3 else "Absent" for n in range(8)]
    lines = [f"c{n % 2},{n + 1:02d}/06/2022,{n + 2:02d}/06/2022,{kind},He" for n, kind in enumerate(kinds)]
    head = "Person ID,Missing since,Returned,Episode type,Worker's account"
    (tmp_path / "log.csv").write_text("\n".join([head, *lines]))
    text = draft_mapping(tmp_path / "log.csv")
    declared = tomllib.loads(text)["tables"][0]
    assert declared["table"] == "missing_episodes"
    assert declared["columns"]["category"]["codes"] == {"Absent": "A", "Missing": "M"}
    assert "WORKER'S ACCOUNT" in text.splitlines()[-1]
    (tmp_path / "draft.toml").write_text(text)
    (found,) = read_mapped(read_mapping(tmp_path / "draft.toml"))
    assert len(found.frame) == 8
    assert found.frame["category"].value_counts().to_dict() == {"M": 5, "A": 3}


def test_a_table_twice_is_refused(mapping):
    mapping.write_text(INTERVIEWS + INTERVIEWS.replace("rhi.csv", "rhi_2.csv"))
    with pytest.raises(ConfigInvalid, match=r"interviews: 2 \[\[tables\]\] are of this table.*put the rows into one"):
        read_mapping(mapping)


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ('[tables.columns.child_id]\nfrom = "Child Unique ID"', "", "required columns are not mapped: child_id"),
        (INTERVIEWS[INTERVIEWS.index("[tables.columns.child_id]") :], "columns = 3\n", r"interviews, columns: write"),
        ('from = "Accepted"', "from = 3", "interviews.accepted, from: 3 is no text"),
        ('from = "Accepted"', "value = [1, 2]", "interviews.accepted: value and codes give one"),
        ("\n[[tables]]", 'observed_from = "zzz"\n[[tables]]', "observed_from: 'zzz' is no day, write it as 2022-04-01"),
        ("\n[[tables]]", "observed_to = 3\n[[tables]]", "observed_to: 3 is no day"),
    ],
)
def test_a_mapping_of_the_wrong_types_says_so(mapping, was, now, words):
    assert was in INTERVIEWS
    mapping.write_text(INTERVIEWS.replace(was, now, 1))
    with pytest.raises(ConfigInvalid, match=words):
        read_mapping(mapping)


def test_days_as_toml_has_them_are_read(mapping):
    mapping.write_text("observed_from = 2022-04-01\n" + INTERVIEWS)
    assert read_mapping(mapping).observed_from == "2022-04-01"


def test_what_a_folder_holds_beside_its_tables_stays(tmp_path, mapping):
    made = tmp_path / "tables"
    run("import", "ssda903", write_return(tmp_path), "--authority", "301", "-o", made)
    (made / "notes" / "deep").mkdir(parents=True)
    (made / "notes" / "deep" / "of_mine.txt").write_text("kept")
    (made / "mine.parquet").write_bytes(b"kept")
    assert run("import", "mapping", mapping, "--into", made).returncode == 0
    assert (made / "notes" / "deep" / "of_mine.txt").read_text() == "kept"
    assert (made / "mine.parquet").read_bytes() == b"kept"


def test_a_draft_takes_the_childs_own_id_before_the_reports(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(
        "Misper Ref,Child ID,Last Seen Date/Time,Date/Time Found\nP1,c1,10/06/2022 21:30,11/06/2022 02:00\n"
    )
    assert tomllib.loads(draft_mapping(path))["tables"][0]["columns"]["child_id"]["from"] == "CHILD ID"


OF_EPISODES = """
[[tables]]
table = "interviews"
file = "iv.csv"
[tables.columns.child_id]
from = "Child"
[tables.columns.episode_start_date]
from = "Episode date"
[tables.columns.sequence]
count = true
[tables.columns.offered]
from = "Offered"
"""


def interviews(tmp_path, rows):
    children = [{"CHILD": f"{n:05d}"} for n in range(1, 13)]
    folder = write_return(tmp_path, header=children, episodes=children, missing=children)
    out = tmp_path / "tables"
    if not out.exists():
        assert run("import", "ssda903", folder, "--authority", "301", "-o", out).returncode == 0
    (tmp_path / "iv.csv").write_text("Child,Episode date,Offered\n" + "".join(f"{c},{d},Yes\n" for c, d in rows))
    (tmp_path / "iv.toml").write_text(OF_EPISODES)
    return run("import", "mapping", tmp_path / "iv.toml", "--into", out, "-o", tmp_path / "more", "--overwrite")


def test_a_headline_of_records_stands_on_the_screen(tmp_path):
    done = interviews(tmp_path, [(f"{n:05d}", "10/06/2022" if n > 2 else "11/06/2022") for n in range(1, 13)])
    assert done.returncode == 0
    assert "Look at this: records_matched: 2 of 12 (17 %) interviews meet no missing episode" in done.stdout


def test_ids_of_records_that_lost_zeros_or_digits_are_refused(tmp_path):
    lost = [(f"{n:05d}" if n % 2 else str(n), "10/06/2022") for n in range(1, 13)]
    done = interviews(tmp_path, lost)
    assert done.returncode == 2
    assert "6 of 12 of its rows refer to a child or home of the tables; 6 of their ids would be known" in done.stderr
    done = interviews(tmp_path, [("1.2E+07", "10/06/2022")] * 3)
    assert "Child is cut to a number in scientific notation" in done.stderr


def test_strangers_are_no_unmatched_interviews(tmp_path):
    done = interviews(tmp_path, [(f"{n:05d}", "10/06/2022") for n in range(1, 13)] + [("elsewhere", "10/06/2022")])
    assert done.returncode == 0
    assert "unmatched" not in done.stdout
    assert "not_in_tables" in done.stdout
