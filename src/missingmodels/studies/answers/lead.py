"""What a study says first: its answer in a sentence, and what stands beside power always."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from missingmodels.studies.answers.text import at_words

Found = Mapping[str, Any]
EFFECT = "contagion.log_rate_ratio"
WANTED = 0.8  # power that a study without [solve] is read against
_NO_PRIOR = "no design prior is stated: [prior] of the study averages power over what is thought of the effect"
_NO_NULL = "no cell has an effect of 0: add 0 to the axis of the effect, or run with --misspecified"


def lead(found: Found) -> list[str]:
    """The answer, a sentence a quantity and point of the other axes; at the head of a page it needs nothing else."""
    if found["kind"] != "power":
        return []
    if found.get("solutions"):
        return [_of_solution(one, found) for one in found["solutions"]]
    return [_of_cells(found, quantity) for quantity in found["quantities"]]


def _of_solution(solution: Mapping[str, Any], found: Found) -> str:
    what = "assurance" if found["assurance"] else "power"
    unit = "homes" if solution["size"] == "homes.count" else "days"
    goal = f"{solution['assurance']:.0%} {what}"
    if "width" in solution:
        goal = f"an interval no wider than {solution['width']:g} in {solution['assurance']:.0%} of worlds"
    of = found["quantities"].get(solution["quantity"], solution["quantity"])
    where = f", {at_words(solution['others'])}" if solution["others"] else ""
    if "cheapest" in solution:
        best = solution["cheapest"]
        return (
            f"About {_round(best['homes'])} homes for {best['days']:.0f} days, the cheapest for {goal} ({of}{where})."
        )
    if "why_not" in solution or solution["answer"] is None:
        why = solution.get("why_not", f"what was run does not show {goal}")
        return f"No size can be named for {goal}: {why} ({of}{where})."
    if solution["at_most"]:
        return f"At most {_round(solution['answer'])} {unit} for {goal}, the fewest that were run ({of}{where})."
    low = _round(solution["low"]) if solution["low"] else "0"
    high = "no upper end" if solution["high"] is None else _round(solution["high"])
    beyond = "; beyond what was run" if solution["beyond_what_was_run"] else ""
    return f"About {_round(solution['answer'])} {unit} ({low}–{high}{beyond}) for {goal} ({of}{where})."


def _round(size: float) -> str:
    """Two figures of a size, three from 100 on where the second would hide a tenth: as exactly as it is known."""
    if size < 10:
        return f"{math.ceil(size)}"
    step = 10 ** (math.floor(math.log10(size)) - 1)
    step = step / 2 if size / step < 50 and step > 1 else step
    return f"{round(size / step) * step:,.0f}"


def _of_cells(found: Found, quantity: str) -> str:
    what = "assurance" if found["assurance"] else "power"
    held = [(c, m["power"]) for c in found["cells"] for m in _main(c, quantity) if m["power"]["value"] is not None]
    label = found["quantities"][quantity]
    if not held:
        return f"No world has run yet ({label})."
    cell, best = max(held, key=lambda pair: pair[1]["value"])
    where = at_words(cell["at"]) or "the one design that was run"
    told = f"{what.capitalize()} is {best['value']:.0%} (± {best['error']:.0%}) at best, with {where} ({label})."
    return told if best["value"] >= WANTED or len(held) == 1 else f"{told} No cell reaches {WANTED:.0%}."


def _main(cell: Mapping[str, Any], quantity: str) -> list[Mapping[str, Any]]:
    return [m for m in cell.get("measures", ()) if (m["quantity"], m["rule"]) == (quantity, "plan")]


def beside(found: Found) -> list[dict[str, Any]]:
    """For each cell and quantity with an effect: power, assurance, type S and M, and false confidence, or why not.

    False confidence is the share supported in the cell like it, or a world like it, whose effect is 0.
    """
    out = []
    for cell in found["cells"]:
        for quantity in found["quantities"]:
            for m in _main(cell, quantity):
                if m["truth"] == 0:
                    continue
                power = m["power"]
                out.append(
                    {
                        "cell": cell["index"],
                        "at": cell["at"],
                        "quantity": quantity,
                        "power": {**power, "value": None, "why": "power is averaged over the design prior"}
                        if found["assurance"]
                        else power,
                        "assurance": power if found["assurance"] else {"value": None, "error": None, "why": _NO_PRIOR},
                        "type_s": m["type_s"],
                        "type_m": m["type_m"],
                        "false_confidence": _false(found, cell, quantity),
                    }
                )
    return out


def _false(found: Found, cell: Mapping[str, Any], quantity: str) -> Mapping[str, Any]:
    fields = (EFFECT, f"onset.{quantity}")
    rest = {k: v for k, v in cell["at"].items() if k not in fields}
    for other in found["cells"]:
        same = {k: v for k, v in other["at"].items() if k not in fields} == rest
        for m in _main(other, quantity):
            if same and m["truth"] == 0:
                return m["power"]
    for row in found.get("misspecified", ()):
        if row["effect"] == 0 and row["quantity"] == quantity and not row["dials"]:
            return row["power"] if quantity.startswith("peer_") else {"value": None, "error": None, "why": _NO_NULL}
    return {"value": None, "error": None, "why": _NO_NULL}
