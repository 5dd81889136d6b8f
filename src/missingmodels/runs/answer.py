"""The chain from Tables to Evidence under one plan: wiring only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from missingmodels.config import require_seed
from missingmodels.errors import CannotAnswer
from missingmodels.evidence.effects.contrasts import require_contrasts
from missingmodels.evidence.evidence import make_evidence
from missingmodels.evidence.own_history import Asked, OwnHistories, own_histories
from missingmodels.evidence.record import Evidence
from missingmodels.evidence.unseen.assumptions import setting_of
from missingmodels.evidence.unseen.rows import with_unseen
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.stores.kept import Kept
from missingmodels.frame.columns.told import asked_of
from missingmodels.frame.design import Design, build_design, require_contrast, require_structure
from missingmodels.frame.riskset import RiskSet, build_risk_set
from missingmodels.frame.rows import Rows, build_rows, model_terms, variables
from missingmodels.models.priors.of_plan import require_known
from missingmodels.plan import Plan, require_plan
from missingmodels.runs.tried import Way, all_tried, refusal
from missingmodels.tables import Tables, require_valid
from missingmodels.terminal import Progress as Shown
from missingmodels.terminal import is_watched
from missingmodels.vocabulary import fit_name

if TYPE_CHECKING:
    from missingmodels.models.term import GroupEffect


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The fits of a plan on one data set, and the evidence that they give."""

    fits: tuple[Fit, ...]
    evidence: Evidence

    def __repr__(self) -> str:
        fits = ", ".join(fit_name(one.model, one.exposure) for one in self.fits)
        return f"Answer by {len(self.fits)} fits: {fits}\n{self.evidence!r}"

    def _repr_html_(self) -> str:
        return self.evidence._repr_html_()


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Everything that a plan needs of the data before any sampling; designs by model and exposure."""

    risk: RiskSet
    rows: Rows
    designs: dict[tuple[str, str], Design]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        lines = [
            f"  {model} {exposure}".rstrip() + f": {design.onsets.size:,} rows, {len(design.names)} columns"
            for (model, exposure), design in self.designs.items()
        ]
        return "\n".join(
            [f"Prepared: {len(self.rows.child_ids):,} children in {len(self.rows.home_ids)} homes", *lines]
        )


def prepare(
    tables: Tables,
    plan: Plan,
    *,
    fits: Sequence[tuple[str, str]] | None = None,
    checked: bool = False,
    terms: Sequence[GroupEffect] = (),
) -> Prepared:
    """Risk set, rows and designs. Raises CannotAnswer before anything is sampled if the data hold no contrast.

    An exposure that stands beside the primary one and cannot be had from these data is left out with a note. ``fits``
    names models and exposures to design, all of the plan if it is left out; ``terms`` of one's own bring their units.
    Tables that are ``checked`` are not validated again: validation takes as long as everything else here.
    """
    require_plan(plan)
    if not checked:
        require_valid(tables)
    asked_of(tables, plan)  # an event that may not be told is refused before anything is made
    units = {term.code: term.of_home for term in terms}
    risk = replace(build_risk_set(tables, plan.frame), home_units=units)
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
    if fits is None:
        require_contrasts(plan, [*designs.values()], rows.told)
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
    progress: Progress | Literal["auto"] | None = "auto",
    kept: Kept | None = None,
    terms: Sequence[GroupEffect] = (),
) -> Answer:
    """Fit every model of the plan, with effects of one's own in ``terms`` if there are any, and weigh the hypotheses.

    ``progress`` is told of every stage; left out, it is shown in a terminal and in a notebook, and ``None`` shows
    nothing. ``kept`` keeps each fit as it is finished, and is asked for it first. Raises CannotAnswer, and
    DiagnosticsFailed if a fit does not pass the gate, unless ``allow_unconverged``: its ``found`` is the answer that
    the other fits give, where they give one.
    """
    if progress == "auto":
        with Shown(quiet=not is_watched()) as shown:
            given: dict[str, Any] = {"kept": kept, "terms": terms}
            return answer(tables, plan, seed=seed, allow_unconverged=allow_unconverged, progress=shown, **given)
    require_seed(seed)
    told: Progress = progress or (lambda *_: None)
    prepared = prepare(tables, plan, terms=terms)
    with closing(_own_history_begun(prepared, plan, seed)) as own:
        # what is kept is found again by plan and data, which say nothing of terms of one's own
        tried = all_tried(prepared.designs, plan, seed, Way(told=told, kept=None if terms else kept, terms=terms))
        refused = [one for one in tried if one.refusal is not None and not (allow_unconverged and one.fit is not None)]
        labels = {one.label for one in refused}
        fits = [one.fit for one in tried if one.fit is not None and one.label not in labels]
        if refused and all(fit.exposure for fit in fits):
            raise refusal(refused, None)  # without a model that holds no peers there is nothing to compare with
        found = _weighed(fits, prepared, own, tables, plan, seed, told)
    if not refused:
        return found
    evidence = replace(
        found.evidence,
        notes=(*(one.note for one in refused), *found.evidence.notes),
        certificates=(*found.evidence.certificates, *(one.certificate for one in refused)),
    )
    raise refusal(refused, replace(found, evidence=evidence))


def _own_history_begun(prepared: Prepared, plan: Plan, seed: int) -> OwnHistories:
    """Own history under the fullest model, whose fits need no other: they fill what the models leave of a process."""
    model, exposure = max(prepared.designs, key=lambda key: (key[0], key[1] == plan.exposure.primary))
    asked = Asked(model=model, exposure=exposure, seed=seed)
    return own_histories(asked, prepared.designs[model, exposure], prepared.risk, plan)


def _weighed(
    fits: list[Fit],
    prepared: Prepared,
    own: OwnHistories,
    tables: Tables,
    plan: Plan,
    seed: int,
    told: Progress,
) -> Answer:
    evidence = make_evidence(
        fits,
        tables=tables,
        risk=prepared.risk,
        rows=prepared.rows,
        plan=plan,
        seed=seed,
        notes=prepared.notes,
        progress=told,
        own=own,
    )
    with_peers = [model for model, exposure in models_to_fit(plan) if exposure == plan.exposure.primary]
    answering = {found.model for found in fits if found.exposure == plan.exposure.primary}
    if plan.frame.coverage_rule in ("bound", "model") and with_peers and max(with_peers) in answering:
        setting = setting_of(tables, prepared.risk, plan, model=max(with_peers), seed=seed)
        evidence = with_unseen(evidence, setting, told)
    return Answer(fits=tuple(fits), evidence=evidence)
