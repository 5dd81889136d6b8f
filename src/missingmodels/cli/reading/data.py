"""Commands about data: simulate, export, check, describe, calibrate-world, network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from missingmodels.cli.options import Disclosure, Json, Out, Overwrite, PlanName, Seed, TablesFolder, out, reserve
from missingmodels.terminal import doing, say, table


def simulate(
    output: Out,
    scenario_name: Annotated[
        str,
        typer.Option(
            "--scenario",
            help="A scenario's TOML file, or tiny, small, demo, null, homophily_only, shocks_only, region, england.",
        ),
    ] = "small",
    seed: Seed = 1,
    shifts: Annotated[
        bool, typer.Option("--shifts", help="Write every shift of the rota, too: millions of rows.")
    ] = False,
    log_exposures: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option(help="Log each resident-day's exposures; by default up to 2,000 homes."),
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Simulate a sector of homes and write its tables, with the truth beside them."""
    from missingmodels.presets import load_scenario
    from missingmodels.simulate.records.store import write_world
    from missingmodels.simulate.world import simulate_world
    from missingmodels.tables.store import FORMAT

    reserve(output, kind=FORMAT, overwrite=overwrite)
    scenario = load_scenario(scenario_name)
    logged = scenario.homes.count <= 2000 if log_exposures is None else log_exposures
    doing("Simulating the sector")
    world = simulate_world(scenario, seed=seed, log_exposures=logged)
    doing("Writing the tables")
    write_world(world, output, overwrite=overwrite, shifts=shifts)
    counts = {name: len(frame) for name, frame in world.tables.frames.items()}
    out({"output": str(output), "rows": counts}, as_json, table("Rows written", counts) + f"\nTables: {output}")


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
    from missingmodels.export.files import EXPORT_FORMAT, export_files
    from missingmodels.export.quirks import quirks_of
    from missingmodels.tables import read_tables, require_valid

    reserve(output, kind=EXPORT_FORMAT, overwrite=overwrite)
    doing("Reading the tables")
    dials, held = quirks_of(quirks), read_tables(tables)
    require_valid(held, where=str(tables))
    doing("Writing the files")
    written = export_files(
        held,
        output,
        of_authorities=authority or (),
        years=year or (),
        quirks=dials,
        seed=seed,
        overwrite=overwrite,
    )
    out({"output": str(output), "files": written}, as_json, "\n".join([*written, f"Files: {output}"]))


def check(tables: TablesFolder, as_json: Json = False) -> None:
    """Validate tables: every fault at once, with rows and remedy. Exit code 2 if there are errors."""
    from missingmodels.tables import check_tables, read_tables

    doing("Checking the tables")
    found = check_tables(read_tables(tables))
    errors = sum(f.severity == "error" for f in found)
    text = "\n".join([*map(str, found), f"{errors} errors, {len(found) - errors} warnings"])
    out({"errors": errors, "findings": [f.as_dict() for f in found]}, as_json, text)
    if errors:
        raise typer.Exit(2)


def describe(
    tables: TablesFolder,
    plan_name: PlanName = "default",
    figures: Annotated[Optional[Path], typer.Option(help="Folder to write the calibration figure into.")] = None,  # noqa: UP045
    disclosure: Disclosure = None,
    as_json: Json = False,
) -> None:
    """Say what tables hold: children, homes, episodes, rates, coverage; and set it beside published figures."""
    from missingmodels.disclosure.described import described, gated_measures
    from missingmodels.disclosure.policy import policy_for
    from missingmodels.disclosure.record import Judged
    from missingmodels.frame.describe import describe as run
    from missingmodels.frame.describe import largest_shares
    from missingmodels.frame.published.calibration import compare, measure_targets
    from missingmodels.presets import load_plan
    from missingmodels.report.calibration import calibration_text
    from missingmodels.runs.register import register
    from missingmodels.tables import read_tables, require_valid

    if figures is not None:
        from missingmodels.runs.calibrate import FIGURE
        from missingmodels.writing import require_new

        require_new([figures / FIGURE], overwrite=True)
        reserve(figures / FIGURE)
    doing("Reading the tables")
    held = read_tables(tables)
    require_valid(held, where=str(tables))
    doing("Counting, and measuring what is published")
    policy, frame = policy_for(held.origin, disclosure), load_plan(plan_name).frame
    near = register(held, frame, policy, beside=tables, what="description")
    judged = Judged(policy, near.noise_key)
    largest = largest_shares(held, frame)
    found = described(run(held, frame), judged, largest=largest)
    episodes = found["episodes"]
    flat = {k.replace("_", " "): v for k, v in found.items() if k not in ("episodes", "own")}
    beside = gated_measures(compare([measure_targets(held)]), judged, largest=largest)
    own = [table("Variables of one's own", found["own"])] if found.get("own") else []
    text = [table(f"{tables}", flat), table("Where the episodes went", episodes), *own, "", calibration_text(beside)]
    if figures is not None:
        from missingmodels.runs.calibrate import write_calibration_figure

        text.append(f"\nFigure: {write_calibration_figure(beside, figures)}")
    body = found | {"calibration": [c.as_dict() for c in beside]}
    if judged.policy.active:
        body["disclosure"] = {"policy": judged.policy.name, "blocked": [one.as_dict() for one in judged.blocked]}
        text.append(f"\nBlocked by the policy of disclosure “{judged.policy.name}”: {len(judged.blocked)} outputs.")
    out(body, as_json, "\n".join(text))


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
    from missingmodels.presets import load_scenario
    from missingmodels.report.calibration import calibration_text
    from missingmodels.runs.calibrate import FORMAT, with_homes, write_calibration
    from missingmodels.runs.calibrate import calibrate_world as run

    reserve(output, kind=FORMAT, overwrite=overwrite)
    scenario = with_homes(load_scenario(scenario_name), homes)

    def progress(done: int, total: int) -> None:
        if not as_json:
            say(f"Simulated and measured {done} of {total} worlds")

    doing("Simulating and measuring worlds")
    found = run(scenario, range(seed, seed + seeds), report=progress)
    doing("Drawing figure and page")
    page = write_calibration(found, output, overwrite=overwrite)
    out(found.as_dict() | {"page": str(page)}, as_json, f"{calibration_text(found.compared)}\n\nPage: {page}")


def network(
    tables: TablesFolder,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .png file to write.")],
    day: Annotated[str, typer.Option(help="The day to draw, as 2024-06-01.")],
    home: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="A home to draw; repeat for several. By default the first 60 with residents."),
    ] = None,
    plan_name: PlanName = "default",
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Draw residents and their ties on one day of a simulated sector, episodes of the plan's exposure window marked."""
    from datetime import date

    from missingmodels.errors import InputError
    from missingmodels.evidence.figures.network_day import network_day
    from missingmodels.presets import load_plan
    from missingmodels.report.figures.network_day import network_day as draw
    from missingmodels.report.figures.style import png
    from missingmodels.tables import read_tables
    from missingmodels.writing import require_new, write_whole

    try:
        asked = date.fromisoformat(day)
    except ValueError:
        raise InputError(f"{day!r} is no day", remedy="write it as 2024-06-01") from None
    window = load_plan(plan_name).exposure.window_days
    reserve(output)
    require_new([output], overwrite=overwrite)
    doing("Drawing who is tied to whom")
    found = network_day(read_tables(tables), asked, homes=home or (), window_days=window)
    write_whole(output, png(draw(found)))
    counts = {"residents": len(found["children"]), "ties": len(found["ties"]), "homes drawn": len(found["homes"])}
    out({"output": str(output), **counts}, as_json, table(f"{asked}", counts) + f"\nFigure: {output}")
