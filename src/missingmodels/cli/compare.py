"""Command compare: a run's scores of prediction with every refit that they need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from missingmodels.cli.options import REFITTING, Disclosure, Json, drawing, hold, out, spread
from missingmodels.terminal import Progress, doing, say

if TYPE_CHECKING:
    from missingmodels.evidence.parts import ElpdDifference


def compare(
    run: Annotated[Path, typer.Argument(help="Folder of a run (from fit or demo).")],
    tables: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of the run's tables, if it is no longer where it was."),
    ] = None,
    refits: Annotated[int, typer.Option(help="Refits without a child or a home, at most.", min=0)] = 1000,
    sampled: Annotated[
        bool, typer.Option("--sampled", help="Sample the refits that the fast engine cannot make: minutes each.")
    ] = False,
    disclosure: Disclosure = None,
    as_json: Json = False,
) -> None:
    """Compare a run's models again: leave out each child and each home, refit where needed; writes its report anew."""
    from missingmodels.cli.robustness import known_tables, require_same
    from missingmodels.disclosure.margins import gated_number
    from missingmodels.disclosure.record import Judged
    from missingmodels.disclosure.words import scrubbed
    from missingmodels.evidence.evidence import compared
    from missingmodels.evidence.scores.held_out import Refits
    from missingmodels.fitting.stores.store import read_fit
    from missingmodels.frame.riskset import build_risk_set
    from missingmodels.plan import kept_plan
    from missingmodels.report.words import count
    from missingmodels.runs.release import PAGE, release_files
    from missingmodels.runs.write import (
        evidence_path,
        fit_file,
        noise_of,
        policy_of,
        read_run,
        renew_run,
        tables_folder,
    )
    from missingmodels.tables import read_tables

    hold(run)
    spread(*REFITTING)
    doing("Reading the run and its tables")
    place = tables_folder(run) if tables is None else tables
    evidence = read_run(run)
    plan = kept_plan(evidence.plan, where=str(evidence_path(run)))
    fits = [read_fit(fit_file(run, c["model"], c["exposure"])) for c in evidence.fitted]
    held = read_tables(known_tables(place, run))
    require_same(held, plan, fits[0].model, fits[0].exposure, evidence, run)
    policy = policy_of(run, evidence, disclosure)
    size = f"{len(fits[0].design.child_ids):,} children and {len(fits[0].design.home_ids):,} homes"
    say(scrubbed(f"Scoring {size} …", policy))
    with Progress(quiet=as_json) as told:
        budget = Refits(plan, most=refits, method="auto" if sampled else "laplace")
        evidence = compared(evidence, fits, build_risk_set(held, plan.frame), plan, budget, told)
    with drawing(quiet=as_json) as told:
        files, stale, shown = release_files(evidence, policy, noise_key=noise_of(run), told=told)
    renew_run(run, evidence, files, policy, removed=tuple(stale), anew=True)
    page = run / PAGE
    # as many children and homes had a bad k̂, which the page does not tell of few
    made = gated_number("refits", refits - budget.left, Judged(policy, noise_of(run)))
    body = {"comparisons": [c.as_dict() for c in shown.comparisons], "refits": made}
    text = "\n".join(_line(c) for c in shown.comparisons)
    out(body | {"report": str(page)}, as_json, f"{text}\nRefits: {count(made)}\nReport: {page}")


def _line(c: ElpdDifference) -> str:
    from missingmodels.report.comparison import TOO_SMALL, left_out, pareto_words
    from missingmodels.report.words import count, signed, units

    small = f", too small to read below {TOO_SMALL:g}" if abs(c.difference) < TOO_SMALL else ""
    if c.unit == "future":
        return (
            f"{c.model} against {c.against}, {left_out(c)}: {signed(c.difference, 1)} (standard error "
            f"{c.standard_error:.1f}, {units(c.units, 'child')}{small}). {pareto_words(c)}"
        )
    return (
        f"{c.model} against {c.against}, each {c.unit} left out: {signed(c.difference, 1)} "
        f"(standard error {c.standard_error:.1f}, {units(c.units, c.unit)}{small}); Pareto k above 0.7 for "
        f"{count(c.k_hat_bad)}, of which {count(c.mended)} refitted"
    )
