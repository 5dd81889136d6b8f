"""The compiled exponential against long doubles and many digits, over all of its range and at every edge of it."""

from __future__ import annotations

import math
import re
from decimal import Decimal, localcontext

import numba
import numpy as np
import pytest

from missingmodels.fitting import exponential as module
from missingmodels.fitting.exponential import exponential
from missingmodels.fitting.exponential_kernel import LN2_HIGH, LN2_LOW, exp, fill

ULP = 1.0  # what the module promises, in units in the last place of the result
LARGEST, SMALLEST = math.log(np.finfo(float).max), math.log(5e-324)
EDGES = [
    *(0.0, -0.0, 5e-324, -5e-324, 1e-300, -1e-17, 1.0, -1.0),
    *(np.nextafter(0.5 * k * math.log(2), side) for k in range(-2150, 2049) for side in (-np.inf, np.inf)),
    *(LARGEST, np.nextafter(LARGEST, 0), SMALLEST, np.nextafter(SMALLEST, 0), -708.3964185322641, -708.3964185322642),
]


def units_off(x, found):
    """(N,) distance from exp(x), by 60 digits, in units in the last place of a double there."""
    out = []
    with localcontext() as digits:
        digits.prec = 60
        for a, b in zip(map(float, x), map(float, found), strict=True):
            truth = Decimal(a).exp()
            out.append(float(abs(Decimal(b) - truth) / Decimal(math.ulp(float(truth)))))
    return np.array(out)


def filled(x):
    out = np.empty(x.size)
    fill(x, out)
    return out


@pytest.mark.parametrize(
    "x",
    [
        pytest.param(np.linspace(SMALLEST, LARGEST, 6001), id="all"),
        pytest.param(np.linspace(SMALLEST, -708.0, 3001), id="subnormal"),
        pytest.param(np.linspace(-0.35, 0.35, 3001), id="around 0"),
        pytest.param(np.random.default_rng(1).normal(-4, 3, 3000), id="log rates"),
        pytest.param(np.array(EDGES), id="edges"),
    ],
)
def test_to_one_unit_in_the_last_place(x):
    x = x[(x >= SMALLEST) & (x <= LARGEST)]
    assert units_off(x, filled(x)).max() <= ULP


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long doubles are no longer than doubles here")
def test_to_one_unit_on_a_dense_grid():
    x = np.linspace(SMALLEST, LARGEST, 1_000_001)
    truth = np.exp(x.astype(np.longdouble))
    off = np.abs(filled(x) - truth) / np.spacing(truth.astype(float))
    assert off.max() <= ULP + 2.0**-10  # the long double's own error is that of eleven more bits


def test_beyond_the_range_and_what_is_no_number():
    x = np.array([np.inf, 1e308, np.nextafter(LARGEST, np.inf), 710.0, -np.inf, -1e308, -746.0, np.nan, -0.0])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(filled(x), np.exp(x))
    assert math.isnan(exp(math.nan))
    assert exp(0.0) == 1.0


def test_the_two_parts_of_ln_2():
    """The first leaves room for the 11 bits of n, so that their product is exact; together they are ln 2."""
    mantissa, _ = math.frexp(LN2_HIGH)
    assert int(mantissa * 2**53) % 2**20 == 0
    with localcontext() as digits:
        digits.prec = 40
        assert abs(Decimal(LN2_HIGH) + Decimal(LN2_LOW) - Decimal(2).ln()) < Decimal("1e-25")


@pytest.mark.parametrize("of", [lambda x: x, lambda x: x.T, lambda x: x[:, ::2], lambda x: x.astype(np.float32)])
@pytest.mark.parametrize("compiled", [True, False])
def test_arrays_of_any_layout_are_overwritten(monkeypatch, of, compiled):
    if not compiled:
        monkeypatch.setattr(module, "_compiled", lambda: None)
    x = of(np.random.default_rng(2).normal(-3, 2, (7, 12)))
    expected = np.exp(x)
    found = exponential(x)
    assert found is x
    np.testing.assert_allclose(found, expected, rtol=2 * np.finfo(x.dtype).eps)


def test_a_scalar_is_given_back():
    assert exponential(np.float64(1.5)) == np.exp(1.5)
    assert exponential(np.array(1.5)) == np.exp(1.5)


def test_it_runs_on_whole_vectors():
    """The reason for it: a loop that the compiler could not vectorise would be as slow as the library's."""
    fresh = numba.njit(error_model="numpy", fastmath={"contract"})(fill.py_func)
    fresh(np.zeros(8), np.zeros(8))
    (assembly,) = fresh.inspect_asm().values()
    packed = len(re.findall(r"\b(?:mulpd|vmulpd|vfn?m(?:add|sub)\d+pd)\b", assembly))
    single = len(re.findall(r"\b(?:mulsd|vmulsd|vfn?m(?:add|sub)\d+sd)\b", assembly))
    if not packed + single:
        pytest.skip("this processor's assembly is another than the test reads")
    assert packed >= 13
