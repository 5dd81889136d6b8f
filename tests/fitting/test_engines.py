"""Which engine draws a fit: the fast one through the sampler's gate, and the way back where it will not do."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_laplace import made_design, priors_with

from missingmodels.errors import DiagnosticsFailed
from missingmodels.evidence.scores.elpd import leave_one_child_out
from missingmodels.fitting.diagnostics import Diagnostics, k_hat_limit
from missingmodels.fitting.drawn import Drawn
from missingmodels.fitting.fit import Fit, fit
from missingmodels.fitting.laplace import engine as by_laplace
from missingmodels.fitting.laplace.approximation import laplace
from missingmodels.fitting.laplace.child import ChildLaw
from missingmodels.fitting.laplace.data import laplace_data
from missingmodels.fitting.laplace.point import Scales
from missingmodels.fitting.laplace.tails import LINE, REACH, _side
from missingmodels.fitting.laplace.weights import log_joint
from missingmodels.fitting.marginal import log_density_and_frailty
from missingmodels.fitting.nuts import engine as by_nuts
from missingmodels.fitting.stores.store import read_fit, write_fit
from missingmodels.frame.design import Design
from missingmodels.plan import Gate, Plan
from missingmodels.provenance import stream
from worlds import plan_of

PLAN = plan_of(sampling={"draws": 250, "chains": 4, "method": "laplace"}, gate={"ess_min": 200})


def run(design: Design, plan: Plan = PLAN, **changes) -> Fit:
    return fit(design, plan, **({"model": "M0", "seed": 3} | changes))


@pytest.fixture(scope="module")
def design() -> Design:
    return made_design(2, homes=6, children=30, movers=5)


@pytest.fixture(scope="module")
def fast(design: Design) -> Fit:
    return run(design)


def separated(prior_sd: float) -> tuple[Design, Plan]:
    """No episode starts under the only covariate, which few rows have: its effect runs to minus infinity."""
    made = made_design(1, homes=4, children=14, columns=1)
    flag = np.arange(made.onsets.size) % 5 == 0
    design = dataclasses.replace(
        made,
        matrix=flag[:, None].astype(float),
        onsets=np.where(flag, 0, made.onsets),
        centre=np.zeros(1),
        scale=np.ones(1),
    )
    fixed = {"sigma_home": {"fixed": 0.0}, "sigma_period": {"fixed": 0.0}, "frailty_shape": {"fixed": 0.8}}
    replace = fixed | {"x0": {"mean": 0.0, "sd": prior_sd}}
    return design, plan_of(priors={"replace": replace}, sampling={"method": "laplace"})


def test_a_fast_fit_is_a_fit_like_any_other(fast: Fit, design: Design, tmp_path: Path) -> None:
    assert fast.diagnostics.passed
    assert fast.chains == 1
    assert fast.parameters.draws == 1000  # draws of the plan times its chains
    assert fast.parameters.frailty.shape == fast.log_density.shape == (1000, 30)
    assert fast.diagnostics.rhat_max is None
    held = fast.certificate
    assert (held["method_asked"], held["method"], held["why_not_laplace"]) == ("laplace", "laplace", "")
    assert held["proposals"] == 1000
    assert held["grid_points"] > 10
    again = read_fit(write_fit(fast, tmp_path / "fast.nc"))
    assert again.diagnostics == fast.diagnostics
    assert again.certificate == {**fast.certificate, "children": "recomputed"}
    assert set(again.sample_stats) == {"proposal", "log_weight"}
    for name, values in fast.sample_stats.items():
        np.testing.assert_array_equal(again.sample_stats[name], values)
    np.testing.assert_array_equal(again.parameters.frailty, fast.parameters.frailty)


def test_the_seed_names_every_stream(fast: Fit, design: Design) -> None:
    np.testing.assert_array_equal(run(design).parameters.frailty, fast.parameters.frailty)
    assert not np.array_equal(run(design, seed=5).parameters.home, fast.parameters.home)
    # frailties come from a stream of their own, given the other parameters
    _, frailty, _ = log_density_and_frailty(design, fast.parameters, stream(3, "frailty", "M0"))
    np.testing.assert_array_equal(frailty, fast.parameters.frailty)


def test_raw_coefficients_are_those_of_the_standardised_columns_undone(fast: Fit, design: Design) -> None:
    found = laplace(design, priors_with(), draws=1000, rng=stream(3, "laplace", "M0"))
    intercept, coefficients = design.to_standardised(
        fast.parameters.intercept, np.column_stack([fast.parameters.coefficients[n] for n in design.names])
    )
    np.testing.assert_allclose(intercept, found.intercept)
    np.testing.assert_allclose(coefficients, found.coefficients)


@pytest.mark.parametrize(("times", "proposals"), [(1.5, 2000), (2.5, 4000)])
def test_more_proposals_where_only_their_number_falls_short(
    design: Design, fast: Fit, times: float, proposals: int
) -> None:
    short = float(fast.diagnostics.importance_ess) * times
    again = run(design, PLAN.model_copy(update={"gate": Gate(ess_min=short)}))
    assert again.certificate["proposals"] == proposals
    assert again.parameters.draws == 1000
    assert again.diagnostics.passed
    assert float(again.diagnostics.importance_ess) > short


def test_more_proposals_have_an_end(design: Design) -> None:
    hopeless = PLAN.model_copy(update={"gate": Gate(ess_min=1e6)})
    with pytest.raises(DiagnosticsFailed, match="importance ESS") as refused:
        run(design, hopeless)
    assert "more sampling.draws" in refused.value.remedy
    assert run(design, hopeless, allow_unconverged=True).certificate["diagnostics"]["passed"] is False


def test_more_proposals_give_the_same_posterior(design: Design) -> None:
    rng = np.random.default_rng(5)
    one = laplace(design, priors_with(), draws=4000, rng=rng)
    many = laplace(design, priors_with(), draws=4000, proposals=16_000, rng=rng)
    assert many.proposals == 16_000
    assert many.intercept.shape == (4000,)
    for name in ("intercept", "sigma_home", "frailty_shape"):
        a, b = getattr(one, name), getattr(many, name)
        assert a.mean() == pytest.approx(b.mean(), abs=5 * b.std() * np.sqrt(1 / one.ess + 1 / 4000))


def stand_in(drawn: Drawn, asked: list[str]):
    def draw(*_: object, label: str, **__: object) -> Drawn:
        asked.append(label)
        return dataclasses.replace(drawn, record={"method": by_nuts.METHOD})

    return draw


def test_auto_turns_to_the_sampler_and_says_why(design: Design, fast: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    drawn = by_laplace.draw(design, priors_with(), PLAN, label="M0", seed=3)
    monkeypatch.setattr(by_nuts, "draw", stand_in(drawn, asked))
    kept = run(design, method="auto")
    assert asked == []
    assert (kept.certificate["method_asked"], kept.certificate["method"]) == ("auto", "laplace")
    np.testing.assert_array_equal(kept.parameters.home, fast.parameters.home)
    turned = run(design, PLAN.model_copy(update={"gate": Gate(ess_min=1e6)}), method="auto", allow_unconverged=True)
    assert asked == ["M0"]
    assert turned.certificate["method"] == "nuts/nutpie"
    assert "importance ESS" in turned.certificate["why_not_laplace"]

    def no_mode(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError("not positive definite")

    monkeypatch.setattr(by_laplace, "laplace", no_mode)
    lost = run(design, method="auto")
    assert "no usable mode" in lost.certificate["why_not_laplace"]
    with pytest.raises(DiagnosticsFailed, match="not positive definite") as refused:
        run(design)
    assert "'nuts'" in refused.value.remedy


def test_without_children_all_else_is_the_same(design: Design, fast: Fit, tmp_path: Path) -> None:
    lean = run(design, with_children=False)
    np.testing.assert_array_equal(lean.parameters.home, fast.parameters.home)
    np.testing.assert_array_equal(lean.parameters.coefficients["x0"], fast.parameters.coefficients["x0"])
    assert lean.log_density.shape == lean.parameters.frailty.shape == (1000, 0)
    with pytest.raises(KeyError, match="c0"):
        lean.parameters.frailty_of(("c0",))
    write_fit(lean, tmp_path / "lean.nc")
    assert len(read_fit(tmp_path / "lean.nc").design.child_ids) == len(design.child_ids)


def test_single_precision_of_the_weights_is_enough(design: Design) -> None:
    data, rng = laplace_data(design, priors_with()), np.random.default_rng(6)
    b, z = rng.normal(0, 0.3, (4, 50)), rng.normal(0, 1, (6, design.periods + 1, 50))
    b[0] -= 3
    effects, k = (
        Scales(sigma_home=0.5, sigma_period=0.3, frailty_shape=1.0).effects(z, design.periods),
        rng.gamma(2.0, size=50),
    )
    low = [part.astype(np.float32) for part in (b, effects, z)]
    single = log_joint(data, *low, ChildLaw("gamma", {"frailty_shape": k}))
    double = log_joint(data, *(part.astype(float) for part in low), ChildLaw("gamma", {"frailty_shape": k}))
    np.testing.assert_allclose(single, double, atol=2e-3)
    assert np.abs(single - double).max() > 0  # the rates were in single precision


def test_an_unknown_method_is_told(design: Design) -> None:
    with pytest.raises(ValueError, match="'vb' is not known"):
        run(design, method="vb")


def test_a_tail_beyond_the_proposals_is_refused_where_pareto_k_sees_nothing() -> None:
    """A twentieth of the posterior lies where proposals are few, and k-hat and the effective number may look sound."""
    design, plan = separated(6.0)
    fits = [fit(design, plan, model="M0", seed=seed, allow_unconverged=True) for seed in range(8)]
    for found in fits:
        assert any("one tail" in reason for reason in found.diagnostics.failed)
        assert "x0" in found.diagnostics.worst
    # at least once nothing else would have told
    assert min(len(f.diagnostics.failed) for f in fits) == 1
    with pytest.raises(DiagnosticsFailed, match="one tail"):
        fit(design, plan, model="M0", seed=0)


def test_the_same_separation_passes_under_the_default_prior() -> None:
    design, plan = separated(1.0)
    assert by_laplace.draw(design, priors_with(), plan, label="M0", seed=0).diagnostics.tail_share_max < 0.025


@pytest.mark.parametrize(
    ("fall", "share"),
    [
        ([1.125, 4.5, 10.125], 0.0062097),  # a normal
        ([1.5, 3.0, 4.5], None),  # an exponential tail beyond the first place
    ],
)
def test_tail_shares_of_known_shapes(fall: list[float], share: float | None) -> None:
    down = _side(np.array([fall]))[0]
    if share is not None:
        assert down[LINE > REACH].sum() / (2 * down.sum()) == pytest.approx(share, rel=1e-3)
    else:
        np.testing.assert_allclose(np.log(down[LINE >= 1.5]), -LINE[LINE >= 1.5])


def test_the_limit_of_pareto_k_falls_with_fewer_draws() -> None:
    assert k_hat_limit(100, Gate()) == pytest.approx(0.5)
    assert k_hat_limit(1000, Gate()) == pytest.approx(2 / 3)
    assert k_hat_limit(100_000, Gate()) == 0.7


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto:UserWarning")  # it is what is compared
def test_leave_one_out_agrees_with_arviz(fast: Fit) -> None:
    import arviz as az
    import xarray as xr

    # 900 draws, for which both packages take a tail of 90
    values = fast.log_density[None, :900] + 0.2 * np.random.default_rng(1).standard_normal((1, 900, 30))
    noisy = dataclasses.replace(
        fast,
        values={**fast.values, "log_density": values[0]},
        dims={**fast.dims, "log_density": ("child",)},
        diagnostics=dataclasses.replace(fast.diagnostics, importance_ess=1e9),
    )
    tree = xr.DataTree.from_dict(
        {
            "/posterior": xr.Dataset({"a": (("chain", "draw"), fast.parameters.intercept[None, :900])}),
            "/log_likelihood": xr.Dataset({"y": (("chain", "draw", "child"), values)}),
        }
    )
    theirs = az.loo(tree, var_name="y", pointwise=True, reff=1.0)
    elpd, shape = leave_one_child_out(noisy)
    np.testing.assert_allclose(shape, theirs.pareto_k, atol=1e-6)
    np.testing.assert_allclose(elpd, theirs.elpd_i, atol=1e-6)


def test_diagnostics_without_weights_or_chains_need_no_numbers() -> None:
    assert Diagnostics(worst="", failed=()).passed


@pytest.mark.sampled
def test_the_fast_way_needs_neither_pymc_nor_arviz() -> None:
    """From a simulated sector to evidence and its text, with the heavy libraries blocked."""
    program = """
import sys
for blocked in ("pymc", "pytensor", "nutpie", "arviz", "xarray", "matplotlib", "jinja2"):
    sys.modules[blocked] = None
from missingmodels.runs.answer import answer
from missingmodels.plan import Plan
from missingmodels.report.text import summary_text
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
plan = Plan(models=("M0", "M1"), exposure={"beside": ()}, sampling={"draws": 250, "method": "laplace"},
            gate={"ess_min": 100}, effects={"sector_process": "none"}, scores={"last_days": 0})
found = answer(simulate_world(Scenario(homes={"count": 15}, days=240), seed=4).tables, plan, seed=4)
print(summary_text(found.evidence))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "recently missing peers" in done.stdout
