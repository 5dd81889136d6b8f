"""Commands about models: demo, fit, fit-rows, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from missingmodels.cli.options import (
    REFITTING,
    Allow,
    Disclosure,
    Engine,
    Frozen,
    IntervalMass,
    Json,
    KeepChildren,
    Out,
    Overwrite,
    PlanOrFrozen,
    Seed,
    TablesFolder,
    columns,
    drawing,
    hold,
    out,
    reserve,
    spread,
)
from missingmodels.terminal import Progress, doing, say


def demo(output: Out = Path("demo-run"), seed: Seed = 1, disclosure: Disclosure = None, as_json: Json = False) -> None:
    """Simulate a sector of 200 homes, check it, fit the models and write the report. Replaces an earlier demo."""
    from missingmodels.tables.store import RUN_FORMAT

    reserve(output, kind=RUN_FORMAT, overwrite=True)
    spread(*REFITTING)
    from missingmodels.disclosure.policy import policy_for

    doing("Preparing the fits")
    from missingmodels.evidence.record import EVIDENCE, read_evidence
    from missingmodels.presets import load_plan, load_scenario
    from missingmodels.runs.write import make_run
    from missingmodels.simulate.world import simulate_world

    doing("Simulating a sector")
    world = simulate_world(load_scenario("demo"), seed=seed)
    policy = policy_for(world.tables.origin, disclosure)
    say(f"Simulated {len(world.tables['homes'])} homes and {len(world.tables['children'])} children (seed {seed}).")
    doing("Preparing the fits")
    with Progress(quiet=as_json) as progress:
        _, page = make_run(
            world.tables,
            load_plan("demo"),
            output,
            seed=seed,
            source=world.tables,
            overwrite=True,
            disclosure=policy,
            progress=progress,
        )
    _finish(read_evidence(page.parent / EVIDENCE), page, as_json)


def fit(
    tables: TablesFolder,
    output: Out,
    plan_name: PlanOrFrozen = None,
    frozen: Frozen = None,
    seed: Seed = 1,
    method: Engine = None,
    keep_children: KeepChildren = False,
    disclosure: Disclosure = None,
    allow_unconverged: Allow = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Fit every model of a plan and write fits, evidence and report.

    Fits are kept beside the output as they are finished. Stopped or failed, the same command goes on from them.
    """
    from missingmodels.disclosure.policy import policy_for
    from missingmodels.plan import with_method
    from missingmodels.presets import load_plan
    from missingmodels.publish.frozen import held_against, plan_of, read_frozen
    from missingmodels.tables import read_tables, require_valid
    from missingmodels.tables.store import RUN_FORMAT

    reserve(output, kind=RUN_FORMAT, overwrite=overwrite)
    doing("Reading the tables")
    fixed = None if frozen is None else read_frozen(frozen)
    asked = plan_of(fixed, frozen) if fixed and frozen and plan_name is None else load_plan(plan_name or "default")
    settings, held = with_method(asked, method), read_tables(tables)
    require_valid(held, where=str(tables))
    policy = policy_for(held.origin, disclosure)
    # the sampler takes seconds to import, so a wrong path or key is told first
    spread(*REFITTING)
    from missingmodels.evidence.record import EVIDENCE, read_evidence
    from missingmodels.runs.write import make_run

    with Progress(quiet=as_json) as progress:
        _, page = make_run(
            held,
            settings,
            output,
            seed=seed,
            source=tables,
            overwrite=overwrite,
            allow_unconverged=allow_unconverged,
            keep_children=keep_children,
            disclosure=policy,
            frozen=held_against(fixed, settings, frozen) if fixed and frozen else None,
            progress=progress,
        )
    _finish(read_evidence(page.parent / EVIDENCE), page, as_json)


def report(
    run: Annotated[Path, typer.Argument(help="Folder of a run (from fit or demo).")],
    disclosure: Disclosure = None,
    sacro: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder for the release as a session that SACRO's viewer opens.", metavar="FOLDER"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a run's report and figures again from its evidence."""
    from missingmodels.disclosure.sacro import FORMAT
    from missingmodels.report.text import summary_text
    from missingmodels.runs.release import PAGE, release_files, write_session
    from missingmodels.runs.write import noise_of, policy_of, read_run, renew_run

    hold(run)
    if sacro is not None:
        reserve(sacro, kind=FORMAT, overwrite=True)
    evidence = read_run(run)
    policy = policy_of(run, evidence, disclosure)
    with drawing(quiet=as_json) as told:
        files, stale, shown = release_files(evidence, policy, noise_key=noise_of(run), told=told)
    renew_run(run, evidence, files, policy, removed=tuple(stale))
    path = run / PAGE
    body, text = {"report": str(path)}, f"{summary_text(shown, columns())}\nReport: {path}"
    if sacro is not None:
        write_session(run, sacro, evidence, policy, noise_key=noise_of(run))
        body, text = body | {"sacro": str(sacro)}, f"{text}\nSession for SACRO: {sacro}"
    out(body, as_json, text)


def fit_rows(
    data: Annotated[Path, typer.Argument(help="CSV file, one row an observation.", metavar="DATA.csv")],
    output: Out,
    formula: Annotated[str, typer.Option(help="outcome ~ terms, for example 'events ~ treat * age'.")],
    child: Annotated[Optional[str], typer.Option(help="Column of clusters with a frailty.")] = None,  # noqa: UP045
    home: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="Column of clusters with a normal effect; repeat for several."),
    ] = None,
    exposure: Annotated[Optional[str], typer.Option(help="Column of exposures; its log is the offset.")] = None,  # noqa: UP045
    trials: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Column of trials, or their number in every row, for a binomial outcome."),
    ] = None,
    family: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="poisson, binomial or bernoulli; left out, what --trials says."),
    ] = None,
    frailty: Annotated[Optional[str], typer.Option(help="gamma (default), lognormal, normal or none.")] = None,  # noqa: UP045
    priors: Annotated[str, typer.Option(help="Prior set: weak, rstanarm or brms.")] = "weak",
    prior: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            help="One prior, 'age=normal(0, 1)'; repeat. Keys: intercept, coefficients, a column, sigma_home."
        ),
    ] = None,
    drop_unrecorded: Annotated[
        bool, typer.Option(help="Leave rows with an unrecorded value out, named, instead of refusing.")
    ] = False,
    seed: Seed = 1,
    draws: Annotated[int, typer.Option(help="Draws of each of 4 chains, and as many to tune.", min=50)] = 1000,
    target_accept: Annotated[float, typer.Option(help="Higher takes smaller steps.", min=0.6, max=0.999)] = 0.95,
    interval_mass: IntervalMass = 0.95,
    keep_children: KeepChildren = False,
    disclosure: Disclosure = None,
    allow_unconverged: Allow = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Fit anybody's rows of counts with the onset likelihood: recurrent events or clustered counts."""
    from missingmodels.cli.options import table_text, told
    from missingmodels.cli.rows import fit_file, head_text, prior_texts
    from missingmodels.disclosure.policy import policy_for
    from missingmodels.disclosure.words import scrubbed
    from missingmodels.plan import Sampling

    policy = policy_for({}, disclosure)
    found, path, shown = fit_file(
        data,
        output,
        policy=policy,
        overwrite=overwrite,
        quiet=as_json,
        keep_children=keep_children,
        formula=formula,
        child=child,
        home=home,
        exposure=exposure,
        trials=int(trials) if trials is not None and trials.isdecimal() else trials,
        family=family,
        frailty=frailty,
        priors=prior_texts(prior or [], priors),
        unrecorded="drop" if drop_unrecorded else "refuse",
        seed=seed,
        sampling=Sampling(draws=draws, tune=draws, target_accept=target_accept),
        interval_mass=interval_mass,
        allow_unconverged=allow_unconverged,
    )
    body = {"output": str(output), "table": shown.table.reset_index().to_dict(orient="records")}
    out(
        body | {"certificate": told(found.certificate, policy)},
        as_json,
        f"{scrubbed(head_text(found), policy)}\n{table_text(found, 'term', shown.table)}\nTable: {path}",
    )


def _finish(evidence: Any, path: Path, as_json: bool) -> None:
    from missingmodels.report.text import summary_text
    from missingmodels.report.words import engine

    body = {"report": str(path), "verdicts": [r.as_dict() for r in evidence.verdicts()], "data": dict(evidence.data)}
    seconds = [(c["compile_seconds"], c["sample_seconds"]) for c in evidence.certificates] or [(0.0, 0.0)]
    engines = ", ".join(dict.fromkeys(engine(c) for c in evidence.certificates))
    spent = [sum(part) for part in zip(*seconds, strict=True)]
    timing = f"Drawn by {engines}: compiling {spent[0]:.0f} s, sampling {spent[1]:.0f} s."
    out(body, as_json, f"{summary_text(evidence, columns())}\n{timing}\nReport: {path}")
