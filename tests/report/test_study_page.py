"""Figures, page and text of a study, from a summary made by hand."""

from __future__ import annotations

import copy
import itertools
import re

import pytest

from missingmodels.report.pages.study_page import BESIDE, SOMETIMES, study_page, study_pictures
from missingmodels.studies.answers.figures import cells_csv
from missingmodels.studies.answers.measures import MEANINGS
from missingmodels.studies.answers.text import cell_of, solution_sentence, summary_text
from missingmodels.studies.computing.progress import StudyProgress


def measure(value, error=0.02, count=100):
    return {"value": value, "error": error, "count": count}


def summary():
    """Two by three cells whose power grows with homes and effect."""
    cells = []
    for index, (homes, effect) in enumerate(itertools.product([20, 40, 80], [0.0, 0.3])):
        power = 0.02 if effect == 0 else homes / 100
        held = {name: measure(0.1) for name in MEANINGS if name not in SOMETIMES} | {"power": measure(power)}
        if effect == 0:
            held |= {"type_s": measure(None, None, 0), "type_m": measure(None, None, 0)}
        cells.append(
            {
                "index": index,
                "at": {"homes.count": homes, "contagion.log_rate_ratio": effect},
                "replicates": 100,
                "stopped": "all asked for",
                "statuses": {"fitted": 100},
                "remarks": {"Pareto k … is above …": 3} if index == 0 else {},
                "measures": [{"quantity": "peer_presence", "rule": "plan", "truth": effect, **held}],
            }
        )
    solution = {
        "quantity": "peer_presence",
        "others": {"contagion.log_rate_ratio": 0.3},
        "size": "homes.count",
        "assurance": 0.8,
        "interval_mass": 0.9,
        "answer": 80.4,
        "low": 61.0,
        "high": None,
        "answer_on_log_scale": 84.0,
        "at_most": False,
        "beyond_what_was_run": True,
        "misfit": 0.5,
        "sizes": [20, 40, 80],
        "share": [0.2, 0.4, 0.8],
        "count": [100, 100, 100],
        "curve": {"size": [20, 50, 80], "share": [0.2, 0.5, 0.8], "low": [0.1, 0.4, 0.7], "high": [0.3, 0.6, 0.9]},
    }
    return {
        "name": "a <b> study",
        "question": "How many?",
        "kind": "power",
        "assurance": False,
        "complete": True,
        "axes": {"homes.count": [20, 40, 80], "contagion.log_rate_ratio": [0.0, 0.3]},
        "quantities": {"peer_presence": "one peer"},
        "rules": {"plan": {}},
        "meanings": MEANINGS,
        "solutions": [solution],
        "sentences": [solution_sentence(solution)],
        "cells": cells,
        "seconds_per_replicate": 0.5,
        "digest": "sha256:0",
        "versions": {"numpy": "2"},
        "record": {},
    }


def calibration():
    ranks = {
        "count": 100,
        "mean": 0.5,
        "p_chi_square": 0.4,
        "distance": 0.1,
        "distance_limit": 0.2,
        "outside": True,
        "band_at": [0, 0.5, 1],
        "band_half": [0.2] * 3,
        "difference": [0, 0.1, 0],
    }
    cell = summary()["cells"][0] | {"ranks": {"intercept": ranks, "own_1_7": ranks | {"outside": False}}}
    del cell["measures"]
    return summary() | {"kind": "calibration", "cells": [cell], "solutions": []}


def test_a_study_has_the_figures_that_its_data_allow():
    found = summary()
    assert list(study_pictures(found)) == ["curves", "map", "solver", "exaggeration"]
    one = copy.deepcopy(found) | {"axes": {"homes.count": [20, 40, 80]}, "solutions": []}
    assert list(study_pictures(one)) == ["curves", "exaggeration"]
    assert list(study_pictures(one | {"axes": {}})) == ["exaggeration"]
    assert list(study_pictures(calibration())) == ["ranks"]


def test_the_same_summary_gives_the_same_bytes():
    first, second = study_pictures(summary()), study_pictures(summary())
    assert {n: p["png"] for n, p in first.items()} == {n: p["png"] for n, p in second.items()}


def test_the_page_needs_nothing_else_and_escapes_names():
    found = summary()
    page = study_page(found, study_pictures(found))
    assert "a &lt;b&gt; study" in page
    assert "http:" not in page
    assert "https:" not in page
    assert page.count("data:image/png;base64,") == 4
    for text in ("0.800", "± 0.020", "3 × Pareto k … is above …", "80 homes for assurance 0.8"):
        assert text in page
    assert "Not complete" in study_page(found | {"complete": False}, {})
    assert "own_1_7" in study_page(calibration(), {})


def test_the_page_calls_a_quantity_by_its_words():
    row = {"cell": 0, "at": {"homes.count": 20}, "quantity": "peer_presence", **dict.fromkeys(BESIDE, measure(0.1))}
    table = study_page(summary() | {"beside": [row]}, {}).partition("Beside power")[2].partition("</table>")[0]
    assert "one peer" in table
    assert "peer_presence" not in table


def test_every_region_of_the_page_has_a_name_of_its_own():
    found = summary() | {"rules": {"plan": {}, "strict": {}}}
    for cell in found["cells"]:
        cell["measures"].append(cell["measures"][0] | {"rule": "strict"})
    labels = re.findall(r'role="region"[^>]* aria-label="([^"]*)"', study_page(found, study_pictures(found)))
    assert sum(label.startswith("one peer") for label in labels) == 2
    assert len(set(labels)) == len(labels)


def test_the_terminal_has_every_cell_beside_its_error():
    text = summary_text(summary())
    assert "0.400 ±.020" in text
    assert "80 homes for assurance 0.8" in text
    assert "NOT complete" in summary_text(summary() | {"complete": False})
    assert "not uniform" in summary_text(calibration())
    assert max(map(len, text.splitlines())) <= 118


def test_an_error_is_never_rounded_to_nothing():
    assert cell_of(measure(0.5, 1e-9), {}) == "0.500 ±.001"


def test_where_a_measure_cannot_be_had_it_is_said_why_once():
    zero, none = "the truth is 0, which has no sign", "influence works for 7 days"
    notes = {}
    marks = [cell_of(measure(None, None, 0) | {"why": why}, notes) for why in (zero, none, zero)]
    assert marks == ["(a)", "(b)", "(a)"]
    assert notes == {zero: "(a)", none: "(b)"}
    found = summary()
    for cell in found["cells"]:
        for name in ("type_s", "type_m"):
            if cell["measures"][0][name]["value"] is None:
                cell["measures"][0][name]["why"] = zero
    text, page = summary_text(found), study_page(found, {})
    assert text.count(f"(a) {zero}.") == 1
    assert page.count(f"(a) {zero}.") == 1
    assert "–" not in text + page


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "interval 61 to no upper end; 84 on a log scale). This lies outside what was run"),
        ({"answer": None}, "the cells do not show that power rises with homes"),
        ({"at_most": True}, "at most 80 homes for assurance 0.8: the fewest"),
        ({"misfit": 0.001, "beyond_what_was_run": False}, "The curve fits badly (p = 0.001)."),
        ({"cost": 12345.6}, "at a cost of 12,346."),
        ({"size": "days", "high": 99.0}, "80 days for assurance 0.8 (90% interval 61 to 99"),
        ({"why_not": "the sizes do not tell the slopes apart"}, "no answer, the sizes do not"),
        (
            {"cheapest": {"homes": 70.0, "days": 364.0, "cost": 5000.0, "misfit": 0.4, "beyond": 1.0}},
            "70 homes for 364 days, at a cost of 5,000. This lies outside",
        ),
    ],
)
def test_the_solvers_sentence(changes, text):
    assert text in solution_sentence(summary()["solutions"][0] | changes)


def test_the_table_of_cells_has_a_row_a_cell_with_errors():
    rows = [line.split(",") for line in cells_csv(summary()).splitlines()]
    assert len(rows) == 7
    assert {"homes.count", "power", "power_error", "type_m", "coverage_error"} <= set(rows[0])
    at = rows[0].index("power")
    assert [row[at] for row in rows[1:]] == ["0.02", "0.2", "0.02", "0.4", "0.02", "0.8"]
    assert "distance_limit" in cells_csv(calibration()).splitlines()[0]


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ((40, 60, 60, 20.0), "40 worlds in 20 s (2.0 a second), 60 to go, 30 s left"),
        ((40, 60, 6000, 20.0), "30 s to 50 min left"),
        ((100, 0, 0, 50.0), "100 worlds in 50 s (2.0 a second), done"),
        ((10, 100000, 100000, 10.0), "27.8 h left"),
    ],
)
def test_progress_says_what_is_left(state, text):
    assert StudyProgress.line(*state).endswith(text)
