"""Awkward returns of the kinds that an import must tell, beside those that were handed: each with its right answer."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest
from returns903 import HEADER, read, stays, write_return, write_year

from missingmodels.errors import ImportFault
from missingmodels.extract.ofsted.registration import is_scientific, numbers
from missingmodels.extract.readers.cells import quotable, visible
from missingmodels.extract.readers.csv_files import decode
from missingmodels.extract.readers.dates import column_dates, declared, open_ends_blank
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.tables.judgement import judgements_of
from missingmodels.vocabulary.plain_words import names_nobody


def judged(found):
    return {each.rule: each for each in judgements_of(found.tables.origin)}


def some(count, **changes):
    """Children c0001 … with the default episode each, both changed alike."""
    return [{"CHILD": f"{n:05d}", "URN": f"SC{100000 + n // 3}", **changes} for n in range(1, count + 1)]


@pytest.mark.parametrize(
    "word",
    [
        *("SC.900010", "S.C.900010", "sc/900010", "SC_900010", "SC:900010", "(SC) 900010", "SC900010;", "#SC900010"),
        *("URN SC900010", "URN: SC900010", "=SC900010", "SC 900 010.0"),
    ],
)
def test_what_typing_adds_to_a_registration_number(tmp_path, word):
    assert numbers(pd.Series([word], dtype="str")).tolist() == ["SC900010"]
    rows = [{"URN": word}, {"CHILD": "c2", "URN": "SC900010"}]
    found = read(write_return(tmp_path, header=[{}, {"CHILD": "c2"}], episodes=rows))
    assert found.tables["homes"]["home_id"].tolist() == ["SC900010"]


@pytest.mark.parametrize("word", ["URN TBC", "SC900010/1", "90001.0", "12/34567", "SC2500002", "2.500.002"])
def test_other_words_are_no_registration_number(word):
    assert numbers(pd.Series([word], dtype="str")).tolist() == [""]


def test_scientific_ids_with_an_authority_behind_them():
    ids = pd.Series(["1.23457E+11_301", "1,5E+05-E09000002", "1E11_301", "0012E_12"], dtype="str")
    assert is_scientific(ids).tolist() == [True, True, False, False]


@pytest.mark.parametrize("table", ["missing", "episodes"])
def test_a_few_ids_that_lost_their_zeros_refuse_the_import(tmp_path, table):
    children = some(20)
    lost = [{**row, "CHILD": row["CHILD"].lstrip("0")} if n == 3 else row for n, row in enumerate(children)]
    folder = write_return(
        tmp_path,
        header=children,
        episodes=lost if table == "episodes" else children,
        missing=[{"CHILD": row["CHILD"]} for row in (lost if table == "missing" else children)],
        mark=False,
    )
    with pytest.raises(ImportFault, match=rf"{table}_join: [\s\S]*1 of their ids would be known if zeros"):
        read_ssda903(folder, authority="301", year=2023)


def keyed_late(tmp_path, ends):
    """A child told in one return only, and another of the same birth, sex, DECOM and home told first by the next."""
    born = {"DOB": "02/01/2008", "SEX": "1", "UPN": "UN3"}
    stay = {"DECOM": "01/05/2022", "URN": "SC000009"}
    first = write_year(tmp_path, 2023, header=[{"CHILD": "a", **born}], episodes=[{"CHILD": "a", **stay, **ends}])
    later = write_year(tmp_path, 2024, header=[{"CHILD": "b", **born}], episodes=[{"CHILD": "b", **stay}])
    return read_ssda903([first, later], authority="301", accept=("open_told", "children_shared"))


def test_a_twin_keyed_late_is_not_made_one_with_the_child_who_left(tmp_path):
    found = keyed_late(tmp_path, {"DEC": "01/12/2022", "REC": "E8"})
    assert {"a", "b"} <= set(found.tables["children"]["child_id"])
    assert "no UPN tells twins from one child" in judged(found)["id_conflict"].what
    assert stays(found, "a") == [("2022-05-01", "2022-12-01", "K2")]


def test_an_id_that_goes_on_under_another_is_one_child(tmp_path):
    found = keyed_late(tmp_path, {})
    assert "a" not in set(found.tables["children"]["child_id"])
    assert "were made one" in judged(found)["id_conflict"].what


def test_twins_born_on_the_first_of_a_month_are_told(tmp_path):
    born = {"DOB": "01/03/2008", "UPN": "UN3"}
    rows = [{"CHILD": "a", **born}, {"CHILD": "b", **born}, {"CHILD": "c"}]
    found = read_ssda903(write_return(tmp_path, header=rows, episodes=rows), authority="301")
    assert "1 pairs of ids share birth" in judged(found)["id_conflict"].what


@pytest.mark.parametrize("word", ["01/01/1970", "01/01/0001", "31/12/2999", "12/31/9999", "31/03/9999", "06/06/2079"])
def test_further_days_that_stand_for_no_end(word):
    left, told = open_ends_blank(pd.Series([word, "01/05/2022"], dtype="str"))
    assert (left.tolist(), told) == (["", "01/05/2022"], {word: 1})


def test_a_slip_of_a_year_is_no_open_end():
    assert open_ends_blank(pd.Series(["31/03/2203", "04/06/0207"], dtype="str"))[1] == {}


@pytest.mark.parametrize(("every", "severity"), [(1, "error"), (3, "warn")])
def test_ends_before_starts_are_judged(tmp_path, every, severity):
    rows = [{**row, "DEC": "" if n % every else "01/02/1980"} for n, row in enumerate(some(40))]
    folder = write_return(tmp_path, header=some(40), episodes=rows)
    if severity == "error":
        with pytest.raises(ImportFault, match=r"episodes_kept: 40 of 42 \(95 %\) episodes were set aside \(epi_nonpos"):
            read_ssda903(folder, authority="301")
    else:
        assert judged(read_ssda903(folder, authority="301"))["episodes_kept"].what.startswith("14 of 42 (33 %)")


def test_swapped_days_of_some_starts_are_a_headline(tmp_path):
    away = [{"CHILD": f"{n:05d}", "MIS_START": "10/06/2022", "MIS_END": "12/06/2022"} for n in range(1, 19)]
    away += [{"CHILD": f"{n:05d}", "MIS_START": "06/10/2022", "MIS_END": "12/06/2022"} for n in range(19, 21)]
    found = read_ssda903(write_return(tmp_path, header=some(20), episodes=some(20), missing=away), authority="301")
    assert (
        judged(found)["missing_kept"].what == "2 of 20 (10 %) missing rows end before they start, or start before birth"
    )


def months(year, last):
    """Missing rows of ten children, spread from April of a return's year to a month, its ``last``."""
    days = pd.date_range(f"{year - 1}-04-02", periods=12, freq="MS")[:last]
    return [
        {"CHILD": f"{n:05d}", "MIS_START": f"{day:%d/%m/%Y}", "MIS_END": f"{day:%d/%m/%Y}"}
        for n in range(1, 11)
        for day in days
    ]


def test_a_missing_table_that_ends_early_is_a_headline(tmp_path):
    whole, half = months(2023, 12), months(2023, 4)
    for name, rows, told in (("whole", whole, False), ("half", half, True)):
        folder = write_return(tmp_path / name, header=some(12), episodes=some(12), missing=rows)
        found = judged(read_ssda903(folder, authority="301", year=2023))
        assert ("missing_none" in found) == told
    assert "begins after 2022-08-01" in found["missing_none"].what


def test_a_year_with_few_of_the_rows_of_others_is_a_headline(tmp_path):
    years = [
        write_year(tmp_path, year, header=some(12), episodes=some(12), missing=rows)
        for year, rows in ((2023, months(2023, 12)), (2024, months(2024, 12)[:1]))
    ]
    told = judged(read_ssda903(years, authority="301"))["missing_none"].what
    assert "1 missing rows of 301 2023/24, 120 in its other years" in told


def test_children_who_are_grown_are_told(tmp_path):
    found = read(write_return(tmp_path, header=[{"DOB": "15/06/2002"}]))
    assert any(note.startswith("1 children are 18 or older on the first day") for note in found.ledger.notes)


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        (None, "2023-04-01T00:00:00+01:00"),
        (None, "2023-04-01 00:00:00 UTC"),
        ("DD-MON-YY", "01-APR-23 00.00.00"),
        ("DD-MON-YY", "01-APR-23 00.00.00.000000"),
    ],
)
def test_further_midnights(form, cell):
    found, _ = column_dates(pd.Series([cell], dtype="str"), declared(form))
    assert str(found[0])[:10] == "2023-04-01"


@pytest.mark.parametrize("cell", ["2023-04-01T00:00:00+05:00", "01-APR-23 00.30.00"])
def test_what_is_no_midnight_here(cell):
    assert column_dates(pd.Series([cell], dtype="str"), declared("DD-MON-YY"))[0].isna().all()


@pytest.mark.parametrize("sign", ["ㅤ", "️", "⠀", "͏", "\U000e0020", "ￜ", "￹"][:5])
def test_further_invisible_characters(sign):
    words, cleared = visible(pd.Series([f"00{sign}12{sign}"], dtype="str"))
    assert (words.tolist(), cleared.tolist()) == (["0012"], [True])


def test_a_file_with_a_nul_is_no_utf_16():
    assert decode(b"CHILD,DOB\n0012\0,01/02/2008\n" + b"0013,01/02/2008\n" * 20, where="a.csv")[1] == "utf-8"
    assert decode("CHILD,DOB\n".encode("utf-16-le"), where="a.csv")[1] == "utf-16-le"


NAMES = ["amy", "ben", "cara", "dinah", "edna", "flora", "gita", "hari", "iris", "jonah"]


@pytest.mark.parametrize("how", ["{n}smith", "{N}", "{n}123", "0012_{n}", "0012{n}", "{n}a"])
def test_names_of_one_word_in_child_are_refused_unprinted(tmp_path, how):
    rows = [{"CHILD": how.format(n=name, N=name.upper() + "SMITH")} for name in NAMES]
    with pytest.raises(ImportFault, match="CHILD holds words such as a person's name in 10 rows") as fault:
        read(write_return(tmp_path, header=rows, episodes=rows, mark=False))
    assert not any(name in str(fault.value).casefold() for name in NAMES)


@pytest.mark.parametrize(
    "ids",
    [
        [f"child{n:05d}x00" for n in range(20)],
        [f"{office}{n:04d}" for n, office in enumerate(["LIV", "MAN", "SAL", "BOL"] * 6)],
        ["qxwtz", "bdfgk", "wrtpl", "zxcvb", "mnbvc", "lkjhg", "trwqp", "hgfds", "xzqwr", "plkmn"],
        [f"{n:x}a{n * 7919:x}" for n in range(100, 130)],
        [hashlib.sha256(str(n).encode()).hexdigest()[:10] for n in range(60)],
        ["bqtxa", "wervo", "tyrps", "zaqxs", "pimwq", "kljon", "mnqwe", "bvtra", "xcuzi", "hgfes", "ytrqw", "plokm"],
    ],
)
def test_identifiers_with_letters_are_no_names(tmp_path, ids):
    rows = [{"CHILD": each} for each in ids]
    assert len(read(write_return(tmp_path, header=rows, episodes=rows)).tables["children"]) > 0


@pytest.mark.parametrize(
    ("table", "column"),
    [("episodes", c) for c in ("URN", "PLACE", "REC", "DEC", "LS", "RNE")] + [("header", "SEX"), ("header", "DOB")],
)
def test_no_message_and_no_ledger_tells_a_name_from_a_column_of_codes(tmp_path, table, column):
    years = []
    for year in (2023, 2024):
        rows = {"header": some(12), "episodes": some(12)}
        if year == 2023:
            rows[table][3][column] = "Marlowe"
        years.append(write_year(tmp_path, year, header=rows["header"], episodes=rows["episodes"]))
    try:
        found = read(tmp_path, accept=("missing_none", "id_conflict", "coded_words"))
        told = "\n".join([*found.ledger.notes, *map(str, judgements_of(found.tables.origin))])
        told += found.ledger.frame.drop(columns="child_id", errors="ignore").to_csv()
    except ImportFault as fault:
        told = str(fault)
    assert "marlowe" not in told.casefold()


@pytest.mark.parametrize(
    "word",
    [
        *("AWA", "Failed to return", "Missing episode", "Curfew breach", "MFH", "Truant", "Supported lodgings", "SGO"),
        *("Perm - Full Time", "A/L", "Annual leave", "Grade 5 Pod Lead", "RCCW", "n/k", "22 March 2025", "ZZ/ZZ/ZZZZ"),
        *("Current placement", "Unsure", "2024-01-01T00:00:00+01:00", "SLEEP IN - ON SITE", ""),
    ],
)
def test_words_that_are_shown(word):
    assert names_nobody(word)
    assert quotable(word) == repr(word)


@pytest.mark.parametrize(
    "word",
    [
        "Marlowe",
        "AMY",
        "Sam",
        "J SMITH",
        "Cover: Jordan",
        "swap Blake",
        "May",
        "Zoë",
        "0012_Amy",
        "jordan.hill",
        "Bryn",
    ],
)
def test_words_that_may_name_somebody(word):
    assert not names_nobody(word)
    assert "(masked)" in quotable(word)


def test_a_stray_file_named_as_a_table_beside_years(tmp_path):
    for year in (2022, 2023):
        write_year(tmp_path, year)
    (tmp_path / "episodes to check.csv").write_text("CHILD,URN\nc1,SC000001\n")
    found = read_ssda903(tmp_path, authority="301")
    assert found.tables.origin["year"] == [2022, 2023]
    assert f"left unread in {tmp_path.name}: episodes to check.csv" in found.ledger.notes
    # a table that is whole is no stray file
    (tmp_path / "header.csv").write_text(",".join(HEADER) + "\n" + ",".join(HEADER.values()) + "\n")
    with pytest.raises(ImportFault, match="no file holds the missing table"):
        read_ssda903(tmp_path, authority="301")


def test_births_of_one_years_missing_rows_are_held_against_the_header(tmp_path):
    for year, born in ((2023, HEADER["DOB"]), (2024, "02/02/2007")):
        away = [
            {"CHILD": f"{n:05d}", "DOB": born, "MIS_START": f"{n:02d}/06/{year - 1}", "MIS_END": ""} for n in (1, 2, 3)
        ]
        extra = [{**row, "MIS_START": row["MIS_START"].replace("/06/", "/07/")} for row in away] if year == 2023 else []
        extra += (
            [{**row, "MIS_START": row["MIS_START"].replace("/06/", "/08/")} for row in away] if year == 2023 else []
        )
        write_year(tmp_path, year, header=some(6), episodes=some(6), missing=[*away, *extra])
    with pytest.raises(ImportFault, match="DOB is another than the header's in 3 of 3 missing rows"):
        read(tmp_path)
