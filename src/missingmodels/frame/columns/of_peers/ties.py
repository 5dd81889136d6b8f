"""Ties that no table holds: what two children have in common, while they live in one home."""

from __future__ import annotations

import itertools

import numpy as np

from missingmodels.frame.columns.arrays import rows_of, texts
from missingmodels.frame.columns.lives import TieSpans
from missingmodels.frame.riskset import RiskSet
from missingmodels.intervals import UNRECORDED_DAY, to_day
from missingmodels.tables import Tables

DAYS_PER_YEAR = 365.25


def same_sex_ties(tables: Tables, risk: RiskSet) -> TieSpans | None:
    """1 between children of one sex; none where either is unrecorded. None where nobody has such a tie."""
    rows = rows_of(tables["children"]["child_id"], risk.child_ids)
    sex = np.array([text or "" for text in texts(tables["children"]["sex"])])[rows]
    a, b = _pairs(risk)
    return _spans(risk, a, b, ((sex[a] == sex[b]) & (sex[a] != "")).astype(float))


def age_gap_ties(tables: Tables, risk: RiskSet) -> TieSpans | None:
    """1 / (1 + years between births); none where either is unrecorded. None where nobody has such a tie."""
    rows = rows_of(tables["children"]["child_id"], risk.child_ids)
    birth = to_day(tables["children"]["birth_date"])[rows]
    a, b = _pairs(risk)
    known = (birth[a] != UNRECORDED_DAY) & (birth[b] != UNRECORDED_DAY)
    return _spans(risk, a, b, known / (1 + np.abs(birth[a] - birth[b]) / DAYS_PER_YEAR))


def _pairs(risk: RiskSet) -> tuple[np.ndarray, np.ndarray]:
    """(M,) each of pairs, a before b, of children who lived in one home, if not on one day."""
    homes, days = len(risk.home_ids), risk.days
    lived = np.unique(risk.lives.home * len(risk.child_ids) + risk.lives.place // days)
    home, child = np.divmod(lived, len(risk.child_ids))
    first = np.searchsorted(home, np.arange(homes + 1))
    found = [np.column_stack(np.triu_indices(high - low, 1)) + low for low, high in itertools.pairwise(first)]
    at = np.concatenate(found) if found else np.zeros((0, 2), dtype=np.int64)
    both = np.unique(np.sort(child[at], axis=1), axis=0)
    return both[:, 0], both[:, 1]


def _spans(risk: RiskSet, a: np.ndarray, b: np.ndarray, strength: np.ndarray) -> TieSpans | None:
    held = strength > 0
    if not held.any():
        return None
    whole = np.zeros(int(held.sum()), dtype=np.int64)
    return TieSpans(a=a[held], b=b[held], start=whole, end=whole + risk.days, strength=strength[held])
