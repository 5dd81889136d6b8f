"""A slice of the campaign of attacks, the register of outputs, and that each kind of leak would be seen."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest

from missingmodels.disclosure.policy import Policy, load_policy
from missingmodels.disclosure.record import Judged
from missingmodels.errors import CannotAnswer, InputError
from missingmodels.frame.describe import describe
from missingmodels.frame.riskset import build_risk_set
from missingmodels.plan import Frame
from missingmodels.runs.register import NAME, register
from recipes import recipe

FRAME = Frame(burn_in_days=28)


@pytest.fixture(scope="module")
def attacks():
    return recipe("attacks")


@pytest.mark.slow
@pytest.mark.sampled
def test_a_planted_child_is_not_found(attacks):
    found = list(attacks.attacks(3, "new home", figures=1))
    assert {row["attack"] for row in found} == {
        "text", "small count", "margin", "difference", "second output", "file name", "printed", "left behind", "twin",
        "session", "picture metadata", "picture text", "quotient", "status", "digits", "readers",
    }  # fmt: skip
    assert len(found) > 800
    assert [row for row in found if row["found"]] == []


@pytest.mark.slow
@pytest.mark.sampled
def test_without_a_policy_it_is_found(attacks, monkeypatch):
    """The probes see what the gate holds back: each kind of attack finds the child when it is open."""
    monkeypatch.setattr(attacks, "POLICY", "none")
    found = [row for row in attacks.attacks(3, "new home", figures=1) if row["found"]]
    assert {row["attack"] for row in found} >= {
        "text", "small count", "difference", "second output", "twin", "quotient",
    }  # fmt: skip


def test_probes_of_numbers_see_what_would_be_wrong() -> None:
    probes, generic = recipe("attack_probes"), load_policy("generic")

    def seen(found):
        return [target.split(" of ")[0] for _, target, one in found if one]

    exact = {"children_in_homes": 45, "onsets_in_homes": 258, "share_of_children_with_an_onset": 0.689}
    told = {"share_of_children_with_an_onset": 0.69, "onsets_per_missing_child": 8.3}
    assert seen(probes.quotients("x", told, exact, generic)) == [*told]
    told = {"share_of_children_with_an_onset": 0.67, "onsets_per_missing_child": None}
    assert seen(probes.quotients("x", told, exact, generic)) == []
    now, then = {"a": None, "b": None, "c": 5}, {"a": 0, "b": 10, "c": 5}
    assert seen(probes.statuses("x", now, then, outside=False)) == ["a"]
    assert seen(probes.statuses("x", now, then, outside=True)) == ["a", "b"]
    assert seen(probes.digits("x", {"sd.0.0": 0.354, "prior_mean.0": -0.12345678, "log_density.0": -1.23456})) == [
        "prior_mean"
    ]
    assert seen(probes.readers(b'{"private": 448, "private/fits": 493, "private/x": 416}')) == [
        "private/fits", "private/x",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["one of a kind", "many episodes", "in no home"])
def test_every_kind_of_child_is_planted(attacks, kind):
    made = attacks.planted(3, kind)
    with_it, without = (
        {name: len(one[name]) for name in ("children", "placements", "missing_episodes")}
        for one in (made.tables, made.without)
    )
    more = {"many episodes": 30, "in no home": 1}.get(kind, 0)
    assert {name: with_it[name] - n for name, n in without.items()} == {
        "children": 1, "placements": 1, "missing_episodes": more,
    }  # fmt: skip
    risk = build_risk_set(made.tables, FRAME)
    lives = made.child in risk.child_ids
    assert lives == (kind != "in no home")
    if kind == "many episodes":
        assert risk.onset[list(risk.child_ids).index(made.child)].sum() > 20
    if kind == "one of a kind":
        assert (made.tables["children"]["ethnicity"] == "WROM").sum() == 1


def test_a_second_output_of_nearly_the_same_data_is_refused(attacks, tmp_path):
    made = attacks.planted(1, "new home")
    generic, beside = load_policy("generic"), tmp_path / "tables"
    assert register(made.without, FRAME, generic, beside=beside, what="tried", noted=False).children == 0
    assert register(made.tables, FRAME, generic, beside=beside, what="one").children == 0
    assert register(made.tables, FRAME, generic, beside=beside, what="again").children == 0
    with pytest.raises(CannotAnswer, match="differ from these by fewer than 10 children"):
        register(made.without, FRAME, generic, beside=beside, what="two")
    path = tmp_path / NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    held = path.read_text()
    assert made.child not in held
    assert made.home not in held
    (data,) = json.loads(held)["data"]
    assert set(data) == {"mark", "members", "facts", "outputs"}
    assert [one["what"] for one in data["outputs"]] == ["one", "again"]
    # identifiers that are keyed anew are the same children
    renamed = {
        name: frame.assign(child_id=frame["child_id"].map(lambda one: f"k{one}")) if "child_id" in frame else frame
        for name, frame in made.without.frames.items()
    }
    with pytest.raises(CannotAnswer):
        register(replace(made.without, frames=renamed), FRAME, generic, beside=beside, what="renamed")
    # nor does another plan, or one child's fact put right, make them other data
    with pytest.raises(CannotAnswer):
        register(
            made.without, FRAME.model_copy(update={"categories": ("M",)}), generic, beside=beside, what="other plan"
        )
    told = made.tables["children"].copy()
    told.loc[3, "sex"] = "F" if told.loc[3, "sex"] == "M" else "M"
    with pytest.raises(CannotAnswer):
        register(made.tables.changed({"children": told}), FRAME, generic, beside=beside, what="put right")
    # all of them to the month, as a key makes them, are the same children
    births = made.tables["children"].assign(birth_date_precision="month")
    register(made.tables.changed({"children": births}), FRAME, generic, beside=beside, what="keyed")
    # other data, and simulated ones, are nothing to it
    register(attacks.planted(2, "new home").tables, FRAME, generic, beside=beside, what="others")
    register(made.without, FRAME, load_policy("none"), beside=beside, what="open")
    path.write_text("{}")
    with pytest.raises(InputError, match="no register"):
        register(made.tables, FRAME, generic, beside=beside, what="one")


def test_noise_is_the_same_whenever_it_is_asked_for(attacks, tmp_path):
    from missingmodels.disclosure.described import described

    made = attacks.planted(1, "new home")
    noisy, beside = Policy(difference="noise"), tmp_path / "tables"
    first = register(made.tables, FRAME, noisy, beside=beside, what="one")
    near = [register(made.without, FRAME, noisy, beside=beside, what="two") for _ in range(2)]
    assert first.noise_key is None
    assert near[0].noise_key is not None
    told = [described(describe(made.without, FRAME), Judged(noisy, near[0].noise_key)) for _ in range(2)]
    assert told[0] == told[1]
    assert told[0]["resident_years"] is None
    counts = [Judged(noisy, near[0].noise_key).noised(f"cell {i}", 100) for i in range(200)]
    assert set(counts) <= set(range(91, 110))
    assert len(set(counts)) > 10
