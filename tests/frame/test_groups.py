"""Which authority and owner a row has: from the homes table, by the period's last day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.frame.columns.groups import home_groups
from missingmodels.frame.riskset import build_risk_set
from missingmodels.plan import Effects
from missingmodels.runs.answer import prepare
from worlds import plan_of, remade, small_world

BOTH = Effects(authority=True, owner=True)


@pytest.fixture(scope="module")
def world():
    return small_world(3, n_homes=5, days=140, onset={"rate_per_year": 20.0})


def homes_of(world, **columns):
    """The homes table with a row a home, and columns as given, one value a home."""
    first = world.tables["homes"].groupby("home_id", as_index=False).first()
    return first.assign(**{name: pd.array(values, dtype="string") for name, values in columns.items()})


def test_a_change_of_owner_takes_hold_in_the_period_whose_last_day_has_it(world):
    homes = homes_of(world, authority=list("AABBB"), owner=list("PQPQP"))
    second = homes.iloc[[0]].assign(valid_from=world.tables.observed_from + pd.Timedelta(days=60), owner="Z")
    tables = remade(world.tables, {"homes": pd.concat([homes, second], ignore_index=True)})
    risk = build_risk_set(tables, plan_of().frame)
    notes = []
    found = home_groups(tables, risk, BOTH, notes)
    assert found["authority"].ids == ("A", "B")
    np.testing.assert_array_equal(found["authority"].index, np.repeat([[0], [0], [1], [1], [1]], risk.periods, axis=1))
    assert found["owner"].ids == ("P", "Q", "Z")
    # day 60 lies in the third period, days 56 to 83
    np.testing.assert_array_equal(found["owner"].index[0], [0, 0, 2, 2, 2])
    assert notes == []


def test_a_home_without_a_record_has_no_effect(world):
    homes = homes_of(world, authority=["A", None, "B", "B", "A"])
    tables = remade(world.tables, {"homes": homes})
    notes = []
    found = home_groups(tables, build_risk_set(tables, plan_of().frame), Effects(authority=True), notes)
    np.testing.assert_array_equal(found["authority"].index[:, 0], [0, -1, 1, 1, 0])
    assert notes == ["1 of 5 homes have no authority recorded: no effect of one is added to them"]


def test_one_owner_is_no_contrast(world):
    tables = remade(world.tables, {"homes": homes_of(world, owner=["P"] * 5)})
    with pytest.raises(CannotAnswer, match="1 owner") as refused:
        home_groups(tables, build_risk_set(tables, plan_of().frame), Effects(owner=True), [])
    assert "effects.owner" in refused.value.remedy


def test_rows_are_as_they_were_and_carry_the_index(world):
    tables = remade(world.tables, {"homes": homes_of(world, authority=list("AABBB"), owner=list("PQPQP"))})
    plain = prepare(tables, plan_of(models=["M0", "M1"]))
    asked = prepare(
        tables,
        plan_of(
            models=["M0", "M1"], effects=BOTH.model_dump() | {"peer_slope_by_home": True, "sector_process": "none"}
        ),
    )
    for key, design in asked.designs.items():
        np.testing.assert_array_equal(design.matrix, plain.designs[key].matrix)
        np.testing.assert_array_equal(design.groups["authority"].index, np.array([0, 0, 1, 1, 1])[design.home])
        assert design.slope_of == key[1]
        assert plain.designs[key].groups == {}
        assert plain.designs[key].slope_of == ""


def test_a_prior_of_a_column_that_never_varies_here_is_known_all_the_same():
    """A study's plan meets worlds in which a column happens to be constant; a name of no column is still refused."""
    tables = small_world(3, n_homes=4).tables
    same = remade(tables, {"children": tables["children"].assign(sex="F")})
    male = {"male": {"mean": 0.0, "sd": 0.2}}
    made = prepare(same, plan_of(models=["M0", "M1"], priors={"replace": male}))
    assert all("male" not in design.names for design in made.designs.values())
    with pytest.raises(ConfigInvalid, match="'mael'"):
        prepare(same, plan_of(models=["M0", "M1"], priors={"replace": {"mael": male["male"]}}))
