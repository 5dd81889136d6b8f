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
        "session", "picture metadata", "picture text",
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
        "text", "small count", "difference", "second output", "twin",
    }  # fmt: skip


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
