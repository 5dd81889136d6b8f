"""Figure arrays through the gate: bins with few in them, ends of ranges, single homes, draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from missingmodels.disclosure.classes import Class
from missingmodels.disclosure.counts import blocked_cells, rounded, significant
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.support import Behind
from missingmodels.evidence.parts import DISPERSION

_SINGLE = {"homes": Class.SINGLE, "network": Class.SINGLE, "diagnostics": Class.DRAWS}
Figure = Mapping[str, Any]


def gated_figures(figures: Mapping[str, Any], behind: Behind, judged: Judged) -> dict[str, Any]:
    """Arrays as they may leave; what is blocked, or has no class, is not drawn."""
    found: dict[str, Any] = {}
    for name, held in figures.items():
        if not held:
            continue
        if name in _SINGLE:
            judged.add(f"figure {name}", _SINGLE[name], "blocked", rule="not for release", reason=_WHY[name])
        elif judged.noise_key is not None and name in ("dose", "predictive", "timing"):
            judged.add(f"figure {name}", Class.COUNT, "blocked", rule="near to an earlier output")
        elif name == "dose":
            found |= _kept(name, _dose(held, behind, judged))
        elif name == "predictive":
            found |= _kept(name, _predictive(held, behind, judged))
        elif name == "timing":
            found |= _kept(name, _timing(held, behind, judged))
        elif name == "curves":
            found[name] = [curve for one in held if (curve := _curve(one, behind, judged)) is not None]
        else:
            judged.add(f"figure {name}", "none", "blocked", rule="no class")
    return found


_WHY = {
    "homes": "each point is one home",
    "network": "each point is one child",
    "diagnostics": "draws pin what they were drawn from more closely than an interval",
}


def _kept(name: str, held: Any) -> dict[str, Any]:
    return {} if held is None else {name: held}


def _dose(held: Figure, behind: Behind, judged: Judged) -> dict[str, Any] | None:
    """Onsets over those expected by number of peers: bins are cells of one total, and ratios follow rounded onsets."""
    policy = judged.policy
    rule, reason, children = behind.of(held["model"], "", "*")
    if rule:
        judged.add("figure dose", Class.ESTIMATE, "blocked", rule=rule, reason=reason)
        return None
    onsets = dict(zip(held["bins"], held["onsets"], strict=True))
    gone = blocked_cells(onsets, policy, also=behind.cells("dose", held["model"], "", onsets))
    for name, why in gone.items():
        judged.add(f"figure dose, {name} peers", Class.COUNT, "blocked", rule="minimum count", reason=why)
    keep = [i for i, name in enumerate(held["bins"]) if name not in gone]
    if not keep:
        return None
    told = [rounded(held["onsets"][i], policy) for i in keep]
    by = [new / held["onsets"][i] for new, i in zip(told, keep, strict=True)]
    ratio = {
        part: [significant(held["ratio"][part][i] * b, policy.exposure_digits) for i, b in zip(keep, by, strict=True)]
        for part in ("median", "low", "high")
    }
    judged.add("figure dose", Class.ESTIMATE, "rounded", children=children)
    found = {
        "bins": [held["bins"][i] for i in keep],
        "onsets": told,
        "days_at_risk": [significant(held["days_at_risk"][i], policy.exposure_digits) for i in keep],
        "ratio": ratio | {"mass": held["ratio"]["mass"]},
        "model": held["model"],
    }
    if held.get("expected") is not None:
        found["expected"] = [significant(held["expected"][i], policy.exposure_digits) for i in keep]
    if held.get("all_onsets") is not None:
        found["all_onsets"] = rounded(held["all_onsets"], policy)
    return found


def _predictive(held: Figure, behind: Behind, judged: Judged) -> dict[str, Any] | None:
    """Shares of children by their number of onsets: counts of children in another form."""
    policy, children = judged.policy, float(behind.data["children"])
    cells = {name: round(share * children) for name, share in zip(held["bins"], held["observed"], strict=True)}
    gone = blocked_cells(cells, policy)
    for name, why in gone.items():
        judged.add(f"figure predictive, {name} onsets", Class.COUNT, "blocked", rule="minimum count", reason=why)
    keep = [i for i, name in enumerate(held["bins"]) if name not in gone]
    rule, reason, behind_it = behind.of(held["model"], held.get("exposure", ""), "*")
    if rule:
        judged.add("figure predictive", Class.ESTIMATE, "blocked", rule=rule, reason=reason)
    if rule or len(keep) < 2:
        return None
    judged.add("figure predictive", Class.ESTIMATE, "rounded", children=behind_it)
    whole = rounded(children, policy)
    return {
        "bins": [held["bins"][i] for i in keep],
        "observed": [min(1.0, round(rounded(cells[held["bins"][i]], policy) / whole, 3)) for i in keep],
        "replicated": _bands(held["replicated"], keep, policy.exposure_digits),
        "model": held["model"],
        "exposure": held.get("exposure", ""),
    }


def _timing(held: Figure, behind: Behind, judged: Judged) -> dict[str, Any] | None:
    """When onsets come: each part is cells of one total, but for the dispersion, which is no count."""
    policy = judged.policy
    rule, reason, children = behind.of(held["model"], held["exposure"], "*")
    if rule:
        judged.add("figure timing", Class.ESTIMATE, "blocked", rule=rule, reason=reason)
        return None
    parts = []
    for part in held["parts"]:
        counts = part["name"] != DISPERSION
        gone: dict[str, str] = {}
        if counts:
            also = behind.cells(part["name"], held["model"], held["exposure"], part["bins"])
            gone = blocked_cells(dict(zip(part["bins"], part["observed"], strict=True)), policy, also=also)
        for name, why in gone.items():
            output = f"figure timing, {part['name']} {name}"
            judged.add(output, Class.COUNT, "blocked", rule="minimum count", reason=why)
        keep = [i for i, name in enumerate(part["bins"]) if name not in gone]
        if keep:
            told = [part["observed"][i] for i in keep]
            shown = [rounded(n, policy) if counts else significant(n, policy.exposure_digits) for n in told]
            parts.append(
                {
                    "name": part["name"],
                    "bins": [part["bins"][i] for i in keep],
                    "observed": shown,
                    "replicated": _bands(part["replicated"], keep, policy.exposure_digits),
                }
            )
    judged.add("figure timing", Class.ESTIMATE, "rounded", children=children)
    return {**held, "parts": parts} if parts else None


def _curve(held: Figure, behind: Behind, judged: Judged) -> dict[str, Any] | None:
    """A rate ratio over the range of an exposure, which ends where enough children still stand."""
    output = f"figure curve of {held['exposure']}"
    rule, reason, children = behind.of(held["model"], held["exposure"], held["exposure"])
    entry = behind.entry(held["model"], held["exposure"], held["exposure"])
    top = None if entry is None else entry.get("high")
    if not rule and top is None:
        rule, reason = "no extremes", "where the range may end is not recorded"
    if rule or top is None:
        judged.add(output, Class.ESTIMATE, "blocked", rule=rule, reason=reason)
        return None
    digits = judged.policy.digits
    inner = float(significant(float(top), judged.policy.exposure_digits))
    x = np.linspace(0.0, inner, len(held["x"]))
    if inner <= 0:
        judged.add(output, Class.EXTREME, "blocked", rule="no extremes", reason="too few beyond 0")
        return None
    bands = {
        part: [significant(float(v), digits) for v in np.interp(x, held["x"], held["ratio"][part])]
        for part in ("median", "low", "high")
    }
    judged.add(output, Class.ESTIMATE, "rounded", rule="ends where enough children stand", children=children)
    told = [significant(float(v), digits) for v in x]
    return {**held, "x": told, "ratio": bands | {"mass": held["ratio"]["mass"]}}


def _bands(held: Mapping[str, Any], keep: list[int], digits: int) -> dict[str, Any]:
    parts = {name: [significant(held[name][i], digits) for i in keep] for name in ("median", "low", "high")}
    return parts | {"mass": held["mass"]}
