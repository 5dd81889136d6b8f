"""Options that commands share, and how they print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
Out = Annotated[Path, typer.Option("--output", "-o", help="Folder to write; it appears whole or not at all.")]
KeyFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--key", help="File with a secret: identifiers become keyed hashes, births months. Kept nowhere."),
]
DatesChecked = Annotated[
    bool,
    typer.Option("--dates-checked", help="The dates are right though a workbook seems to have swapped day and month."),
]
Seed = Annotated[int, typer.Option(help="Root seed; every random stream is named and derives from it.", min=0)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier output of the same kind.")]
TablesFolder = Annotated[Path, typer.Argument(help="Folder of tables (from simulate or import).", metavar="TABLES")]
PlanName = Annotated[str, typer.Option("--plan", help="A plan's TOML file, or one that ships: default, demo.")]
Allow = Annotated[
    bool, typer.Option("--allow-unconverged", help="Keep fits that fail the gate; the report marks them red.")
]


Engine = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(help="nuts, laplace (fast, approximate but weighted and checked) or auto; the plan's if left out."),
]


IntervalMass = Annotated[
    float, typer.Option(help="Mass of the equal-tailed intervals.", min=0.01, max=0.999, show_default=True)
]


def table_text(found: Any, title: str) -> str:
    """A fit's table for the terminal: median, interval, effective draws, R-hat."""
    table, span = found.table(), f"{100 * found.decision.interval_mass:g} % interval"
    width = max(len(title), *(len(str(name)) for name in table.index))
    lines = [f"{title:<{width}}  {'median':>9}  {span:>20}  {'ESS':>6}  {'R-hat':>6}"]
    for name, line in table.iterrows():
        interval = f"{line['low']:.3f} to {line['high']:.3f}"
        size = min(line["ess_bulk"], line["ess_tail"])
        lines.append(f"{name:<{width}}  {line['median']:>9.3f}  {interval:>20}  {size:>6.0f}  {line['r_hat']:>6.3f}")
    return "\n".join(lines)


def out(body: Any, as_json: bool, text: str) -> None:
    sys.stdout.write((json.dumps(body, default=str, indent=1) if as_json else text) + "\n")
