"""Times each stage of the chain on simulated sectors: median seconds over repeats, in one run on one machine.

python simulations/bench.py [--homes 40 200] [--repeats 5]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

from missingmodels.fit.fit import fit
from missingmodels.frame.design import build_design
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.plan import Plan
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.tables import check_tables


def median_seconds[T](work: Callable[[], T], repeats: int) -> tuple[float, T]:
    """Median seconds of a call and its last result; one call to warm up is not counted."""
    result = work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, nargs="+", default=[40, 200])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    plan = Plan(models=("M0", "M3"), exposure={"beside": ()})
    print(f"{'homes':>6} {'stage':<22} {'seconds':>9}  note")
    for count in options.homes:
        scenario = Scenario(homes={"count": count})

        def show(stage: str, seconds: float, note: str = "", homes: int = count) -> None:
            print(f"{homes:>6} {stage:<22} {seconds:>9.3f}  {note}")
            sys.stdout.flush()

        seconds, world = median_seconds(lambda s=scenario: simulate_world(s, seed=1), options.repeats)
        show("simulate a year", seconds, f"{len(world.exposure_log):,} resident-days")
        seconds, _ = median_seconds(lambda w=world: check_tables(w.tables), options.repeats)
        show("check tables", seconds)
        seconds, risk = median_seconds(lambda w=world: build_risk_set(w.tables, plan.frame), options.repeats)
        show("risk set", seconds)
        seconds, rows = median_seconds(lambda w=world, r=risk: build_rows(w.tables, r, plan), options.repeats)
        show("rows of M3", seconds, f"{len(rows.frame):,} rows")
        seconds, design = median_seconds(lambda r=rows: build_design(r, model_terms(plan, "M3")), options.repeats)
        show("design of M3", seconds)
        found = fit(design, plan, model="M3", exposure=plan.exposure.primary, seed=1, allow_unconverged=True)
        took = found.certificate
        ess, sampling = found.diagnostics.ess_bulk_min, found.certificate["sample_seconds"]
        show("compile M3 (once)", took["compile_seconds"])
        show("sample M3 (once)", sampling, f"least bulk ESS {ess:.0f}, {ess / sampling:.0f} a second")


if __name__ == "__main__":
    main()
