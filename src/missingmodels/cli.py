"""The command line: wiring only. Exit codes: 0 fine, 2 usage or bad input, 3 diagnostics gate, 130 interrupted."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from missingmodels.cli_power import power
from missingmodels.errors import DiagnosticsFailed, MissingModelsError
from missingmodels.terminal import Progress, say, table

app = typer.Typer(
    help="Why do children go missing from residential care? Simulate or import data, fit models, weigh hypotheses.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
import_app = typer.Typer(help="Turn an extract into tables.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(import_app, name="import")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
Out = Annotated[Path, typer.Option("--output", "-o", help="Folder to write; it appears whole or not at all.")]
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


@app.command()
def demo(output: Out = Path("demo-run"), seed: Seed = 1, as_json: Json = False) -> None:
    """Simulate a small sector, check it, fit the models and write the report. Replaces an earlier demo."""
    from missingmodels.tables.store import RUN_FORMAT, require_free

    require_free(output, kind=RUN_FORMAT, overwrite=True)
    from missingmodels.pipeline import answer
    from missingmodels.presets import load_plan, load_scenario
    from missingmodels.runs import write_run
    from missingmodels.simulate.world import simulate_world

    world = simulate_world(load_scenario("small"), seed=seed)
    say(f"Simulated {len(world.tables['homes'])} homes and {len(world.tables['children'])} children (seed {seed}).")
    with Progress(quiet=as_json) as progress:
        found = answer(world.tables, load_plan("demo"), seed=seed, report=progress)
    _finish(found, write_run(found, output, overwrite=True), as_json)


@app.command()
def simulate(
    output: Out,
    scenario_name: Annotated[str, typer.Option("--scenario", help="A scenario's TOML file, or small, null.")] = "small",
    seed: Seed = 1,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Simulate a sector of homes and write its tables, with the truth beside them."""
    from missingmodels.presets import load_scenario
    from missingmodels.simulate.store import write_world
    from missingmodels.simulate.world import simulate_world

    world = simulate_world(load_scenario(scenario_name), seed=seed)
    write_world(world, output, overwrite=overwrite)
    counts = {name: len(frame) for name, frame in world.tables.frames.items()}
    _out({"output": str(output), "rows": counts}, as_json, table("Rows written", counts) + f"\nTables: {output}")


@import_app.command("ssda903")
def import_ssda903(
    source: Annotated[
        Path, typer.Argument(metavar="RETURN", help="Folder or .zip of CSV files, .xlsx workbook, or .xml return.")
    ],
    output: Out,
    authority: Annotated[str, typer.Option(help="Code of the authority that made the return.")],
    year: Annotated[Optional[int], typer.Option(help="End year, 2018 for 2017/18; inferred if left out.")] = None,  # noqa: UP045
    set_aside_bad_dates: Annotated[
        bool, typer.Option(help="Set rows with unreadable dates aside instead of refusing.")
    ] = False,
    homes: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option("--homes", help="Ofsted list of homes (.csv, .xlsx); repeat for several dates."),
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Turn one authority's SSDA903 return into tables and a ledger that accounts for every row."""
    from missingmodels.extract.homes import add_homes
    from missingmodels.extract.ofsted import read_ofsted_list
    from missingmodels.extract.ssda903 import read_ssda903
    from missingmodels.tables.store import FORMAT, require_free, whole_folder, write_tables_into

    require_free(output, kind=FORMAT, overwrite=overwrite)
    found = read_ssda903(source, authority=authority, year=year, set_aside_bad_dates=set_aside_bad_dates)
    lists = [read_ofsted_list(path) for path in homes or []]
    tables, notes = add_homes(found.tables, lists) if lists else (found.tables, None)
    with whole_folder(output, overwrite=overwrite) as scratch:
        write_tables_into(tables, scratch)
        found.ledger.write(scratch)
        if notes is not None:
            notes.to_csv(scratch / "home_notes.csv", index=False)
    totals, flags = found.ledger.totals(), {} if notes is None else notes["flag"].value_counts().to_dict()
    body = {"output": str(output), "ledger": totals.to_dict(orient="records"), "notes": list(found.ledger.notes)}
    shown = {f"{r.file}: {r.outcome}{', ' + r.reason if r.reason else ''}": r.rows for r in totals.itertuples()}
    text = [table("Every row accounted for", shown), *found.ledger.notes]
    text += [table("Homes against the lists", flags)] if flags else []
    _out(body | {"homes": flags}, as_json, "\n".join([*text, f"Tables and ledger.csv: {output}"]))


@app.command()
def export(
    tables: TablesFolder,
    output: Out,
    authority: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="Only this authority's returns; repeat for several."),
    ] = None,
    year: Annotated[
        Optional[list[int]],  # noqa: UP045
        typer.Option(help="Only the year that ends then, 2025 for 2024/25; repeat for several."),
    ] = None,
    quirks: Annotated[str, typer.Option(help="Untidiness: name=value,name=value, or all.")] = "",
    seed: Seed = 1,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write tables as the files they could have come from: SSDA903 returns, Ofsted lists of homes, staffing."""
    from missingmodels.simulate.export import export_files
    from missingmodels.simulate.quirks903 import quirks_of
    from missingmodels.tables import read_tables, require_valid

    dials, held = quirks_of(quirks), read_tables(tables)
    require_valid(held, where=str(tables))
    written = export_files(
        held,
        output,
        of_authorities=authority or (),
        years=year or (),
        quirks=dials,
        seed=seed,
        overwrite=overwrite,
    )
    _out({"output": str(output), "files": written}, as_json, "\n".join([*written, f"Files: {output}"]))


@app.command()
def check(tables: TablesFolder, as_json: Json = False) -> None:
    """Validate tables: every fault at once, with rows and remedy. Exit code 2 if there are errors."""
    from missingmodels.tables import check_tables, read_tables

    found = check_tables(read_tables(tables))
    errors = sum(f.severity == "error" for f in found)
    text = "\n".join([*map(str, found), f"{errors} errors, {len(found) - errors} warnings"])
    _out({"errors": errors, "findings": [f.as_dict() for f in found]}, as_json, text)
    if errors:
        raise typer.Exit(2)


@app.command()
def describe(
    tables: TablesFolder,
    plan_name: PlanName = "default",
    figures: Annotated[Optional[Path], typer.Option(help="Folder to write the calibration figure into.")] = None,  # noqa: UP045
    as_json: Json = False,
) -> None:
    """Say what tables hold: children, homes, episodes, rates, coverage; and set it beside published figures."""
    from missingmodels.frame.calibration import compare, measure_targets
    from missingmodels.frame.describe import describe as run
    from missingmodels.presets import load_plan
    from missingmodels.report.calibration import calibration_text
    from missingmodels.tables import read_tables, require_valid

    held = read_tables(tables)
    require_valid(held, where=str(tables))
    found = run(held, load_plan(plan_name).frame)
    episodes = found["episodes"]
    flat = {k.replace("_", " "): v for k, v in found.items() if k != "episodes"}
    beside = compare([measure_targets(held)])
    text = [table(f"{tables}", flat), table("Where the episodes went", episodes), "", calibration_text(beside)]
    if figures is not None:
        from missingmodels.calibration_run import write_calibration_figure

        text.append(f"\nFigure: {write_calibration_figure(beside, figures)}")
    _out(found | {"calibration": [c.as_dict() for c in beside]}, as_json, "\n".join(text))


@app.command("calibrate-world")
def calibrate_world(
    scenario_name: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario's TOML file, or small, null.")],
    output: Out,
    seeds: Annotated[int, typer.Option(help="Worlds to simulate, from seeds SEED, SEED + 1, …", min=1)] = 5,
    seed: Seed = 1,
    homes: Annotated[Optional[int], typer.Option(help="Homes, instead of the scenario's.", min=1)] = None,  # noqa: UP045
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Simulate a scenario over several seeds and set it beside published figures: table, figure, page."""
    from missingmodels.calibration_run import FORMAT, with_homes, write_calibration
    from missingmodels.calibration_run import calibrate_world as run
    from missingmodels.presets import load_scenario
    from missingmodels.report.calibration import calibration_text
    from missingmodels.tables.store import require_free

    require_free(output, kind=FORMAT, overwrite=overwrite)
    scenario = with_homes(load_scenario(scenario_name), homes)

    def progress(done: int, total: int) -> None:
        if not as_json:
            say(f"Simulated and measured {done} of {total} worlds")

    found = run(scenario, range(seed, seed + seeds), report=progress)
    page = write_calibration(found, output, overwrite=overwrite)
    _out(found.as_dict() | {"page": str(page)}, as_json, f"{calibration_text(found.compared)}\n\nPage: {page}")


@app.command()
def fit(
    tables: TablesFolder,
    output: Out,
    plan_name: PlanName = "default",
    seed: Seed = 1,
    method: Engine = None,
    allow_unconverged: Allow = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Fit every model of a plan and write fits, evidence and report."""
    from missingmodels.plan import with_method
    from missingmodels.presets import load_plan
    from missingmodels.tables import read_tables, require_valid
    from missingmodels.tables.store import RUN_FORMAT, require_free

    require_free(output, kind=RUN_FORMAT, overwrite=overwrite)
    settings, held = with_method(load_plan(plan_name), method), read_tables(tables)
    require_valid(held, where=str(tables))
    # the sampler takes seconds to import, so a wrong path or key is told first
    from missingmodels.pipeline import answer
    from missingmodels.runs import write_run

    with Progress(quiet=as_json) as progress:
        found = answer(held, settings, seed=seed, allow_unconverged=allow_unconverged, report=progress)
    _finish(found, write_run(found, output, overwrite=overwrite), as_json)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="Folder of a run (from fit or demo).")], as_json: Json = False
) -> None:
    """Write a run's report and figures again from its evidence."""
    from missingmodels.evidence.record import EVIDENCE, read_evidence
    from missingmodels.tables.store import RUN_FORMAT, read_manifest

    read_manifest(run, RUN_FORMAT)
    evidence = read_evidence(run / EVIDENCE)
    from missingmodels.report.html import REPORT, write_report
    from missingmodels.report.text import summary_text

    path = write_report(evidence, run / REPORT)
    _out({"report": str(path)}, as_json, f"{summary_text(evidence)}\nReport: {path}")


@app.command("fit-rows")
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
    allow_unconverged: Allow = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Fit anybody's rows of counts with the onset likelihood: recurrent events or clustered counts."""
    from missingmodels.cli_rows import fit_file, prior_texts, table_text
    from missingmodels.plan import Sampling

    found, path = fit_file(
        data,
        output,
        overwrite=overwrite,
        quiet=as_json,
        formula=formula,
        child=child,
        home=home,
        exposure=exposure,
        trials=int(trials) if trials is not None and trials.isdecimal() else trials,
        frailty=frailty,
        priors=prior_texts(prior or [], priors),
        unrecorded="drop" if drop_unrecorded else "refuse",
        seed=seed,
        sampling=Sampling(draws=draws, tune=draws, target_accept=target_accept),
        allow_unconverged=allow_unconverged,
    )
    body = {"output": str(output), "table": found.table().reset_index().to_dict(orient="records")}
    _out(
        body | {"certificate": dict(found.certificate)}, as_json, f"{table_text(found)}\nTable and draws: {path.parent}"
    )


app.command("power")(power)


def _finish(found: Any, path: Path, as_json: bool) -> None:
    from missingmodels.report.text import summary_text
    from missingmodels.report.words import engine

    evidence = found.evidence
    body = {"report": str(path), "verdicts": [r.as_dict() for r in evidence.verdicts()], "data": dict(evidence.data)}
    seconds = [(c["compile_seconds"], c["sample_seconds"]) for c in evidence.certificates]
    engines = ", ".join(dict.fromkeys(engine(c) for c in evidence.certificates))
    spent = [sum(part) for part in zip(*seconds, strict=True)]
    timing = f"Drawn by {engines}: compiling {spent[0]:.0f} s, sampling {spent[1]:.0f} s."
    _out(body, as_json, f"{summary_text(evidence)}\n{timing}\nReport: {path}")


def _out(body: Any, as_json: bool, text: str) -> None:
    sys.stdout.write((json.dumps(body, default=str, indent=1) if as_json else text) + "\n")


class _Interrupted(BaseException):
    """Ctrl-C. Not KeyboardInterrupt, which the command-line library would turn into exit code 1."""


def _interrupt(*_: object) -> None:
    raise _Interrupted


def main() -> None:
    """Run the command line, turning this package's errors into messages and exit codes."""
    as_json = "--json" in sys.argv[1:]
    signal.signal(signal.SIGINT, _interrupt)
    try:
        app()
    except MissingModelsError as error:
        if as_json:
            body = {"error": type(error).__name__, "what": error.what, "where": error.where, "remedy": error.remedy}
            sys.stdout.write(json.dumps(body, indent=1) + "\n")
        kind = "Not converged" if isinstance(error, DiagnosticsFailed) else "Error"
        sys.stderr.write(f"{kind}: {error}\n")
        sys.exit(error.exit_code)
    except _Interrupted:
        sys.stderr.write("Interrupted; nothing was written.\n")
        sys.exit(130)
    except BrokenPipeError:
        # the reader went away (for example `| head`); there is nobody left to tell
        sys.exit(0)
