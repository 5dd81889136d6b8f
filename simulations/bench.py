"""Times each stage of the chain on simulated sectors: median seconds over repeats, in one run on one machine.

python simulations/bench.py [--homes 40 200] [--repeats 5] [--fast-only] [--growth 125 250 500 1000] [--pool 9000 90000]

The fast engine is timed as a whole fit, and without children's frailties and densities, which a power study spares
itself. With one BLAS thread (OPENBLAS_NUM_THREADS=1): its matrices are small.

Two tables come first, in CPU seconds: whole replicates of a power study (simulate, frame, one fit of M3, evidence rows)
of 40 homes and a year, with home and home-period effects and with home effects only; and how frame and fit grow with
homes.

With --pool it times the import of made-up national returns of five years instead, of so many children a year, each in
a process of its own so that its peak memory is its own, and prints the growth exponent: seconds ~ rows ** exponent.
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from missingmodels.fitting.fit import Fit, fit
from missingmodels.frame.design import Design, build_design
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.plan import Plan
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.studies.computing.replicate import designed, run_replicate, simulated
from missingmodels.studies.questions.grid import make_grid
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


def fast_fit(design: Design, plan: Plan, model: str, draws: int, children: bool) -> Fit:
    """One fit by the fast engine, whatever the gate says of it."""
    settings = plan.sampling.model_copy(update={"draws": draws // plan.sampling.chains})
    gate = plan.gate.model_copy(update={"ess_min": 1e-9})  # one attempt
    return fit(
        design,
        plan.model_copy(update={"sampling": settings, "gate": gate}),
        model=model,
        exposure=plan.exposure.primary,
        seed=1,
        method="laplace",
        allow_unconverged=True,
        with_children=children,
    )


def import_pool(folder: Path) -> None:
    """Import one pool, write it, and print rows, wall-clock and processor seconds of both, and peak memory in GiB."""
    from missingmodels.extract.returns.ssda903 import read_ssda903
    from missingmodels.runs.importing import write_import

    wall, cpu = time.perf_counter(), time.process_time()
    found = read_ssda903(folder, authority="made up", accept=("authority",))
    read = time.process_time() - cpu
    write_import(found.tables, found.ledger, folder.parent / f"{folder.name}-tables")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(len(found.ledger.frame), time.perf_counter() - wall, read, time.process_time() - cpu, peak)


def bench_pools(sizes: list[int]) -> None:
    """Time imports of several sizes, and say how the processor seconds grow with the rows."""
    from national_pool import write_pool

    rows, seconds = [], []
    print(f"{'children':>9} {'rows':>10} {'seconds':>8} {'read':>8} {'cpu s':>8} {'GiB':>6}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            write_pool(Path(scratch, "pool"), children=size)
            command = [sys.executable, __file__, "--one-pool", str(Path(scratch, "pool"))]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        count, wall, read, cpu, peak = map(float, done.stdout.split())
        print(f"{size:>9,} {count:>10,.0f} {wall:>8.1f} {read:>8.1f} {cpu:>8.1f} {peak:>6.2f}")
        rows.append(count)
        seconds.append(cpu)
    if len(sizes) > 1:
        slope = statistics.linear_regression([math.log(n) for n in rows], [math.log(s) for s in seconds]).slope
        print(f"growth exponent {slope:.2f}")


def bench_replicates(repeats: int, draws: Sequence[int]) -> None:
    """CPU seconds of whole replicates at 40 homes, and how many a second of one core that is."""
    print(
        f"{'replicate of 40 homes, M3':<28} {'proposals':>9}",
        *(f"{name:>7}" for name in ("world", "frame", "fit", "all")),
        f"{'per s':>6}",
    )
    for label, replaced in (("home and 28-day effects", {}), ("home effects only", {"sigma_period": {"fixed": 0.0}})):
        for count in draws:
            plan = Plan(
                models=("M0", "M3"),
                exposure={"beside": ()},
                priors={"replace": replaced},
                sampling={"draws": count, "method": "laplace"},
            )
            study = {"name": "bench", "question": "how fast", "seed": 1, "axes": {"homes.count": [40]}}
            grid = make_grid({**study, "scenario": {"use": "small"}, "plan": {"use": "default"}})
            grid = replace(grid, plan=plan, cells=(replace(grid.cells[0], plan=plan),))
            cell, parts = grid.cells[0], []
            run_replicate(grid, cell, 0)
            for index in range(1, 2 * repeats + 1):
                begin = time.process_time()
                world = simulated(grid, cell, cell.scenario, index)
                simulated_at = time.process_time()
                designed(grid, cell, world)
                framed_at = time.process_time()
                run_replicate(grid, cell, index)
                whole = time.process_time() - framed_at
                parts.append((simulated_at - begin, framed_at - simulated_at, whole))
            world_s, frame_s, all_s = (statistics.median(part) for part in zip(*parts, strict=True))
            fit_s, mean = all_s - world_s - frame_s, statistics.mean(part[2] for part in parts)
            times = " ".join(f"{value:>7.3f}" for value in (world_s, frame_s, fit_s, all_s))
            print(f"{label:<28} {4 * count:>9,} {times} {1 / mean:>6.1f}", flush=True)


def bench_growth(sizes: Sequence[int], repeats: int) -> None:
    """CPU seconds of frame and of one fast fit of M3 over a year, and the exponent of their growth with homes."""
    plan, fits = Plan(models=("M0", "M3"), exposure={"beside": ()}), [("M3", "peer_presence")]
    print(f"\n{'homes':>6} {'rows':>8} {'frame':>7} {'fit':>7}  note")
    seconds: dict[str, list[float]] = {"frame": [], "fit": []}
    for homes in sizes:
        world = simulate_world(Scenario(homes={"count": homes}), seed=1)
        taken: dict[str, list[float]] = {"frame": [], "fit": []}
        for _ in range(repeats):
            begin = time.process_time()
            design = prepare(world.tables, plan, fits=fits, checked=True).designs[fits[0]]
            taken["frame"].append(time.process_time() - begin)
            begin = time.process_time()
            fast = fast_fit(design, plan, "M3", 1000, children=False)
            taken["fit"].append(time.process_time() - begin)
        for name, held in taken.items():
            seconds[name].append(statistics.median(held))
        found = fast.diagnostics
        note = f"k {found.k_hat:.2f}, ESS {found.importance_ess:.0f} of {fast.certificate['proposals']}"
        print(f"{homes:>6} {design.onsets.size:>8,} {seconds['frame'][-1]:>7.2f} {seconds['fit'][-1]:>7.2f}  {note}")
        sys.stdout.flush()
    for name, held in seconds.items():
        if len(held) > 1:
            slope = statistics.linear_regression([math.log(n) for n in sizes], [math.log(s) for s in held]).slope
            print(f"growth exponent of {name} {slope:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, nargs="*", default=[40, 200])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--fast-only", action="store_true", help="leave out NUTS")
    parser.add_argument("--fast-draws", type=int, default=1000)
    parser.add_argument("--growth", type=int, nargs="*", default=[125, 250, 500, 1000])
    parser.add_argument("--replicate-draws", type=int, nargs="*", default=[250, 500], help="of each of four chains")
    parser.add_argument("--pool", type=int, nargs="+", default=[])
    parser.add_argument("--one-pool", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one_pool:
        import_pool(options.one_pool)
        return
    if options.pool:
        bench_pools(options.pool)
        return
    bench_replicates(options.repeats, options.replicate_draws)
    bench_growth(options.growth, min(options.repeats, 3))
    plan = Plan(models=("M0", "M3"), exposure={"beside": ()})
    print(f"\n{'homes':>6} {'stage':<22} {'seconds':>9}  note")
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
        for model in ("M1", "M3"):
            of_model = build_design(rows, model_terms(plan, model))
            for children in (False, True):
                seconds, fast = median_seconds(
                    lambda d=of_model, m=model, c=children: fast_fit(d, plan, m, options.fast_draws, c), options.repeats
                )
                held = fast.certificate
                note = f"{held['grid_points']} points, k {fast.diagnostics.k_hat:.2f}, "
                note += f"ESS {fast.diagnostics.importance_ess:.0f} of {held['proposals']}"
                show(f"fast {model}{'' if children else ', no children'}", seconds, note)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        show("peak memory so far", 0.0, f"{peak:.2f} GiB")
        if options.fast_only:
            continue
        found = fit(design, plan, model="M3", exposure=plan.exposure.primary, seed=1, allow_unconverged=True)
        took = found.certificate
        ess, sampling = found.diagnostics.ess_bulk_min, found.certificate["sample_seconds"]
        show("compile M3 (once)", took["compile_seconds"])
        show("sample M3 (once)", sampling, f"least bulk ESS {ess:.0f}, {ess / sampling:.0f} a second")


if __name__ == "__main__":
    main()
