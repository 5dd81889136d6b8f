"""Attacks on numbers: quotients that give counts back, lines whose being blocked tells, digits, and who may read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from missingmodels.disclosure.counts import rounded
from missingmodels.disclosure.policy import Policy

Probe = tuple[str, str, bool]  # kind of attack, target, whether it found the child
DIGITS = 4  # of a number that is made of data, at the most; the policies ask for three, a step of a mean may have more
NUMBERS = ("sd", "correlation", "prior_mean", "prior_sd")


def quotients(name: str, told: Mapping[str, Any], exact: Mapping[str, Any], policy: Policy) -> Iterator[Probe]:
    """A share or rate that is of the exact counts and of none that are rounded alike is those counts."""
    whole, onsets = exact["children_in_homes"], exact["onsets_in_homes"]
    missing = round(exact["share_of_children_with_an_onset"] * whole)
    pairs = {
        "share_of_children_with_an_onset": (missing, whole, 2),
        "onsets_per_missing_child": (onsets, missing, 1),
    }
    for path, (part, of, places) in pairs.items():
        value = told.get(path)
        if value is None or not missing:
            yield "quotient", f"{path} of {name}", False
            continue
        own = round(part / of, places)
        alike = round(rounded(part, policy) / max(rounded(of, policy), 1), places)
        yield "quotient", f"{path} of {name}", round(float(value), places) == own != alike


def statuses(name: str, now: Mapping[str, Any], then: Mapping[str, Any], *, outside: bool) -> Iterator[Probe]:
    """With and without the child: a line that is blocked in one alone says that it is there.

    A count that crosses the minimum is blocked and then is not, whoever comes; of a child that is ``outside`` of all
    homes no count that is told can have crossed it.
    """
    for path in sorted(now.keys() & then.keys()):
        one, other = now[path], then[path]
        flipped = (one is None) != (other is None)
        yield "status", f"{path} of {name}", flipped and (outside or 0 in (one, other))


def digits(name: str, held: Mapping[str, Any]) -> Iterator[Probe]:
    """Numbers of a summary with more digits than are needed, in which a count can be seen."""
    for field in NUMBERS:
        values = [value for path, value in held.items() if path.split(".")[0] == field and isinstance(value, float)]
        longest = max((len(re.sub(r"e.*|[.\-]", "", repr(value)).strip("0")) for value in values), default=0)
        yield "digits", f"{field} of {name}", longest > DIGITS


def readers(modes: bytes) -> Iterator[Probe]:
    """Private places that others than their owner may read or enter."""
    for path, mode in json.loads(modes).items():
        yield "readers", path, bool(mode & 0o077)
