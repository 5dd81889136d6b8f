"""Anybody's rows: every fault at once and by row, labels from the formula, and what must not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.errors import RowsInvalid
from missingmodels.fitting.families.rows_draws import log_densities
from missingmodels.frame.own_rows.asked import Asked
from missingmodels.frame.own_rows.counts import build_counts
from missingmodels.models.priors.of_rows import row_priors
from missingmodels.models.rows import rows_model


@pytest.fixture
def frame():
    """Eight rows of four patients at two sites, labelled 11 to 18."""
    return pd.DataFrame(
        {
            "id": ["a", "a", "b", "b", "c", "c", "d", "d"],
            "site": ["x", "x", "x", "x", "y", "y", "y", "y"],
            "dose": [0.0, 1.0, 2.0, 0.5, 1.5, 3.0, 0.0, 2.5],
            "arm": ["p", "q", "p", "q", "q", "p", "q", "p"],
            "days": [10.0, 20.0, 5.0, 7.0, 9.0, 11.0, 30.0, 2.0],
            "events": [0, 2, 1, 0, 3, 0, 1, 0],
        },
        index=range(11, 19),
    )


def faults(frame, **question):
    with pytest.raises(RowsInvalid) as told:
        build_counts(frame, Asked(**{"formula": "events ~ dose + arm", **question}))
    assert told.value.remedy
    return told.value.what


@pytest.mark.parametrize(
    ("column", "row", "value", "words"),
    [
        ("events", 13, 1.5, "events is not a whole number in row 13"),
        ("events", 14, -1, "events is negative in row 14"),
        ("events", 12, np.inf, "events is not a finite number in row 12"),
        ("days", 12, 0.0, "events without exposure (days is 0) in row 12"),
        ("days", 11, -3.0, "days is negative in row 11"),
        ("dose", 15, np.nan, "dose is unrecorded in row 15; give unrecorded='drop'"),
        ("arm", 15, None, "arm is unrecorded in row 15"),
        ("id", 16, None, "id is unrecorded in row 16"),
        ("dose", 15, np.inf, "column dose is not finite in row 15"),
    ],
)
def test_a_fault_is_told_with_its_row(frame, column, row, value, words):
    frame[column] = frame[column].astype(object if column in ("arm", "id") else float)
    frame.loc[row, column] = value
    assert words in faults(frame, child="id", exposure="days")


def test_text_among_numbers(frame):
    frame["events"] = ["0", "2", "many", "0", "3", "0", "1", "0"]
    assert faults(frame) == "events is not a finite number in row 13"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"formula": "dose + arm"}, "names no outcome"),
        ({"formula": "events ~ dose +"}, "does not read"),
        ({"formula": "events ~ dose + (1 | id)"}, "give child= or home="),
        ({"formula": "events ~ 0 + dose"}, "remove '0 +'"),
        ({"formula": "events ~ dose - 1"}, "remove '0 +'"),
        ({"formula": "events ~ offset(log(days))"}, "as exposure="),
        ({"formula": "cbind(events, days) ~ dose"}, "is a call"),
        ({"formula": "events ~ dose + events"}, "also among the terms"),
        ({"formula": "events ~ unknown(dose)"}, "unknown(…) is no function that a formula may call"),
        ({"formula": "events ~ dsoe"}, "there is no column 'dsoe', did you mean 'dose'?"),
        ({"child": "Id"}, "there is no column 'Id', did you mean 'id'?"),
        ({"child": "id", "home": "id"}, "'id' plays two parts"),
        ({"exposure": "events"}, "'events' plays two parts"),
        ({"exposure": "days", "trials": "dose"}, "give one of them"),
        ({"frailty": "gama"}, "'gama' is not known"),
        ({"child": "id", "trials": "days", "frailty": "gamma"}, "a binomial outcome has no gamma frailty"),
        ({"unrecorded": "guess"}, "'guess' is not known"),
    ],
)
def test_a_wrong_question(frame, question, words):
    assert words in faults(frame, **question)


def test_all_faults_at_once(frame):
    frame["events"] = frame["events"].astype(float)
    frame.loc[13, "events"], frame.loc[14, "days"], frame.loc[15, "arm"] = 0.5, -1, None
    frame["one"] = "same"
    told = faults(frame, formula="events ~ dose + amr + arm", child="one", home="sit", exposure="days", frailty="beta")
    for words in ("'amr'", "'sit'", "'beta'", "row 13", "row 14", "row 15", "single cluster (same)"):
        assert words in told
    assert told.startswith("7 faults:")


def test_single_and_equal_clusters(frame):
    assert "single cluster" in faults(frame.assign(one=1), child="one")
    assert "group the rows alike" in faults(frame.assign(twin=frame["id"].str.upper()), child="id", home="twin")


def test_nothing_to_estimate(frame):
    assert "there are no events" in faults(frame.assign(events=0))
    assert "every trial is an event" in faults(frame.assign(n=frame["events"]), trials="n")
    assert "more events (events) than trials (n) in rows 12, 13, 15" in faults(frame.assign(n=0), trials="n")
    assert "there are no rows" in faults(frame.iloc[:0])
    assert "no row has every value recorded" in faults(frame.assign(dose=np.nan), unrecorded="drop")


def test_collinear_columns_are_named(frame):
    frame = frame.assign(twice=2 * frame["dose"] + 1, nil=0.0, same=4.0)
    told = faults(frame, formula="events ~ dose + arm + twice + nil + same")
    assert "column twice is a combination of the intercept, dose" in told
    assert "column nil is 0 in every row" in told
    assert "column same is a combination of the intercept" in told
    assert told.startswith("3 faults")


def test_unrecorded_rows_dropped_are_named(frame):
    frame.loc[[12, 15], "dose"] = np.nan
    frame.loc[15, "arm"] = None
    counts = build_counts(frame, Asked(formula="events ~ dose + arm", child="id", unrecorded="drop"))
    assert counts.dropped == (12, 15)
    assert counts.notes == ("2 of 8 rows left out: arm is unrecorded in row 15; dose is unrecorded in rows 12, 15",)
    assert counts.y.sum() == frame["events"].sum() - 5
    assert set(counts.further["rows"]) == set(frame.index) - {12, 15}


def test_a_level_left_without_rows_has_no_column(frame):
    frame["arm"] = pd.Categorical(frame["arm"].where(frame.index != 11, "r"), categories=["q", "p", "r"])
    frame.loc[11, "dose"] = np.nan
    counts = build_counts(frame, Asked(formula="events ~ arm + dose", unrecorded="drop"))
    assert counts.names == ("arm[p]", "dose")  # the categories' own order: q is the reference


def test_rows_without_exposure_and_events_say_nothing(frame):
    frame.loc[[11, 16], "days"] = 0.0
    counts = build_counts(frame, Asked(formula="events ~ dose", child="id", exposure="days"))
    assert "rows 11, 16" in counts.notes[0]
    assert counts.y.size == 6


def test_labels_of_splines_interactions_and_functions(frame):
    counts = build_counts(frame, Asked(formula="events ~ arm:dose + log(days) + I(dose**2)", exposure="days"))
    assert counts.names == ("arm[p]:dose", "arm[q]:dose", "log(days)", "I(dose ** 2)")
    wide = pd.concat([frame.assign(dose=frame["dose"] + i / 7) for i in range(4)], ignore_index=True)
    assert len(build_counts(wide, Asked(formula="events ~ bs(dose, df=5)")).names) == 5


def density(counts, intercept, raw):
    eta = intercept + counts.matrix @ raw + counts.log_size
    return log_densities(counts, eta[None], np.array([0.7]))[0].sum()


def test_splitting_a_row_changes_only_the_constant(frame):
    asked = Asked(formula="events ~ dose + arm", child="id", exposure="days")
    split = frame.loc[[*frame.index, 12, 15]].reset_index(drop=True)
    split.loc[[1, 8], "days"], split.loc[[1, 8], "events"] = [8.0, 12.0], [0, 2]
    split.loc[[4, 9], "days"], split.loc[[4, 9], "events"] = [4.5, 4.5], [1, 2]
    one, other = build_counts(frame, asked), build_counts(split, asked)
    assert other.y.sum() == one.y.sum()
    assert other.size.sum() == one.size.sum()
    assert abs(other.constant.sum() - one.constant.sum()) > 0.5
    for raw in ([0.3, -0.4], [-1.0, 0.2]):
        moved = density(other, -2.0, np.array(raw)) - density(one, -2.0, np.array(raw))
        assert moved == pytest.approx(other.constant.sum() - one.constant.sum(), rel=1e-9)


def log_posterior(frame, question, point):
    asked = Asked(formula="events ~ dose + arm", **question)
    counts = build_counts(frame, asked)
    model = rows_model(counts, row_priors("weak", counts, asked.frailty), asked.frailty).build()
    return model.compile_logp(mode="FAST_COMPILE")(point)


@pytest.mark.parametrize("frailty", ["gamma", "lognormal"])
def test_order_and_names_of_rows_do_not_matter(frame, frailty):
    question = {"child": "id", "home": "site", "exposure": "days", "frailty": frailty}
    point = {"intercept": -2.0, "coefficients": np.array([0.3, -0.5]), "sigma_home0": -0.4, "sigma_child": 0.8}
    point |= {"home0_z": np.array([0.2, -1.0])}
    point |= {"child_z": np.array([0.1, 0.5, -0.7, 1.2])} if frailty == "lognormal" else {}
    found = log_posterior(frame, question, point)
    shuffled = frame.sample(frac=1, random_state=3).assign(id=lambda f: "child " + f["id"])
    assert log_posterior(shuffled, question, point) == pytest.approx(found, rel=1e-12)
    # in hours instead of days the intercept moves and nothing else does
    hours = frame.assign(days=frame["days"] * 24)
    assert log_posterior(hours, question, point | {"intercept": -2.0 - np.log(24)}) == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("stan", "priors 'stan' are not known; known: weak, rstanarm, brms"),
        ({"dsoe": "normal(0, 1)"}, "'dsoe', which is not in the model; known: intercept, coefficients, dose, arm[q]"),
        ({"dose": "normal(0)"}, "the prior of dose is 'normal(0)'; write normal(mean, sd) with numbers"),
        ({"dose": "gaussian(0, 1)"}, "write one of normal(mean, sd)"),
        ({"dose": "normal(0, -1)"}, "sd must be above 0"),
        ({"dose": "__import__('os')"}, "write one of"),
        ({"sigma_child": "normal(1, 1)"}, "folded at 0"),
        ({"sigma_child": "flat()"}, "write one of half_normal(sd)"),
        ({"sigma_child": "fixed(-1)"}, "not negative"),
        ({"intercept": "normal(0, 1, autoscale)"}, "cannot be autoscaled"),
        ({"sigma_child": "exponential(1)", "frailty_shape": "log_normal(0, 1)"}, "are one parameter"),
        ({"frailty_shape": "half_normal(1)"}, "above 0"),
        ({"frailty_shape": "fixed(0)"}, "above 0"),
        ({"frailty_shape": "gamma(0, 1)"}, "shape must be above 0"),
        ({"frailty_shape": "gamma(2)"}, "write gamma(shape, rate) with numbers"),
        ({"sigma_child": "gamma(2, 1)"}, "write one of half_normal(sd)"),
        (["weak"], "a prior set's name or texts by key"),
        ({"sigma_home": "half_normal(1)"}, "'sigma_home', which is not in the model"),
    ],
)
def test_wrong_priors(frame, given, words):
    counts = build_counts(frame, Asked(formula="events ~ dose + arm", child="id"))
    with pytest.raises(RowsInvalid) as told:
        row_priors(given, counts, "gamma")
    assert words in told.value.what


def test_a_column_with_the_name_of_a_parameter_is_refused(frame):
    counts = build_counts(frame.rename(columns={"dose": "intercept"}), Asked(formula="events ~ intercept", child="id"))
    with pytest.raises(RowsInvalid, match="give it another name"):
        row_priors("weak", counts, "gamma")


def test_presets_are_those_of_the_software_they_name(frame):
    counts = build_counts(frame, Asked(formula="events ~ dose + arm", child="id", home="site", frailty="normal"))
    rstanarm = row_priors("rstanarm", counts, "normal")
    dose, arm = rstanarm.coefficients
    # normal(0, 2.5) over the column's own standard deviation, told to a sampler whose dose is in standard deviations
    assert (dose.law, dose.sd, arm.sd) == ("normal", pytest.approx(2.5), pytest.approx(2.5 / np.sqrt(2 / 7)))
    assert (rstanarm.intercept.mean, rstanarm.intercept.sd, rstanarm.homes[0].law) == (0.0, 2.5, "exponential")
    brms = row_priors("brms", counts, "normal")
    assert {p.law for p in brms.coefficients} == {"flat"}
    assert (brms.child.law, brms.child.df, brms.child.sd) == ("half_student_t", 3.0, 2.5)


def test_flat_priors_on_separated_data_are_refused(frame):
    """No event in arm p: its coefficient fits ever better towards minus infinity. Any proper prior helps."""
    arm = pd.Categorical(frame["arm"], categories=["q", "p"])
    frame = frame.assign(events=[0, 2, 0, 1, 3, 0, 1, 0], n=4, arm=arm)
    for question in ({"exposure": "days"}, {"trials": "n"}):
        counts = build_counts(frame, Asked(formula="events ~ dose + arm", **question))
        with pytest.raises(RowsInvalid, match=r"do not bound intercept, arm\[p\]"):
            row_priors({"use": "brms", "intercept": "flat()"}, counts, "none")
        # brms' own intercept prior, at the columns' means, bounds the direction, if only just
        assert row_priors("brms", counts, "none").coefficients[0].law == "flat"
        assert row_priors({"use": "brms", "intercept": "flat()", "arm[p]": "normal(0, 2.5)"}, counts, "none")
    one_more = frame.assign(events=[1, 2, 0, 1, 3, 0, 1, 0])
    counts = build_counts(one_more, Asked(formula="events ~ dose + arm", exposure="days"))
    assert row_priors({"use": "brms", "intercept": "flat()"}, counts, "none")


def test_complete_separation_by_a_number_is_refused(frame):
    """Every trial succeeds above a dose and none below: the slope has no bound."""
    split = frame.assign(events=(frame["dose"] > 1).astype(int) * 3, n=3)
    counts = build_counts(split, Asked(formula="events ~ dose", trials="n"))
    with pytest.raises(RowsInvalid, match="do not bound intercept, dose"):
        row_priors({"use": "brms", "intercept": "flat()"}, counts, "none")
