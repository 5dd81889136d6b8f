"""Commands that make figures, tables and words for a paper of a run; all read what it has released."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from missingmodels.cli.options import Json, Overwrite, out, reserve
from missingmodels.publish.names import BATTERY_FIGURES, FIGURES, RUN_FIGURES, STUDY_FIGURES, TABLES
from missingmodels.terminal import doing

FigureName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help=f"Of a run: {', '.join(RUN_FIGURES)}; after `robustness`: {', '.join(BATTERY_FIGURES)}; of a study: "
        f"{', '.join(STUDY_FIGURES)}.",
    ),
]
TableName = Annotated[
    str, typer.Argument(metavar="NAME", help=f"One of {', '.join(TABLES[:-1])}; of a study: {TABLES[-1]}.")
]
Folder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run (from fit or demo), or of a study.")]


def figure(
    name: FigureName,
    run: Folder,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .pdf, .svg or .png.")],
    data: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="CSV file for the data that the figure shows.", metavar="FILE.csv"),
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Draw one figure of a run or a study for a paper, from what was released.

    Settings of matplotlib (a matplotlibrc) hold. The description for those who cannot see it is inside the file.
    """
    from missingmodels.publish.figure import figure_of
    from missingmodels.report.figures.drawn import kind_of_file
    from missingmodels.tables.csv_out import frame_csv
    from missingmodels.writing import require_new, write_whole

    require_name(name, FIGURES, "figure")
    kind = kind_of_file(output)
    reserve(output)
    require_new([output, *([data] if data else [])], overwrite=overwrite)
    doing("Drawing the figure")
    found = figure_of(name, run)
    content = found.content(kind)
    if data is not None:
        write_whole(data, frame_csv(found.data).encode("utf-8"))
    write_whole(output, content)
    body = {"figure": name, "output": str(output), "data": None if data is None else str(data), "alt": found.alt}
    out(body | {"caption": found.caption}, as_json, f"{found.title}. {found.caption}\nFigure: {output}")


def table(
    name: TableName,
    run: Folder,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .html, .docx, .tex or .csv.")],
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Set one table of a run or a study for a paper, from what was released. CSV has its numbers unrounded."""
    require_name(name, TABLES, "table")
    from missingmodels.publish.table_files import kind_of_table, table_file
    from missingmodels.publish.tabled import table_of
    from missingmodels.writing import require_new, write_whole

    kind = kind_of_table(output)
    reserve(output)
    require_new([output], overwrite=overwrite)
    doing("Setting the table")
    found = table_of(name, run)
    write_whole(output, table_file(found, kind))
    body = {"table": name, "output": str(output), "rows": len(found.rows)}
    out(body, as_json, f"{found.title}: {len(found.rows)} rows.\nTable: {output}")


def methods(
    run: Annotated[Path, typer.Argument(help="Folder of a run (from fit or demo).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .md or .docx.")],
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write methods and results of a run in paragraphs, with STROBE/RECORD and BARG filled in where it knows."""
    from missingmodels.errors import ConfigInvalid
    from missingmodels.publish.methods import markdown, sections, word
    from missingmodels.publish.reading import released_evidence
    from missingmodels.writing import require_new, write_whole

    kinds = {".md": markdown, ".docx": word}
    if output.suffix.lower() not in kinds:
        raise ConfigInvalid(
            "methods cannot be written in such a file", where=str(output), remedy="let the name end in .md or .docx"
        )
    reserve(output)
    require_new([output], overwrite=overwrite)
    doing("Writing methods and results")
    evidence = released_evidence(run)
    write_whole(output, kinds[output.suffix.lower()](evidence))
    told = [one.title for one in sections(evidence)]
    out({"output": str(output), "sections": told}, as_json, f"Sections: {', '.join(told)}\nText: {output}")


def rerun(
    run: Annotated[Path, typer.Argument(help="Folder of a run (from fit or demo).")],
    tables: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of the run's tables, if it is no longer where it was."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fit a run's plan again to the same data, and say whether the numbers are the same. Writes nothing.

    Exit code 1 where data or numbers differ; each difference is listed, those of versions too.
    """
    from missingmodels.cli.options import REFITTING, spread
    from missingmodels.cli.robustness import known_tables
    from missingmodels.publish.rerun import rerun as again
    from missingmodels.publish.rerun import rerun_text
    from missingmodels.runs.write import tables_folder
    from missingmodels.terminal import Progress

    place = known_tables(tables_folder(run) if tables is None else tables, run)
    spread(*REFITTING)
    doing("Reading the run and its tables")
    with Progress(quiet=as_json) as progress:
        found = again(run, place, progress=progress)
    out(found.as_dict(), as_json, rerun_text(found))
    if not found.same:
        raise typer.Exit(1)


def require_name(name: str, known: tuple[str, ...], what: str) -> None:
    """Raise ConfigInvalid for a name that is not known: before anything is read."""
    from missingmodels.config import nearest
    from missingmodels.errors import ConfigInvalid

    if name not in known:
        raise ConfigInvalid(
            f"no {what} is called {name!r}{nearest(name, known)}", remedy=f"choose one of {', '.join(known)}"
        )
