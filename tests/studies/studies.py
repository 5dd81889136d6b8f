"""A study small enough to run in seconds: a few busy homes, few draws, a gate to match."""

from __future__ import annotations

from typing import Any

from missingmodels.studies.questions.grid import Grid, make_grid

TINY: dict[str, Any] = {
    "name": "tiny",
    "seed": 7,
    "scenario": {"set": {"days": 100, "onset.rate_per_year": 8.0, "onset.frailty_shape": 1.0}},
    "plan": {
        "set": {
            "exposure.beside": [],
            "sampling.draws": 50,
            "sampling.chains": 2,
            "gate.ess_min": 20,
            "gate.k_hat_max": 1.0,
            "terms.history": "own_1_7",
            "terms.vulnerability": "age_years",
        }
    },
    "axes": {"homes.count": [5, 7], "contagion.log_rate_ratio": [0.3]},
    "ask": {"model": "M1"},
    "replicates": {"batch": 2, "at_least": 4, "step": 2, "at_most": 8, "target_error": 0.17},
}


def study_of(**changes: Any) -> dict[str, Any]:
    """The tiny study's values with some of its parts replaced."""
    return {**TINY, **changes}


def grid_of(**changes: Any) -> Grid:
    return make_grid(study_of(**changes))


def as_toml(values: dict[str, Any]) -> str:
    """Plain values as TOML, tables last."""
    flat = [f"{k} = {_toml(v)}" for k, v in values.items() if not isinstance(v, dict)]
    tables = [
        f"[{k}]\n" + "\n".join(f'"{n}" = {_toml(x)}' for n, x in v.items())
        for k, v in values.items()
        if isinstance(v, dict)
    ]
    return "\n".join([*flat, *tables]) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{k}" = {_toml(v)}' for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
