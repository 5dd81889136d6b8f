"""Every model of a plan, fitted: what is kept serves again, and what failed says why."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from missingmodels.errors import DiagnosticsFailed
from missingmodels.fitting.certificate import brief
from missingmodels.fitting.diagnostics import require_passed
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.fit import Fit, beyond_laplace, fit
from missingmodels.fitting.stores.kept import Kept
from missingmodels.frame.design import Design
from missingmodels.plan import Plan
from missingmodels.side_by_side import each, has_others
from missingmodels.vocabulary import fit_name

if TYPE_CHECKING:
    from missingmodels.models.term import GroupEffect
    from missingmodels.runs.answer import Answer


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A fit, or none where its engine found no way, and why it may not be read; None if it may."""

    model: str
    exposure: str
    fit: Fit | None
    refusal: DiagnosticsFailed | None

    @property
    def label(self) -> str:
        """Model and exposure."""
        return fit_name(self.model, self.exposure)

    @property
    def note(self) -> str:
        """What the evidence says of its absence."""
        what = "" if self.refusal is None else self.refusal.what
        return f"{self.label} is left out, and what it would answer stays open: {what}"

    @property
    def certificate(self) -> dict[str, Any]:
        """What stands in the evidence in place of the fit."""
        if self.fit is not None:
            return brief(self.fit.certificate) | {"absent": True}
        what = "" if self.refusal is None else self.refusal.what
        failed = {"passed": False, "failed": [what], "worst": ""}
        return {"model": self.model, "exposure": self.exposure, "absent": True, "diagnostics": failed}


@dataclass(frozen=True, kw_only=True)
class Way:
    """How fits are told of, kept, and what of one's own they hold."""

    told: Progress
    kept: Kept | None
    terms: Sequence[GroupEffect]


def all_tried(designs: Mapping[tuple[str, str], Design], plan: Plan, seed: int, way: Way) -> list[Tried]:
    """Every model of a plan, by name and exposure, whether or not it passes the gate.

    Each is kept as it is there, so that neither a failure nor a rerun draws it again. What the fast engine can fit is
    fitted side by side where ``side_by_side`` allows.
    """
    kept = {
        key: None if way.kept is None else way.kept.get(design, plan, *key, seed) for key, design in designs.items()
    }
    ahead = [key for key in designs if kept[key] is None and _may_be_fast(designs[key], plan, way)]
    made = each(functools.partial(_fast, plan, seed), [(key, designs[key]) for key in ahead])
    tried = []
    for key, design in designs.items():
        way.told(f"Fitting {fit_name(*key)}", 0, 0)
        tried.append(_tried(design, plan, key, seed, way, there=kept[key], fast=next(made) if key in ahead else None))
    return tried


def _may_be_fast(design: Design, plan: Plan, way: Way) -> bool:
    """Not where this process would do it anyway: it tells how far it is."""
    return has_others() and plan.sampling.method != "nuts" and not way.terms and not beyond_laplace(design)


def _fast(plan: Plan, seed: int, asked: tuple[tuple[str, str], Design]) -> Fit | None:
    """A fit by the fast engine; None where that has none, or none that will do where the sampler can take its place."""
    (model, exposure), design = asked
    try:
        found = fit(design, plan, model=model, exposure=exposure, seed=seed, method="laplace", allow_unconverged=True)
    except DiagnosticsFailed:
        return None
    if plan.sampling.method == "auto" and not found.diagnostics.passed:
        return None
    return replace(found, certificate={**found.certificate, "method_asked": plan.sampling.method})


def _tried(
    design: Design, plan: Plan, key: tuple[str, str], seed: int, way: Way, *, there: Fit | None, fast: Fit | None
) -> Tried:
    """One model: as it was kept, as the fast engine made it ahead, or fitted now."""
    (model, exposure), told, found = key, way.told, there or fast
    label = fit_name(model, exposure)
    if found is None:
        try:
            found = fit(
                design,
                plan,
                model=model,
                exposure=exposure,
                seed=seed,
                allow_unconverged=True,
                progress=lambda _, done, total: told(f"Fitting {label}", done, total),
                terms=way.terms,
            )
        except DiagnosticsFailed as error:
            return Tried(model=model, exposure=exposure, fit=None, refusal=error)
    if way.kept is not None and there is None:
        way.kept.add(found, plan, seed)
    told(f"Fitting {label}", 1, 1)
    try:
        accept = found.certificate.get("target_accept")
        require_passed(found.diagnostics, model=label, accept=accept)
    except DiagnosticsFailed as error:
        return Tried(model=model, exposure=exposure, fit=found, refusal=error)
    return Tried(model=model, exposure=exposure, fit=found, refusal=None)


def refusal(refused: Sequence[Tried], found: Answer | None) -> DiagnosticsFailed:
    """One error for all models that are left out, with what the others gave, if anything."""
    errors = [one.refusal for one in refused if one.refusal is not None]
    return DiagnosticsFailed(
        "; ".join(error.what for error in errors),
        remedy=errors[0].remedy,
        typed_remedy=errors[0].typed_remedy,
        found=found,
    )
