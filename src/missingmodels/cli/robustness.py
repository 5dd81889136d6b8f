"""The command that questions a run's answer to H1."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from missingmodels.cli.options import Disclosure, Json, Seed, hold, out
from missingmodels.terminal import Progress, doing

if TYPE_CHECKING:
    from missingmodels.disclosure.record import Judged
    from missingmodels.evidence.record import Evidence
    from missingmodels.evidence.robustness.battery import Battery
    from missingmodels.evidence.robustness.bench import Bench
    from missingmodels.plan import Plan
    from missingmodels.tables import Tables

TABLE, CURVE, PAGE, FIGURES = (
    f"release/{name}" for name in ("robustness.csv", "specification_curve.csv", "robustness.html", "figures")
)


def robustness(
    run: Annotated[Path, typer.Argument(help="Folder of a run (from fit or demo).")],
    tables: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of the run's tables, if it is no longer where it was."),
    ] = None,
    permutations: Annotated[int, typer.Option(help="Rearrangements of each randomisation test.", min=1)] = 999,
    curve: Annotated[bool, typer.Option(help="Fit the specification curve, which takes most of the time.")] = True,
    everything: Annotated[
        bool, typer.Option("--all", help="Also the checks that told nothing in simulated sectors.")
    ] = False,
    sampled: Annotated[
        bool, typer.Option("--sampled", help="Sample the frailty laws that the fast engine cannot fit: minutes.")
    ] = False,
    seed: Seed = 1,
    disclosure: Disclosure = None,
    as_json: Json = False,
) -> None:
    """Question a run's answer to H1: other windows, periods, peers, outcomes; each line with how often it is wrong."""
    from missingmodels.disclosure.battery import gated_battery
    from missingmodels.disclosure.record import Judged
    from missingmodels.evidence.robustness.battery import CHECKS, KEPT, run_battery
    from missingmodels.evidence.robustness.bench import Bench
    from missingmodels.plan import kept_plan
    from missingmodels.report.pages.battery_page import battery_text
    from missingmodels.runs.write import evidence_path, noise_of, policy_of, read_run, tables_folder
    from missingmodels.tables import read_tables

    hold(run)
    doing("Reading the run and its tables")
    place = tables_folder(run) if tables is None else tables
    evidence = read_run(run)
    plan = kept_plan(evidence.plan, where=str(evidence_path(run)))
    _require_enough(permutations, plan)
    model = _model(evidence, run)
    held = read_tables(known_tables(place, run))
    require_same(held, plan, model, plan.exposure.primary, evidence, run)
    bench = Bench(held, plan, model=model, seed=seed, permutations=permutations, sampled=sampled)
    with Progress(quiet=as_json) as progress:
        found = run_battery(bench, checks=CHECKS if everything else KEPT, curve=curve, report=progress)
    doing("Drawing figures and page")
    judged = Judged(policy_of(run, evidence, disclosure), noise_of(run))
    found = gated_battery(found, judged)
    page = _write(found, bench, evidence, run, judged)
    text = f"{battery_text(found, bench.plan)}\nTable: {run / TABLE}\nPage: {page}"
    out(found.as_dict() | {"table": str(run / TABLE), "page": str(page)}, as_json, text)


def _model(evidence: Evidence, run: Path) -> str:
    """The model whose answer to H1 is the primary one."""
    from missingmodels.errors import CannotAnswer

    models = [row.model for row in evidence.rows if row.hypothesis == "H1" and row.role == "primary"]
    if not models:
        raise CannotAnswer(
            "this run holds no answer to H1 to question", where=str(run), remedy="fit a plan with the model M1 or M3"
        )
    return models[0]


def _require_enough(permutations: int, plan: Plan) -> None:
    """Raise ConfigInvalid where the tests could not say influence whatever the data are."""
    from missingmodels.errors import ConfigInvalid
    from missingmodels.evidence.robustness.permutation import fewest_rearrangements

    least = fewest_rearrangements(plan.decision)
    if permutations < least:
        raise ConfigInvalid(
            f"with {permutations} rearrangements no p-value is as small as the plan’s rule asks",
            where="--permutations",
            remedy=f"ask for {least} or more",
        )


def known_tables(place: Path | None, run: Path) -> Path:
    """Where a run's tables are. Raises InputError where neither the run nor the user says."""
    from missingmodels.errors import InputError

    if place is None:
        raise InputError(
            "the run does not say where its tables are", where=str(run), remedy="name their folder with --tables"
        )
    return place


def require_same(tables: Tables, plan: Plan, model: str, exposure: str, evidence: Evidence, run: Path) -> None:
    """Raise InputError unless the tables give the very rows that the run fitted."""
    from missingmodels.errors import InputError
    from missingmodels.fitting.fit import data_digest
    from missingmodels.runs.answer import prepare

    key = model, exposure
    fitted = next(c for c in evidence.certificates if (c["model"], c["exposure"]) == key)
    if data_digest(prepare(tables, plan, fits=[key]).designs[key]) != fitted["data_digest"]:
        raise InputError(
            "these are not the tables that the run was fitted to",
            where=str(run),
            remedy="name the right folder with --tables, or fit again",
        )


def _write(found: Battery, bench: Bench, evidence: Evidence, run: Path, judged: Judged) -> Path:
    """Table, figures and page into the run's folder: all of them together, or none."""
    from missingmodels.disclosure.record import record_files
    from missingmodels.provenance import versions
    from missingmodels.report.pages.battery_page import battery_page, battery_pictures, battery_table
    from missingmodels.runs.write import renew_run
    from missingmodels.tables import is_simulated, kind_of
    from missingmodels.tables.csv_out import frame_csv, records_csv

    shown = battery_pictures(found, bench.plan)
    made = {
        "model": f"{found.model} with {found.exposure}, by the fast engine",
        "data": f"{found.homes} homes, {found.children} children, {found.resident_years:,} resident-years, "
        f"{found.onsets} onsets",
        "left out": ", ".join(bench.left_out) or "nothing that the plan asks",
        "seed": bench.seed,
        "rearrangements": bench.permutations,
        **versions(),
    }
    simulated = is_simulated(evidence.origin)
    origin = "Simulated data: no real child is in them." if simulated else "Of the run beside this page."
    page = battery_page(found, bench.plan, shown, origin=origin, made=made, simulated=simulated)
    files = {TABLE: frame_csv(battery_table(found, bench.plan)).encode("utf-8")}
    if found.curve:
        files[CURVE] = records_csv([one.as_dict() for one in found.curve]).encode("utf-8")
    files |= {f"{FIGURES}/{name}.png": picture["png"] for name, picture in shown.items()}
    files[PAGE] = page.encode("utf-8")
    # an earlier curve beside the new page would be taken for its own
    stale = {CURVE, f"{FIGURES}/specification_curve.png"} - set(files)
    for name, content in record_files(judged, files, origin=kind_of(evidence.origin), seeds=[bench.seed]).items():
        files[f"release/robustness_{name}"] = content
    renew_run(run, evidence, files, judged.policy, removed=tuple(sorted(stale)))
    return run / PAGE
