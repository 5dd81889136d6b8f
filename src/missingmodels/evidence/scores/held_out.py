"""Data without some children, and fits to what is left: what a score of prediction is checked against or mended by."""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from missingmodels.errors import ConfigInvalid, DiagnosticsFailed
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.fit import Fit, beyond_laplace, fit
from missingmodels.fitting.laplace.engine import known_of
from missingmodels.fitting.laplace.nearby import Known
from missingmodels.frame.design import Design
from missingmodels.plan import Method, Plan
from missingmodels.provenance import seed_of
from missingmodels.side_by_side import each

DRAWS, TRIES = 2000, 2  # of a refit
WORTH = 200.0  # effective draws of a refit that are enough
SEVERAL = 4  # refits for which one search over all data pays
ROWS = ("matrix", "child", "home", "period", "onsets", "days", "days_at_risk", "burn_in", "before_window")


def some_rows(design: Design, keep: np.ndarray) -> Design:
    """The design at the rows ``keep`` (R,), with the same columns, scaling, children and homes.

    Covariates stand as they were: onsets of children whose rows are left out still count as their peers' exposure.
    """
    rows = {name: getattr(design, name)[keep] for name in ROWS}
    groups = {name: dataclasses.replace(g, index=g.index[keep]) for name, g in design.groups.items()}
    return dataclasses.replace(design, **rows, groups=groups)


def children_of(design: Design, home: int) -> np.ndarray:
    """(N,) indices of every child with a row in a home."""
    return np.unique(design.child[design.home == home])


Read = Callable[[Fit], Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a refit needs of the whole fit, and the rule that it is made by."""

    design: Design
    model: str
    exposure: str
    seed: int
    plan: Plan
    method: Method
    known: Known | None = None


class Refits:
    """Fits without some children, no more of them than ``most``; ``left`` counts down.

    They are made by the fast engine and must pass the plan's gate; with the method ``auto`` the sampler takes those
    that it cannot fit or that fail, seconds to minutes each.
    """

    def __init__(self, plan: Plan, *, most: int, method: Method = "laplace", progress: Progress | None = None) -> None:
        self.plan, self.left, self.method = plan, most, method
        self.most, self.progress, self.done = most, progress, 0

    def without(self, whole: Fit, children: Iterable[int]) -> Fit | None:
        """The fit to all other children, without frailties; None where none may be made, or it fails the gate."""
        (found,) = self.each([(whole, children, _itself)])
        return found

    def each(self, asked: Sequence[tuple[Fit, Iterable[int], Read]]) -> Iterator[Any]:
        """What each function reads from its fit ``without`` its children, in turn; None where there is none.

        They are made side by side where ``side_by_side`` allows, so the functions must be picklable. Each refit has a
        seed of its own, so the order in which they end is nothing to the answers.
        """
        made = [one for one in asked if self._possible(one[0])][: max(self.left, 0)]
        self.left -= len(made)
        rules = self._rules([whole for whole, _, _ in made])
        found = each(_read, [(rules[id(whole)], children, read) for whole, children, read in made])
        taken = {id(one) for one in made}
        for one in asked:
            if id(one) not in taken:
                yield None
                continue
            read = next(found)
            self.done += 1
            if self.progress is not None:
                self.progress("Refits without a child or home, at most", self.done, self.most)
            yield read

    def _possible(self, whole: Fit) -> bool:
        return self.method != "laplace" or not beyond_laplace(whole.design)

    def _rules(self, wholes: Sequence[Fit]) -> dict[int, _Asked]:
        """How the refits of each of the fits are made, by its identity."""
        number = collections.Counter(map(id, wholes))
        every = {id(whole): whole for whole in wholes}
        near = [at for at, n in number.items() if n >= SEVERAL and not beyond_laplace(every[at].design)]
        search = functools.partial(known_of, plan=self.plan)
        known = dict(zip(near, each(search, [every[at].design for at in near]), strict=True))
        return {
            at: _Asked(
                design=whole.design,
                model=whole.model,
                exposure=whole.exposure,
                seed=int(whole.certificate["seed"]),
                plan=_lighter(self.plan),
                method=self.method,
                known=known.get(at),
            )
            for at, whole in every.items()
        }


def _itself(found: Fit) -> Fit:
    return found


def _read(one: tuple[_Asked, Iterable[int], Read]) -> Any:
    asked, children, read = one
    out = sorted(int(child) for child in children)
    design = some_rows(asked.design, ~np.isin(asked.design.child, out))
    # Pareto k of one set of proposals is a noisy number: one above its limit has a second chance. Seeds of their
    # own make the draws independent of those of the whole, as the bridge between the two wants them.
    for attempt in range(TRIES):
        seed = seed_of(asked.seed, "without", attempt, *out)
        method: Method = asked.method if attempt == TRIES - 1 else "laplace"
        try:
            found = fit(
                design,
                asked.plan,
                model=asked.model,
                exposure=asked.exposure,
                seed=seed,
                method=method,
                with_children=False,
                known=asked.known if attempt == 0 else None,
            )
        except (DiagnosticsFailed, ConfigInvalid):
            continue
        return read(found)
    return None


def _lighter(plan: Plan) -> Plan:
    """The plan with at most ``DRAWS`` draws of all chains together, worth ``WORTH`` or more, and no limit to tails.

    That limit guards the ends of intervals of coefficients, which nobody reads here; and what is read, a log density,
    has its error beside it.
    """
    sampling, gate = plan.sampling, plan.gate
    draws = min(sampling.draws, DRAWS // sampling.chains)
    return plan.model_copy(
        update={
            "sampling": sampling.model_copy(update={"draws": draws}),
            "gate": gate.model_copy(update={"tail_share_max": 1.0, "ess_min": min(gate.ess_min, WORTH)}),
        }
    )
