"""The command ``fit-daily``: models that need a row for each child-day."""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from missingmodels.cli.options import Allow, Json, Out, Overwrite, PlanName, Seed, TablesFolder, out, reserve
from missingmodels.terminal import Progress, say

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
    allow_unconverged: Allow = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Fit one daily model by NUTS: a table, draws and a plain answer."""
    from missingmodels.fit.daily_store import DAILY_FORMAT, write_daily_fit
    from missingmodels.presets import load_plan
    from missingmodels.tables import read_tables, require_valid

    reserve(output, kind=DAILY_FORMAT, overwrite=overwrite)
    plan, held = load_plan(plan_name), read_tables(tables)
    require_valid(held, where=str(tables))
    from missingmodels.fit.daily import fit_daily as fitted
    from missingmodels.fit.daily_words import probabilities
    from missingmodels.frame.daily import daily_design

    daily = daily_design(held, plan, kind=kind, model=model, checked=True)  # type: ignore[arg-type]
    for note in daily.design.notes:
        say(f"Note: {note}")
    with Progress(quiet=as_json) as bar:
        found = fitted(
            daily,
            plan,
            kind=daily.kind,
            seed=seed,
            allow_unconverged=allow_unconverged,
            progress=lambda done, total: bar(f"{daily.model} ({kind})", done, total),
        )
    path = write_daily_fit(found, output, overwrite=overwrite)
    body = {"output": str(output), "sentence": found.sentence, "probabilities": probabilities(found.draws)}
    body |= {"table": found.table().reset_index().to_dict(orient="records"), "certificate": dict(found.certificate)}
    out(body, as_json, f"{table_text(found)}\n\n{found.sentence}\nTable, draws and answer: {path.parent}")


def table_text(found: Any) -> str:
    """The parameters for the terminal: median, 90 % interval, effective draws, R-hat."""
    table, design = found.table(), found.daily.design
    width = max(len("parameter"), *(len(str(name)) for name in table.index))
    size = f"{len(design.child_ids)} children in {len(design.home_ids)} homes, {design.onsets.size} rows"
    lines = [f"{found.daily.kind}, {found.daily.model}: {design.onsets.sum()} onsets of {size}"]
    lines += [f"{'parameter':<{width}}  {'median':>9}  {'90 % interval':>20}  {'ESS':>6}  {'R-hat':>6}"]
    for name, line in table.iterrows():
        interval = f"{line['low']:.3f} to {line['high']:.3f}"
        ess = min(line["ess_bulk"], line["ess_tail"])
        lines.append(f"{name:<{width}}  {line['median']:>9.3f}  {interval:>20}  {ess:>6.0f}  {line['r_hat']:>6.3f}")
    return "\n".join(lines)
