"""Contrasts that a plan states of any column: rate ratio with direction and verdict, and the rates at either end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

import numpy as np

from missingmodels.errors import ConfigInvalid
from missingmodels.evidence.decisions import summarise
from missingmodels.evidence.effects.estimands import expected_rates, rate_ratio
from missingmodels.evidence.parts import Row
from missingmodels.evidence.selection import with_family
from missingmodels.fitting.fit import Fit
from missingmodels.frame.design import Design
from missingmodels.frame.rows import columns_behind
from missingmodels.plan import Plan
from missingmodels.vocabulary import QUANTITIES, Quantity, column_label

CONTRAST = "contrast"  # stands where H1 and H2 do
DRAWS = 1000  # of a fit, at most
# Without the numbers: the ends of what is observed are somebody's.
BEYOND = "an end of the contrast lies beyond the data, so the ratio is the model's own"

Told = Mapping[str, Quantity]


def reportable(name: str, told: Told) -> bool:
    """Whether every column that a column of a design was made of may be shown."""
    stem = name.removesuffix("_unrecorded")
    behind = columns_behind(stem) | {stem}
    return all(told[one].reportable for one in behind if one in told)


def require_contrasts(plan: Plan, designs: Sequence[Design], told: Told) -> None:
    """Raise ConfigInvalid for a contrast of a column that no model of the plan holds, of a level that it does not have,
    or of one that may not be reported.
    """
    faults = []
    for name, ends in plan.contrast.items():
        held = {one for design in designs for one in (*design.names, *design.constants)}
        levels = sorted(one[len(name) + 1 : -1] for one in held if one.startswith(f"{name}["))
        texts = [end for end in ends if isinstance(end, str)]
        if name not in held and not levels:
            known = sorted({one.partition("[")[0] for one in held})
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            faults.append(f"contrast.{name}: no model of the plan holds it{hint}")
        elif levels and len(texts) < len(ends):
            faults.append(f"contrast.{name}: name two of its levels; beside the reference it has {', '.join(levels)}")
        elif not levels and texts:
            faults.append(f"contrast.{name}: give two numbers")
        elif levels and not set(texts) & set(levels):
            faults.append(f"contrast.{name}: neither is a level beside the reference: {', '.join(levels)}")
        if not reportable(name, told):
            faults.append(f"contrast.{name}: it is declared as not to be reported")
    if faults:
        raise ConfigInvalid("; ".join(faults), where=f"plan {plan.name!r}", remedy="correct the contrasts of the plan")


def contrast_rows(fit: Fit, plan: Plan, told: Told, *, fullest: bool) -> list[Row]:
    """Three rows a stated contrast: the rate ratio, and the expected rates at its ends."""
    ratios, rows, rates = [], [], []  # of each contrast, its row, and the rates at its ends
    for name, (low, high) in plan.contrast.items():
        step, ends = _held(fit.design, name, low), _held(fit.design, name, high)
        if step is None or ends is None:
            continue
        moved = {column: ends[column] - step[column] for column in ends}
        quantity = told.get(name) or QUANTITIES.get(name)
        factor = "factor on a rate ratio, " if ":" in name else ""
        over = f"{factor}{column_label(name, told)} ({_shown(low)} to {_shown(high)})"
        ratios.append(rate_ratio(fit.parameters, moved))
        rows.append(
            summarise(
                ratios[-1],
                hypothesis=CONTRAST,
                fit=fit,
                estimand="rate_ratio",
                name=_guarded(name, low, high, fit.design),
                label=over,
                rule=plan.decision,
                null=1.0,
                expected="" if quantity is None else quantity.stated_direction,
            )
        )
        if _leaves(fit.design, name, (low, high)):
            rows[-1] = replace(rows[-1], remark=BEYOND)
        if fullest and ":" not in name:
            guarded = _guarded(name, low, high, fit.design)
            rates += _rates(fit, plan, guarded, ((low, step), (high, ends)), column_label(name, told))
    told_of = [*with_family(rows, ratios), *rates]
    return [replace(row, role="primary" if fullest else "smaller model") for row in told_of]


def _rates(
    fit: Fit, plan: Plan, name: str, ends: Sequence[tuple[float | str, Mapping[str, float]]], label: str
) -> list[Row]:
    rows = []
    observed, *rates = expected_rates(fit.parameters.thinned(DRAWS), fit.design, [{}, *(held for _, held in ends)])
    for (value, _), rate in zip(ends, rates, strict=True):
        for draws, estimand, null in ((rate, "expected_rate", None), (rate - observed, "rate_difference", 0.0)):
            rows.append(
                summarise(
                    draws,
                    hypothesis=CONTRAST,
                    fit=fit,
                    estimand=estimand,
                    name=name,
                    label=f"{label}: {_shown(value)}",
                    rule=plan.decision,
                    null=null,
                )
            )
    return rows


def _leaves(design: Design, name: str, ends: Sequence[float | str]) -> bool:
    """Whether a number that a contrast names lies beyond all that the column has in the window."""
    if name not in design.names:
        return False
    values = design.column(name)[design.window_days > 0]
    return any(isinstance(end, float | int) and not values.min() <= end <= values.max() for end in ends)


def _guarded(name: str, low: float | str, high: float | str, design: Design) -> str:
    """The column that a row is known by, and judged by before it leaves: of levels, that of the one it speaks of."""
    levels = [f"{name}[{end}]" for end in (high, low) if isinstance(end, str)]
    return next((level for level in levels if level in design.names), name)


def _held(design: Design, name: str, value: float | str) -> dict[str, float] | None:
    """The columns that a value is; None where the design does not hold the column."""
    if isinstance(value, str):
        levels = [one for one in design.names if one.startswith(f"{name}[")]
        return {one: float(one == f"{name}[{value}]") for one in levels} or None
    return {name: float(value)} if name in design.names else None


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{np.round(value, 6):g}"
