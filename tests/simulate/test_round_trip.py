"""World, files, importer, Tables again: equal up to the projection that is written down beside this file."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pandas as pd
import pytest
from full_world import AUTHORITIES, full_tables
from projection903 import as_returns_show

from missingmodels.errors import ConfigInvalid, InputError
from missingmodels.export.codes import home_codes
from missingmodels.export.one_return import make_return, whole_years, write_return
from missingmodels.export.quirks import ALL, Quirks, quirks_of
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.tables import Tables, make_tables
from missingmodels.tables.contract import TABLES
from missingmodels.tables.schema import conform
from worlds import small_world

YEARS = (2025, 2026)
SINGLE = [
    *({f.name: getattr(ALL, f.name)} for f in dataclasses.fields(Quirks)),
    *({"encoding": encoding} for encoding in ("utf-8-sig", "cp1252")),
    {"header_case": "title"},
]


@pytest.fixture(scope="module")
def full() -> Tables:
    return full_tables()


def require_equal(got: Tables, expected: dict[str, pd.DataFrame]) -> None:
    for name, frame in expected.items():
        key = list(TABLES[name].key)
        want = conform(frame, TABLES[name])[frame.columns].sort_values(key, ignore_index=True)
        have = got[name][frame.columns].sort_values(key, ignore_index=True)
        pd.testing.assert_frame_equal(have, want, obj=name)


def there_and_back(tables: Tables, folder: Path, authority: str, year: int, quirks: Quirks) -> None:
    made = make_return(tables, authority=authority, year=year, quirks=quirks, seed=3)
    found = read_ssda903(write_return(made, folder), authority=authority, year=year)
    require_equal(found.tables, as_returns_show(tables, made))
    assert set(found.tables.frames) == {"children", "placements", "missing_episodes", "homes"}
    assert not found.tables.all_residents


@pytest.mark.parametrize("year", YEARS)
def test_a_simulated_world(year: int, tmp_path: Path) -> None:
    tables = small_world(1, n_homes=20, days=800).tables
    assert whole_years(tables) == list(YEARS)
    there_and_back(tables, tmp_path, "SIM", year, Quirks())


@pytest.mark.parametrize(("authority", "year"), [*zip(AUTHORITIES, (2025, 2026, 2026), strict=True)])
def test_a_world_with_everything(full: Tables, authority: str, year: int, tmp_path: Path) -> None:
    there_and_back(full, tmp_path, authority, year, Quirks())


@pytest.mark.parametrize(("authority", "year"), [(AUTHORITIES[0], 2026), (AUTHORITIES[1], 2025)])
def test_with_every_quirk(full: Tables, authority: str, year: int, tmp_path: Path) -> None:
    there_and_back(full, tmp_path, authority, year, ALL)


@pytest.mark.slow
@pytest.mark.parametrize("quirk", SINGLE, ids=lambda quirk: "-".join(f"{k}={v}" for k, v in quirk.items()))
def test_with_one_quirk(full: Tables, quirk: dict, tmp_path: Path) -> None:
    there_and_back(full, tmp_path, AUTHORITIES[1], 2026, Quirks(**quirk))


LOGGED = {
    "legal_change_share": {"legal_change"},
    "temporary_share": {"temporary"},
    "blank_urn_share": {"blank_urn"},
    "k3_share": {"k3"},
    "closed_bed_share": {"closed_bed"},
    "same_day_repeat_share": {"same_day_repeat"},
    "amended_share": {"amended_ls", "amended_cin", "amended_decom"},
}


@pytest.mark.parametrize("dial", LOGGED)
def test_a_dial_moves_its_own_rows_only(full: Tables, dial: str) -> None:
    """Alone and beside all others it picks the same rows, and its log names nothing else."""
    share = {dial: max(getattr(ALL, dial), 0.5)}
    alone, beside = (
        make_return(full, authority=AUTHORITIES[0], year=2026, quirks=quirks, seed=3).log
        for quirks in (Quirks(**share), dataclasses.replace(ALL, **share))
    )
    assert set(alone["quirk"]) == LOGGED[dial]
    if dial in ("legal_change_share", "closed_bed_share", "amended_share"):
        return  # these act on stays as the dials before them leave them
    keys = ["child_id", "date", "quirk"]
    same = beside[beside["quirk"].isin(LOGGED[dial])][keys]
    pd.testing.assert_frame_equal(alone[keys].reset_index(drop=True), same.reset_index(drop=True))


@pytest.mark.parametrize(
    "quirks", [Quirks(), Quirks(legal_change_share=0.6, temporary_share=1.0)], ids=["plain", "cut"]
)
def test_episodes_follow_from_each_other(full: Tables, quirks: Quirks) -> None:
    """RNE says what changed, REC that another follows, and nobody goes missing from a temporary placement."""
    met = set()
    for authority in AUTHORITIES:
        frames = make_return(full, authority=authority, year=2026, quirks=quirks, seed=3).frames
        rows = frames["episodes"].to_dict("records")
        for row, following in itertools.pairwise(rows):
            if row["CHILD"] != following["CHILD"] or row["DEC"] != following["DECOM"]:
                assert row["REC"] != "X1"
                assert row["CHILD"] == following["CHILD"] or following["RNE"] in "SPL"
                assert row["CHILD"] != following["CHILD"] or following["RNE"] == "S"
                continue
            place = any(row[name] != following[name] for name in ("PLACE", "URN", "PL_POST", "PLACE_PROVIDER"))
            status = row["LS"] != following["LS"]
            assert (place, status) in {(True, False), (False, True)}
            assert following["RNE"] == ("P" if place else "L")
            assert row["REC"] == "X1"
            temporary = "T" in (row["PLACE"][0], following["PLACE"][0])
            assert (row["REASON_PLACE_CHANGE"] != "") == (place and not temporary)
            met.add(following["RNE"] + following["PLACE"][0])
        away = frames["episodes"][frames["episodes"]["PLACE"] == "T4"].merge(frames["missing"], on="CHILD")
        left, back, gone = (pd.to_datetime(away[c], format="%d/%m/%Y") for c in ("DECOM", "DEC", "MIS_START"))
        assert not ((left <= gone) & (gone <= back)).any()
    assert {"PK", "PT"} <= met
    assert ("LK" in met) == (quirks.legal_change_share > 0)


def test_identifiers_are_nobodys(full: Tables) -> None:
    """One URN and one postcode a home, in the forms that a return asks for, and none that could be somebody's."""
    made = home_codes(full)
    numbered = made[~made.index.str.contains("@")]
    assert numbered["urn"].is_unique
    assert numbered["postcode"].is_unique
    assert numbered["urn"].str.fullmatch(r"SC9\d{5}").all()
    frame = make_return(full, authority=AUTHORITIES[0], year=2025).frames
    posts = pd.concat([numbered["postcode"], frame["episodes"]["HOME_POST"], frame["episodes"]["PL_POST"]])
    assert posts.str.replace(" ", "").str.fullmatch(r"ZZ\d{1,2}\d[ABD-HJLNP-UW-Z]{2}").all()
    assert not set(numbered["postcode"]) & set(frame["episodes"]["HOME_POST"])
    assert frame["header"]["UPN"].str.fullmatch(r"A\d{12}").all()
    assert frame["header"]["UPN"].is_unique


def test_off_is_off(full: Tables) -> None:
    made = make_return(full, authority=AUTHORITIES[0], year=2025, seed=3)
    assert made.log.empty


def test_years_agree_on_what_they_share(full: Tables) -> None:
    """What two returns both say of a child or an episode is the same, but for what only the later year knows."""
    one, two = (make_return(full, authority=AUTHORITIES[2], year=year, seed=3).frames for year in YEARS)
    both = one["header"].merge(two["header"], on="CHILD", suffixes=("", "_later"))
    assert len(both) > 10
    for column in ("SEX", "DOB", "ETHNIC", "UPN"):
        assert (both[column] == both[f"{column}_later"]).all()
    both = one["episodes"].merge(two["episodes"], on=["CHILD", "DECOM"], suffixes=("", "_later"))
    assert len(both) > 10
    assert (both["DEC"] == "").all()
    for column in ("RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "HOME_POST", "PL_POST", "URN"):
        assert (both[column] == both[f"{column}_later"]).all()


def test_a_child_more_changes_no_other_child(full: Tables) -> None:
    """Codes belong to the child and the home, not to their place in a table."""
    children = full["children"]
    gone = children["child_id"].iloc[0]
    less = make_tables(
        {
            name: frame[frame["child_id"] != gone] if "child_id" in frame else frame
            for name, frame in full.frames.items()
        },
        observed_from=full.observed_from,
        observed_to=full.observed_to,
    )
    authority = children["authority"].iloc[0]
    whole = make_return(full, authority=authority, year=2025, quirks=ALL, seed=3).frames
    part = make_return(less, authority=authority, year=2025, quirks=ALL, seed=3).frames
    for name, frame in whole.items():
        kept = frame[frame["CHILD"] != gone].reset_index(drop=True)
        pd.testing.assert_frame_equal(part[name], kept)


def test_other_children_are_never_written(full: Tables) -> None:
    children = full["children"].set_index("child_id")["authority"]
    for authority in AUTHORITIES:
        frames = make_return(full, authority=authority, year=2025, quirks=ALL).frames
        for frame in frames.values():
            assert set(frame["CHILD"].map(children)) <= {authority}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"year": 2027}, "years wholly observed: 2025, 2026"),
        ({"year": 2024}, "not wholly observed"),
        ({"authority": "E99"}, "the authorities are: E10000001, E10000002, E10000003"),
    ],
)
def test_what_cannot_be_written_is_told(full: Tables, call: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make_return(full, **({"authority": AUTHORITIES[0], "year": 2025} | call))


def test_a_child_identifier_that_a_return_cannot_hold(full: Tables) -> None:
    children = full["children"].replace({"child_id": {full["children"]["child_id"].iloc[0]: "a child"}})
    odd = make_tables(
        {"children": children, "placements": full["placements"], "missing_episodes": full["missing_episodes"]}
        | {"homes": full["homes"]},
        observed_from=full.observed_from,
        observed_to=full.observed_to,
    )
    with pytest.raises(InputError, match="a child"):
        make_return(odd, authority=AUTHORITIES[0], year=2025)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("k3_share=2", "k3_share is 2.0, not a probability"),
        ("nonsense=1, k3_share=x", "no quirk 'nonsense'; k3_share needs a number"),
        ("encoding=latin", "encoding 'latin' is not one of"),
        ("crlf=perhaps", "crlf is true or false"),
    ],
)
def test_quirks_in_words(text: str, words: str) -> None:
    assert quirks_of("all") == ALL
    assert quirks_of("") == Quirks()
    assert quirks_of("crlf, k3_share=0.5,encoding=utf-16") == Quirks(crlf=True, k3_share=0.5, encoding="utf-16")
    with pytest.raises(ConfigInvalid, match=words):
        quirks_of(text)
