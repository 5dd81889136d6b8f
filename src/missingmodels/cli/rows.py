"""The command ``fit-rows``: anybody's rows of counts, from a CSV file to a table of coefficients."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from missingmodels.cli.options import reserve
from missingmodels.disclosure.policy import Policy
from missingmodels.disclosure.words import scrubbed
from missingmodels.errors import ImportFault, InputError, RowsInvalid
from missingmodels.extract.ofsted.registration import is_scientific, loose
from missingmodels.extract.readers.cells import INVISIBLE, visible_text
from missingmodels.extract.readers.csv_files import csv_grid
from missingmodels.extract.readers.source_table import HEADER_WITHIN, header_at, require_few, title_notes
from missingmodels.frame.own_rows.check import names_of, read_question, row_list
from missingmodels.frame.own_rows.columns import columns_from_text


def read_rows(path: Path, names: Collection[str] = ()) -> pd.DataFrame:
    """A CSV file's rows as text, blank cells unrecorded, labelled by their line in the file.

    Lines above the one that names the columns are passed over where that holds two or more of ``names``.

    Raises InputError for a file that is not there or not CSV, RowsInvalid for a header that names a column twice or
    rows longer than it. ``attrs["notes"]`` has what is to be said of the file: its separator, lines above the names.
    """
    remedy = "name a CSV file in UTF-8 with one header line"
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), remedy=remedy)
    try:
        grid = csv_grid(path.read_bytes(), name=str(path), label=path.name)
        require_few(max(grid.lines[:HEADER_WITHIN], key=len, default=[]), where=str(path))
    except OSError as error:
        raise InputError(f"the file cannot be read ({error})", where=str(path), remedy=remedy) from error
    except ImportFault as error:
        raise InputError(error.what, where=str(path), remedy=error.remedy) from error
    at = header_at(grid.lines, [name.upper() for name in names])
    lines = [(number, line) for number, line in enumerate(grid.lines, start=1) if any(line) and number > at]
    if not lines:
        raise InputError("the file holds no line", where=str(path), remedy=remedy)
    (_, header), *records = lines
    _require_shape(header, records, where=str(path))
    # a column without a name is a spreadsheet's or R's own numbering of rows; no formula can name it
    places = [(name, i) for i, name in enumerate(header) if name]
    columns = {name: [visible_text(line[i]) if i < len(line) else "" for _, line in records] for name, i in places}
    index = pd.Index([number for number, _ in records], name="line", dtype="int64")
    frame = pd.DataFrame({name: pd.Series(cells, index=index, dtype="str") for name, cells in columns.items()})
    frame = frame.mask(frame == "")
    cleared = {name: sum(bool(INVISIBLE.search(line[i])) for _, line in records if i < len(line)) for name, i in places}
    frame.attrs["notes"] = [
        *(note.removeprefix(f"{path}: ") for note in grid.notes),
        *(note.removeprefix(f"{path}: ") for note in title_notes(str(path), grid.lines, at)),
        *(f"invisible characters were removed from {n} cells of {name}" for name, n in cleared.items() if n),
    ]
    return frame


def require_whole_units(frame: pd.DataFrame, ids: Sequence[str], *, where: str) -> None:
    """Raise RowsInvalid if identifiers were cut to numbers such as 1.23457E+11, by which many became one."""
    for name in (name for name in ids if name in frame):
        cells = frame[name].dropna()
        cut = is_scientific(cells)
        if cut.any():
            raise RowsInvalid(
                f"{name} is cut to a number in scientific notation in {row_list(cells.index[cut].tolist())}, so that "
                "different units became one",
                where=where,
                remedy="export it again with the column as text: what the spreadsheet cut off cannot be put back",
            )


def alike_ids(frame: pd.DataFrame, ids: Sequence[str]) -> list[str]:
    """A note on identifiers that differ by zeros, case or spaces only: they are taken for different units."""
    counts = {
        name: int(loose(pd.Series(frame[name].dropna().unique())).duplicated().sum()) for name in ids if name in frame
    }
    return [
        f"{count} of the different words of {name} differ from another by zeros, case or spaces only, and are units of "
        "their own"
        for name, count in counts.items()
        if count
    ]


def _require_shape(header: list[str], records: list[tuple[int, list[str]]], *, where: str) -> None:
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise RowsInvalid(
            f"columns named twice: {', '.join(twice)}", where=where, remedy="give every column a name of its own"
        )
    long = [number for number, line in records if any(line[len(header) :])]
    if long:
        raise RowsInvalid(
            f"more cells than the header has names in {row_list(long)}",
            where=where,
            remedy="put cells that hold a comma into quotation marks and export again",
        )


def prior_texts(given: list[str], preset: str) -> dict[str, str]:
    """Priors as the options give them: ``KEY=LAW(…)``. Raises RowsInvalid for one without its key."""
    wrong = [text for text in given if "=" not in text]
    if wrong:
        raise RowsInvalid(
            f"--prior {', '.join(map(repr, wrong))} names no parameter",
            remedy="write it as --prior 'coefficients=normal(0, 2.5)'",
        )
    return {"use": preset} | {key.strip(): law.strip() for key, law in (text.rsplit("=", 1) for text in given)}


def fit_file(
    data: Path,
    output: Path,
    *,
    overwrite: bool,
    quiet: bool,
    policy: Policy,
    keep_children: bool = False,
    **question: Any,
) -> tuple[Any, Path, Any]:
    """Fit a file's rows and write them; returns the fit, the path of its table and what of it may be shown.

    Nobody says where the rows came from, so they are treated as real.
    """
    from missingmodels.fitting.stores.store import LAYOUTS
    from missingmodels.runs.fit_folder import write_fit_folder

    reserve(output, kind=LAYOUTS["rows"].kind, overwrite=overwrite)
    home = question.get("home")
    ids = tuple(name for name in (question.get("child"), *(home or ())) if name)
    formula = read_question(question["formula"])[0]
    rows = read_rows(data, (*ids, *names_of(formula)))
    frame = columns_from_text(rows, formula, ids)
    require_whole_units(frame, ids, where=str(data))
    alike = alike_ids(frame, ids)
    # the sampler takes seconds to import, so a wrong file is told first
    from missingmodels.fitting.families.rows import fit_rows
    from missingmodels.terminal import Progress, say

    try:
        with Progress(quiet=quiet) as bar:
            found = fit_rows(frame, **question, progress=bar)
    except RowsInvalid as error:
        raise RowsInvalid(error.what, where=str(data), remedy=error.remedy) from error
    for note in (*rows.attrs["notes"], *found.design.notes, *alike):
        say(scrubbed(f"Note: {note}", policy))
    path, shown = write_fit_folder(
        found, output, policy=policy, origin={}, overwrite=overwrite, keep_children=keep_children
    )
    return found, path, shown


def head_text(found: Any) -> str:
    """What was fitted, in one line."""
    counts, said = found.design, found.certificate
    groups = [f"{len(g.ids)} of {g.column}" for g in counts.units.values()]
    head = f"{said['likelihood']}, {said['frailty']} frailty: {counts.y.sum()} events in {len(counts.y)} rows"
    return ", ".join([head, *groups])
