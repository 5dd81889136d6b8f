"""The command of official statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from missingmodels.cli.options import Allow, IntervalMass, Json, Out, Overwrite, Seed, out, reserve
from missingmodels.terminal import Progress, doing


def official(
    folder: Annotated[Path, typer.Argument(help="Folder of published files as they were downloaded (CSV).")],
    output: Out,
    seed: Seed = 1,
    interval_mass: IntervalMass = 0.95,
    allow_unconverged: Allow = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Fit missing incidents by authority and year to the workforce and homes that official statistics publish."""
    from missingmodels.report.pages.official import STATEMENT, official_text
    from missingmodels.runs.official import FORMAT, analyse_official, write_official

    reserve(output, kind=FORMAT, overwrite=overwrite)
    doing("Reading the statistics")
    with Progress(quiet=as_json) as bar:
        found = analyse_official(
            folder,
            seed=seed,
            interval_mass=interval_mass,
            allow_unconverged=allow_unconverged,
            progress=bar,
        )
    doing("Writing the page")
    page = write_official(found, output, overwrite=overwrite)
    body: dict[str, Any] = {"output": str(output), "page": str(page), "rows": found.rows}
    body |= {"statement": list(STATEMENT), "diagnostics": found.fit.diagnostics.as_dict()}
    out(body, as_json, f"{official_text(found.head, found.rows, f'{100 * interval_mass:g} %')}\nPage: {page}")
