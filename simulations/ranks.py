"""Ranks of true values among posterior draws: what every simulation-based calibration here shares.

Talts, Betancourt, Simpson, Vehtari and Gelman (2018, arXiv:1804.06788): with truths drawn from the prior that the fit
assumes, ranks are uniform. Ranks are added to a file after every fit; the same command goes on from those on file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chisquare, kstest

from missingmodels.studies.answers.measures import share_error

RANKED = 99  # thinned draws that a truth is ranked among
BINS = 20
Line = dict[str, Any]


def ranked(draws: np.ndarray, truth: float) -> Line:
    """Rank of a truth among thinned draws (S,), and whether central intervals of 50 and 90 % cover it."""
    at = np.linspace(0, draws.size - 1, RANKED).astype(int)
    low90, low50, high50, high90 = np.quantile(draws, [0.05, 0.25, 0.75, 0.95])
    return {
        "truth": truth,
        "rank": int((draws[at] < truth).sum()),
        "in_50": bool(low50 <= truth <= high50),
        "in_90": bool(low90 <= truth <= high90),
    }


def run(store: Path, replicate: Callable[[str, int], list[Line]], names: list[str], replicates: int) -> pd.DataFrame:
    """All ranks of these models, those on file and the new ones."""
    store.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = store / f"{name}.csv"
        done = set(pd.read_csv(path)["replicate"]) if path.exists() else set()
        for number in (n for n in range(replicates) if n not in done):
            pd.DataFrame(replicate(name, number)).to_csv(path, mode="a", header=not path.exists(), index=False)
    return pd.concat([pd.read_csv(store / f"{name}.csv") for name in names], ignore_index=True)


def summary(ranks: pd.DataFrame) -> pd.DataFrame:
    """One line a model and parameter: uniformity of ranks, coverage with its Monte Carlo error, fits refused.

    Fits that the gate refuses are left out of ranks and coverage: it looks at draws alone, so what is left is uniform.
    """
    lines = []
    for (model, parameter), held in ranks.groupby(["model", "parameter"], sort=False):
        kept = held[held["passed"]]
        count = len(kept)
        if not count:
            continue
        test = chisquare(np.bincount(kept["rank"].to_numpy(np.int64) * BINS // (RANKED + 1), minlength=BINS))
        # ranks are whole, so each is put in the middle of its step
        ecdf = kstest((kept["rank"] + 0.5) / (RANKED + 1), "uniform")
        line: Line = {"model": model, "parameter": parameter, "replicates": count}
        line |= {"chi_square": test.statistic, "df": BINS - 1, "p_chi_square": test.pvalue}
        line |= {"ecdf_distance": ecdf.statistic, "p_ecdf": ecdf.pvalue}
        for share in (50, 90):
            hits = int(kept[f"in_{share}"].astype(bool).sum())
            line |= {f"coverage_{share}": hits / count, f"coverage_{share}_error": share_error(hits, count)}
        line |= {"share_refused": 1 - count / len(held), "cpu_seconds_per_fit": held["cpu_seconds"].mean()}
        lines.append(line)
    return pd.DataFrame(lines)


def verdict(table: pd.DataFrame, level: float = 0.05) -> Mapping[str, Any]:
    """The smallest p-values beside what their number makes likely, and the coverages furthest off in errors."""
    tests = 2 * len(table)
    off = {s: ((table[f"coverage_{s}"] - s / 100) / table[f"coverage_{s}_error"]).abs().max() for s in (50, 90)}
    return {
        "tests": tests,
        "smallest_p": float(table[["p_chi_square", "p_ecdf"]].min().min()),
        "limit_for_all": level / tests,
        "furthest_coverage_50_in_errors": float(off[50]),
        "furthest_coverage_90_in_errors": float(off[90]),
    }
