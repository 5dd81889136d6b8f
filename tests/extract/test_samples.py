"""Public made-up files, with figures derived by hand from the raw rows before the importer was run on them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from returns903 import MISSING, iso, to_csv

from missingmodels.errors import ImportFault
from missingmodels.extract.ofsted.lists import read_ofsted_list
from missingmodels.extract.returns.ssda903 import Imported, read_ssda903
from missingmodels.tables.judgement import judgements_of

# Set c, read row by row against the repair rules of data_formats 4.7. The file is a pool of three authorities, of
# which Barking and Dagenham has rows of 2017 to 2020 and 2022, Newham of 2023, Sutton of 2022; so the pool ends on
# 31 March 2023 and two of the three authorities have no return of its last year.
# Row: fate, rule, end of the stay where it was changed.
SET_C = {
    **dict.fromkeys((2, 3, 4, 5, 8, 9, 10, 12, 14, 16, 20, 22), ("used", "", None)),
    6: ("repaired", "epi_authority_ends", "2022-04-01"),  # Sutton's last return is of 2022
    7: ("repaired", "epi_open_not_last", "2017-08-20"),  # rule 1: open in 2018, the next begins that day
    11: ("repaired", "epi_open_new_period", "2017-03-31"),  # rule 1A: the next has RNE S, on 20 April 2017
    13: ("repaired", "epi_lost_open", "2020-03-31"),  # rule 2: nothing later
    15: ("merged", "epi_amended_start", None),  # rule 3: DECOM 27 September against 23 September
    17: ("merged", "same_placement", None),  # a change of legal status
    18: ("set_aside", "epi_superseded", None),  # rule 3A
    19: ("repaired", "epi_overlap", "2018-12-20"),  # rule 4
    21: ("set_aside", "epi_superseded", None),  # rule 3A
    23: ("repaired", "epi_gap", "2020-04-02"),  # rule 5
    24: ("repaired", "epi_authority_ends", "2022-04-01"),
}


@pytest.fixture(scope="module")
def set_c(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """The sample holds episodes only: header and an empty missing table are added in the pool's form."""
    folder = tmp_path_factory.mktemp("pool")
    (source,) = (shared / "data" / "sample903" / "set_c_regional_resubmission").iterdir()
    text = source.read_text()
    (folder / "pool_episodes.csv").write_text(text)
    lines = [line.split(",") for line in text.splitlines()[1:]]
    latest = {row[0]: (row[13], row[14]) for row in sorted(lines, key=lambda row: row[14])}
    header = [
        {"CHILD": child, "SEX": "F", "DOB": "2008-01-01", "ETHNIC": "WBRI", "LA": la, "YEAR": year}
        for child, (la, year) in latest.items()
    ]
    (folder / "pool_header.csv").write_text(to_csv(header, {}))
    (folder / "pool_missing.csv").write_text(to_csv([], MISSING | {"LA": "", "YEAR": ""}))
    return read_ssda903(folder)


def test_set_c_row_by_row(set_c):
    frame = set_c.ledger.frame.query("table == 'episodes'").set_index("row")
    found = {row: (line.outcome, line.reason) for row, line in frame.iterrows()}
    assert found == {row: (fate, rule) for row, (fate, rule, _) in SET_C.items()}
    ends = {row: end for row, (_, _, end) in SET_C.items() if end}
    told = frame.loc[sorted(ends), "after"]
    assert told.tolist() == [f"DEC {end[8:]}/{end[5:7]}/{end[:4]}" for _, end in sorted(ends.items())]


def test_set_c_totals(set_c):
    # 23 rows: 12 used, 7 repaired, 2 merged, 2 set aside; 12 + 7 stand.
    assert set_c.ledger.frame.query("table == 'episodes'")["outcome"].value_counts().to_dict() == {
        "used": 12, "repaired": 7, "merged": 2, "set_aside": 2,
    }  # fmt: skip
    tables = set_c.tables
    assert len(tables["placements"]) == 19
    assert (iso(tables.observed_from), iso(tables.observed_to)) == ("2016-04-01", "2023-04-01")
    # NORULE_NEW alone is still open: it stands in a return of the pool's last year.
    assert tables["placements"].query("end_date.isna()")["child_id"].tolist() == ["NORULE_NEW"]
    assert set(tables["children"]["authority"]) == {"Barking and Dagenham", "Newham", "Sutton"}
    assert set(tables["children"]["birth_date_precision"]) == {"month"}
    assert "Barking and Dagenham: no row is of the year 2021" in set_c.ledger.notes
    assert any(note.endswith("DECOM read as YYYY-MM-DD") for note in set_c.ledger.notes)


def test_set_c_with_years_named_by_their_start_is_refused(shared, tmp_path, set_c):
    (source,) = (shared / "data" / "sample903" / "set_c_regional_resubmission").iterdir()
    lines = [line.split(",") for line in source.read_text().splitlines()]
    moved = [lines[0]] + [[*row[:-1], str(int(row[-1]) - 1)] for row in lines[1:]]
    (tmp_path / "episodes.csv").write_text("\n".join(",".join(row) for row in moved))
    children = {row[0]: row[13] for row in moved[1:]}
    header = [
        {"CHILD": child, "SEX": "F", "DOB": "2008-01-01", "ETHNIC": "WBRI", "LA": la, "YEAR": "2019"}
        for child, la in children.items()
    ]
    (tmp_path / "header.csv").write_text(to_csv(header, {}))
    (tmp_path / "missing.csv").write_text(to_csv([], MISSING | {"LA": "", "YEAR": ""}))
    with pytest.raises(ImportFault, match="dates fall in the year after YEAR"):
        read_ssda903(tmp_path)


# Set d, by reading its five episode rows with the first header row of each child (2015-07-11, 2013-01-07):
# most of the dates (4 of 5 DEC) fall in 1 April 2019 to 31 March 2020, so the return is of 2019/20 as its name says.
# 689661: row 3 from 2 December 2018 is cut on 11 December where row 2 begins; row 2 is V4 (short break) and goes; row 4
# stays as it is. 249901: row 5 stays; row 6 is V3 and goes. No setting is a children's home (K2 is the V4 row's).
SET_D = [
    ("249901", "2019-03-30", "2019-04-10", "U4"),
    ("689661", "2018-12-02", "2018-12-11", "U5"),
    ("689661", "2019-05-16", "2019-09-26", "U5"),
]


def test_set_d_stays(shared, tmp_path):
    folder = shared / "data" / "sample903" / "set_d_dirty_csv"
    header = (folder / "SSDA903_2020_header.csv").read_text().splitlines()
    (tmp_path / "SSDA903_2020_header.csv").write_text("\n".join([header[0], header[1], header[4]]))
    (tmp_path / "SSDA903_2020_episodes.csv").write_bytes((folder / "SSDA903_2020_episodes.csv").read_bytes())
    (tmp_path / "SSDA903_2020_missing.csv").write_text(to_csv([], MISSING))
    found = read_ssda903(tmp_path, authority="301")
    frame = found.tables["placements"].sort_values(["child_id", "start_date"])
    columns = frame[["child_id", "start_date", "end_date", "placement_type"]]
    assert [(c, iso(a), iso(b), t) for c, a, b, t in columns.itertuples(index=False)] == SET_D
    assert found.tables["homes"].empty
    # UNKN is no ethnicity code of the return; *DUMMY* is no reason: both are kept out of what is used.
    assert found.tables.origin["year"] == 2020


def test_set_d_as_it_stands_holds_several_children_under_one_id(shared, tmp_path):
    # 689661 is born on 11/07/2015, 21/03/2012 and 16/08/2017, 249901 on 07/01/2013 and 15/12/2015
    for path in (shared / "data" / "sample903" / "set_d_dirty_csv").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "SSDA903_2020_missing.csv").write_text(to_csv([], MISSING))
    with pytest.raises(ImportFault, match=r"2 ids have rows of different birth or sex[\s\S]*--accept id_conflict"):
        read_ssda903(tmp_path, authority="301")
    found = read_ssda903(tmp_path, authority="301", accept=("id_conflict",))
    assert sorted(found.tables["children"]["child_id"]) == ["249901", "689661"]


def test_set_a_as_counted_by_its_makers(shared):
    found = read_ssda903(shared / "data" / "sample903" / "set_a_single_return_csv", authority="301")
    frame = found.ledger.frame
    assert frame["table"].value_counts().to_dict() == {"episodes": 5050, "header": 2675, "missing": 43, "uasc": 132}
    assert (frame["reason"] == "no_episodes").sum() == 552
    # 7 missing rows of children without episodes, who do stand in the header
    assert (frame["reason"] == "mis_orphan").sum() == 7
    (told,) = judgements_of(found.tables.origin)
    assert told.what == "7 of 43 (16 %) missing rows name a child without episodes"
    assert told.severity == "warn"


# Set e, by opening the five workbooks: rows below the header of each sheet, and which are children's homes by type or
# subtype. ch_fake: one provider ("Childrens Home", no places) and a row of conditions. combined_scp_ch_fake: a
# fostering and an adoption agency, a secure unit (6 places), a home (12). scp_fake: a row a sheet, neither a home.
# scp_ch_2025_fake: type "Provider", and one of supported accommodation. scpch_assisted: the four of combined, whose
# cells from the 27th on stand one column to the right of their names, so that no places are under "Number of registered
# places", and two of supported accommodation.
SET_E = {
    "ch_fake": (2, [("NJASCN", "children's home", None)]),
    "combined_scp_ch_fake": (4, [("MDR00003", "secure children's home", 6), ("RHN00004", "children's home", 12)]),
    "scp_ch_2025_fake": (2, []),
    "scp_fake": (2, []),
    "scpch_assisted": (6, [("MDR00003", "secure children's home", None), ("RHN00004", "children's home", None)]),
}


@pytest.mark.parametrize("name", SET_E)
def test_set_e_rows_and_homes(shared, name):
    read = read_ofsted_list(
        shared / "data" / "sample903" / "set_e_provider_lists" / f"{name}.xlsx", list_date="2024-03-31"
    )
    rows, homes = SET_E[name]
    assert len(read.ledger.frame) == rows
    homes_read = read.frame[["urn", "provision_type", "places"]].sort_values("urn")
    found = [(urn, kind, None if pd.isna(n) else int(n)) for urn, kind, n in homes_read.itertuples(index=False)]
    assert found == homes
