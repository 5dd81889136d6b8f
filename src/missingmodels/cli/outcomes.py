"""The command ``fit-outcome``: what follows an onset, or stands beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from missingmodels.cli.options import (
    Allow,
    Disclosure,
    Json,
    KeepChildren,
    Out,
    Overwrite,
    PlanName,
    Seed,
    TablesFolder,
    out,
    reserve,
    told,
)
from missingmodels.terminal import Progress, doing


def fit_outcome(
    outcome: Annotated[str, typer.Argument(help="counts, return, serious, joint, interview or recording.")],
    tables: TablesFolder,
    output: Out,
    other: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="recording: folder of a second record of the same children, as a home's own log."),
    ] = None,
    term: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="One term of the model; repeat. The outcome's own if left out."),
    ] = None,
    tolerance_days: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="recording: days that two records of one onset may lie apart, 1 if left out.", min=0),
    ] = None,
    effect_days: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="interview: days that it may act for, 28 if left out.", min=1),
    ] = None,
    priors: Annotated[str, typer.Option(help="Prior set: weak or informed.")] = "weak",
    plan_name: PlanName = "default",
    seed: Seed = 1,
    keep_children: KeepChildren = False,
    disclosure: Disclosure = None,
    allow_unconverged: Allow = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Fit one outcome beside onset: ratios with intervals, and a sentence each.

    counts: episodes of a home in a month. return: whole days to return. serious: episodes with serious harm. joint:
    do residents leave on one day more often than independence has it? interview: does a return home interview change
    the next gap? recording: what happens and what each of two records holds of it.
    """
    from missingmodels.disclosure.policy import policy_for
    from missingmodels.presets import load_plan
    from missingmodels.runs.register import register, without_noise
    from missingmodels.tables import read_tables, require_valid
    from missingmodels.tables.store import OUTCOME_FORMAT

    reserve(output, kind=OUTCOME_FORMAT, overwrite=overwrite)
    doing("Preparing the rows")
    plan, held = load_plan(plan_name), read_tables(tables)
    require_valid(held, where=str(tables))
    policy = policy_for(held.origin, disclosure)
    asked: dict[str, Any] = {"beside": tables, "what": f"fit-outcome {outcome}"}
    register(held, plan.frame, without_noise(policy), **asked, noted=False)
    second = None
    if other is not None:
        second = read_tables(other)
        require_valid(second, where=str(other))
    settings: dict[str, Any] = {"tolerance_days": tolerance_days, "effect_days": effect_days}
    # the sampler takes seconds to import, so a wrong path is told first
    from missingmodels.fitting.families.outcomes import fit_outcome as fit
    from missingmodels.runs.fit_folder import write_fit_folder

    with Progress(quiet=as_json) as bar:
        found = fit(
            held,
            plan,
            outcome=outcome,
            other=second,
            terms=tuple(term) if term else None,
            priors=priors,
            seed=seed,
            allow_unconverged=allow_unconverged,
            progress=bar,
            **{name: value for name, value in settings.items() if value is not None},
        )
    doing("Writing the fit")
    register(held, plan.frame, without_noise(policy), **asked)
    path, shown = write_fit_folder(
        found, output, policy=policy, origin=held.origin, overwrite=overwrite, keep_children=keep_children
    )
    body = {"output": str(output), "table": shown.table.reset_index().to_dict(orient="records")}
    body |= {"sentences": shown.sentences, "certificate": told(found.certificate, policy)}
    text = shown.table.to_string(float_format=lambda v: f"{v:.3f}", na_rep="")
    out(body, as_json, "\n".join([text, "", *shown.sentences, f"Table and sentences: {path.parent}"]))
