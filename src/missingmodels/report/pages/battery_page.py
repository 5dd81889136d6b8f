"""The page, table and terminal text of the battery. What comes from data is escaped."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import pandas as pd

from missingmodels.evidence.decisions import rule_in_words
from missingmodels.evidence.robustness.battery import BY_NAME, DROPPED, Battery
from missingmodels.evidence.robustness.bench import NOTHING, Line
from missingmodels.evidence.robustness.frontier import frontier, frontier_is_whole, frontier_sentence
from missingmodels.evidence.robustness.operating import WORLDS, Wrong, how_often_wrong, operating, share_text
from missingmodels.evidence.robustness.operating import measured as measured_under
from missingmodels.evidence.robustness.variants import AS_RECORDED, OWN
from missingmodels.plan import Plan
from missingmodels.report import words
from missingmodels.report.figures.frontier import frontier_figure
from missingmodels.report.figures.of_many.battery import battery_figure, curve_figure
from missingmodels.report.figures.style import png
from missingmodels.report.templates import inside, rendered

Pictures = Mapping[str, Mapping[str, Any]]


def battery_table(found: Battery, plan: Plan) -> pd.DataFrame:
    """One row a line: what it says, what it can and cannot show, and how often it is wrong."""
    rows = []
    for line in found.lines:
        check = BY_NAME[line.check]
        rows.append(
            line.as_dict() | {"shows": check.shows, "cannot": check.cannot, "how_often": how_often(line, found, plan)}
        )
    return pd.DataFrame(rows)


def how_often(line: Line, found: Battery, plan: Plan) -> str:
    """How often a line says so where the truth is set; in words where that is not measured."""
    if line.kind == "size":
        return "a size, not a verdict"
    wrong = _wrong(line, found, plan)
    return wrong.sentence(line.kind) if wrong is not None else "is not measured"


def _wrong(line: Line, found: Battery, plan: Plan) -> Wrong | None:
    return how_often_wrong(line.check, line.line, found.homes, plan=plan, model=found.model, kind=line.kind)


def summary(found: Battery, plan: Plan) -> list[str]:
    """What the battery says, in sentences."""
    by_check = {line.check: line for line in found.lines}
    asked = [line for line in found.lines if line.kind == "influence" and line.says is not None]
    asked = [line for line in asked if line.check not in ("together", "primary") and OWN not in line.remark]
    yes = sum(bool(line.says) for line in asked)
    alarms = [line for line in found.lines if line.kind == "alarm" and line.says]
    silent = sum(line.kind == "alarm" and line.says is False for line in found.lines)
    together, primary = by_check["together"], by_check["primary"]
    aside = ", as recorded, while the run’s answer takes unseen peers into account"
    recorded = aside if AS_RECORDED in primary.remark else ""
    sentences = [
        f"The plan’s own question{recorded}: {primary.verdict}, "
        + (f"rate ratio {_ratio(primary)}." if primary.estimate is not None else f"{primary.remark}."),
        f"Asked in {len(asked)} other ways, {_says(yes)} influence.",
        f"Alarms: {len(alarms)} of {len(alarms) + silent} {'rings' if len(alarms) == 1 else 'ring'}."
        + (f" {'; '.join(_named(line) for line in alarms)}." if alarms else ""),
        f"All together: {together.verdict}. {_capital(together.remark)}{'. ' if together.remark else ''}"
        f"This {how_often(together, found, plan)}.",
    ]
    if found.curve:
        says = sum(bool(one.says) for one in found.curve)
        low, high = found.curve[0].estimate, found.curve[-1].estimate
        sentences.append(
            f"Of {len(found.curve)} specifications {_says(says)} influence; "
            f"rate ratios from {words.ratio(low)} to {words.ratio(high)}."
        )
    return sentences


def _says(count: int) -> str:
    return f"{count} says" if count == 1 else f"{count} say"


def _named(line: Line) -> str:
    return f"{words.typographic(BY_NAME[line.check].title)}, {line.line}"


def battery_pictures(found: Battery, plan: Plan) -> dict[str, dict[str, Any]]:
    """Figures by name as PNG, with words."""
    made: dict[str, dict[str, Any]] = {
        "robustness": {
            "png": png(battery_figure(found.lines)),
            "title": "Every line",
            "text": "",
            "alt": "Rate ratios with intervals of every line of the battery; the table below holds the numbers.",
            "caption": "Every line of the battery, by the fast engine.",
        }
    }
    if found.curve:
        made["specification_curve"] = {
            "png": png(curve_figure(found.curve)),
            "title": "Specification curve",
            "text": "",
            "alt": "Estimates of every specification in order, with the choices of each marked below.",
            "caption": "Every combination of window, home-period length, adjustment and frailty law. "
            "Combinations share their data, so they are no independent votes.",
        }
    table = frontier()
    if frontier_is_whole(table):
        primary = next(line for line in found.lines if line.check == "primary")
        made["frontier"] = {
            "png": png(frontier_figure(table, homes=found.homes)),
            "title": "Which shared shocks would this design call influence?",
            "text": frontier_sentence(primary.low, primary.high, plan, found.model),
            "alt": "Share of worlds without influence in which each model says supported, by shock length and size.",
            "caption": "Measured in worlds without influence whose homes have shared shocks, and with like placed with "
            "like. The sentence above carries the imitated effect over to the precision of these data.",
        }
    return made


def battery_page(
    found: Battery,
    plan: Plan,
    shown: Pictures,
    *,
    origin: str,
    made: Mapping[str, Any],
    simulated: bool = False,
) -> str:
    """The page's text; it needs nothing else. Of data that are not ``simulated`` it warns of small counts."""
    sources = [dict(picture) | {"source": inside(picture["png"])} for picture in shown.values()]
    lines = [line for line in found.lines if line.kind != "size"]
    level = 1 - plan.decision.supported_probability
    return rendered(
        "battery.html",
        origin=origin,
        simulated=simulated,
        summary=summary(found, plan),
        rule=rule_in_words(plan.decision),
        rule_of_tests="An alarm rings by the same rule; "
        f"a randomisation test says influence if p is at most {level:.3g}.",
        pictures=sources,
        worlds=[_capital(name) for name in WORLDS.values()],
        how_often=_measured(found, plan),
        groups=[_group(name, list(part), found, plan) for name, part in groupby(lines, key=lambda line: line.check)],
        dropped=[_dropped(name, found, plan) for name in DROPPED if name not in {line.check for line in lines}],
        sizes=[f"{_capital(line.line)}: {line.verdict}; {line.remark}." for line in found.lines if line.kind == "size"],
        made=made,
    )


def _group(name: str, lines: list[Line], found: Battery, plan: Plan) -> dict[str, Any]:
    check = BY_NAME[name]
    rows = [
        {
            "line": words.typographic(line.line),
            "remark": words.typographic(line.remark),
            "ratio": _ratio(line),
            "probability": _probability(line),
            "verdict": line.verdict,
            "wrong": _shares(line, found, plan),
            "whose": _whose(line, found, plan),
        }
        for line in lines
    ]
    return {**{name: words.typographic(getattr(check, name)) for name in ("title", "shows", "cannot")}, "rows": rows}


def _dropped(name: str, found: Battery, plan: Plan) -> str:
    """What a check left out would show, and what its lines said where the truth was set."""
    check = BY_NAME[name]
    held = operating()
    measured = held[held["check"] == name].drop_duplicates("line")
    under = measured_under()
    said = "; ".join(
        f"“{words.typographic(line)}” {wrong.sentence(kind)}"
        for line, kind in zip(measured["line"], measured["kind"], strict=True)
        if (wrong := how_often_wrong(name, line, found.homes, plan=under.plan, model=under.model, kind=kind))
    )
    why = "rings no more often where there is something to warn of than where there is nothing"
    if "influence" in set(measured["kind"]):
        why = "says influence no more often where there is some than where there is none"
    untried = f" {_capital(check.untried)}, so what it is for was not tried." if check.untried else ""
    return f"{words.typographic(check.title)}, which was to show {check.shows}: it {why}. {said}.{untried}"


def _whose(line: Line, found: Battery, plan: Plan) -> str:
    """Whose the shares at the right are, where they are another line's."""
    wrong = None if line.verdict == NOTHING else _wrong(line, found, plan)
    stands = wrong is not None and wrong.stands_for and not wrong.unlike
    return f"at the right: figures of {wrong.stands_for}" if wrong is not None and stands else ""


def _shares(line: Line, found: Battery, plan: Plan) -> list[dict[str, str]]:
    """How often the line says so in each kind of simulated world, with the Monte Carlo error."""
    wrong = None if line.verdict == NOTHING else _wrong(line, found, plan)
    if wrong is None or wrong.unlike:
        return [{"said": "", "error": ""} for _ in WORLDS]
    return [
        {"said": share_text(wrong.said[name]), "error": f"± {share_text(wrong.error[name])}"}
        if name in wrong.said
        else {"said": "–", "error": ""}
        for name in WORLDS
    ]


def _measured(found: Battery, plan: Plan) -> str:
    """Where the shares come from, and whether they hold for this plan."""
    primary = next(line for line in found.lines if line.check == "primary")
    wrong, under = _wrong(primary, found, plan), measured_under()
    if wrong is None:
        return "How often a line says so was not measured."
    headline = f", the plan’s own question with {under.headline}" if found.model == under.headline else ""
    told = (
        "The last columns say how often a line says so in simulated sectors whose truth is set: "
        f"{wrong.homes} homes for a year, {wrong.worlds} of each kind, with the model {under.model}{headline}. "
        f"These data have {found.homes} homes."
    )
    if wrong.size_note:
        told += f" {_capital(wrong.size_note)} than the figures say."
    if wrong.detail:
        told += f" They are {wrong.detail}."
    if wrong.unlike:
        told += (
            f" They were not measured for such a plan ({wrong.unlike}) and are empty where a line hangs on that. The "
            f"nearest to the plan’s own question that was {_nearest(wrong)}."
        )
    return told


def _nearest(wrong: Wrong) -> str:
    return dataclasses.replace(wrong, unlike="").sentence("influence")


def _ratio(line: Line) -> str:
    if line.estimate is None or line.low is None or line.high is None:
        return ""
    return f"{words.ratio(line.estimate)} ({words.ratio(line.low)} to {words.ratio(line.high)})"


def _probability(line: Line) -> str:
    return f"p {line.p_value:.3f}" if line.p_value is not None else words.probability(line.probability)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def battery_text(found: Battery, plan: Plan) -> str:
    """The table for a terminal, and what it comes to."""
    heads = ("line", "rate ratio", "P or p", "verdict")
    rows: list[tuple[str, str, str, str]] = []
    for name, part in groupby(found.lines, key=lambda line: line.check):
        rows.append((words.typographic(BY_NAME[name].title), "", "", ""))
        for line in part:
            shown = "" if line.kind == "size" else _ratio(line)
            rows.append(
                (
                    f"  {words.typographic(line.line)}",
                    shown,
                    _probability(line) if line.kind != "size" else "",
                    line.verdict,
                )
            )
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(3)]
    text = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
            for row in (heads, *rows)]  # fmt: skip
    return "\n".join([*text, "", *summary(found, plan)])
