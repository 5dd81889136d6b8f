"""The sampler's compiled density: its blocks of children, and what stands in for it without a mode."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from missingmodels.fitting.nuts import density, plain
from missingmodels.fitting.nuts import engine as by_nuts
from missingmodels.fitting.nuts import whitened as nuts_whitened
from missingmodels.fitting.nuts.coordinates import Posterior
from missingmodels.frame.design import build_design
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.models.priors.of_plan import prior_set
from worlds import plan_of, small_world


@pytest.fixture(scope="module")
def design():
    tables = small_world(6, n_homes=5, days=130, onset={"rate_per_year": 20.0}).tables
    plan = plan_of()
    return build_design(build_rows(tables, build_risk_set(tables, plan.frame), plan), model_terms(plan, "M3"))


def test_blocks_of_children_do_not_matter(design, monkeypatch):
    priors = prior_set(plan_of().priors)
    x = np.random.default_rng(0).normal(size=Posterior(design, priors).size)

    def found():
        posterior = Posterior(design, priors)
        return posterior.rows.block_ends.size, *posterior.log_density(x, posterior.workplace())

    whole, value, gradient = found()
    monkeypatch.setattr(density, "BLOCK_ROWS", 1)
    cut, other, slopes = found()
    assert whole == 1
    assert cut > 10
    assert other == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-9, atol=1e-9)


def test_every_column_is_placed_once_where_it_never_changes(design):
    columns = Posterior(design, prior_set(plan_of().priors)).columns
    at = [columns.at_row, columns.at_child, columns.at_cell]
    assert all(part.size > 1 for part in at)
    assert sorted(np.concatenate(at)) == list(range(len(design.names) + 1))


def test_without_a_mode_the_model_is_sampled_as_it_stands(design, monkeypatch):
    def no_mode(*_, **__):
        raise FloatingPointError("no mode")

    monkeypatch.setattr(nuts_whitened, "job", no_mode)
    monkeypatch.setattr(by_nuts, "draw_until_passed", lambda job, *_, **__: job)
    monkeypatch.setattr(plain, "compiled_once", lambda *_: "the PyMC model")
    plan = plan_of()
    found = by_nuts.draw(design, prior_set(plan.priors), plan, label="M0", seed=1)
    assert found.compiled() == "the PyMC model"


def test_coordinates_without_a_free_coefficient(design):
    """Intercept and every column fixed by the plan: what is left are homes, periods and scales."""
    fixed = {name: {"fixed": 0.0} for name in ("intercept", *design.names)}
    priors = prior_set(plan_of(priors={"replace": fixed}).priors)
    posterior = Posterior(design, priors)
    value, gradient = posterior.log_density(posterior.start(1), posterior.workplace())
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


DRAWS = """
import sys
sys.path.insert(0, sys.argv[1])
from missingmodels.fitting.fit import fit
from missingmodels.frame.design import build_design
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.provenance import digest_arrays
from worlds import plan_of, small_world

tables = small_world(6, n_homes=5, days=130, onset={"rate_per_year": 20.0}).tables
plan = plan_of(sampling={"draws": 60, "tune": 100, "chains": 2, "doublings": 0})
design = build_design(build_rows(tables, build_risk_set(tables, plan.frame), plan), model_terms(plan, "M3"))
found = fit(design, plan, model="M3", exposure=plan.exposure.primary, seed=3, allow_unconverged=True)
assert found.certificate["method"] == "nuts/nutpie"
print(digest_arrays(found.values[name] for name in sorted(found.values)))
"""


@pytest.mark.slow
def test_processes_that_compile_and_one_that_does_not_give_the_same_draws(tmp_path):
    def drawn(cache):
        there = {"NUMBA_CACHE_DIR": str(tmp_path / cache)}
        call = [sys.executable, "-c", DRAWS, str(Path(__file__).parents[1])]
        return subprocess.run(call, env=os.environ | there, capture_output=True, text=True, check=True).stdout

    first = drawn("a")
    assert any((tmp_path / "a").rglob("*.nbi")), "nothing was compiled and kept"
    assert first.startswith("sha256:")
    assert [drawn("a"), drawn("b")] == [first, first]
