"""The register of outputs: a second one of nearly the same data would give the difference, which is a child.

It stands beside the folder of tables, for its owner alone, so that extracts of one place know of each other. It holds
no identifier and no row, only keyed hashes of what each child contributes to a risk set, and which outputs were made.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from missingmodels.disclosure.policy import Policy
from missingmodels.errors import CannotAnswer, InputError
from missingmodels.frame.riskset import RiskSet, build_risk_set
from missingmodels.plan import Frame
from missingmodels.records import read_json
from missingmodels.tables import Tables
from missingmodels.writing import claim, write_whole

NAME = ".missingmodels-register.json"
FORMAT = "missingmodels-register-1"
REMEDY = "look at the file, and remove it only if no output of these data has left the room"


@dataclass(frozen=True, kw_only=True)
class _Near:
    """How an output stands to those before it: whether its data differ from theirs by too few, and its noise."""

    children: int
    noise_key: bytes | None = None


def register(tables: Tables, frame: Frame, policy: Policy, *, beside: Path, what: str, noted: bool = True) -> _Near:
    """Note an output of tables that stand in ``beside``, unless its data are too near to an earlier one's.

    What is not yet ``noted`` is only held against the others: before the work, so that it is refused before its hours.
    Raises CannotAnswer where the data are too near, and the policy refuses; InputError for a register that cannot be
    read.
    """
    if not policy.active:
        return _Near(children=0)
    place = beside.resolve().parent / NAME
    with claim(place):
        held = _read(place)
        key = bytes.fromhex(held["key"])
        now, facts = _members(tables, frame, key), _facts(tables, key)
        mark = hmac.new(key, json.dumps([now, facts]).encode(), hashlib.sha256).hexdigest()
        nearest = min((n for old in held["data"] for n in _unlike(old, now, facts) if n), default=0)
        near = 0 < nearest < policy.minimum_children
        if near and policy.difference == "refuse":
            raise CannotAnswer(
                f"an earlier output is of data that differ from these by fewer than {policy.minimum_children} "
                "children, so that both together would tell of those few",
                where=str(place),
                remedy='work with the data of that output, or with a policy of difference = "noise" that the output '
                "checker agrees to",
            )
        if noted:
            _note(held, {"mark": mark, "members": now, "facts": facts}, what, policy)
            write_whole(place, (json.dumps(held, indent=1) + "\n").encode())
            place.chmod(0o600)
    return _Near(children=nearest, noise_key=hmac.digest(key, mark.encode(), "sha256") if near else None)


def without_noise(policy: Policy) -> Policy:
    """A policy that refuses what is near, for outputs that have no counts to give noise to."""
    return policy.model_copy(update={"difference": "refuse"})


def _read(place: Path) -> dict[str, Any]:
    if not place.exists():
        return {"format": FORMAT, "key": secrets.token_hex(32), "data": []}
    held = read_json(place, what="the register of outputs", remedy=REMEDY)
    data = held.get("data")
    whole = held.get("format") == FORMAT and isinstance(held.get("key"), str) and isinstance(data, list)
    if not whole or not all(isinstance(one, dict) and isinstance(one.get("members"), list) for one in data or ()):
        raise InputError("this is no register of outputs", where=str(place), remedy=REMEDY)
    return held


def _note(held: dict[str, Any], data: dict[str, Any], what: str, policy: Policy) -> None:
    output = {"what": what, "policy": policy.digest, "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
    for old in held["data"]:
        if old["mark"] == data["mark"]:
            old["outputs"].append(output)
            return
    held["data"].append(data | {"outputs": [output]})


def _members(tables: Tables, frame: Frame, key: bytes) -> list[str]:
    """Of each child the keyed hash of all that it contributes: days lived in homes, at risk, and episodes.

    No identifier goes in: keyed anew, the same child is the same.
    """
    risk = build_risk_set(tables, frame)
    return sorted(_hashed(key, _days(risk, i)) for i in range(len(risk.child_ids)))


def _facts(tables: Tables, key: bytes) -> list[str]:
    """The same by one frame for all plans, with what is recorded of the child: of one whose sex was corrected, or who
    is there under another plan, the difference of two outputs would tell.
    """
    risk = build_risk_set(tables, Frame(burn_in_days=0))
    rows = tables["children"].drop_duplicates("child_id").set_index("child_id")
    written = rows.astype("string").fillna("").sort_index(axis=1).agg("|".join, axis=1)
    at = {child: i for i, child in enumerate(risk.child_ids)}
    elsewhere = _spans(tables, [child for child in written.index if child not in at])
    return sorted(
        _hashed(key, (_days(risk, at[child]) if child in at else elsewhere.get(child, b"")) + text.encode())
        for child, text in written.items()
    )


def _spans(tables: Tables, children: Sequence[str]) -> dict[str, bytes]:
    """Of children who live in no home: their stays and episodes."""
    found: dict[str, bytes] = {}
    for table in ("placements", "missing_episodes"):
        held = tables[table]
        held = held[held["child_id"].isin(children)].sort_values(["child_id", "start_date"])
        for child, rows in held.groupby("child_id", sort=False):
            spans = rows[["start_date", "end_date"]].astype("string").fillna("").agg("/".join, axis=1)
            found[child] = found.get(child, b"") + f"{table}:{','.join(spans)};".encode()
    return found


def _days(risk: RiskSet, child: int) -> bytes:
    days = [np.flatnonzero(part) + risk.first_day for part in (risk.residence[child] >= 0, risk.onset_anywhere[child])]
    told = b"|".join(part.astype("<i8").tobytes() for part in days)
    return told + np.ascontiguousarray(risk.days_at_risk[child], dtype="<f8").tobytes()


def _unlike(old: dict[str, Any], members: Sequence[str], facts: Sequence[str]) -> tuple[int, ...]:
    """Children of whom an earlier output's data and these hold something unlike, by what of them was noted.

    Keyed anew, or with births to the month, all facts are unlike and the members are not.
    """
    held = old.get("facts")  # which earlier versions did not note
    return _apart(old["members"], members), *([_apart(held, facts)] if held else [])


def _hashed(key: bytes, value: bytes) -> str:
    return hmac.new(key, value, hashlib.sha256).hexdigest()[:24]


def _apart(one: Sequence[str], other: Sequence[str]) -> int:
    """Children of whom two data sets hold something unlike."""
    a, b = Counter(one), Counter(other)
    return max((a - b).total(), (b - a).total())
