"""Within-home effects where a home's staffing answers to episodes: means over the whole window against its past.

A panel of homes and 28-day periods, apart from the simulator: log staff ratio x = home's own level + a period's
deviation - strain × onsets two periods before (hours answer in the next period, and act in the one after); onsets are
Poisson with log rate level + home effect + effect × x. The two columns are what `terms.structure_means` makes of x. The
effects are estimated by Poisson likelihood, once with home effects known and once with them at their conditional modes
under the true spread, one column within homes and one between.

    python simulations/past_means.py --worlds 60
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import RESULTS

from missingmodels.frame.columns.structure import split_between_within, split_from_past
from missingmodels.provenance import stream, versions

HOMES, PERIODS = 40, 14
ONSETS_A_PERIOD, HOME_SD, LEVEL_SD, PERIOD_SD = 0.75, 0.3, 0.25, 0.2
STRAINS, EFFECTS = (0.0, 0.05, 0.1), (0.0, -0.2)
STEPS = 12
HOME, PERIOD = np.divmod(np.arange(HOMES * PERIODS), PERIODS)
NONE = np.zeros(HOME.size, dtype=bool)


def panel(strain: float, effect: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(H, T) onsets and log staff ratio, and (H,) home effects."""
    home = HOME_SD * rng.standard_normal(HOMES)
    ratio = LEVEL_SD * rng.standard_normal((HOMES, 1)) + PERIOD_SD * rng.standard_normal((HOMES, PERIODS))
    onsets = np.zeros((HOMES, PERIODS))
    for t in range(PERIODS):
        if t > 1:
            ratio[:, t] -= strain * onsets[:, t - 2]
        onsets[:, t] = rng.poisson(ONSETS_A_PERIOD * np.exp(home + effect * ratio[:, t]))
    return onsets, ratio, home


def columns(ratio: np.ndarray, means: str) -> np.ndarray:
    """(N, 2) between and within, of home-periods that weigh alike."""
    if means == "past":
        return np.column_stack(split_from_past(ratio.ravel(), HOME * PERIODS + PERIOD, ratio.shape, undefined=NONE))
    return np.column_stack(split_between_within(ratio.ravel(), HOME, HOMES, undefined=NONE))


def estimated(onsets: np.ndarray, matrix: np.ndarray, home: np.ndarray, *, known: bool) -> np.ndarray:
    """(2,) effects by Newton's method, without the first period, in which neither mean has a past."""
    used = PERIOD > 0
    y, of = onsets.ravel()[used], HOME[used]
    design = np.column_stack([np.ones(y.size), matrix[used]])
    offset = np.log(ONSETS_A_PERIOD) + (home[of] if known else 0.0)
    penalty = np.zeros(design.shape[1])
    if not known:
        design = np.column_stack([design, np.eye(HOMES)[of]])
        penalty = np.append(penalty, np.full(HOMES, HOME_SD**-2))
    found = np.zeros(design.shape[1])
    for _ in range(STEPS):
        mean = np.exp(offset + design @ found)
        curvature = (design * mean[:, None]).T @ design + np.diag(penalty)
        found = found + np.linalg.solve(curvature, design.T @ (y - mean) - penalty * found)
    return found[1:3]


def rows_of(strain: float, effect: float, worlds: int) -> list[dict[str, object]]:
    """A row a kind of mean, column and way of estimating."""
    errors: dict[tuple[str, str], list[np.ndarray]] = {}
    for seed in range(worlds):
        onsets, ratio, home = panel(strain, effect, stream(seed, "past_means", strain, effect))
        for means in ("window", "past"):
            matrix = columns(ratio, means)
            for way in ("known", "modes"):
                found = estimated(onsets, matrix, home, known=way == "known")
                errors.setdefault((means, way), []).append(found - effect)
    rows = []
    for (means, way), values in errors.items():
        error = np.array(values)
        for at, part in enumerate(("between", "within")):
            row = {"strain": strain, "effect": effect, "means": means, "home_effects": way, "column": part}
            row |= {"worlds": worlds, "bias": error[:, at].mean()}
            row |= {"bias_error": error[:, at].std(ddof=1) / np.sqrt(worlds), "scatter": error[:, at].std(ddof=1)}
            rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=60, help="panels of each kind")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    rows = [row for strain in STRAINS for effect in EFFECTS for row in rows_of(strain, effect, options.worlds)]
    options.output.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).round(4).to_csv(options.output / "past_means.csv", index=False)
    about = {"recipe": f"python simulations/past_means.py --worlds {options.worlds}", "homes": HOMES}
    about |= {"periods": PERIODS, "versions": versions()}
    (options.output / "past_means.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
