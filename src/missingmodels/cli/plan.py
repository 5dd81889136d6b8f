"""Commands about plans: one to begin from, and one fixed before the data are seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from missingmodels.cli.options import Json, Overwrite, out, reserve

app = typer.Typer(
    help="Begin a plan from a template, and fix it before the data are seen.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def template(
    hypothesis: Annotated[Literal["h1", "h2"], typer.Argument(help="Peers (h1), or staffing and mix (h2).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The plan's .toml file to write.")],
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write a plan for a preregistration, with a word on each choice."""
    from importlib.resources import files

    from missingmodels.writing import require_new, write_whole

    reserve(output)
    require_new([output], overwrite=overwrite)
    write_whole(output, (files("missingmodels") / "plans" / f"{hypothesis}.toml").read_bytes())
    out(
        {"template": hypothesis, "output": str(output)},
        as_json,
        f"Plan: {output}\nChange what your study asks otherwise, then: missingmodels plan freeze {output}",
    )


@app.command()
def freeze(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.toml", help="The plan's file.")],
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="The record to write; PLAN.frozen.json beside the plan if left out."),
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Fix a plan: a record of every key, with digest, version, date and commit, to deposit before the data are seen.

    `fit --frozen RECORD` holds a run against it, and the report says "as planned" or lists each departure.
    """
    import datetime as dt

    from missingmodels.config import read_toml
    from missingmodels.plan import Plan
    from missingmodels.publish.frozen import freeze as record
    from missingmodels.publish.frozen import read_frozen
    from missingmodels.writing import require_new, write_whole

    place = plan.with_suffix(".frozen.json") if output is None else output
    reserve(place)
    require_new([place], overwrite=overwrite)
    write_whole(place, record(read_toml(plan, Plan), plan, at=dt.datetime.now(dt.UTC)))
    found = read_frozen(place)
    commit = f", commit {found.commit}" if found.commit else ", under no git"
    body = {"output": str(place), "digest": found.digest, "frozen_at": found.frozen_at, "commit": found.commit}
    out(body, as_json, f"Frozen on {found.frozen_at}{commit}.\nDigest: {found.digest}\nRecord: {place}")
