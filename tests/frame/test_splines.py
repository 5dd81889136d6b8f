"""Curves of age: what a line and a hump leave, what must not matter, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import BSpline

from missingmodels.errors import ConfigInvalid
from missingmodels.frame.design import Design, build_design
from missingmodels.frame.rows import Rows, model_terms
from missingmodels.runs.answer import prepare
from missingmodels.vocabulary import column_label
from worlds import plan_of, small_world

TERM = "bs(age_years, df=4)"


def rows_of(seed: int = 1, n: int = 400) -> Rows:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "child": np.arange(n), "home": 0, "period": 0, "before_window": False,
            "age_years": rng.beta(4, 2, n) * 9 + 9, "male": (rng.random(n) < 0.6).astype(float),
            "onsets": 0, "days": rng.uniform(5, 28, n),
        }
    )  # fmt: skip
    frame["days_at_risk"] = frame["days"]
    return Rows(frame=frame, child_ids=tuple(map(str, range(n))), home_ids=("h",), periods=1, notes=())


def curve_of(design: Design) -> np.ndarray:
    return design.matrix[:, [i for i, name in enumerate(design.names) if name.startswith("bs(")]]


def test_the_columns_are_a_cubic_spline_with_its_knot_at_the_median_day() -> None:
    rows = rows_of()
    design = build_design(rows, f"{TERM} + male")
    assert design.names == ("male", *(f"{TERM}[{i}]" for i in range(4)))
    age, days = rows.frame["age_years"].to_numpy(), rows.frame["days"].to_numpy()
    order = np.argsort(age)
    median = age[order][np.searchsorted(np.cumsum(days[order]), days.sum() / 2)]
    knots = [age.min()] * 4 + [median] + [age.max()] * 4
    expected = BSpline.design_matrix(age, np.array(knots), 3).toarray()[:, 1:]
    np.testing.assert_allclose(curve_of(design), expected, rtol=1e-12)
    np.testing.assert_allclose(np.average(design.standardised[:, 1:], axis=0, weights=days), 0, atol=1e-9)


def test_a_straight_line_and_a_hump_lie_in_its_reach_and_a_step_does_not() -> None:
    rows = rows_of()
    age = rows.frame["age_years"].to_numpy()
    basis = np.column_stack([np.ones(age.size), curve_of(build_design(rows, TERM))])

    def left(values: np.ndarray) -> float:
        fitted = basis @ np.linalg.lstsq(basis, values, rcond=None)[0]
        return float(np.abs(values - fitted).max() / np.ptp(values))

    assert left(0.17 * age) < 1e-9
    assert left(-((age - 14.5) ** 2)) < 1e-9
    assert left((age > 15).astype(float)) > 0.2


def test_splitting_a_row_changes_nothing() -> None:
    rows = rows_of()
    half = rows.frame.assign(days=rows.frame["days"] / 2, days_at_risk=rows.frame["days_at_risk"] / 2)
    # the older half of the children as two rows each: a quantile of rows would move
    older = rows.frame["age_years"] > 15
    frame = pd.concat([rows.frame[~older], half[older], half[older]]).sort_values("child", ignore_index=True)
    one, two = build_design(rows, TERM), build_design(replace(rows, frame=frame), TERM)
    np.testing.assert_allclose(
        two.standardised[np.unique(two.child, return_index=True)[1]], one.standardised, atol=1e-9
    )


def test_an_unrecorded_age_stands_at_the_mean_beside_an_indicator() -> None:
    rows = rows_of()
    frame = rows.frame.assign(age_years=rows.frame["age_years"].where(rows.frame["child"] % 10 > 0))
    design = build_design(replace(rows, frame=frame), TERM)
    assert design.names[-1] == "age_years_unrecorded"
    lost = design.column("age_years_unrecorded") == 1
    assert np.ptp(curve_of(design)[lost], axis=0).max() < 1e-12


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("bs(age_years, df=2)", "df at least 3"),
        ("bs(age_years, knots=[12, 14])", "write bs"),
        ("bs(male, df=4)", "too few different values"),
        ("bs(age_years, df=4, degree=2)", "write bs"),
    ],
)
def test_what_is_no_curve_is_refused(term: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said) as refused:
        build_design(rows_of(), term)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("log(male)", "not finite on some days at risk: log"),
        ("np.log(age_years)", "did you mean log"),
        ("age_years - 1", "the intercept is in every model"),
        ("age_years + (1 | home)", "group terms"),
        ("T(male, ref='x')", "'x' is no level of male"),
    ],
)
def test_a_formula_that_does_not_work_on_the_days_is_refused(formula: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        build_design(rows_of(), formula)


def test_interactions_and_arithmetic_keep_the_name_of_their_text() -> None:
    design = build_design(rows_of(), "male * age_years - male:age_years + I((age_years - 12) ** 2)")
    assert design.names == ("male", "age_years", "I((age_years - 12) ** 2)")


def test_a_plan_with_a_curve_runs_through_the_frame() -> None:
    world = small_world(2, n_homes=4, days=120, onset={"rate_per_year": 20.0})
    plan = plan_of(
        models=["M0"],
        terms={"vulnerability": f"{TERM} + male + need_score"},
        priors={"replace": {f"{TERM}[1]": {"mean": 0.2, "sd": 0.5}}},
    )
    design = prepare(world.tables, plan).designs["M0", ""]
    assert [name for name in design.names if name.startswith("bs(")] == [f"{TERM}[{i}]" for i in range(4)]
    assert TERM in model_terms(plan, "M0")
    assert column_label(f"{TERM}[1]") == "age, curve, part 2"
