"""The record of the gate as a session of SACRO: what its viewer opens, so that a checker works in one tool.

Keys and files are those that acro 1.0 writes (``results.json``, ``config.json``, ``checksums/FILE.txt``), read at its
source; acro itself is not needed, and could not be had beside this package, as it wants an older pandas. The list of
outputs is its table, with what was blocked as cells that failed a check of acro's name; every released file is a custom
output, which SACRO leaves to the checker's eye.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from missingmodels.disclosure.policy import Policy
from missingmodels.disclosure.record import TABLE, Judged
from missingmodels.provenance import digest_bytes

FORMAT = "missingmodels-sacro"
VERSION = "1.0.2"  # of acro, whose format this is; its loader takes no other
RESULTS, CONFIG, CHECKSUMS = "results.json", "config.json", "checksums"
THRESHOLD, ZEROS, LINKED, NK, PQ, MANUAL = (
    "MinimumThresholdCheck", "PresenceOfZeroCheck", "PresenceOfLinkedTableCheck", "NKCheck", "PQCheck",
    "StatbarnDataCheck",
)  # fmt: skip
# Rules of this gate -> the check of acro that asks the same.
CHECKS = {
    "minimum count": THRESHOLD,
    "minimum of the whole": THRESHOLD,
    "minimum behind an estimate": THRESHOLD,
    "dominance": NK,
    "near to an earlier output": LINKED,
}
ACTION = 1  # column of the table of outputs, beside its names


def sacro_session(judged: Judged, files: Mapping[str, bytes], *, command: str) -> dict[str, bytes]:
    """Files of a session by name: the released ones, and what SACRO needs to show them.

    ``files`` are those of a release by name, the table of outputs among them; folders become parts of names.
    """
    flat = {name.replace("/", "_"): content for name, content in files.items()}
    at = dt.datetime.now().isoformat()
    table = [_table(judged, command, at)] if judged.outputs and TABLE in flat else []
    custom = [_custom(name, command, at) for name in sorted(flat) if name != TABLE]
    results = {f"output_{n}": {"uid": f"output_{n}", **one} for n, one in enumerate([*table, *custom])}
    body = {"version": VERSION, "tool": _tool(), "results": results}
    held = {**flat, RESULTS: _json(body), CONFIG: _json(config_of(judged.policy))}
    sums = {f"{CHECKSUMS}/{name}.txt": digest_bytes(content).encode() for name, content in held.items()}
    return held | {name: sum_.removeprefix(b"sha256:") for name, sum_ in sums.items()}


def config_of(policy: Policy) -> dict[str, Any]:
    """A policy as acro's appetite for risk; what it has no rule for stands as acro ships it."""
    return {
        "safe_threshold": policy.minimum_count if policy.active else 0,
        "safe_dof_threshold": policy.minimum_children if policy.active else 0,
        "safe_nk_n": policy.dominance_largest,
        "safe_nk_k": policy.dominance_share,
        "safe_pratio_p": policy.dominance_percent / 100,
        "check_missing_values": False,
        "survival_safe_threshold": policy.minimum_count if policy.active else 0,
        "zeros_are_disclosive": policy.zeros == "block",
        "safe_round_base": policy.rounding,
        "federated": False,
        "blocked_extensions": [],
        "suppress": policy.active,
    }


def _tool() -> dict[str, str]:
    from missingmodels.provenance import package_version

    return {"@type": "SoftwareApplication", "name": "missingmodels", "version": package_version()}


def _table(judged: Judged, command: str, at: str) -> dict[str, Any]:
    """The list of outputs; what is blocked are cells that failed a check."""
    outputs = judged.outputs
    failed: dict[str, list[list[int]]] = {name: [] for name in (THRESHOLD, NK, PQ, ZEROS, LINKED, MANUAL)}
    outcome = {}
    for row, one in enumerate(outputs):
        check = CHECKS.get(one.rule, MANUAL) if one.action == "blocked" else ""
        if check:
            failed[check].append([row, ACTION])
        outcome[one.output] = f"{check}; " if check else "ok"
    blocked = len(judged.blocked)
    said = [f"{name}: {len(cells)} outputs are blocked" for name, cells in failed.items() if cells]
    if not judged.policy.active:
        status, exception = "review", ""
    else:
        status = "review" if blocked else "pass"
        exception = "What is blocked stands in no file." if blocked else ""
    return {
        "status": status,
        "type": "table",
        "properties": {"method": "list of outputs", "mitigation": "suppress, round"},
        "files": [_file(TABLE, {"summary": {n: len(cells) for n, cells in failed.items()}, "cells": failed})],
        "outcome": {"action": outcome},
        "command": command,
        "summary": f"{len(outputs)} outputs, {blocked} blocked by {judged.policy.name}. {'; '.join(said)}".strip(),
        "timestamp": at,
        "comments": [f"Highest risk {max(one.risk for one in outputs):g}; policy {judged.policy.digest}"],
        "exception": exception,
        "fair": _fair(failed),
    }


def _fair(failed: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    return {
        "context": "https://w3id.org/statbarnsdc#",
        "checks_needed": [*failed],
        "common_mitigations": ["Suppression", "Rounding"],
        "check_status": {name: "fail" if cells else "pass" for name, cells in failed.items()},
    }


def _custom(name: str, command: str, at: str) -> dict[str, Any]:
    return {
        "status": "review",
        "type": "custom",
        "properties": {},
        "files": [_file(name, {})],
        "outcome": {},
        "command": command,
        "summary": "review",
        "timestamp": at,
        "comments": [],
        "exception": "",
        "fair": {},
    }


def _file(name: str, sdc: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "sdc": dict(sdc)}


def _json(body: Any) -> bytes:
    return (json.dumps(body, indent=1) + "\n").encode()
