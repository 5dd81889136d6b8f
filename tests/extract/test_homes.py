"""Homes over time from lists, and Tables filled from them."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from lists import given, snapshot
from returns903 import iso, read, write_return

from missingmodels.errors import CannotAnswer, ImportFault
from missingmodels.extract.ofsted.homes import add_homes, homes_from_lists
from missingmodels.extract.ofsted.lists import read_ofsted_list
from missingmodels.frame.riskset import build_risk_set
from missingmodels.plan import Frame
from missingmodels.tables import make_tables, require_valid
from missingmodels.tables.judgement import RULES


def spans(homes: pd.DataFrame, home: str = "SC000001") -> list[tuple]:
    """(from, to, places, sector) of a home's rows."""
    rows = homes[homes["home_id"] == home].sort_values("valid_from")
    columns = rows[["valid_from", "valid_to", "places", "sector"]]
    return [(iso(a), iso(b), None if pd.isna(n) else int(n), s) for a, b, n, s in columns.itertuples(index=False)]


def three(folder, *changes: dict | None) -> list:
    """Lists of 2023, 2024 and 2025; each has a home SC000001 with the changes, none if None, and another home."""
    years = range(2023, 2023 + len(changes))
    other = {"URN": "SC000099"}
    rows = [[other] if change is None else [change, other] for change in changes]
    return [snapshot(folder, *held, year=year) for year, held in zip(years, rows, strict=True)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # unchanged: one row from registration on
        (({}, {}, {}), [("2015-02-01", None, 4, "private")]),
        # a change holds from the date of the list that shows it
        (
            ({}, {"Places": "5"}, {"Places": "5", "Sector": "Voluntary"}),
            [
                ("2015-02-01", "2024-03-31", 4, "private"),
                ("2024-03-31", "2025-03-31", 5, "private"),
                ("2025-03-31", None, 5, "voluntary"),
            ],
        ),
        # left out without a closing date: ends at the list that leaves it out; back again later
        (({}, None, None), [("2015-02-01", "2024-03-31", 4, "private")]),
        (({}, None, {}), [("2015-02-01", "2024-03-31", 4, "private"), ("2025-03-31", None, 4, "private")]),
        # blank is not a change
        (({}, {"Places": "", "Sector": ""}, {}), [("2015-02-01", None, 4, "private")]),
        (({"Places": ""}, {}), [("2015-02-01", "2024-03-31", None, "private"), ("2024-03-31", None, 4, "private")]),
        # registered after the first list's date, or the date unrecorded
        (({"Registration date": "01/06/2023"}, {}), [("2023-06-01", None, 4, "private")]),
        (
            ({"Registration date": ""}, {"Registration date": "", "Places": "5"}),
            [("2023-03-31", "2024-03-31", 4, "private"), ("2024-03-31", None, 5, "private")],
        ),
        (({"Registration date": ""}, {}), [("2015-02-01", None, 4, "private")]),
        (
            ({"Registration date": "01/06/2024"}, {"Registration date": "01/06/2024", "Places": "5"}),
            [("2024-06-01", None, 5, "private")],
        ),
        # first met on a later list
        ((None, {"Registration date": "01/06/2023"}), [("2023-06-01", None, 4, "private")]),
        # another spelling of the authority is no change
        (({"Local authority": "A & B"}, {"Local authority": "a and  b"}), [("2015-02-01", None, 4, "private")]),
    ],
)
def test_rows_by_the_dates_of_the_lists(tmp_path, changes, expected):
    lists = three(tmp_path, *changes)
    assert spans(homes_from_lists(lists)) == expected
    assert spans(homes_from_lists(lists[::-1])) == expected


def test_a_new_authority_is_a_new_row(tmp_path):
    homes = homes_from_lists(three(tmp_path, {"Local authority": "Cumbria"}, {"Local authority": "Cumberland"}))
    assert homes.query("home_id == 'SC000001'")["authority"].tolist() == ["Cumbria", "Cumberland"]


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        (
            "01/06/2024",
            [("2015-02-01", "2024-03-31", 4, "private"), ("2024-03-31", "2024-06-01", 6, "local_authority")],
        ),
        ("01/12/2023", [("2015-02-01", "2023-12-01", 4, "private")]),
    ],
)
def test_closure_ends_the_last_row_though_a_later_list_tells_it(tmp_path, closed, expected):
    late = given(tmp_path, {"Closed Date": closed, "Max Users": "6"}, {"URN": "SC000099"})
    lists = [*three(tmp_path, {}), read_ofsted_list(late, list_date="2024-03-31")]
    assert spans(homes_from_lists(lists)) == expected


def test_a_list_without_homes_says_nothing(tmp_path):
    agencies = given(tmp_path, {"Provider Type": "Voluntary Adoption Agency"})
    lists = [*three(tmp_path, {}), read_ofsted_list(agencies, list_date="2023-12-31")]
    assert spans(homes_from_lists(lists)) == [("2015-02-01", None, 4, "private")]
    assert homes_from_lists(lists[1:]).empty
    with pytest.raises(ImportFault, match="no list of homes was given"):
        homes_from_lists([])
    with pytest.raises(ImportFault, match="are both lists of 2023-03-31"):
        homes_from_lists([lists[0], lists[0]])


# Filling Tables


def notes_of(notes: pd.DataFrame) -> list[tuple]:
    return list(notes[["home_id", "flag", "stays"]].itertuples(index=False, name=None))


def test_homes_are_filled_and_the_ids_stay(tmp_path):
    tables = read(write_return(tmp_path)).tables
    lists = three(tmp_path, {"Registration date": "01/02/2022"}, {"Places": "5"})
    filled, notes = add_homes(tables, lists)
    assert spans(filled["homes"]) == [("2022-02-01", "2024-03-31", 4, "private"), ("2024-03-31", None, 5, "private")]
    assert filled["homes"]["authority"].tolist() == ["York", "York"]
    assert notes_of(notes) == [("SC000001", "before_first_list", 1)]
    assert notes["detail"][0] == "the list of 2023-03-31 stands for the days before it"
    assert tables["homes"][["places", "sector", "authority"]].isna().all(axis=None)
    assert [each["list_date"] for each in filled.origin["home_lists"]] == ["2023-03-31", "2024-03-31"]
    assert filled.origin["kind"] == "ssda903"
    pd.testing.assert_frame_equal(filled["placements"], tables["placements"])


def test_sc_is_tried_and_told_never_added(tmp_path):
    episodes = [{"URN": "000001"}, {"CHILD": "c2"}, {"CHILD": "c3", "URN": "000099"}]
    folder = write_return(tmp_path, header=[{}, {"CHILD": "c2"}, {"CHILD": "c3"}], episodes=episodes)
    held = read(folder).tables
    assert set(held["homes"]["home_id"]) == {"SC000001", "000099"}, "a return's bare number is the one with SC"
    # ids that come another way stay as they are
    stays, homes = held["placements"], held["homes"]
    first = stays["home_id"].mask(stays["child_id"] == "c1", "000001")
    bare = homes[homes["home_id"] == "SC000001"].assign(home_id="000001")
    apart = {**held.frames, "placements": stays.assign(home_id=first), "homes": pd.concat([homes, bare])}
    tables = make_tables(apart, observed_from=held.observed_from, observed_to=held.observed_to, origin=held.origin)
    filled, notes = add_homes(tables, three(tmp_path, {"Places": "7"}))
    assert set(filled["homes"]["home_id"]) == {"000001", "SC000001", "000099"}
    assert spans(filled["homes"], "000001")[0][2:] == (7, "private")
    told = notes[notes["flag"] != "before_first_list"]
    assert notes_of(told) == [
        ("000001", "matched_with_sc", 1),
        ("000099", "matched_with_sc", 1),
        ("000001", "same_home", 1),
        ("SC000001", "same_home", 1),
    ]
    assert told["detail"].iloc[0] == "found as SC000001"


def test_a_list_that_leaves_sc_out_is_met_too(tmp_path):
    tables = read(write_return(tmp_path)).tables
    lists = [
        dataclasses.replace(each, frame=each.frame.assign(urn="000001")) for each in three(tmp_path, {"Places": "7"})
    ]
    filled, notes = add_homes(tables, lists)
    assert spans(filled["homes"])[0][2:] == (7, "private")
    assert ("SC000001", "matched_with_sc", 1) in notes_of(notes)


def test_homes_that_are_left_as_they_were(tmp_path):
    episodes = [
        {"URN": "SC000777"},
        {"CHILD": "c2", "URN": "", "PLACE": "K2"},
        {"CHILD": "c3", "URN": "SC000001", "PLACE": "K3"},
    ]
    folder = write_return(tmp_path, header=[{}, {"CHILD": "c2"}, {"CHILD": "c3"}], episodes=episodes)
    tables = read(folder).tables
    filled, notes = add_homes(tables, three(tmp_path, {}))
    pd.testing.assert_frame_equal(filled["homes"], tables["homes"].sort_values("home_id", ignore_index=True))
    assert notes_of(notes) == [
        ("SC000777", "not_on_list", 1),
        ("@AB22BB", "weak_key", 1),
        ("SC000001@AB22BB", "weak_key", 1),
    ]
    recorded = with_homes(read(write_return(tmp_path)).tables, places=[3])
    again, notes = add_homes(recorded, three(tmp_path, {}))
    assert spans(again["homes"])[0][2] == 3
    assert notes_of(notes) == [("SC000001", "already_recorded", 1)]


def with_homes(tables, **columns):
    frames = {**tables.frames, "homes": tables["homes"].assign(**columns)}
    return make_tables(frames, observed_from=tables.observed_from, observed_to=tables.observed_to)


def test_short_breaks_and_homes_that_left_the_list(tmp_path):
    only = {"Short-break-only children's home": "Short breaks only"}
    _, notes = add_homes(read(write_return(tmp_path)).tables, three(tmp_path, only, None))
    assert notes_of(notes) == [
        ("SC000001", "before_first_list", 1),
        ("SC000001", "left_list", 1),
        ("SC000001", "short_break_only", 1),
    ]
    assert notes["detail"][1] == "not on the list of 2024-03-31, without a closing date: ended that day"


@pytest.mark.parametrize(
    ("stay", "registered", "outside"),
    [
        ({"DECOM": "01/05/2022"}, "01/05/2022", False),
        ({"DECOM": "01/05/2022"}, "02/05/2022", True),
        ({"DECOM": "01/02/2020", "DEC": "01/06/2022"}, "01/03/2022", True),
        ({"DECOM": "01/05/2022", "DEC": "01/06/2022"}, "01/07/2022", True),
        ({"DECOM": "01/05/2022", "DEC": "01/06/2022"}, "01/02/2022", False),
    ],
)
def test_stays_outside_the_registration(tmp_path, stay, registered, outside):
    tables = read(write_return(tmp_path, episodes=[stay])).tables
    _, notes = add_homes(tables, three(tmp_path, {"Registration date": registered}))
    assert ("outside_registration" in set(notes["flag"])) == outside


@pytest.mark.parametrize(("closed", "outside"), [("01/09/2022", False), ("31/08/2022", True)])
def test_stays_after_the_closure(tmp_path, closed, outside):
    tables = read(write_return(tmp_path, episodes=[{"DEC": "01/09/2022"}])).tables
    lists = [read_ofsted_list(given(tmp_path, {"Closed Date": closed}), list_date="2023-01-31")]
    filled, notes = add_homes(tables, lists)
    assert ("outside_registration" in set(notes["flag"])) == outside
    assert spans(filled["homes"])[0][1] == ("2022-09-01" if not outside else "2022-08-31")


def test_closed_before_the_list_with_no_registration_date(tmp_path):
    tables = read(write_return(tmp_path)).tables
    row = {"Closed Date": "01/06/2022", "Registration Date": ""}
    filled, notes = add_homes(tables, [read_ofsted_list(given(tmp_path, row), list_date="2023-01-31")])
    assert notes_of(notes) == [("SC000001", "no_span", 1)]
    pd.testing.assert_frame_equal(filled["homes"], tables["homes"])


def test_more_residents_than_places_is_the_warning_it_always_was(tmp_path):
    header = [{}, {"CHILD": "c2"}, {"CHILD": "c3"}]
    tables = read(
        write_return(tmp_path, header=header, episodes=[{"CHILD": row.get("CHILD", "c1")} for row in header])
    ).tables
    for places, rules in (("3", []), ("2", ["residents_above_places"])):
        filled, _ = add_homes(tables, three(tmp_path, {"Places": places}))
        assert [found.rule for found in require_valid(filled) if found.rule not in RULES] == rules


def test_tables_whose_children_live_in_no_home(tmp_path):
    tables = read(write_return(tmp_path, episodes=[{"PLACE": "U4"}])).tables
    filled, notes = add_homes(tables, three(tmp_path, {}))
    assert filled["homes"].empty
    assert notes.empty
    assert notes.columns.tolist() == ["home_id", "flag", "stays", "detail"]


# Shared samples


def test_the_published_lists_as_a_history(shared):
    lists = [read_ofsted_list(shared / f"data/official/ofsted_homes_{year}.csv") for year in (2025, 2023, 2024)]
    homes = homes_from_lists(lists)
    assert len(homes) == 5749
    assert homes["home_id"].nunique() == 4312
    assert int(homes["valid_to"].isna().sum()) == len(lists[0].frame) == 4009
    ordered = homes.sort_values(["home_id", "valid_from"])
    following = ordered.groupby("home_id")["valid_from"].shift(-1)
    assert not (ordered["valid_to"] > following).any()
    assert not (ordered["valid_to"].isna() & following.notna()).any()
    for each in lists:
        on_day = homes[(homes["valid_from"] <= each.list_date) & ~(homes["valid_to"] <= each.list_date)]
        held = each.frame.set_index("urn")["places"]
        assert on_day.set_index("home_id")["places"].reindex(held.index).equals(held)
        # The lists of 2023 and 2024 lack homes registered months before; from the next list on they are known.
        unlisted = on_day[~on_day["home_id"].isin(held.index)]
        assert len(unlisted) == {2023: 224, 2024: 264, 2025: 0}[each.list_date.year]
        assert (unlisted["valid_from"] <= each.list_date).all()


def test_the_sample_return_has_invented_urns(shared):
    from missingmodels.extract.returns.ssda903 import read_ssda903

    tables = read_ssda903(shared / "data/sample903/set_a_single_return_csv", authority="301").tables
    lists = [read_ofsted_list(shared / f"data/official/ofsted_homes_{year}.csv") for year in (2023, 2024)]
    filled, notes = add_homes(tables, lists)
    assert notes["flag"].value_counts().to_dict() == {"not_on_list": 524, "weak_key": 141}
    assert len(filled["homes"]) == len(tables["homes"]) == 665


def test_type_owner_and_short_breaks_are_filled(tmp_path):
    owner = "Organisation which owns the provider"
    rows = [
        {owner: "Kind Homes Ltd"},
        {"URN": "SC000002", owner: "Kind  Homes LTD", "Provision type": "Secure children's home"},
        {"URN": "SC000003", owner: "", "Short-break-only children's home": "Short-break-only children's home"},
    ]
    later = [rows[0] | {owner: "KIND HOMES LTD"}, rows[1], rows[2] | {owner: "Others"}]
    lists = [snapshot(tmp_path, *held, year=year) for held, year in ((rows, 2023), (later, 2024))]
    homes = homes_from_lists(lists)
    # another spelling of an owner is no change; an owner first told in 2024 is known from then on
    assert spans(homes) == [("2015-02-01", None, 4, "private")]
    columns = homes[["home_id", "home_type", "owner", "short_break_only"]].astype(object)
    assert columns.where(columns.notna(), None).to_numpy().tolist() == [
        ["SC000001", "childrens_home", "Kind Homes Ltd", False],
        ["SC000002", "secure", "Kind  Homes LTD", False],
        ["SC000003", "childrens_home", None, True],
        ["SC000003", "childrens_home", "Others", True],
    ]


def test_short_break_homes_leave_the_risk_set_unless_the_plan_keeps_them(tmp_path):
    children = [{"CHILD": f"c{n}"} for n in (1, 2, 3)]
    stays = [{"CHILD": "c1"}, {"CHILD": "c2", "URN": "SC000003"}, {"CHILD": "c3", "URN": "SC000003"}]
    found = read(write_return(tmp_path, header=children, episodes=stays, missing=[{}, {"CHILD": "c2"}]))
    brief = {"URN": "SC000003", "Short-break-only children's home": "Yes"}
    tables, _ = add_homes(found.tables, [snapshot(tmp_path, {}, brief, year=2023)])
    dropped, kept = (build_risk_set(tables, Frame(short_break_homes=rule)) for rule in ("drop", "keep"))
    assert dropped.home_ids == ("SC000001",)
    assert kept.home_ids == ("SC000001", "SC000003")
    assert (dropped.onset.sum(), kept.onset.sum()) == (1, 2)
    assert dropped.notes["stays dropped in homes registered for short breaks only"] == 2
    assert Frame().short_break_homes == "drop"
    only, _ = add_homes(found.tables, [snapshot(tmp_path, {"URN": "SC000001"} | brief | {"URN": "SC000001"}, brief)])
    with pytest.raises(CannotAnswer, match="other than one registered for short breaks only"):
        build_risk_set(only, Frame())
