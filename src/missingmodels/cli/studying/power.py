"""The command `power`: wiring only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from missingmodels.cli.options import Json, keep, out
from missingmodels.cli.stopping import Stopped
from missingmodels.errors import ConfigInvalid
from missingmodels.terminal import doing, say


def power(
    study: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Argument(
            help="The study's TOML file; or `explain`, and the folder of a study.",
            metavar="STUDY.toml",
            show_default=False,
        ),
    ] = None,
    explained: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Argument(
            help="After `explain`: the study's folder. Writes one page for those who decide on the money, as HTML and "
            "Markdown (-o says where).",
            metavar="FOLDER",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="Folder of the study, `study` if left out; run again to go on."),
    ] = None,
    misspecified: Annotated[
        bool,
        typer.Option(
            "--misspecified",
            help="Beside the study, eight worlds of its largest size that are not the model's, in a folder of their "
            "own beside it.",
        ),
    ] = False,
    workers: Annotated[Optional[int], typer.Option(help="Processes; one a core if left out.", min=1)] = None,  # noqa: UP045
    scheduler: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Address of a dask.distributed scheduler, instead of local processes."),
    ] = None,
    array: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="I/N: compute slice I of N, as one task of a job array. Then --collect.", metavar="I/N"),
    ] = None,
    collect: Annotated[bool, typer.Option("--collect", help="Compute nothing; summarise what is there.")] = False,
    pilot: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--from",
            help="Compute nothing; print a study whose worlds are like the data of this run, their unknowns drawn from "
            "its posterior, in one, two and four times its homes.",
            metavar="RUN",
        ),
    ] = None,
    slurm: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="N: compute nothing; print a script that submits the study to SLURM as N tasks.", min=1),
    ] = None,
    replicate: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="CELL:INDEX: run one replicate alone, print its rows, write nothing.", metavar="CELL:INDEX"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a power or calibration study: a grid of worlds, fitted and judged, that can be stopped at any moment."""
    if study == Path("explain"):
        return _explain(explained, output, as_json)
    if explained is not None:
        raise ConfigInvalid(
            f"a second argument, {str(explained)!r}, has no meaning here", remedy="missingmodels power explain FOLDER"
        )
    if (study is None) == (pilot is None):
        raise ConfigInvalid("name a study, or a run with --from", remedy="missingmodels power STUDY.toml -o FOLDER")
    if pilot is not None:
        return _pilot(pilot)
    assert study is not None
    grid, output = _read(study), output or Path("study")
    if replicate is not None:
        return _one(grid, replicate)
    if slurm is not None:
        return _slurm(grid, study, output, slurm)
    beside = _beside_of(grid) if misspecified else None
    complete = _computed(grid, output, workers, scheduler, array, collect=collect, quiet=as_json)
    if array is not None and not collect:
        return _slice_said(array, complete, as_json)
    if beside is not None and not collect:
        _compute_beside(beside, output, workers, scheduler, quiet=as_json)
    return _finish(grid, output, as_json)


def _read(study: Path) -> Any:
    from missingmodels.studies.questions.grid import read_study

    return read_study(study)


def _slurm(grid: Any, study: Path, output: Path, tasks: int) -> None:
    from missingmodels.studies.computing.slurm import slurm_script

    sys.stdout.write(slurm_script(grid, study, output, tasks))


def _computed(
    grid: Any,
    output: Path,
    workers: int | None,
    scheduler: str | None,
    array: str | None,
    *,
    collect: bool,
    quiet: bool,
) -> Any:
    """What was computed of the study, or of its slice; None where nothing was to be."""
    from missingmodels.studies.computing.progress import StudyProgress
    from missingmodels.studies.computing.store import Store
    from missingmodels.studies.run import run_study

    part = _part(array)
    store = Store(output, grid)
    keep(store.shared())
    if collect:
        store.require_same()
        return None
    doing("Simulating and fitting worlds")
    make = _backend(grid, workers, scheduler, quiet=quiet)
    try:
        ran = run_study(grid, output, make, part=part, report=StudyProgress(quiet=quiet))
    except Stopped as stopped:
        stopped.kept = f"every finished batch is kept in {output}; the same command goes on from there."
        raise
    if not quiet:
        size = grid.study.replicates.batch
        say(f"{ran.skipped * size:,} worlds were there already, {ran.computed * size:,} computed now.")
    return ran


def _slice_said(array: str, ran: Any, as_json: bool) -> None:
    text = f"Slice {array} has done what it can. " + (
        "The study is complete: --collect." if ran.complete else "When all slices are done: --collect."
    )
    out({"slice": array, "computed": ran.computed, "complete": ran.complete}, as_json, text)


def _explain(folder: Path | None, output: Path | None, as_json: bool) -> None:
    from missingmodels.studies.answers.explain import EXPLAINED, write_explanation
    from missingmodels.studies.computing.store import read_store

    if folder is None:
        raise ConfigInvalid("explain needs the folder of a study", remedy="missingmodels power explain FOLDER")
    doing("Reading the study")
    found = _summary(read_store(folder), folder)
    if found["kind"] != "power" or not any(cell["replicates"] for cell in found["cells"]):
        raise ConfigInvalid(
            "there is no power in it to explain", where=str(folder), remedy="run the study first: missingmodels power"
        )
    pages = write_explanation(found, output or folder / f"{EXPLAINED}.html")
    out({"pages": list(map(str, pages))}, as_json, "\n".join(map(str, pages)))


def _beside_of(grid: Any) -> Any:
    from missingmodels.studies.questions.misspecified import beside_grid

    return beside_grid(grid)


def _compute_beside(grid: Any, output: Path, workers: int | None, scheduler: str | None, *, quiet: bool) -> None:
    from missingmodels.studies.computing.progress import StudyProgress
    from missingmodels.studies.questions.misspecified import folder_of
    from missingmodels.studies.run import run_study

    doing("Simulating and fitting worlds that are not the model's")
    run_study(
        grid, folder_of(output), _backend(grid, workers, scheduler, quiet=quiet), report=StudyProgress(quiet=quiet)
    )


def _summary(store: Any, folder: Path) -> dict[str, Any]:
    """The study's summary, with the worlds beside it where they were run."""
    from missingmodels.errors import MissingModelsError
    from missingmodels.studies.answers.summary import summarise, with_lead
    from missingmodels.studies.computing.store import read_store
    from missingmodels.studies.questions.misspecified import beside_grid, folder_of, rows_of

    found = summarise(store)
    if not folder_of(folder).is_dir():
        return found
    try:
        beside = read_store(folder_of(folder))
        if beside.grid.digest != beside_grid(store.grid).digest:
            return found
    except MissingModelsError:
        return found
    return with_lead(found | {"misspecified": rows_of(summarise(beside))})


def _pilot(run: Path) -> None:
    from missingmodels.cli.robustness import known_tables
    from missingmodels.disclosure.record import Judged
    from missingmodels.fitting.stores.store import read_fit
    from missingmodels.frame.riskset import build_risk_set
    from missingmodels.plan import kept_plan
    from missingmodels.runs.write import evidence_path, fit_file, policy_of, read_run, tables_folder
    from missingmodels.studies.pilot import fullest_with_peers, notes_of, pilot_study, study_toml
    from missingmodels.tables import read_tables

    doing("Reading the run and its tables")
    evidence = read_run(run)
    plan = kept_plan(evidence.plan, where=str(evidence_path(run)))
    fit = read_fit(fit_file(run, *fullest_with_peers(evidence, plan)))
    tables = read_tables(known_tables(tables_folder(run), run))
    judged = Judged(policy_of(run, evidence))
    values = pilot_study(fit, tables, build_risk_set(tables, plan.frame), plan, judged)
    sys.stdout.write(study_toml(values, notes=notes_of(fit, tables)))


def _finish(grid: Any, output: Path, as_json: bool) -> None:
    from missingmodels.studies.answers.figures import write_summary
    from missingmodels.studies.answers.text import summary_text
    from missingmodels.studies.computing.store import Store

    doing("Summing up the study")
    found = _summary(Store(output, grid), output)
    page = write_summary(found, output)
    out(found | {"page": str(page)}, as_json, f"{summary_text(found)}\nPage: {page}")
    if not found["complete"]:
        raise typer.Exit(1)


def _backend(grid: Any, workers: int | None, scheduler: str | None, *, quiet: bool) -> Callable[[], Any]:
    from missingmodels.side_by_side import usable_cores
    from missingmodels.studies.computing.pool import Pool

    def make() -> Any:
        if scheduler is None:
            made: Any = Pool(grid.record(), workers or usable_cores())
        else:
            from missingmodels.studies.computing.cluster import Cluster

            made = Cluster(grid.record(), scheduler)
        if not quiet:
            say(f"Computing on {made.name}.")
        return made

    return make


def _one(grid: Any, text: str) -> None:
    from missingmodels.side_by_side import single_threads
    from missingmodels.studies.computing.batch import replicate_rows

    cell, _, index = text.partition(":")
    if not (cell.isdecimal() and index.isdecimal() and int(cell) < len(grid.cells)):
        raise ConfigInvalid(
            f"--replicate {text!r} is not CELL:INDEX", remedy=f"cells are 0 to {len(grid.cells) - 1}, as in 0:12"
        )
    with single_threads():
        rows = replicate_rows(grid, int(cell), int(index))
    sys.stdout.write(json.dumps(rows, indent=1, default=str) + "\n")


def _part(text: str | None) -> tuple[int, int]:
    if text is None:
        return 1, 1
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise ConfigInvalid(f"--array {text!r} is not I/N with I from 1 to N", remedy="for example --array 3/100")
    return int(number), int(of)
