"""The command that makes a synthetic twin of a run's data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from missingmodels.cli.options import Disclosure, Json, Out, Overwrite, Seed, hold, out, reserve
from missingmodels.terminal import doing, table


def twin(
    run: Annotated[Path, typer.Argument(help="Folder of a run (from fit or demo).", metavar="RUN")],
    output: Out,
    tables: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of the run's tables, if it is no longer where it was."),
    ] = None,
    rehearsals: Annotated[
        int, typer.Option(help="Twins that are fitted, so that the one written answers as the run did.", min=0)
    ] = 8,
    seed: Seed = 1,
    disclosure: Disclosure = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write tables that are like the run's and hold none of them, to write code with where the data are not.

    A sector is simulated from their margins and the run's fitted effects, as the policy of disclosure lets them out;
    scenario.toml beside the tables is all that it was told.
    """
    from missingmodels.cli.robustness import known_tables
    from missingmodels.disclosure.record import Judged
    from missingmodels.disclosure.support import Behind
    from missingmodels.fitting.stores.store import read_fit
    from missingmodels.frame.riskset import build_risk_set
    from missingmodels.plan import kept_plan
    from missingmodels.runs.register import register, without_noise
    from missingmodels.runs.write import evidence_path, fit_file, policy_of, read_run, tables_folder
    from missingmodels.studies.pilot import fullest_with_peers
    from missingmodels.studies.twin import SCENARIO, rehearsed, twin_scenario, twin_tables, write_twin
    from missingmodels.tables import kind_of, read_tables
    from missingmodels.tables.store import FORMAT

    hold(run)
    reserve(output, kind=FORMAT, overwrite=overwrite)
    doing("Reading the run and its tables")
    evidence = read_run(run)
    plan = kept_plan(evidence.plan, where=str(evidence_path(run)))
    fit = read_fit(fit_file(run, *fullest_with_peers(evidence, plan)))
    place = known_tables(tables_folder(run) if tables is None else tables, run)
    held = read_tables(place)
    policy = policy_of(run, evidence, disclosure)
    judged = Judged(policy)
    risk = build_risk_set(held, plan.frame)
    scenario = twin_scenario(fit, held, risk, plan, Behind(evidence, policy), judged)
    doing("Simulating and fitting rehearsals")
    how: dict[str, Any] = {"like": held, "policy": policy, "seed": seed, "rehearsals": rehearsals}
    scenario = rehearsed(scenario, fit, plan, **how)
    doing("Simulating the twin")
    made = twin_tables(scenario, seed, like=held, policy=policy)
    # a twin has no counts that noise could be given to
    register(held, plan.frame, without_noise(policy), beside=place, what=f"twin {output.name}")
    doing("Writing the tables")
    write_twin(made, scenario, judged, output, origin=kind_of(held.origin), overwrite=overwrite)
    counts = {name: len(frame) for name, frame in made.frames.items()}
    body = {"output": str(output), "scenario": str(output / SCENARIO), "model": fit.model, "rows": counts}
    told = f"Made of {fit.model}, policy “{policy.name}”: {len(judged.blocked)} margins and effects were blocked."
    out(body, as_json, f"{table('Rows written', counts)}\n{told}\nTables: {output}")
