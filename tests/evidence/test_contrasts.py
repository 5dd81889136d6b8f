"""Contrasts that a plan states: an end beyond the data is told, and a name that no model holds."""

from __future__ import annotations

import pytest

from missingmodels.errors import ConfigInvalid
from missingmodels.evidence.effects.contrasts import BEYOND, contrast_rows, require_contrasts
from missingmodels.fitting.fit import fit
from missingmodels.runs.answer import prepare
from worlds import plan_of, small_world

ASKED = ("M1", "peer_presence")


def plan_with(**contrast):
    return plan_of(
        models=["M0", "M1"], exposure={"beside": []}, sampling={"method": "laplace", "draws": 50}, contrast=contrast
    )


@pytest.fixture(scope="module")
def fitted():
    plan = plan_with()
    design = prepare(small_world(4, n_homes=6, days=150).tables, plan, fits=[ASKED]).designs[ASKED]
    held = fit(design, plan, model=ASKED[0], exposure=ASKED[1], seed=1, allow_unconverged=True, with_children=False)
    return design, held


def test_an_end_beyond_the_data_is_told_without_their_numbers(fitted):
    design, held = fitted
    ages = design.column("age_years")
    inside, beyond = (float(ages.min()) + 0.5, float(ages.max()) - 0.5), (float(ages.min()) + 0.5, 40.0)
    for ends, remark in ((inside, ""), (beyond, BEYOND), (beyond[::-1], BEYOND)):
        (row,) = contrast_rows(held, plan_with(age_years=list(ends)), {}, fullest=False)
        assert row.remark == remark
    assert not any(char.isdigit() for char in BEYOND)


def test_a_name_near_one_of_the_models_is_suggested(fitted):
    design, _ = fitted
    with pytest.raises(
        ConfigInvalid, match=r"contrast\.age_yaers: no model of the plan holds it; did you mean 'age_years'"
    ):
        require_contrasts(plan_with(age_yaers=[12, 16]), [design], {})
    with pytest.raises(ConfigInvalid, match=r"no model of the plan holds it(\n|$)"):
        require_contrasts(plan_with(zzzz=[12, 16]), [design], {})
