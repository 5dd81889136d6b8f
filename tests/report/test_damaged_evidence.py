"""Evidence changed in one place: refused as it is read, or told on a page and drawn. There is nothing between."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from missingmodels.disclosure.gate import released
from missingmodels.disclosure.policy import load_policy
from missingmodels.errors import InputError
from missingmodels.evidence.record import Evidence, evidence_file, read_evidence
from missingmodels.report.figures.pictures import SHOWN
from missingmodels.report.html import page

Place = tuple[str | int, ...]
HUGE = 10**400
OTHERS = (None, 0, -1, HUGE, "", [])


def places(held: Any, at: Place = ()) -> Iterator[Place]:
    """Every place of a value of JSON, of a list its first alone."""
    items = held.items() if isinstance(held, dict) else enumerate(held[:1]) if isinstance(held, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from places(value, (*at, key))


def changed(values: dict[str, Any], place: Place, new: Any) -> dict[str, Any]:
    """A copy with one value replaced, or taken out where ``new`` is Ellipsis."""
    out = copy.deepcopy(values)
    held: Any = out
    for key in place[:-1]:
        held = held[key]
    if new is Ellipsis:
        del held[place[-1]]
    else:
        held[place[-1]] = new
    return out


def told(path: Path) -> bool:
    """Whether evidence is read; if so its page is written and its figures have their words and data."""
    try:
        evidence = read_evidence(path)
    except InputError:
        return False
    page(evidence, {})
    for one in SHOWN.values():
        if one.has(evidence):
            one.words(evidence), one.models(evidence), one.data(evidence)
    return True


@pytest.mark.parametrize("part", ["data", "figures", "origin", "bayes_factors", "certificates", "rows", "withstood"])
def test_evidence_is_refused_or_told(make: Callable[..., Evidence], tmp_path: Path, part: str) -> None:
    scenario = {"contagion": {"exposure": "peer_presence", "log_rate_ratio": 0.26, "window_days": 7}}
    evidence = make(origin={"kind": "simulated", "seed": 1, "scenario": scenario})
    values = json.loads(evidence_file(evidence))
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(values))
    assert told(path)
    read = 0
    for place in [(part, *rest) for rest in places(values[part])]:
        for new in (Ellipsis, *OTHERS):
            path.write_text(json.dumps(changed(values, place, new)))
            read += told(path)
    assert read or part in ("bayes_factors", "withstood")


@pytest.mark.parametrize("name", ["homes", "children"])
def test_what_a_policy_has_blocked_is_few_to_the_next(make: Callable[..., Evidence], name: str) -> None:
    held = make()
    many = dict.fromkeys(("homes", "children", "onsets", "children_with_onset"), 100)
    blocked = replace(held, data={**held.data, **many, name: None})
    shown, judged = released(blocked, load_policy("generic"))
    assert shown.rows == ()
    assert [one.reason for one in judged.blocked if one.rule == "minimum of the whole"] == [f"fewer than 10 {name}"]
