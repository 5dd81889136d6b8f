"""What choosing by the rule does to an answer: how far what is supported exaggerates, and how soon one of many is.

Both take the posterior's standard deviations, and correlations, for those of the estimates over data that might have
been: near a normal posterior that the data dominate they are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import norm

from missingmodels.evidence.parts import Row
from missingmodels.parameters import Array


def exaggeration(ratio: Array, expected: str, probability: float) -> float | None:
    """By how much what the rule supports exceeds the truth on the log scale, on average, if that is half the estimate.

    Type M error (Gelman and Carlin 2014, Perspect. Psychol. Sci. 9) of a normal estimate x with the draws' standard
    deviation s: E[x | x > z s] over the truth, z the quantile of the rule's ``probability``. None where the estimate
    does not lie on the ``expected`` side.
    """
    log = np.log(ratio) * (1.0 if expected == "above" else -1.0)
    truth, sd = float(log.mean()) / 2, float(log.std())
    if truth <= 0 or sd <= 0:
        return None
    short = float(norm.ppf(probability)) - truth / sd
    beyond = float(np.exp(norm.logpdf(short) - norm.logsf(short)))  # mean of what is beyond, in sds above the truth
    return 1 + beyond * sd / truth


def with_family(rows: Sequence[Row], ratios: Sequence[Array]) -> list[Row]:
    """Rows of one fit, each beside the chance that any of those judged would lie so far on its side without effects.

    Single-step, over the largest of all (Westfall and Young 1993): contrasts that go together count for less than as
    many apart. Without a stated side a row is not judged, and a lone one needs no correction.
    """
    judged = [i for i, row in enumerate(rows) if row.expected]
    if len(judged) < 2:
        return list(rows)
    sides = np.array([1.0 if rows[i].expected == "above" else -1.0 for i in judged])
    log = sides[:, None] * np.log(np.array([ratios[i] for i in judged]))
    sd = log.std(axis=1)
    sd[sd == 0] = 1.0
    standing = log.mean(axis=1) / sd
    largest = ((log - log.mean(axis=1, keepdims=True)) / sd[:, None]).max(axis=0)
    out = list(rows)
    for i, far in zip(judged, standing, strict=True):
        out[i] = replace(out[i], family_wise=float((largest >= far).mean()), family_size=len(judged))
    return out
