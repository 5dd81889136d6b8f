"""Daily models: what is written and said, recovery of what was set, and agreement with windows where they should.

Made data come from the plain loop of ``simulations/calibrate_daily.py``, which holds no code of the package.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.fitting.families.daily import fit_daily
from missingmodels.fitting.stores.store import read_fit
from missingmodels.frame.daily import daily_design
from missingmodels.models.daily_terms import drifted
from missingmodels.models.priors.daily import daily_priors
from missingmodels.plan import Plan
from missingmodels.tables import write_tables
from test_cli import is_a_message, run
from worlds import plan_of, small_world

ROOT = Path(__file__).resolve().parents[2]
QUICK = {"draws": 300, "tune": 300, "chains": 2, "doublings": 0}
LOOSE = {"ess_min": 50, "rhat_max": 1.05, "rhat_effects_max": 1.1}
TRUTH = {
    "kernel": {"peer_kernel": 0.4, "kernel_days": 5.0, "sigma_period": 0.3, "frailty_shape": 0.8},
    "ornstein_uhlenbeck": {
        **{"peer_kernel": 0.0, "kernel_days": 4.0, "frailty_shape": 0.8},
        **{"sigma_process": 0.8, "process_days": 30.0},
    },
    "hawkes": {
        **{"own_branching": 0.25, "peer_branching": 0.3, "kernel_days": 4.0},
        **{"sigma_period": 0.3, "frailty_sd_log": 0.9},
    },
}


def flattened(values: xr.DataArray) -> np.ndarray:
    """(S, …) draws, chains one after the other."""
    array = values.transpose("chain", "draw", ...).to_numpy()
    return array.reshape(-1, *array.shape[2:])


@pytest.fixture
def made(monkeypatch):
    """The loop that makes worlds, and the plan that fits them."""
    monkeypatch.syspath_prepend(str(ROOT / "simulations"))
    return importlib.import_module("calibrate_daily")


def made_fit(made, kind, *, homes, days, seed, **changes):
    truth = {"intercept": -4.6, "male": 0.4, "kernel_unseen": 0.0, "sigma_home": 0.4} | TRUTH[kind] | changes
    onset, _ = made.world_of(kind, truth, np.random.default_rng(seed), homes=homes, days=days)
    plan = made.plan_of(kind)
    # the defaults, not the narrow priors of the calibration
    plan = Plan(**{**plan.model_dump(), "priors": {}, "gate": LOOSE, "sampling": {**QUICK, "draws": 600}})
    return truth, fit_daily(made.tables_of(onset), plan, kind=kind, seed=seed), onset


def interval(values: xr.DataArray) -> tuple[float, float]:
    low, high = np.quantile(flattened(values), [0.005, 0.995])
    return float(low), float(high)


@pytest.mark.sampled
def test_tables_become_an_answer(tmp_path: Path) -> None:
    write_tables(small_world(3, n_homes=6, days=150).tables, tmp_path / "tables")
    settings = {"models": ["M0", "M1"], "terms": {"vulnerability": "male", "history": "own_1_7"}}
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items() if key == "models"]
    lines += ["[terms]", *(f"{key} = {json.dumps(value)}" for key, value in settings["terms"].items())]
    for name, part in (("sampling", QUICK), ("gate", LOOSE)):
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in part.items())]
    (tmp_path / "plan.toml").write_text("\n".join(lines))
    out = tmp_path / "out"
    typed = ("fit-daily", "kernel", tmp_path / "tables", "-o", out, "--plan", tmp_path / "plan.toml")
    done = run(*typed)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(out / "release" / "coefficients.csv", index_col="term")
    assert {"own_1_7", "peer_kernel", "kernel_days", "half_life_days", "peer_ratio", "sigma_period"} <= set(table.index)
    said = (out / "release" / "answer.txt").read_text()
    assert f"a child's rate is {table.loc['peer_ratio', 'median']:.2f} (" in said
    assert " ".join(said.split()) in " ".join(done.stdout.split())  # wrapped for the terminal
    manifest = json.loads((out / "manifest.json").read_text())
    with xr.open_datatree(out / "private" / "draws.nc", engine="h5netcdf") as tree:
        assert "frailty" not in tree["posterior"]
        assert "log_likelihood" not in tree.children
    tree = read_fit(out).to_datatree()
    draws, children = tree["posterior"].to_dataset(), tree["log_likelihood"].to_dataset().sizes["child"]
    assert manifest["probabilities"]["peers_raise"] == pytest.approx(float((draws["peer_ratio"] > 1).mean()))
    delta, tau = (draws[name].to_numpy() for name in ("peer_kernel", "kernel_days"))
    week = [
        np.exp(np.mean([d * np.exp(-m / t) for m in range(1, 8)])) for d, t in zip(delta.flat, tau.flat, strict=True)
    ]
    np.testing.assert_allclose(draws["peer_ratio_week"].to_numpy().ravel(), week)
    assert draws["frailty"].sizes["child"] >= children > 0
    is_a_message(run(*typed), "earlier output", "--overwrite")
    # the same model, compiled before: a gate that nothing passes
    strict = (tmp_path / "plan.toml").read_text().replace("ess_min = 50", "ess_min = 1e6").replace("= 300", "= 100")
    (tmp_path / "plan.toml").write_text(strict)
    is_a_message(run(*typed, "--overwrite"), "Not converged", "M1 (kernel)", "ESS", code=3)
    assert (out / "release" / "answer.txt").read_text() == said


def test_what_daily_models_do_not_hold_is_refused(tmp_path: Path) -> None:
    tables = small_world(3, n_homes=6, days=150).tables
    moderated = plan_of(exposure={"moderation": "staff_ratio_within"})
    for plan, kind, model, word in (
        (Plan(), "renewal", None, "renewal"),
        (Plan(), "kernel", "M2", "has no peers"),
        (Plan(models=("M0",)), "kernel", None, "no model with peers"),
        (moderated, "kernel", None, "moderation"),
    ):
        with pytest.raises(ConfigInvalid, match=word):
            daily_design(tables, plan, kind=kind, model=model)
    with pytest.raises(ConfigInvalid, match="kernel_days"):
        daily_priors(plan_of(priors={"replace": {"kernel_days": {"fixed": 0.0}}}))
    with pytest.raises(ConfigInvalid, match="proces_days"):
        fit_daily(tables, plan_of(priors={"replace": {"proces_days": {"fixed": 3.0}}}), kind="kernel", seed=1)
    alone = small_world(3, n_homes=6, days=150, homes={"place_shares": [1.0]}).tables
    with pytest.raises(CannotAnswer, match="H1"):
        daily_design(alone, Plan(models=("M0", "M1")), kind="kernel")


def test_drift_has_the_correlation_that_it_says() -> None:
    z = np.random.default_rng(1).standard_normal((4000, 1, 12))
    paths = drifted(z, np.full(4000, 7 / 30))[:, 0]
    lag = np.abs(np.subtract.outer(np.arange(12), np.arange(12)))
    np.testing.assert_allclose(np.cov(paths.T), np.exp(-7 * lag / 30), atol=5 / np.sqrt(4000))


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRUTH)
def test_what_was_set_is_recovered(made, kind: str) -> None:
    truth, found, _ = made_fit(made, kind, homes=40, days=280, seed=11)
    draws = found.draws
    for name in TRUTH[kind]:
        low, high = interval(draws[name])
        assert low < truth[name] < high, name
    moved = {"kernel": "peer_kernel", "ornstein_uhlenbeck": "sigma_process", "hawkes": "peer_branching"}[kind]
    assert interval(draws[moved])[0] > 0.05  # told from none
    male = flattened(draws["coefficients"])[:, found.design.names.index("male")]
    assert np.quantile(male, 0.005) < 0.4 < np.quantile(male, 0.995)
    if kind == "hawkes":
        total = flattened(draws["own_branching"]) + flattened(draws["peer_branching"])
        np.testing.assert_allclose(flattened(draws["total_branching"]), total)
        assert f"probability {(total < 1).mean():.3f}" in found.sentences()[0]


@pytest.mark.slow
def test_the_kernel_of_the_simulator_is_recovered() -> None:
    influence = {"exposure": "peer_kernel", "log_rate_ratio": 0.35, "kernel_days": 6.0}
    # rates at which influence dies out
    world = small_world(21, n_homes=50, days=300, contagion=influence, onset={"rate_per_year": 3.0})
    plan = plan_of(models=["M0", "M1"], gate=LOOSE, sampling=QUICK)
    found = fit_daily(world.tables, plan, kind="kernel", seed=2)
    for name, value in (("peer_kernel", 0.35), ("kernel_days", 6.0)):
        low, high = interval(found.draws[name])
        assert low < value < high, name
    assert interval(found.draws["peer_kernel"])[0] > 0


@pytest.mark.slow
def test_branching_and_window_agree_where_effects_are_small(made) -> None:
    """Onsets that one onset adds among peers within 7 days: by the branching ratio, and by the window's rate ratio.

    To first order in a small effect, the window adds (ratio - 1) times the rate of the others on each of 7 days, and
    the branching ratio its share of the first 7 days.
    """
    _, found, onset = made_fit(
        made, "hawkes", homes=60, days=280, seed=5, own_branching=0.1, peer_branching=0.12, kernel_days=3.0
    )
    tau, alpha = (flattened(found.draws[name]) for name in ("kernel_days", "peer_branching"))
    within = alpha * (1 - np.exp(-7 / tau)) / (1 - np.exp(-60 / tau))
    plan = made.plan_of("kernel").model_dump() | {"priors": {}, "gate": LOOSE, "sampling": QUICK}
    plan = Plan(**plan | {"terms": {"vulnerability": "male", "history": "own_1_7 + own_8_28", "structure": ()}})
    window = fit_daily(made.tables_of(onset), plan, kind="ornstein_uhlenbeck", seed=6)
    assert window.exposure == "peer_presence"
    ratio = flattened(window.draws["peer_ratio"])
    # the rate of the others on days beside one recent peer, if that peer had not been
    beside = window.design.column("peer_presence") > 0
    design = window.design
    rate = design.onsets[beside].sum() / design.days_at_risk[beside].sum() / ratio
    added = (ratio - 1) * rate * 3 * 7
    difference = abs(within.mean() - added.mean())
    assert difference < 2 * np.hypot(within.std(), added.std())
    assert within.mean() > 2 * within.std()  # there is something to agree on
    assert within.std() < 0.04
