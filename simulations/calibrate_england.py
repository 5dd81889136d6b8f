"""Fit the free parameters of the national preset to published figures, and write the presets `england` and `region`.

The method of simulated moments: worlds of 1,000 homes with fixed seeds (so that chance is shared between settings), and
least squares on (simulated - middle of the published interval) / half its width, over the targets that a parameter can
move. Parameters start at their design values and are kept within bounds that calibration.md, section 10, gives. What no
figure speaks of stays at its design value: those lines of the presets are assumptions and say so.

    python simulations/calibrate_england.py [--homes 1000] [--seeds 2] [--evaluations 60]

Writes results/england_fit.json and, with --write, the two presets. `missingmodels calibrate-world england` then shows
the whole nation beside every target; its table is results/calibration_england.csv.
"""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from missingmodels.config import from_mapping
from missingmodels.provenance import versions
from missingmodels.runs.calibrate import calibrate_world
from missingmodels.scenario import Scenario

RESULTS = Path(__file__).parent / "results" / "england_fit.json"
PRESETS = Path(__file__).parent.parent / "src" / "missingmodels" / "scenarios"

# name: (section, start, low, high, decimals)
FREE: dict[str, tuple[str, float, float, float, int]] = {
    "rate_per_year": ("onset", 1.42, 0.5, 6.0, 3),
    "frailty_shape": ("onset", 2.107, 0.15, 3.0, 3),
    "low_risk_share": ("onset", 0.645, 0.0, 0.7, 3),
    "home_period_sd": ("onset", 0.59, 0.1, 0.7, 3),
    "own_1_7": ("onset", 0.992, 0.18, 1.1, 3),
    "own_8_28": ("onset", 0.15, 0.0, 0.8, 3),
    "out_of_area": ("onset", -0.6, -0.8, 0.0, 3),
    "joint_share": ("contagion", 0.026, 0.0, 0.3, 3),
    "occupancy": ("homes", 0.805, 0.6, 0.95, 3),
    "move_share": ("children", 0.858, 0.3, 0.9, 3),
    "stay_scale": ("children", 1.3, 0.6, 2.0, 3),
    "median_hours": ("away", 10.39, 5.0, 14.0, 2),
    "sd_log": ("away", 1.387, 1.0, 1.8, 3),
    "away_share": ("recording", 0.169, 0.0, 1.0, 3),
    "accepted_share": ("aftermath", 0.85, 0.2, 0.95, 3),
    "turnover_per_year": ("staff", 0.255, 0.1, 0.6, 3),
}
# Beyond this part of a half-width, distance counts so many times over: to be inside everywhere is worth more than to be
# in the middle somewhere.
NEAR_EDGE, STEEPER = 0.5, 4.0
# The targets that those move; the others are inputs (sizes, sectors, sex) or cannot be computed.
FITTED = (
    "occupancy", "placement_days_median", "placement_days_mean", "placement_under_1_month_share",
    "three_plus_placements_share", "missing_rate_per_resident_year", "missing_prevalence_year",
    "incidents_per_missing_resident", "missing_residents_repeat_share", "repeat_incident_share",
    "annual_count_dispersion_k", "top5pct_missing_children_incident_share",
    "top15pct_missing_children_incident_share", "first_repeat_within_28d_share", "duration_same_date_share",
    "duration_le_2_days_share", "duration_gt_7_days_share", "in_to_out_area_prevalence_ratio",
    "awol_share_of_recorded_absences", "staff_turnover_annual", "rhi_completed_per_episode", "co_missing_share",
)  # fmt: skip

# Design values: published shares stand as the defaults of a scenario; effects are centres of the ranges in
# calibration.md, section 10, most of them assumptions (no estimate is published for English homes).
FIXED: dict[str, Any] = {
    "days": 365,
    "lead_days": 91,
    "homes": {
        "openings_per_year": 0.17,
        "closures_per_year": 0.05,
        "short_break_share": 0.031,
        "school_tie_share": 0.1,
        "area_tie_share": 0.05,
    },
    # What the sector's counts force on these three: heterogeneity beyond the children's own is small beside it, or the
    # busiest children would make more of the episodes than they do.
    "onset": {"home_sd": 0.3, "need_score": 0.15, "low_risk_ratio": 0.02},
    # younger on arrival than residents are on a day (mean 14.6, recalled), since they then stay for years
    "children": {"age_at_entry_mean_years": 13.5},
    "staff": {"vacancy_mean_days": 60.0},
    "mechanisms": {
        "trusted_adult": -0.288,
        "not_in_education": 0.262,
        "disengaged_on_shift": 0.14,
        "inexperienced_on_shift": 0.1,
        "poorly_matched": 0.2,
        "emergency": 0.1,
        "restrictiveness": 0.1,
        "climate": -0.1,
        "new_admission_7d": 0.1,
        "concurrent_missing": 0.1,
        "conflict_3d": 0.2,
        "family_pull": 0.2,
        "community_pull": 0.1,
        "unmet_need_pull": 0.15,
        "prior_missing": 0.3,
        "social_worker_change": 0.1,
        "interview": -0.1,
        "sanction": 0.1,
        "weekend": 0.1,
        "summer": 0.1,
        "manager_absent": 0.1,
        "manager_absent_share": 0.12,
    },
    "contagion": {"short_staffing": 0.14, "outside_log_rate_ratio": 0.1},
    "away": {
        "trusted_adult": 0.8,
        "out_of_area": 1.1,
        "sanction": 1.1,
        "family_pull": 1.2,
        "evening_share": 0.73,
        "serious_out_of_area": 0.405,
        "serious_exploitation": 0.4,
        "protocol": 0.9,
        "protocol_share": 0.3,
    },
    "aftermath": {
        "offered_between_sd": 1.0,
        "accepted_trusted": 0.4,
        "accepted_after_change": -0.3,
        "sanctioned_share": 0.15,
        # an interview that comes late is often overtaken by the next absence, so fewer are late among those held
        "within_72h_share": 0.53,
    },
    "recording": {"no_away_authorities_share": 0.27},
}


def settings_at(values: np.ndarray, *, homes: int, authorities: int) -> dict[str, Any]:
    """The plain values of a scenario at a point of the free parameters."""
    settings = {k: dict(v) if isinstance(v, dict) else v for k, v in FIXED.items()}
    settings["homes"] |= {"count": homes, "authorities": authorities}
    for (name, (section, _, _, _, decimals)), value in zip(FREE.items(), values, strict=True):
        settings.setdefault(section, {})[name] = round(float(value), decimals)
    return settings


def residuals(values: np.ndarray, homes: int, seeds: int) -> np.ndarray:
    """Distances from the middle of the published intervals in half-widths."""
    scenario = from_mapping(settings_at(values, homes=homes, authorities=max(homes // 25, 1)), Scenario)
    found = {c.as_dict()["name"]: c.as_dict() for c in calibrate_world(scenario, range(1, seeds + 1)).compared}
    out = []
    for name in FITTED:
        low, high, mean = (found[name][k] for k in ("low", "high", "mean"))
        out.append((mean - (low + high) / 2) / ((high - low) / 2))
    distance = np.array(out)
    return distance + STEEPER * np.sign(distance) * np.maximum(np.abs(distance) - NEAR_EDGE, 0)


def toml_of(name: str, comment: str, settings: dict[str, Any]) -> str:
    """A preset's text."""
    lines = [f"# {line}" for line in comment.splitlines()] + [f'name = "{name}"']
    lines += [f"{k} = {v}" for k, v in settings.items() if not isinstance(v, dict)]
    for section, values in settings.items():
        if isinstance(values, dict):
            lines += ["", f"[{section}]", *(f"{k} = {v}" for k, v in values.items())]
    return "\n".join(lines) + "\n"


COMMENT = """{what}
Written by simulations/calibrate_england.py, which fits to the published figures:
{free}.
The other effects are design values, most of them assumptions and none of them findings."""


# what it is, homes, authorities
SECTORS = {
    "england": ("Children's homes in England, a year.", 3822, 152),
    "region": ("A region the size of the North West: a quarter of England's homes.", 955, 24),
}


def preset_text(name: str, values: np.ndarray) -> str:
    """The text of a preset at a point of the free parameters."""
    what, homes, authorities = SECTORS[name]
    free = "\n".join(textwrap.wrap(", ".join(FREE), 100))
    return toml_of(
        name, COMMENT.format(what=what, free=free), settings_at(values, homes=homes, authorities=authorities)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--homes", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--evaluations", type=int, default=60, help="at the most; each simulates --seeds worlds")
    parser.add_argument("--write", action="store_true", help="write the presets, too")
    asked = parser.parse_args()
    start, low, high = (np.array([f[i] for f in FREE.values()]) for i in (1, 2, 3))

    def distance(unit: np.ndarray) -> np.ndarray:
        return residuals(low + unit * (high - low), asked.homes, asked.seeds)

    # steps of 5 % of each range: smaller ones would follow single episodes
    found = least_squares(
        distance,
        (start - low) / (high - low),
        bounds=(0, 1),
        diff_step=0.05,
        max_nfev=max(asked.evaluations // (len(FREE) + 1), 1),
    )
    values = low + found.x * (high - low)
    fitted = {name: round(float(v), FREE[name][4]) for name, v in zip(FREE, values, strict=True)}
    worst = dict(zip(FITTED, np.round(found.fun, 3).tolist(), strict=True))
    body = {"fitted": fitted, "penalised_distance": worst, "cost": float(found.cost), "homes": asked.homes}
    recipe = f"python simulations/calibrate_england.py --homes {asked.homes} --seeds {asked.seeds}"
    body |= {"recipe": f"{recipe} --evaluations {asked.evaluations}", "seeds": asked.seeds, "versions": versions()}
    RESULTS.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(body, indent=1))
    if asked.write:
        for name in SECTORS:
            (PRESETS / f"{name}.toml").write_text(preset_text(name, values), encoding="utf-8")


if __name__ == "__main__":
    main()
