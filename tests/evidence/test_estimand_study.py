"""The study of every estimand against its truth: its wiring on one world, its summary by hand, its claims slowly."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

STUDIES = Path(__file__).resolve().parents[2] / "simulations"
NOT_THERE = ("variance_explained", "sigma", "frailty_shape", "median_rate_ratio")  # M1 has no truth of these


@pytest.fixture
def study(monkeypatch):
    monkeypatch.syspath_prepend(STUDIES)
    monkeypatch.delitem(sys.modules, "estimand_recovery", raising=False)
    import estimand_recovery

    return estimand_recovery


@pytest.mark.sampled
def test_one_world_has_every_estimand_with_its_truth(study, monkeypatch):
    monkeypatch.setitem(study.HOMES, "small", 15)
    plan = study.PLAN.model_copy(
        update={"gate": study.PLAN.gate.model_copy(update={"ess_min": 50, "k_hat_max": 1.0, "tail_share_max": 1.0})}
    )
    rows = pd.DataFrame(study.one_world("small", 4, plan))
    held = rows.set_index(["model", "estimand"])
    assert set(rows["status"]) == {"fitted"}
    assert not rows.duplicated(["model", "estimand"]).any()
    kinds = {model: {str(name).split(":")[0] for name in part["estimand"]} for model, part in rows.groupby("model")}
    assert kinds["M3"] == {
        *("rate_ratio", "attributable_fraction", "expected_rate", "variance_explained", "median_rate_ratio"),
        *("sigma_home", "sigma_period", "frailty_shape"),
    }
    assert not any(kind.startswith(NOT_THERE) for kind in kinds["M1"])
    truth = held["truth"]
    for model in ("M1", "M3"):
        assert truth[model, "rate_ratio: peer_presence"] == pytest.approx(1.3)
        rates = [
            truth[model, f"expected_rate: {w}"] for w in ("no recent peers", "as observed", "a recent peer always")
        ]
        assert rates == sorted(rates), "the truth is that of the columns of M3, whichever model was fitted"
        one_step = truth[model, "attributable_fraction: one step"]
        assert one_step == pytest.approx(1 - rates[0] / rates[1])
        assert 0 < truth[model, "attributable_fraction: dynamic"] < 0.3
    assert truth["M1", "expected_rate: as observed"] == truth["M3", "expected_rate: as observed"]
    ends = rows[["low_90", "low_50", "median", "high_50", "high_90"]].to_numpy()
    assert (ends[:, 1:] >= ends[:, :-1]).all()
    assert rows["sd"].gt(0).all()


def test_the_summary_by_hand(study):
    """Two worlds of truth 2: medians 1 and 4, so log errors of ∓ log 2; the wide interval holds it in one of them."""
    one = {"size": "small", "model": "M3", "status": "fitted", "estimand": "rate_ratio: x", "truth": 2.0, "sd": 0.5}
    rows = pd.DataFrame(
        [
            {**one, "low_90": 0.5, "low_50": 0.8, "median": 1.0, "high_50": 1.2, "high_90": 2.5},
            {**one, "low_90": 3.0, "low_50": 3.5, "median": 4.0, "high_50": 4.5, "high_90": 6.0},
        ]
    )
    found = study.summarise(rows).iloc[0]
    assert found["bias"] == pytest.approx(0.0)
    assert found["scatter_of_medians"] == pytest.approx(0.6931472 * 2**0.5)
    assert (found["coverage_90"], found["coverage_50"]) == (0.5, 0.0)
    assert (found["scale"], found["worlds"], found["posterior_sd"]) == ("log", 2, 0.5)
    plain = study.summarise(rows.assign(estimand="attributable_fraction: one step")).iloc[0]
    assert plain["bias"] == pytest.approx(0.5), "a share is compared as it is"


# what the tracked study found wanting in 40 homes, and says so: simulations/README.md
WANTING = ("rate_ratio: peer", "rate_ratio: own", "attributable", "variance_explained", "expected_rate: a recent peer")


@pytest.mark.slow
def test_intervals_cover_in_small_worlds(study):
    rows = [{"size": "small", **row} for seed in range(1, 61) for row in study.one_world("small", 70_000 + seed)]
    found = study.summarise(pd.DataFrame(rows))
    found = found[(found["model"] == "M3") & ~found["estimand"].str.startswith(WANTING)]
    assert len(found) > 15
    for row in found.itertuples():
        assert abs(row.coverage_90 - 0.9) < 4 * row.coverage_90_error, row.estimand
        assert abs(row.coverage_50 - 0.5) < 4 * row.coverage_50_error, row.estimand
