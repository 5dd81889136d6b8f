"""Evidence through the gate: every field by its class, every estimate by the children and homes behind it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Any, Protocol

from missingmodels.disclosure.classes import FIELDS, Class
from missingmodels.disclosure.counts import rounded
from missingmodels.disclosure.figures import gated_figures
from missingmodels.disclosure.policy import Policy
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.support import Behind
from missingmodels.disclosure.values import gated_count, gated_data, plain, short
from missingmodels.disclosure.words import scrubbed, without_levels
from missingmodels.evidence.parts import Withstood
from missingmodels.evidence.record import Evidence
from missingmodels.tables import kind_of

_KEPT_ORIGIN = ("kind", "authority", "year")


class _Named(Protocol):
    """What an estimate is known by."""

    @property
    def model(self) -> str:
        """Its model."""

    @property
    def exposure(self) -> str:
        """The peer exposure of its fit."""

    @property
    def name(self) -> str:
        """Column or quantity."""


def released(evidence: Evidence, policy: Policy, *, noise_key: bytes | None = None) -> tuple[Evidence, Judged]:
    """Evidence as it may leave under a policy, and what was done with each of its outputs.

    ``noise_key`` is of data near to those of an earlier output: see ``Judged``; estimates are shorter, then, and
    figures of counts are left out.
    """
    if noise_key is not None:
        policy = policy.model_copy(update={"digits": min(policy.digits, policy.exposure_digits)})
    judged = Judged(policy, noise_key)
    if not policy.active:
        judged.add("evidence", Class.WORDS, "released", rule="no policy")
        return replace(evidence, support=None, disclosure=_told(judged)), judged
    behind = Behind(evidence, policy)
    why = behind.whole()
    if why:
        return _nothing(evidence, why, judged), judged
    rows = tuple(
        replace(_rounded(row, "rows[]", policy), remark=scrubbed(row.remark, policy))
        for row in evidence.rows
        if _passes(row, f"{row.estimand} {row.name} of {row.model} {row.exposure}", behind, judged)
    )
    factors = tuple(
        _rounded(one, "bayes_factors[]", policy)
        for one in evidence.bayes_factors
        if _passes(one, f"Bayes factor of {one.name} in {one.model}", behind, judged)
    )
    scaling = tuple(
        _rounded(one, "power_scaling[]", policy)
        for one in evidence.power_scaling
        if _passes(one, f"power scaling of {one.name} in {one.model}", behind, judged)
    )
    found = replace(
        evidence,
        rows=rows,
        bayes_factors=factors,
        power_scaling=scaling,
        comparisons=tuple(_comparison(c, judged) for c in evidence.comparisons if _enough_units(c, judged)),
        own_history=_own_history(evidence, behind, judged),
        withstood=_withstood(evidence, behind, judged),
        data=gated_data(evidence.data, judged),
        notes=_notes(tuple(without_levels(one, behind.allowed) for one in evidence.notes), judged),
        figures=gated_figures(evidence.figures, behind, judged),
        certificates=tuple(gated_certificate(c, judged, behind.allowed) for c in evidence.certificates),
        origin=_origin(evidence.origin, judged),
        support=None,
    )
    return replace(found, disclosure=_told(judged)), judged


def _told(judged: Judged) -> dict[str, Any]:
    """What a reader of the released evidence is told of the gate."""
    policy = judged.policy
    return {
        "policy": policy.name,
        "policy_digest": policy.digest,
        "active": policy.active,
        "minimum_count": policy.minimum_count,
        "rounding": policy.rounding,
        "blocked": [{"output": one.output, "rule": one.rule, "reason": one.reason} for one in judged.blocked],
    }


def _nothing(evidence: Evidence, why: str, judged: Judged) -> Evidence:
    """Evidence of too few: nothing but what the plan asked."""
    judged.add("evidence", Class.COUNT, "blocked", rule="minimum of the whole", reason=why)
    held = {name: None for name in evidence.data if FIELDS.get(f"data.{name}") not in (None, Class.SETTING)}
    settings = {n: v for n, v in evidence.data.items() if FIELDS.get(f"data.{n}") is Class.SETTING}
    return replace(
        evidence,
        rows=(),
        comparisons=(),
        bayes_factors=(),
        power_scaling=(),
        own_history=None,
        withstood=None,
        data={**settings, **held, "episodes": {}, "coverage": {}},
        notes=(),
        figures={},
        certificates=(),
        origin=_origin(evidence.origin, judged),
        support=None,
        disclosure=_told(judged),
    )


def _passes(one: _Named, output: str, behind: Behind, judged: Judged) -> bool:
    """Whether an estimate has enough behind it; noted either way."""
    rule, reason, children = behind.of(one.model, one.exposure, one.name)
    judged.add(
        output.rstrip(), Class.ESTIMATE, "blocked" if rule else "rounded", rule=rule, reason=reason, children=children
    )
    return not rule


def _rounded[T](one: T, path: str, policy: Policy) -> T:
    """A record with its estimates and probabilities to as many digits as may be told."""
    changes = {}
    for field in fields(one):  # type: ignore[arg-type]
        kind, value = FIELDS.get(f"{path}.{field.name}"), getattr(one, field.name)
        if kind in (Class.ESTIMATE, Class.PROBABILITY, Class.DIAGNOSTIC):
            changes[field.name] = short(value, policy, probability=kind is Class.PROBABILITY)
    return replace(one, **changes)  # type: ignore[type-var]


def _enough_units(c: Any, judged: Judged) -> bool:
    least = judged.policy.minimum_homes if c.unit == "home" else judged.policy.minimum_children
    if c.units >= least:
        return True
    judged.add(
        f"elpd of {c.model} against {c.against} by {c.unit}", Class.ESTIMATE, "blocked",
        rule="minimum behind an estimate", reason=f"fewer than {least}",
    )  # fmt: skip
    return False


def _comparison(c: Any, judged: Judged) -> Any:
    policy, output = judged.policy, f"elpd of {c.model} against {c.against} by {c.unit}"
    judged.add(output, Class.ESTIMATE, "rounded", children=c.units)
    judged.add(f"{output}: k_hat_max", Class.EXTREME, "blocked", rule="no extremes", reason="of one unit")
    counts = {name: gated_count(f"{output}: {name}", getattr(c, name), c.units, judged) for name in _UNIT_COUNTS}
    made = _rounded(c, "comparisons[]", policy)
    return replace(made, units=rounded(c.units, policy), k_hat_max=None, **counts)


_UNIT_COUNTS = ("k_hat_bad", "mended", "linked")


def _withstood(evidence: Evidence, behind: Behind, judged: Judged) -> Withstood | None:
    held = evidence.withstood
    if held is None:
        return None
    rule, reason, children = behind.of(held.model, held.exposure, held.exposure)
    if rule:
        judged.add("withstood", Class.ESTIMATE, "blocked", rule=rule, reason=reason)
        return None
    judged.add("withstood", Class.ESTIMATE, "rounded", children=children)
    return _rounded(held, "withstood", judged.policy)


def _own_history(evidence: Evidence, behind: Behind, judged: Judged) -> Any:
    held = evidence.own_history
    if held is None:
        return None
    for column in held.columns:
        rule, reason, _ = behind.of(held.model, held.exposure, column)
        if rule:
            judged.add("own_history", Class.ESTIMATE, "blocked", rule=rule, reason=reason)
            return None
    children = evidence.data["children"]
    counts: dict[str, Any] = {
        n: gated_count(f"own_history.{n}", getattr(held, n), children, judged) for n in _HISTORY_COUNTS
    }
    judged.add("own_history.k_hat_max", Class.EXTREME, "blocked", rule="no extremes", reason="of one child")
    made = replace(_rounded(held, "own_history", judged.policy), k_hat_max=None, **counts)
    if counts["new_arrivals"] is None:
        made = replace(made, new_ratio=None, new_ratio_low=None, new_ratio_high=None, new_probability=None)
    judged.add("own_history", Class.ESTIMATE, "rounded", children=children)
    return made


_HISTORY_COUNTS = ("k_hat_bad", "mended", "new_arrivals")


def _notes(notes: tuple[str, ...], judged: Judged) -> tuple[str, ...]:
    for at, note in enumerate(notes):
        told = scrubbed(note, judged.policy)
        judged.add(f"note {at + 1}", Class.FREE, "released" if told == note else "rounded", rule="numbers in words")
    return tuple(scrubbed(note, judged.policy) for note in notes)


def gated_certificate(held: Mapping[str, Any], judged: Judged, allowed: Collection[str] = ()) -> dict[str, Any]:
    """A certificate without digests of the data, with no entry that has no class, and no level but those allowed."""
    if not judged.policy.active:
        return dict(held)
    found = {}
    for name, value in held.items():
        kind = FIELDS.get(f"certificates[].{name}")
        if kind is Class.DIAGNOSTIC:
            found[name] = _diagnostics(value, judged.policy, allowed)
        elif kind in (Class.WORDS, Class.SETTING, Class.FREE):
            told = without_levels(value, allowed) if isinstance(value, str) else value
            found[name] = plain(f"certificate.{name}", told, kind, judged)
        else:
            output = f"certificate of {held['model']} {held['exposure']}: {name}"
            judged.add(output, kind or "none", "blocked", rule="not for release" if kind else "no class")
    return found


def _diagnostics(held: Mapping[str, Any], policy: Policy, allowed: Collection[str]) -> dict[str, Any]:
    """Numbers short, and names of single units and of levels out of the words."""

    def told(text: object) -> str:
        return scrubbed(without_levels(str(text), allowed), policy)

    return {
        name: told(value) if isinstance(value, str)
        else [told(one) for one in value] if isinstance(value, list | tuple)
        else short(value, policy)
        for name, value in held.items()
    }  # fmt: skip


def _origin(origin: Mapping[str, Any], judged: Judged) -> dict[str, Any]:
    """The kind of the data, the authority, and what an import was judged by."""
    # rows of other files make simulated data mixed: without the entries that say so they would pass for simulated
    found = {name: origin[name] for name in _KEPT_ORIGIN if name in origin} | {"kind": kind_of(origin)}
    for name in origin:
        if name not in _KEPT_ORIGIN and name != "judged":
            judged.add(f"origin.{name}", Class.ORIGIN, "blocked", rule="not for release")
    if isinstance(origin.get("judged"), list):
        found["judged"] = [
            {n: scrubbed(v, judged.policy) if isinstance(v, str) and n != "rule" else v for n, v in one.items()}
            for one in origin["judged"]
            if isinstance(one, Mapping)
        ]
    return found
