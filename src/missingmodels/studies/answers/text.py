"""A study in the terminal: one line a cell and quantity, each figure beside its Monte Carlo error."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from missingmodels.vocabulary import axis_name

COLUMNS = 118
HEADS = ("power", "type_s", "type_m", "bias", "coverage", "failed")  # the others stand on the page
FURTHER = ("precise", "stopped_day")  # of a study that aims at a width, or looks in time


def summary_text(found: Mapping[str, Any]) -> str:
    """The summary of a study."""
    lines = [f"{found['name']}: {found['question']}" if found["question"] else found["name"]]
    if found["kind"] == "calibration":
        return "\n".join([*lines, *_calibration(found), *_failures(found), _small_print(found)])
    what = "assurance" if found["assurance"] else "power"
    lines += [textwrap.fill(one, COLUMNS) for one in found.get("lead", ())]
    lines.append(f"Monte Carlo errors stand after ±; {what} is the share of worlds in which the rule says “supported”.")
    for quantity, label in found["quantities"].items():
        for rule in found["rules"]:
            lines += ["", f"{label} ({quantity})" + (f", rule “{rule}”" if rule != "plan" else "")]
            lines += _table(found, quantity, rule, what)
    lines += _beside(found) + _estimands(found) + _numbers(found)
    lines += ["", *_solutions(found)] if found["solutions"] else []
    return "\n".join([*lines, *_failures(found), _small_print(found)])


def _beside(found: Mapping[str, Any]) -> list[str]:
    """False confidence beside power, and the worlds that are not the model's."""
    notes: dict[str, str] = {}
    lines = []
    if held := found.get("beside"):
        names = ("power", "assurance", "type_s", "type_m", "false_confidence")
        rows = [["cell", "asked of", *names]]
        rows += [[str(row["cell"]), row["quantity"], *(cell_of(row[n], notes) for n in names)] for row in held]
        lines += ["", "Beside power", *_aligned(rows)]
    if held := found.get("misspecified"):
        rows = [["world", "effect", "worlds", "supported", "coverage"]]
        for row in held:
            shares = [cell_of(row[name], notes) for name in ("power", "coverage")]
            rows.append([row["world"], value(row["effect"]), str(row["worlds"]), *shares])
        lines += ["", "Where the world is not the model's", *_aligned(rows)]
    elif lines:
        lines.append("  --misspecified adds worlds that are not the model's.")
    return [*lines, *(_wrapped(f"{mark} {why}.") for why, mark in notes.items())]


def _estimands(found: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, label in found.get("estimands", {}).items():
        notes: dict[str, str] = {}
        rows = [["cell", *map(short, found["axes"]), "worlds", "bias", "coverage", "width", "failed"]]
        for cell in found["cells"]:
            for m in cell["estimands"]:
                if m["quantity"] == name:
                    start = [str(cell["index"]), *(value(v) for v in cell["at"].values()), str(cell["replicates"])]
                    rows.append([*start, *(cell_of(m[h], notes) for h in ("bias", "coverage", "width", "failed"))])
        lines += ["", f"{label} ({name})", *_aligned(rows), *(_wrapped(f"{m} {why}.") for why, m in notes.items())]
    return lines


def _numbers(found: Mapping[str, Any]) -> list[str]:
    held = [(cell, n) for cell in found["cells"] for n in cell.get("numbers", ())]
    if not held:
        return []
    rows = [["cell", *map(short, found["axes"]), "number", "worlds", "mean", "5 %", "95 %"]]
    for cell, n in held:
        start = [str(cell["index"]), *(value(v) for v in cell["at"].values()), n["name"], str(n["count"])]
        rows.append([*start, cell_of(n, {}), f"{n['low']:.3f}", f"{n['high']:.3f}"])
    return ["", "Measured by a function of one's own", *_aligned(rows)]


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows]


def _table(found: Mapping[str, Any], quantity: str, rule: str, what: str) -> list[str]:
    notes: dict[str, str] = {}
    further = [h for h in FURTHER if any(h in m for c in found["cells"] for m in _of(c, quantity, rule))]
    # errors of sign and size stand beside power above, so they make room
    heads = ["power", *further, "bias", "coverage", "failed"] if further else HEADS
    rows = [["cell", *map(short, found["axes"]), "worlds", what, *heads[1:]]]
    for cell in found["cells"]:
        for m in _of(cell, quantity, rule):
            start = [str(cell["index"]), *(value(v) for v in cell["at"].values()), str(cell["replicates"])]
            rows.append([*start, *(cell_of(m[h], notes) for h in heads)])
    return [*_aligned(rows), *(_wrapped(f"{mark} {why}.") for why, mark in notes.items())]


def _of(cell: Mapping[str, Any], quantity: str, rule: str) -> list[Mapping[str, Any]]:
    return [m for m in cell.get("measures", ()) if (m["quantity"], m["rule"]) == (quantity, rule)]


def short(axis: str) -> str:
    """An axis's name as the head of a column."""
    return axis.removesuffix(".count").rpartition(".")[2]


def value(found: Any) -> str:
    """A value of an axis as it is printed."""
    return f"{found:g}" if isinstance(found, float) else str(found)


def at_words(at: Mapping[str, Any]) -> str:
    """A point of a study's axes, in words."""
    return ", ".join(f"{axis_name(name)} {value(held)}" for name, held in at.items())


def cell_of(measure: Mapping[str, Any], notes: dict[str, str]) -> str:
    """A measure and its Monte Carlo error; where it cannot be had, the mark of why, which is added to the ``notes``."""
    if measure["value"] is None:
        why = measure.get("why", "no world speaks of it")  # a summary from before it was said
        return notes.setdefault(why, f"({chr(ord('a') + len(notes))})")
    error = "" if measure["error"] is None else " ±" + f"{max(measure['error'], 0.001):.3f}".removeprefix("0")
    return f"{measure['value']:.3f}{error}"


def solution_sentence(solution: Mapping[str, Any]) -> str:
    """What the solver found, in a sentence."""
    unit = "homes" if solution["size"] == "homes.count" else "days"
    where = at_words(solution["others"])
    aimed = f"an interval of at most {solution['width']:g}, " if "width" in solution else ""
    head = f"{solution['quantity']}{', ' + where if where else ''}: {aimed}"
    if "why_not" in solution:
        return head + f"no answer, {solution['why_not']}."
    if "cheapest" in solution:
        best = solution["cheapest"]
        beyond = " This lies outside the homes that were run." if best["beyond"] else ""
        return head + (
            f"the cheapest design with assurance {solution['assurance']:g} has {best['homes']:.0f} homes for "
            f"{best['days']:.0f} days, at a cost of {best['cost']:,.0f}.{beyond}"
        )
    if solution["answer"] is None:
        return head + (
            f"no answer: what was run does not reach {solution['assurance']:g}, and the cells do not show that power "
            f"rises with {unit}. Add larger cells, or more worlds."
        )
    if solution["at_most"]:
        return head + (
            f"at most {solution['answer']:.0f} {unit} for assurance {solution['assurance']:g}: the fewest that were "
            "run reach it already. Add a smaller cell to see how few do."
        )
    high = "no upper end" if solution["high"] is None else f"{solution['high']:.0f}"
    text = f"{solution['answer']:.0f} {unit} for assurance {solution['assurance']:g} "
    text += f"({solution['interval_mass']:.0%} interval {solution['low'] or 0:.0f} to {high}"
    text += f"; {solution['answer_on_log_scale']:.0f} on a log scale)" if solution["answer_on_log_scale"] else ")"
    if "cost" in solution:
        text += f", at a cost of {solution['cost']:,.0f}"
    text += "."
    if solution["beyond_what_was_run"]:
        text += " This lies outside what was run and rests on the curve: add a cell there."
    if solution["misfit"] is not None and solution["misfit"] < 0.05:
        text += f" The curve fits badly (p = {solution['misfit']:.3f})."
    return head + text


def _solutions(found: Mapping[str, Any]) -> list[str]:
    return ["Smallest size", *(_wrapped(solution_sentence(s)) for s in found["solutions"])]


def _calibration(found: Mapping[str, Any]) -> list[str]:
    lines = ["Ranks of the true values among posterior draws; a small p says that they are not uniform."]
    for cell in found["cells"]:
        lines += ["", f"cell {cell['index']}: {cell['replicates']} worlds" + _at(cell)]
        names = cell["ranks"]
        wide = max(map(len, names), default=0)
        for name, r in names.items():
            flag = "  <-- not uniform" if r["outside"] else ""
            lines.append(f"  {name:<{wide}}  chi-square p {r['p_chi_square']:.3f}   mean rank {r['mean']:.3f}{flag}")
    return lines


def _at(cell: Mapping[str, Any]) -> str:
    held = at_words(cell["at"])
    return f" ({held})" if held else ""


def _failures(found: Mapping[str, Any]) -> list[str]:
    reasons: dict[str, int] = {}
    for cell in found["cells"]:
        for why, count in cell["remarks"].items():
            reasons[why] = reasons.get(why, 0) + count
    if not reasons:
        return []
    return ["", "Worlds without a usable fit, by reason", *(_wrapped(f"{n} × {why}") for why, n in reasons.items())]


def _small_print(found: Mapping[str, Any]) -> str:
    total = sum(cell["replicates"] for cell in found["cells"])
    state = "" if found["complete"] else " The study is NOT complete: run the same command again to go on."
    return f"\n{total:,} worlds, {found['seconds_per_replicate'] or 0:.2f} s of one core each (median).{state}"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, COLUMNS, initial_indent="  ", subsequent_indent="    ")
