"""Plans with a kernel, ties beyond the home and moderation as rows and designs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from missingmodels.errors import CannotAnswer
from missingmodels.evidence.effects.estimands import attributable_fraction
from missingmodels.frame.design import build_design
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.runs.answer import prepare
from worlds import Point, day_rows, log_density_by_child, plan_of, remade, small_world

MODERATION = "peer_presence:short_staffing"
ASKED = {"moderation": "staff_ratio_within", "outside": "outside_network", "beside": ["peer_kernel"]}
PARTS = {
    "homes": {"school_tie_share": 0.2},
    "children": {"move_share": 0.6},
    "onset": {"rate_per_year": 12.0},
    "contagion": {"log_rate_ratio": 0.4, "short_staffing": 1.5},
}


@pytest.fixture(scope="module")
def world():
    return small_world(4, n_homes=8, days=190, **PARTS)


@pytest.fixture(scope="module")
def plan():
    return plan_of(exposure=ASKED, frame={"boundary": "starting"})


@pytest.fixture(scope="module")
def designs(world, plan):
    return prepare(world.tables, plan).designs


def test_each_model_holds_its_columns(designs, plan):
    """Ties beyond the home stand wherever peers do, the interaction where peers and structure meet."""
    held = {key: set(design.names) for key, design in designs.items()}
    assert set(held) == {
        ("M0", ""),
        ("M1", "peer_presence"),
        ("M2", ""),
        ("M3", "peer_presence"),
        ("M3", "peer_kernel"),
    }
    for (model, exposure), names in held.items():
        assert ({"outside_network", "no_outside_ties"} <= names) == (model in ("M1", "M3"))
        # a kernel remembers for longer than the window, so it has a flag of its own
        assert ("kernel_unseen" in names) == (exposure == "peer_kernel")
        products = {name for name in names if ":" in name}
        assert products == ({f"{exposure}:short_staffing"} if model == "M3" else set())
    # nothing of this is in the default plan
    assert model_terms(plan_of(), "M3") == model_terms(plan, "M3").replace(f" + {MODERATION}", "").replace(
        " + outside_network + no_outside_ties + outside_unseen", ""
    )


def test_the_column_is_the_product_in_its_natural_unit(designs):
    design = designs["M3", "peer_presence"]
    short = -design.column("staff_ratio_within")
    np.testing.assert_allclose(design.column(MODERATION), design.column("peer_presence") * short)
    assert design.scale[design.names.index(MODERATION)] == 1
    assert np.unique(short).size > 20


@pytest.mark.parametrize("exposure", ["peer_presence", "peer_kernel"])
def test_holding_the_exposure_carries_the_interaction_along(world, designs, exposure):
    """At 0 nothing of the peers' effect is left; at 1 it is the effect at that row's staffing."""
    design, values = designs["M3", exposure], dict(world.truth.coefficients)
    name, b, d = f"{exposure}:short_staffing", 0.4, 1.5
    base = values | {key: np.zeros(1) for key in ("peer_presence", MODERATION, exposure, name)}
    truth = replace(world.truth, coefficients=base | {exposure: np.array([b]), name: np.array([d])})
    without = replace(world.truth, coefficients=base)
    none = design.log_rate(without)
    np.testing.assert_allclose(design.log_rate(truth, held={exposure: 0.0}), none, atol=1e-12)
    short = -design.column("staff_ratio_within")
    np.testing.assert_allclose(design.log_rate(truth, held={exposure: 1.0}), none + b + d * short, atol=1e-12)
    # full staffing is an intervention too: then the peers' effect is its main effect, wherever peers are recent
    full = design.log_rate(truth, held={"staff_ratio_within": 0.0})
    expected = design.log_rate(without, held={"staff_ratio_within": 0.0}) + b * design.column(exposure)
    np.testing.assert_allclose(full, expected, atol=1e-12)
    both = design.log_rate(truth, held={exposure: 1.0, "staff_ratio_within": -0.3})
    expected = design.log_rate(without, held={"staff_ratio_within": -0.3}) + b + 0.3 * d
    np.testing.assert_allclose(both, expected, atol=1e-12)


def test_the_attributable_fraction_counts_what_short_staffing_adds(world, designs):
    design = designs["M3", "peer_presence"]
    values = dict(world.truth.coefficients)
    only = replace(world.truth, coefficients=values | {"peer_presence": np.zeros(1), MODERATION: np.array([1.5])})
    none = replace(world.truth, coefficients=values | {"peer_presence": np.zeros(1), MODERATION: np.zeros(1)})
    assert attributable_fraction(none, design, "peer_presence")[0] == pytest.approx(0.0, abs=1e-12)
    assert abs(attributable_fraction(only, design, "peer_presence")[0]) > 1e-4


def test_an_interaction_of_unknown_parts_cannot_be_held(designs):
    design = designs["M3", "peer_presence"]
    names = tuple(name.replace("short_staffing", "mood") for name in design.names)
    strange = replace(design, names=names)
    with pytest.raises(ValueError, match="mood"):
        strange._with({"peer_presence": 0.0})


def test_a_kernel_keys_rows_by_the_day_and_loses_nothing(world, plan):
    risk = build_risk_set(world.tables, plan.frame)
    formula = model_terms(plan, "M3", "peer_kernel")
    collapsed, daily = (build_design(rows(world.tables, risk, plan), formula) for rows in (build_rows, day_rows))
    assert collapsed.names == daily.names
    # only days before any peer's onset are alike; the others are rows of one day
    fading = collapsed.column("peer_kernel") > 0
    assert collapsed.days_at_risk[fading].max() <= 1
    assert collapsed.days_at_risk[~fading].max() > 3
    expected = log_density_by_child(daily, Point(1), frailty_shape=0.7)
    found = log_density_by_child(collapsed, Point(1), frailty_shape=0.7)
    assert found == pytest.approx(expected, rel=1e-10)


def test_rows_stay_few_where_no_kernel_is_asked(world):
    plan = plan_of(exposure={"moderation": "staff_ratio_within"}, frame={"boundary": "starting"})
    risk = build_risk_set(world.tables, plan.frame)
    plain = plan_of(frame={"boundary": "starting"})
    assert len(build_rows(world.tables, risk, plan).frame) == len(build_rows(world.tables, risk, plain).frame)


def test_without_ties_an_exposure_beyond_the_home_cannot_be_had(world, plan):
    none = remade(world.tables, {"ties": world.tables["ties"].iloc[:0]})
    with pytest.raises(CannotAnswer, match="needs ties"):
        prepare(none, plan)


def test_without_staffing_the_interaction_is_left_out_and_said_so(world):
    plan = plan_of(exposure={"moderation": "staff_ratio_within"}, frame={"boundary": "starting"})
    none = remade(world.tables, {name: world.tables[name].iloc[:0] for name in ("staff_periods", "staff_spells")})
    design = prepare(none, plan).designs["M3", "peer_presence"]
    assert not [name for name in design.names if "short_staffing" in name]
    assert "short_staffing is unrecorded throughout and left out" in design.notes
