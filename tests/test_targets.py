"""The calibration targets are complete, say where they come from, and judge as they say."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from missingmodels.frame.published.calibration import MEASURES
from missingmodels.sources import STATUSES, cards
from missingmodels.targets import Compared, Measured, Target, in_order, tally, targets

# Section 9 of the facts: the numbers to gate on.
GATE = {1, 2, 4, 5, 7, 9, 10, *range(12, 25), 26, *range(28, 32)}
SAME_FIGURE = {
    "home_places_mean",
    "occupancy",
    "residents_male_share",
    "residents_out_of_area_share",
    "residents_uasc_share",
    "placement_days_median",
    "placement_days_mean",
    "missing_rate_per_resident_year",
    "staff_turnover_annual",
}


def test_every_target_says_what_it_is_and_how_sure() -> None:
    held = targets()
    assert len(held) == 43
    for target in held.values():
        assert target.low < target.value < target.high, target.name
        assert target.status in STATUSES, target.name
        assert target.comparable in ("yes", "partly", "no"), target.name
        assert (target.comparable == "yes") == (not target.reason), target.name
        assert len(target.label) <= 47, target.label
        for text in (target.label, target.unit, target.population, target.citation):
            assert text, target.name
        assert target.year or target.status == "assumption", target.name


def test_the_gate_and_the_numbers_are_those_of_the_facts() -> None:
    held = targets().values()
    assert {t.number for t in held if t.gate} == GATE
    assert sorted(t.number for t in held if t.number) == list(range(1, 35))
    assert not [t.name for t in held if t.gate and t.status == "assumption"]


def test_values_agree_with_the_facts(shared: Path) -> None:
    text = (shared / "facts" / "calibration_targets.csv").read_text(encoding="utf-8")
    rows = {row["name"]: row for row in csv.DictReader(text.splitlines())}
    assert set(rows) == set(targets())
    for name, target in targets().items():
        assert [float(rows[name][key]) for key in ("value", "low", "high")] == [target.value, target.low, target.high]
        assert {"yes": "verified"}.get(rows[name]["verified"], rows[name]["verified"]) == target.status


def test_a_figure_that_settings_and_targets_share_is_one_figure() -> None:
    for name in SAME_FIGURE:
        assert cards()[name].value == targets()[name].value
        assert cards()[name].status == targets()[name].status


def test_every_target_is_measured_or_says_why_not() -> None:
    assert set(targets()) - set(MEASURES) == {"home_to_foster_rate_ratio"}
    assert targets()["home_to_foster_rate_ratio"].comparable == "no"
    assert set(MEASURES) <= set(targets())


def _compared(*values: float | None, count: int = 10, **changes: object) -> Compared:
    cells: dict[str, object] = {
        "number": 1,
        "name": "x",
        "label": "x",
        "value": 2.0,
        "low": 1.0,
        "high": 3.0,
        "unit": "",
    }
    cells |= {"population": "", "year": "", "citation": "", "status": "derived", "gate": True, "comparable": "yes"}
    measured = tuple(
        Measured(name="x", value=v, count=count, of="things", why="" if v is not None else "unrecorded") for v in values
    )
    return Compared(target=Target(**(cells | {"reason": ""} | changes)), definition="", measured=measured)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((2.0,), "inside"),
        ((3.0,), "inside"),
        ((1.0,), "inside"),
        ((0.5, 1.0), "below"),
        ((3.5, 3.0), "above"),
        ((None,), "not computed"),
    ],
)
def test_verdict_is_of_the_mean(values: tuple[float | None, ...], verdict: str) -> None:
    assert _compared(*values).verdict == verdict


def test_monte_carlo_error_is_sd_over_root_n() -> None:
    found = _compared(1.0, 2.0, 3.0)
    assert found.mean == 2.0
    assert found.monte_carlo_error == pytest.approx(1 / 3**0.5)
    assert _compared(2.0).monte_carlo_error is None


def test_a_bound_within_two_errors_is_told() -> None:
    assert _compared(2.8, 3.0).near_bound  # mean 2.9, error 0.1: the bound is one error away
    assert not _compared(1.9, 2.1).near_bound
    assert not _compared(2.99).near_bound  # one data set has no error


def test_what_cannot_be_compared_gets_no_verdict_but_keeps_its_value() -> None:
    found = _compared(9.0, comparable="no", reason="another scale")
    assert found.verdict == "not comparable"
    assert found.mean == 9.0
    assert found.why_not == "another scale"
    assert _compared(None).why_not == "unrecorded"


def test_the_record_of_an_assumption_has_no_published_value() -> None:
    assert _compared(2.0, status="assumption").as_dict()["value"] is None
    assert _compared(2.0).as_dict()["value"] == 2.0


def test_few_things_are_shown_but_not_judged() -> None:
    found = _compared(9.0, count=9)
    assert (found.verdict, found.mean) == ("too few", 9.0)
    assert found.why_not == "fewer than 10 things, too few to judge"
    assert not found.judged
    assert tally([found]) == {"gate": 1, "inside": 0, "outside": 0, "without": 1}
    assert not _compared(2.9, 3.0, count=9).near_bound


def test_gate_comes_first_and_is_counted() -> None:
    held = [_compared(2.0, gate=False), _compared(2.0), _compared(9.0), _compared(None)]
    assert [c.target.gate for c in in_order(held)] == [True, True, True, False]
    assert tally(held) == {"gate": 3, "inside": 1, "outside": 1, "without": 1}
