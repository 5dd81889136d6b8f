"""Data without some children, and fits to what is left: what a score of prediction is checked against or mended by."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import itertools
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

DRAWS, TRIES = 1000, 2  # of a refit
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


def rows_of(design: Design, children: np.ndarray) -> Design:
    """The design of some children's rows, and of no home in which none of them lived."""
    own = some_rows(design, np.isin(design.child, children))
    held, home = np.unique(own.home, return_inverse=True)
    return dataclasses.replace(own, home=home, home_ids=tuple(design.home_ids[at] for at in held))


def children_of(design: Design, home: int) -> np.ndarray:
    """(N,) indices of every child with a row in a home."""
    return np.unique(design.child[design.home == home])


Read = Callable[[Fit], Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """How fits to a part of a whole fit's data are made."""

    design: Design
    model: str
    exposure: str
    seed: int
    plan: Plan
    method: Method
    known: Known | None = None

    def fit(self, keep: np.ndarray, what: str, *which: int) -> Fit | None:
        """The fit to the rows ``keep`` (R,), without frailties; None where it fails the gate or cannot be had.

        Pareto k of one set of proposals is a noisy number: one above its limit has a second chance. Seeds of their own,
        named by ``what`` and ``which``, make the draws independent of those of the whole, as bridges between the two
        want them.
        """
        for attempt in range(TRIES):
            method: Method = self.method if attempt == TRIES - 1 else "laplace"
            with contextlib.suppress(DiagnosticsFailed, ConfigInvalid):
                return fit(
                    some_rows(self.design, keep),
                    self.plan,
                    model=self.model,
                    exposure=self.exposure,
                    seed=seed_of(self.seed, what, attempt, *which),
                    method=method,
                    with_children=False,
                    known=self.known if attempt == 0 else None,
                )
        return None


class Refits:
    """How fits without some children are made, and that no more than ``most`` may be; ``left`` counts down.

    They are made by the fast engine and must pass the plan's gate; with the method ``auto`` the sampler takes those
    that it cannot fit or that fail, seconds to minutes each.
    """

    def __init__(self, plan: Plan, *, most: int, method: Method = "laplace") -> None:
        self.plan, self.left, self.method = plan, most, method

    def without(self, whole: Fit, children: Iterable[int]) -> Fit | None:
        """The fit to all other children, without frailties; None where none may be made, or it fails the gate."""
        (found,) = refitted([(self, whole, children, _itself)])
        return found

    def rule(self, whole: Fit, known: Known | None = None) -> Rule:
        """How fits to a part of the data of ``whole`` are made; ``known`` is where a search over all of them ended."""
        return Rule(
            design=whole.design,
            model=whole.model,
            exposure=whole.exposure,
            seed=int(whole.certificate["seed"]),
            plan=_lighter(self.plan),
            method=self.method,
            known=known,
        )

    def take(self, whole: Fit) -> bool:
        """Count one more refit of a fit down; False where none may be made."""
        possible = self.left > 0 and (self.method != "laplace" or not beyond_laplace(whole.design))
        self.left -= possible
        return possible


def refitted(
    asked: Sequence[tuple[Refits, Fit, Iterable[int], Read]], progress: Progress | None = None
) -> Iterator[Any]:
    """What each function reads from its fit without its children, in turn; None where there is none.

    All are made side by side where ``side_by_side`` allows, so the functions must be picklable. Each refit has a seed
    of its own, so the order in which they end is nothing to the answers.
    """
    taken = [refits.take(whole) for refits, whole, _, _ in asked]
    made = [one for one, is_taken in zip(asked, taken, strict=True) if is_taken]
    rules = _rules([(refits, whole) for refits, whole, _, _ in made])
    found = each(_read, [(rules[id(refits), id(whole)], children, read) for refits, whole, children, read in made])
    done = itertools.count(1)
    for is_taken in taken:
        yield next(found) if is_taken else None
        if is_taken and progress is not None:
            progress("Refits without a child or home", next(done), len(made))


def _rules(made: Sequence[tuple[Refits, Fit]]) -> dict[tuple[int, int], Rule]:
    """How the refits of each of the fits are made; several of one begin where a search over all its data ends."""
    number = collections.Counter((id(refits), id(whole)) for refits, whole in made)
    every = {(id(refits), id(whole)): (refits, whole) for refits, whole in made}
    near = [at for at, n in number.items() if n >= SEVERAL and not beyond_laplace(every[at][1].design)]
    searched = each(_known, [(every[at][1].design, every[at][0].plan) for at in near])
    known = dict(zip(near, searched, strict=True))
    return {at: refits.rule(whole, known.get(at)) for at, (refits, whole) in every.items()}


def _known(asked: tuple[Design, Plan]) -> Known | None:
    return known_of(*asked)


def _itself(found: Fit) -> Fit:
    return found


def _read(one: tuple[Rule, Iterable[int], Read]) -> Any:
    rule, children, read = one
    out = sorted(int(child) for child in children)
    found = rule.fit(~np.isin(rule.design.child, out), "without", *out)
    return None if found is None else read(found)


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
