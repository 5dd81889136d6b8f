"""The first screen of the report: each question with its answer, the way of the episodes, the contents."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from missingmodels.evidence.decisions import CANNOT_SAY, NEGLIGIBLE, OTHER_WAY, SUPPORTED, kind_of_verdict
from missingmodels.evidence.parts import Row
from missingmodels.evidence.record import Evidence
from missingmodels.evidence.robustness.operating import listed
from missingmodels.report import words
from missingmodels.report.figures.pictures import truths
from missingmodels.report.lines import H2_PARTS, Line, contrasts, contrasts_withheld, headline, variable
from missingmodels.report.withstood import undone

# What is told first of a part: some effect in it, and that there is none worth the name only where all are negligible.
_KINDS = (SUPPORTED, OTHER_WAY, CANNOT_SAY, NEGLIGIBLE)
_MOVED = "episodes on a moving day"
_OPEN = "not answered"
_WITH = " ("  # begins a condition
_SAYS = {
    SUPPORTED: "the data support an effect{0}: {1}.",
    OTHER_WAY: "the data point the other way: {1}.",
    NEGLIGIBLE: "if there is an effect, it is too small to matter: {1}.",
    CANNOT_SAY: "these data neither establish an effect nor show that it is negligible: {1}.",
}
_BRIEFLY = {NEGLIGIBLE: "an effect, if there is one, is too small to matter"}  # else as the verdict says it
_RANGE = re.compile(r" \([^()]*\)$")  # the two values that a ratio compares
_PEERS = "Do peers’ recent episodes raise a child’s own rate?"


def plain_answers(found: Sequence[Line], evidence: Evidence) -> list[dict[str, str]]:
    """Question, kind of answer, its short form and a sentence: of H1, then of the parts of H2, those alike together."""
    parts = [(_PEERS, headline(found, "H1")[:1])]
    structure = headline(found, "H2")
    parts += [
        (name, [line for line in structure if variable(line.row.name) in held]) for name, held in H2_PARTS.items()
    ]
    told = [(name, *_answer(held), _rest(held)) for name, held in parts if held or name == _PEERS]
    first, *others = told
    rows = [_row(first[0], first[1], first[2] + undone(first[2], evidence) + _against_truth(parts[0][1], evidence))]
    for kind, group in groupby(sorted(others, key=lambda one: _rank(one[1])), key=lambda one: one[1]):
        same = list(group)
        if kind in (CANNOT_SAY, _OPEN):
            names = listed([_small(name) for name, *_ in same])
            rest = (_unsettled(structure) + "".join(one[3] for one in same)) if kind == CANNOT_SAY else ""
            rows.append(_row(f"Do {names} matter beyond the child?", kind, _together(kind) + rest))
            continue
        rows += [_row(f"Does it matter: {_small(n)}?", kind, text + rest) for n, _, text, rest in same]
    return rows


def _row(question: str, kind: str, text: str) -> dict[str, str]:
    """What hangs on a condition says so in its short form too."""
    short = f"{kind} unless homes share shocks" if kind == SUPPORTED and f"{_WITH}unless" in text else kind
    return {"question": question, "kind": kind, "short": short, "text": text}


def _small(name: str) -> str:
    return name[0].lower() + name[1:]


def _rank(kind: str) -> int:
    return _KINDS.index(kind) if kind in _KINDS else len(_KINDS)


def _together(kind: str) -> str:
    if kind == _OPEN:
        return "The fits behind these did not pass the diagnostics gate."
    return "These data neither establish an effect nor show that it is negligible."


def _answer(held: Sequence[Line]) -> tuple[str, str]:
    """The kind that is told first among a part's effects, and those of that kind with their numbers."""
    if not held:
        return _OPEN, "Nothing of it was asked, or nothing of it may be released."
    if not all(line.converged for line in held):
        return _OPEN, "A fit behind this did not pass the diagnostics gate."
    kind = min((kind_of_verdict(line.row.verdict) for line in held), key=_rank)
    shown = [line.row for line in held if kind_of_verdict(line.row.verdict) == kind]
    numbers = "; ".join(
        f"{words.typographic(row.label)}, rate ratio {words.ratio(row.median)} "
        f"({words.mass(row.interval_mass)} interval {words.interval(row)}{_among(row)})"
        for row in shown
    )
    condition = _condition([row.verdict for row in shown]) if kind == SUPPORTED else ""
    text = _SAYS.get(kind, "{1}.").format(condition, numbers)
    return kind, text[0].upper() + text[1:]


def _among(row: Row) -> str:
    """Of a supported effect among many, how often chance alone puts one as far out."""
    if kind_of_verdict(row.verdict) != SUPPORTED or row.family_wise is None or row.family_size < 2:
        return ""
    return (
        f"; by chance alone, any of the {row.family_size} effects asked would lie so far out with probability "
        f"{words.probability(row.family_wise)}"
    )


def _rest(held: Sequence[Line]) -> str:
    """What became of the other effects of a part, by name alone: their numbers stand below."""
    if not held or not all(line.converged for line in held):
        return ""
    kind = min((kind_of_verdict(line.row.verdict) for line in held), key=_rank)
    others: dict[str, list[str]] = {}
    for line in held:
        its = kind_of_verdict(line.row.verdict)
        if line.row.hypothesis == "H2" and its != kind:
            others.setdefault(its, []).append(_RANGE.sub("", words.typographic(line.row.label)))
    said = [f"{'; '.join(names)}: {_BRIEFLY.get(its, its)}." for its, names in others.items()]
    return "".join(f" {text[0].upper()}{text[1:]}" for text in said)


def _unsettled(structure: Sequence[Line]) -> str:
    """The effects that the data cannot tell, by name."""
    names = [
        _RANGE.sub("", words.typographic(line.row.label))
        for line in structure
        if line.converged and kind_of_verdict(line.row.verdict) == CANNOT_SAY
    ]
    return f" Unsettled: {'; '.join(names)}." if names else ""


def _condition(verdicts: Sequence[str]) -> str:
    """What an answer of *supported* adds to it: the shared shocks that undo it, or that it withstands."""
    said = {verdict.removeprefix(SUPPORTED) for verdict in verdicts}
    return f"{_WITH}{'; '.join(sorted(one.strip(' ,') for one in said))})" if said != {""} else ""


def _against_truth(held: Sequence[Line], evidence: Evidence) -> str:
    """Of a simulated world, whether the interval holds the rate ratio that it was given."""
    if not held or not held[0].converged:
        return ""
    row = held[0].row
    truth = truths(evidence).get(row.exposure)
    if truth is None or row.name != row.exposure:
        return ""
    holds = row.interval_low <= truth <= row.interval_high
    share = words.percent(1 - row.interval_mass)
    told = "holds it" if holds else f"misses it, as {share} of such intervals do where a model is the world’s own"
    return f" This simulated world was given {words.ratio(truth)}: the interval {told}."


def flow(data: Mapping[str, Any]) -> list[dict[str, str]]:
    """From the recorded episodes to those that are counted: what was left out at each step, if anything was."""
    steps = list(data.get("episodes", {}).items())
    if len(steps) < 2:
        return []
    (first, begun), *between, (last, counted) = steps
    # an episode on a moving day is counted in one of the two homes; where a rule drops it, its day is not at risk
    lost = [(name, n) for name, n in between if n != 0 and not name.startswith(_MOVED)]
    out = [{"kind": "left-out", "label": f"left out: {name}", "count": words.count(n)} for name, n in lost]
    return [
        {"kind": "whole", "label": first, "count": words.count(begun)},
        *out,
        {"kind": "whole", "label": last, "count": words.count(counted)},
        {"kind": "whole", "label": "of them after the burn-in, which the estimates rest on",
         "count": words.count(data["onsets"])},
        {"kind": "whole", "label": "children in homes",
         "count": f"{words.count(data['children'])} in {words.count(data['homes'])}"},
    ]  # fmt: skip


def contents(evidence: Evidence, found: Sequence[Line]) -> list[tuple[str, str]]:
    """Anchor and title of each section that the page has."""
    stated = contrasts(found) or contrasts_withheld(evidence, found)
    return [
        ("flow", "The data, and what became of them"),
        ("h1", "H1: peers’ recent episodes"),
        ("h2", "H2: staffing, turnover and placement mix"),
        *([("contrasts", "Contrasts that the plan states")] if stated else []),
        ("effects", "Every effect with its verdict"),
        ("rule", "The rule, fixed beforehand"),
        ("robustness", "Robustness"),
        ("checks", "Checks"),
        ("diagnostics", "Diagnostics"),
        ("priors", "How much the priors decide"),
        ("equations", "Models and equations"),
        ("limits", "What this design cannot show"),
        *([("notes", "Notes")] if evidence.notes else []),
        ("provenance", "Provenance and appendices"),
    ]
