"""The dates of a return's tables: read column by column, placeholders for "no end" told, unreadable ones judged."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.ledger import FAULTS_SHOWN, follow, set_aside
from missingmodels.extract.readers.cells import quotable
from missingmodels.extract.readers.dates import (
    BRITISH,
    SERIAL,
    Form,
    column_dates,
    date_faults,
    open_ends_blank,
    told,
    way_on,
)
from missingmodels.extract.readers.source_table import SourceTable
from missingmodels.extract.returns import layout
from missingmodels.extract.returns.together.identity import require_whole_ids
from missingmodels.extract.words import Words
from missingmodels.tables.judgement import Judgement

PREFIX = {"header": "header", "episodes": "epi", "missing": "mis", "uasc": "uasc"}
SPANS = {"header": ("birth",), "episodes": ("start", "end"), "missing": ("start", "end"), "uasc": ("until",)}
OFTEN = 3  # the same bad cell so often is a word for something, not a slip


def working_frame(
    file: SourceTable, table: str, form: Form | None, own: Words
) -> tuple[pd.DataFrame, list[str], list[Judgement], bool]:
    """The table's frame with dates read, notes on how, what was judged, and whether any were serial numbers.

    ``form`` is one that somebody declared, ``own`` are a user's words for codes.
    """
    form = form or file.serial
    held, notes, judged = layout.needed_columns(file, table, own)
    require_whole_ids(held["CHILD"], held["row"], where=file.name, column="CHILD")
    frame = follow(held, file=file.name, table=table)
    serial = False
    columns = dict(zip(layout.DATES[table], SPANS[table], strict=True))
    if "DOB" in frame and table == "missing":
        columns["DOB"] = "told_birth"
    for column, new in columns.items():
        text, opened = open_ends_blank(frame[column], form if column in layout.ENDS else None)
        if column in layout.ENDS and opened:
            frame[column] = text
            words = ", ".join(f"{count} hold {quotable(word)}" for word, count in opened.items())
            notes.append(f"{file.name}: in {column} {words}: read as open")
        frame[new], found = column_dates(text, form)
        if found is not BRITISH and (text != "").any():
            notes.append(f"{file.name}: {column} read as {found.name}")
        serial |= found is SERIAL
    return frame, notes, judged, serial


def judge_dates(
    frames: Mapping[str, pd.DataFrame], *, units: Mapping[str, str], tolerant: bool
) -> dict[str, pd.DataFrame]:
    """Refuse unreadable dates, all in one error, or set their rows aside: none may ever be read as open."""
    judged, lines, values = {}, [], []
    for table, frame in frames.items():
        # A row without a child is set aside anyway, for instance a line of totals.
        held = frame[frame["CHILD"] != ""]
        faults = date_faults(
            held, dict(zip(layout.DATES[table], SPANS[table], strict=True)), required=layout.DATES_REQUIRED[table]
        )
        file = frame["file"].iloc[0] if len(frame) else ""
        values.append(faults["value"])
        lines += [
            f"{file} {units[file]} {row}, {column}: {told(value)}"
            for row, column, value in faults.itertuples(index=False)
        ]
        if tolerant:
            _require_open_ends(held, faults, file=file)
        frame = set_aside(frame, frame["CHILD"] == "", "child_blank", "CHILD is blank")
        judged[table] = set_aside(
            frame,
            frame["row"].isin(faults["row"]),
            f"{PREFIX[table]}_bad_date",
            "a date is blank or not written as the column's others",
        )
    if lines and not tolerant:
        shown = "\n  ".join(lines[:FAULTS_SHOWN])
        more = f" (the first {FAULTS_SHOWN} are listed)" if len(lines) > FAULTS_SHOWN else ""
        raise ImportFault(
            f"{len(lines)} date{'' if len(lines) == 1 else 's'} cannot be read{more}\n  {shown}",
            remedy=f"{way_on(pd.concat(values))}; or set_aside_bad_dates to leave the rows out",
        )
    return judged


def _require_open_ends(frame: pd.DataFrame, faults: pd.DataFrame, *, file: str) -> None:
    """Raise ImportFault where a word that stands for "no end" would take the open spans with it.

    A bad cell without a digit, or one that comes again and again, is such a word. The rows may be set aside while the
    column keeps more open ends than that.
    """
    for column in layout.ENDS:
        if column not in frame:
            continue
        bad = faults.loc[faults["column"] == column, "value"]
        times = bad.map(bad.value_counts())
        word = ~bad.str.contains(r"\d").astype(bool) | ((times >= OFTEN) & (times >= len(bad) / 2))
        if word.sum() > 1 and word.sum() >= (frame[column] == "").sum():
            shown = ", ".join(map(quotable, bad[word].drop_duplicates().head(FAULTS_SHOWN)))
            raise ImportFault(
                f"{column} holds {shown} in {int(word.sum())} rows and is blank in "
                f"{int((frame[column] == '').sum())}: to set those rows aside would leave out what has not ended",
                where=file,
                remedy=f"leave {column} blank where it stands for no end, and import again",
            )
