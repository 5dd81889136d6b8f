"""A question of one's own: functions of a fit that a study asks in every world, by name in its record, never in a file.

A function travels to other processes as the name that it is imported by. What is written down of it is that name and a
digest of its text, so that a study goes on only with the function that it was begun with. No file can name one.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from missingmodels.errors import ConfigInvalid
from missingmodels.fitting.result import Fit

Decide = Callable[[Fit], bool]
Measure = Callable[[Fit], float | Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Own:
    """What is asked of each fit beside the study's own rules.

    Attributes
    ----------
    decide : a rule: whether the fit supports what is asked
    measure : a number, or numbers by name
    """

    decide: Decide | None = None
    measure: Measure | None = None

    def record(self) -> dict[str, dict[str, str]]:
        """Name and digest of each function."""
        return {name: _identity(held) for name, held in vars(self).items() if held is not None}

    @property
    def travels(self) -> bool:
        """Whether other processes can import the functions."""
        return all(_importable(held) for held in vars(self).values() if held is not None)

    @property
    def rule(self) -> str:
        """Name of the rule; empty without one."""
        return _name(self.decide) if self.decide else ""

    def decided(self, fit: Fit) -> bool:
        """What the rule says. Raises ConfigInvalid for anything but yes or no."""
        assert self.decide is not None
        said = self.decide(fit)
        if not isinstance(said, bool | np.bool_):
            raise _refused(self.decide, said, "True or False")
        return bool(said)

    def measured(self, fit: Fit) -> dict[str, float]:
        """The numbers by name. Raises ConfigInvalid for anything but finite numbers."""
        assert self.measure is not None
        said = self.measure(fit)
        held = dict(said) if isinstance(said, Mapping) else {_name(self.measure): said}
        for name, value in held.items():
            real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
            if not (isinstance(name, str) and name and real and math.isfinite(float(value))):
                raise _refused(self.measure, said, "a finite number, or finite numbers by name")
        return {name: float(value) for name, value in held.items()}


NO_FUNCTIONS = Own()


def require_functions(decide: Any, measure: Any) -> None:
    """Raises ConfigInvalid for what is no plain function of one fit."""
    for part, held in (("decide", decide), ("measure", measure)):
        if held is None:
            continue
        if not inspect.isfunction(held):
            raise ConfigInvalid(
                f"{part} is {type(held).__name__}, not a function",
                where=part,
                remedy="give a function of one argument, the fit, defined with def at the top of a module",
            )


def _refused(function: Any, said: Any, wanted: str) -> ConfigInvalid:
    return ConfigInvalid(
        f"it returned {said!r:.80}, not {wanted}", where=f"{function.__module__}.{function.__qualname__}"
    )


def _name(function: Any) -> str:
    return "own" if function.__name__ == "<lambda>" else str(function.__name__)


def _identity(function: Any) -> dict[str, str]:
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        text = function.__code__.co_code.hex() + repr(function.__code__.co_consts)
    return {
        "function": f"{function.__module__}.{function.__qualname__}",
        "text": "sha256:" + hashlib.sha256(text.encode()).hexdigest(),
    }


def _importable(function: Any) -> bool:
    """Whether a fresh process finds the function under its name: not in a notebook, nor inside another function."""
    if function.__module__ == "__main__":
        # a script is run again there, up to its `if __name__ == "__main__":`
        if not getattr(sys.modules["__main__"], "__file__", None):
            return False
        held: Any = sys.modules["__main__"]
    else:
        try:
            held = importlib.import_module(function.__module__)
        except ImportError:
            return False
    for part in function.__qualname__.split("."):
        held = getattr(held, part, None)
    return held is function
