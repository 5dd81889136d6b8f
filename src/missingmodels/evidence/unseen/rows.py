"""H1 where peers are unseen: the answer by the plan's rule, the estimate as recorded, and other assumptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from missingmodels.errors import CannotAnswer, DiagnosticsFailed
from missingmodels.evidence.decisions import CANNOT_SAY, NOT_CONVERGED, SUPPORTED, kind_of_verdict, summarise
from missingmodels.evidence.effects.hypotheses import peer_ratio
from missingmodels.evidence.effects.withstood import judged
from missingmodels.evidence.parts import Row
from missingmodels.evidence.record import Evidence
from missingmodels.evidence.unseen.assumptions import (
    CHAINS,
    ROUNDS,
    Setting,
    always_recent,
    mixed_ratio,
    modelled,
    never_recent,
    restricted,
)
from missingmodels.fitting.certificate import brief
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.frame.unseen import filled_share, hidden_places

NEVER, ALWAYS = "all never recent", "all always recent"
STAGE = "Unseen peers"
ASSUMPTIONS = 3  # fits that each assume one thing of all unseen peers


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The row that answers, None where it could not be had; the rows beside it, notes and certificates."""

    answer: Row | None
    beside: tuple[Row, ...]
    notes: tuple[str, ...]
    certificates: tuple[Mapping[str, Any], ...]


@one_blas_thread
def with_unseen(evidence: Evidence, setting: Setting, told: Progress = lambda *_: None) -> Evidence:
    """The evidence with H1 answered as ``frame.coverage_rule`` says, and the estimate as recorded beside it.

    ``told`` hears of every fit. Where that answer cannot be had the estimate as recorded stands in its place and says
    nothing.
    """
    if not hidden_places(setting.risk).any():
        note = "every registered place is held by a visible child, so nobody is unseen"
        if not setting.risk.occupancy_recorded.any():
            note = "no home's registered places are recorded, so nobody knows how many; the answer is as recorded"
        return replace(evidence, notes=(*evidence.notes, f"unseen peers: {note}"))
    rows = list(evidence.rows)
    at = next(i for i, row in enumerate(rows) if _is_naive(row, setting))
    found = _found(setting, _Fits(told, setting.plan.frame.coverage_rule == "model"))
    naive = replace(rows[at], role="beside", label=f"as recorded: {rows[at].label}")
    if found.answer is None:
        why = "the unseen peers could not be taken into account, see the notes"
        answers = [replace(naive, role="primary", verdict=CANNOT_SAY, remark=why)]
    else:
        # shocks are tried under the fit as recorded alone, which is not the answer here
        answers = [
            judged(found.answer, None, setting.plan.decision),
            replace(naive, verdict=kind_of_verdict(naive.verdict)),
        ]
    return replace(
        evidence,
        rows=(*rows[:at], *answers, *found.beside, *rows[at + 1 :]),
        notes=(*evidence.notes, *(f"unseen peers: {note}" for note in found.notes)),
        certificates=(*evidence.certificates, *found.certificates),
    )


class _Fits:
    """Counts the fits that are made, for whoever is told."""

    def __init__(self, told: Progress, model: bool) -> None:
        self.told, self.done, self.most = told, 0, ASSUMPTIONS + (2 * CHAINS * ROUNDS if model else 0)
        told(STAGE, 0, self.most)

    def __call__(self, done: int) -> None:
        """So many fits in all are done, or were given up."""
        self.done = done
        self.told(STAGE, done, self.most)

    def one(self) -> None:
        self(self.done + 1)


def _found(setting: Setting, fits: _Fits) -> _Found:
    """The answer of the plan's rule, and the other assumptions."""
    frame = setting.plan.frame
    made: dict[str, Fit] = {}
    notes: list[str] = []
    if setting.without_places:
        notes.append(
            f"{setting.without_places:.1%} of days at risk are in homes whose places are not recorded, and are left out"
        )
    for at, (words, make) in enumerate(
        (
            (f"coverage {frame.minimum_coverage:g} or more", restricted),
            (NEVER, never_recent),
            (ALWAYS, always_recent),
        )
    ):
        found = _tried(partial(make, setting), words, notes)
        fits(at + 1)
        if found is not None:
            made[words] = found
    beside = [_row(fit, setting, words) for words, fit in made.items()]
    certificates = [brief(fit.certificate) for fit in made.values()]
    if frame.coverage_rule == "bound":
        answer, words = between(beside)
        notes.append(words)
    else:
        answer, further, chains = _modelled(setting, made.get(NEVER), notes, fits)
        beside = [*further, *beside]
        certificates += [brief(fit.certificate) for chain in chains for fit in chain]
    return _Found(answer=answer, beside=tuple(beside), notes=tuple(notes), certificates=tuple(certificates))


def _modelled(
    setting: Setting, start: Fit | None, notes: list[str], fits: _Fits
) -> tuple[Row | None, list[Row], list[list[Fit]]]:
    """The modelled answer, the same with every place filled, and the fits of both."""
    if start is None:
        return None, [], []
    rho = filled_share(setting.risk, setting.occupancy)
    notes.append(
        f"{CHAINS} chains of {ROUNDS} completed data sets; {rho:.0%} of the places that no visible child holds are "
        f"taken to be filled, which makes {setting.occupancy:.0%} of all places filled (frame.occupancy)"
    )
    rows: list[Row | None] = []
    held: list[list[Fit]] = []
    shares = (("unseen peers modelled", setting.occupancy), ("modelled, every place filled", 1.0))
    for at, (words, share) in enumerate(shares):
        asked = replace(setting, occupancy=share)
        chains = _tried(partial(modelled, asked, start, made=fits.one), words, notes)
        fits(ASSUMPTIONS + (at + 1) * CHAINS * ROUNDS)
        rows.append(None if chains is None else _mixed(asked, [[start], *chains], words))
        held += chains or []
    answer, full = rows
    beside = [] if full is None else [replace(full, role="assumption")]
    return (None if answer is None else replace(answer, role="primary")), beside, held


def _tried[T](make: Callable[[], T], words: str, notes: list[str]) -> T | None:
    """What is made, or None and a note."""
    try:
        return make()
    except (CannotAnswer, DiagnosticsFailed) as error:
        notes.append(f"no estimate for “{words}”: {error.what}")
        return None


def _mixed(setting: Setting, chains: Sequence[Sequence[Fit]], words: str) -> Row:
    """The row of the fits that end each chain but the first, where they start; it says nothing if a fit failed."""
    last = [chain[-1] for chain in chains[1:]]
    row = summarise(
        mixed_ratio(last, setting.exposure),
        hypothesis="H1",
        fit=last[0],
        estimand="rate_ratio",
        name=setting.exposure,
        label=f"{words}: {peer_ratio(last[0], setting.plan.decision).label}",
        rule=setting.plan.decision,
        null=1.0,
        expected="above",
    )
    every = [fit for chain in chains for fit in chain]
    failed = sum(not fit.diagnostics.passed for fit in every)
    return _withheld(row, f"{failed} of the {len(every)} fits behind it") if failed else row


def _withheld(row: Row, which: str) -> Row:
    """The row with no verdict of its own, as fits behind it did not pass the gate."""
    remark = "; ".join(part for part in (f"{NOT_CONVERGED}: {which}", row.remark) if part)
    return replace(row, verdict=CANNOT_SAY, remark=remark)


def _is_naive(row: Row, setting: Setting) -> bool:
    return (
        row.estimand == "rate_ratio"
        and row.hypothesis == "H1"
        and row.model == setting.model
        and row.name == row.exposure == setting.exposure
    )


def _row(fit: Fit, setting: Setting, words: str) -> Row:
    row = peer_ratio(fit, setting.plan.decision)
    row = replace(row, role="assumption", label=f"{words}: {row.label}")
    return row if fit.diagnostics.passed else _withheld(row, "; ".join(fit.diagnostics.failed))


def between(beside: Sequence[Row]) -> tuple[Row | None, str]:
    """The two extreme assumptions as one row, and their medians in words; no row where the lower could not be had.

    From the lower end of one interval to the upper end of the other, midway between medians. Both misplace recent peers
    and so draw the ratio towards 1: an effect is *supported* if both say so, but that both call it negligible says
    nothing. Without the upper, or where a fit did not pass the gate, nothing can be said either.
    """
    ends = {name: row for row in beside for name in (NEVER, ALWAYS) if row.label.startswith(name)}
    if NEVER not in ends:
        return None, "without the fit in which they are never recent there is no answer"
    low, high = ends[NEVER], ends.get(ALWAYS, ends[NEVER])
    both = ALWAYS in ends and low.verdict == high.verdict == SUPPORTED
    failed = [row.remark for row in ends.values() if row.remark.startswith(NOT_CONVERGED)]
    row = replace(
        low,
        role="primary",
        label=low.label.replace(NEVER, "unseen peers never to always recent"),
        median=float(np.sqrt(low.median * high.median)),
        mean=float((low.mean + high.mean) / 2),
        sd=max(low.sd, high.sd),
        interval_low=min(low.interval_low, high.interval_low),
        interval_high=max(low.interval_high, high.interval_high),
        interval_kind="union of equal-tailed",
        probability_above_null=min(row.probability_above_null or 0.0 for row in ends.values()),
        rope_probability=min(row.rope_probability or 0.0 for row in ends.values()),
        verdict=SUPPORTED if both else CANNOT_SAY,
        remark="; ".join(failed),
    )
    if ALWAYS not in ends:
        return row, "without the fit in which they are always recent nothing can be said"
    return row, (
        f"the median is {low.median:.2f} if they are never recent and {high.median:.2f} if they always are; these are "
        "two extreme assumptions, no bounds: each misplaces recent peers and draws the ratio towards 1"
    )
