"""A run done again: the same data, by their digests; the same versions, or each difference; the same numbers, or each
difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from missingmodels.disclosure.gate import released
from missingmodels.disclosure.policy import Policy
from missingmodels.errors import DiagnosticsFailed, InputError
from missingmodels.evidence.parts import Row
from missingmodels.evidence.record import Evidence
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.fit import data_digest
from missingmodels.plan import Plan, kept_plan
from missingmodels.provenance import surroundings, versions
from missingmodels.runs.answer import Answer, answer, prepare
from missingmodels.runs.write import evidence_path, policy_of, read_run
from missingmodels.tables import Tables, read_tables, require_valid
from missingmodels.tables.manifest import read_manifest
from missingmodels.tables.store import RUN_FORMAT

_KEY = ("hypothesis", "model", "exposure", "role", "estimand", "name", "label")
_NUMBERS = ("mean", "median", "sd", "interval_low", "interval_high", "probability_above_null", "rope_probability")
MOST_LINES = 20
THEIRS, OTHERS = "those of the run", "others"  # of what is not told
OPEN = Policy(active=False)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not as it was; empty where it was not there, or is not any more."""

    what: str
    before: str
    now: str


@dataclass(frozen=True, kw_only=True)
class Rerun:
    """What came of it.

    Attributes
    ----------
    data : fits whose rows are others than those of the run; where there are any nothing was fitted
    versions : of packages, of linear algebra, of this package's source
    numbers : of rows of the evidence, words of verdicts among them
    compared : numbers that were held against each other
    """

    data: tuple[Difference, ...]
    versions: tuple[Difference, ...]
    numbers: tuple[Difference, ...]
    compared: int

    @property
    def same(self) -> bool:
        """Whether data and numbers are the same, whatever versions they were computed under."""
        return not self.data and not self.numbers and self.compared > 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self) | {"same": self.same}


def rerun(run: Path, tables: Path, *, progress: Progress | None = None) -> Rerun:
    """Fit a run's plan to its tables again. Raises InputError for a run that does not say its seed, and what ``answer``
    raises.
    """
    evidence = read_run(run)
    plan = kept_plan(evidence.plan, where=str(evidence_path(run)))
    held = read_tables(tables)
    require_valid(held, where=str(tables))
    changed = _versions(read_manifest(Path(run), RUN_FORMAT)["versions"])
    data, policy = _data(evidence, held, plan), policy_of(Path(run), evidence)
    if data:
        said = tuple(replace(one, before=THEIRS, now=OTHERS) for one in data) if policy.active else data
        return Rerun(data=said, versions=changed, numbers=(), compared=0)
    found = _answer(held, plan, _seed(evidence, run), progress)
    numbers, compared = _numbers(evidence, found.evidence, policy)
    return Rerun(data=(), versions=changed, numbers=numbers, compared=compared)


def _answer(tables: Tables, plan: Plan, seed: int, progress: Progress | None) -> Answer:
    """As ``make_run`` has it: where models fail the gate, the answer of the others."""
    try:
        return answer(tables, plan, seed=seed, progress=progress)
    except DiagnosticsFailed as error:
        if isinstance(error.found, Answer):
            return error.found
        return answer(tables, plan, seed=seed, allow_unconverged=True, progress=progress)


def _seed(evidence: Evidence, run: Path) -> int:
    seeds = {int(c["seed"]) for c in evidence.fitted if "seed" in c}
    if len(seeds) != 1:
        raise InputError(
            "this run does not say the one seed that it was made with", where=str(run), remedy="fit the plan again"
        )
    return seeds.pop()


def _versions(before: Mapping[str, str]) -> tuple[Difference, ...]:
    now = versions() | surroundings()
    return tuple(
        Difference(what=name, before=before.get(name, ""), now=now.get(name, ""))
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    )


def _data(evidence: Evidence, tables: Tables, plan: Plan) -> tuple[Difference, ...]:
    """Of each fit the digest of the rows that it was fitted to, against that of the rows that the tables give now."""
    told = {(c["model"], c["exposure"]): str(c["data_digest"]) for c in evidence.fitted if c.get("data_digest")}
    designs = prepare(tables, plan, fits=list(told)).designs
    return tuple(
        Difference(what=f"data of {model} {exposure}".strip(), before=before, now=now)
        for (model, exposure), before in told.items()
        if (now := data_digest(designs[model, exposure]) if (model, exposure) in designs else "") != before
    )


def _numbers(before: Evidence, now: Evidence, policy: Policy = OPEN) -> tuple[tuple[Difference, ...], int]:
    """What differs of all numbers; of it is told what may leave, as short as it may, and that there is more."""
    old, new = _by_key(before), _by_key(now)
    shown = [*old, *new] if not policy.active else _by_key(released(before, policy)[0])
    found: list[Difference] = []
    compared = 0
    for key in dict.fromkeys([*old, *new]):
        label = " ".join(part for part in (key[1], key[2], key[4], key[6]) if part)
        if key not in shown and (key not in old or key not in new or _unlike(old[key], new[key])):
            compared += len(_NUMBERS) + 1
            found.append(Difference(what="what may not leave", before=THEIRS, now=OTHERS))
            continue
        if key not in old or key not in new:
            found.append(Difference(what=label, before=str(key in old), now=str(key in new)))
            continue
        for name in (*_NUMBERS, "verdict"):
            a, b = getattr(old[key], name), getattr(new[key], name)
            compared += 1
            if a != b:
                found.append(Difference(what=f"{label}: {name}", before=_told(a, policy), now=_told(b, policy)))
    return tuple(dict.fromkeys(found)), compared


def _unlike(one: Row, other: Row) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in (*_NUMBERS, "verdict"))


def _by_key(evidence: Evidence) -> dict[tuple[str, ...], Row]:
    return {tuple(getattr(row, name) for name in _KEY): row for row in evidence.rows}


def _told(value: Any, policy: Policy) -> str:
    digits = policy.digits if policy.active else 6
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def rerun_text(found: Rerun) -> str:
    """What came of it, for a terminal."""
    lines = [
        "Data: the same, by their digests." if not found.data else "Data: not those of the run; nothing was fitted."
    ]
    lines += _listed(found.data)
    lines += ["Versions: the same." if not found.versions else f"Versions: {len(found.versions)} differ."]
    lines += _listed(found.versions)
    if found.compared:
        same = f"Numbers: all {found.compared:,} are the same."
        lines += [same if not found.numbers else f"Numbers: {len(found.numbers):,} of {found.compared:,} differ."]
        lines += _listed(found.numbers)
    return "\n".join(lines)


def _listed(found: tuple[Difference, ...]) -> list[str]:
    lines = [f"  {one.what}: {one.before or 'absent'} then, {one.now or 'absent'} now" for one in found[:MOST_LINES]]
    return lines + ([f"  and {len(found) - MOST_LINES:,} more: --json has all"] if len(found) > MOST_LINES else [])
