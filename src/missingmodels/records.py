"""JSON records on disk, believed only when all of them is as it should be: one strict reader, one base of schemas."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue, StringConstraints, ValidationError

from missingmodels.errors import InputError

MAX_BYTES = 256 * 2**20
FAULTS_SHOWN = 5
LONGEST_SHOWN = 60  # characters of a value that a message repeats
LONGEST_TEXT = 1_000_000
LONGEST_WHOLE = 40  # signs of a whole number: those of 128 bits, the widest that seeds have, and a minus
STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Record(BaseModel):
    """A record in which unknown keys, values of another type and numbers that are not finite are refused."""

    model_config = STRICT


def _plain(value: Any) -> Any:
    for held in _leaves(value):
        if isinstance(held, float) and not math.isfinite(held):
            raise ValueError(f"{held} is no number")
        if isinstance(held, str) and len(held) > LONGEST_TEXT:
            raise ValueError(f"a text of {len(held):,} characters")
    return value


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, held in value.items():
            yield name
            yield from _leaves(held)
    elif isinstance(value, list):
        for held in value:
            yield from _leaves(held)
    else:
        yield value


Json = Annotated[JsonValue, AfterValidator(_plain)]
Name = Annotated[str, StringConstraints(max_length=1_000)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]


def read_json(path: Path, *, what: str, remedy: str) -> dict[str, Any]:
    """The object in a JSON file. Raises InputError for a file that is none: absent, too large, damaged, nested without
    end, or with a key twice, of which readers differ in the one that they take, or with a whole number beyond all.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{what} has {size:,} bytes, more than the {MAX_BYTES:,} allowed", where=str(path))
        values = json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=_once, parse_int=_whole)
    except OSError as error:
        raise InputError(
            f"{what} cannot be read ({error.strerror or error})", where=str(path), remedy=remedy
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} cannot be read as JSON ({error})", where=str(path), remedy=remedy) from error
    if not isinstance(values, dict):
        raise InputError(f"{what} holds no JSON object", where=str(path), remedy=remedy)
    return values


def _whole(text: str) -> int:
    if len(text) > LONGEST_WHOLE:
        raise ValueError(f"a whole number of {len(text):,} digits")
    return int(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        twice = next(name for n, (name, _) in enumerate(pairs) if name in dict(pairs[:n]))
        raise ValueError(f"the key {shown(twice)} is there twice")
    return held


def checked[R: BaseModel](values: dict[str, Any], kind: type[R], *, what: str, where: str, remedy: str) -> R:
    """The values of a JSON object as a record. Raises InputError that names each place at fault and what is there."""
    try:
        # as JSON, in which a list may stand for a tuple while nothing else is converted
        return kind.model_validate_json(json.dumps(values))
    except (ValidationError, RecursionError) as error:
        raise InputError(f"{what} is not as it should be: {_faults(error)}", where=where, remedy=remedy) from error


def _faults(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested without end"
    items = error.errors(include_url=False, include_context=False)
    told = []
    for item in items[:FAULTS_SHOWN]:
        place = ".".join(shown(str(part)).strip("'\"") for part in item["loc"]) or "(whole file)"
        value = "" if item["type"] in ("missing", "json_invalid") else f" (found {shown(item['input'])})"
        told.append(f"{place}: {item['msg'].removeprefix('Value error, ')}{value}")
    more = f"; and {len(items) - FAULTS_SHOWN} more" if len(items) > FAULTS_SHOWN else ""
    return "; ".join(told) + more


def shown(value: Any) -> str:
    """A value as a message repeats it: on one line, and not all of it if it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
