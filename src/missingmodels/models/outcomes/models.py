"""The outcomes beside onset, each with what makes its design and its model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import expit

from missingmodels.frame.design_matrix import EventRows
from missingmodels.frame.outcomes.counts import counts_rows
from missingmodels.frame.outcomes.episodes import return_rows, serious_rows
from missingmodels.frame.outcomes.interview import interview_rows
from missingmodels.frame.outcomes.joint import joint_rows
from missingmodels.frame.outcomes.recording import recording_rows
from missingmodels.models.model import Model
from missingmodels.models.outcomes.priors import OutcomePriors, model_priors
from missingmodels.models.outcomes.terms import LIKELIHOODS, PREDICTORS
from missingmodels.models.term import Array

DAYS_PER_YEAR = 365.25
DESIGNS: dict[str, Callable[..., EventRows]] = {
    "counts": counts_rows,
    "return": return_rows,
    "serious": serious_rows,
    "joint": joint_rows,
    "interview": interview_rows,
    "recording": recording_rows,
}


def outcome_model(rows: EventRows, priors: OutcomePriors) -> Model:
    """The model of one outcome.

    The sampler's unknowns: the scalars of ``SCALARS``, ``coefficients`` of its columns, and a standard normal ``…_z``
    of each effect; frailty of the interview model and dispersion of counts are integrated out.
    """
    return Model(
        label=f"outcome {rows.outcome}",
        design=rows,
        predictors=PREDICTORS[rows.outcome],
        likelihood=LIKELIHOODS[rows.outcome],
        priors=model_priors(rows.outcome, priors, rows.names, rows.scale),
    )


def natural_outcome(model: Model, drawn: Mapping[str, Array]) -> dict[str, Array]:
    """(S, …) draws as reported, with what follows from them.

    ``intercept`` stays where indicators are 0 and other columns at their means.
    """
    out = model.natural(drawn)
    assert isinstance(model.design, EventRows)
    further = {"joint": _of_joint, "recording": _of_recording}.get(model.design.outcome)
    return out if further is None else out | further(model, model.design, out)


def _of_joint(model: Model, rows: EventRows, values: Mapping[str, Array]) -> dict[str, Array]:
    """(S,) ``pair_ratio``, the expected number of pairs of residents who leave on one day over that of independent
    residents who leave as often, and ``leaves_along``, the chance that a co-resident at risk leaves on the day when
    another does.
    """
    centred = {**values, "intercept": values["intercept"] - values["coefficients"] @ rows.centre}
    found = np.array(
        [
            pairs_of(
                model.log_rate(centred, slice(s, s + 1))[0],
                rows.further["kind"],
                rows.further["home_days"],
                float(values["log_joint"][s]),
            )
            for s in range(values["intercept"].size)
        ]
    )
    return {"pair_ratio": found[:, 0], "leaves_along": found[:, 1]}


def pairs_of(log_odds: Array, kind: Array, home_days: Array, theta: float) -> tuple[float, float]:
    """Ratio of pairs to those of independent residents, and chance of leaving along, over all home-days."""
    joint = 1 / (1 + np.exp(-log_odds - theta))  # leaves, given that another does
    all_out = np.bincount(kind, np.logaddexp(0, log_odds + theta), home_days.size)
    # P(i leaves) = o_i Π_{k ≠ i} (1 + o_k e^θ) / Z
    normal = np.log1p(np.exp(-theta) * np.expm1(all_out))
    alone = np.exp(log_odds + all_out[kind] - np.logaddexp(0, log_odds + theta) - normal[kind])
    sum_joint = np.bincount(kind, joint, home_days.size)[kind] - joint
    sum_alone = np.bincount(kind, alone, home_days.size)[kind] - alone
    others = np.bincount(kind, minlength=home_days.size)[kind] - 1
    weight = home_days[kind] * alone
    pairs = float((weight * sum_joint).sum())
    return pairs / float((weight * sum_alone).sum()), pairs / float((weight * others).sum())


def _of_recording(model: Model, rows: EventRows, values: Mapping[str, Array]) -> dict[str, Array]:
    """(S,) ``share_a``, ``share_b``, shares of all episodes expected that each source holds; ``unseen``, the expected
    number that neither does; ``rate_per_resident_year``, the rate of what happens.
    """
    every = slice(None)
    a, b = (expit(model.log_rate(values, every, source)) for source in ("a", "b"))
    mean = np.exp(model.log_rate(values, every))
    neither, phi = (1 - a) * (1 - b), values["dispersion_shape"][:, None]
    # the gamma of a cell given what was seen of it
    unseen = mean * neither * (phi + rows.y) / (phi + mean * (1 - neither))
    happened = rows.y + unseen
    both, only_a, only_b = (rows.further[name] for name in ("both", "only_a", "only_b"))
    return {
        "unseen": unseen.sum(axis=1),
        "share_a": (both + only_a).sum() / happened.sum(axis=1),
        "share_b": (both + only_b).sum() / happened.sum(axis=1),
        "rate_per_resident_year": happened.sum(axis=1) / rows.size.sum() * DAYS_PER_YEAR,
    }
