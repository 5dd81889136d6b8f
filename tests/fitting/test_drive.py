"""The one loop of all families: the seed of every try, smaller steps on each redraw, advice that fits the call."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pytensor import config
from pytensor.link.utils import write_generated_src

from missingmodels.errors import DiagnosticsFailed
from missingmodels.fitting import drive
from missingmodels.fitting.diagnostics import ROWS_KNOBS, Diagnostics, require_passed
from missingmodels.fitting.nuts import sample
from missingmodels.plan import Gate, Sampling
from missingmodels.provenance import seed_of

SAMPLING = Sampling(draws=60, tune=50, chains=2, doublings=2)


def tree(settings: Sampling, *, good: bool) -> xr.DataTree:
    """Draws of one scalar: good ones, or such that the chains stand apart."""
    rng = np.random.default_rng(4)
    shape = (settings.chains, settings.draws)
    values = rng.standard_normal(shape) + (0 if good else 9) * np.arange(settings.chains)[:, None]
    stats = {name: np.zeros(shape) for name in drive.KEPT} | {"energy": rng.standard_normal(shape)}
    lead = ("chain", "draw")
    groups = {"posterior": {"a": (lead, values)}, "sample_stats": {name: (lead, v) for name, v in stats.items()}}
    return xr.DataTree.from_dict({f"/{name}": xr.Dataset(held) for name, held in groups.items()})


@pytest.mark.parametrize("passes_at", [0, 1, 2, 9])
def test_a_redraw_doubles_draws_and_halves_rejections(passes_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, float, int]] = []
    told: list[tuple[str, int, int]] = []

    def draw(compiled, settings, *, seed, progress):
        asked.append((settings.draws, settings.tune, settings.target_accept, seed))
        progress(settings.draws, settings.draws)
        return tree(settings, good=len(asked) > passes_at), 0.5

    monkeypatch.setattr(drive, "draw", draw)
    job = drive.Job(
        compiled=lambda: (None, 1.5), natural=lambda draws, _: draws, streams=("daily", "x"), target_accept=0.8
    )
    gate = Gate(ess_min=20, rhat_max=1.2, rhat_effects_max=2)
    found = drive.draw_until_passed(job, SAMPLING, gate, seed=7, stage="x", progress=lambda *now: told.append(now))
    tries = min(passes_at, 2) + 1
    assert [(d, t) for d, t, _, _ in asked] == [(60, 50), (120, 100), (240, 200)][:tries]
    assert [accept for *_, accept, _ in asked] == pytest.approx([0.8, 0.9, 0.95][:tries])
    assert [seed for *_, seed in asked] == [seed_of(7, "daily", "x", k) for k in range(tries)]
    assert found.diagnostics.passed == (passes_at < 9)
    assert found.values["a"].shape == (asked[-1][0] * 2,)
    record = found.record
    assert (record["doublings"], record["compile_seconds"], record["sample_seconds"]) == (tries - 1, 1.5, 0.5 * tries)
    assert record["target_accept"] == asked[-1][2]
    assert told[0] == ("Fitting x", 0, 0)
    assert told[1:] == [("Fitting x", d, d) for d, *_ in asked]


def failed(text: str) -> Diagnostics:
    return Diagnostics(worst="", failed=(text,))


def test_advice_is_of_the_way_that_was_called_and_of_smaller_steps_than_failed() -> None:
    with pytest.raises(DiagnosticsFailed) as said:
        require_passed(failed("3 divergent transitions, 0 allowed"), model="M1", accept=0.98)
    python, typed = said.value.remedy, said.value.as_typed().remedy
    assert "sampling.target_accept = 0.99" in python
    assert "sampling.target_accept = 0.99" in typed
    assert ("allow_unconverged=True" in python, "--allow-unconverged" in python) == (True, False)
    assert ("allow_unconverged=True" in typed, "--allow-unconverged" in typed) == (False, True)
    with pytest.raises(DiagnosticsFailed) as said:
        require_passed(failed("3 divergent, bulk ESS 9"), model="y ~ x", accept=0.9, knobs=ROWS_KNOBS)
    assert "Sampling(target_accept=0.95)" in said.value.remedy
    assert "--target-accept 0.95" in said.value.as_typed().remedy
    assert "--draws" in said.value.as_typed().remedy
    assert "allow_unconverged=" not in str(said.value.as_typed())


def test_what_is_compiled_leaves_no_source_among_temporary_files(monkeypatch, tmp_path):
    class Bare:
        shape, data = staticmethod(lambda: "a shape of its own"), {}
        build = staticmethod(lambda: "x = 1\n")

    class Compiled:
        shared_var_keys = ()

        def with_data(self):
            return self

    kept = []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def compiled(built, backend):
        kept.append(write_generated_src(built))
        return Compiled()

    monkeypatch.setattr(sample.nutpie, "compile_pymc_model", compiled)
    with config.change_flags(generated_src_dir=""):
        sample.compiled_once(Bare())
    assert [Path(name).parent for name in kept] == [Path(config.compiledir) / "generated"]
    assert not [*tmp_path.iterdir()]
