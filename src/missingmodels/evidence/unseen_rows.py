"""H1 where peers are unseen: the answer by the plan's rule, the estimate as recorded, and other assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from missingmodels.evidence.decisions import CANNOT_SAY, NEGLIGIBLE, SUPPORTED, summarise
from missingmodels.evidence.hypotheses import peer_ratio
from missingmodels.evidence.record import Evidence, Row
from missingmodels.evidence.unseen import CHAINS, ROUNDS, Setting, bounds, mixed_ratio, modelled, restricted
from missingmodels.fit.fit import Fit
from missingmodels.frame.unseen import filled_share, hidden_places
from missingmodels.plan import Decision

_NO_UPPER = "where all are always recent, no two days differ in exposure"


def with_unseen(evidence: Evidence, setting: Setting) -> Evidence:
    """The evidence with H1 answered as ``frame.coverage_rule`` says, and the estimate as recorded beside it."""
    if not hidden_places(setting.risk).any():
        note = "every registered place is held by a visible child or no places are recorded, so no peer was bounded"
        return replace(evidence, notes=(*evidence.notes, f"unseen peers: {note}"))
    rows = [_as_recorded(row, setting) for row in evidence.rows]
    at = next(i for i, row in enumerate(rows) if _is_naive(row, setting))
    found, notes = _found(setting)
    return replace(evidence, rows=(*rows[:at], *found[:1], rows[at], *found[1:], *rows[at + 1 :]),
                   notes=(*evidence.notes, *notes))  # fmt: skip


def _found(setting: Setting) -> tuple[list[Row], list[str]]:
    """The row that answers, then the others; and what they rest on, in sentences."""
    rule, ways = setting.plan.decision, setting.plan.frame.coverage_rule
    low, high = bounds(setting)
    dropped = restricted(setting)
    named: list[tuple[Fit | None, str]] = [
        (dropped, f"coverage {setting.plan.frame.minimum_coverage:g} or more"),
        (low, "all never recent"),
        (high, "all always recent"),
    ]
    beside = [_row(fit, rule, words, "assumption") for fit, words in named if fit is not None]
    notes = [
        f"unseen peers: no estimate for “{words}”, since the data hold no contrast then"
        for fit, words in named
        if fit is None
    ]
    if ways == "bound":
        answer, span = between(beside, high is not None)
        return [answer, *beside], [*notes, f"unseen peers: {span}"]
    fits = modelled(setting, low)
    drawn = summarise(
        mixed_ratio(fits, setting.exposure),
        hypothesis="H1",
        fit=fits[0],
        estimand="rate_ratio",
        name=setting.exposure,
        label="",
        rule=rule,
        null=1.0,
        expected="above",
    )
    label = f"unseen peers modelled: {peer_ratio(low, rule).label}"
    failed = sum(not fit.diagnostics.passed for fit in fits)
    if failed:
        notes.append(f"unseen peers: {failed} of {len(fits)} fits to completed data did not pass the gate")
    rho = filled_share(setting.risk, setting.occupancy)
    notes.append(
        f"unseen peers: {CHAINS} chains of {ROUNDS} completed data sets; {rho:.0%} of the places that no visible child "
        f"holds are taken to be filled, which makes {setting.occupancy:.0%} of all places filled"
    )
    return [replace(drawn, label=label, role="primary"), *beside], notes


def _is_naive(row: Row, setting: Setting) -> bool:
    return (
        row.estimand == "rate_ratio"
        and row.hypothesis == "H1"
        and row.model == setting.model
        and row.name == row.exposure == setting.exposure
    )


def _as_recorded(row: Row, setting: Setting) -> Row:
    return replace(row, role="beside", label=f"as recorded: {row.label}") if _is_naive(row, setting) else row


def _row(fit: Fit, rule: Decision, words: str, role: str) -> Row:
    row = peer_ratio(fit, rule)
    failed = "" if fit.diagnostics.passed else f"not converged: {'; '.join(fit.diagnostics.failed)}"
    remark = "; ".join(part for part in (row.remark, failed) if part)
    return replace(row, role=role, label=f"{words}: {row.label}", remark=remark)


def between(beside: Sequence[Row], has_upper: bool) -> tuple[Row, str]:
    """The bounds as one row, and the two medians in words.

    From the lower end of one interval to the upper end of the other, midway between medians. A verdict stands only if
    both bounds give it; without an upper bound nothing can be said.
    """
    ends = [row for row in beside if row.label.startswith(("all never recent", "all always recent"))]
    low, high = ends[0], ends[-1]
    same = has_upper and low.verdict == high.verdict and low.verdict in (SUPPORTED, NEGLIGIBLE)
    row = replace(
        low,
        role="primary",
        label=low.label.replace("all never recent", "unseen peers never to always recent"),
        median=float(np.sqrt(low.median * high.median)),
        mean=float((low.mean + high.mean) / 2),
        sd=max(low.sd, high.sd),
        interval_low=min(low.interval_low, high.interval_low),
        interval_high=max(low.interval_high, high.interval_high),
        interval_kind="union of equal-tailed",
        probability_above_null=min(row.probability_above_null or 0.0 for row in ends),
        rope_probability=min(row.rope_probability or 0.0 for row in ends),
        verdict=low.verdict if same else CANNOT_SAY,
        remark="",
    )
    both = f"the median is {low.median:.2f} if they are never recent and {high.median:.2f} if they always are"
    return row, both if has_upper else f"{_NO_UPPER}, so only the lower is shown"
