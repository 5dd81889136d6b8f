"""Finished fits of a run that is not written yet: they outlive whatever goes wrong after them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from missingmodels.errors import InputError
from missingmodels.fitting.children import named_again
from missingmodels.fitting.fit import data_digest
from missingmodels.fitting.result import Fit
from missingmodels.frame.design import Design
from missingmodels.plan import Plan
from missingmodels.provenance import digest_json, versions
from missingmodels.vocabulary import fit_name


def kept_folder(target: Path) -> Path:
    """Where fits are kept until the run to be written to ``target`` is: a hidden folder beside it."""
    target = Path(target).absolute()
    return target.with_name(f".{target.name}.partial")


class Kept:
    """Fits by what they answer: plan, data, seed and versions. Another question finds none of them.

    As a context it says, when an error or an interrupt leaves it, what is kept and that the same call goes on from it.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder, self.say = Path(folder), say

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        held = len(list(self.folder.glob("*.nc")))
        if not held:
            with contextlib.suppress(OSError):  # made for a fit that did not come to be
                self.folder.rmdir()
        elif kind is not None:
            fits = "1 finished fit is" if held == 1 else f"{held} finished fits are"
            self.say(f"{fits} kept in {self.folder}; the same command goes on from there.")

    def get(self, design: Design, plan: Plan, model: str, exposure: str, seed: int) -> Fit | None:
        """The fit that was finished before; None where there is none, or what is there is damaged."""
        path = self._file(design, plan, model, exposure, seed)
        if not path.is_file():
            return None
        from missingmodels.fitting.stores.store import read_fit

        try:
            found = named_again(read_fit(path), design)
        except InputError as error:
            self.say(f"A kept fit of {model} is fitted anew: {error.what}.")
            return None
        self.say(f"{fit_name(model, exposure)} was finished before: read from {path}.")
        return found

    def add(self, fit: Fit, plan: Plan, seed: int) -> None:
        """Keep a finished fit; what is kept holds children's data, so it is the user's own."""
        # the fast engine alone needs no library that reads and writes these files
        from missingmodels.fitting.stores.store import write_fit

        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_fit(fit, self._file(fit.design, plan, fit.model, fit.exposure, seed))

    def clear(self) -> None:
        """Forget all of them: the run is written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, design: Design, plan: Plan, model: str, exposure: str, seed: int) -> Path:
        asked = {
            "plan": plan.model_dump(mode="json"),
            "data": data_digest(design),
            # what the likelihood does not see, but whoever reads the fit does
            "names": [design.names, design.child_ids, design.home_ids, design.notes, dict(design.constants)],
            "seed": seed,
            "versions": versions(),
        }
        key = digest_json(asked).removeprefix("sha256:")[:16]
        return self.folder / f"{model}{f'_{exposure}' if exposure else ''}.{key}.nc"
