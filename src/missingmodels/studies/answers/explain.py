"""One page of a study for those who decide on money: the answer, what could make it wrong, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from pathlib import Path
from typing import Any

from missingmodels.report.pages.explained import explained_markdown, explained_page
from missingmodels.report.pages.study_page import study_pictures
from missingmodels.studies.answers.lead import EFFECT
from missingmodels.studies.answers.text import at_words, value
from missingmodels.writing import write_together

Found = Mapping[str, Any]
EXPLAINED = "explained"


def explained(found: Found) -> dict[str, Any]:
    """What the page says, as plain values."""
    study, scenario, plan = (found["record"][part] for part in ("study", "scenario", "plan"))
    worlds = sum(cell["replicates"] for cell in found["cells"])
    pictures = study_pictures(found)
    shown = next((pictures[name] for name in ("solver", "curves", "map") if name in pictures), None)
    return {
        "name": found["name"],
        "question": found["question"],
        "answer": found["lead"],
        "picture": shown,
        "how": [
            f"{worlds:,} simulated sectors in {len(found['cells'])} designs; no real child is in them. Each was "
            "analysed as the real data would be, and judged by the rule that was fixed beforehand.",
            _rule(plan["decision"]),
            _effect(found, study, scenario),
            f"A simulated sector: {_sizes(found, scenario)}; an ordinary child goes missing "
            f"{scenario['onset']['rate_per_year']:g} times a year; {_recorded(scenario)}.",
        ],
        "risks": _risks(found),
        "worlds": found.get("misspecified", []),
        "cost": _cost(found),
        "small_print": f"Study {found['digest']}, seed {study['seed']}, missingmodels "
        f"{found['versions'].get('missingmodels', '')}; the same file gives the same figures.",
        "complete": found["complete"],
    }


def _rule(rule: Mapping[str, Any]) -> str:
    sure = rule["supported_probability"]
    return f"A finding counts as supported once its probability, given the data, is at least {sure:.1%}."


def _effect(found: Found, study: Mapping[str, Any], scenario: Mapping[str, Any]) -> str:
    if EFFECT in study["prior"] or EFFECT in study["draws"]:
        return "The effect differs from world to world as far as it is unknown today, so the share is an assurance."
    held = study["axes"].get(EFFECT) or study["points"].get(EFFECT) or [scenario["contagion"]["log_rate_ratio"]]
    sizes = sorted({float(v) for v in held if v})
    if not sizes:
        return "The worlds have no effect of peers at all."
    span = f"{exp(sizes[0]):.2f}" + (f" to {exp(sizes[-1]):.2f}" if len(sizes) > 1 else "")
    return f"A recent episode of a peer multiplies a child's own rate by {span} in these worlds, while it is recent."


def _sizes(found: Found, scenario: Mapping[str, Any]) -> str:
    axes = found["axes"]
    homes = axes.get("homes.count", [scenario["homes"]["count"]])
    days = axes.get("days", [scenario["days"]])
    return f"{_span(homes)} homes over {_span(days)} days"


def _span(values: Any) -> str:
    low, high = min(values), max(values)
    return value(low) if low == high else f"{value(low)} to {value(high)}"


def _recorded(scenario: Mapping[str, Any]) -> str:
    held = scenario["recording"]
    parts = [f"{1 - held['unseen_children_share']:.0%} of its children are in the record"]
    if held["joining_days"]:
        parts.append(f"homes join over {held['joining_days']:g} days")
    if held["leaving_per_year"]:
        parts.append(f"homes stop sending data at a rate of {held['leaving_per_year']:g} a year")
    return ", ".join(parts)


def _risks(found: Found) -> list[str]:
    """What could go wrong at the best design that was run."""
    rows = [row for row in found["beside"] if (row["assurance"] if found["assurance"] else row["power"])["value"]]
    if not rows:
        return ["No design that was run has an effect to be found, so nothing is said of errors."]
    main = next(iter(found["quantities"]))
    key = "assurance" if found["assurance"] else "power"
    row = max((r for r in rows if r["quantity"] == main), key=lambda r: r[key]["value"], default=rows[-1])
    where = at_words(row["at"]) or "the one design"
    return [
        f"At {where}:",
        _said("a supported finding has the wrong sign in {} of worlds", row["type_s"], percent=True),
        _said("a supported finding is on average {} times the true size", row["type_m"], percent=False),
        _said("without any effect, one is claimed in {} of worlds (false confidence)", row["false_confidence"], True),
    ]


def _said(text: str, measure: Mapping[str, Any], percent: bool) -> str:
    if measure["value"] is None:
        return f"{text.format('…')}: not measured, as {measure.get('why', 'no world speaks of it')}"
    shown = f"{measure['value']:.1%}" if percent else f"{measure['value']:.2f}"
    error = measure["error"] or 0.0
    return text.format(f"{shown} (± {error:.1%})" if percent else f"{shown} (± {error:.2f})")


def _cost(found: Found) -> list[str]:
    prices = (found["record"]["study"] or {}).get("cost")
    if not prices:
        return []
    told = [f"{one['cost']:,.0f}" for one in found["solutions"] if "cost" in one]
    told += [f"{one['cheapest']['cost']:,.0f}" for one in found["solutions"] if "cheapest" in one]
    listed = ", ".join(f"{name.replace('_', ' ')} {price:g}" for name, price in prices.items() if price)
    return [f"Cost of the answer: {'; '.join(told) or 'no size was found'}, at these prices: {listed}."]


def explanation_files(found: Found) -> dict[str, bytes]:
    """The page as HTML and as Markdown, by name."""
    said = explained(found)
    return {
        f"{EXPLAINED}.html": explained_page(said).encode("utf-8"),
        f"{EXPLAINED}.md": explained_markdown(said).encode("utf-8"),
    }


def write_explanation(found: Found, output: Path) -> list[Path]:
    """Write both forms beside each other: ``output`` with the endings .html and .md."""
    named = {output.with_suffix(Path(name).suffix).name: body for name, body in explanation_files(found).items()}
    write_together(output.parent, named)
    return [output.parent / name for name in named]
