"""What stands in the report, section by section, as the values that its template shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from missingmodels.evidence.decisions import CANNOT_SAY
from missingmodels.evidence.effects.contrasts import CONTRAST
from missingmodels.evidence.record import Evidence
from missingmodels.evidence.worst_case import false_confidence_words, unseen_words
from missingmodels.plan import kept_plan
from missingmodels.report import comparison, sentences, words
from missingmodels.report.carries import carries
from missingmodels.report.diagnosed import certificate_of, gate_table
from missingmodels.report.figures.pictures import Picture
from missingmodels.report.first import contents, flow, plain_answers
from missingmodels.report.lines import (
    COEFFICIENT,
    Line,
    contrasts,
    contrasts_withheld,
    headline,
    judged,
    lines,
    measured,
)
from missingmodels.report.planned import planned
from missingmodels.report.timing import timing_shown
from missingmodels.report.withstood import shocks_tried
from missingmodels.tables import is_simulated
from missingmodels.tables.judgement import judgements_of
from missingmodels.vocabulary import SCALARS, column_label, defined, fit_name, subject, worded


def content(evidence: Evidence, pictures: Mapping[str, Picture]) -> dict[str, Any]:
    """Every value that the template names."""
    found, failed = lines(evidence), _failed(evidence)
    plan = evidence.plan
    window = int(plan["exposure"]["window_days"])
    first = evidence.rows[0] if evidence.rows else None
    asked = evidence.data.get("asked")
    return {
        "plan_name": plan["name"],
        "window_days": window,
        "period_days": plan["frame"]["period_days"],
        # evidence written before a plan had effects held these
        "home_process": plan.get("effects", {}).get("home_process", "periods"),
        "effects_held": sentences.effects_held(plan.get("effects", {}), plan["frame"]),
        "simulated": is_simulated(evidence.origin),
        "disclosure": evidence.disclosure,
        "origin": sentences.origin_words(evidence.origin),
        "judged": judgements_of(evidence.origin),
        "failed": failed,
        "exposure_span": sentences.exposure_span(plan["exposure"]),
        "answers": sentences.answers(found, plan["exposure"], plan.get("effects", {}), asked),
        "subject": subject(asked),
        "defined": words.typographic(defined(asked)),
        "interval_name": words.interval_name(first) if first else "",
        "rule": evidence.rule,
        "planned": planned(evidence),
        "first": plain_answers(found, evidence),
        "flow": flow(evidence.data),
        "contents": contents(evidence, found),
        "carries": carries(evidence.data),
        "data": data_words(evidence.data),
        "h1": _effects(judged(found, "H1")),
        "h1_how_often": [_first_apart(text) for text in how_often(evidence)],
        "withstood": shocks_tried(evidence),
        "h2": _effects(headline(found, "H2")),
        "h2_others": _effects([line for line in judged(found, "H2") if line not in headline(found, "H2")]),
        "measured": measured(found),
        "contrasts": _effects(contrasts(found)),
        "contrasts_withheld": contrasts_withheld(evidence, found),
        "expected": {
            "h1": _expected(found, "H1"),
            "h2": _expected(found, "H2"),
            "contrasts": _expected(found, CONTRAST),
        },
        "attributable": _attributable(found, "attributable_fraction"),
        "attributable_dynamic": _attributable(found, "attributable_fraction_dynamic"),
        "comparisons": {
            "h1": [comparison.scores(c, failed) for c in evidence.comparisons if "H1" in c.hypothesis],
            "h2": [comparison.scores(c, failed) for c in evidence.comparisons if c.hypothesis == "H2"],
        },
        "factors": comparison.factors(evidence),
        "scaling": comparison.scaling(evidence),
        "own_history": comparison.history(evidence),
        "explained": _by_fit(found, _EXPLAINED),
        "scales": _by_fit(found, _SCALES | _own(found, evidence)),
        "timing": timing_shown(evidence),
        "pictures": pictures,
        "diagnostics": gate_table(evidence),
        "coefficients": _coefficients(found),
        "notes": [words.note(note, evidence.data.get("asked")) for note in evidence.notes],
        "episodes": [(name, words.count(n)) for name, n in evidence.data.get("episodes", {}).items()],
        "certificates": [certificate_of(c) for c in evidence.certificates],
        "origin_record": json.dumps(evidence.origin, indent=1, ensure_ascii=False, default=str),
        "models": {c["model"]: words.MODELS.get(c["model"], "") for c in evidence.certificates},
    }


_EXPLAINED = {
    ("variance_explained", "structure_between"): "between-home variance that structure explains",
    ("variance_drop", "home"): "drop of that variance from M0",
    ("variance_explained", "structure_within"): "variance between a home’s periods that structure explains",
    ("median_rate_ratio", "home"): "median rate ratio, the same child in two homes",
    ("variance_explained", "vulnerability"): "between-child variance that vulnerability explains",
}
_SCALES = {
    **{(estimand, name): words.typographic(column_label(name)) for name, estimand in SCALARS.items()},
    ("median_rate_ratio", "adult"): "median rate ratio, the same child in the care of two adults",
    ("share", "adult"): "share of lasting differences that lies between adults rather than homes",
    ("slope_spread", "peer_slope"): "peer ratio, 9th decile of homes over middle",
    ("expected_rate", "as_observed"): "episodes per resident-year at risk",
}


def _own(found: Sequence[Line], evidence: Evidence) -> dict[tuple[str, str], str]:
    """Labels of the scales of terms of one's own."""
    names = {name for c in evidence.certificates for _, *held in c.get("own_terms", {}).values() for name in held}
    rows = [line.row for line in found if line.row.name in names]
    return {(row.estimand, row.name): words.typographic(row.label) for row in rows}


def how_often(evidence: Evidence) -> list[str]:
    """How often an answer to H1 such as this is wrong, and what unseen residents do to it: the worst that applies."""
    primary = [line.row for line in judged(lines(evidence), "H1") if line.row.role == "primary"]
    if not primary:
        return []
    plan = kept_plan(evidence.plan)
    open_answer = primary[0].verdict == CANNOT_SAY
    told = ["That the data cannot say is no finding against influence." if open_answer else ""]
    told += [false_confidence_words(evidence.data, plan, primary[0].model), unseen_words(evidence.data)]
    return [text for text in told if text]


def _first_apart(text: str) -> tuple[str, str]:
    """A text's first sentence, which a first screen says, and what qualifies it."""
    said, dot, more = text.partition(". ")
    return said + dot.strip(), more


def _failed(evidence: Evidence) -> list[tuple[str, list[str]]]:
    """Fits that did not pass the gate, each with what failed."""
    return [
        (fit_name(c["model"], c["exposure"]), list(c["diagnostics"]["failed"]) or ["the gate was not passed"])
        for c in evidence.failed
    ]


def _effect(line: Line) -> dict[str, Any]:
    row = line.row
    return {
        "label": words.typographic(row.label),
        "fit": line.fit,
        "ratio": words.ratio(row.median),
        "interval": words.interval(row),
        "side": words.stated_side(row),
        "probability": words.probability(words.stated_probability(row)),
        "negligible": words.probability(row.rope_probability),
        "family": words.probability(row.family_wise),
        "family_size": row.family_size,
        "verdict": row.verdict,
        "remark": words.typographic(row.remark),
        "converged": line.converged,
    }


def _effects(shown: Sequence[Line]) -> dict[str, Any]:
    """A table's rows; the fit stands in its caption if one fit gave them all, else in every row."""
    rows = [_effect(line) for line in shown]
    fits = {row["fit"] for row in rows}
    return {
        "rows": rows,
        "fit": fits.pop() if len(fits) == 1 else "",
        "family_size": max((line.row.family_size for line in shown), default=1),
    }


def _expected(found: Sequence[Line], hypothesis: str) -> dict[str, Any]:
    """A table's rows: what is held, the rate expected then, and its difference from the rate as observed."""
    rates = [line for line in found if line.row.estimand == "expected_rate"]
    change = {line.row.label: line.row for line in found if line.row.estimand == "rate_difference"}
    held = [line for line in rates if line.row.hypothesis == hypothesis]
    fit = held[0].fit if held else ""
    return {
        "rows": [
            {
                "label": words.typographic(line.row.label),
                "rate": words.measure(line.row),
                "change": words.measure(change[line.row.label]),
            }
            for line in held
        ],
        "fit": fit,
        "converged": all(line.converged for line in held),
        "as_observed": "".join(words.measure(o.row) for o in rates if o.row.name == "as_observed" and o.fit == fit),
    }


def _attributable(found: Sequence[Line], estimand: str) -> list[dict[str, Any]]:
    return [
        {
            "fit": line.fit,
            "text": sentences.attributable_words(line.row),
            "remark": words.typographic(line.row.remark),
            "converged": line.converged,
        }
        for line in found
        if line.row.estimand == estimand
    ]


def _by_fit(found: Sequence[Line], wanted: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """A table with one row a quantity and one column a fit; quantities that no fit holds are left out."""
    held: dict[tuple[str, str], dict[str, Line]] = {key: {} for key in wanted}
    for line in found:
        key = (line.row.estimand, line.row.name)
        if key in wanted:
            held[key][line.fit] = line
    fits = {line.fit: line.converged for line in found if (line.row.estimand, line.row.name) in wanted}
    return {
        "fits": fits,
        "rows": [
            {"label": wanted[key], "cells": [(_held(by_fit.get(fit)), sound) for fit, sound in fits.items()]}
            for key, by_fit in held.items()
            if by_fit
        ],
    }


def _held(line: Line | None) -> dict[str, str]:
    if line is None:
        return {"text": "–", "remark": ""}
    return {"text": words.measure(line.row), "remark": words.typographic(line.row.remark)}


def data_words(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the estimates rest on, as it is printed."""
    coverage = data.get("median_coverage")
    seen = "unrecorded" if coverage is None else words.percent(coverage)
    return [
        ("observed", f"{words.day(data['observed_from'])} to {words.last_day(data['observed_to'])}"),
        ("burn-in, the first days of that span", f"{data['burn_in_days']} days"),
        ("homes", words.count(data["homes"])),
        ("children", words.count(data["children"])),
        ("resident-years after the burn-in", words.count(data["resident_years"], 1)),
        ("episodes that start after the burn-in", words.count(data["onsets"])),
        ("children with such an episode", words.count(data["children_with_onset"])),
        ("episodes per year at risk", words.count(data["onsets_per_year_at_risk"], 2)),
        ("further episodes of a child on the same day", words.count(data["same_day_repeats"])),
        ("episodes that start on the same day as another resident’s", words.count(data["joint_onsets"])),
        (
            worded("share of days at risk with a recently missing peer", data.get("asked")),
            words.share(data["share_of_days_exposed"], 1),
        ),
        (words.COVERAGE, seen),
        ("rows after adding up days with equal covariates", words.count(data["rows"])),
    ]


def _coefficients(found: Sequence[Line]) -> list[dict[str, Any]]:
    """Tables of coefficients, one a fit, in the order of the evidence."""
    tables: dict[tuple[str, bool], list[dict[str, str]]] = {}
    for line in found:
        if line.row.estimand == COEFFICIENT:
            row = line.row
            cell = {
                "name": row.name,
                "label": words.typographic(row.label),
                "ratio": words.ratio(row.median),
                "interval": words.interval(row),
                "probability": words.probability(row.probability_above_null),
            }
            tables.setdefault((line.fit, line.converged), []).append(cell)
    return [{"fit": fit, "converged": converged, "rows": rows} for (fit, converged), rows in tables.items()]
