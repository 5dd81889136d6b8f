"""Counts that say what the estimates rest on."""

from __future__ import annotations

from typing import Any

import numpy as np

from missingmodels.frame.columns.stays import weak_homes
from missingmodels.frame.riskset import RiskSet
from missingmodels.frame.rows import Rows
from missingmodels.frame.unseen import coverage_bands
from missingmodels.tables import Tables


def describe_risk(tables: Tables, risk: RiskSet, rows: Rows) -> dict[str, Any]:
    """Counts that say what the estimates rest on."""
    window = ~risk.before_window
    onset = risk.onset[:, window]
    at_risk = risk.days_at_risk[:, window]
    frame = rows.frame
    exposed = frame["peer_count"].to_numpy() > 0
    weight = frame["days_at_risk"].where(~frame["before_window"], 0.0)
    return {
        "observed_from": str(tables.observed_from.date()),
        "observed_to": str(tables.observed_to.date()),
        "burn_in_days": int((~window).sum()),
        "homes": len(risk.home_ids),
        "children": len(risk.child_ids),
        "resident_years": round(risk.resident_days / 365.25, 2),
        "onsets": int(onset.sum()),
        "children_with_onset": int(onset.any(axis=1).sum()),
        "same_day_repeats": int(risk.same_day_repeats[:, window].sum()),
        "joint_onsets": int(risk.joint[:, window].sum()),
        "onsets_per_year_at_risk": round(float(onset.sum() / max(at_risk.sum() / 365.25, 1e-9)), 3),
        "observed_days": risk.days,
        "share_of_days_exposed": round(float(np.average(exposed, weights=weight)), 4),
        "days_exposed": round(float(weight[exposed].sum()), 1),
        "onsets_exposed": int(frame["onsets"][exposed & ~frame["before_window"]].sum()),
        "share_of_days_in_weak_homes": _rounded(_weak_share(tables, risk, at_risk, window)),
        "share_of_rows_repaired": tables.origin.get("share_of_rows_repaired"),
        "coverage": {band: _rounded(share) for band, share in coverage_bands(risk).items()},
        "median_coverage": _rounded(np.nanmedian(risk.coverage)) if np.isfinite(risk.coverage).any() else None,
        "rows": len(frame),
        "episodes": dict(risk.notes),
    }


def _weak_share(tables: Tables, risk: RiskSet, at_risk: np.ndarray, window: np.ndarray) -> float:
    """Share of days at risk in homes that are known by their address only, which may be several homes or none."""
    # days without a home have the index -1, so the last entry is theirs
    weak = np.append(weak_homes(tables, risk.home_ids), False)[risk.residence[:, window]]
    return float(at_risk[weak].sum() / max(at_risk.sum(), 1e-9))


def _rounded(value: Any) -> float:
    return round(float(value), 3)
