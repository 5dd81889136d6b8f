"""What a check of the peer effect works with: one data set under one plan, fitted by the fast engine, and its lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np

from missingmodels.evidence.decisions import NEGLIGIBLE, verdict
from missingmodels.evidence.effects.estimands import rate_ratio
from missingmodels.evidence.support import support_of_fit
from missingmodels.fitting.fit import Fit, fit
from missingmodels.frame.columns.happened import happened
from missingmodels.frame.design import build_design, require_contrast
from missingmodels.frame.riskset import RiskSet, build_risk_set
from missingmodels.frame.rows import Rows, build_rows, model_terms
from missingmodels.plan import Decision, Effects, Method, Plan
from missingmodels.provenance import digest_json
from missingmodels.tables import Tables

# What a line speaks of. "influence": the peer effect itself, asked in another way. "alarm": something that cannot be
# influence, so that an effect there warns of another cause. "size": how large something would have to be; no verdict.
Kind = Literal["influence", "alarm", "size"]
ALARM, NO_ALARM, QUIET = "alarm", "no alarm", "no alarm: supported as negligible"
NOTHING = "nothing to compare"
UNTOLD = {"untold": True}  # of a field that is written nowhere
MORE = 4
NOT_FAST = ("authority", "owner", "peer_slope_by_home")  # keys of a plan's effects
UNSEEN = "frame.coverage_rule"  # under ``bound`` and ``model`` a line asks what the data as recorded say


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the battery.

    Attributes
    ----------
    estimate, low, high : rate ratio (or the size that a line of that kind states) with the plan's interval; None where
        there is none
    probability : posterior probability that the rate ratio is above 1
    p_value : of a randomisation test, one-sided
    says : whether the line says influence, or rings the alarm; None where it can say nothing
    behind : children and homes behind the estimate, for who judges what may leave (``behind_line``); no part of what is
        told
    """

    check: str
    line: str
    kind: Kind
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    probability: float | None = None
    p_value: float | None = None
    says: bool | None = None
    verdict: str = NOTHING
    remark: str = ""
    behind: Mapping[str, Any] | None = field(default=None, repr=False, compare=False, metadata=UNTOLD)

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, but for what stands behind them."""
        held = asdict(replace(self, behind=None))
        del held["behind"]
        return held


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check: how it is run, and in words what it can and cannot show.

    ``untried`` says why the sectors that it was measured in could not show what it is for, where they could not.
    """

    name: str
    title: str
    shows: str
    cannot: str
    run: Callable[[Bench], Sequence[Line]]
    untried: str = ""


class Bench:
    """One data set under one plan, and the fits already made of it.

    ``model`` is the model with peers that every line refits (``M1`` or ``M3``), with the plan's primary exposure. Fits
    are kept, so lines that ask for the same one share it. What no line can ask, such as effects that the fast engine
    cannot fit, is at its default instead (``left_out``); with ``sampled`` lines that ask for such a thing are sampled,
    which takes minutes.
    """

    def __init__(
        self, tables: Tables, plan: Plan, *, model: str, seed: int, permutations: int, sampled: bool = False
    ) -> None:
        self.tables, self.model, self.seed, self.permutations = tables, model, seed, permutations
        self.sampled = sampled
        self.left_out = left_out_of_lines(plan)
        none: dict[str, Any] = {
            "exposure.beside": [],
            "exposure.moderation": None,
            "exposure.modified_by": "",
            "contrast": {},
        }
        changes = {"models": ["M0", model], **none}
        self.plan = plan.changed(changes | self.left_out)
        self._kept: dict[str, Any] = {}

    @property
    def rule(self) -> Decision:
        """The plan's rule."""
        return self.plan.decision

    @property
    def exposure(self) -> str:
        """The plan's primary exposure."""
        return self.plan.exposure.primary

    def risk(self, plan: Plan | None = None) -> RiskSet:
        """The risk set under a plan, this one's if none is given."""
        frame = (plan or self.plan).frame
        return self.once(f"risk {digest_json(frame.model_dump())}", lambda: build_risk_set(self.tables, frame))

    def peers(self) -> RiskSet:
        """The risk set with what happens to peers in the place of the outcome, for the columns made of it."""
        risk = self.risk()
        seen = self.once("peers", lambda: happened(self.tables, risk, self.plan.peer_event))
        return replace(risk, onset_anywhere=seen)

    def once[T](self, key: str, make: Callable[[], T]) -> T:
        """What ``make`` gives, made at the first call under this key and kept."""
        if key not in self._kept:
            self._kept[key] = make()
        held: T = self._kept[key]
        return held

    def main(self) -> Fit:
        """The fit that the battery questions."""
        return self.fit_under(self.plan)

    def fit_under(self, plan: Plan, *, model: str | None = None, method: Method = "laplace") -> Fit:
        """The same question under another plan, or in another of its models."""
        key = digest_json([model or self.model, method, plan.model_dump(mode="json")])

        def make() -> Fit:
            return self._fit(plan, self.risk(plan), self.exposure, {}, model=model, method=method)

        return self.once(f"fit {key}", make)

    def fit_with(
        self, exposure: str, extra: Mapping[str, np.ndarray] | None = None, *, risk: RiskSet | None = None
    ) -> Fit:
        """The model with other columns in the place of the exposure, or another outcome. ``exposure`` may be a sum."""
        return self._fit(self.plan, self.risk() if risk is None else risk, exposure, extra or {})

    def rows(self, *, extra: Mapping[str, np.ndarray] | None = None, by_day: bool = False) -> Rows:
        """Rows under the bench's plan, with further columns as (C, D) grids."""
        return build_rows(self.tables, self.risk(), self.plan, extra=extra, by_day=by_day)

    def fit_rows(
        self,
        rows: Rows,
        formula: str,
        exposure: str,
        plan: Plan,
        *,
        model: str | None = None,
        method: Method = "laplace",
    ) -> Fit:
        """The fast engine on rows and a formula.

        A fit that fails the gate is drawn once more with four times the draws and then kept as it is; its lines say so.
        """
        design = build_design(rows, formula, conditional=plan.frame.initial == "conditional")
        for times in (1, MORE):
            draws = plan.changed({"sampling.draws": times * plan.sampling.draws})
            found = fit(
                design,
                draws,
                model=model or self.model,
                exposure=exposure,
                seed=self.seed,
                method=method,
                allow_unconverged=True,
                with_children=False,
            )
            if found.diagnostics.passed:
                break
        return found

    def _fit(
        self,
        plan: Plan,
        risk: RiskSet,
        exposure: str,
        extra: Mapping[str, np.ndarray],
        *,
        model: str | None = None,
        method: Method = "laplace",
    ) -> Fit:
        rows = build_rows(self.tables, risk, plan, extra=extra)
        model = model or self.model
        return self.fit_rows(rows, model_terms(plan, model, exposure), exposure, plan, model=model, method=method)


def left_out_of_lines(plan: Plan) -> dict[str, Any]:
    """What a plan asks that no line does, as dotted keys with what stands for it.

    Effects that the fast engine cannot fit, and the unseen peers that a plan bounds or models.
    """
    default, asked = Effects().model_dump(), plan.effects.model_dump()
    found = {f"effects.{name}": default[name] for name in NOT_FAST if asked[name] != default[name]}
    return found | ({UNSEEN: "keep"} if plan.frame.coverage_rule in ("bound", "model") else {})


def judged(
    found: Fit, column: str, rule: Decision, *, check: str, line: str, kind: Kind = "influence", remark: str = ""
) -> Line:
    """The line of one column of a fit: its rate ratio under the plan's rule, as influence or as an alarm.

    Raises CannotAnswer where the column never varies inside the window.
    """
    require_contrast(found.design, column)
    ratio = rate_ratio(found.parameters, {column: 1.0})
    tail = (1 - rule.interval_mass) / 2
    low, middle, high = np.quantile(ratio, [tail, 0.5, 1 - tail])
    above = float((ratio > 1).mean())
    words, aside = verdict(ratio, "above", rule)
    says: bool | None = above >= rule.supported_probability
    if kind == "alarm":
        words = ALARM if says else QUIET if words == NEGLIGIBLE else NO_ALARM
    remarks = [remark, aside]
    if not found.diagnostics.passed:
        remarks.append(f"the fast fit did not pass the gate: {'; '.join(found.diagnostics.failed)}")
        says, words = None, "not converged"
    return Line(
        check=check,
        line=line,
        kind=kind,
        estimate=float(middle),
        low=float(low),
        high=float(high),
        probability=above,
        says=says,
        verdict=words,
        remark="; ".join(text for text in remarks if text),
        behind=behind_line(found, column),
    )


def behind_line(found: Fit, column: str) -> dict[str, Any]:
    """What stands behind a column's estimate: its entry of ``evidence.support``, that of the whole fit, its outcomes
    (``events``) and the children who had any (``with_event``).
    """
    whole, own = support_of_fit(found, only=column)
    design = found.design
    inside = design.window_days > 0
    events = design.onsets * inside
    return own | {
        "whole": whole,
        "events": int(events.sum()),
        "with_event": int(np.unique(design.child[events > 0]).size),
    }


def unlike(one: RiskSet, other: RiskSet) -> int:
    """Children of whom two risk sets of the same tables hold something unlike."""
    at = {child: i for i, child in enumerate(other.child_ids)}
    both = [(i, at[child]) for i, child in enumerate(one.child_ids) if child in at]
    same = sum(
        np.array_equal(one.onset[i], other.onset[j])
        and np.array_equal(one.residence[i] >= 0, other.residence[j] >= 0)
        and np.array_equal(one.days_at_risk[i], other.days_at_risk[j])
        for i, j in both
    )
    return max(len(one.child_ids), len(other.child_ids)) - same


def nothing(check: str, line: str, kind: Kind, why: str) -> Line:
    """A line that these data cannot fill."""
    return Line(check=check, line=line, kind=kind, remark=why)
