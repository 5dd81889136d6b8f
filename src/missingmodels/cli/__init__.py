"""The command line: wiring only. Exit codes: 0 fine, 2 usage or bad input, 3 diagnostics gate, 130 interrupted."""

from __future__ import annotations

import json
import signal
import sys
from typing import NoReturn

import typer

from missingmodels.cli import data, importing, models
from missingmodels.cli.compare import compare
from missingmodels.cli.daily import fit_daily
from missingmodels.cli.official import official
from missingmodels.cli.outcomes import fit_outcome
from missingmodels.cli.power import power
from missingmodels.cli.priors import check_priors
from missingmodels.cli.robustness import robustness
from missingmodels.errors import DiagnosticsFailed, InputError, MissingModelsError

app = typer.Typer(
    help="Why do children go missing from residential care? Simulate or import data, fit models, weigh hypotheses.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
import_app = typer.Typer(help="Turn an extract into tables.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(import_app, name="import")

app.command()(models.demo)
app.command()(data.simulate)
import_app.command("ssda903")(importing.import_ssda903)
import_app.command("staffing")(importing.import_staffing)
import_app.command("mapping")(importing.import_mapping)
app.command()(data.export)
app.command()(data.check)
app.command()(data.describe)
app.command("calibrate-world")(data.calibrate_world)
app.command()(data.network)
app.command("check-priors")(check_priors)
app.command()(models.fit)
app.command()(models.report)
app.command("fit-rows")(models.fit_rows)
app.command("fit-outcome")(fit_outcome)
app.command("fit-daily")(fit_daily)
app.command("power")(power)
app.command("robustness")(robustness)
app.command("compare")(compare)
app.command()(official)


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
        _say(error.as_typed(), as_json)
    except _Interrupted:
        sys.stderr.write("Interrupted; nothing was written.\n")
        sys.exit(130)
    except BrokenPipeError:
        # the reader went away (for example `| head`); there is nobody left to tell
        sys.exit(0)
    except OSError as error:
        remedy = "look at its permissions and at the room on the disk, or choose another place"
        _say(InputError(error.strerror or str(error), where=str(error.filename or ""), remedy=remedy), as_json)


def _say(error: MissingModelsError, as_json: bool) -> NoReturn:
    """The message of an error, and the end."""
    if as_json:
        body = {"error": type(error).__name__, "what": error.what, "where": error.where, "remedy": error.remedy}
        sys.stdout.write(json.dumps(body, indent=1) + "\n")
    kind = "Not converged" if isinstance(error, DiagnosticsFailed) else "Error"
    sys.stderr.write(f"{kind}: {error}\n")
    sys.exit(error.exit_code)
