"""The tipping shock: how much a home's children may share before the rule no longer supports H1.

The size of shocks that the data themselves put forward is no protection: influence, own history and shocks share a
ridge, along which the size comes out too small (specification, section 7). So the size is stated, not integrated out;
and a shock is set aside only where the data are far less likely under it, as Berger and Boos (1994) do with a p-value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from missingmodels.evidence.decisions import SUPPORTED, UNLESS, UNLESS_ANY, WITHSTANDS, WITHSTANDS_OPEN
from missingmodels.evidence.parts import Row, Withstood
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.laplace.conditional import Conditional, GivenShocks
from missingmodels.frame.design import Design, build_design
from missingmodels.frame.riskset import RiskSet
from missingmodels.frame.rows import build_rows
from missingmodels.plan import WEEK, Decision, Plan
from missingmodels.provenance import stream
from missingmodels.tables import Tables

SIZES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0)  # sd of the log rate
LONGEST = 91.0  # days, beside the plan's own: a season
LEAST = 0.02  # between two sizes, where the search for the tipping one ends


def judged(row: Row, found: Withstood | None, rule: Decision) -> Row:
    """The answer to H1 with what it withstands in its verdict; one that is not supported stays as it is."""
    if row.verdict != SUPPORTED or not rule.withstands.sd:
        return row
    if found is None:
        return replace(row, verdict=UNLESS_ANY, remark=_joined(row.remark, "of which size cannot be said here"))
    if found.tipping_sd is None or found.tipping_sd > rule.withstands.sd:
        return replace(row, verdict=f"{WITHSTANDS}{rule.withstands.sd:g}")
    if holds_where_open(found, rule):
        return replace(row, verdict=WITHSTANDS_OPEN)
    return replace(row, verdict=f"{UNLESS}{found.tipping_sd:.2f}")


def holds_where_open(found: Withstood, rule: Decision) -> bool:
    """Whether the data speak against every shock under which the rule fails.

    At each length sizes were tried up to where it fails; of larger ones the data speak still less, as their density has
    one top.
    """
    if not rule.withstands.left_open:
        return False
    least = max(found.log_density) + math.log(rule.withstands.left_open)
    tried = zip(found.probability, found.log_density, strict=True)
    return all(log < least for probability, log in tried if probability < rule.supported_probability)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def withstood(
    design: Design,
    plan: Plan,
    *,
    model: str,
    exposure: str,
    seed: int,
    watch: Callable[[int, int], None] = lambda *_: None,
) -> Withstood | None:
    """What a fit that supports H1 withstands; None where a conditional has no usable mode.

    ``watch`` hears how many of the lengths of shocks have been tried, of how many.

    The design's cells are those of a process that drifts (``weekly``). Effects of authorities, owners and of peers by
    home are left out of the conditionals: what homes differ by takes up the first two.
    """
    plain = replace(design, groups={}, slope_of="")
    given = GivenShocks(plain, plan, exposure, stream(seed, "withstood", model, exposure))
    asked, lengths = plan.decision, sorted({*plan.decision.withstands.days, LONGEST})
    tried: list[_Shock] = []
    try:
        for number, days in enumerate(lengths, start=1):
            tried += _up_to_tipping(given, days, asked)
            watch(number, len(lengths))
    except (FloatingPointError, np.linalg.LinAlgError):
        watch(len(lengths), len(lengths))
        return None
    top = max(shock.found.log_density for shock in tried)
    failing = [shock for shock in tried if not shock.holds(asked)]
    worst = min(failing, key=lambda shock: shock.sd, default=None)
    return Withstood(
        model=model,
        exposure=exposure,
        sd=tuple(round(shock.sd, 4) for shock in tried),
        days=tuple(shock.days for shock in tried),
        probability=tuple(shock.found.probability_above for shock in tried),
        log_density=tuple(round(shock.found.log_density - top, 3) for shock in tried),
        tipping_sd=None if worst is None else round(worst.sd, 2),
        tipping_days=None if worst is None else worst.days,
        tipping_log_density=None if worst is None else round(worst.found.log_density - top, 3),
    )


def weekly(fit: Fit, tables: Tables, risk: RiskSet, plan: Plan) -> tuple[Design, Plan]:
    """The fit's design and plan on cells that a process can drift on; their own where they are that already."""
    if plan.effects.drifts:
        return fit.design, plan
    finer = plan.changed({"frame.cell_days": WEEK})
    rows = build_rows(tables, replace(risk, cell_days=WEEK), finer)
    return build_design(rows, fit.design.formula, conditional=plan.frame.initial == "conditional"), finer


@dataclass(frozen=True)
class _Shock:
    sd: float
    days: float
    found: Conditional

    def holds(self, rule: Decision) -> bool:
        return self.found.probability_above >= rule.supported_probability

    def margin(self, rule: Decision) -> float:
        """In standard deviations of the estimate, above what the rule asks."""
        return self.found.mean / self.found.sd - float(ndtri(rule.supported_probability))


def _up_to_tipping(given: GivenShocks, days: float, rule: Decision) -> list[_Shock]:
    """Shocks of one length: from small ones up to the first under which the rule fails, and between the two."""
    held: list[_Shock] = []
    failed: list[_Shock] = []
    for sd in _sizes(rule.withstands.sd):
        shock = _Shock(sd, days, given.given(sd, days))
        if not shock.holds(rule):
            failed.append(shock)
            break
        held.append(shock)
    while failed and failed[-1].sd - (held[-1].sd if held else 0.0) > LEAST:
        sd = _between(held[-1] if held else None, failed[-1], rule)
        shock = _Shock(sd, days, given.given(sd, days))
        (held if shock.holds(rule) else failed).append(shock)
    return [*held, *failed]


def _sizes(asked: float) -> Iterable[float]:
    return sorted({*SIZES, round(asked, 4)})


def _between(holds: _Shock | None, fails: _Shock, rule: Decision) -> float:
    """A size between one that holds and one that fails: where a straight line through both crosses."""
    if holds is None:
        return fails.sd / 2
    share = holds.margin(rule) / (holds.margin(rule) - fails.margin(rule))
    return holds.sd + min(max(share, 0.2), 0.8) * (fails.sd - holds.sd)
