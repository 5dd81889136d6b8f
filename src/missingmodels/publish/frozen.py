"""A plan fixed before the data are seen: a record of it, and what a run departs from it in."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from missingmodels.errors import InputError
from missingmodels.plan import Plan, kept_plan
from missingmodels.provenance import commit_of, digest_file, digest_json, package_version
from missingmodels.records import Json, Name, Record, checked, read_json

FORMAT = "missingmodels-frozen-plan-1"
_REMEDY = "freeze the plan anew with `missingmodels plan freeze PLAN.toml`, and say that it was"
_SEAL = "record_digest"


class FrozenPlan(Record):
    """What `plan freeze` writes.

    Attributes
    ----------
    plan : every key, those left out of the file at their default of then
    digest, file_digest : of that plan, and of the file's own bytes
    version, commit : of this package; and of the folder that the plan's file lies in, empty where that is under no git
    record_digest : of this record without this entry
    """

    format: Literal["missingmodels-frozen-plan-1"]
    plan: dict[Name, Json]
    digest: Name
    file: Name
    file_digest: Name
    version: Name
    frozen_at: Name
    commit: Name
    record_digest: Name


def freeze(plan: Plan, file: Path, *, at: dt.datetime) -> bytes:
    """The record of a plan that was read from ``file``, at a moment of universal time."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "plan": plan.model_dump(mode="json"),
        "digest": plan.digest,
        "file": file.name,
        "file_digest": digest_file(file),
        "version": package_version(),
        "frozen_at": at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "commit": commit_of(file),
    }
    return (json.dumps(body | {_SEAL: digest_json(body)}, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def read_frozen(path: Path) -> FrozenPlan:
    """The record, judged whole. Raises InputError for one that was changed since, or is none."""
    held = read_json(Path(path), what="the frozen plan", remedy=_REMEDY)
    found = checked(held, FrozenPlan, what="the frozen plan", where=str(path), remedy=_REMEDY)
    body = {name: value for name, value in held.items() if name != _SEAL}
    if found.record_digest != digest_json(body) or found.digest != digest_json(held["plan"]):
        raise InputError("the record was changed after the plan was frozen", where=str(path), remedy=_REMEDY)
    return found


def plan_of(found: FrozenPlan, path: Path) -> Plan:
    """The plan that was frozen, as it was meant then. Raises ConfigInvalid."""
    return kept_plan(found.plan, where=str(path))


def held_against(found: FrozenPlan, plan: Plan, path: Path) -> dict[str, Any]:
    """What evidence keeps of a frozen plan: which it was, and each key that the run had otherwise."""
    planned, used = (dict(_leaves(p.model_dump(mode="json"))) for p in (plan_of(found, path), plan))
    names = [name for name in dict.fromkeys([*planned, *used]) if name != "name"]
    departures = [
        {"key": name, "planned": planned.get(name), "used": used.get(name)}
        for name in names
        if planned.get(name) != used.get(name)
    ]
    told = {name: getattr(found, name) for name in ("digest", "version", "frozen_at", "commit", _SEAL)}
    return told | {"departures": departures}


def _leaves(values: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", value
