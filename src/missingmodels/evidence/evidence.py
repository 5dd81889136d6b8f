"""Evidence: what the fits of one plan say of the two hypotheses, with all that a report needs."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from missingmodels.evidence.counts import describe_risk
from missingmodels.evidence.decisions import SUPPORTED, rule_in_words
from missingmodels.evidence.effects.contrasts import contrast_rows
from missingmodels.evidence.effects.dynamic import LivedAgain, lived_again
from missingmodels.evidence.effects.hypotheses import (
    coefficient_rows,
    fullest_model,
    further_peer_rows,
    heterogeneity_rows,
    peer_rows,
    rate_notes,
    structure_rows,
    with_role,
)
from missingmodels.evidence.effects.interventions import intervention_rows
from missingmodels.evidence.effects.variance import adult_rows, drop_rows, structure_shares, vulnerability_rows
from missingmodels.evidence.effects.withstood import judged, weekly, withstood
from missingmodels.evidence.figures import figure_data
from missingmodels.evidence.figures.network_week import network_week
from missingmodels.evidence.own_history import STAGE as OWN_HISTORY
from missingmodels.evidence.own_history import Asked, OwnHistories, own_histories
from missingmodels.evidence.parts import Row, Withstood
from missingmodels.evidence.record import Evidence
from missingmodels.evidence.scores.comparison import comparisons, scores_of, sensitivities
from missingmodels.evidence.scores.elpd import mend
from missingmodels.evidence.scores.future import forecasts
from missingmodels.evidence.scores.held_out import Refits
from missingmodels.evidence.support import support_of
from missingmodels.fitting.certificate import brief
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.frame.columns.told import asked_of
from missingmodels.frame.riskset import RiskSet
from missingmodels.frame.rows import Rows
from missingmodels.plan import Plan
from missingmodels.provenance import stream
from missingmodels.side_by_side import each
from missingmodels.tables import Tables
from missingmodels.vocabulary import Quantity, worded

# Refits without a child or a home that making evidence may take, a fraction of a second each for forty homes; the
# command `compare` takes as many as are needed.
REFITS = 24
SCORES, SHOCKS = "Scores of prediction", "Trying shared shocks"
NOT_PREDICTED = (
    "the last days are not predicted from those before: the record is too short, or the fast engine cannot fit the rest"
)


@one_blas_thread
def make_evidence(  # noqa: PLR0913
    fits: Sequence[Fit],
    *,
    tables: Tables,
    risk: RiskSet,
    rows: Rows,
    plan: Plan,
    seed: int,
    notes: Sequence[str] = (),
    progress: Progress | None = None,
    own: OwnHistories | None = None,
) -> Evidence:
    """The evidence of fits that stand on the same rows; ``progress`` is told of each stage.

    H1 is answered by the fullest model with peers, H2 by the fullest with structure; the role of a row says so. ``own``
    is own history under the fullest model, if it was begun before the fits were there.
    """
    told: Progress = progress or (lambda *_: None)
    fullest = _fullest(fits, plan)
    if own is None or own.asked != Asked.of(fullest):
        own = own_histories(Asked.of(fullest), fullest.design, risk, plan)
    read = functools.partial(_read, tables=tables, risk=risk, told=rows.told, plan=plan, seed=seed)
    asked_fits = [(fit, fit is fullest, _answers(fit, fits, plan)) for fit in fits]
    said: list[_Said] = []
    for one in each(read, asked_fits):
        told("Weighing the hypotheses", len(said), len(fits))
        said.append(one)
    told("Weighing the hypotheses", len(fits), len(fits))
    found: list[Row] = []
    for one in said:
        found += with_role(one.peers, fits, "H1", plan) + with_role(one.structure, fits, "H2", plan) + one.others
    for hypothesis in ("H1", "H2"):
        for one in said:
            found += with_role(one.interventions.get(hypothesis, []), fits, hypothesis, plan)
    found += with_role(drop_rows(fits, plan.decision), fits, "H2", plan)
    asked = asked_of(tables, plan)
    found = [replace(row, label=worded(row.label, asked)) for row in found]
    found, shocks = _with_shocks(found, fits, tables, risk, plan, seed, told)
    drawn, behind = _apart(
        _figures(list(fits), tables, risk, rows, plan, seed)
        | {"timing": next((one.timing for one in said if one.timing), None)}
    )
    evidence = Evidence(
        plan=plan.model_dump(mode="json"),
        rule=rule_in_words(plan.decision),
        rows=tuple(found),
        comparisons=(),
        data=describe_risk(tables, risk, rows) | ({"asked": asked} if asked else {}),
        notes=tuple(
            dict.fromkeys(
                [
                    *notes,
                    *(note for fit, one in zip(fits, said, strict=True) for note in (*fit.design.notes, *one.coarse)),
                    *(note for one in said for note in one.notes),
                ]
            )
        ),
        figures=drawn,
        certificates=tuple(brief(f.certificate) for f in fits),
        origin=tables.origin,
        support=[*support_of(fits), *behind],
        withstood=shocks,
    )
    return _beside(evidence, fits, plan, Refits(plan, most=REFITS), own, told)


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What one fit says: rows of either hypothesis, of neither, and by hypothesis of interventions; notes; timing."""

    peers: list[Row]
    structure: list[Row]
    others: list[Row]
    interventions: dict[str, list[Row]]
    notes: tuple[str, ...]
    coarse: list[str]
    timing: Mapping[str, Any] | None


def _answers(fit: Fit, fits: Sequence[Fit], plan: Plan) -> list[str]:
    """The hypotheses that a fit answers."""
    primary = fit.exposure in ("", plan.exposure.primary)
    return [which for which in ("H1", "H2") if primary and fit.model == fullest_model(fits, which)]


@one_blas_thread
def _read(
    asked: tuple[Fit, bool, list[str]],
    *,
    tables: Tables,
    risk: RiskSet,
    told: Mapping[str, Quantity],
    plan: Plan,
    seed: int,
) -> _Said:
    """Of a fit, whether it is the fullest, and the hypotheses that it answers."""
    fit, is_fullest, answers = asked
    again = lived_again(fit, tables, risk, plan, seed=seed) if fit.exposure else LivedAgain()
    peers = (
        [*peer_rows(fit, plan.decision), *again.rows, *further_peer_rows(fit, plan.decision)] if fit.exposure else []
    )
    structure = [*structure_rows(fit, plan), *structure_shares(fit, plan)] if fit.model in ("M2", "M3") else []
    return _Said(
        peers=peers,
        structure=structure,
        others=[
            *heterogeneity_rows(fit, plan.decision),
            *adult_rows(fit, plan),
            *vulnerability_rows(fit, plan),
            *coefficient_rows(fit, plan.decision, told),
            *contrast_rows(fit, plan, told, fullest=is_fullest),
        ],
        interventions={hypothesis: intervention_rows(fit, hypothesis, plan) for hypothesis in answers},
        notes=again.notes,
        coarse=rate_notes(fit),
        timing=again.timing if is_fullest else None,
    )


def _with_shocks(
    rows: Sequence[Row],
    fits: Sequence[Fit],
    tables: Tables,
    risk: RiskSet,
    plan: Plan,
    seed: int,
    told: Progress,
) -> tuple[list[Row], Withstood | None]:
    """The rows with what the answer to H1 withstands in its verdict, and the shocks that were tried."""
    answer = next((row for row in rows if _answers_h1(row, plan)), None)
    if answer is None or answer.verdict != SUPPORTED or not plan.decision.withstands.sd:
        return list(rows), None
    told(SHOCKS, 0, 0)
    fit = next(fit for fit in fits if (fit.model, fit.exposure) == (answer.model, answer.exposure))
    design, finer = weekly(fit, tables, risk, plan)
    watch = functools.partial(told, SHOCKS)
    found = withstood(design, finer, model=fit.model, exposure=fit.exposure, seed=seed, watch=watch)
    return [judged(row, found, plan.decision) if row is answer else row for row in rows], found


def _answers_h1(row: Row, plan: Plan) -> bool:
    primary = row.hypothesis == "H1" and row.role == "primary" and row.estimand == "rate_ratio"
    return primary and row.name == plan.exposure.primary


@one_blas_thread
def compared(
    evidence: Evidence,
    fits: Sequence[Fit],
    risk: RiskSet,
    plan: Plan,
    refits: Refits,
    progress: Progress | None = None,
) -> Evidence:
    """The evidence with scores of prediction, Bayes factors, sensitivity to priors, and own history, made anew."""
    fullest = _fullest(fits, plan)
    own = own_histories(Asked.of(fullest, refits.method), fullest.design, risk, plan)
    return _beside(evidence, fits, plan, refits, own, progress or (lambda *_: None))


def _beside(
    evidence: Evidence,
    fits: Sequence[Fit],
    plan: Plan,
    refits: Refits,
    own: OwnHistories,
    told: Progress,
) -> Evidence:
    factors, scaling = sensitivities(fits, evidence.rows, plan, told)
    told(OWN_HISTORY, 0, 0)
    whole = _fullest(fits, plan)
    histories = own.scores(whole, functools.partial(told, OWN_HISTORY))
    told(SCORES, 0, 0)
    there = [one for one in histories if one is not None]
    scores = scores_of(fits, plan, there, functools.partial(told, SCORES))
    shared, owned = {id(one) for one in scores}, {id(one) for one in histories}
    # the fullest model's own serve both, and so may take as many refits as the more generous of them
    mends = [(one, refits if id(one) in shared and refits.left > r.left else r) for one, r in own.mends(histories)]
    mend([*mends, *((one, refits) for one in scores if id(one) not in owned)], told)
    pairs, ahead = comparisons(fits, plan, scores), forecasts(fits, plan, refits)
    unpredicted = [NOT_PREDICTED] if pairs and plan.scores.last_days and not ahead else []
    return replace(
        evidence,
        notes=tuple(dict.fromkeys([*evidence.notes, *unpredicted])),
        comparisons=(*pairs, *ahead),
        bayes_factors=tuple(factors),
        power_scaling=tuple(scaling),
        own_history=own.compared(whole, histories),
    )


def _fullest(fits: Sequence[Fit], plan: Plan) -> Fit:
    return max(fits, key=lambda f: (f.model, f.exposure == plan.exposure.primary))


def _apart(figures: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Figures, and apart from them what stands behind their cells, which no page shows."""
    drawn, behind = dict(figures), []
    for name in ("dose", "timing"):
        if held := drawn[name]:
            key = {"model": held["model"], "exposure": held.get("exposure", "")}
            behind += [key | one for one in held["behind"]]
            drawn[name] = {part: value for part, value in held.items() if part != "behind"}
    return drawn, behind


def _figures(fits: list[Fit], tables: Tables, risk: RiskSet, rows: Rows, plan: Plan, seed: int) -> dict[str, Any]:
    rule = plan.decision
    without_peers = next(f for f in fits if not f.exposure)
    fullest = _fullest(fits, plan)
    return {
        "dose": figure_data.dose(without_peers, rows.frame, rule, stream(seed, "dose")),
        "curves": [figure_data.exposure_curve(f, rule) for f in fits if f.exposure],
        "homes": figure_data.homes(fullest, rule),
        "network": network_week(tables, risk),
        "predictive": figure_data.predictive(fullest, rule, stream(seed, "predictive")),
        "diagnostics": figure_data.diagnostics(fits),
    }
