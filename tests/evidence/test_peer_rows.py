"""What a fit with peers says of H1, of ties beyond the home, and of short staffing (A3)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from test_estimands import parameters, small_design

from missingmodels.evidence.effects.hypotheses import further_peer_rows, peer_rows, with_role
from missingmodels.plan import EXPOSURES, OUTSIDE, Plan
from missingmodels.vocabulary import QUANTITIES

NAMES = ("peer_presence", "peer_presence:short_staffing", "outside_network", "staff_ratio_within")
PRESENCE = np.array([0.0, 1.0, 1.0, 1.0])
WITHIN = np.array([0.2, -0.4, 0.1, 0.0])


def fit_of(model: str, *, names: tuple[str, ...] = NAMES) -> Any:
    """Two draws, of a rate ratio of 2 (1) at mean staffing, times 3 (1) per log unit of short staffing."""
    values = {
        "peer_presence": np.log([2.0, 1.0]),
        "peer_presence:short_staffing": np.log([3.0, 1.0]),
        "outside_network": np.log([1.5, 1.5]),
        "staff_ratio_within": np.zeros(2),
    }
    columns = dict(zip(NAMES, (PRESENCE, -PRESENCE * WITHIN, PRESENCE / 2, WITHIN), strict=True))
    size = len(names)
    design = small_design(
        names=names, matrix=np.column_stack([columns[n] for n in names]), centre=np.zeros(size), scale=np.ones(size)
    )
    drawn = parameters(coefficients={name: values[name] for name in names})
    return SimpleNamespace(model=model, exposure="peer_presence", design=design, parameters=drawn)


def rows_of(fit: Any) -> list[Any]:
    return [*peer_rows(fit, Plan().decision), *further_peer_rows(fit, Plan().decision)]


def test_rows_of_a_moderated_fit() -> None:
    ratio, fraction, outside, moderation = rows_of(fit_of("M3"))
    assert ratio.label.endswith(", at the home's mean staffing")
    assert ratio.mean == pytest.approx(1.5)
    assert fraction.estimand == "attributable_fraction"
    assert (outside.name, outside.median) == ("outside_network", pytest.approx(1.5))
    assert moderation.name == "peer_presence:short_staffing"
    # a quarter fewer staff per resident than the home's mean: 3 ** log(4/3), and no change
    assert moderation.mean == pytest.approx((3 ** np.log(4 / 3) + 1) / 2)
    assert moderation.expected == outside.expected == "above"
    assert moderation.verdict
    assert {row.hypothesis for row in (ratio, fraction, outside, moderation)} == {"H1"}


def test_the_attributable_fraction_of_a_moderated_fit_by_hand() -> None:
    fraction = rows_of(fit_of("M3"))[1]
    # first draw; homes and frailties as in the estimands' example: child a in g at 0.01, child b in h at 0.015
    always = 100 * -np.expm1(-0.01)
    # the ties beyond the home act in both: presence / 2 of an effect of 1.5
    half = 1.5**0.5
    exposed = 50 * -np.expm1(-0.01 * half * 2 * 3**0.4) + 20 * -np.expm1(-0.015 * half * 2 * 3**-0.1)
    free = 50 * -np.expm1(-0.01 * half) + 20 * -np.expm1(-0.015 * half)
    first = 1 - (always + free) / (always + exposed)
    assert fraction.mean == pytest.approx(first / 2, rel=1e-9)  # the second draw has no peers' effect


def test_rows_of_a_plain_fit_are_as_before() -> None:
    ratio, fraction = rows_of(fit_of("M3", names=("peer_presence", "staff_ratio_within")))
    assert ratio.label == QUANTITIES["peer_presence"].one_unit
    assert fraction.name == "peer_presence"


def test_roles() -> None:
    """The exposure itself answers H1; what stands with it in the fullest model is beside it."""
    fits = [fit_of("M1", names=("peer_presence", "outside_network")), fit_of("M3")]
    roles = {(row.model, row.name): row.role for fit in fits for row in with_role(rows_of(fit), fits, "H1", Plan())}
    assert roles == {
        ("M1", "peer_presence"): "smaller model",
        ("M1", "outside_network"): "smaller model",
        ("M3", "peer_presence"): "primary",
        ("M3", "outside_network"): "beside",
        ("M3", "peer_presence:short_staffing"): "beside",
    }


def test_every_exposure_has_its_contrast_in_words() -> None:
    assert {q.name for q in QUANTITIES.values() if q.one_unit} == {*EXPOSURES, *OUTSIDE}
