"""A small Evidence made by hand: two fits, a verdict of each kind, and every figure array."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from missingmodels.evidence.own_history import BOTH
from missingmodels.evidence.parts import BayesFactor, ElpdDifference, OwnHistory, PowerScaling, Row
from missingmodels.evidence.record import Evidence
from missingmodels.evidence.robustness import frontier as battery_frontier
from missingmodels.evidence.robustness import operating as battery_operating
from missingmodels.evidence.scores.power_scaling import FINE
from missingmodels.plan import Plan
from missingmodels.report.figures import pictures as figures
from missingmodels.report.pages import battery_page

MASS = 0.9
FITS = (("M0", ""), ("M3", "peer_presence"), ("M3", "peer_density"))


def row(**changes: Any) -> Row:
    held: dict[str, Any] = {
        "hypothesis": "H1",
        "model": "M3",
        "exposure": "peer_presence",
        "role": "primary",
        "estimand": "rate_ratio",
        "name": "peer_presence",
        "label": "one or more recently missing peers against none",
        "mean": 1.31,
        "median": 1.303,
        "sd": 0.16,
        "interval_low": 1.061,
        "interval_high": 1.596,
        "interval_mass": MASS,
        "interval_kind": "equal-tailed",
        "null": 1.0,
        "probability_above_null": 0.9805,
        "expected": "above",
        "rope_low": 1 / 1.1,
        "rope_high": 1.1,
        "rope_probability": 0.0845,
        "verdict": "supported",
        "remark": "",
    }
    return Row(**(held | changes))


def structure_row(name: str, label: str, **changes: Any) -> Row:
    held = {"hypothesis": "H2", "name": name, "label": label, "verdict": "the data cannot say"}
    return row(**(held | {"probability_above_null": 0.65, "median": 1.08, "interval_low": 0.75} | changes))


def plain_row(estimand: str, name: str, fit: tuple[str, str], **changes: Any) -> Row:
    nothing = dict.fromkeys(("rope_low", "rope_high", "rope_probability"), None)
    held = {"hypothesis": "", "role": "", "estimand": estimand, "name": name, "label": name, "model": fit[0]}
    return row(**(held | nothing | {"exposure": fit[1], "expected": "", "verdict": "", "null": None} | changes))


def _rows() -> tuple[Row, ...]:
    found = [
        row(),
        row(
            exposure="peer_density", role="beside", name="peer_density",
            label="all peers recently missing against none", probability_above_null=0.9748,
            verdict="the data cannot say",
        ),
        structure_row(
            "staff_ratio_between", "staff on duty per resident, between homes (-0.49 to -0.17)", expected="below",
            remark="the estimate points the other way with probability 0.998", probability_above_null=0.998,
        ),
        structure_row("turnover_between", "staff turnover, between homes (0.14 to 0.38)"),
        structure_row(
            "turnover_between", "staff turnover, between homes", role="smaller model", exposure="peer_density"
        ),
        structure_row(
            "mix_spread_within", "spread of needs in the home, within a home (-0.10 to 0.11)",
            rope_probability=0.937, verdict="supported as negligible",
        ),
        plain_row(
            "attributable_fraction", "peer_presence", FITS[1], hypothesis="H1", role="primary", median=0.067,
            interval_low=0.015, interval_high=0.119,
        ),
        plain_row(
            "attributable_fraction_dynamic", "peer_presence", FITS[1], hypothesis="H1", role="primary", median=0.081,
            interval_low=0.018, interval_high=0.142,
            remark="Monte Carlo error 0.2%, 400 draws lived again 3 times each",
        ),
        plain_row(
            "variance_explained", "structure_between", FITS[1], hypothesis="H2", median=0.3, interval_high=0.74,
            remark="64% under the plan's priors, 91% by them alone",
        ),
        plain_row("expected_rate", "as_observed", FITS[1], median=3.01, interval_low=2.8, interval_high=3.3),
        plain_row(
            "expected_rate", "peer_presence", FITS[1], hypothesis="H1", role="primary",
            label="no recently missing peers", median=2.85, interval_low=2.6, interval_high=3.1,
        ),
        plain_row(
            "rate_difference", "peer_presence", FITS[1], hypothesis="H1", role="primary", median=-0.16,
            label="no recently missing peers", interval_low=-0.3, interval_high=0.02,
        ),
    ]  # fmt: skip
    for fit in FITS:
        found += [
            plain_row("median_rate_ratio", "home", fit),
            plain_row("sd_log", "sigma_home", fit),
            plain_row("rate_ratio_per_unit", "age_years", fit, null=1.0),
        ]
    return tuple(found)


def _bands(*medians: float) -> dict[str, Any]:
    return {
        "median": list(medians),
        "low": [m - 0.2 for m in medians],
        "high": [m + 0.3 for m in medians],
        "mass": MASS,
    }


def _gate(failed: bool) -> dict[str, Any]:
    return {
        "rhat_max": 1.04 if failed else 1.003,
        "rhat_effects_max": 1.005,
        "ess_bulk_min": 900.0,
        "ess_tail_min": 1400.0,
        "divergences": 0,
        "bfmi_min": 0.87,
        "tree_depth_share": 0.0,
        "worst": "R-hat at sigma_home",
        "failed": ["R-hat 1.040 is above 1.01"] if failed else [],
        "passed": not failed,
    }


def _figures(gates: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    draws = [[0.1, 0.4, 0.2, 0.3], [0.3, 0.2, 0.4, 0.1]]
    child = {"resident_days": [0, 1, 2], "away_days": [2], "onset_days": []}
    return {
        "dose": {
            "bins": ["0", "1", "2", "3+"],
            "onsets": [30.0, 12.0, 1.0, 0.0],
            "days_at_risk": [3000.0, 800.5, 40.0, 0.0],
            "ratio": _bands(0.95, 1.2, 1.1, 0.5),
            "model": "M0",
        },
        "curves": [
            {"exposure": e, "model": m, "x": [0.0, 0.5, 1.0], "ratio": _bands(1.0, 1.1, 1.3)} for m, e in gates if e
        ],
        "homes": {
            "years_at_risk": [0.4, 2.0, 5.1],
            "effect": _bands(0.1, -0.2, 0.0),
            "sigma": _bands(0.3),
            "model": "M3",
        },
        "network": {
            "days": ["2024-10-26", "2024-10-27", "2024-10-28"],
            "children": [{"label": "A", **child}, {"label": "B", **child, "onset_days": [1]}],
            "ties": [{"a": "A", "b": "B", "strength": 1.4}],
        },
        "predictive": {"bins": ["0", "1"], "observed": [0.7, 0.3], "replicated": _bands(0.6, 0.4), "model": "M3"},
        "timing": {
            "parts": [
                {
                    "name": "pairs",
                    "bins": ["same day", "1–2"],
                    "observed": [46.0, 3.0],
                    "replicated": {"median": [30.0, 4.0], "low": [22.0, 1.0], "high": [45.0, 9.0], "mass": MASS},
                },
                {
                    "name": "dispersion",
                    "bins": ["variance over mean"],
                    "observed": [2.1],
                    "replicated": _bands(2.0),
                },
            ],
            "model": "M3",
            "exposure": "peer_presence",
        },
        "diagnostics": [
            {
                "model": m,
                "exposure": e,
                "gate": gate,
                "traces": dict.fromkeys(["sigma_home", "sigma_period", "frailty_shape", *([e] if e else [])], draws),
            }
            for (m, e), gate in gates.items()
        ],
    }


_DATA = {
    "observed_from": "2024-04-01",
    "observed_to": "2025-04-01",
    "burn_in_days": 28,
    "homes": 3,
    "children": 12,
    "resident_years": 7.5,
    "onsets": 43,
    "children_with_onset": 5,
    "same_day_repeats": 0,
    "joint_onsets": 2,
    "onsets_per_year_at_risk": 5.7,
    "share_of_days_exposed": 0.19,
    "median_coverage": None,
    "rows": 400,
    "episodes": {"episodes in the tables": 45},
}
_PLAN = Plan(name="demo").model_dump(mode="json")  # whole, as a run keeps it: no default escapes the pages


def _factor(name: str, label: str, own: float, by_width: tuple[float, ...]) -> BayesFactor:
    return BayesFactor(
        hypothesis="H1", model=FITS[1][0], exposure=FITS[1][1], name=name, label=label, log_bf10=own, mc_error=0.03,
        null_distance=1.2, prior_mean=0.0, prior_sd=1.0, widths=(0.25, 1.0, 4.0), log_bf10_by_width=by_width,
        k_hat_by_width=(0.0, 0.0, 0.1),
    )  # fmt: skip


_HISTORY = OwnHistory(
    model=FITS[1][0], exposure=FITS[1][1], columns=("own_1_7",), correlation=(-0.2,), contraction=(0.95,),
    without_history=(8.6, 5.2), without_frailty=(40.1, 11.3), k_hat_max=1.56, k_hat_bad=3,
    mended=2, ratio=1.8, ratio_low=1.4, ratio_high=2.2, probability=0.99, new_arrivals=61, new_ratio=None,
    new_ratio_low=None, new_ratio_high=None, new_probability=None, verdict=BOTH,
)  # fmt: skip


def make_evidence(*, failed: tuple[str, str] | None = None, **changes: Any) -> Evidence:
    gates = {fit: _gate(fit == failed) for fit in FITS}
    held = Evidence(
        plan=_PLAN,
        rule="A rate ratio is “supported” if …; else “the data cannot say”.",
        rows=_rows(),
        comparisons=(
            ElpdDifference(
                hypothesis="H1 and H2", model="M3 (peer_presence)", against="M0", difference=-2.5, standard_error=3.6,
                unit="child", units=12, k_hat_max=0.97, k_hat_bad=2, mended=0, refit_error=0.0, linked=0,
            ),
        ),
        data=_DATA,
        notes=("staff_ratio is unrecorded on 7.2% of resident-days",),
        bayes_factors=(_factor("peer_presence", "one or more recently missing peers", -1.5, (-0.4, -1.5, -2.9)),),
        power_scaling=(
            PowerScaling(
                hypothesis="H1", model=FITS[1][0], exposure=FITS[1][1], name="peer_presence", label="peers",
                prior=0.02, likelihood=0.4, diagnosis=FINE,
            ),
        ),
        own_history=_HISTORY,
        figures=_figures(gates),
        certificates=tuple(
            {"model": m, "exposure": e, "formula": "age_years", "versions": {"numpy": "2"}, "diagnostics": gate}
            for (m, e), gate in gates.items()
        ),
        origin={"kind": "simulated", "seed": 1, "scenario": {"name": "small"}},
    )  # fmt: skip
    return replace(held, **changes)


@pytest.fixture
def make() -> Callable[..., Evidence]:
    """Make an Evidence; ``failed`` names the fit that did not pass its gate, other names replace attributes."""
    return make_evidence


@pytest.fixture
def make_row() -> Callable[..., Row]:
    return row


@pytest.fixture(autouse=True)
def whole_studies(monkeypatch):
    """Tables of the packaged studies as they are when whole, whatever state their runs are in."""
    cells = [(days, sd, 0.0) for days in (7, 14, 28, 91, 182) for sd in (0.25, 0.5, 0.75)]
    cells += [(0, 0.0, level) for level in (0.0, 0.3, 0.6, 0.9)]
    models = (
        "home effects only",
        "home × 91 days",
        "home × 28 days",
        "home × 14 days",
        "turned within home and period",
    )
    names = ["shock_days", "shock_sd", "homophily", "line", "homes", "worlds", "said", "mc_error", "posterior_sd"]
    rows = [(*cell, model, 40, 200, 0.1, 0.02, 0.2) for cell in cells for model in models]
    frontier = pd.DataFrame(rows, columns=names)
    held = battery_operating.operating().assign(worlds=200)
    for module in (battery_frontier, figures, battery_page):
        monkeypatch.setattr(module, "frontier", lambda: frontier)
    for module in (battery_operating, battery_page):
        monkeypatch.setattr(module, "operating", lambda: held)
