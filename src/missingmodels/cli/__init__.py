"""The command line: wiring only.

Exit codes: 0 fine, 1 a fault of the software (or a study that is not complete, a rerun that differs), 2 usage or bad
input, 3 diagnostics gate, 130 interrupted, 143 told to end by SIGTERM.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from missingmodels.cli import models
from missingmodels.cli.compare import compare
from missingmodels.cli.daily import fit_daily
from missingmodels.cli.grouped import Grouped
from missingmodels.cli.options import ended
from missingmodels.cli.outcomes import fit_outcome
from missingmodels.cli.plan import app as plan_app
from missingmodels.cli.priors import check_priors
from missingmodels.cli.publish import figure, methods, rerun, table
from missingmodels.cli.reading import data, importing
from missingmodels.cli.reading.official import official
from missingmodels.cli.robustness import robustness
from missingmodels.cli.stopping import Stopped, stoppable
from missingmodels.cli.studying.explorer import explorer
from missingmodels.cli.studying.pooling import pool, summarise
from missingmodels.cli.studying.power import power
from missingmodels.cli.studying.twin import twin
from missingmodels.errors import DiagnosticsFailed, InputError, MissingModelsError
from missingmodels.provenance import package_version
from missingmodels.terminal import encodable, never_silent, say
from missingmodels.writing import target_of

app = typer.Typer(
    cls=Grouped,
    help="Why do children go missing from residential care? Simulate or import data, fit models, weigh hypotheses.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
import_app = typer.Typer(help="Turn an extract into tables.", no_args_is_help=True, rich_markup_mode=None)

START, ANSWER, PUBLISH = "Start here", "Answer the questions", "Write it up"
OTHER, PLAN = "Other models", "Worlds and power"
import_app.command("ssda903")(importing.import_ssda903)
import_app.command("staffing")(importing.import_staffing)
import_app.command("mapping")(importing.import_mapping)
app.command(rich_help_panel=START)(models.demo)
app.add_typer(import_app, name="import", rich_help_panel=START)
app.command(rich_help_panel=START)(data.check)
app.command(rich_help_panel=START)(data.describe)
app.add_typer(plan_app, name="plan", rich_help_panel=START)
app.command("check-priors", rich_help_panel=ANSWER)(check_priors)
app.command(rich_help_panel=ANSWER)(models.fit)
app.command(rich_help_panel=ANSWER)(models.report)
app.command("robustness", rich_help_panel=ANSWER)(robustness)
app.command("compare", rich_help_panel=ANSWER)(compare)
app.command("summarise", rich_help_panel=ANSWER)(summarise)
app.command("pool", rich_help_panel=ANSWER)(pool)
app.command(rich_help_panel=PUBLISH)(figure)
app.command(rich_help_panel=PUBLISH)(table)
app.command(rich_help_panel=PUBLISH)(methods)
app.command(rich_help_panel=PUBLISH)(rerun)
app.command("fit-outcome", rich_help_panel=OTHER)(fit_outcome)
app.command("fit-daily", rich_help_panel=OTHER)(fit_daily)
app.command("fit-rows", rich_help_panel=OTHER)(models.fit_rows)
app.command(rich_help_panel=OTHER)(official)
app.command(rich_help_panel=PLAN)(data.simulate)
app.command("power", rich_help_panel=PLAN)(power)
app.command("explorer", rich_help_panel=PLAN)(explorer)
app.command("calibrate-world", rich_help_panel=PLAN)(data.calibrate_world)
app.command(rich_help_panel=PLAN)(data.export)
app.command("twin", rich_help_panel=PLAN)(twin)
app.command(rich_help_panel=PLAN)(data.network)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"missingmodels {package_version()}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What every command shares."""


TRACEBACK = "MISSINGMODELS_TRACEBACK"


def main() -> None:
    """Run the command line, turning every error into a message and an exit code."""
    as_json = "--json" in sys.argv[1:]
    encodable(sys.stdout)
    encodable(sys.stderr)
    try:
        with stoppable(), never_silent(quiet=as_json), ended():
            _run()
    except Stopped as stopped:
        say(str(stopped))
        sys.exit(stopped.exit_code)
    except MissingModelsError as error:
        _say(error.as_typed(), as_json)
    except BrokenPipeError:
        # the reader went away (for example `| head`); there is nobody left to tell, at the interpreter's end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        place = "" if error.filename is None else str(target_of(Path(os.fsdecode(error.filename))))
        remedy = "look at its permissions and at the room on the disk, or choose another place"
        _say(InputError(error.strerror or str(error), where=place, remedy=remedy), as_json)
    except Exception as error:
        _say(_fault(error), as_json)


def _run() -> None:
    try:
        app()
    finally:
        if not isinstance(sys.exception(), Exception):
            sys.stdout.flush()  # a full disk is told here, and not by the interpreter after its end


def _fault(error: Exception) -> MissingModelsError:
    """What is said of an error that nobody foresaw: a library's, or this package's own."""
    told = " ".join(str(error).split())
    where = f"missingmodels {' '.join(sys.argv[1:2])}".strip()
    fault = MissingModelsError(
        f"an unforeseen fault, {type(error).__name__}: {told[:_MOST]}",
        where=where,
        remedy=f"run again with {TRACEBACK}=1 in the environment to see where it arose, and report that text to those "
        "who keep missingmodels, once you have looked that it holds no child's data",
    )
    fault.exit_code = 1
    return fault


_MOST = 400  # characters of a foreign error that are shown


def _say(error: MissingModelsError, as_json: bool) -> NoReturn:
    """The message of an error, and the end. What did not converge may hang on a group of one, so none is named."""
    if isinstance(error, DiagnosticsFailed):
        from missingmodels.disclosure.words import without_levels

        error = DiagnosticsFailed(without_levels(error.what), where=error.where, remedy=error.remedy)
    if os.environ.get(TRACEBACK):
        traceback.print_exc()
    if as_json:
        body = {"error": type(error).__name__, "what": error.what, "where": error.where, "remedy": error.remedy}
        sys.stdout.write(json.dumps(body, indent=1) + "\n")
    kind = "Not converged" if isinstance(error, DiagnosticsFailed) else "Error"
    say(f"{kind}: {error}")
    sys.exit(error.exit_code)
