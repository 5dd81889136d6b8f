"""The PyMC model of any design, for whoever wants PyMC and ArviZ as they come."""

from __future__ import annotations

from collections.abc import Sequence

import pymc as pm

from missingmodels.frame.daily import DailyDesign
from missingmodels.frame.design import Design
from missingmodels.frame.design_matrix import EventRows
from missingmodels.models.daily import daily_model
from missingmodels.models.model import Model
from missingmodels.models.onset import onset_model, require_own
from missingmodels.models.outcomes.models import DESIGNS, outcome_model
from missingmodels.models.outcomes.priors import outcome_priors
from missingmodels.models.priors.daily import daily_priors
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.models.process import Process
from missingmodels.models.term import GroupEffect
from missingmodels.plan import Plan


def build_model(design: Design | EventRows, plan: Plan, *, terms: Sequence[GroupEffect] = ()) -> pm.Model:
    """The PyMC model that the sampler fits to a design, such as ``Fit.design``, under the plan's priors and effects.

    Arrays are data containers; unknowns of units and columns have dims and coords; outcomes are observed, so that
    ``pm.sample_prior_predictive`` and ``pm.sample_posterior_predictive`` draw them: counts or onsets (R,) by row, each
    child's frailty, where it is integrated out, drawn anew. Home-days of joint departures, episodes of two sources and
    onsets that add onsets are a potential. ``terms`` are effects of one's own, as ``fit`` takes them.

    Raises ValueError for rows of one's own, whose priors stand in no plan, and for official statistics.
    """
    return _model_of(design, plan, terms).build()


def _model_of(design: Design | EventRows, plan: Plan, terms: Sequence[GroupEffect] = ()) -> Model:
    """The model of a design; raises as ``build_model`` does."""
    if isinstance(design, DailyDesign):
        return daily_model(design, daily_priors(plan))
    if isinstance(design, Design):
        own, process = require_own(design, terms), Process.of(plan, design.periods)
        return onset_model(design, plan_priors(plan), plan.effects, own, process)
    if design.outcome in DESIGNS and not design.formula:
        return outcome_model(design, outcome_priors(design.outcome, plan.priors.use, names=design.names))
    raise ValueError("these rows have priors of their own, which no plan states: see `fit_rows` and `fit_official`")
