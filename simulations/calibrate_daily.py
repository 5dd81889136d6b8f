"""Simulation-based calibration of the daily models: where does the truth rank among posterior draws?

Ten homes of four children, 140 days. A truth is drawn from the priors that the fit assumes, its onsets are drawn day by
day by the plain loop below (no code of the package), written as tables and fitted through the frame. The kinds are
``kernel``, ``ornstein_uhlenbeck`` beside a kernel with its time scale estimated, and ``hawkes``. Own history and
exposures in windows are left out, for their standardisation would depend on the outcome. Worlds in which a child has
onsets on more than a fifth of the days are left out: by the data alone, so ranks stay uniform. None is left out by its
fit; how many did not pass the gate is told. Talts et al. (2018), arXiv:1804.06788. A stopped run goes on.

    python simulations/calibrate_daily.py --replicates 200 --output simulations/results
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from scipy.stats import chi2

from missingmodels.errors import CannotAnswer
from missingmodels.fitting.families.daily import fit_daily
from missingmodels.frame.daily import GRID_DAYS, KINDS, MEMORY_DAYS
from missingmodels.models.priors.daily import DailyPriors, daily_priors
from missingmodels.models.priors.law import Prior
from missingmodels.plan import Plan
from missingmodels.provenance import seed_of, stream, versions
from missingmodels.tables import Tables, make_tables

HOMES, CHILDREN, DAYS, PERIOD = 10, 4, 140, 28
KERNEL_DAYS, UNSEEN_DAYS = 4.0, 12  # a kernel's history is unseen for three times the plan's time scale
MOST_DAYS = 0.2  # a child with onsets on more days has rates at which the half-day rule is no longer exact
DRAWS, KEPT = 500, 100
SAMPLING = {"draws": DRAWS, "tune": 400, "chains": 2, "target_accept": 0.9, "doublings": 0}
GATE = {"ess_min": 100, "rhat_max": 1.03, "rhat_effects_max": 1.05}
# Narrow enough that rates stay below one a day and influence dies out; wide enough to move every parameter.
PRIORS = {
    "intercept": {"mean": -4.5, "sd": 0.3},
    "male": {"mean": 0.0, "sd": 0.4},
    "kernel_unseen": {"mean": 0.0, "sd": 0.5},
    "sigma_home": {"mean": 0.0, "sd": 0.3},
    "peer_kernel": {"mean": 0.1, "sd": 0.15},
    "kernel_days": {"median": KERNEL_DAYS, "sd_log": 0.4},
    "sigma_period": {"mean": 0.0, "sd": 0.4},
    "sigma_process": {"mean": 0.0, "sd": 0.35},
    "process_days": {"median": 30, "sd_log": 0.7},
    "frailty_shape": {"median": 1.2, "sd_log": 0.3},
    "frailty_sd_log": {"median": 0.9, "sd_log": 0.2},
    "own_branching": {"mean": 0.0, "sd": 0.2},
    "peer_branching": {"mean": 0.0, "sd": 0.2},
}
SHARED = ("intercept", "male", "kernel_unseen", "sigma_home", "kernel_days")
OF_KIND = {
    "kernel": ("peer_kernel", "sigma_period", "frailty_shape"),
    "ornstein_uhlenbeck": ("peer_kernel", "sigma_process", "process_days", "frailty_shape"),
    "hawkes": ("own_branching", "peer_branching", "sigma_period", "frailty_sd_log"),
}
EFFECTS = ("home[0]", "home_period[0, -1]")
FIELDS = ("kind", "replicate", "onsets", "passed", "divergences", "cpu_seconds", "compile_seconds")
PARAMETERS = tuple(dict.fromkeys([*SHARED, *(name for names in OF_KIND.values() for name in names), *EFFECTS]))


def plan_of(kind: str) -> Plan:
    """The plan of one kind, with the priors that truths are drawn from."""
    held = {name: PRIORS[name] for name in (*SHARED, *OF_KIND[kind])}
    primary = "peer_kernel" if kind == "ornstein_uhlenbeck" else "peer_presence"
    return Plan(
        models=("M0", "M1"),
        exposure={"primary": primary, "beside": (), "kernel_days": KERNEL_DAYS},
        terms={"vulnerability": "male", "history": "", "structure": ()},
        frame={"period_days": PERIOD},
        priors={"replace": held},
        sampling=SAMPLING,
        gate=GATE,
    )


def drawn(prior: Prior, rng: np.random.Generator) -> float:
    """One draw from a prior."""
    if prior.law == "half_normal":
        return abs(rng.normal(0, prior.sd))
    value = rng.normal(prior.mean, prior.sd)
    return math.exp(value) if prior.law == "log_normal" else value


def truth_of(kind: str, priors: DailyPriors, rng: np.random.Generator) -> dict[str, float]:
    """Parameters of one world; the prior of the intercept speaks of the row at the columns' means."""
    truth = {}
    for name in (*SHARED, *OF_KIND[kind]):
        column = name in ("male", "kernel_unseen")
        truth[name] = drawn(priors.base.coefficients[name] if column else priors[name], rng)
    truth["intercept"] -= truth["male"] * 0.5 + truth["kernel_unseen"] * UNSEEN_DAYS / DAYS
    return truth


def world_of(
    kind: str, truth: dict[str, float], rng: np.random.Generator, *, homes: int = HOMES, days: int = DAYS
) -> tuple[np.ndarray, dict[str, float]]:
    """(children, days) onsets, and the effects whose ranks are taken. ``days`` is whole periods."""
    home_of = np.repeat(np.arange(homes), CHILDREN)
    male = np.tile([0.0, 1.0], home_of.size // 2)
    v = truth["sigma_home"] * rng.standard_normal(homes)
    if kind == "ornstein_uhlenbeck":
        keep, cells = math.exp(-GRID_DAYS / truth["process_days"]), np.empty((homes, days // GRID_DAYS))
        cells[:, 0] = rng.standard_normal(homes)
        for t in range(1, cells.shape[1]):
            cells[:, t] = keep * cells[:, t - 1] + math.sqrt(1 - keep**2) * rng.standard_normal(homes)
        cells, length = truth["sigma_process"] * cells, GRID_DAYS
    else:
        cells, length = truth["sigma_period"] * rng.standard_normal((homes, days // PERIOD)), PERIOD
    if kind == "hawkes":
        s = truth["frailty_sd_log"]
        u = np.exp(s * rng.standard_normal(home_of.size) - s**2 / 2)
    else:
        u = rng.gamma(truth["frailty_shape"], 1 / truth["frailty_shape"], home_of.size)
    fading = np.exp(-np.arange(1, MEMORY_DAYS + 1) / truth["kernel_days"])
    share = fading / fading.sum()
    onset = np.zeros((home_of.size, days))
    for day in range(days):
        eta = truth["intercept"] + truth["male"] * male + v[home_of] + cells[home_of, day // length]
        eta = eta + truth["kernel_unseen"] * (day < UNSEEN_DAYS)
        behind = onset[:, max(day - MEMORY_DAYS, 0) : day][:, ::-1]
        weights = share if kind == "hawkes" else fading
        own = behind @ weights[: behind.shape[1]]
        others = np.bincount(home_of, own, homes)[home_of] - own
        if kind == "hawkes":
            rate = u * np.exp(eta) + truth["own_branching"] * own
            rate = rate + truth["peer_branching"] * others / (CHILDREN - 1)
        else:
            rate = u * np.exp(eta + truth["peer_kernel"] * others)
        onset[:, day] = rng.random(home_of.size) < -np.expm1(-rate)
    return onset, {"home[0]": float(v[0]), "home_period[0, -1]": float(cells[0, -1])}


def tables_of(onset: np.ndarray) -> Tables:
    """The world as tables: everybody stays throughout, and is back on the day of each onset."""
    first = pd.Timestamp("2023-01-01")
    ids = [f"c{i:03d}" for i in range(len(onset))]
    homes = [f"h{i:03d}" for i in range(len(onset) // CHILDREN)]
    child, day = np.nonzero(onset)
    start = [first + pd.Timedelta(days=int(d)) for d in day]
    children = pd.DataFrame({"child_id": ids, "sex": ["F", "M"] * (len(ids) // 2)})
    children = children.assign(authority="301", birth_date="2008-03-01", birth_date_precision="day")
    stays = pd.DataFrame({"child_id": ids, "home_id": np.repeat(homes, CHILDREN)})
    stays = stays.assign(start_date=first, end_date=None, placement_type="K2", start_is_truncated=False)
    episodes = pd.DataFrame({"child_id": [ids[i] for i in child], "start_date": start, "end_date": start})
    frames = {
        "children": children.assign(recorded_from=first),
        "placements": stays,
        "missing_episodes": episodes.assign(sequence=0, category="M", end_is_censored=False),
        "homes": pd.DataFrame({"home_id": homes, "valid_from": first, "places": CHILDREN}).assign(
            valid_to=None, sector="private", weak_key=False
        ),
    }
    return make_tables(
        frames,
        observed_from=first,
        observed_to=first + pd.Timedelta(days=onset.shape[1]),
        all_residents=True,
        origin={},
    )


def ranks_of(kind: str, replicate: int) -> dict[str, object]:
    """One row: the rank, in 0 … KEPT, of each true value among thinned draws."""
    plan, rng = plan_of(kind), stream(replicate, "calibrate_daily", kind)
    priors = daily_priors(plan)
    for attempt in range(100):  # a world without a contrast has no posterior to rank in; the next one stands for it
        truth = truth_of(kind, priors, rng)
        onset, effects = world_of(kind, truth, rng)
        if onset.mean(axis=1).max() > MOST_DAYS:
            continue
        begin = time.process_time()
        try:
            found = fit_daily(
                tables_of(onset),
                plan,
                kind=kind,
                seed=seed_of(replicate, "calibrate_daily", kind, attempt),
                allow_unconverged=True,
                with_children=False,
            )
            break
        except CannotAnswer:
            continue
    else:
        raise RuntimeError(f"no world of {kind} in 100 draws could be fitted")
    row = {"kind": kind, "replicate": replicate, "onsets": int(onset.sum()), "passed": found.diagnostics.passed}
    row |= {"divergences": found.diagnostics.divergences, "cpu_seconds": round(time.process_time() - begin, 2)}
    row["compile_seconds"] = found.certificate["compile_seconds"]
    names = list(found.design.names)
    draws = {
        str(name): values.to_numpy().reshape(-1, *values.shape[2:])  # chain after chain
        for name, values in found.draws.data_vars.items()
    }
    draws |= {name: draws["coefficients"][:, names.index(name)] for name in names}
    draws |= {"home[0]": draws["home"][:, 0], "home_period[0, -1]": draws["home_period"][:, 0, -1]}
    thin = slice(None, None, 2 * DRAWS // KEPT)
    for name, value in (truth | effects).items():
        row[name] = int((draws[name][thin] < value).sum())
    return row


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Uniformity of ranks (chi-squared, 10 bins) and coverage of 50 % and 90 % intervals by kind and parameter."""
    out = []
    for kind, part in rows.groupby("kind", sort=False):
        for name in (n for n in PARAMETERS if part[n].notna().any()):
            place = (part[name].to_numpy() + 0.5) / (KEPT + 1)
            n, count = place.size, np.histogram(place, np.linspace(0, 1, 11))[0]
            statistic = float(((count - n / 10) ** 2 / (n / 10)).sum())
            line = {"kind": kind, "parameter": name, "worlds": n, "mean_rank": place.mean()}
            line |= {"mean_rank_mc": 1 / math.sqrt(12 * n), "chi_squared_9": statistic}
            line["p_uniform"] = float(chi2.sf(statistic, 9))
            for mass in (0.5, 0.9):
                share = float((np.abs(place - 0.5) < mass / 2).mean())
                line[f"coverage_{mass:.0%}"] = share
                line[f"coverage_{mass:.0%}_mc"] = math.sqrt(mass * (1 - mass) / n)
            line |= {"gate_passed": float(part["passed"].mean()), "divergences": int(part["divergences"].sum())}
            out.append(line | {"cpu_seconds": part["cpu_seconds"].median()})
    return pd.DataFrame(out).round(4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=200, help="of each kind")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--output", type=Path, default=Path("simulations/results"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "sbc_daily_rows.csv"
    done = {(r.kind, r.replicate) for r in pd.read_csv(path).itertuples()} if path.exists() else set()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*FIELDS, *PARAMETERS], lineterminator="\n")
        if not done:
            writer.writeheader()
        for replicate in range(options.replicates):
            for kind in options.kinds:
                if (kind, replicate) not in done:
                    writer.writerow(ranks_of(kind, replicate))
                    file.flush()
    summarise(pd.read_csv(path)).to_csv(options.output / "sbc_daily.csv", index=False)
    about = {"recipe": f"python simulations/calibrate_daily.py --replicates {options.replicates}", "priors": PRIORS}
    about |= {"sampling": SAMPLING, "gate": GATE, "draws_ranked": KEPT, "versions": versions()}
    (options.output / "sbc_daily.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
