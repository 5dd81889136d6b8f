"""The specification curve: the peer effect under every combination of the choices that a plan could have made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any

from missingmodels.evidence.robustness.bench import UNTOLD, Bench, judged
from missingmodels.evidence.robustness.variants import ERRORS, effective_period, period_changes
from missingmodels.plan import Plan
from missingmodels.vocabulary.frailty import FRAILTY

WINDOWS = (3, 7, 14, 28)
PERIODS = (0, 91, 28, 14)
# What else is held constant; each has what the one before has.
ADJUSTED = ("own history", "and the child", "and the home")


@dataclass(frozen=True, kw_only=True)
class Specification:
    """One combination of choices and the rate ratio under it; ``period_days`` 0 stands for home effects only."""

    window_days: int
    period_days: int
    adjusted: str
    frailty: str
    chosen: bool
    estimate: float
    low: float
    high: float
    says: bool | None
    behind: Mapping[str, Any] | None = field(default=None, repr=False, compare=False, metadata=UNTOLD)  # as of a line

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, but for what stands behind them."""
        held = asdict(replace(self, behind=None))
        del held["behind"]
        return held


def specification_curve(bench: Bench, *, report: Callable[[int, int], None] | None = None) -> list[Specification]:
    """The combinations that these data can answer, by estimate; ``chosen`` is the one that the plan makes."""
    asked = list(_asked(bench))
    found = []
    for at, (window, period, adjusted, law) in enumerate(asked):
        if report is not None:
            report(at, len(asked))
        one = _one(bench, window, period, adjusted, law)
        if one is not None:
            found.append(one)
    return sorted(found, key=lambda s: s.estimate)


def _asked(bench: Bench) -> Iterator[tuple[int, int, str, str]]:
    windows = sorted({*WINDOWS, bench.plan.exposure.window_days})
    periods = sorted({*PERIODS, effective_period(bench.plan)})
    yield from product(windows, periods, ADJUSTED, [law for law in FRAILTY if _can_fit(bench, law)])


def _can_fit(bench: Bench, law: str) -> bool:
    """Whether the fast engine knows a law: asked once, not in every combination."""
    try:
        bench.fit_under(bench.plan if law == _law(bench.plan) else bench.plan.changed({"effects.frailty": law}))
    except ERRORS:
        return False
    return True


def _one(bench: Bench, window: int, period: int, adjusted: str, law: str) -> Specification | None:
    try:
        plan, model = _plan(bench, window, period, adjusted, law)
        line = judged(bench.fit_under(plan, model=model), bench.exposure, bench.rule, check="", line="")
    except ERRORS:
        return None
    if line.estimate is None or line.low is None or line.high is None:
        return None
    mine = bench.plan
    same = window == mine.exposure.window_days and period == effective_period(mine)
    return Specification(
        window_days=window,
        period_days=period,
        adjusted=adjusted,
        frailty=law,
        chosen=same and adjusted == ADJUSTED[2 if bench.model == "M3" else 1] and law == _law(mine),
        estimate=line.estimate,
        low=line.low,
        high=line.high,
        says=line.says,
        behind=line.behind,
    )


def _plan(bench: Bench, window: int, period: int, adjusted: str, law: str) -> tuple[Plan, str]:
    changes: dict[str, Any] = {"exposure.window_days": window} | period_changes(bench.plan, period)
    if law != _law(bench.plan):
        changes["effects.frailty"] = law
    if adjusted == ADJUSTED[0]:
        changes["terms.vulnerability"] = ""
    model = "M3" if adjusted == ADJUSTED[2] else "M1"
    return bench.plan.changed(changes | {"models": ["M0", model]}), model


def _law(plan: Plan) -> str:
    return plan.effects.frailty
