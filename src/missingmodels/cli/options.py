"""Options that commands share, and how they print."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from missingmodels.side_by_side import side_by_side, usable_cores
from missingmodels.terminal import Progress, show, width_of
from missingmodels.writing import claim, parts_of, require_free, require_place, undisturbed

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
Out = Annotated[Path, typer.Option("--output", "-o", help="Folder to write; it appears whole or not at all.")]
KeyFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--key", help="File with a secret: identifiers become keyed hashes, births months. Kept nowhere."),
]
DatesChecked = Annotated[
    bool,
    typer.Option("--dates-checked", help="The dates are right though a workbook seems to have swapped day and month."),
]
Accept = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--accept", metavar="RULE", help="Go on though this rule refuses the import; it is told; repeat."),
]
Dates = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--dates",
        metavar="FORM",
        help="How dates are written where it is not DD/MM/YYYY, ISO, D Mon YYYY or a serial number: DD-MON-YY "
        "(01-APR-23), DD/MM/YY, D/M/YYYY, SERIAL1904.",
    ),
]
WordsFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--words",
        help="TOML file that says what local words mean: [missing_type], [place], [ls], [rne], [rec], [sex] and so on "
        "of a return; [shift], [contract], [role] of staff.",
    ),
]
Seed = Annotated[int, typer.Option(help="Root seed; every random stream is named and derives from it.", min=0)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier output of the same kind.")]
TablesFolder = Annotated[Path, typer.Argument(help="Folder of tables (from simulate or import).", metavar="TABLES")]
PlanName = Annotated[str, typer.Option("--plan", help="A plan's TOML file, or one that ships: default, demo.")]
PlanOrFrozen = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--plan",
        help="A plan's TOML file, or one that ships: default, demo, h1, h2. Left out: --frozen's, else default.",
    ),
]
Frozen = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--frozen",
        metavar="RECORD",
        help="A plan fixed beforehand (plan freeze); the report lists what departs from it.",
    ),
]
Allow = Annotated[
    bool, typer.Option("--allow-unconverged", help="Keep fits that fail the gate; the report marks them red.")
]


KeepChildren = Annotated[
    bool,
    typer.Option("--keep-children", help="Keep draws of single children in private/; they are worked out anew if not."),
]
Disclosure = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--disclosure",
        metavar="POLICY",
        help="What may leave: generic, opensafely_like, none, or a policy's TOML file. Left out: none for simulated "
        "data, generic for all others; of a run that is there, its own.",
    ),
]
Engine = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(help="nuts, laplace (fast, approximate but weighted and checked) or auto; the plan's if left out."),
]


_held = ExitStack()
# What processes need that judge chains and make refits.
REFITTING = (
    "missingmodels.evidence.own_history",
    "missingmodels.fitting.nuts.chains",
    "missingmodels.report.figures.pictures",
)


@contextmanager
def drawing(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A stage in which figures and pages are made; what it gives hears how many of how many are."""
    with Progress(quiet=quiet) as progress:
        told = functools.partial(progress, "Drawing figures and pages")
        told(0, 0)
        yield told
        told(1, 1)


def reserve(place: Path, *, kind: str = "", overwrite: bool = False) -> None:
    """Claim a place for the command until it ends, so that a second one is refused before its work.

    With a ``kind`` the place is a folder of that format, and must be free for it. Raises InputError.
    """
    require_place(place)
    keep(claim(place))
    if kind:
        require_free(place, kind=kind, overwrite=overwrite)


def hold(folder: Path) -> None:
    """Claim a folder whose files the command renews; one that is not there is left to whoever reads it to say."""
    if folder.is_dir() or parts_of(folder):
        keep(claim(folder))


def keep(held: AbstractContextManager[Any]) -> None:
    """Enter a claim, or whatever else a command holds, until it ends."""
    _held.enter_context(held)


def spread(*ready: str) -> None:
    """Let the command work in as many processes as there are cores; the others import the modules ``ready`` at once."""
    keep(side_by_side(usable_cores() - 1, ready=ready))


@contextmanager
def ended() -> Iterator[None]:
    """Give up what the command holds when the block ends."""
    try:
        yield
    finally:
        with undisturbed():
            _held.close()


IntervalMass = Annotated[
    float, typer.Option(help="Mass of the equal-tailed intervals.", min=0.01, max=0.999, show_default=True)
]


def told(certificate: Any, policy: Any) -> dict[str, Any]:
    """A fit's certificate as it may be shown."""
    from missingmodels.disclosure.gate import gated_certificate
    from missingmodels.disclosure.record import Judged

    return gated_certificate(certificate, Judged(policy))


def table_text(found: Any, title: str, table: Any) -> str:
    """A table of a fit for the terminal: median, interval, effective draws, R-hat."""
    span = f"{100 * found.decision.interval_mass:g} % interval"
    if table.empty:
        return f"{title}s: none may be told under the policy of disclosure"
    width = max(len(title), table.index.astype(str).str.len().max())
    lines = [f"{title:<{width}}  {'median':>9}  {span:>20}  {'ESS':>6}  {'R-hat':>6}"]
    for name, line in table.iterrows():
        interval = f"{line['low']:.3f} to {line['high']:.3f}"
        size = min(line["ess_bulk"], line["ess_tail"])
        lines.append(f"{name:<{width}}  {line['median']:>9.3f}  {interval:>20}  {size:>6.0f}  {line['r_hat']:>6.3f}")
    return "\n".join(lines)


def columns() -> int:
    """Of standard output; a hundred where it has none."""
    return width_of(sys.stdout) or 100


def out(body: Any, as_json: bool, text: str) -> None:
    """Print one JSON object, or lines for readers."""
    if as_json:
        sys.stdout.write(json.dumps(body, default=str, indent=1) + "\n")
    else:
        show(text)
