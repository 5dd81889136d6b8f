"""A crosswalk of identifiers: a file of two columns, what one source calls a child and what the tables call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.cells import ids_with_nulls_blank, visible
from missingmodels.extract.csv_files import csv_grid
from missingmodels.extract.ledger import FAULTS_SHOWN
from missingmodels.extract.source_table import table_of


@dataclass(frozen=True, kw_only=True)
class Crosswalk:
    """``ids``: the tables' identifier by the source's; ``name`` the file."""

    ids: Mapping[str, str]
    name: str


def read_crosswalk(path: Path) -> Crosswalk:
    """Read a crosswalk: the first column holds the source's identifiers, the second the tables'.

    Raises InputError for no such file, ImportFault where it has not two columns or gives one identifier two meanings.
    """
    if not path.is_file():
        raise InputError("there is no such crosswalk", where=str(path), remedy="name a .csv file of two columns")
    table = table_of(csv_grid(path.read_bytes(), name=path.name, label=path.name), comma_separated=True)
    if len(table.columns) != 2:
        raise ImportFault(
            f"it has {len(table.columns)} columns, a crosswalk has two",
            where=path.name,
            remedy="first the identifier in the other file, then that in the tables, below a line of names",
        )
    pairs = table.frame.drop(columns="row").apply(lambda cells: ids_with_nulls_blank(visible(cells)[0]))
    pairs = pairs[(pairs != "").all(axis=1)].drop_duplicates()
    source, known = pairs.columns
    twice = pairs[source].duplicated(keep=False)
    if twice.any():
        rows = ", ".join(table.frame.loc[pairs.index[twice], "row"].head(FAULTS_SHOWN).astype(str))
        raise ImportFault(
            f"{pairs.loc[twice, source].nunique()} identifiers have two meanings, in rows {rows}",
            where=path.name,
            remedy="keep one line for each identifier",
        )
    return Crosswalk(ids=dict(zip(pairs[source], pairs[known], strict=True)), name=path.name)
