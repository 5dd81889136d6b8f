"""A term of one's own flows through model, fit, evidence and report; outcomes are drawn from the fitted model."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytest

import missingmodels as mm
from missingmodels.errors import ConfigInvalid
from missingmodels.fitting.fit import fit
from missingmodels.frame.design import Design
from missingmodels.frame.forward import forward_days
from missingmodels.frame.outcomes.counts import counts_rows
from missingmodels.frame.riskset import build_risk_set
from missingmodels.report.content import content
from missingmodels.runs.answer import answer, prepare
from worlds import plan_of, small_world

SAMPLING = {"draws": 50, "tune": 100, "chains": 2, "doublings": 0, "method": "nuts"}
PLAN = plan_of(models=["M0", "M1"], sampling=SAMPLING, exposure={"beside": []})
TABLES = small_world(3, n_homes=6, days=150, onset={"rate_per_year": 15.0}).tables


def districts(home_ids: tuple[str, ...], prior: mm.Prior | None = None) -> mm.GroupEffect:
    """An effect of the district that a home lies in; the last home's is unrecorded."""
    return mm.GroupEffect(
        name="districts",
        code="district",
        of_home={home: f"D{i % 3}" for i, home in enumerate(home_ids[:-1])},
        equation="d_k ~ Normal(0, σ_district²)",
        parameters=("sigma_district",),
        priors={"sigma_district": prior or mm.Prior(law="half_normal", sd=0.4)},
    )


@pytest.fixture(scope="module")
def design() -> Design:
    risk = build_risk_set(TABLES, PLAN.frame)
    prepared = prepare(TABLES, PLAN, fits=[("M0", "")], terms=[districts(risk.home_ids)])
    return prepared.designs["M0", ""]


def test_every_design_of_a_run_has_its_units(design: Design) -> None:
    risk = prepare(TABLES, PLAN, terms=[districts(design.home_ids)]).risk
    days = forward_days(TABLES, risk, PLAN, model="M1", exposure="peer_presence")
    assert days.design.groups["district"].ids == design.groups["district"].ids == ("D0", "D1", "D2")
    last = design.home == len(design.home_ids) - 1
    assert (design.groups["district"].index[last] == -1).all()


def test_its_effect_stands_in_the_density(design: Design) -> None:
    model = mm.build_model(design, PLAN, terms=[districts(design.home_ids)])
    point = {v.name: np.full(v.type.shape, 0.1) for v in model.value_vars}
    density = model.compile_logp(mode="FAST_COMPILE")
    at_zero = float(density(point | {"district_z": np.zeros(3)}))
    moved = float(density(point | {"district_z": np.array([2.0, 0.0, 0.0])}))
    # with the other unknowns as they are, an effect of a district is that of each of its homes
    shift = np.zeros(len(design.home_ids))
    shift[[i for i in range(len(shift) - 1) if i % 3 == 0]] = 0.1 * 2.0 / 0.1
    homes = float(density(point | {"district_z": np.zeros(3), "home_z": point["home_z"] + shift}))
    prior = -0.5 * 4.0 + 0.5 * float(np.sum((point["home_z"] + shift) ** 2 - point["home_z"] ** 2))
    assert moved - at_zero == pytest.approx(homes - at_zero + prior, rel=1e-9)


@pytest.mark.sampled
@pytest.mark.usefixtures("few_refits")
def test_it_flows_through_fit_evidence_and_report(design: Design) -> None:
    plan = PLAN.model_copy(update={"models": ("M0",)})
    found = answer(TABLES, plan, seed=2, allow_unconverged=True, progress=None, terms=[districts(design.home_ids)])
    one = found.fits[0]
    assert one.values["district"].shape == (100, 3)
    assert one.labels["district_index"] == ("D0", "D1", "D2")
    assert (one.values["sigma_district"] >= 0).all()
    rate = one.design.log_rate(one.parameters)
    p = one.parameters
    without = one.design.log_rate(type(p)(**{**vars(p), "effects": {}}))
    group = one.design.groups["district"]
    expected = np.pad(one.values["district"], ((0, 0), (0, 1)))[:, group.index]
    np.testing.assert_allclose(rate - without, expected, atol=1e-12)
    (row,) = (row for row in found.evidence.rows if row.name == "sigma_district" and row.model == "M0")
    assert row.median == pytest.approx(float(np.median(one.values["sigma_district"])))
    labels = [line["label"] for line in content(found.evidence, {})["scales"]["rows"]]
    assert "sd between districts" in labels


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": "home"}, "a name of the model's own"),
        ({"priors": {}}, "needs one scale"),
        ({"code": "moon"}, "are not in the design"),
    ],
)
def test_a_term_that_does_not_fit_is_refused(design: Design, changes: dict, words: str) -> None:
    term = districts(design.home_ids)
    with pytest.raises(ConfigInvalid, match=words):
        fit(design, PLAN, model="M0", seed=1, terms=[type(term)(**{**vars(term), **changes})])


@pytest.mark.parametrize("law", ["gamma", "low_risk", "log_normal"])
def test_prior_prediction_draws_onsets_of_every_law(design: Design, law: str) -> None:
    plan = plan_of(models=["M0", "M1"], effects={"frailty": law}, priors={"use": "informed"})
    model = mm.build_model(design, plan)
    assert model.observed_RVs[0].name == "onset"
    assert list(model.coords["home_index"]) == list(design.home_ids)
    drawn = pm.draw(model["onset"], draws=3, random_seed=1)
    assert drawn.shape == (3, design.onsets.size)
    assert (drawn >= 0).all()
    assert (drawn == np.round(drawn)).all()
    with model:
        data = pm.sample_prior_predictive(draws=5, random_seed=2)
    assert data["prior_predictive"]["onset"].shape == (1, 5, design.onsets.size)


def test_children_of_a_gamma_are_negative_binomial(design: Design) -> None:
    """Mean and variance of a child's onsets, all unknowns but the frailty held: Λ, and Λ + Λ²/k."""
    model = mm.build_model(design, plan_of(models=["M0", "M1"]))
    held = {v.name: np.zeros(v.type.shape) for v in model.free_RVs} | {"intercept": -4.0, "frailty_shape": 0.5}
    drawn = pm.draw(pm.do(model, held)["onset"], draws=4000, random_seed=3)
    rows = design.child == np.argmax(np.bincount(design.child, design.days))
    total, expected = drawn[:, rows].sum(axis=1), float((design.days[rows] * np.exp(-4.0)).sum())
    assert total.mean() == pytest.approx(expected, abs=5 * total.std() / np.sqrt(4000))
    assert total.var() == pytest.approx(expected + expected**2 / 0.5, rel=0.2)


def test_counts_of_homes_are_drawn_too() -> None:
    rows = counts_rows(TABLES, PLAN)
    drawn = pm.draw(mm.build_model(rows, PLAN)["rows"], draws=2, random_seed=1)
    assert drawn.shape == (2, rows.y.size)
