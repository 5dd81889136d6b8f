"""Numbers of the text by name: where each comes from, and how it is written.

An entry of ``numbers.toml`` has a ``format`` (Python's, ``.2f`` or ``.0%``) and one source: ``result`` with a
``column`` and the ``where`` that picks its one row, with the ``least`` of a column, or with a ``path`` into its record;
``plan``, a dotted key of the default plan; ``target`` or ``source``, a card of a published figure. ``error`` names the
column of the Monte Carlo error, which is then printed in brackets. What nobody published stands as
``assumption = true`` or not at all.
"""

from __future__ import annotations

import csv
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.faults import PaperError
from paperbuild.results import Result, at

NO_BREAK = "\u00a0"
PUBLISHED = ("verified", "derived")


@dataclass(frozen=True)
class Number:
    """A number as it is printed, and the name of the command or card that it leads to."""

    text: str
    leads_to: str


@dataclass(frozen=True)
class Sources:
    """All that numbers may come from: results, the default plan, cards of targets and sources."""

    results: Mapping[str, Result]
    plan: Mapping[str, Any]
    cards: Mapping[str, Mapping[str, Mapping[str, str]]]


def read_numbers(path: Path, sources: Sources) -> dict[str, Number]:
    """Every number of the register. Raises PaperError naming all that cannot be read."""
    numbers, faults = {}, []
    for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        try:
            numbers[name] = number(entry, sources)
        except (KeyError, ValueError) as error:
            faults.append(f"{path.name}: {name}: {error}")
    if faults:
        raise PaperError(faults)
    return numbers


def number(entry: Mapping[str, Any], sources: Sources) -> Number:
    """One number. Raises KeyError or ValueError saying what is wrong with its entry."""
    value, error, leads_to = _found(entry, sources)
    text = written(value, entry["format"])
    return Number(text if error is None else beside_error(text, written(error, entry["format"])), leads_to)


def beside_error(value: str, error: str, between: str = NO_BREAK) -> str:
    """A number in print and its Monte Carlo error in brackets, in one piece unless a break may stand between."""
    return f"{value}{between}({error.removesuffix(f'{NO_BREAK}%')})"


def _found(entry: Mapping[str, Any], sources: Sources) -> tuple[Any, Any, str]:
    if "plan" in entry:
        return _there(at(sources.plan, entry["plan"]), entry["plan"]), None, "plan"
    for kind in ("target", "source"):
        if kind in entry:
            return _card(entry, sources.cards[kind], entry[kind]), None, "cards"
    result = sources.results.get(entry["result"])
    if result is None:
        raise ValueError(f"{entry['result']} is not in results.toml")
    if "path" in entry:
        return _there(at(result.record, entry["path"]), entry["path"]), None, result.name
    rows = table(result.folder / entry.get("table", f"{result.name}.csv"))
    if "least" in entry:
        return min(float(row[entry["least"]]) for row in rows if row[entry["least"]]), None, result.name
    row = one_row(rows, entry["where"])
    error = float(row[entry["error"]]) if "error" in entry else None
    return float(row[entry["column"]]), error, result.name


def _there(value: Any, name: str) -> Any:
    if value is None:
        raise ValueError(f"there is no {name}")
    return value


def _card(entry: Mapping[str, Any], cards: Mapping[str, Mapping[str, str]], name: str) -> float:
    if name not in cards:
        raise ValueError(f"there is no card {name}")
    card = cards[name]
    if card["status"] not in PUBLISHED and not entry.get("assumption"):
        raise ValueError(f"the card {name} is of status “{card['status']}”: it may not be cited as fact")
    return float(card[entry.get("column", "value")])


@functools.cache
def table(path: Path) -> tuple[Mapping[str, str], ...]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def cards(path: Path) -> dict[str, Mapping[str, str]]:
    """Rows of a register of published figures, by name."""
    return {row["name"]: row for row in table(path)}


def rows_where(rows: tuple[Mapping[str, str], ...], where: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """Rows whose cells equal what is asked, numbers as numbers. Raises KeyError for a column that is not there."""
    return [row for row in rows if all(_same(row[key], value) for key, value in where.items())]


def one_row(rows: tuple[Mapping[str, str], ...], where: Mapping[str, Any]) -> Mapping[str, str]:
    """The only row. Raises ValueError for none or several."""
    found = rows_where(rows, where)
    if len(found) != 1:
        raise ValueError(f"{len(found)} rows have {dict(where)}, and one was expected")
    return found[0]


def _same(cell: str, value: Any) -> bool:
    if isinstance(value, str):
        return cell == value
    return cell != "" and float(cell) == float(value)


def written(value: Any, form: str) -> str:
    """A number in print: a true minus, a space before the per cent sign."""
    text = str(value) if form == "s" else format(value, form)
    if text.endswith("%"):
        text = text[:-1] + f"{NO_BREAK}%"
    if text.startswith("-"):
        return "−" + text[1:] if any(digit in text for digit in "123456789") else text[1:]
    return text
