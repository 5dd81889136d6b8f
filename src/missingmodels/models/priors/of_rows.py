"""Priors for rows of one's own, written as other software writes them: ``normal(0, 2.5)``, ``student_t(3, 0, 2.5)``.

Keys: ``intercept`` (at the mean of every column), ``coefficients`` (all that are not named), a column's own name,
``sigma_home`` (every home column; ``sigma_home[NAME]`` for one), and for the child either ``sigma_child`` or, with a
gamma frailty, ``frailty_shape``, the shape k that other software has of a negative binomial.

``rstanarm`` and ``brms`` are those packages' defaults as documented (rstanarm since July 2020, its priors vignette;
brms' ``set_prior``), but for one thing: brms moves its intercept's location to the median of the linked outcome. To
match a fit to the digit, give what its ``prior_summary`` prints.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linprog

from missingmodels.frame.design_matrix import EventRows, Group
from missingmodels.frame.own_rows.asked import rows_invalid
from missingmodels.models.priors.law import ColumnPriors, ModelPriors, Prior

# Names of the arguments of each law. The location of a scale's prior must be 0: it is folded there.
REAL_LAWS = {
    "normal": ("mean", "sd"),
    "student_t": ("df", "mean", "sd"),
    "cauchy": ("mean", "sd"),
    "flat": (),
    "fixed": ("mean",),
}
SCALE_LAWS = {
    "half_normal": ("sd",),
    "half_student_t": ("df", "sd"),
    "half_cauchy": ("sd",),
    "exponential": ("rate",),
    "log_normal": ("mean", "sd"),
    "normal": ("mean", "sd"),
    "student_t": ("df", "mean", "sd"),
    "cauchy": ("mean", "sd"),
    "fixed": ("mean",),
}
# A shape has a law of its own above 0, not one folded there: no dispersion is a shape without end, not a shape of 0.
SHAPE_LAWS = {
    "log_normal": ("mean", "sd"),
    "gamma": ("shape", "rate"),
    "exponential": ("rate",),
    "fixed": ("mean",),
}
RESERVED = ("intercept", "coefficients", "frailty_shape")
FOLDED = {"normal": "half_normal", "student_t": "half_student_t", "cauchy": "half_cauchy"}

# ``rate`` stands for the log of all events over all exposure (log odds for trials), so that units do not matter.
PRESETS: Mapping[str, Mapping[str, str]] = {
    "weak": {
        "intercept": "normal(rate, 2.5)",
        "coefficients": "normal(0, 2.5, autoscale)",
        "sigma_home": "half_student_t(3, 1)",
        "sigma_child": "half_student_t(3, 1)",
    },
    "rstanarm": {
        "intercept": "normal(0, 2.5)",
        "coefficients": "normal(0, 2.5, autoscale)",
        "sigma_home": "exponential(1)",
        "sigma_child": "exponential(1)",
    },
    "brms": {
        "intercept": "student_t(3, 0, 2.5)",
        "coefficients": "flat()",
        "sigma_home": "student_t(3, 0, 2.5)",
        "sigma_child": "student_t(3, 0, 2.5)",
    },
}


@dataclass(frozen=True, kw_only=True)
class RowPriors:
    """The priors of one model of rows.

    ``coefficients`` (P,) are on the sampler's scale, ``written`` holds all as they were given. ``child`` is None
    without clusters of children; ``child_by_shape`` says that it is a prior of the frailty's shape.
    """

    intercept: Prior
    coefficients: tuple[Prior, ...]
    homes: tuple[Prior, ...]
    child: Prior | None
    child_by_shape: bool
    written: Mapping[str, str]

    def of_model(self) -> ModelPriors:
        """The same by the names of the model of rows: the child's is ``frailty_shape`` or ``sigma_child``."""
        held = {"intercept": self.intercept} | {f"sigma_home{i}": p for i, p in enumerate(self.homes)}
        if self.child is not None:
            held["frailty_shape" if self.child_by_shape else "sigma_child"] = self.child
        return ModelPriors(scalars=held, columns=ColumnPriors.of(self.coefficients))


def row_priors(given: str | Mapping[str, str], counts: EventRows, frailty: str) -> RowPriors:
    """Read priors: the name of a preset, or texts by key that replace those of the preset ``weak`` (or ``use``).

    Raises RowsInvalid with every fault found.
    """
    if not isinstance(given, str | Mapping):
        raise rows_invalid([f"priors= takes a prior set's name or texts by key, found {given!r}"])
    wanted = {"use": given} if isinstance(given, str) else {str(k): str(v) for k, v in given.items()}
    preset = wanted.pop("use", "weak")
    faults = [] if preset in PRESETS else [f"priors {preset!r} are not known; known: {', '.join(PRESETS)}"]
    homes, child = home_columns(counts), counts.units.get("child")
    single = {f"sigma_home[{group.column}]" for group in homes}
    child_keys = ("sigma_child", "frailty_shape") if frailty == "gamma" else ("sigma_child",)
    known = ["intercept", "coefficients", *counts.names]
    known += ["sigma_home", *sorted(single)] if homes else []
    known += child_keys if child is not None and frailty != "none" else ()
    faults += [
        f"a column is called {name!r}, as a parameter is: give it another name"
        for name in counts.names
        if name in RESERVED or name.startswith("sigma_")
    ]
    faults += [
        f"priors name {k!r}, which is not in the model; known: {', '.join(known)}" for k in wanted if k not in known
    ]
    if {"sigma_child", "frailty_shape"} <= set(wanted):
        faults.append("sigma_child and frailty_shape are one parameter (sigma = 1 / sqrt(shape)): give one of them")
    texts = {k: v for k, v in PRESETS.get(preset, {}).items() if k in known} | {
        k: wanted[k] for k in wanted if k in known
    }
    if "frailty_shape" in wanted:
        texts.pop("sigma_child", None)
    read: dict[str, Prior] = {}
    for key, text in texts.items():
        real = not (key.startswith("sigma_") or key == "frailty_shape")
        laws = REAL_LAWS if real else SHAPE_LAWS if key == "frailty_shape" else SCALE_LAWS
        prior, fault = _read_prior(text, laws=laws, rate=counts.average_log_rate)
        if prior is None or ((not real or key == "intercept") and "autoscale" in text):
            faults.append(f"the prior of {key} {fault or 'cannot be autoscaled: that is for coefficients'}")
        else:
            read[key] = prior
    if faults:
        raise rows_invalid(faults)
    columns = _of_columns(read, texts, counts)
    flat = np.array([prior.law == "flat" for prior in (read["intercept"], *columns)], dtype=bool)
    lost = _unbounded(counts, flat)
    if lost:
        text = f"the data do not bound {', '.join(lost)}: some value fits ever better the further it goes"
        raise rows_invalid([text + " (often a level without events); give a prior that is not flat"])
    spreads = [read.get(f"sigma_home[{g.column}]", read.get("sigma_home", Prior(law="flat"))) for g in homes]
    by_shape = "frailty_shape" in read
    return RowPriors(
        intercept=read["intercept"],
        coefficients=columns,
        homes=tuple(spreads),
        child=read.get("frailty_shape" if by_shape else "sigma_child"),
        child_by_shape=by_shape,
        written=texts,
    )


def home_columns(counts: EventRows) -> tuple[Group, ...]:
    """The clusters of every home column, in order."""
    return tuple(group for name, group in counts.units.items() if name != "child")


def _read_prior(text: str, *, laws: Mapping[str, tuple[str, ...]], rate: float = 0.0) -> tuple[Prior | None, str]:
    """A prior from its text, or None and what is wrong with it; ``rate`` is what that word stands for."""
    read = re.fullmatch(r"\s*([a-z_]+)\s*(?:\(([^()]*)\))?\s*", text)
    above = ", which keep it above 0" if laws is SHAPE_LAWS else ""
    if read is None or read[1] not in laws:
        return None, f"is {text!r}; write one of {', '.join(f'{n}({", ".join(a)})' for n, a in laws.items())}{above}"
    law, names = read[1], laws[read[1]]
    words = [word.strip() for word in (read[2] or "").split(",") if word.strip()]
    words = [word for word in words if word != "autoscale"]
    try:
        numbers = [rate if word == "rate" and laws is REAL_LAWS else float(word) for word in words]
        values = dict(zip(names, numbers, strict=True))
    except ValueError:
        return None, f"is {text!r}; write {law}({', '.join(names)}) with numbers"
    wrong = [n for n in ("sd", "df", "rate", "shape") if n in values and not values[n] > 0]
    if wrong or not all(map(math.isfinite, values.values())):
        return None, f"is {text!r}: {' and '.join(wrong) or 'its numbers'} must be {'above 0' if wrong else 'finite'}"
    fault = _beyond(law, values, laws)
    return (None, f"is {text!r}: {fault}") if fault else (_prior(law, values, laws, text), "")


def _beyond(law: str, values: Mapping[str, float], laws: Mapping[str, tuple[str, ...]]) -> str:
    """Why a law with these numbers leaves the parameter's support; empty if it does not."""
    if laws is SCALE_LAWS and law in FOLDED and values["mean"]:
        return "a scale's prior is folded at 0, so its location must be 0"
    if laws is SCALE_LAWS and law == "fixed" and values["mean"] < 0:
        return "a scale is not negative"
    if laws is SHAPE_LAWS and law == "fixed" and values["mean"] <= 0:
        return "a shape is above 0"
    return ""


def _prior(law: str, values: Mapping[str, float], laws: Mapping[str, tuple[str, ...]], text: str) -> Prior:
    mean, sd, df = values.get("mean", 0.0), values.get("sd", 1.0), values.get("df", 0.0)
    if laws is SCALE_LAWS:
        law = FOLDED.get(law, law)
    if law in ("cauchy", "half_cauchy"):
        law, df = law.replace("cauchy", "student_t"), 1.0
    if "rate" in values:
        sd = 1.0 / values["rate"]
    if laws is SHAPE_LAWS and law in ("gamma", "exponential"):
        law, df = "gamma", values.get("shape", 1.0)
    return Prior(law=law, mean=mean, sd=sd, df=df, reason=text)


def _of_columns(read: Mapping[str, Prior], texts: Mapping[str, str], counts: EventRows) -> tuple[Prior, ...]:
    """(P,) priors of the sampler's coefficients, which are ``scale`` times those of the columns as they are."""
    found = []
    for name, scale, spread in zip(counts.names, counts.scale, counts.further["spread"], strict=True):
        key = name if name in read else "coefficients"
        per_unit = 1.0 / spread if "autoscale" in texts[key] else 1.0
        prior = replace(read[key], sd=read[key].sd * per_unit)
        found.append(prior.times(float(scale)))
    return tuple(found)


def _unbounded(counts: EventRows, flat: np.ndarray) -> list[str]:
    """Names of what ``flat`` (1 + P,) priors of intercept and columns leave without a proper posterior: separation.

    A direction does harm if it moves no row with an event (and, for trials, one without) and lowers the rate, or keeps
    it, in every row without: found by linear programming (Albert and Anderson 1984 for the logistic case).
    """
    if not flat.any():
        return []
    full = counts.trials & (counts.y == counts.size)
    held = (counts.y > 0) & ~full
    columns = np.column_stack([np.ones(counts.y.size), counts.standardised])[:, flat]
    kept, gains = columns[held], (np.where(full, 1.0, -1.0)[:, None] * columns)[~held]
    if not len(gains):
        return []
    found = linprog(
        -gains.sum(axis=0),
        A_ub=-gains,
        b_ub=np.zeros(len(gains)),
        A_eq=kept if len(kept) else None,
        b_eq=np.zeros(len(kept)) if len(kept) else None,
        bounds=(-1, 1),
    )
    if not found.success or -found.fun < 1e-7:
        return []
    names = np.array(["intercept", *counts.names])[flat]
    return [str(name) for name, step in zip(names, found.x, strict=True) if abs(step) > 1e-7]
