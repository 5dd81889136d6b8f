"""The chain from Tables to Evidence under one plan: wiring only."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from missingmodels.errors import CannotAnswer
from missingmodels.evidence.evidence import make_evidence
from missingmodels.evidence.record import Evidence
from missingmodels.evidence.unseen import setting_of
from missingmodels.evidence.unseen_rows import with_unseen
from missingmodels.fit.fit import Fit, fit
from missingmodels.frame.design import Design, build_design, require_contrast, require_structure
from missingmodels.frame.riskset import RiskSet, build_risk_set
from missingmodels.frame.rows import Rows, build_rows, model_terms, variables
from missingmodels.models.priors import require_known
from missingmodels.plan import Plan
from missingmodels.tables import Tables, require_valid

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The fits of a plan on one data set, and the evidence that they give."""

    fits: tuple[Fit, ...]
    evidence: Evidence


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Everything that a plan needs of the data before any sampling; designs by model and exposure."""

    risk: RiskSet
    rows: Rows
    designs: dict[tuple[str, str], Design]
    notes: tuple[str, ...]


def prepare(
    tables: Tables, plan: Plan, *, fits: Sequence[tuple[str, str]] | None = None, checked: bool = False
) -> Prepared:
    """Risk set, rows and designs. Raises CannotAnswer before anything is sampled if the data hold no contrast.

    An exposure that stands beside the primary one and cannot be had from these data is left out with a note. ``fits``
    names models and exposures to design, all of the plan if it is left out. Tables that are ``checked`` are not
    validated again: validation takes as long as everything else here.
    """
    if not checked:
        require_valid(tables)
    risk = build_risk_set(tables, plan.frame)
    rows = build_rows(tables, risk, plan)
    designs, notes = {}, []
    for model, exposure in models_to_fit(plan) if fits is None else fits:
        formula = model_terms(plan, model, exposure or None)
        slope_of = exposure if plan.effects.peer_slope_by_home else ""
        design = build_design(rows, formula, conditional=plan.frame.initial == "conditional", slope_of=slope_of)
        try:
            if exposure:
                require_contrast(design, exposure)
        except CannotAnswer as error:
            if exposure == plan.exposure.primary:
                raise
            notes.append(f"{exposure} is left out: {error.what}")
            continue
        if model in ("M2", "M3"):
            require_structure(design)
        designs[model, exposure] = design
    require_known(plan.priors, _columns(designs.values()), plan.effects)
    return Prepared(risk=risk, rows=rows, designs=designs, notes=tuple(notes))


def _columns(designs: Iterable[Design]) -> list[str]:
    """Every column that the formulas name, those that do not vary or are unrecorded in these data among them."""
    return sorted({n for d in designs for n in (*d.names, *d.constants, *variables(d.formula))})


def models_to_fit(plan: Plan) -> list[tuple[str, str]]:
    """Model and exposure of every fit: each model with the primary exposure, the fullest with the others beside it."""
    with_peers: list[str] = [m for m in plan.models if m in ("M1", "M3")]
    pairs: list[tuple[str, str]] = [(m, plan.exposure.primary if m in with_peers else "") for m in plan.models]
    if with_peers:
        beside = [e for e in plan.exposure.beside if e != plan.exposure.primary]
        pairs += [(max(with_peers), exposure) for exposure in beside]
    return pairs


def answer(
    tables: Tables,
    plan: Plan,
    *,
    seed: int,
    allow_unconverged: bool = False,
    report: Report | None = None,
) -> Answer:
    """Fit every model of the plan and weigh the hypotheses.

    ``report`` is called with the name of the model being fitted, draws finished and draws in all.
    """
    prepared = prepare(tables, plan)
    fits = []
    for (model, exposure), design in prepared.designs.items():
        label = f"{model} ({exposure})" if exposure else model
        if report is not None:
            report(label, 0, 0)  # compiling comes first and has no measure
        found = fit(
            design,
            plan,
            model=model,
            exposure=exposure,
            seed=seed,
            allow_unconverged=allow_unconverged,
            progress=None if report is None else functools.partial(report, label),
        )
        fits.append(found)
    evidence = make_evidence(
        fits, tables=tables, risk=prepared.risk, rows=prepared.rows, plan=plan, seed=seed, notes=prepared.notes
    )
    peers = [found.model for found in fits if found.exposure == plan.exposure.primary]
    if plan.frame.coverage_rule in ("bound", "model") and peers:
        if report is not None:
            report("unseen peers", 0, 0)
        setting = setting_of(tables, prepared.risk, plan, model=max(peers), seed=seed)
        evidence = with_unseen(evidence, setting)
    return Answer(fits=tuple(fits), evidence=evidence)
