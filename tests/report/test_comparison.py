"""What the report says of scores, Bayes factors, priors and own history."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from not_drawn import not_drawn

from missingmodels.evidence.decisions import NOT_COMPARED
from missingmodels.evidence.own_history import BOTH, CANNOT_TELL, HISTORY, VULNERABILITY
from missingmodels.evidence.parts import BayesFactor, ElpdDifference
from missingmodels.evidence.record import Evidence, read_evidence, write_evidence
from missingmodels.evidence.scores.power_scaling import CONFLICT, FINE
from missingmodels.report import comparison
from missingmodels.report.figures.pictures import pictures
from missingmodels.report.html import page
from missingmodels.report.words import factor

Make = Callable[..., Evidence]


def difference(**changes: object) -> ElpdDifference:
    values: dict[str, object] = {
        "hypothesis": "H1", "model": "M1 (peer_presence)", "against": "M0", "unit": "home", "difference": 9.0,
        "standard_error": 3.0, "units": 40, "k_hat_max": 1.234, "k_hat_bad": 6, "mended": 6, "refit_error": 0.21,
        "linked": 12,
    }  # fmt: skip
    return ElpdDifference(**(values | changes))  # type: ignore[arg-type]


def test_all_mended_is_said_with_its_error() -> None:
    said = comparison.pareto_words(difference())
    assert "6 of 40 homes" in said
    assert "1.23" in said
    assert "All of these were mended" in said
    assert "0.21" in said
    assert "indicative" not in said


@pytest.mark.parametrize(("mended", "said"), [(4, "2 of them are not"), (0, "None of them was mended")])
def test_what_is_not_mended_is_said(mended: int, said: str) -> None:
    found = comparison.pareto_words(difference(mended=mended))
    assert said in found
    assert "indicative only" in found


def test_nothing_bad_is_said_too() -> None:
    assert "above 0.7, so the one fit" in comparison.pareto_words(difference(k_hat_bad=0, mended=0, unit="child"))


def test_a_forecast_says_what_it_is_of_and_what_it_rests_on() -> None:
    ahead = {"unit": "future", "last_days": 84, "k_hat_bad": 0, "mended": 0, "linked": 0}
    shown = comparison.scores(difference(**ahead, difference=3.2, standard_error=0.2), [])
    assert shown["left_out"] == "the last 84 days given those before"
    assert shown["units"] == "40 children"
    assert "too small to read" in shown["meaning"]
    assert "the episodes of the last 84 days" in shown["meaning"]
    assert "Pareto k of the weights 1.23" in shown["pareto"]
    assert "error of the difference is 0.21" in shown["pareto"]
    assert "Pareto" not in comparison.pareto_words(difference(**ahead | {"k_hat_max": None}))
    far = comparison.elpd_words(difference(**ahead, difference=9.0, standard_error=1.0))
    assert far == "M1 (peer_presence) predicts the episodes of the last 84 days better than M0."


@pytest.mark.parametrize(("size", "said"), [(9.0, "better than"), (-9.0, "worse than"), (5.0, "do not tell which")])
def test_a_difference_in_words(size: float, said: str) -> None:
    found = comparison.elpd_words(difference(difference=size))
    assert said in found
    assert "ever lived in a home" in found


@pytest.mark.parametrize(
    ("by_width", "said"),
    [
        ((0.2, -0.3, -1.0), "next to no evidence"),
        ((0.2, -1.5, -2.9), "under no width above 3"),
        ((4.0, 9.0, 8.0), "under every width"),
        ((2.0, 0.5, -2.0), "decides the side"),
        ((2.0, 0.5, -0.5), "under some widths only"),
    ],
)
def test_a_sweep_in_words(make: Make, by_width: tuple[float, ...], said: str) -> None:
    (held,) = make().bayes_factors
    assert said in comparison.factor_words(replace(held, log_bf10_by_width=by_width))


def test_a_width_that_the_draws_do_not_reach_is_not_shown(make: Make) -> None:
    held = make()
    (b,) = held.bayes_factors
    lost = replace(b, log_bf10_by_width=(9.0, -1.5, -2.9), k_hat_by_width=(0.9, 0.0, 0.1))
    shown = comparison.factors(replace(held, bayes_factors=(lost,)))
    assert [cell["factor"] for cell in shown["rows"][0]["cells"]] == ["–", "0.22", "0.055"]
    assert shown["lost"]
    assert "under no width above 3" in comparison.factor_words(lost)


@pytest.mark.parametrize(
    ("log_value", "shown"),
    [(0.0, "1.00"), (math.log(0.21), "0.21"), (math.log(250), "250"), (math.log(3e7), "10⁷"), (-9.0, "10⁻⁴")],
)
def test_factors_as_printed(log_value: float, shown: str) -> None:
    assert factor(log_value) == shown


def test_the_page_never_shows_a_factor_without_its_sweep(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    not_drawn(monkeypatch)
    held = make()
    text = page(held, pictures(held))
    table = text[text.index("Bayes factor of an effect over none") :]
    for shown in ("×0.25", "×1", "×4", "0.67", "0.22", "0.055"):
        assert shown in table
    assert "Own history or stable vulnerability?" in text
    assert BOTH in text
    assert "By it no answer hangs on its prior." in text


def test_trouble_with_a_prior_is_told_by_name(make: Make) -> None:
    held = make()
    assert comparison.scaling(held)["sentence"] == "By it no answer hangs on its prior."
    bad = replace(held.power_scaling[0], prior=0.4, diagnosis=CONFLICT)
    assert comparison.scaling(replace(held, power_scaling=(bad,)))["sentence"] == "To be looked at: peers."
    assert held.power_scaling[0].diagnosis == FINE


@pytest.mark.parametrize("verdict", [BOTH, VULNERABILITY, HISTORY, CANNOT_TELL])
def test_every_verdict_on_own_history_has_its_meaning(make: Make, verdict: str) -> None:
    held = make()
    assert held.own_history is not None
    shown = comparison.history(replace(held, own_history=replace(held.own_history, verdict=verdict)))
    assert shown is not None
    assert "did not pass" not in shown["meaning"]
    assert shown["new"] == "not estimated (its fit did not pass the gate)"


def test_a_failed_fit_marks_its_factors(make: Make) -> None:
    held = make()
    (b,) = held.bayes_factors
    assert comparison.factors(held)["rows"][0]["converged"]
    assert not comparison.factors(make(failed=(b.model, b.exposure)))["rows"][0]["converged"]


def test_records_come_back_as_they_were_written(make: Make, tmp_path) -> None:  # type: ignore[no-untyped-def]
    held = make()
    back = read_evidence(write_evidence(held, tmp_path / "evidence.json"))
    assert back.bayes_factors == held.bayes_factors
    assert isinstance(back.bayes_factors[0], BayesFactor)
    assert back.power_scaling == held.power_scaling
    assert back.own_history == held.own_history
    assert back.comparisons == held.comparisons


def test_evidence_without_these_makes_a_page(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    not_drawn(monkeypatch)
    held = make(bayes_factors=(), power_scaling=(), own_history=None, comparisons=())
    text = page(held, pictures(held))
    assert "Bayes factor" not in text
    assert "Own history or" not in text


def test_a_comparison_that_failed_says_which_fit_it_was(make: Make) -> None:
    held = make()
    assert held.own_history is not None
    failed = replace(held.own_history, verdict=NOT_COMPARED, without_frailty=None)
    shown = comparison.history(replace(held, own_history=failed))
    assert shown is not None
    assert shown["meaning"].startswith("The fit without stable vulnerability did not pass the gate")
    both = comparison.history(replace(held, own_history=replace(failed, without_history=None)))
    assert both is not None
    assert both["meaning"].startswith("The fits without own history and without stable vulnerability did")


def test_scores_behind_the_verdict_on_own_history_say_what_they_rest_on(make: Make) -> None:
    held = make()
    assert held.own_history is not None
    told = comparison.history(held)
    assert told is not None
    assert told["k"].startswith("For 3 children Pareto k is above 0.7")
    assert "2 were mended" in told["k"]
    assert "1 are left, whose scores are not reliable" in told["k"]
    assert told["new"] == "not estimated (its fit did not pass the gate)"
    sound = replace(held.own_history, k_hat_bad=0, mended=0)
    assert comparison.history(replace(held, own_history=sound))["k"] == ""


def test_a_difference_below_four_is_too_small_to_read_whatever_its_error() -> None:
    for size, error, said in ((3.9, 0.5, "too small"), (-3.9, 0.1, "too small"), (4.0, 0.5, "better than")):
        assert said in comparison.elpd_words(difference(difference=size, standard_error=error))
    assert "within two" in comparison.elpd_words(difference(difference=5.0, standard_error=3.0))
