"""The thirty edge cases of the import contract (data_formats, section 13.4), one test each, named by its number."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from containers903 import to_workbook
from lists import snapshot
from returns903 import EPISODE, HEADER, absences, fates, iso, read, stays, to_csv, write_return, write_year

from missingmodels.errors import ImportFault
from missingmodels.extract.ofsted.homes import add_homes
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.extract.staff.staffing import read_staffing
from missingmodels.frame.columns.shifts import elapsed
from missingmodels.frame.columns.stays import weak_homes_note
from missingmodels.frame.riskset import NO_HOME, RiskSet, build_risk_set
from missingmodels.plan import Frame
from missingmodels.tables import Tables
from worlds import exposures_of

DAY = pd.Timestamp


def risk_of(tables: Tables, **settings) -> RiskSet:
    return build_risk_set(tables, Frame(**({"burn_in_days": 0} | settings)))


def on(risk: RiskSet, child: str, day: str) -> tuple[int, int]:
    """Row and column of a child's day in the grids."""
    return risk.child_ids.index(child), int((DAY(day) - DAY("1970-01-01")).days) - risk.first_day


def lives(risk: RiskSet, child: str, day: str) -> str | None:
    home = risk.residence[on(risk, child, day)]
    return None if home == NO_HOME else risk.home_ids[home]


def same_tables(one: Tables, other: Tables) -> None:
    for name, frame in one.frames.items():
        pd.testing.assert_frame_equal(other[name], frame)


def test_01_byte_order_mark_crlf_utf16_and_windows_1252(tmp_path):
    plain = read(write_return(tmp_path, missing=[{}]))
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        folder = write_return(tmp_path, missing=[{}])
        for path in folder.iterdir():
            text = path.read_text().replace("AB1 1AA", "Hôtel") if encoding == "cp1252" else path.read_text()
            path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
        found = read(folder)
        same_tables(plain.tables, found.tables)
        assert any("episodes.csv: read as the episodes table" in n and n.endswith(encoding) for n in found.ledger.notes)


def test_02_header_case_spaces_extra_columns_and_order(tmp_path):
    folder = write_return(tmp_path, missing=[{}])
    plain = read(folder)
    for path in folder.iterdir():
        rows = list(csv.reader(io.StringIO(path.read_text())))
        turned = [["x", *reversed(row)] for row in rows]
        turned[0] = ["Local Team", *(f" {name.lower()} " for name in reversed(rows[0]))]
        path.write_text("".join(",".join(row) + "\n" for row in turned))
    found = read(folder)
    same_tables(plain.tables, found.tables)
    assert sum("extra columns ignored: LOCAL TEAM" in note for note in found.ledger.notes) == 3


def test_03_a_missing_column_is_named_with_its_table(tmp_path):
    folder = write_return(tmp_path)
    (folder / "episodes.csv").write_text(to_csv([{k: v for k, v in EPISODE.items() if k != "PLACE"}], {}))
    with pytest.raises(ImportFault, match=r"episodes\.csv should be the episodes table but lacks the column PLACE"):
        read(folder)


def test_04_child_ids_stay_text(tmp_path):
    ids = ["00123", "456.0", "123_301"]
    rows = [{"CHILD": name} for name in ids]
    tables = read(write_return(tmp_path, header=rows, episodes=rows)).tables
    assert set(tables["children"]["child_id"]) == {"00123", "456", "123_301", "mark"}


def test_05_every_blank_is_blank(tmp_path):
    rows = [{"MIS_START": f"{day:02d}/06/2022", "MIS_END": blank} for day, blank in enumerate(BLANKS, start=1)]
    children = [{"CHILD": f"b{n}"} for n in range(len(BLANKS))]
    missing = [row | child for row, child in zip(rows, children, strict=True)]
    found = read(write_return(tmp_path, header=children, episodes=children, missing=missing))
    assert [end for _, end, *_ in absences(found)] == [None] * len(BLANKS)


BLANKS = ("", "  ", "#N/A", "-", "\t")


def test_06_one_form_of_dates_a_column(tmp_path):
    plain = read(write_return(tmp_path, missing=[{}]))
    forms = {"2022-06-10": "YYYY-MM-DD", "44722": "serial number", "10 Jun 2022": "D Mon YYYY"}
    for start, form in forms.items():
        found = read(write_return(tmp_path, missing=[{"MIS_START": start}]))
        same_tables(plain.tables, found.tables)
        assert any("MIS_START read as" in note and form in note for note in found.ledger.notes)
    # Two forms in one column, and an American date, are refused, naming the cell.
    for start in ("2022-06-11", "06/13/2022", "13/13/2022"):
        rows = [{}, {"MIS_START": "12/06/2022"}, {"MIS_START": start, "MIS_END": "20/06/2022"}]
        with pytest.raises(ImportFault, match=rf"missing\.csv row 4, MIS_START: '{start}' is not a date"):
            read(write_return(tmp_path, missing=rows))
    # Day and month that a spreadsheet has swapped, which no cell shows by itself.
    path = to_workbook(write_return(tmp_path, missing=[{"MIS_START": "25/06/2022", "MIS_END": ""}, {"MIS_END": ""}]))
    book = openpyxl.load_workbook(path)
    book["missing"]["D3"] = dt.datetime(2022, 10, 6)
    book.save(path)
    with pytest.raises(ImportFault, match="has probably swapped day and month"):
        read(path)


def test_07_a_reason_without_an_end_is_open_and_flagged(tmp_path):
    found = read(write_return(tmp_path, episodes=[{"REC": "E4A", "DEC": ""}]))
    assert stays(found) == [("2022-05-01", None, "K2")]
    assert "taken as open" in found.ledger.frame.query("table == 'episodes'").iloc[0]["detail"]


def test_08_an_end_that_a_later_return_brings_makes_one_spell(tmp_path):
    spell = {"MIS_START": "28/03/2023"}
    paths = [
        write_year(tmp_path, 2023, missing=[spell | {"MIS_END": ""}]),
        write_year(tmp_path, 2024, missing=[spell | {"MIS_END": "03/04/2023"}]),
    ]
    assert absences(read_ssda903(paths, authority="301")) == [("2023-03-28", "2023-04-03", 0, "M", False)]


def test_09_an_open_spell_of_a_child_who_left_care_is_censored_there(tmp_path):
    found = read(write_return(tmp_path, episodes=[{"DEC": "01/10/2022", "REC": "E8"}], missing=[{"MIS_END": ""}]))
    assert absences(found) == [("2022-06-10", "2022-10-01", 0, "M", True)]


def test_10_an_end_on_the_day_of_a_move_is_censored(tmp_path):
    moves = [{"DEC": "12/06/2022", "REC": "X1"}, {"DECOM": "12/06/2022", "RNE": "P", "PLACE": "U4"}]
    found = read(write_return(tmp_path, episodes=moves, missing=[{}]))
    assert absences(found) == [("2022-06-10", "2022-06-12", 0, "M", True)]


def test_11_equal_starts_in_one_return_are_two_spells(tmp_path):
    day = {"MIS_START": "10/06/2022", "MIS_END": "10/06/2022"}
    found = read(write_return(tmp_path, missing=[day, day]))
    assert [(start, nth) for start, _, nth, _, _ in absences(found)] == [("2022-06-10", 0), ("2022-06-10", 1)]
    risk = risk_of(found.tables)
    assert risk.onset.sum() == 1
    assert risk.same_day_repeats[on(risk, "c1", "2022-06-10")] == 1


def test_12_m_within_a_is_one_absence_of_type_m(tmp_path):
    rows = [
        {"MISSING": "A", "MIS_START": "10/06/2022", "MIS_END": "20/06/2022"},
        {"MISSING": "M", "MIS_START": "12/06/2022", "MIS_END": "14/06/2022"},
    ]
    found = read(write_return(tmp_path, missing=rows))
    assert absences(found) == [("2022-06-10", "2022-06-20", 0, "M", False)]


def test_13_a_spell_across_31_march_or_a_move_is_one_spell_but_counts_in_both_places(tmp_path):
    old = [{"DECOM": "01/05/2022"}]
    new = [{"DECOM": "01/05/2022", "DEC": "05/04/2023", "REC": "X1"},
           {"DECOM": "05/04/2023", "RNE": "P", "URN": "SC000002", "PL_POST": "AB3 3CC"}]  # fmt: skip
    spell = {"MIS_START": "30/03/2023"}
    paths = [
        write_year(tmp_path, 2023, episodes=old, missing=[spell | {"MIS_END": ""}]),
        write_year(tmp_path, 2024, episodes=new, missing=[spell | {"MIS_END": "07/04/2023"}]),
    ]
    tables = read_ssda903(paths, authority="301").tables
    assert len(tables["missing_episodes"]) == 1
    risk = risk_of(tables)
    away = [f"2023-03-{day}" for day in (31,)] + [f"2023-04-{day:02d}" for day in range(1, 7)]
    assert [risk.days_at_risk[on(risk, "c1", day)] for day in away] == [0.0] * 7
    assert (lives(risk, "c1", "2023-04-04"), lives(risk, "c1", "2023-04-06")) == ("SC000001", "SC000002")
    assert risk.days_at_risk[on(risk, "c1", "2023-04-07")] == 0.5


def test_14_a_start_on_the_day_of_a_move_goes_where_the_rule_says(tmp_path):
    moves = [
        {"DEC": "10/06/2022", "REC": "X1"},
        {"DECOM": "10/06/2022", "RNE": "P", "URN": "SC000002", "PL_POST": "AB3 3CC"},
    ]
    tables = read(write_return(tmp_path, episodes=moves, missing=[{}])).tables
    expected = {"ending": ("SC000001", 1), "starting": ("SC000002", 1), "drop": ("SC000002", 0)}
    for rule, (home, onsets) in expected.items():
        risk = risk_of(tables, boundary=rule)
        assert (lives(risk, "c1", "2022-06-10"), int(risk.onset.sum())) == (home, onsets)
        assert risk.notes[f"episodes on a moving day (rule: {rule})"] == 1


def test_15_a_missing_child_without_episodes_is_an_orphan_and_counted(tmp_path, shared: Path):
    header = [{}, {"CHILD": "c2"}]
    found = read(write_return(tmp_path, header=header, missing=[{}, {"CHILD": "c2"}, {"CHILD": "nobody"}]))
    assert fates(found, "missing", 3) == [("used", ""), *[("set_aside", "mis_orphan")] * 2]
    sample = read(shared / "data" / "sample903" / "set_a_single_return_csv").ledger.frame
    assert (sample.query("table == 'missing'")["reason"] == "mis_orphan").sum() == 7


def test_16_an_episode_in_two_returns_has_the_newest_code(tmp_path):
    paths = [write_year(tmp_path, 2023), write_year(tmp_path, 2024, episodes=[{"PLACE": "K1"}])]
    found = read_ssda903(paths, authority="301")
    assert stays(found) == [("2022-05-01", None, "K1")]
    told = found.ledger.frame.query("reason == 'resubmitted_changed'").iloc[0]
    assert told["detail"].endswith("PLACE K2 → K1")


def test_17_open_in_an_old_year_and_absent_later_ends_on_31_march(tmp_path):
    paths = [write_year(tmp_path, 2023), write_year(tmp_path, 2024, header=[], episodes=[])]
    found = read_ssda903(paths, authority="301")
    assert stays(found) == [("2022-05-01", "2023-03-31", "K2")]
    assert found.ledger.repairs["repair"].tolist() == ["epi_lost_open"]


def test_18_a_temporary_move_is_an_absence_and_no_arrival(tmp_path):
    rows = [
        {"DEC": "01/07/2022", "REC": "X1"},
        {"DECOM": "01/07/2022", "RNE": "P", "PLACE": "T3", "URN": "", "PLACE_PROVIDER": "", "DEC": "08/07/2022"},
        {"DECOM": "08/07/2022", "RNE": "P"},
    ]
    risk = risk_of(read(write_return(tmp_path, episodes=rows)).tables)
    assert lives(risk, "c1", "2022-07-03") is None
    assert risk.days_at_risk[on(risk, "c1", "2022-07-03")] == 0
    # 1 May to 8 July: the return is no arrival.
    assert risk.since_arrival[on(risk, "c1", "2022-07-08")] == 68


def test_19_a_change_of_legal_status_is_no_move(tmp_path):
    rows = [{"DEC": "01/07/2022", "REC": "X1"}, {"DECOM": "01/07/2022", "RNE": "L", "LS": "E1"}]
    found = read(write_return(tmp_path, episodes=rows))
    assert stays(found) == [("2022-05-01", None, "K2")]
    assert fates(found, "episodes", 2) == [("used", ""), ("merged", "same_placement")]


def test_20_short_breaks_are_left_out(tmp_path):
    rows = [{"CHILD": "v3", "LS": "V3"}, {"CHILD": "v4", "LS": "V4"}]
    header = [{"CHILD": "v3"}, {"CHILD": "v4"}]
    found = read(write_return(tmp_path, header=header, episodes=rows))
    assert fates(found, "episodes", 2) == [("set_aside", "short_break")] * 2
    assert found.tables["children"]["child_id"].tolist() == ["mark"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"PLACE": "H5", "URN": ""}, {"PLACE": "K3", "URN": "2600001"}),
        ({"PLACE": "Z1", "URN": ""}, {"PLACE": "Z13", "URN": ""}),
        ({"PLACE": "K2"}, {"PLACE": "K2", "URN": "2700001"}),
    ],
)
def test_21_a_new_code_or_urn_at_one_address_is_the_same_placement(tmp_path, before, after):
    rows = [before | {"DEC": "01/07/2022", "REC": "X1"}, after | {"DECOM": "01/07/2022", "RNE": "T"}]
    found = read(write_return(tmp_path, episodes=rows))
    assert stays(found) == [("2022-05-01", None, after["PLACE"])]
    assert fates(found, "episodes", 2)[1] == ("merged", "same_placement_renamed")


def test_22_a_urn_that_is_blank_placeholder_unknown_or_closed(tmp_path):
    urns = {"c1": "", "x": "XXXXXXX", "unknown": "SC777776", "closed": "SC000001"}
    header = [{"CHILD": child} for child in urns]
    rows = [{"CHILD": child, "URN": urn} for child, urn in urns.items()]
    found = read(write_return(tmp_path, header=header, episodes=rows))
    homes = found.tables["placements"].set_index("child_id")["home_id"]
    assert homes[["c1", "x"]].tolist() == ["@AB22BB", "@AB22BB"]
    assert found.tables["homes"].set_index("home_id").loc["@AB22BB", "weak_key"]
    assert "2 episodes in a home without URN: known by postcode only" in found.ledger.notes
    shut = {"Registration status": "Closed", "Closed date": "01/07/2022", "Registration date": "01/02/2015"}
    _, notes = add_homes(found.tables, [snapshot(tmp_path, {**shut, "URN": "SC000001"}, {"URN": "SC000009"})])
    flags = notes.set_index("home_id")["flag"].to_dict()
    assert flags["@AB22BB"] == "weak_key"
    assert flags["SC777776"] == "not_on_list"
    assert "outside_registration" in notes[notes["home_id"] == "SC000001"]["flag"].tolist()
    # what a weak key does can be seen and left out
    kept, left = (risk_of(found.tables, weak_homes=rule) for rule in ("keep", "drop"))
    days = {name: float(r.days_at_risk[r.child_ids.index("c1")].sum()) for name, r in (("kept", kept), ("left", left))}
    assert (days["kept"] > 0, days["left"]) == (True, 0.0)
    assert left.days_at_risk[left.child_ids.index("unknown")].sum() > 0
    assert left.notes["days at risk dropped for homes known by address only"] == 2 * days["kept"]
    (said,) = weak_homes_note(found.tables, kept.home_ids, kept.residence[kept.days_at_risk > 0])
    assert said.startswith("50.0% of days at risk are in homes known by their address only")


def test_23_one_urn_of_two_buildings_and_one_building_of_two_urns(tmp_path):
    rows = [
        {"CHILD": "c1", "URN": "SC000001", "PL_POST": "AB2 2BB"},
        {"CHILD": "c2", "URN": "SC000001", "PL_POST": "AB9 9ZZ"},
        {"CHILD": "c3", "URN": "SC000002", "PL_POST": "AB2 2BB"},
        {"CHILD": "c4", "URN": "SC000003", "PL_POST": "AB2 2"},
    ]
    header = [{"CHILD": row["CHILD"]} for row in rows]
    folder = write_return(tmp_path, header=header, episodes=rows)
    expected = {
        "urn": ["SC000001", "SC000001", "SC000002", "SC000003"],
        "urn_and_postcode": ["SC000001@AB22BB", "SC000001@AB99ZZ", "SC000002@AB22BB", "SC000003@AB22"],
        "postcode": ["@AB22BB", "@AB99ZZ", "@AB22BB", "SC000003"],
    }
    expected["urn_and_postcode"][3] = "SC000003"  # a sector tells no buildings apart
    for by, homes in expected.items():
        placements = read(folder, home_by=by).tables["placements"].set_index("child_id")
        assert placements.loc[["c1", "c2", "c3", "c4"], "home_id"].tolist() == homes


def test_24_one_place_is_structurally_alone_and_low_coverage_is_unknown(tmp_path):
    rows = [{"CHILD": "c1"}, {"CHILD": "c2", "URN": "SC000002", "PL_POST": "AB9 9ZZ"}]
    found = read(write_return(tmp_path, header=[{"CHILD": "c1"}, {"CHILD": "c2"}], episodes=rows))
    lists = [snapshot(tmp_path, {"URN": "SC000001", "Places": "1"}, {"URN": "SC000002", "Places": "5"})]
    tables, _ = add_homes(found.tables, lists)
    risk = risk_of(tables)
    at = {child: on(risk, child, "2022-07-01") for child in ("c1", "c2")}
    exposure = exposures_of(risk, witnessed=True)
    assert (exposure["no_peers"][at["c1"]], exposure["peers_unseen"][at["c1"]]) == (1, 0)
    # one of five places is seen: four peers are unseen, not absent
    assert (exposure["no_peers"][at["c2"]], exposure["peers_unseen"][at["c2"]]) == (0, 1)
    dropped = risk_of(tables, coverage_rule="drop", minimum_coverage=0.8)
    assert (dropped.days_at_risk[at["c1"]], dropped.days_at_risk[at["c2"]]) == (1, 0)


def test_25_births_on_the_first_of_every_month_are_known_to_the_month(tmp_path):
    header = [{"DOB": "01/06/2006"}, {"CHILD": "c2", "DOB": "01/01/2007"}]
    folder = write_return(tmp_path, header=header, episodes=[{}, {"CHILD": "c2"}], mark=False)
    assert set(read(folder, year=2023).tables["children"]["birth_date_precision"]) == {"month"}
    header[1] = {"CHILD": "c2", "DOB": "02/01/2007"}
    folder = write_return(tmp_path, header=header, episodes=[{}, {"CHILD": "c2"}], mark=False)
    assert set(read(folder, year=2023).tables["children"]["birth_date_precision"]) == {"day"}


def test_26_old_and_new_codes_of_sex_together(tmp_path):
    codes = {"a": "1", "b": "2", "c": "M", "d": "F", "e": "U"}
    rows = [{"CHILD": child} for child in codes]
    header = [HEADER | {"CHILD": child, "SEX": code} for child, code in codes.items()]
    children = read(write_return(tmp_path, header=header, episodes=rows)).tables["children"].set_index("child_id")
    assert children.loc[list(codes), "sex"].tolist() == ["M", "F", "M", "F", "U"]


def test_27_an_authority_that_never_records_a(tmp_path):
    found = read(write_return(tmp_path, missing=[{}]))
    assert found.tables.origin["records_a"] == {"301": False}
    assert any("301 is A" in note and "may record M only" in note for note in found.ledger.notes)
    both = read(write_return(tmp_path, missing=[{}, {"MISSING": "A", "MIS_START": "20/06/2022", "MIS_END": ""}]))
    assert both.tables.origin["records_a"] == {"301": True}
    # Without A in every authority the default outcome is M or A; M alone is the sensitivity analysis.
    assert int(risk_of(both.tables).onset.sum()) == 2
    assert int(risk_of(both.tables, categories=("M",)).onset.sum()) == 1


@pytest.mark.parametrize(("name", "fits"), [("903_2022", True), ("903_2023", True), ("903_2024", False)])
def test_28_a_year_in_the_name_may_be_start_or_end_so_the_dates_decide(tmp_path, name, fits):
    folder = write_return(tmp_path).rename(tmp_path / name)
    if fits:
        assert read(folder).tables.origin["year"] == 2023
    else:
        with pytest.raises(ImportFault, match="the name '903_2024' says 2024, but most dates fall in 1 April 2022"):
            read(folder)


def test_29_a_list_later_or_earlier_than_the_stay(tmp_path):
    tables = read(write_return(tmp_path, episodes=[{}])).tables
    lists = [snapshot(tmp_path, {"Places": "4"}, year=2022), snapshot(tmp_path, {"Places": "6"}, year=2023)]
    filled, _ = add_homes(tables, lists)
    rows = filled["homes"].query("home_id == 'SC000001'").sort_values("valid_from")
    assert [(iso(a), n) for a, n in rows[["valid_from", "places"]].itertuples(index=False)] == [
        ("2015-02-01", 4),
        ("2023-03-31", 6),
    ]
    _, notes = add_homes(tables, lists[1:])
    assert notes[notes["home_id"] == "SC000001"]["flag"].tolist() == ["before_first_list"]
    late = {"Registration date": "01/06/2022"}
    _, notes = add_homes(tables, [snapshot(tmp_path, late)])
    assert "outside_registration" in notes[notes["home_id"] == "SC000001"]["flag"].tolist()


def test_30_a_shift_over_midnight_ends_the_next_day_and_knows_the_clock_changes(tmp_path):
    rows = [
        {"URN": "SC000001", "Staff ID": "s1", "Date": day, "Start": "22:00", "End": "07:30", "Status": "worked"}
        for day in ("10/06/2022", "26/03/2022", "29/10/2022")
    ]
    (tmp_path / "rota.csv").write_text(to_csv(rows, {}))
    (found,) = read_staffing(tmp_path / "rota.csv")
    frame = found.frame.sort_values("uid")
    assert frame["end_time"].astype(str).tolist() == [
        "2022-06-11 07:30:00", "2022-03-27 07:30:00", "2022-10-30 07:30:00",
    ]  # fmt: skip
    hours = (elapsed(frame["end_time"]) - elapsed(frame["start_time"])) / 3600
    assert hours.tolist() == [9.5, 8.5, 10.5]


def test_the_risk_set_adds_up_over_all_cases(tmp_path):
    """A guard on the helpers above: days at risk never exceed the days lived in homes."""
    risk = risk_of(read(write_return(tmp_path, missing=[{}])).tables)
    assert np.all(risk.days_at_risk <= (risk.residence != NO_HOME))
