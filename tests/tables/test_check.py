"""Every rule of the contract, broken once: the finding names table, rule, count, first row and remedy."""

from __future__ import annotations

import pytest
from examples import copy_row, frames, put, valid_tables

from missingmodels.errors import InputError, TablesInvalid
from missingmodels.tables import check_tables, make_tables, require_valid
from missingmodels.tables.contract import TABLES
from missingmodels.tables.rules import RULES

# (tables changed), table, rule, severity, count, first row
SCHEMA_CASES = [
    ({"children": put(1, authority=None)}, "children", "authority_unrecorded", "error", 1, 1),
    ({"children": put(2, birth_date=None)}, "children", "birth_date_unrecorded", "error", 1, 2),
    ({"placements": put(0, start_is_truncated=None)}, "placements", "start_is_truncated_unrecorded", "error", 1, 0),
    ({"children": put(1, sex="female")}, "children", "sex_not_in_code_set", "error", 1, 1),
    ({"missing_episodes": put(1, category="X")}, "missing_episodes", "category_not_in_code_set", "error", 1, 1),
    (
        {"homes": copy_row(0, valid_from="2022-01-01", valid_to="2023-01-01", places=0)},
        "homes",
        "places_out_of_range",
        "error",
        1,
        2,
    ),
    ({"staff_spells": put(1, fte=2.5)}, "staff_spells", "fte_out_of_range", "error", 1, 1),
    ({"staff_periods": put(1, worked_hours=-1.0)}, "staff_periods", "worked_hours_out_of_range", "error", 1, 1),
    ({"missing_episodes": put(0, sequence=-1)}, "missing_episodes", "sequence_out_of_range", "error", 1, 0),
    ({"children": copy_row(0)}, "children", "duplicate_key", "error", 2, 0),
    ({"missing_episodes": copy_row(1)}, "missing_episodes", "duplicate_key", "error", 2, 1),
]
SECOND = {"start_date": "2023-07-01", "home_id": "h1"}
RULE_CASES = [
    ({"placements": put(3, child_id="nobody")}, "placements", "unknown_child_id", "error", 1, 3),
    ({"placements": put(3, home_id="nowhere")}, "placements", "unknown_home_id", "error", 1, 3),
    ({"missing_episodes": put(0, child_id="nobody")}, "missing_episodes", "unknown_child_id", "error", 1, 0),
    ({"staff_periods": put(1, home_id="nowhere")}, "staff_periods", "unknown_home_id", "error", 1, 1),
    ({"staff_spells": put(0, home_id="nowhere")}, "staff_spells", "unknown_home_id", "error", 1, 0),
    ({"staff_shifts": put(0, home_id="nowhere")}, "staff_shifts", "unknown_home_id", "error", 1, 0),
    ({"ties": put(1, child_b="nobody")}, "ties", "unknown_child_b", "error", 1, 1),
    ({"interviews": put(0, child_id="nobody")}, "interviews", "unknown_child_id", "error", 1, 0),
    ({"placements": put(3, end_date="2023-01-01")}, "placements", "end_before_start", "error", 1, 3),
    ({"missing_episodes": put(0, end_date="2023-06-09")}, "missing_episodes", "end_before_start", "error", 1, 0),
    ({"homes": put(0, valid_to="2023-01-01")}, "homes", "end_before_start", "error", 1, 0),
    ({"staff_shifts": put(0, end_time="2023-01-01T07:30")}, "staff_shifts", "end_before_start", "error", 1, 0),
    ({"placements": put(1, start_date="2023-06-30", home_id="h2")}, "placements", "child_in_two_homes", "error", 1, 1),
    ({"placements": put(1, start_date="2023-06-30")}, "placements", "overlapping_placements", "error", 1, 1),
    ({"children": put(2, birth_date="2023-01-02")}, "placements", "placed_before_birth", "error", 1, 3),
    ({"missing_episodes": put(1, end_date=None)}, "missing_episodes", "two_open_episodes", "error", 2, 1),
    ({"missing_episodes": put(0, end_date=None)}, "missing_episodes", "open_for_long", "warn", 1, 0),
    ({"missing_episodes": put(1, end_date="2023-12-21")}, "missing_episodes", "overlapping_episodes", "warn", 1, 2),
    (
        {"missing_episodes": put(1, start_date="2023-01-31")},
        "missing_episodes",
        "episode_outside_placement",
        "warn",
        1,
        1,
    ),
    (
        {"missing_episodes": put(2, start_date="2024-01-01")},
        "missing_episodes",
        "episode_outside_observation",
        "warn",
        1,
        2,
    ),
    ({"placements": put(3, home_id="h1")}, "homes", "residents_above_places", "warn", 1, 0),
    ({"staff_periods": put(1, start_date="2023-06-30")}, "staff_periods", "staff_periods_overlap", "error", 1, 1),
    ({"staff_periods": put(1, start_date="2023-07-02")}, "staff_periods", "staffing_gap", "warn", 1, 1),
    ({"ties": put(1, child_b="c1")}, "ties", "tie_to_self", "error", 1, 1),
    ({"ties": copy_row(0, child_a="c2", child_b="c1", start_date="2023-03-01")}, "ties", "tie_twice", "error", 1, 2),
]


def test_the_example_keeps_the_contract():
    assert set(frames()) == set(TABLES), "the example has a row in every table"
    assert check_tables(valid_tables()) == []
    assert require_valid(valid_tables()) == []


@pytest.mark.parametrize(
    ("changes", "table", "rule", "severity", "count", "row"),
    SCHEMA_CASES + RULE_CASES,
    ids=[f"{case[1]}.{case[2]}" for case in SCHEMA_CASES + RULE_CASES],
)
def test_each_rule_broken_once(changes, table, rule, severity, count, row):
    found = check_tables(valid_tables(**changes))
    if rule == "unknown_child_id":  # such a child has no placement either
        found = [f for f in found if f.rule != "episode_outside_placement"]
    assert [(f.table, f.rule) for f in found] == [(table, rule)]
    (fault,) = found
    assert (fault.severity, fault.count, fault.rows[0]["row"]) == (severity, count, row)
    assert len(fault.rows) == count
    assert fault.what
    assert fault.remedy
    assert fault.rule in str(fault)
    assert fault.remedy in str(fault)
    assert fault.as_dict()["count"] == count


def test_every_cross_table_rule_is_broken_above():
    broken = [valid_tables(**case[0]) for case in RULE_CASES]
    silent = [rule.__name__ for rule in RULES if not any(rule(tables) for tables in broken)]
    assert silent == []


@pytest.mark.parametrize(
    ("value", "why"), [(6.0, "is 6.0 wherever it is recorded"), (None, "is unrecorded throughout")]
)
def test_a_measure_that_tells_nothing_is_told(value, why):
    change = {"measures": lambda frame: put(0, value=value)(put(2, value=value)(frame))}
    (fault,) = check_tables(valid_tables(**change))
    assert (fault.table, fault.rule, fault.severity) == ("measures", "climate_does_not_tell", "warn")
    assert fault.what == f"climate (climate of the home) {why}"


def test_a_row_is_counted_from_0_unless_a_file_is_known():
    with pytest.raises(TablesInvalid, match=r"row 0 \(from 0\)"):
        require_valid(valid_tables(interviews=put(0, child_id="nobody")))
    with pytest.raises(TablesInvalid, match=r"rows: book\.xlsx row 7, "):
        require_valid(valid_tables(interviews=put(0, child_id="nobody")), rows={"interviews": ["book.xlsx row 7"]})


@pytest.mark.parametrize(
    "changes",
    [
        {"missing_episodes": put(0, end_date="2023-06-10")},  # back on the same day
        {"missing_episodes": put(0, start_date="2023-07-01", end_date="2023-07-02")},  # on the day of the move
        {"missing_episodes": put(1, end_date="2023-12-20")},  # gone again on the day of return
        {"missing_episodes": copy_row(0, sequence=1, end_date="2023-06-10")},  # twice in a day
        {"missing_episodes": put(1, start_date="2023-12-31", end_date=None)},
        {"placements": put(3, home_id=None)},
        {"homes": put(0, places=None)},
        {"ties": put(1, child_b="c2", kind="home", start_date="2022-01-01", end_date="2023-02-01")},
        {"ties": put(1, child_a="c2", child_b="c1")},  # of another kind
        {"ties": put(1, child_b="c2")},  # the same, written the same way round
        {"children": put(0, sex=None, ethnicity=None)},
    ],
)
def test_what_is_allowed(changes):
    found = check_tables(valid_tables(**changes))
    assert [f for f in found if f.rule not in ("two_open_episodes", "overlapping_episodes")] == []


def test_several_faults_are_reported_at_once():
    broken = valid_tables(
        children=put(1, sex="female", authority=None),
        homes=put(0, places=0),
        placements=put(3, home_id="nowhere"),
        staff_periods=put(1, start_date="2023-07-02"),
    )
    rules = [(f.table, f.rule) for f in check_tables(broken)]
    assert set(rules) == {
        *(("children", "sex_not_in_code_set"), ("children", "authority_unrecorded")),
        *(("homes", "places_out_of_range"), ("placements", "unknown_home_id")),
        ("staff_periods", "staffing_gap"),
        ("homes", "residents_above_places"),
    }
    assert rules.index(("staff_periods", "staffing_gap")) >= 4, "warnings come after errors"
    with pytest.raises(TablesInvalid, match="break 4 rules") as caught:
        require_valid(broken, where="here")
    assert len(caught.value.findings) == 4
    assert caught.value.remedy
    for rule in ("sex_not_in_code_set", "authority_unrecorded", "places_out_of_range", "unknown_home_id"):
        assert rule in str(caught.value)


def test_only_the_first_rows_are_shown_but_all_are_counted():
    broken = valid_tables(children=lambda frame: frame.assign(birth_date_precision="hour"))
    (fault,) = check_tables(broken)
    assert (fault.count, [row["row"] for row in fault.rows]) == (3, [0, 1, 2])
    many = valid_tables(placements=lambda frame: frame.assign(child_id=["a", "b", "c", "d"]))
    (fault,) = [f for f in check_tables(many) if f.rule == "unknown_child_id"]
    assert (fault.count, len(fault.rows)) == (4, 3)
    assert "first 3 of 4" in str(fault)


def test_warnings_alone_do_not_stop():
    warned = valid_tables(staff_periods=put(1, start_date="2023-07-02"))
    assert [f.rule for f in require_valid(warned)] == ["staffing_gap"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="birth_date"), "column 'birth_date' is absent"),
        (lambda f: f.assign(shoe_size=1), "column 'shoe_size' is not known"),
        (lambda f: f.assign(birth_date="yesterday-ish"), "column 'birth_date' does not read as days, as 2024"),
        (lambda f: f.assign(birth_date="03/04/2008"), "column 'birth_date' does not read as days, as 2024"),
        (lambda f: f.assign(need_score="high"), "column 'need_score' does not read as numbers: rows 0"),
    ],
)
def test_frames_that_do_not_fit(change, message):
    with pytest.raises(InputError, match=message) as caught:
        valid_tables(children=change)
    assert "children" in str(caught.value)


def test_tables_that_do_not_fit():
    made = frames()
    unknown = made | {"pets": made["homes"]}
    del unknown["homes"]
    with pytest.raises(InputError, match="'pets' is not known; table 'homes' is absent"):
        make_tables(unknown, observed_from="2023-01-01", observed_to="2024-01-01")
    with pytest.raises(InputError, match="is not before observed_to"):
        make_tables(made, observed_from="2024-01-01", observed_to="2024-01-01")
    only = {name: frame for name, frame in made.items() if not TABLES[name].optional}
    small = make_tables(only, observed_from="2023-01-01", observed_to="2024-01-01")
    assert "ties" not in small
    assert small["ties"].empty
    assert (small.first_day, small.end_day) == (19358, 19723)
    with pytest.raises(KeyError, match="no table 'pets'"):
        small["pets"]
