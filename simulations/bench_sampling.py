"""Times the sampler and the fast engine on panels of onsets, beside other software's figures on the same files.

python simulations/bench_sampling.py PANEL.csv ... [--peers FOLDER] [-o results/bench_sampling.csv] [--draws 1000]

A panel has columns home, child, y, perhaps n (days with the same covariates), and the seven covariates below. The model
is onset with gamma frailty and home effects, the covariates centred, weak priors; peers fit a binomial with normal
effects of homes and children, so their standard deviation of children is another number than our frailty's shape, and
coefficients agree but for that. What is compared is min ESS, bulk, over intercept, coefficients and the two scales, by
processor second of the sampling itself, warm-up included and compilation not.

``--peers`` names a folder of JSON files, one for each run of other software, with ``data``, ``peer``, ``fit_cpu_s``,
``min_ess_bulk`` and ``compile_s``. The gradient's cost is shown beside the time to read its rows once from memory.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import pandas as pd

from missingmodels.fitting.drawn import labelled
from missingmodels.fitting.laplace.engine import draw as draw_fast
from missingmodels.fitting.nuts.coordinates import Posterior
from missingmodels.fitting.nuts.engine import draw as draw_sampled
from missingmodels.frame.design import Design
from missingmodels.models.priors.law import PriorSet
from missingmodels.models.priors.of_plan import prior_set
from missingmodels.plan import Effects, Plan
from missingmodels.provenance import versions

COVARIATES = ("peer_recent", "own_recent", "age_z", "vuln", "staff_z", "turnover", "mix")
SCALARS = ("intercept", "coefficients", "sigma_home", "frailty_shape")
COLUMNS = ("data", "rows", "software", "compile_s", "cpu_s", "draws", "min_ess", "min_ess_of", "ess_per_cpu_s", "note")


def read_panel(path: Path) -> Design:
    """The design of a panel: one period, columns centred at their mean over days."""
    table = pd.read_csv(path).sort_values("child", kind="stable")
    days = table["n"].to_numpy(float) if "n" in table else np.ones(len(table))
    onsets, matrix = table["y"].to_numpy(), table[list(COVARIATES)].to_numpy(float)
    child, children = pd.factorize(table["child"])
    home, homes = pd.factorize(table["home"])
    none = np.zeros(len(table), dtype=np.int64)
    return Design(
        formula=" + ".join(COVARIATES),
        names=COVARIATES,
        matrix=matrix,
        centre=np.average(matrix, axis=0, weights=days),
        scale=np.ones(len(COVARIATES)),
        child=child,
        home=home,
        period=none,
        onsets=onsets,
        days=days - onsets / 2,
        days_at_risk=days,
        burn_in=none.astype(bool),
        before_window=none.astype(bool),
        child_ids=tuple(map(str, children)),
        home_ids=tuple(map(str, homes)),
        periods=1,
        notes=(),
    )


def once(plan: Plan, **changes: Any) -> Plan:
    """The plan without a second try, whatever the gate says."""
    return plan.model_copy(update={"sampling": plan.sampling.model_copy(update={"doublings": 0, **changes})})


def by_sampler(design: Design, priors: PriorSet, plan: Plan) -> dict[str, Any]:
    """One run of NUTS in whitened coordinates."""
    begin = time.process_time()
    drawn = draw_sampled(design, priors, once(plan), label="panel", seed=1)
    seconds = time.process_time() - begin
    draws = labelled(drawn.values, drawn.chains, drawn.dims, drawn.labels)
    lowest = {name: float(np.min(az.ess(draws[[name]])[name])) for name in SCALARS}
    worst = min(lowest, key=lowest.__getitem__)
    stats = drawn.sample_stats
    return {
        "software": "missingmodels nuts",
        "compile_s": drawn.record["compile_seconds"],
        "cpu_s": round(seconds, 2),
        "draws": plan.sampling.chains * plan.sampling.draws,
        "min_ess": round(lowest[worst]),
        "min_ess_of": worst,
        "note": f"{float(stats['n_steps'].mean()):.1f} leapfrogs, {int(stats['diverging'].sum())} divergent",
    }


def by_fast_engine(design: Design, priors: PriorSet, plan: Plan) -> dict[str, Any]:
    """One run of nested Laplace with importance weights; its effective draws are those of the weights."""
    begin = time.process_time()
    drawn = draw_fast(design, priors, plan, label="panel", seed=1)
    seconds = time.process_time() - begin
    return {
        "software": "missingmodels laplace",
        "compile_s": 0.0,
        "cpu_s": round(seconds, 3),
        "draws": plan.sampling.chains * plan.sampling.draws,
        "min_ess": round(drawn.diagnostics.importance_ess or 0),
        "min_ess_of": "weights",
        "note": f"Pareto k {drawn.diagnostics.k_hat:.2f}",
    }


def gradient(design: Design, priors: PriorSet) -> str:
    """Milliseconds of one gradient, and of one reading of the rows from memory (medians)."""
    posterior = Posterior(design, priors)
    work, x = posterior.workplace(), posterior.start(0)
    arrays = [posterior.columns.row, posterior.rows.log_days, *posterior.columns[1:3]]
    size = sum(a.nbytes for a in arrays)

    def median(call: Any) -> float:
        call()
        seconds = []
        for _ in range(25):
            begin = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - begin)
        return 1e3 * float(np.median(seconds))

    found = median(lambda: posterior.log_density(x, work))
    read = median(lambda: [a.sum() for a in arrays])
    exp = median(lambda: np.exp(posterior.rows.log_days))
    return (
        f"gradient {found:.3f} ms; reading its {size / 2**20:.1f} MiB once {read:.3f} ms; exp of the rows {exp:.3f} ms"
    )


def of_peers(folder: Path) -> Iterator[dict[str, Any]]:
    """Rows of other software's runs."""
    for path in sorted(folder.glob("*.json")):
        run = json.loads(path.read_text(encoding="utf-8"))
        if not run.get("min_ess_bulk"):
            continue
        yield {
            "data": Path(run["data"]).stem,
            "rows": run["rows"],
            "software": run["peer"],
            "compile_s": round(run["compile_s"], 1),
            "cpu_s": round(run["fit_cpu_s"], 1),
            "draws": run["chains"] * run["draws"],
            "min_ess": round(run["min_ess_bulk"]),
            "min_ess_of": run["min_ess_of"],
            "note": f"{run.get('mean_leapfrog') or float('nan'):.1f} leapfrogs",
        }


def estimates(path: Path, plan: Plan, peers: Path | None) -> pd.DataFrame:
    """Means and sds of the fast engine under two laws of frailty, beside other software's estimates of the same panel.

    The log-normal frailty has mean 1, the peers' normal effect mean 0, so ``Intercept`` is lowered by s²/2.
    """
    design, rows = read_panel(path), []
    for law in ("log_normal", "gamma"):
        asked = plan.model_copy(update={"effects": Effects(frailty=law)})
        found = draw_fast(design, prior_set(plan.priors), asked, label="panel", seed=1, law=law).values
        intercept, raw = design.to_raw(found["intercept"], found["coefficients"])
        s = found.get("frailty_sd_log", np.zeros(1))
        held = {"Intercept": intercept - s**2 / 2, **dict(zip(design.names, raw.T, strict=True))}
        held |= {"sd_home": found["sigma_home"]} | ({"sd_child": s} if law == "log_normal" else {})
        rows += [(f"missingmodels laplace, {law}", name, v.mean(), v.std()) for name, v in held.items()]
    for run in (json.loads(p.read_text(encoding="utf-8")) for p in (sorted(peers.glob("*.json")) if peers else [])):
        if Path(run.get("data", "")).stem == path.stem:
            for name, one in run["est"].items():
                rows.append((run["peer"], name, one.get("mean", one.get("est")), one.get("sd", one.get("se"))))
    table = pd.DataFrame(rows, columns=["software", "parameter", "estimate", "sd"])
    return table.assign(data=path.stem).sort_values(["parameter", "software"]).round(4)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("panels", type=Path, nargs="+")
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--estimates", action="store_true", help="set estimates beside those of the peers instead")
    parser.add_argument("--fast-only", action="store_true", help="no sampler, and one line for all panels together")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    if given.output:
        given.output.parent.mkdir(parents=True, exist_ok=True)
    sampling = {"draws": given.draws, "tune": given.draws, "chains": given.chains}
    plan = Plan.model_validate({"sampling": sampling, "priors": {"replace": {"sigma_period": {"fixed": 0.0}}}})
    priors, rows = prior_set(plan.priors), []
    if given.estimates:
        table = pd.concat([estimates(path, plan, given.peers) for path in given.panels])
        print(table.to_string(index=False))
        if given.output:
            table.to_csv(given.output, index=False)
        return
    if given.fast_only:
        found = pd.DataFrame(
            [by_fast_engine(read_panel(path), priors, plan) for path in (given.panels[0], *given.panels)]
        )
        held = found.iloc[1:]  # the first compiles
        print(
            f"{len(held)} panels: median {held.cpu_s.median():.3f} CPU s, median of min ESS {held.min_ess.median():.0f}"
        )
        return
    for path in given.panels:
        design = read_panel(path)
        draw_sampled(design, priors, once(plan, draws=50, tune=50), label="warm-up", seed=0)
        print(path.stem, gradient(design, priors))
        for run in (by_sampler, by_fast_engine):
            rows.append({"data": path.stem, "rows": design.onsets.size, **run(design, priors, plan)})
    rows += list(of_peers(given.peers)) if given.peers else []
    table = pd.DataFrame(rows)
    table["ess_per_cpu_s"] = (table["min_ess"] / table["cpu_s"]).round(2)
    table = table[list(COLUMNS)].sort_values(["data", "ess_per_cpu_s"], ascending=[True, False])
    print(table.to_string(index=False))
    if given.output:
        table.to_csv(given.output, index=False)
        given.output.with_suffix(".json").write_text(json.dumps({"versions": versions()}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
