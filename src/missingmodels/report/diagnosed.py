"""How each fit passed its gate, and its birth certificate, as tables of the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from missingmodels.evidence.record import Evidence
from missingmodels.plan import kept_plan
from missingmodels.report import sentences, words
from missingmodels.vocabulary import fit_name

_GATE: tuple[tuple[str, str, str, str, int], ...] = (
    # value, limit in the plan, heading, side of the limit, decimals
    ("rhat_max", "rhat_max", "R‑hat", "≤", 3),
    ("rhat_effects_max", "rhat_effects_max", "R‑hat, home effects", "≤", 3),
    ("ess_bulk_min", "ess_min", "bulk ESS", "≥", 0),
    ("ess_tail_min", "ess_min", "tail ESS", "≥", 0),
    ("divergences", "divergences_max", "divergences", "≤", 0),
    ("bfmi_min", "bfmi_min", "E‑BFMI", "≥", 2),
    ("tree_depth_share", "tree_depth_share_max", "at depth limit", "≤", 3),
    ("k_hat", "k_hat_max", "Pareto k", "≤", 2),
    ("importance_ess", "ess_min", "importance ESS", "≥", 0),
    ("tail_share_max", "tail_share_max", "share in a tail", "≤", 3),
    ("edge_loss", "edge_loss_max", "lost near 0", "≤", 3),
)


class GateLimit(NamedTuple):
    """One measure of the gate: its name in a fit's diagnostics, its heading, and its limit as “≤ 1.01”, or blank."""

    name: str
    head: str
    limit: str
    decimals: int


def gate_limits(evidence: Evidence) -> list[GateLimit]:
    """The measures that any fit has, with the plan's limits."""
    gate = dict(evidence.plan.get("gate", {}))
    if "tail_share_max" in gate:
        gate["tail_share_max"] = kept_plan(evidence.plan).tail_share_limit
    return [
        GateLimit(value, head, f"{side} {gate[limit]:g}" if limit in gate else "", digits)
        for value, limit, head, side, digits in _GATE
        if any(c["diagnostics"].get(value) is not None for c in evidence.certificates)
    ]


def gate_table(evidence: Evidence) -> dict[str, Any]:
    """Gate values of every fit beside their limits, its engine and the seconds it took; columns that any fit has."""
    shown, rows = gate_limits(evidence), []
    for c in evidence.certificates:
        held = c["diagnostics"]
        seconds = " + ".join(_seconds(c[k]) if k in c else "–" for k in ("compile_seconds", "sample_seconds"))
        cells = [_cell(held.get(one.name), one.decimals) for one in shown]
        rows.append(
            {
                "fit": fit_name(c["model"], c["exposure"]),
                "cells": [*cells, words.engine(c), seconds],
                "converged": held["passed"],
                "worst": held.get("worst", ""),
            }
        )
    return {
        "heads": [*((one.head, one.limit) for one in shown), ("engine", ""), ("seconds", "compile + sample")],
        "rows": rows,
        "engines": sentences.engine_words(evidence.certificates),
    }


def _cell(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if 0 < value < 1 else f"{value:.0f}"


def certificate_of(c: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that a birth certificate holds, diagnostics apart, as they have their own table."""
    return {
        "fit": fit_name(c["model"], c["exposure"]),
        "entries": [
            (name.replace("_", " "), _plain(value))
            for name, value in c.items()
            if name not in ("model", "exposure", "diagnostics")
        ],
    }


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(held)}" for name, held in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(_plain(held) for held in value)
    return str(value)
