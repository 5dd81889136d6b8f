"""A curve of age finds a straight line, and a hump, in onsets that were drawn with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from missingmodels.fitting.fit import fit
from missingmodels.frame.design import Design, build_design
from missingmodels.frame.rows import Rows
from worlds import plan_of

TERM = "bs(age_years, df=4)"
AT = np.array([11.0, 12.5, 15.5, 17.0])  # ages compared with 14
CHILDREN, HOMES = 500, 50
SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "line": lambda age: 0.2 * (age - 14),
    "hump": lambda age: 1.0 - 0.15 * (age - 14.5) ** 2,
}


def made(shape: str) -> tuple[Design, np.ndarray]:
    """A design of ages 10 to 18 with onsets of that shape, and the rows' ages."""
    rng = np.random.default_rng({"line": 21, "hump": 22}[shape])
    age = rng.uniform(10, 18, CHILDREN)
    days = rng.uniform(60, 300, CHILDREN)
    columns = {"child": np.arange(CHILDREN), "home": np.arange(CHILDREN) // 10, "period": 0, "before_window": False}
    frame = pd.DataFrame(columns | {"age_years": age, "days": days, "days_at_risk": days, "onsets": 0})
    ids = tuple(map(str, range(CHILDREN)))
    rows = Rows(frame=frame, child_ids=ids, home_ids=ids[:HOMES], periods=1, notes=())
    home = 0.3 * rng.standard_normal(HOMES)[frame["home"]]
    rate = np.exp(np.log(4 / 365.25) + SHAPES[shape](age) + home) * rng.gamma(0.8, 1 / 0.8, CHILDREN)
    return replace(build_design(rows, TERM), onsets=rng.poisson(rate * days)), age


@pytest.mark.sampled
@pytest.mark.parametrize("shape", SHAPES)
def test_the_curve_covers_its_truth_and_shows_its_shape(shape: str) -> None:
    design, age = made(shape)
    plan = plan_of(effects={"home_process": "none"}, sampling={"method": "laplace", "draws": 1000, "chains": 4})
    found = fit(design, plan, model="M0", seed=3, with_children=False).parameters
    effects = np.column_stack([found.coefficients[name] for name in design.names])
    nearest = [int(np.abs(age - a).argmin()) for a in (*AT, 14.0)]
    curve = effects @ design.matrix[nearest].T
    true = SHAPES[shape](age[nearest])
    contrast, expected = curve[:, :-1] - curve[:, -1:], true[:-1] - true[-1]
    low, high = np.quantile(contrast, [0.001, 0.999], axis=0)
    assert ((low < expected) & (expected < high)).all()
    # what a flat line would also pass is not enough: the shape is seen
    youngest, oldest = (contrast[:, 0] < 0).mean(), (contrast[:, -1] > 0).mean()
    assert youngest > 0.99
    assert oldest > 0.99 if shape == "line" else oldest < 0.01
    assert found.sigma_period.max() == 0.0
