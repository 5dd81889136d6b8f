"""The command ``fit-daily``: models that need a row for each child-day."""

from __future__ import annotations

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
    table_text,
    told,
)
from missingmodels.terminal import Progress, doing, say

KIND_HELP = (
    "kernel (influence that fades, its time scale estimated), ornstein_uhlenbeck (a home process that drifts, beside "
    "the plan's exposure) or hawkes (onsets that bring onsets)."
)


def fit_daily(
    kind: Annotated[str, typer.Argument(help=KIND_HELP, metavar="KIND")],
    tables: TablesFolder,
    output: Out,
    plan_name: PlanName = "default",
    model: Annotated[Optional[str], typer.Option(help="M1 or M3; the plan's fullest if left out.")] = None,  # noqa: UP045
    seed: Seed = 1,
    keep_children: KeepChildren = False,
    disclosure: Disclosure = None,
    allow_unconverged: Allow = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Fit one daily model by NUTS: a table, draws and a plain answer."""
    from missingmodels.disclosure.policy import policy_for
    from missingmodels.disclosure.words import scrubbed, without_levels
    from missingmodels.fitting.stores.store import LAYOUTS
    from missingmodels.presets import load_plan
    from missingmodels.runs.register import register, without_noise
    from missingmodels.tables import read_tables, require_valid

    reserve(output, kind=LAYOUTS["daily"].kind, overwrite=overwrite)
    doing("Preparing the child-days")
    plan, held = load_plan(plan_name), read_tables(tables)
    require_valid(held, where=str(tables))
    policy = policy_for(held.origin, disclosure)
    asked: dict[str, Any] = {"beside": tables, "what": f"fit-daily {kind}"}
    register(held, plan.frame, without_noise(policy), **asked, noted=False)
    from missingmodels.fitting.families.daily import fit_daily as fitted
    from missingmodels.frame.daily import daily_design
    from missingmodels.runs.fit_folder import write_fit_folder

    daily = daily_design(held, plan, kind=kind, model=model, checked=True)  # type: ignore[arg-type]
    for note in daily.notes:
        say(scrubbed(without_levels(f"Note: {note}") if policy.active else f"Note: {note}", policy))
    with Progress(quiet=as_json) as bar:
        found = fitted(
            daily,
            plan,
            kind=daily.kind,
            seed=seed,
            allow_unconverged=allow_unconverged,
            progress=bar,
        )
    doing("Writing the fit")
    register(held, plan.frame, without_noise(policy), **asked)
    path, shown = write_fit_folder(
        found, output, policy=policy, origin=held.origin, overwrite=overwrite, keep_children=keep_children
    )
    sentence = " ".join(shown.sentences)
    body: dict[str, Any] = {"output": str(output), "sentence": sentence}
    body |= {"probabilities": _probabilities(found, shown.table, policy)}
    body |= {"table": shown.table.reset_index().to_dict(orient="records")}
    body |= {"certificate": told(found.certificate, policy)}
    text = f"{scrubbed(_head_text(found), policy)}\n{table_text(found, 'parameter', shown.table)}"
    out(body, as_json, f"{text}\n\n{sentence}\nTable and answer: {path.parent}")


def _probabilities(found: Any, table: Any, policy: Any) -> dict[str, float]:
    """What is asked of a daily model, as it may be told: nothing where the gate left no line of its table."""
    held = found.probabilities() if len(table) else {}
    return {name: round(p, 3) if policy.active else p for name, p in held.items()}


def _head_text(found: Any) -> str:
    """What was fitted, in one line."""
    design = found.design
    size = f"{len(design.child_ids)} children in {len(design.home_ids)} homes, {design.onsets.size} rows"
    return f"{found.design.kind}, {found.model}: {design.onsets.sum()} onsets of {size}"
