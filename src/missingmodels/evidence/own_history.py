"""Own history against stable vulnerability: do a child's episodes raise its rate, or do they only tell what it was?

Both make a child who went missing go missing again. They differ in when: stable vulnerability has no memory of how long
ago. The model holds both; here it is fitted with either alone, and to children who arrived within the record alone, for
those present at its start had been selected by staying and their earlier episodes are unknown (initial conditions:
Heckman 1981; specification, section 2).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from missingmodels.config import from_mapping
from missingmodels.errors import DiagnosticsFailed
from missingmodels.evidence.decisions import BOTH, CANNOT_TELL, HISTORY, NOT_COMPARED, VULNERABILITY
from missingmodels.evidence.parts import ElpdDifference, OwnHistory
from missingmodels.evidence.scores.elpd import Scores, child_scores, elpd_difference, mend
from missingmodels.evidence.scores.held_out import WORTH, Refits, some_rows
from missingmodels.fitting.fit import Fit, fit
from missingmodels.fitting.marginal import log_variance
from missingmodels.frame.design import Design
from missingmodels.frame.riskset import NO_HOME, RiskSet
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.plan import Decision, Method, Plan
from missingmodels.side_by_side import begun

OWN = "own_"
STAGE = "Own history"
ERRORS = 2.0  # standard errors by which both together must predict better than history alone
REFITS = 24  # without a child, of each of three fits
NO_FRAILTY = 1e4  # shape of a frailty that is as good as none

# What the fast engine cannot fit is at its default in these fits.
DEFAULT_EFFECTS = {"frailty": "gamma", "authority": False, "owner": False, "peer_slope_by_home": False}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """The fit that own history is compared under, and how those beside it are made."""

    model: str
    exposure: str
    seed: int
    method: Method = "laplace"

    @classmethod
    def of(cls, whole: Fit, method: Method = "laplace") -> Asked:
        """That of a fit which is there."""
        return cls(model=whole.model, exposure=whole.exposure, seed=int(whole.certificate["seed"]), method=method)


class OwnHistories:
    """Own history against stable vulnerability under one model: ``scores`` of its fits, once mended, give it.

    Its own fits, and one to those who arrived within the record, are begun at once where ``side_by_side`` allows.
    """

    def __init__(self, asked: Asked, design: Design, plan: Plan, arrived: np.ndarray, refits: int | None) -> None:
        self.asked, self.arrived, self.plan = asked, arrived, _by_fast_engine(plan)
        self.most = REFITS if refits is None else refits
        self.names = tuple(name for name in design.names if name.startswith(OWN))
        # whether the model's own fit is of no other plan than the one to compare with
        self.itself = self.plan == plan and not (design.groups or design.slope_of)
        changes: list[dict[str, float]] = [{}, dict.fromkeys(self.names, 0.0), {"frailty_shape": NO_FRAILTY}]
        self.plans = [_for_scores(self.plan, fixed) for fixed in changes]
        self.bare = dataclasses.replace(design, groups={}, slope_of="")
        wanted = [(asked, self.bare, one) for one in self.plans[self.itself :]]
        if arrived.any():
            wanted.append((asked, some_rows(self.bare, arrived[self.bare.child]), self.plan))
        self.fits = begun(_fit, wanted if self.names else [])
        self.new: Fit | None = None  # to those who arrived within the record, once there are scores

    def scores(self, whole: Fit, told: Callable[[int, int], None] | None = None) -> list[Scores | None]:
        """Of children under the fits with both, without own history and without frailty, none of them mended; None
        where a fit failed the gate. None at all without own-history columns. ``told`` hears how many of its fits are
        there and scored, of how many.

        The model's own fit ``whole`` serves, if it is of the same plan and by the fast engine.
        """
        told = told or (lambda *_: None)
        if not self.names:
            told(1, 1)
            return []
        made: list[Fit | None] = []
        steps = len(self.plans) - self.itself + bool(self.arrived.any()) + len(self.plans)
        for fitted in self.fits.results():
            made.append(fitted)
            told(len(made), steps)
        if self.itself:
            fast = "log_weight" in whole.sample_stats
            made.insert(0, whole if fast else _fit((self.asked, self.bare, self.plans[0])))
        self.new = made[len(self.plans)] if self.arrived.any() else None
        found: list[Scores | None] = []
        for one in made[: len(self.plans)]:
            found.append(None if one is None else child_scores(one))
            told(steps - len(self.plans) + len(found), steps)
        return found

    def close(self) -> None:
        """Begin no more of its fits: nobody asks for them."""
        self.fits.drop()

    def mends(self, scores: Sequence[Scores | None]) -> list[tuple[Scores, Refits]]:
        """The scores that are there, each with the refits that may mend it."""
        pairs = zip(scores, self.plans, strict=False)
        return [(one, Refits(plan, most=self.most)) for one, plan in pairs if one is not None]

    def alone(self, whole: Fit) -> OwnHistory | None:
        """The comparison by refits of its own and nobody else's."""
        scores = self.scores(whole)
        mend(self.mends(scores))
        return self.compared(whole, scores)

    def compared(self, whole: Fit, scores: Sequence[Scores | None]) -> OwnHistory | None:
        """The comparison; None without own-history columns."""
        return _compared(self, whole, scores) if self.names else None


def own_histories(
    asked: Asked, design: Design, risk: RiskSet, plan: Plan, *, refits: int | None = None
) -> OwnHistories:
    """The comparison for a model on a design, by up to four more fits.

    With the method ``auto`` the sampler takes those that the fast engine's gate refuses. Scores of children whom the
    weights of a fit cannot leave out are mended by no more than ``refits`` refits of each.
    """
    return OwnHistories(asked, design, plan, risk.residence[:, 0] == NO_HOME, refits)


def _compared(of: OwnHistories, whole: Fit, scores: Sequence[Scores | None]) -> OwnHistory:
    plan, names, new = of.plan, of.names, of.new
    both, no_history, no_frailty = scores
    over_frailty, over_history = _gain(both, no_history), _gain(both, no_frailty)
    first = _interval(whole, names[0], plan)
    among_new = (None,) * 4 if new is None else _interval(new, names[0], plan)
    return OwnHistory(
        model=whole.model,
        exposure=whole.exposure,
        columns=names,
        correlation=tuple(_correlation(whole, name) for name in names),
        contraction=_contraction(whole, plan, names),
        without_history=_with_error(over_frailty),
        without_frailty=_with_error(over_history),
        k_hat_max=None if over_history is None else over_history.k_hat_max,
        k_hat_bad=0 if over_history is None else over_history.k_hat_bad,
        mended=0 if over_history is None else over_history.mended,
        ratio=first[0],
        ratio_low=first[1],
        ratio_high=first[2],
        probability=first[3],
        new_arrivals=int(of.arrived.sum()),
        new_ratio=among_new[0],
        new_ratio_low=among_new[1],
        new_ratio_high=among_new[2],
        new_probability=among_new[3],
        verdict=verdict(first[3], _with_error(over_history), plan.decision),
    )


def verdict(probability: float, without_frailty: tuple[float, float] | None, rule: Decision) -> str:
    """The rule, fixed beforehand, from the model that holds both.

    Own history matters if its rate ratio is above 1 with the plan's ``supported_probability``; stable vulnerability if
    leaving the frailty out loses more than two standard errors of elpd per child (``without_frailty``: gain and error).
    Where neither shows, a child's repeats may be either. For own history the same rule on elpd has next to no power.
    """
    if without_frailty is None:
        return NOT_COMPARED
    history, vulnerability = probability >= rule.supported_probability, without_frailty[0] > ERRORS * without_frailty[1]
    if history and vulnerability:
        return BOTH
    if history or vulnerability:
        return HISTORY if history else VULNERABILITY
    return CANNOT_TELL


def _by_fast_engine(plan: Plan) -> Plan:
    """The plan with the effects that the fast engine can fit."""
    values = plan.model_dump(mode="json")
    return from_mapping(values | {"effects": values["effects"] | DEFAULT_EFFECTS}, Plan)


def _for_scores(plan: Plan, fixed: dict[str, float]) -> Plan:
    """The plan with scalars or coefficients fixed, for fits of which only densities of children are read.

    So the ends of a coefficient's interval need not be sound, and as many effective draws do as for a refit.
    """
    values = plan.model_dump(mode="json")
    values["priors"]["replace"] |= {name: {"fixed": value} for name, value in fixed.items()}
    values["gate"] |= {"tail_share_max": 1.0, "ess_min": min(plan.gate.ess_min, WORTH)}
    return from_mapping(values, Plan)


def _fit(asked: tuple[Asked, Design, Plan]) -> Fit | None:
    """None where the fit fails the gate."""
    how, design, plan = asked
    try:
        return fit(design, plan, model=how.model, exposure=how.exposure, seed=how.seed, method=how.method)
    except DiagnosticsFailed:
        return None


def _gain(both: Scores | None, one: Scores | None) -> ElpdDifference | None:
    return None if both is None or one is None else elpd_difference(both, one, hypothesis="")


def _with_error(gain: ElpdDifference | None) -> tuple[float, float] | None:
    return None if gain is None else (gain.difference, gain.standard_error)


def _interval(found: Fit, name: str, plan: Plan) -> tuple[float, float, float, float]:
    """Median, interval and probability above 1 of a rate ratio."""
    tail = (1 - plan.decision.interval_mass) / 2
    draws = np.exp(found.parameters.coefficient(name))
    middle, low, high = np.quantile(draws, [0.5, tail, 1 - tail])
    return float(middle), float(low), float(high), float((draws > 1).mean())


def _correlation(found: Fit, name: str) -> float:
    p = found.parameters
    spread = np.log(log_variance(p))
    coefficient = p.coefficient(name)
    if not (np.ptp(spread) > 0 and np.ptp(coefficient) > 0):
        return 0.0  # the plan fixes one of them
    return float(np.corrcoef(coefficient, spread)[0, 1])


def _contraction(found: Fit, plan: Plan, names: tuple[str, ...]) -> tuple[float, ...]:
    """Of free coefficients; one that the plan fixes has learnt nothing."""
    design = found.design
    _, sd, fixed = plan_priors(plan).of_columns(design.names, design.scale)
    out = []
    for name in names:
        at = design.names.index(name)
        posterior = found.parameters.coefficient(name).var() * design.scale[at] ** 2
        out.append(0.0 if fixed[at] else float(1 - posterior / sd[at] ** 2))
    return tuple(out)
