"""H1 where one authority sees only its own children: two extreme assumptions, and a model of the unseen.

Equations: notation page, "Unseen peers". A fit here is of the model that answers H1, by the fast engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from missingmodels.evidence.effects.estimands import rate_ratio
from missingmodels.fitting.fit import Fit, fit
from missingmodels.fitting.marginal import draw_frailty
from missingmodels.frame.columns.lives import Unseen
from missingmodels.frame.columns.of_peers.exposure import peer_exposures
from missingmodels.frame.columns.of_peers.peers import peer_grids
from missingmodels.frame.design import Design, build_design, require_contrast
from missingmodels.frame.riskset import RiskSet, build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.frame.unseen import (
    UnseenModel,
    all_recent,
    filled_share,
    mean_stay_days,
    none_recent,
    simulate_unseen,
    with_places,
)
from missingmodels.parameters import Array, Parameters
from missingmodels.plan import Plan
from missingmodels.provenance import stream
from missingmodels.sources import card
from missingmodels.tables import Tables

CHAINS, ROUNDS, CANDIDATES = 5, 2, 20
LEAST_DRAWS, MORE = 250, 4  # of a fit in a chain: with fewer its weights pass the gate or not by chance
_HISTORY = ("own_1_7", "own_8_28", "arrival_band[0-6]", "arrival_band[7-27]", "arrival_band[28-89]")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The data, the question, and the assumed share of all places that hold a child.

    ``risk`` holds no day at risk in a home whose places are not recorded; ``without_places`` is the share they were.
    """

    tables: Tables
    risk: RiskSet
    plan: Plan
    model: str
    seed: int
    occupancy: float
    without_places: float

    @property
    def exposure(self) -> str:
        """The plan's primary exposure."""
        return self.plan.exposure.primary


@dataclass(frozen=True, kw_only=True)
class _Days:
    """Days at risk of the visible, N of them, with what the weights of a history need."""

    design: Design
    child: np.ndarray
    day: np.ndarray


def setting_of(tables: Tables, risk: RiskSet, plan: Plan, *, model: str, seed: int) -> Setting:
    """The setting of a plan; occupancy is that of England where the plan states none."""
    share = card("occupancy").value if plan.frame.occupancy is None else plan.frame.occupancy
    held, without = with_places(risk)
    return Setting(
        tables=tables, risk=held, plan=plan, model=model, seed=seed, occupancy=float(share), without_places=without
    )


def restricted(setting: Setting) -> Fit:
    """The fit on days of homes of which at least ``minimum_coverage`` is seen; CannotAnswer without a contrast there.

    This and the next three raise DiagnosticsFailed where the fast engine finds no answer at all; a fit that did not
    pass the gate says so in its diagnostics.
    """
    frame = setting.plan.frame.model_copy(update={"coverage_rule": "drop"})
    risk = build_risk_set(setting.tables, frame)
    return _fitted(replace(setting, risk=risk), None, f"days of coverage {frame.minimum_coverage:g} or more")


def never_recent(setting: Setting) -> Fit:
    """The fit with every hidden place filled, and none of those children ever recent."""
    return _fitted(setting, none_recent(setting.risk, setting.plan.exposure.window_days), "never recent")


def always_recent(setting: Setting) -> Fit:
    """The fit with every hidden place filled, all of those children always recent; CannotAnswer without contrast."""
    return _fitted(setting, all_recent(setting.risk, setting.plan.exposure.window_days), "always recent")


def modelled(
    setting: Setting,
    start: Fit,
    *,
    chains: int = CHAINS,
    rounds: int = ROUNDS,
    candidates: int = CANDIDATES,
    made: Callable[[], None] = lambda: None,
) -> list[list[Fit]]:
    """The fits of each of ``chains`` chains of data augmentation, begun at a draw of ``start``; the last one counts.

    ``made`` is called after each fit.
    """
    days, held = _days(setting), []
    share = replace(setting, plan=_share_of(setting.plan, chains))
    for chain in range(chains):
        fits = [start]
        for step in range(rounds):
            rng = stream(setting.seed, "unseen", chain, step)
            at = int(rng.integers(fits[-1].parameters.draws))
            unseen = _imputed(setting, days, fits[-1].parameters[at : at + 1], candidates, rng)
            label = f"modelled at {setting.occupancy:.0%} filled, chain {chain + 1}, data set {step + 1}"
            fits.append(_fitted(share, unseen, label))
            made()
        held.append(fits[1:])
    return held


def mixed_ratio(fits: Sequence[Fit], exposure: str) -> Array:
    """(S,) draws of the rate ratio from M fits, the last of each chain, mixed on the log scale.

    A mixture of few fits varies less between them than the posterior does. Their means are spread so that the variance
    is within + (1 + 1/M) between, as in Rubin's rules (Rubin 1987, Multiple Imputation for Nonresponse in Surveys).
    """
    each = [np.log(rate_ratio(f.parameters, {exposure: 1.0})) for f in fits]
    means = np.array([draws.mean() for draws in each])
    spread = np.sqrt((len(fits) + 1) / (len(fits) - 1)) if len(fits) > 1 else 1.0
    return np.exp(
        np.concatenate([draws + (spread - 1) * (mean - means.mean()) for draws, mean in zip(each, means, strict=True)])
    )


def _share_of(plan: Plan, chains: int) -> Plan:
    """The plan with each chain's share of its draws, if that is enough, and of the effective draws the gate asks."""
    draws = max(-(-plan.sampling.draws // chains), min(LEAST_DRAWS, plan.sampling.draws))
    return plan.model_copy(
        update={
            "sampling": plan.sampling.model_copy(update={"draws": draws}),
            "gate": plan.gate.model_copy(update={"ess_min": plan.gate.ess_min / chains}),
        }
    )


def _fitted(setting: Setting, unseen: Unseen | None, label: str) -> Fit:
    """The fast fit of the data so completed; one that fails the gate is drawn once more with four times the draws."""
    rows = build_rows(setting.tables, setting.risk, setting.plan, unseen=unseen)
    formula = model_terms(setting.plan, setting.model, setting.exposure)
    design = build_design(rows, formula, conditional=setting.plan.frame.initial == "conditional")
    require_contrast(design, setting.exposure)
    seed = int(stream(setting.seed, "unseen", label).integers(2**31 - 1))
    for times in (1, MORE):
        sampling = setting.plan.sampling.model_copy(update={"draws": times * setting.plan.sampling.draws})
        found = fit(
            design,
            setting.plan.model_copy(update={"sampling": sampling}),
            model=setting.model,
            exposure=setting.exposure,
            seed=seed,
            method="laplace",
            allow_unconverged=True,
        )
        if found.diagnostics.passed:
            break
    named = {"exposure": f"{setting.exposure}, unseen peers {label}", "unseen_peers": label}
    return replace(found, certificate={**found.certificate, **named})


def _days(setting: Setting) -> _Days:
    risk, plan = setting.risk, setting.plan
    rows = build_rows(setting.tables, risk, plan, by_day=True)
    without_peers = {"M1": "M0", "M3": "M2"}[setting.model]
    design = build_design(rows, model_terms(plan, without_peers))
    child = np.searchsorted(risk.child_ids, np.array(rows.child_ids))[design.child]
    return _Days(design=design, child=child, day=rows.frame["day"].to_numpy())


def _imputed(setting: Setting, days: _Days, theta: Parameters, candidates: int, rng: np.random.Generator) -> Unseen:
    """One history of the unseen, drawn home by home given what the visible did and one draw of the parameters."""
    design, effect = days.design, _effects(theta)
    home_log_rate = theta.home[0][:, None] + theta.home_period[0]
    own = theta.intercept[0] + sum(
        (effect.get(name, 0.0) * design.column(name) for name in design.names), np.zeros(days.day.size)
    )
    model = _model_of(setting, days, theta, own, home_log_rate)
    histories = simulate_unseen(setting.risk, model, candidates=candidates, rng=rng)
    eta = own + home_log_rate[design.home, design.period]
    expected = design.days * np.exp(eta) * theta.frailty_of(design.child_ids)[0][design.child]
    homes = len(design.home_ids)
    weight = np.empty((candidates, homes))
    for i, history in enumerate(histories):
        asked = setting.plan.exposure
        grids = peer_exposures(peer_grids(setting.risk, asked, unseen=history), witnessed=asked.witnessed)
        exposure, alone = (grids[name][days.child, days.day] for name in (model.exposure, "no_peers"))
        gain = model.peer * exposure + model.no_peers * alone
        weight[i] = history_weights(design.home, design.onsets, expected, gain, homes)
    # the largest of weight plus Gumbel noise is a draw in proportion to exp(weight)
    chosen = (weight + rng.gumbel(size=weight.shape)).argmax(axis=0)
    at = np.arange(homes)
    names = ("residents", "recent", "count", "share")
    return Unseen(**{name: np.stack([getattr(h, name) for h in histories])[chosen, at] for name in names})


def history_weights(home: np.ndarray, onsets: np.ndarray, expected: Array, gain: Array, homes: int) -> Array:
    """(H,) log weight of a history of the unseen, up to a constant: Σ y g − n Λ exp(g) over days of the visible."""
    return np.asarray(np.bincount(home, onsets * gain - expected * np.exp(gain), homes))


def _effects(theta: Parameters) -> Mapping[str, float]:
    return {name: float(values[0]) for name, values in theta.coefficients.items()}


def _model_of(setting: Setting, days: _Days, theta: Parameters, own: Array, home_log_rate: Array) -> UnseenModel:
    design, effect = days.design, _effects(theta)
    history = {name: effect[name] for name in _HISTORY if name in effect}
    lasting = own - sum(
        (
            effect.get(name, 0.0) * design.column(name)
            for name in (*_HISTORY, "history_unknown")
            if name in design.names
        ),
        np.zeros(own.size),
    )
    order = np.argsort(design.home, kind="stable")
    count = np.bincount(design.home, minlength=len(design.home_ids))
    return UnseenModel(
        filled_share=filled_share(setting.risk, setting.occupancy),
        stay_days=mean_stay_days(setting.risk),
        home_log_rate=home_log_rate,
        donor_start=np.cumsum(count) - count,
        donor_count=count,
        donor_log_rate=lasting[order],
        frailty=lambda children, rng: draw_frailty(theta, children, rng)[0],
        history=history,
        exposure=setting.exposure,
        peer=effect[setting.exposure],
        no_peers=effect.get("no_peers", 0.0),
        window_days=setting.plan.exposure.window_days,
        witnessed=setting.plan.exposure.witnessed,
    )
