"""Configuration records read from TOML. Every wrong key or value is told with its place, all of them at once."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from numbers import Integral
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from missingmodels.errors import ConfigInvalid


class Config(BaseModel):
    """A record that refuses unknown keys and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise refusal([_fault(item, type(self)) for item in error.errors()], where=type(self).__name__) from None

    @classmethod
    def model_validate(cls, obj: Any, **how: Any) -> Self:
        """The record of plain values. Raises ConfigInvalid listing every wrong key and value."""
        try:
            return super().model_validate(obj, **how)
        except ValidationError as error:
            raise refusal([_fault(item, cls) for item in error.errors()], where=cls.__name__) from None

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **how: Any) -> Self:
        """The record of JSON. Raises ConfigInvalid listing every wrong key and value."""
        try:
            return super().model_validate_json(json_data, **how)
        except ValidationError as error:
            raise refusal([_fault(item, cls) for item in error.errors()], where=cls.__name__) from None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What differs from the defaults, which is what tells one record from another."""
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            if name is None or value != fields[name].get_default(call_default_factory=True):
                yield name, value

    # so that a record inside another is still checked by the outer one, which lists every fault of both
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def read_toml[C: Config](path: Path, kind: type[C]) -> C:
    """A Plan or Scenario from a TOML file. Raises ConfigInvalid listing every wrong key and value."""
    return from_mapping(toml_values(path), kind, where=str(path))


def toml_values(path: Path) -> dict[str, Any]:
    """The values of a TOML file. Raises ConfigInvalid where there is no such file or it is none."""
    path = Path(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigInvalid("there is no such file", where=str(path), remedy="check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, IsADirectoryError) as error:
        raise ConfigInvalid(f"not a TOML file ({error})", where=str(path), remedy="correct it at that place") from error


def from_mapping[C: Config](values: dict[str, Any], kind: type[C], *, where: str = "") -> C:
    """A record from plain values, with every fault listed."""
    try:
        return kind.model_validate(values)
    except ConfigInvalid as error:
        raise ConfigInvalid(error.what, where=where, remedy=error.remedy) from None


def with_what_was_meant(values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of sections and keys, with dotted keys of ``before`` where they are lacking."""
    out = {name: dict(part) if isinstance(part, Mapping) else part for name, part in values.items()}
    for name, meant in before.items():
        section, key = name.split(".")
        held = out.setdefault(section, {})
        if isinstance(held, dict):
            held.setdefault(key, meant)
    return out


def faults_of(values: dict[str, Any], kind: type[Config]) -> list[str]:
    """What is wrong with plain values as a record of this kind; empty if nothing is."""
    try:
        kind.__pydantic_validator__.validate_python(values)
    except ValidationError as error:
        return [_fault(item, kind) for item in error.errors()]
    return []


def refusal(faults: Sequence[str], *, where: str) -> ConfigInvalid:
    """The error that lists every fault."""
    listing = "\n  ".join(faults)
    return ConfigInvalid(
        f"{len(faults)} fault{'' if len(faults) == 1 else 's'}\n  {listing}",
        where=where,
        remedy="correct each key named; all keys are in the documentation of plans, scenarios and studies",
    )


def preset[C: Config](folder: str, name: str, kind: type[C]) -> C:
    """A plan or scenario that ships with the package."""
    root = files("missingmodels").joinpath(folder)
    known = sorted(item.name.removesuffix(".toml") for item in root.iterdir() if item.name.endswith(".toml"))
    if name not in known:
        raise ConfigInvalid(
            f"no preset {name!r}{nearest(name, known)}", remedy=f"choose one of {', '.join(known)}, or name a file"
        )
    return from_mapping(tomllib.loads(root.joinpath(f"{name}.toml").read_text(encoding="utf-8")), kind, where=name)


def _fault(item: Any, kind: type[Config]) -> str:
    place = ".".join(str(part) for part in item["loc"]) or "(whole file)"
    if item["type"] == "extra_forbidden":
        return f"{place}: unknown key{nearest(str(item['loc'][-1]), _keys(kind, item['loc'][:-1]))}"
    message = item["msg"].removeprefix("Value error, ")
    # a message of several lines shows what it found
    value = "" if isinstance(item.get("input"), dict | Config) or "\n" in message else f" (found {item['input']!r})"
    return f"{place}: {message}{value}"


def _keys(kind: type[Config], place: tuple[Any, ...]) -> list[str]:
    for part in place:
        inner = kind.model_fields.get(str(part))
        if inner is None or not isinstance(inner.annotation, type) or not issubclass(inner.annotation, Config):
            return []
        kind = inner.annotation
    return list(kind.model_fields)


def require_seed(seed: object) -> None:
    """Raise ConfigInvalid for a seed that is no whole number from 0 on."""
    if isinstance(seed, bool) or not isinstance(seed, Integral) or int(seed) < 0:
        raise ConfigInvalid(
            f"the seed {seed!r} is no whole number from 0 on", where="seed", remedy="give one, such as 1"
        )


def nearest(name: str, known: Sequence[str]) -> str:
    """“; did you mean …?” where a known name is near, else all known names, to end a sentence with."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else (f"; known: {', '.join(known)}" if known else "")
