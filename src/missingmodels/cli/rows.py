"""The command ``fit-rows``: anybody's rows of counts, from a CSV file to a table of coefficients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from missingmodels.errors import InputError, RowsInvalid
from missingmodels.writing import require_free


def read_rows(path: Path) -> pd.DataFrame:
    """A CSV file's rows, labelled by their line in the file. Raises InputError for a file that is not one."""
    remedy = "name a CSV file in UTF-8 with one header line"
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), remedy=remedy)
    try:
        frame = pd.read_csv(path, skip_blank_lines=False, index_col=False)
    except (OSError, ValueError) as error:  # pandas' own errors and broken text are ValueErrors
        raise InputError(f"the file cannot be read as CSV ({error})", where=str(path), remedy=remedy) from error
    frame.index = pd.RangeIndex(2, 2 + len(frame), name="line")
    return frame


def prior_texts(given: list[str], preset: str) -> dict[str, str]:
    """Priors as the options give them: ``KEY=LAW(…)``. Raises RowsInvalid for one without its key."""
    wrong = [text for text in given if "=" not in text]
    if wrong:
        raise RowsInvalid(
            f"--prior {', '.join(map(repr, wrong))} names no parameter",
            remedy="write it as --prior 'coefficients=normal(0, 2.5)'",
        )
    return {"use": preset} | {key.strip(): law.strip() for key, law in (text.rsplit("=", 1) for text in given)}


def fit_file(data: Path, output: Path, *, overwrite: bool, quiet: bool, **question: Any) -> tuple[Any, Path]:
    """Fit a file's rows and write them; returns the fit and the path of its table."""
    from missingmodels.fit.store import LAYOUTS, write_fit_folder

    require_free(output, kind=LAYOUTS["rows"].kind, overwrite=overwrite)
    frame = read_rows(data)
    from missingmodels.fit.rows import fit_rows
    from missingmodels.terminal import Progress, say

    try:
        with Progress(quiet=quiet) as bar:
            found = fit_rows(frame, **question, progress=bar)
    except RowsInvalid as error:
        raise RowsInvalid(error.what, where=str(data), remedy=error.remedy) from error
    for note in found.design.notes:
        say(f"Note: {note}")
    return found, write_fit_folder(found, output, overwrite=overwrite)


def head_text(found: Any) -> str:
    """What was fitted, in one line."""
    counts, said = found.design, found.certificate
    groups = [f"{len(g.ids)} of {g.column}" for g in ((counts.child,) if counts.child else ()) + counts.homes]
    head = f"{said['likelihood']}, {said['frailty']} frailty: {counts.y.sum()} events in {len(counts.y)} rows"
    return ", ".join([head, *groups])
