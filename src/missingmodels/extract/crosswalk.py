"""Crosswalks of identifiers: a CSV of two columns that says which ids of the files mean one child, home or worker.

The first column holds an id as the files have it, the second the one it is known by: ``--same-child``, ``--same-home``,
``--same-staff``, or ``crosswalk`` in a mapping. A blank second cell says that the id is nobody else's, however alike
another looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.readers.cells import ids_with_nulls_blank, visible
from missingmodels.extract.readers.csv_files import csv_grid
from missingmodels.extract.readers.source_table import table_of
from missingmodels.tables.keys import stands_in


@dataclass(frozen=True)
class Crosswalk:
    """``known_by`` is the id by which each id is known, chains followed; ``alone`` are ids declared nobody else's."""

    known_by: Mapping[str, str] = field(default_factory=dict)
    alone: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.known_by)

    def apply(self, ids: pd.Series) -> pd.Series:
        """The ids, each as it is known by."""
        hit = stands_in(ids, pd.Series(list(self.known_by), dtype="str"))
        return ids.mask(hit, ids[hit].map(dict(self.known_by))) if hit.any() else ids

    def spelt(self, how: Callable[[pd.Series], pd.Series]) -> Crosswalk:
        """The crosswalk with its ids spelt in one way, as the ids it is to be applied to."""

        def words(ids: Iterable[str]) -> list[str]:
            return how(pd.Series(list(ids), dtype="str")).tolist()

        known_by = dict(zip(words(self.known_by), words(self.known_by.values()), strict=True))
        return Crosswalk(known_by, frozenset(words(self.alone)))

    def note(self, ids: pd.Series, what: str) -> str:
        """How much of it was used, in words."""
        met = int(pd.Series(list(self.known_by)).isin(ids.unique()).sum())
        return f"crosswalk: {met} of its {len(self)} ids of {what} stand in the files, and were replaced"


def read_crosswalk(path: Path | str, *, two_systems: bool = False) -> Crosswalk:
    """Read a crosswalk.

    ``two_systems``: the second column's ids are another system's, so that one that stands in both columns need not mean
    one child: chains are not followed, and lines with a blank cell say nothing.

    Raises InputError for a file that is none, ImportFault naming the row for an id that is known by two, or by itself
    through others.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("there is no such crosswalk", where=str(path), remedy="name a .csv file of two columns")
    source = table_of(csv_grid(path.read_bytes(), name=path.name, label=path.name), comma_separated=True)
    if len(source.columns) != 2:
        raise ImportFault(
            f"it has {len(source.columns)} columns",
            where=path.name,
            remedy="give two: the id in the files, and the id it is known by",
        )
    pairs = source.frame.drop(columns="row").apply(lambda cells: ids_with_nulls_blank(visible(cells)[0]))
    if two_systems:
        pairs = pairs[(pairs != "").all(axis=1)]
    first, second = (pairs[column] for column in source.columns)
    wrong = (first == "") | (first.duplicated(keep=False) & ~_again(first, second))
    faults = source.frame["row"].reindex(pairs.index)[wrong]
    if len(faults):
        raise ImportFault(
            f"the id is blank or known by two in rows {', '.join(map(str, faults.head(10)))}",
            where=path.name,
            remedy="name each id once",
        )
    if two_systems:
        return Crosswalk(dict(zip(first, second, strict=True)))
    direct = dict(zip(first[second != ""], second[second != ""], strict=True))
    known_by = {old: _end(old, direct, path.name) for old, new in direct.items() if old != new}
    return Crosswalk(known_by, frozenset(first[(second == "") | (first == second)]))


def _again(first: pd.Series, second: pd.Series) -> pd.Series:
    """Rows that only repeat another."""
    return second.groupby(first).transform("nunique") == 1


def _end(start: str, direct: Mapping[str, str], name: str) -> str:
    seen, at = {start}, direct[start]
    while at in direct and direct[at] != at:
        if at in seen:
            raise ImportFault(
                "ids are known by each other in a circle", where=name, remedy="name one id for each child"
            )
        seen.add(at)
        at = direct[at]
    if at == start:
        raise ImportFault("ids are known by each other in a circle", where=name, remedy="name one id for each child")
    return at
