"""One sampled fit, shared: it converges, saves, reloads to the same numbers; the gate refuses what does not mix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from missingmodels.errors import DiagnosticsFailed, InputError
from missingmodels.evidence.scores.elpd import child_scores, elpd_difference
from missingmodels.fitting.diagnostics import require_passed
from missingmodels.fitting.nuts.chains import diagnose
from missingmodels.fitting.stores.store import read_fit, write_fit
from missingmodels.plan import Gate, Plan
from missingmodels.runs.answer import Answer, answer
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world

pytestmark = pytest.mark.sampled

SUMMED = 1e-13  # twenty roundings of a linear predictor of up to ten, twice over


@pytest.fixture(scope="module")
def small_answer(few_refits: None) -> Answer:
    """Sampled fits of M0 and M3 and their evidence on one small simulated sector."""
    world = simulate_world(Scenario(homes={"count": 15}, days=240), seed=4)
    sampling = {"draws": 500, "tune": 500}
    plan = Plan(
        models=("M0", "M3"), exposure={"beside": ()}, sampling=sampling, gate={"ess_min": 200, "rhat_max": 1.02}
    )
    return answer(world.tables, plan, seed=4)


def test_fits_pass_the_gate(small_answer: Answer) -> None:
    assert [f.model for f in small_answer.fits] == ["M0", "M3"]
    for fit in small_answer.fits:
        assert fit.diagnostics.passed
        assert fit.certificate["method"] == "nuts/nutpie"


def test_a_saved_fit_reloads_to_the_same_numbers(small_answer: Answer, tmp_path: Path) -> None:
    fit = small_answer.fits[1]
    again = read_fit(write_fit(fit, tmp_path / "m3.nc"))
    for name in ("intercept", "home", "home_period", "sigma_home", "sigma_period", "frailty_shape"):
        np.testing.assert_array_equal(getattr(again.parameters, name), getattr(fit.parameters, name))
    # worked out anew from sums of some twenty products, whose order hangs on the kernel and its threads
    np.testing.assert_allclose(again.parameters.frailty, fit.parameters.frailty, rtol=SUMMED)
    np.testing.assert_allclose(again.log_density, fit.log_density, rtol=SUMMED, atol=SUMMED)
    for name, values in fit.parameters.coefficients.items():
        np.testing.assert_array_equal(again.parameters.coefficients[name], values)
    for name in ("matrix", "child", "days", "burn_in", "before_window", "onsets"):
        np.testing.assert_array_equal(getattr(again.design, name), getattr(fit.design, name))
    assert again.certificate == {**fit.certificate, "children": "recomputed"}
    assert again.diagnostics == fit.diagnostics
    assert [p.name for p in tmp_path.iterdir()] == ["m3.nc"]


def test_other_files_are_no_fits(tmp_path: Path) -> None:
    (tmp_path / "fit.nc").write_text("not a fit")
    for path in (tmp_path / "fit.nc", tmp_path / "nowhere.nc"):
        with pytest.raises(InputError, match=path.name):
            read_fit(path)


def test_a_model_against_itself_differs_by_nothing(small_answer: Answer) -> None:
    scores = child_scores(small_answer.fits[0])
    found = elpd_difference(scores, scores, hypothesis="H1")
    assert (found.difference, found.standard_error) == (0.0, 0.0)


def test_frailties_have_mean_near_one(small_answer: Answer) -> None:
    # the posterior mean of all children's frailties together is held near its prior mean by the intercept
    assert small_answer.fits[0].parameters.frailty.mean() == pytest.approx(1.0, abs=0.25)


def chains(spread: float) -> xr.Dataset:
    """Draws of one parameter whose four chains stand ``spread`` standard deviations apart."""
    rng = np.random.default_rng(2)
    values = rng.standard_normal((4, 500)) + spread * np.arange(4)[:, None]
    return xr.Dataset({"sigma_home": (("chain", "draw"), values)})


def stats(**changes: object) -> xr.Dataset:
    rng = np.random.default_rng(3)
    lead = ("chain", "draw")
    energy = np.cumsum(rng.standard_normal((4, 500)), axis=1) * 0 + rng.standard_normal((4, 500))
    values = {"energy": energy, "diverging": np.zeros((4, 500), bool), "maxdepth_reached": np.zeros((4, 500), bool)}
    return xr.Dataset({name: (lead, np.asarray(v)) for name, v in (values | changes).items()})


def test_gate_passes_good_chains() -> None:
    require_passed(diagnose(chains(0.0), stats(), Gate()), model="M0")


@pytest.mark.parametrize(
    ("draws", "sampler", "said"),
    [
        (chains(1.0), stats(), "R-hat"),
        (chains(0.0), stats(diverging=np.arange(2000).reshape(4, 500) == 7), "1 divergent"),
        (chains(0.0), stats(maxdepth_reached=np.ones((4, 500), bool)), "tree depth"),
        (chains(0.0), stats(energy=np.cumsum(np.ones((4, 500)), axis=1)), "E-BFMI"),
        (chains(0.0).assign(intercept=chains(0.0)["sigma_home"] * np.nan), stats(), "R-hat"),
        (chains(0.0).isel(draw=slice(0, 60)), stats().isel(draw=slice(0, 60)), "ESS"),
    ],
)
def test_gate_refuses_and_says_what_to_try(draws: xr.Dataset, sampler: xr.Dataset, said: str) -> None:
    found = diagnose(draws, sampler, Gate())
    with pytest.raises(DiagnosticsFailed, match=said) as refused:
        require_passed(found, model="M1")
    assert refused.value.exit_code == 3
    assert "try" in refused.value.remedy
    require_passed(found, model="M1", allow=True)
