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
Dates = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--dates",
        metavar="FORM",
        help="How dates are written where it is not DD/MM/YYYY, ISO, D Mon YYYY or a serial number: DD-MON-YY "
        "(01-APR-23), DD/MM/YY, D/M/YYYY, SERIAL1904.",
    ),
]
WordsFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--words", help="TOML file that says what local words mean: [shift], [contract], [role]."),
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


def out(body: Any, as_json: bool, text: str) -> None:
    sys.stdout.write((json.dumps(body, default=str, indent=1) if as_json else text) + "\n")
