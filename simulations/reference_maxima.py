"""The likelihood of ``fit_rows`` maximised, the frailty integrated out exactly or on a grid, to meet known maxima."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import digamma, logsumexp

from missingmodels.fitting.families.rows_draws import log_densities
from missingmodels.frame.design_matrix import EventRows
from missingmodels.frame.own_rows.asked import Asked
from missingmodels.frame.own_rows.counts import build_counts

# A trapezium rule on a smooth integrand that vanishes at both ends is accurate to rounding.
NODES = np.linspace(-9, 9, 145)
LOG_WEIGHTS = -0.5 * NODES**2 - 0.5 * np.log(2 * np.pi) + np.log(NODES[1] - NODES[0])


@dataclass(frozen=True, kw_only=True)
class Found:
    """Estimates of the columns as they are, the frailty's sd (0 for none) and the log likelihood with its constants."""

    estimates: Mapping[str, float]
    sigma: float
    log_likelihood: float


def maximum(frame: pd.DataFrame, *, frailty: str, **question: str) -> Found:
    """Maximise the marginal likelihood over intercept, coefficients and the frailty's sd."""
    counts = build_counts(frame, Asked(frailty=frailty, **question))
    columns = np.column_stack([np.ones(counts.y.size), counts.standardised])
    start = np.zeros(columns.shape[1] + 1)
    start[0], start[-1] = counts.average_log_rate, np.log(0.7)
    value = {"gamma": _gamma, "normal": _normal, "none": _none}[frailty]

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        density, gradient = value(counts, columns, columns @ point[:-1] + counts.log_size, np.exp(point[-1]))
        return -density, -gradient

    found = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-7, "maxiter": 5000})
    intercept, raw = counts.to_raw(found.x[0], found.x[1:-1])
    estimates = {"intercept": float(intercept)} | dict(zip(counts.names, map(float, raw), strict=True))
    sigma = 0.0 if frailty == "none" else float(np.exp(found.x[-1]))
    return Found(estimates=estimates, sigma=sigma, log_likelihood=-float(found.fun))


def _none(counts: EventRows, columns: np.ndarray, eta: np.ndarray, _: float) -> tuple[float, np.ndarray]:
    density, _none = log_densities(counts, eta[None], None)
    return float(density.sum()), np.append(columns.T @ (counts.y - _mean(counts, eta)), 0.0)


def _gamma(counts: EventRows, columns: np.ndarray, eta: np.ndarray, sigma: float) -> tuple[float, np.ndarray]:
    index, k, rate = counts.units["child"].index, sigma**-2.0, np.exp(eta)
    density, _drawn = log_densities(counts, eta[None], np.array([k]))
    y, expected = np.bincount(index, counts.y), np.bincount(index, rate)
    u = (k + y) / (k + expected)
    by_k = digamma(k + y) - digamma(k) + np.log(k) + 1 - np.log(k + expected) - u
    return float(density.sum()), np.append(columns.T @ (counts.y - u[index] * rate), -2 * k * by_k.sum())


def _normal(counts: EventRows, columns: np.ndarray, eta: np.ndarray, sigma: float) -> tuple[float, np.ndarray]:
    index, children = counts.units["child"].index, len(counts.units["child"].ids)
    at = eta + sigma * NODES[:, None]
    by_row, _drawn = log_densities(counts, at, None)
    by_child = np.stack([np.bincount(index, row, children) for row in by_row]) + LOG_WEIGHTS[:, None]
    total = logsumexp(by_child, axis=0)
    weight = np.exp(by_child - total)[:, index]
    score = weight * (counts.y - _mean(counts, at))
    return float(total.sum()), np.append(columns.T @ score.sum(axis=0), sigma * (NODES @ score.sum(axis=1)))


def _mean(counts: EventRows, eta: np.ndarray) -> np.ndarray:
    return counts.size / (1 + np.exp(-eta)) if counts.trials else np.exp(eta)


def patient_totals(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a patient: events and hundreds of days."""
    groups = frame.groupby("id")
    return pd.DataFrame(
        {
            "events": groups["status"].sum(),
            "hundred_days": groups["tstop"].max() / 100,
            "treat": groups["treat"].first(),
        }
    ).reset_index()


def cox_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a patient at risk and time of an event: with a level for each time, this is Cox with Breslow's ties."""
    times = np.sort(frame.loc[frame["status"] == 1, "tstop"].unique())
    crossed = frame.merge(pd.DataFrame({"at": times}), how="cross")
    rows = crossed[(crossed["tstart"] < crossed["at"]) & (crossed["at"] <= crossed["tstop"])].copy()
    rows["status"] = ((rows["status"] == 1) & (rows["at"] == rows["tstop"])).astype(int)
    return rows.reset_index(drop=True)
