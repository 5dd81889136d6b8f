"""Columns of one's own, measures and events in tables: declared, joined, kept on disk, checked and pseudonymised."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from missingmodels.errors import ConfigInvalid, InputError, TablesInvalid
from missingmodels.extract.ledger import Ledger
from missingmodels.extract.pseudonyms import Key, pseudonymise
from missingmodels.provenance import digest_json
from missingmodels.tables import check_tables, read_tables, write_tables
from missingmodels.tables.manifest import MANIFEST, SEAL
from own_cases import CHILDREN, DECLARED, HAPPENED, MEANT, base, date, events, measures, rows, with_own

ADHD = {"adhd": {"kind": "yes/no", "meaning": "a diagnosis of ADHD"}}


def joined(values, declare=ADHD, **more):
    return base().with_columns(children=pd.DataFrame(values), declare=declare, **more)


def test_what_is_joined_stands_by_its_id_and_the_rest_is_unrecorded():
    tables = joined({"child_id": ["dan", "ann"], "adhd": [True, False]})
    assert list(tables["children"]["child_id"]) == [*CHILDREN]
    assert tables["children"]["adhd"].astype(object).fillna("").tolist() == [False, "", "", True]
    again = tables.with_columns(children=pd.DataFrame({"child_id": ["ann"], "adhd": [True]}), declare=ADHD)
    assert again["children"]["adhd"].astype(object).fillna("").tolist() == [True, "", "", ""]
    assert not again.simulated


def test_yes_and_no_are_read_as_they_are_written():
    tables = joined({"child_id": ["ann", "dan"], "adhd": ["Yes", "no "]})
    told = dict(zip(tables["children"]["child_id"], tables["children"]["adhd"].astype(object).fillna(""), strict=True))
    assert (told["ann"], told["dan"]) == (True, False)


def test_a_frame_that_nobody_declares_says_how():
    with pytest.raises(ConfigInvalid, match="declares nothing of 'adhd'"):
        base().with_columns(children=pd.DataFrame({"child_id": ["ann"], "adhd": [True]}))
    with pytest.raises(ConfigInvalid, match="'climate' is in the frame and not declared"):
        base().with_measures(pd.DataFrame({"name": ["climate"], "value": [1.0], "known_date": [date(0)]}))


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (
            {"home_id": ["A"], "value": ["1"], "date": ["2024-03-31"]},
            "'known_date' is absent; column 'date' is not known",
        ),
        (
            {"home_id": ["A"], "value": ["1"], "known_date": ["31/03/2024"]},
            "'known_date' does not read as days, as 2024-0",
        ),
    ],
)
def test_a_measure_that_does_not_read_says_which_column_once(frame, words):
    with pytest.raises(InputError) as raised:
        base().with_measures(pd.DataFrame({"name": ["climate"], **frame}), declare={"climate": {"meaning": "climate"}})
    assert words in str(raised.value)
    assert "start_date" not in str(raised.value).split("What to do")[0]
    assert "format" not in str(raised.value)


def test_a_home_alone_gives_every_span_of_its_own():
    frame = pd.DataFrame({"home_id": ["A"], "open_plan": [1.0]})
    tables = base().with_columns(homes=frame, declare={"open_plan": {"kind": "number", "meaning": "open plan"}})
    assert tables["homes"]["open_plan"].fillna(-1).tolist() == [1, 1, -1]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"child_id": ["ann", "zoe"], "adhd": [True, True]}, "tables do not hold: 1"),
        ({"child_id": ["ann", "ann"], "adhd": [True, False]}, "has another row: 0, 1"),
        ({"child_id": ["ann", None], "adhd": [True, False]}, "without child_id: 1"),
        ({"child": ["ann"], "adhd": [True]}, "lacks child_id"),
        (
            {"child_id": ["ann"], "adhd": ["perhaps"]},
            "'adhd' does not read as yes or no, or as true and false: rows 0;",
        ),
    ],
)
def test_rows_that_do_not_join_are_refused(values, words):
    with pytest.raises(InputError, match=words):
        joined(values)


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        ({}, "declares nothing of 'adhd'"),
        ({**ADHD, "more": {"kind": "number", "meaning": "x"}}, "'more' is declared, and no frame"),
        ({"adhd": {"kind": "flag", "meaning": "x"}}, "'flag' is not one of number, yes/no, category"),
        ({"adhd": {"kind": "number"}}, "say in a few words"),
        ({"adhd": {"kind": "number", "meaning": "x", "label": "y"}}, "label: not known"),
        ({"adhd": {"kind": "category", "meaning": "x"}}, "the reference first"),
        ({"adhd": {"kind": "category", "meaning": "x", "levels": ["a", "A"]}}, "different texts"),
        ({"adhd": {"kind": "number", "meaning": "x", "levels": ["a", "b"]}}, "only a category"),
        ({"adhd": {"kind": "number", "meaning": "x", "direction": "up"}}, "not above, below"),
        ({"adhd": {"kind": "number", "meaning": "x", "reportable": 1}}, "neither true nor false"),
        ({"adhd": {"kind": "number", "meaning": "x\ny"}}, "a text of one line"),
    ],
)
def test_declarations_that_do_not_do_are_refused(declare, words):
    with pytest.raises(ConfigInvalid, match=words):
        joined({"child_id": ["ann"], "adhd": [1]}, declare)


@pytest.mark.parametrize("name", ["male", "sex", "places", "log", "event", "days", "ADHD", "a b", "x_within", "lambda"])
def test_names_that_mean_something_else_are_refused(name):
    with pytest.raises(ConfigInvalid, match="name"):
        joined({"child_id": ["ann"], name: [1]}, {name: {"kind": "number", "meaning": "x"}})


def test_one_name_in_two_tables_is_refused():
    tables = joined({"child_id": ["ann"], "adhd": [True]})
    with pytest.raises(ConfigInvalid, match="declared for children and for homes"):
        tables.with_columns(homes=pd.DataFrame({"home_id": ["A"], "adhd": [True]}), declare=ADHD)


def test_a_folder_holds_all_of_it_and_the_old_layout_is_read(tmp_path):
    tables = with_own()
    read = read_tables(write_tables(tables, tmp_path / "new"))
    assert read.own == tables.own
    for name, frame in tables.frames.items():
        pd.testing.assert_frame_equal(read[name], frame)
    old = write_tables(base(), tmp_path / "old")
    manifest = json.loads((old / MANIFEST).read_text())
    assert manifest["schema_version"] == 2
    manifest = {key: value for key, value in manifest.items() if key not in ("own", SEAL)} | {"schema_version": 1}
    (old / MANIFEST).write_text(json.dumps(manifest | {SEAL: digest_json(manifest)}))
    assert read_tables(old).own == {}


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"children": [{"name": "adhd", "kind": "flag", "meaning": "x"}]}, "declarations"),
        ({"nowhere": []}, "unknown table"),
        ({}, "column 'adhd' is not known"),
        (
            {"events": [{"name": "conflict", "kind": "yes/no", "meaning": word} for word in "xy"]},
            "name of events twice",
        ),
    ],
)
def test_a_manifest_that_declares_something_else_is_refused(tmp_path, own, words):
    folder = write_tables(with_own(), tmp_path / "own")
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest = {key: value for key, value in manifest.items() if key != SEAL} | {"own": own}
    (folder / MANIFEST).write_text(json.dumps(manifest | {SEAL: digest_json(manifest)}))
    with pytest.raises(InputError, match=words):
        read_tables(folder)


def test_check_tells_what_does_not_tell():
    tables = with_own()
    assert {f.rule for f in check_tables(tables)} == set()
    placements = tables["placements"].assign(reason="planned")
    children = tables["children"].assign(adhd=None)
    found = {f.rule: f.what for f in check_tables(tables.changed({"placements": placements, "children": children}))}
    assert found == {
        "reason_does_not_tell": "reason (reason of the placement) is planned wherever it is recorded",
        "adhd_does_not_tell": "adhd (a diagnosis of ADHD) is unrecorded throughout",
    }
    crisis = tables["placements"].assign(reason=tables["placements"]["reason"].replace("return", "crisis"))
    (found,) = check_tables(tables.changed({"placements": crisis}))
    assert found.severity == "warn"
    assert "never has the level return" in found.what


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"child_id": None, "home_id": None}, "no_unit"),
        ({"child_id": "zoe"}, "unknown_child_id"),
        ({"name": "No Word"}, "name_no_word"),
        ({"name": "trusts"}, "value_no_yes_or_no"),
        ({"known_date": None}, "known_date_unrecorded"),
        ({"end_date": date(-1)}, "end_before_start"),
    ],
)
def test_measures_that_cannot_be_are_refused(change, rule):
    frame = measures()
    for name, value in change.items():
        frame.loc[0, name] = value
    with pytest.raises((TablesInvalid, ConfigInvalid)) as raised:
        with_own().with_measures(
            frame, declare={**MEANT, "No Word": {"meaning": "x"}} if "No Word" in change.values() else MEANT
        )
    assert rule in str(raised.value) or "a name is a word" in str(raised.value)


def test_events_are_numbered_by_day_and_replace_those_of_their_kind():
    tables = with_own()
    assert tables["events"]["sequence"].tolist() == [0, 0, 0, 0, 0, 0, 1]
    more = tables.with_events(events().query("kind == 'police'").iloc[:1], declare={"police": HAPPENED["police"]})
    assert more["events"]["kind"].tolist() == ["conflict"] * 3 + ["police"]
    with pytest.raises(ConfigInvalid, match="'police' is in the frame and not declared"):
        tables.with_events(events(), declare={"conflict": HAPPENED["conflict"]})


def test_pseudonyms_reach_every_identifier_and_no_value():
    tables = with_own()
    made, _ = pseudonymise(
        tables, Ledger(frame=pd.DataFrame(columns=["child_id", "before", "after", "detail"])), Key(b"k" * 20)
    )
    assert made.own == tables.own
    for name in ("measures", "events"):
        assert not set(CHILDREN) & set(made[name]["child_id"].dropna())
        assert made[name]["child_id"].notna().equals(tables[name]["child_id"].notna())
    assert not {"s1", "s2"} & set(made["measures"]["staff_id"].dropna())
    assert set(made["measures"]["staff_id"].dropna()) <= set(made["staff_spells"]["staff_id"])
    assert made["measures"]["value"].equals(tables["measures"]["value"])
    assert made["children"]["adhd"].equals(tables["children"]["adhd"])
    assert set(DECLARED) == {one.name for held in made.own.values() for one in held} - {*MEANT, *HAPPENED}


def test_a_frame_that_nothing_declares_says_where_to_read_on():
    with pytest.raises(InputError, match="own_variables"):
        base().changed({"children": base()["children"].assign(adhd=True)})
    with pytest.raises(InputError, match="column 'mood' is not known"):
        base().with_measures(measures().assign(mood=1), declare=MEANT)
    assert rows("a b", (1, 2)).shape == (1, 2)
