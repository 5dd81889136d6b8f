"""Ofsted's lists: layouts, codes, the date of the list, and the fate of every row."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from containers903 import edit_sheet
from lists import GIVEN, HOME, fates, given, published, snapshot

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.ofsted.lists import read_ofsted_list


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252", "mac_roman", "utf-16"])
def test_a_published_list(tmp_path, encoding):
    rows = [
        {},
        {"URN": "2500001", "Sector": "Local Authority", "Places": "6", "Multi-building children's home": "Y"},
        {"URN": " sc000 003.0 ", "Sector": "Voluntary", "Short-break-only children's home": "Short breaks only"},
        {"URN": "SC000004", "Sector": "Health Authority", "Short-break-only children's home": " "},
    ]
    read = read_ofsted_list(published(tmp_path, *rows, year=2024, encoding=encoding))
    assert read.list_date == pd.Timestamp("2024-03-31")
    assert fates(read) == [(row, "used", "") for row in (5, 6, 7, 8)]
    frame = read.frame
    assert frame["urn"].tolist() == ["SC000001", "2500001", "SC000003", "SC000004"]
    assert frame["sector"].tolist() == ["private", "local_authority", "voluntary", "health"]
    assert frame["places"].tolist() == [4, 6, 4, 4]
    assert frame["short_break_only"].tolist() == [False, False, True, False]
    assert frame["multi_building"].tolist() == [False, True, False, False]
    assert set(frame["registered_from"]) == {pd.Timestamp("2015-02-01")}
    assert set(frame["authority"]) == {"York"}
    assert frame["closed_on"].isna().all()


def test_names_that_start_with_a_line_break_in_any_case(tmp_path):
    names = {"URN": "\nUrn", "Places": "\nPLACES ", "Provision type": "Provision\n type"}
    names["Multi-building children's home"] = "Multi Building Children’s Home"
    row = {names.get(name, name): value for name, value in HOME.items()}
    path = published(tmp_path)
    lines = path.read_text("utf-8-sig").splitlines()[:3]
    quoted = [",".join(f'"{cell}"' for cell in cells) for cells in (row.keys(), row.values())]
    path.write_text("\r\n".join([*lines, *quoted]), encoding="utf-8", newline="")
    read = read_ofsted_list(path)
    assert fates(read) == [(5, "used", "")]
    assert read.frame["places"].tolist() == [4]
    assert read.frame["multi_building"].tolist() == [False]


@pytest.mark.parametrize(
    ("layout", "rows"),
    [
        ("old", {"Max Users": "7", "Closed Date": "-"}),
        ("combined", {"Number of registered places": "7", "Registration Status": "Active", "Deregistration Date": "-"}),
        ("2025", {"Provider subtype": "", "Number of registered places": 7, "Deregistration date": "na"}),
    ],
)
def test_lists_given_to_authorities(tmp_path, layout, rows):
    base = {name: value for name, value in GIVEN.items() if name not in ("Max Users", "Closed Date", "Provider Status")}
    row = {**base, "Registration Date": dt.datetime(2015, 2, 1), **rows}
    if layout == "2025":
        row = {name[0] + name[1:].lower(): value for name, value in row.items()}
        row = {("URN" if name == "Urn" else name): value for name, value in row.items()}
    path = given(
        tmp_path, {}, more={"Providers": [row], "Registration Conditions": [{"URN": "SC000001", "Conditions": "x"}]}
    )
    read = read_ofsted_list(path, list_date="2024-01-31")
    assert fates(read) == [
        *[(2, "used", ""), (2, "set_aside", "duplicate_differs"), (2, "set_aside", "not_a_provider_sheet")],
    ]
    detail = read.ledger.frame["detail"].tolist()
    assert detail[1] == "given.xlsx, sheet Provider information row 2 is kept, other places"
    alone = given(tmp_path, {"URN": "SC000002"}, more={"Providers": [row]})
    home = read_ofsted_list(alone, list_date="2024-01-31").frame.iloc[1]
    assert home[["urn", "sector", "authority", "places"]].tolist() == ["SC000001", "local_authority", "York", 7]
    assert home["registered_from"] == pd.Timestamp("2015-02-01")
    assert pd.isna(home["closed_on"])


def test_supported_accommodation_and_agencies_are_no_homes(tmp_path):
    other = {
        **{"Provider local authority": "Leeds", "Setting local authority": "York", "URN": "2700001", "Capacity": 4},
        **{"Provider type": "Supported accommodation", "Sector": "Private"},
    }
    rows = [
        {},
        {"URN": "SC000002", "Provider Type": "Independent Fostering Agency"},
        {"URN": "SC3", "Provider Type": ""},
    ]
    read = read_ofsted_list(given(tmp_path, *rows, more={"SA Providers": [other]}), list_date="2024-01-31")
    assert [reason for _, _, reason in fates(read)] == ["", *["not_a_childrens_home"] * 3]
    assert read.ledger.frame["detail"].tolist()[1:] == [
        "type: Independent Fostering Agency",
        "type: blank",
        "type: Supported accommodation",
    ]
    home = other | {"Provider type": "Childrens home"}
    read = read_ofsted_list(given(tmp_path, {}, more={"SA Providers": [home]}), list_date="2024-01-31")
    assert read.frame[["authority", "places"]].to_numpy().tolist() == [["York", 4], ["York", 4]]


@pytest.mark.parametrize(
    ("kind", "subtype", "provision"),
    [
        ("Children's Home", "", "children's home"),
        ("Children’s home", "Children's Home", "children's home"),
        ("CHILDRENS HOME", "Secure Unit", "secure children's home"),
        ("Secure children's home", "", "secure children's home"),
        ("Residential special school (registered as a children's home)", "", "residential special school"),
    ],
)
def test_types_of_home(tmp_path, kind, subtype, provision):
    row = {"Provider Type": kind, "Provider Subtype": subtype}
    read = read_ofsted_list(given(tmp_path, row), list_date="2024-01-31")
    assert read.frame["provision_type"].tolist() == [provision]


@pytest.mark.parametrize(
    ("row", "fate", "detail"),
    [
        ({"URN": ""}, ("set_aside", "no_urn"), "the URN is blank, or a word for none"),
        ({"URN": "Not known"}, ("set_aside", "no_urn"), "the URN is blank, or a word for none"),
        ({"URN": "XXXXXXX"}, ("set_aside", "no_urn"), "the URN is blank, or a word for none"),
        ({"URN": "123456"}, ("used", ""), "unusual URN"),
        ({"Sector": "Section"}, ("used", ""), "sector not known: unrecorded"),
        ({"Sector": "-"}, ("used", ""), ""),
        ({"Max Users": "-"}, ("used", ""), ""),
        ({"Max Users": "0"}, ("used", ""), "places unreadable: unrecorded"),
        ({"Max Users": "four"}, ("used", ""), "places unreadable: unrecorded"),
        (
            {"Closed Date": "soon"},
            ("set_aside", "bad_date"),
            "'soon' in the column of the date closed is not DD/MM/YYYY",
        ),
        ({"Registration Date": "2015-02-01"}, ("set_aside", "bad_date"), None),
        ({"Registration Date": ""}, ("used", ""), ""),
        ({"Registration Date": "01/03/2024"}, ("used", ""), "registered after the list's date"),
        ({"Closed Date": "01/02/2015"}, ("set_aside", "closed_before_registered"), ""),
        ({"Closed Date": "01/03/2016"}, ("used", ""), ""),
        ({"Provider Status": "Closed"}, ("repaired", "closed_without_date"), ""),
    ],
)
def test_fates_of_rows(tmp_path, row, fate, detail):
    read = read_ofsted_list(given(tmp_path, row, {"URN": "SC000009"}), list_date="2024-01-31")
    line = read.ledger.frame.iloc[0]
    assert (line["outcome"], line["reason"]) == fate
    assert detail is None or line["detail"] == detail
    assert len(read.frame) == (1 if fate[0] == "set_aside" else 2)
    if fate[0] == "repaired":
        assert (line["before"], line["after"]) == ("closed blank, status Closed", "closed 31/01/2024")
        assert read.frame["closed_on"][0] == pd.Timestamp("2024-01-31")


def test_numbers_that_a_workbook_holds_with_decimals(tmp_path):
    path = given(tmp_path, {"Max Users": 5, "URN": 2500001})
    edit_sheet(
        path, "sheet1", lambda xml: xml.replace("<v>5</v>", "<v>5.0</v>").replace("<v>2500001<", "<v>2500001.0<")
    )
    home = read_ofsted_list(path, list_date="2024-01-31").frame.iloc[0]
    assert home[["urn", "places"]].tolist() == ["2500001", 5]


def test_a_home_twice(tmp_path):
    rows = [{}, {}, {"Places": "9"}, {"Places": "", "Sector": ""}, {"URN": "SC000002"}]
    read = snapshot(tmp_path, *rows)
    assert [reason for _, _, reason in fates(read)] == ["", "duplicate", "duplicate_differs", "duplicate", ""]
    assert read.ledger.frame["detail"][2] == "homes_2023.csv row 5 is kept, other places"
    assert read.frame["places"].tolist() == [4, 4]


def test_the_lists_date(tmp_path):
    path = published(tmp_path, {})
    assert read_ofsted_list(path, list_date="2023-03-31").list_date == pd.Timestamp("2023-03-31")
    with pytest.raises(ImportFault, match="title says as at 2023-03-31, but list_date is 2024-03-31"):
        read_ofsted_list(path, list_date="2024-03-31")
    with pytest.raises(ImportFault, match="list_date '31/03/2023' is not a date") as caught:
        read_ofsted_list(path, list_date="31/03/2023")
    assert caught.value.remedy == "write it as YYYY-MM-DD"
    with pytest.raises(ImportFault, match=r"given\.xlsx: no title says the date of the list"):
        read_ofsted_list(given(tmp_path, {}))
    path.write_bytes(path.read_bytes().replace(b"31 March", b"31 Smarch"))
    with pytest.raises(ImportFault, match="31 Smarch 2023, is no date"):
        read_ofsted_list(path)


def test_what_is_no_list(tmp_path):
    (tmp_path / "x.pdf").write_text("x")
    (tmp_path / "x.csv").write_text("URN,Places\nSC000001,4\n")
    with pytest.raises(InputError, match="there is no such file"):
        read_ofsted_list(tmp_path / "absent.csv", list_date="2024-01-31")
    with pytest.raises(InputError, match=r"neither a \.csv nor an \.xlsx"):
        read_ofsted_list(tmp_path / "x.pdf", list_date="2024-01-31")
    with pytest.raises(ImportFault, match=r"x\.csv: no sheet has a URN and a type of provision"):
        read_ofsted_list(tmp_path / "x.csv", list_date="2024-01-31")
    assert snapshot(tmp_path).frame.empty  # names without rows


# Shared samples. Section 7.3 of the specification counts the spelling "Children's home" alone: 2,814 homes, 188 with
# one place, 2,251 private. Seven more are spelt "Children's Home" (one with one place, all private), so here 2,821.
COUNTS = {
    2023: (
        2890,
        2821,
        3.9358,
        4,
        189,
        454,
        169,
        {"private": 2258, "local_authority": 407, "voluntary": 147, "health": 9},
    ),
    2024: (
        3219,
        3151,
        3.8080,
        4,
        220,
        553,
        117,
        {"private": 2575, "local_authority": 418, "voluntary": 149, "health": 9},
    ),
    2025: (
        4009,
        3946,
        3.6176,
        3,
        326,
        786,
        124,
        {"private": 3320, "local_authority": 467, "voluntary": 152, "health": 7},
    ),
}


@pytest.mark.parametrize("year", COUNTS)
def test_the_published_lists_give_the_published_counts(shared, year):
    read = read_ofsted_list(shared / f"data/official/ofsted_homes_{year}.csv")
    every, count, mean, median, one, two, short, sectors = COUNTS[year]
    assert read.list_date == pd.Timestamp(year, 3, 31)
    assert read.ledger.totals()["rows"].tolist() == [every]
    assert read.ledger.frame["outcome"].eq("used").all()
    homes = read.frame[read.frame["provision_type"] == "children's home"]
    assert len(homes) == count
    assert homes["places"].mean() == pytest.approx(mean, abs=1e-4)
    assert homes["places"].median() == median
    assert [int((homes["places"] == n).sum()) for n in (1, 2)] == [one, two]
    assert int(homes["short_break_only"].sum()) == short
    assert homes["sector"].value_counts().to_dict() == sectors
    assert read.frame["urn"].is_unique


@pytest.mark.parametrize(
    ("name", "reasons", "places"),
    [
        ("ch_fake", ["", "not_a_provider_sheet"], [None]),
        ("combined_scp_ch_fake", [*["not_a_childrens_home"] * 2, "", ""], [6, 12]),
        ("scpch_assisted", [*["not_a_childrens_home"] * 2, "", "", *["not_a_childrens_home"] * 2], [None, None]),
        ("scp_fake", ["not_a_childrens_home"] * 2, []),
        ("scp_ch_2025_fake", ["not_a_childrens_home"] * 2, []),
    ],
)
def test_the_sample_lists_given_to_authorities(shared, name, reasons, places):
    path = shared / f"data/sample903/set_e_provider_lists/{name}.xlsx"
    read = read_ofsted_list(path, list_date="2024-01-31")
    assert read.ledger.frame["reason"].tolist() == reasons
    assert [None if pd.isna(n) else n for n in read.frame["places"]] == places
    with pytest.raises(ImportFault, match="no title says the date"):
        read_ofsted_list(path)


def test_rows_above_the_column_names_are_told(tmp_path, shared):
    path = tmp_path / "homes.csv"
    path.write_bytes((shared / "cases/footing/homes_0011_ROWLOSS").read_bytes())
    read = read_ofsted_list(path)
    lines = path.read_text().splitlines()
    assert read.ledger.frame.loc[read.ledger.frame["row"] == 3, "reason"].tolist() == ["above_column_names"]
    titles = next(note for note in read.ledger.notes if "titles" in note)
    assert titles.endswith("rows 1, 2, 4")
    assert len(read.ledger.frame) + 3 + 1 == len(lines)  # three titles and the names
