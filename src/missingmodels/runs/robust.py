"""``mm.robustness``: a plan's answer on peers, questioned; what the command does with a run, with tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from missingmodels.evidence.robustness.battery import BY_NAME, Battery, run_battery
from missingmodels.evidence.robustness.bench import Bench
from missingmodels.evidence.robustness.frontier import frontier, frontier_is_whole, frontier_sentence
from missingmodels.evidence.robustness.operating import WORLDS
from missingmodels.plan import Plan
from missingmodels.report.pages.battery_page import battery_pictures, battery_table, battery_text, summary
from missingmodels.tables import Tables
from missingmodels.writing import write_together


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """The lines of a battery, and the plan that they question.

    Attributes
    ----------
    battery : the lines, and the specification curve if it was asked for
    plan : as it was questioned, with what no line can ask at its default
    """

    battery: Battery
    plan: Plan

    def to_frame(self) -> pd.DataFrame:
        """One row a line: ``title`` of its check, ``line``, ``estimate``, ``low``, ``high``, ``probability``,
        ``p_value``, ``verdict``, what it ``shows`` and ``cannot``, and ``how_often`` it says so where the truth is
        set.
        """
        table = battery_table(self.battery, self.plan)
        table.insert(0, "title", [BY_NAME[check].title for check in table["check"]])
        return table

    def sentences(self) -> list[str]:
        """What the lines come to."""
        return summary(self.battery, self.plan)

    @property
    def frontier(self) -> str:
        """Which shared shocks a design as precise as these data would call influence, in a sentence."""
        primary = next(line for line in self.battery.lines if line.check == "primary")
        said = frontier_sentence(primary.low, primary.high, self.plan, self.battery.model)
        return said if frontier_is_whole(frontier()) else f"{said} The map is not whole: some cells rest on few worlds."

    @property
    def worlds(self) -> tuple[str, ...]:
        """The kinds of simulated sectors in which the lines were measured, in words."""
        return tuple(WORLDS.values())

    def write_figures(self, folder: Path) -> list[Path]:
        """Write every figure as PNG into the folder: all of them, or none."""
        shown = battery_pictures(self.battery, self.plan)
        write_together(Path(folder), {f"{name}.png": picture["png"] for name, picture in shown.items()})
        return [Path(folder) / f"{name}.png" for name in shown]

    def __repr__(self) -> str:
        return "\n".join(["Robustness", *(f"  {said}" for said in self.sentences())])

    def __str__(self) -> str:
        return battery_text(self.battery, self.plan)


def robustness(
    tables: Tables,
    plan: Plan,
    *,
    model: str = "M3",
    seed: int = 1,
    permutations: int = 999,
    curve: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> Robustness:
    """Question the answer of one model with peers by other windows, periods, peers, outcomes and randomisation tests.

    ``permutations`` are rearrangements of each randomisation test; ``curve`` adds the specification curve, which takes
    most of the time.
    """
    bench = Bench(tables, plan, model=model, seed=seed, permutations=permutations)
    found = run_battery(bench, curve=curve, report=progress)
    return Robustness(battery=found, plan=bench.plan)
