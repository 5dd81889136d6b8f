"""NUTS by nutpie on the PyMC model, compiled once for each model shape of a process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nutpie
import pytensor
import xarray as xr

from missingmodels.plan import Sampling
from missingmodels.side_by_side import usable_cores

if TYPE_CHECKING:
    from missingmodels.models.model import Model

TARGET_ACCEPT = 0.92  # of models whose scales and effects make a funnel
_COMPILED: dict[Hashable, Any] = {}
_LOCK = threading.Lock()


def compiled_once(model: Model) -> tuple[Any, float]:
    """The compiled model of its shape with its data in it, and the seconds spent compiling (0 if it was there)."""
    with _LOCK:
        start, shape = time.perf_counter(), model.shape()
        fresh = shape not in _COMPILED
        if fresh:
            _keep_sources()
            _COMPILED[shape] = nutpie.compile_pymc_model(model.build(), backend="numba")
        seconds = time.perf_counter() - start if fresh else 0.0
        held = _COMPILED[shape]
        read = {var.name for var in held.shared_var_keys}
        return held.with_data(**{name: values for name, values in model.data.items() if name in read}), seconds


def _keep_sources() -> None:
    """PyTensor leaves the source of what it compiles among temporary files for good, unless it is told of a folder."""
    if not pytensor.config.generated_src_dir:
        pytensor.config.generated_src_dir = str(Path(pytensor.config.compiledir) / "generated")


def draw(
    compiled: Any, settings: Sampling, *, seed: int, progress: Callable[[int, int], None] | None = None
) -> tuple[xr.DataTree, float]:
    """Draws of a compiled posterior's free variables, and the seconds that they took.

    ``progress`` is called with draws finished and in all, warm-up included. An interrupt (Ctrl-C) stops the chains and
    is passed on; a part of the draws is never returned.
    """
    start = time.perf_counter()
    running = nutpie.sample(
        compiled,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=min(settings.chains, usable_cores()),
        seed=seed,
        target_accept=settings.target_accept or TARGET_ACCEPT,
        save_warmup=False,
        progress_bar=False,
        progress_callback=_callback(progress),
        blocking=False,
    )
    try:
        tree = running.wait()
    except BaseException:
        running.cancel()
        raise
    return tree, time.perf_counter() - start


def _callback(progress: Callable[[int, int], None] | None) -> Callable[[Any], None] | None:
    if progress is None:
        return None

    def report(chains: Any) -> None:
        progress(sum(c.finished_draws for c in chains), sum(c.total_draws for c in chains))

    return report
