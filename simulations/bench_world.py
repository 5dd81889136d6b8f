"""Times the simulator: small worlds as arrays, the national preset as arrays and as tables, and growth with size.

python simulations/bench_world.py [--repeats 5] [--years 5] [--json FILE]

Every figure is the median of repeats in one run, in seconds of wall time and of a core's CPU time; peaks of memory are
those of a process of its own. The exponent of growth is the slope of log CPU time on log resident-days.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from missingmodels.presets import load_scenario
from missingmodels.provenance import versions
from missingmodels.scenario import Scenario
from missingmodels.simulate.days.intensity import LOGGED
from missingmodels.simulate.run import run_sector
from missingmodels.simulate.world import simulate_world

HOMES = (40, 160, 640, 2560)


def timed(work, repeats: int) -> tuple[float, float, object]:
    """Median wall and CPU seconds of a call, and its last result; a call to warm up is not counted."""
    result, wall, cpu = work(), [], []
    for _ in range(repeats):
        start, spent = time.perf_counter(), time.process_time()
        result = work()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - spent)
    return statistics.median(wall), statistics.median(cpu), result


def national(days: int, tables: bool) -> dict[str, float]:
    """The national preset once, in this process, after a small world has compiled the loops."""
    scenario = load_scenario("england").model_copy(update={"days": days})
    small = scenario.model_copy(update={"homes": scenario.homes.model_copy(update={"count": 160}), "days": 60})
    run_sector(small, 1)
    wall, cpu = time.perf_counter(), time.process_time()
    if tables:
        rows = len(simulate_world(scenario, seed=1, log_exposures=False).tables["placements"])
    else:
        rows = run_sector(scenario, 1).resident_days
    return {
        "wall_seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "rows": rows,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--national", nargs=2, type=int, metavar=("DAYS", "TABLES"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.national:
        print(json.dumps(national(asked.national[0], bool(asked.national[1]))))
        return
    found: dict[str, object] = {"versions": versions()}
    sizes, seconds = [], []
    for count in HOMES:
        scenario = Scenario(homes={"count": count})
        wall, cpu, run = timed(lambda s=scenario: run_sector(s, 1), asked.repeats)
        sizes.append(run.resident_days)
        seconds.append(cpu)
        found[f"{count} homes, a year, arrays"] = {"wall_seconds": wall, "cpu_seconds": cpu, "resident_days": sizes[-1]}
        print(
            f"{count:>6} homes, a year, as arrays  {wall:7.3f} s wall {cpu:7.3f} s CPU  {sizes[-1]:>9,} resident-days"
        )
    scenario = Scenario(homes={"count": 40})
    wall, cpu, _ = timed(lambda: run_sector(scenario, 1, log=LOGGED), asked.repeats)
    print(f"    40 homes, with every exposure logged  {wall:7.3f} s wall {cpu:7.3f} s CPU")
    wall, cpu, _ = timed(lambda: simulate_world(scenario, seed=1, log_exposures=False), asked.repeats)
    print(f"    40 homes, as tables  {wall:7.3f} s wall {cpu:7.3f} s CPU")
    exponent = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    found["growth_exponent"] = exponent
    print(f"growth of CPU time with resident-days: exponent {exponent:.2f} (small worlds carry a fixed cost)")
    for name, days, tables in (
        ("england, a year, arrays", 365, 0),
        ("england, a year, tables", 365, 1),
        (f"england, {asked.years} years, arrays", 365 * asked.years, 0),
        (f"england, {asked.years} years, tables", 365 * asked.years, 1),
    ):
        command = [sys.executable, __file__, "--national", str(days), str(tables)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[name] = values = json.loads(done.stdout)
        print(
            f"{name:<28} {values['wall_seconds']:7.2f} s wall {values['cpu_seconds']:7.2f} s CPU "
            f"{values['peak_mib']:7.0f} MiB"
        )
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
