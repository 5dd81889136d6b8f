"""Linear algebra stays on one thread inside every entry to the engine, and the host's own number is put back."""

from __future__ import annotations

import importlib
import inspect
import sys

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from missingmodels.fitting.threads import one_blas_thread

# Everything through which the engine is called, or its draws are worked on, from outside.
ENTRIES = [
    ("fitting.fit", "fit"),
    ("fitting.laplace.approximation", "laplace"),
    ("fitting.families.rows", "fit_rows"),
    ("fitting.families.daily", "fit_daily"),
    ("fitting.families.outcomes", "fit_design"),
    ("fitting.families.official", "fit_official"),
    ("evidence.evidence", "make_evidence"),
    ("evidence.evidence", "compared"),
    ("evidence.robustness.battery", "run_battery"),
    ("evidence.prior_check", "check_priors"),
    ("evidence.unseen.rows", "with_unseen"),
    ("evidence.effects.dynamic", "dynamic_attributable_fraction"),
    ("studies.computing.batch", "replicate_rows"),
]


@pytest.fixture
def blas():
    """The BLAS libraries of this process, each allowed two threads meanwhile."""
    assert np.linalg.inv(np.eye(2)).shape == (2, 2)
    found = ThreadpoolController().select(user_api="blas")
    if not found.lib_controllers:
        pytest.skip("no BLAS here whose threads threadpoolctl can set")
    with found.limit(limits=2):
        if threads(found) != {2}:
            pytest.skip("this BLAS has no second thread to take away")
        yield found


def threads(blas):
    return {library.num_threads for library in blas.lib_controllers}


@pytest.mark.parametrize(("module", "name"), ENTRIES)
def test_an_entry_begins_on_one_thread(blas, module, name):
    """Seen as its own code begins, whatever becomes of the call: its arguments are nothing."""
    entry = getattr(importlib.import_module(f"missingmodels.{module}"), name)
    code, seen = inspect.unwrap(entry).__code__, []

    def watch(frame, event, _):
        if event == "call" and frame.f_code is code:
            seen.append(threads(blas))

    required = [p.name for p in inspect.signature(entry).parameters.values() if p.default is inspect.Parameter.empty]
    sys.setprofile(watch)
    try:
        entry(**dict.fromkeys(required))
    except Exception:
        pass
    finally:
        sys.setprofile(None)
    assert seen == [{1}]
    assert threads(blas) == {2}


def test_leaving_puts_back_what_was_and_an_error_too(blas):
    @one_blas_thread
    def fails():
        with one_blas_thread:
            assert threads(blas) == {1}
        assert threads(blas) == {1}
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fails()
    assert threads(blas) == {2}
