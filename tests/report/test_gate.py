"""The gate: every field has a class, small counts and what gives them back are gone, estimates rest on enough."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import BaseModel

from missingmodels.disclosure.classes import FIELDS, Class
from missingmodels.disclosure.counts import blocked_cells, blocked_part, rounded, significant
from missingmodels.disclosure.described import FIELDS as DESCRIBED
from missingmodels.disclosure.described import SHARES_OF, described, gated_measures
from missingmodels.disclosure.gate import released
from missingmodels.disclosure.policy import Policy, load_policy, policy_for
from missingmodels.disclosure.record import FILE, TABLE, Judged
from missingmodels.disclosure.support import dominated
from missingmodels.disclosure.tables import gated_table
from missingmodels.disclosure.values import gated_data
from missingmodels.disclosure.words import scrubbed
from missingmodels.errors import ConfigInvalid
from missingmodels.evidence.record import Evidence, evidence_file, read_evidence
from missingmodels.evidence.schema import EvidenceFile
from missingmodels.frame.describe import describe
from missingmodels.report.figures.pictures import pictures
from missingmodels.report.html import page, write_report
from missingmodels.report.text import summary_text
from missingmodels.runs.release import release_files
from missingmodels.targets import Compared, Measured, targets

GENERIC = load_policy("generic")
REAL = {"kind": "ssda903", "authority": "301", "year": 2024, "files": {"returns/X.csv": "sha256:1"}, "notes": "40 days"}


def core(kind: Any) -> Any:
    """A type without what is annotated to it, and without None."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return core(typing.get_args(kind)[0])
    if origin in (typing.Union, types.UnionType):
        return core(next(one for one in typing.get_args(kind) if one is not types.NoneType))
    return kind


def parts(kind: Any, path: str = "") -> Iterator[str]:
    """Paths of the leaves of a schema."""
    held = core(kind)
    if isinstance(held, type) and issubclass(held, BaseModel):
        fields = {name: field.annotation for name, field in held.model_fields.items()}
    elif isinstance(held, type) and dataclasses.is_dataclass(held):
        fields = typing.get_type_hints(held)
    elif typing.get_origin(held) in (list, tuple):
        yield from parts(typing.get_args(held)[0], f"{path}[]")
        return
    else:
        yield path
        return
    for name, inner in fields.items():
        yield from parts(inner, f"{path}.{name}".lstrip("."))


def test_every_field_of_the_evidence_has_a_class_and_no_class_is_of_nothing() -> None:
    """A field that is added without a class does not leave the room, and fails here."""
    leaves = set(parts(EvidenceFile))
    known = {
        path for path in leaves if any(path == name or path.startswith((f"{name}.", f"{name}[")) for name in FIELDS)
    }
    open_records = {"certificates[].diagnostics.failed[]"}
    assert leaves - known - open_records == set()
    of_schema = {name for name in FIELDS if not name.startswith("certificates[].")}
    assert [
        name for name in of_schema if not any(p == name or p.startswith((f"{name}.", f"{name}[")) for p in leaves)
    ] == []


def test_what_describe_tells_has_a_class_each() -> None:
    tree = ast.parse(inspect.getsource(describe))
    told = next(node for node in ast.walk(tree) if isinstance(node, ast.Return)).value
    assert isinstance(told, ast.Dict)
    names = [key.value for key in told.keys if isinstance(key, ast.Constant)]
    assert len(names) > 15
    assert [name for name in names if name not in DESCRIBED and name not in SHARES_OF] == []


def enough(evidence: Evidence, **changes: Any) -> list[dict[str, Any]]:
    """Support of every fit and name of the rows: plenty, but for what ``changes`` says of one column."""
    plenty = {"children": 80, "homes": 40, "largest_children": [0.1, 0.08, 0.05], "largest_homes": [0.1, 0.08, 0.05]}
    fits = {(c["model"], c["exposure"]) for c in evidence.certificates}
    found = [{"model": m, "exposure": e, "column": "*"} | plenty for m, e in fits]
    for m, e in fits:
        for name in {row.name for row in evidence.rows} | {"own_1_7"}:
            own = plenty | {"low": 0.0, "high": 0.8} | (changes if name == "age_years" else {})
            found.append({"model": m, "exposure": e, "column": name} | own)
    return found


@pytest.fixture
def real(make: Callable[..., Evidence]) -> Evidence:
    held = make(origin=REAL)
    data = {**held.data, "homes": 41, "children": 123, "onsets": 437, "children_with_onset": 61, "joint_onsets": 1}
    data |= {
        "same_day_repeats": 3,
        "resident_years": 98.1095,
        "episodes": {"onsets": 437, "before": 12, "elsewhere": 1},
    }
    data |= {"onsets_exposed": 61, "days_exposed": 9012.5, "rows": 5123}
    return replace(held, data=data, support=enough(held), notes=("7 of 41 homes have no owner recorded; SC1234567",))


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for held in value.values():
            yield from numbers(held)
    elif isinstance(value, list | tuple):
        for held in value:
            yield from numbers(held)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def test_real_evidence_leaves_without_small_counts_single_homes_or_draws(real: Evidence, tmp_path: Path) -> None:
    shown, judged = released(real, GENERIC)
    data = shown.data
    assert (data["homes"], data["children"], data["onsets"], data["children_with_onset"]) == (40, 125, 435, 60)
    assert data["joint_onsets"] is None
    assert data["same_day_repeats"] is None
    # one small cell alone would follow from the total, so another goes with it
    assert data["episodes"] == {"onsets": 435, "before": None, "elsewhere": None}
    assert data["resident_years"] == 98.0
    assert not {"homes", "network", "diagnostics"} & set(shown.figures)
    assert all(c.k_hat_max is None for c in shown.comparisons)
    assert "1234567" not in shown.notes[0]
    assert "fewer than 10 of 40 homes" in shown.notes[0]
    assert shown.support is None
    assert set(shown.origin) == {"kind", "authority", "year"}
    assert all("data_digest" not in c for c in shown.certificates)
    # what leaves is evidence that is read, drawn and told like any other
    path = tmp_path / "evidence.json"
    path.write_bytes(evidence_file(shown))
    back = read_evidence(path)
    text = page(back, pictures(back))
    assert "What is blocked" in text
    assert "policy of disclosure “generic”" in text
    assert "are blocked" in summary_text(back)
    assert {one.rule for one in judged.blocked} >= {"minimum count", "no extremes", "not for release"}


def test_no_estimate_rests_on_few_or_on_one_that_makes_it_up(real: Evidence) -> None:
    kept = {(row.name, row.model) for row in released(real, GENERIC)[0].rows}
    assert ("age_years", "M3") in kept
    for change in (
        {"children": 9},
        {"homes": 9},
        {"largest_children": [0.95, 0.02, 0.01]},
        {"largest_homes": [0.5, 0.48, 0.01]},
    ):
        shown, judged = released(replace(real, support=enough(real, **change)), GENERIC)
        assert not [row for row in shown.rows if row.name == "age_years"], change
        assert [one for one in judged.blocked if "age_years" in one.output], change
        assert len(shown.rows) > 10
    # without a record of what stands behind them there are none
    assert released(replace(real, support=None), GENERIC)[0].rows == ()


def test_of_episodes_that_a_few_make_up_nothing_leaves(real: Evidence) -> None:
    for unit, said in (("children", "a few children who make up the episodes"), ("homes", "a few homes that make")):
        held = [one | {f"largest_{unit}": [0.8, 0.12, 0.01]} if one["column"] == "*" else one for one in enough(real)]
        shown, judged = released(replace(real, support=held), GENERIC)
        assert shown.rows == ()
        assert shown.data["onsets"] is None
        assert said in judged.blocked[0].reason


def test_of_too_few_nothing_leaves_but_the_page_says_so(real: Evidence) -> None:
    few = replace(real, data={**real.data, "homes": 9})
    shown, _ = released(few, GENERIC)
    assert (shown.rows, shown.comparisons, dict(shown.figures), shown.notes) == ((), (), {}, ())
    assert list(numbers({k: v for k, v in shown.data.items() if k not in ("burn_in_days", "observed_days")})) == []
    text = page(shown, pictures(shown))
    assert "fewer than 10 homes" in text
    assert "blocked" in text
    summary_text(shown)


def test_simulated_evidence_goes_the_same_way_and_keeps_all(make: Callable[..., Evidence]) -> None:
    held = make()
    shown, judged = released(held, policy_for(held.origin))
    assert (shown.rows, shown.data, shown.figures) == (held.rows, held.data, held.figures)
    assert shown.disclosure == {
        "policy": "none", "policy_digest": judged.policy.digest, "active": False, "minimum_count": 10, "rounding": 5,
        "blocked": [],
    }  # fmt: skip
    # simulated tables with rows of others are real, and stay so after the gate
    mixed = replace(held, origin={"kind": "simulated", "home_lists": ["list.csv"]})
    assert policy_for(mixed.origin).name == "generic"


def test_the_record_names_files_rules_and_policy(real: Evidence) -> None:
    files, _, shown = release_files(real)
    record = json.loads(files[f"release/{FILE}"])
    assert record["policy"]["name"] == "generic"
    assert {"report.html", "evidence.json", "figures/forest.png"} <= set(record["files"])
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in record["files"].values())
    assert 0 < record["share_blocked"] < 1
    by_output = {one["output"]: one for one in record["outputs"]}
    assert by_output["data.joint_onsets"]["action"] == "blocked"
    assert by_output["data.children_with_onset"]["risk"] == pytest.approx(10 / 61, abs=0.01)
    assert files[f"release/{TABLE}"].decode().splitlines()[0].startswith("output,value_class,action,rule,reason,risk")
    assert shown.disclosure is not None


def test_a_page_of_ones_own_goes_through_the_gate_too(real: Evidence, tmp_path: Path) -> None:
    text = write_report(real, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "policy of disclosure “generic”" in text
    assert "98.1" not in text
    open_page = write_report(real, tmp_path / "open.html", disclosure="none").read_text(encoding="utf-8")
    assert "98.1" in open_page


@pytest.mark.parametrize(
    ("cells", "gone"),
    [
        ({"a": 50, "b": 40}, set()),
        ({"a": 50, "b": 3}, {"a", "b"}),
        ({"a": 50, "b": 3, "c": 20}, {"b", "c"}),
        ({"a": 50, "b": 3, "c": 4, "d": 20}, {"b", "c", "d"}),  # 3 + 4 follow from the margin, and are few
        ({"a": 50, "b": 9, "c": 8}, {"b", "c"}),
        ({"a": 0, "b": 60, "c": 30}, {"a", "c"}),
        ({"a": 0, "b": 59, "c": 60}, {"a", "b"}),  # both are told as 60
        ({"a": 0, "b": 61, "c": 60}, {"a", "b"}),
    ],
)
def test_margins_do_not_give_cells_back(cells: dict[str, int], gone: set[str]) -> None:
    found = set(blocked_cells(cells, GENERIC))
    assert found == gone
    assert not found or sum(cells[name] for name in found) >= GENERIC.minimum_count


def test_counts_are_rounded_and_parts_leave_no_few() -> None:
    assert [rounded(n, GENERIC) for n in (10, 12, 13, 437.5)] == [10, 10, 15, 440]
    assert blocked_part(50, 100, GENERIC) == ""
    assert blocked_part(95, 100, GENERIC) == "all but fewer than 10"
    assert blocked_part(9, 100, GENERIC) == "fewer than 10"
    assert blocked_part(0, 100, GENERIC) == "fewer than 10"
    assert blocked_part(0, 100, Policy(zeros="show")) == ""
    assert (significant(0.109514, 2), significant(98.1095, 2), significant(0.0, 2)) == (0.11, 98.0, 0.0)
    like = load_policy("opensafely_like")
    assert [blocked_part(n, 100, like) == "" for n in (7, 8)] == [False, True]


def test_dominance() -> None:
    assert not dominated([0.3, 0.2, 0.1], GENERIC)
    assert dominated([0.6, 0.31], GENERIC)  # two hold more than 90 %
    assert dominated([0.85, 0.04, 0.04], Policy(dominance_percent=20.0))  # 11 % are left beside 85 %
    assert not dominated([], GENERIC)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("3 of 41 homes", "fewer than 10 of 40 homes"),
        ("unrecorded on 7.2% of days", "unrecorded on 7 % of days"),
        ("unrecorded on 0.2% of days", "unrecorded on under 1 % of days"),
        ("home SC1234567 at NE1 4XX", "home [blocked] at [blocked] [blocked]"),
        ("child 900123456, since 2023-04-11.", "child [blocked], since [blocked]."),
        ("M3 with own_1_7 over 28-day periods", "M3 with own_1_7 over 28-day periods"),
        ("a ratio of 1.2345", "a ratio of 1.2"),
        ("1,234 rows", "1,235 rows"),
        # one that is hidden must not show by its grammar
        ("of 1 child", "of fewer than 10 children"),
        ("1 moved child has none", "fewer than 10 moved children have none"),
        ("1 home is closed", "fewer than 10 homes are closed"),
        ("2 children have none", "fewer than 10 children have none"),
        ("20 children have a home", "20 children have a home"),
    ],
)
def test_numbers_in_words(text: str, told: str) -> None:
    assert scrubbed(text, GENERIC) == told
    assert scrubbed(text, load_policy("none")) == text


def test_a_new_count_without_a_class_stays(real: Evidence) -> None:
    judged = Judged(GENERIC)
    assert "fresh" not in gated_data({**real.data, "fresh": 1}, judged)
    assert [one.rule for one in judged.blocked if one.output == "data.fresh"] == ["no class"]


def test_a_description_of_few_is_its_span() -> None:
    found = {"observed_from": "2023-04-01", "observed_to": "2024-04-01", "origin": "ssda903", "children_in_homes": 9,
             "children": 30, "homes": 12, "resident_years": 3.1095, "episodes": {"onsets": 3}}  # fmt: skip
    told = described(found, Judged(GENERIC))
    assert told["children"] is None
    assert told["episodes"] == {}
    assert list(numbers(told)) == []
    enough_of_them = described(
        found | {"children_in_homes": 29, "onsets_in_homes": 40, "missing_episodes": 60}, Judged(GENERIC)
    )
    assert enough_of_them["children"] is None  # 1 child is not in a home
    assert enough_of_them["children_in_homes"] == 30
    assert enough_of_them["resident_years"] == 3.1


@pytest.mark.parametrize(("homes", "years", "told"), [(12, 17.04, None), (60, 95.0, None), (400, 1090.0, 2.7)])
def test_years_and_residents_of_a_home_do_not_count_homes_that_rounding_hides(
    homes: int, years: float, told: float | None
) -> None:
    """0.05 in 2.7 and 0.5 in 17 are 5 %: 0.6 of 12 homes, where rounding to 5 leaves 2.5; of 400 it is 25."""
    found = {"children_in_homes": 60, "children": 60, "homes": homes, "onsets_in_homes": 100, "missing_episodes": 100,
             "resident_years": years, "mean_residents_of_open_homes": 2.72}  # fmt: skip
    assert described(found, Judged(GENERIC))["mean_residents_of_open_homes"] == told
    assert described(found, Judged(load_policy("none")))["mean_residents_of_open_homes"] == 2.72


def test_a_mean_of_homes_is_of_the_rounded_counts() -> None:
    """37 places in 13 homes are 2.85; beside "of 35" places that would say 12 or 13 homes. 35 in 15 are 2.3."""
    held = Measured(name="home_places_mean", value=37 / 13, count=13, of="homes")
    compared = Compared(target=targets()["home_places_mean"], definition="", measured=(held,))
    assert gated_measures([compared], Judged(GENERIC))[0].measured[0].value == 2.3
    assert gated_measures([compared], Judged(load_policy("none")))[0].measured[0].value == 37 / 13


def test_that_nobody_has_a_date_is_as_hidden_as_that_few_have() -> None:
    target, why = targets()["residents_uasc_share"], "uasc_from is unrecorded for all children"
    nobody = Measured(name="residents_uasc_share", value=None, count=0, of="residents", why=why)
    few = replace(nobody, value=0.02, count=50, why="")
    told = [
        gated_measures([Compared(target=target, definition="", measured=(one,))], Judged(GENERIC))[0].measured[0]
        for one in (nobody, few)
    ]
    assert told[0] == told[1]
    assert told[0].why == "blocked by the policy of disclosure"


def test_a_policy_is_a_file_whose_faults_are_told(tmp_path: Path) -> None:
    (tmp_path / "room.toml").write_text('name = "room"\nminimum_count = 5\nrounding = 1\n')
    assert load_policy(tmp_path / "room.toml").minimum_count == 5
    (tmp_path / "bad.toml").write_text("minimum = 5\nrounding = 0\n")
    with pytest.raises(ConfigInvalid, match=r"minimum: unknown key") as told:
        load_policy(tmp_path / "bad.toml")
    assert "rounding" in told.value.what
    assert load_policy("generic").digest != load_policy("opensafely_like").digest
    assert Class.COUNT in FIELDS.values()


def test_a_table_of_one_fit_leaves_by_line() -> None:
    table = pd.DataFrame(
        {"median": [0.123456, 0.5], "low": [-0.1, 0.1], "high": [0.3, 0.9], "r_hat": [1.00123, 1.0]},
        index=pd.Index(["x", "first"], name="term"),
    )
    plenty = {"children": 80, "homes": None, "largest_children": [0.1, 0.1], "largest_homes": []}
    few = plenty | {"column": "first", "children": 3}
    judged = Judged(GENERIC)
    told, said = gated_table(table, ["80 rows, 3 of them first."], [plenty | {"column": "*"}, few], judged)
    assert list(told.index) == ["x"]
    assert told.loc["x", "median"] == 0.123
    assert said == ["Blocked by the policy of disclosure: first."]
    whole, said = gated_table(table, ["3 first."], [plenty | {"column": "*", "children": 9}], Judged(GENERIC))
    assert (len(whole), said) == (
        0,
        ["Nothing of this fit may leave by the policy of disclosure: fewer than 10 children."],
    )
    same, said = gated_table(table, ["3 first."], [], Judged(load_policy("none")))
    assert (same is table, said) == (True, ["3 first."])


@pytest.mark.parametrize("children", range(10, 60))
def test_a_risk_gives_no_count_back(children):
    """As many children as are rounded to one number have one risk."""
    judged = Judged(GENERIC)
    judged.add("a", Class.COUNT, "rounded", children=children)
    judged.add("a", Class.COUNT, "rounded", children=max(10, rounded(children, GENERIC)))
    assert judged.outputs[0].risk == judged.outputs[1].risk


def test_a_risk_of_data_near_to_others_has_the_noise_of_its_count():
    judged, names = Judged(GENERIC, b"key"), "abcdefgh"
    for name in names:
        judged.add(name, Class.COUNT, "rounded", children=43)
    told = [rounded(judged.noised(name, 43), GENERIC) for name in names]
    assert [one.risk for one in judged.outputs] == [round(10 / n, 2) for n in told]
    assert len(set(told)) > 2, "and it is not that of the count itself"


def test_a_share_of_home_days_that_few_homes_may_make_up_is_gone_and_what_gives_it_back():
    bands = {"over 0 to 0.25": 0.04, "over 0.25 to 0.5": 0.2, "over 0.5 to 0.75": 0.0, "over 0.75 to 1": 0.76}
    data = {"homes": 60, "coverage": bands, "share_of_days_in_weak_homes": 0.05, "joint_onsets": 14, "onsets": 500}
    told = gated_data(data, Judged(GENERIC))
    # 2.4 homes' worth of days; the next small one goes with it, as the four come to 1
    assert told["coverage"] == {
        "over 0 to 0.25": None, "over 0.25 to 0.5": None, "over 0.5 to 0.75": 0.0, "over 0.75 to 1": 0.76,
    }  # fmt: skip
    assert told["share_of_days_in_weak_homes"] is None
    assert told["joint_onsets"] is None, (
        "seven pairs, at the fewest and, as no more than two left together, at the most"
    )
    whole = gated_data(data | {"share_of_days_in_weak_homes": 0.4, "joint_onsets": 26}, Judged(GENERIC))
    assert (whole["share_of_days_in_weak_homes"], whole["joint_onsets"]) == (0.4, 25)
    assert gated_data(data, Judged(GENERIC, b"key"))["coverage"] == dict.fromkeys(bands)


def test_beside_few_no_share_is_told_and_the_engines_own_numbers_are():
    few = "M0: 11.2% of onsets, of 3 children, have an expected intensity above 0.3 a day"
    assert scrubbed(few, GENERIC) == (
        "M0: [blocked] of onsets, of fewer than 10 children, have an expected intensity above 0.3 a day"
    )
    assert "11 %" in scrubbed(few.replace(" 3 ", " 43 "), GENERIC)
    ours = "Monte Carlo error 1.2%, 400 draws lived again 6 times each"
    assert scrubbed(ours, GENERIC) == "Monte Carlo error 1 %, 400 draws lived again 6 times each"
