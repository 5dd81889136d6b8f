"""The page of a study: what was asked, what came out, figures and every number with its error. Needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from missingmodels.report.figures.of_many import study as draw
from missingmodels.report.figures.style import png
from missingmodels.report.templates import inside, rendered
from missingmodels.vocabulary import axis_name

HEADS = {
    "power": "power",
    "negligible": "negligible",
    "wrong_way": "wrong way",
    "type_s": "type S",
    "type_m": "type M",
    "bias": "bias",
    "coverage": "coverage",
    "width": "width",
    "expected_probability": "expected probability",
    "failed": "failed",
    "precise": "narrow enough",
    "stopped_day": "day it ends",
}
SOMETIMES = ("precise", "stopped_day")  # of a study that aims at a width, or looks in time
BESIDE = ("power", "assurance", "type_s", "type_m", "false_confidence")
FIRST = ("solver", "curves")  # pictures that show the answer, the best of them


def study_pictures(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Figures by name, as PNG with title and alternative text; only those that the study has data for."""
    made: dict[str, tuple[Any, str, str]] = {}
    what = "assurance" if found["assurance"] else "power"
    if found["kind"] == "calibration":
        if any(cell["ranks"] for cell in found["cells"]):
            made["ranks"] = (draw.rank_figure(found), "Ranks of the truths", "Distribution of ranks against uniform.")
    elif any(cell.get("measures") for cell in found["cells"]):
        axes = draw.numeric_axes(found)
        if axes:
            made["curves"] = (
                draw.power_curves(found),
                f"{what.capitalize()} over {axis_name(axes[0])}",
                f"Lines of {what} over {axis_name(axes[0])}; the tables below hold the same numbers.",
            )
        if len(axes) > 1 and all(len(found["axes"][n]) > 1 for n in axes[:2]):
            made["map"] = (draw.assurance_map(found), f"Map of {what}", f"Contours of {what} over two axes.")
        if any("curve" in s for s in found["solutions"]):
            made["solver"] = (draw.solver_picture(found), "Smallest size", "Cells, fitted curve and answer.")
        signed = any(m["type_m"]["value"] is not None for c in found["cells"] for m in c.get("measures", ()))
        if signed:
            made["exaggeration"] = (draw.exaggeration(found), "Exaggeration and wrong signs", f"Errors against {what}.")
    return {n: {"png": png(figure), "title": title, "alt": alt} for n, (figure, title, alt) in made.items()}


def study_page(found: Mapping[str, Any], pictures: Mapping[str, Mapping[str, Any]]) -> str:
    """The page's text; all but the style sheet is escaped."""
    return rendered(
        "study.html",
        found=found,
        what="assurance" if found["assurance"] else "power",
        worlds=sum(cell["replicates"] for cell in found["cells"]),
        first=[_inline(pictures[name]) for name in FIRST if name in pictures][:1],
        pictures=[_inline(p) for name, p in pictures.items() if name != _first(pictures)],
        beside=_beside(found),
        misspecified=_misspecified(found),
        plain_tables=[*_estimands(found), *_numbers(found)],
        heads=HEADS,
        axes=[axis_name(name) for name in found["axes"]],
        tables=(tables := _tables(found) if found["kind"] == "power" else []),
        shown={name for table in tables for name in table["heads"]},
        ranks=[c for c in found["cells"] if c.get("ranks")],
        failures=_failures(found),
        record=json.dumps(found["record"], indent=1, default=str),
    )


def _first(pictures: Mapping[str, Any]) -> str:
    return next((name for name in FIRST if name in pictures), "")


def _inline(picture: Mapping[str, Any]) -> dict[str, Any]:
    source = inside(picture["png"])
    return {**picture, "source": source}


def _beside(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """Assurance, type S and M and false confidence beside power, for every cell with an effect."""
    notes: dict[str, str] = {}
    rows = [
        {
            "cell": row["cell"],
            "at": [number(v) for v in row["at"].values()],
            "quantity": found["quantities"].get(row["quantity"], row["quantity"]),
            "measures": [_measure(row[name], notes) for name in BESIDE],
        }
        for row in found.get("beside", ())
    ]
    return {"rows": rows, "notes": [f"{mark} {why}" for why, mark in notes.items()]} if rows else None


def _misspecified(found: Mapping[str, Any]) -> dict[str, Any] | None:
    notes: dict[str, str] = {}
    rows = [
        {
            "world": ", ".join([row["world"], *(f"{axis_name(k)} {number(v)}" for k, v in row["at"].items())]),
            "effect": number(row["effect"]),
            "worlds": row["worlds"],
            "measures": [_measure(row[name], notes) for name in ("power", "bias", "coverage", "type_s", "type_m")],
        }
        for row in found.get("misspecified", ())
    ]
    return {"rows": rows, "notes": [f"{mark} {why}" for why, mark in notes.items()]} if rows else None


def _estimands(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    tables = []
    names = ("bias", "coverage", "width", "failed")
    for quantity, label in found.get("estimands", {}).items():
        notes: dict[str, str] = {}
        rows = [
            [cell["index"], *map(number, cell["at"].values()), cell["replicates"]]
            + [_cell(m[name], notes) for name in names]
            for cell in found["cells"]
            for m in cell["estimands"]
            if m["quantity"] == quantity
        ]
        heads = ["cell", *(axis_name(n) for n in found["axes"]), "worlds", *names]
        said = [f"{mark} {why}" for why, mark in notes.items()]
        tables.append({"title": f"{label} ({quantity})", "heads": heads, "rows": rows, "notes": said})
    return tables


def _numbers(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [
        [
            *(cell["index"], *map(number, cell["at"].values()), n["name"], n["count"]),
            *(_cell(n, {}), f"{n['low']:.3f}", f"{n['high']:.3f}"),
        ]
        for cell in found["cells"]
        for n in cell.get("numbers", ())
    ]
    heads = ["cell", *(axis_name(n) for n in found["axes"]), "number", "worlds", "mean", "5 %", "95 %"]
    asked = found.get("asked", {}).get("measure", {}).get("function", "")
    return [{"title": f"Measured by {asked}", "heads": heads, "rows": rows, "notes": []}] if rows else []


def _cell(measure: Mapping[str, Any], notes: dict[str, str]) -> str:
    held = _measure(measure, notes)
    return f"{held['value']} ± {held['error']}" if held["error"] else held["value"]


def _tables(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    tables = []
    for quantity, label in found["quantities"].items():
        for rule in found["rules"]:
            notes: dict[str, str] = {}
            pairs = draw.measured(found, quantity, rule)
            heads = {n: h for n, h in HEADS.items() if n not in SOMETIMES or any(n in m for _, m in pairs)}
            rows = [
                {
                    "cell": cell["index"],
                    "at": [number(v) for v in cell["at"].values()],
                    "worlds": cell["replicates"],
                    "stopped": cell["stopped"],
                    "truth": _mark(m["bias"], notes) if m["truth"] is None else f"{m['truth']:.3f}",
                    "measures": [_measure(m[name], notes) for name in heads],
                }
                for cell, m in pairs
            ]
            said = [f"{mark} {why}" for why, mark in notes.items()]
            tables.append(
                {"label": label, "quantity": quantity, "rule": rule, "heads": heads, "rows": rows, "notes": said}
            )
    return tables


def number(value: Any) -> str:
    """A value of an axis."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _mark(measure: Mapping[str, Any], notes: dict[str, str]) -> str:
    """The mark of why a measure cannot be had; what it stands for is added to the notes."""
    why = measure.get("why", "no world speaks of it")  # a summary from before it was said
    return notes.setdefault(why, f"({chr(ord('a') + len(notes))})")


def _measure(measure: Mapping[str, Any], notes: dict[str, str]) -> dict[str, str]:
    if measure["value"] is None:
        return {"value": _mark(measure, notes), "error": ""}
    error = measure["error"]
    return {"value": f"{measure['value']:.3f}", "error": "" if error is None else f"{max(error, 0.001):.3f}"}


def _failures(found: Mapping[str, Any]) -> dict[str, int]:
    total: dict[str, int] = {}
    for cell in found["cells"]:
        for why, count in cell["remarks"].items():
            total[why] = total.get(why, 0) + count
    return total
