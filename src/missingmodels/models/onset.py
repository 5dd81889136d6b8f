"""The onset model: its terms, and which of them a design and a plan's effects hold. Specification, section 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pytensor.tensor as pt

from missingmodels.errors import ConfigInvalid
from missingmodels.frame.design import Design
from missingmodels.models.adults import ADULTS
from missingmodels.models.frailty import FRAILTY_LAWS
from missingmodels.models.model import RATE, Model
from missingmodels.models.priors.law import ModelPriors, PriorSet
from missingmodels.models.priors.of_plan import scales_of
from missingmodels.models.process import Process
from missingmodels.models.shared import BEFORE, CONSTANTS_OUT, HOMES, PERIODS
from missingmodels.models.term import (
    Array,
    Built,
    Columns,
    Data,
    Designed,
    Draws,
    GroupEffect,
    Level,
    Tensor,
    Tensors,
    Term,
    standard_normal,
)
from missingmodels.plan import Effects

NO_EFFECTS = Effects(sector_process="none")


@dataclass(frozen=True, kw_only=True)
class _PeerSlope(GroupEffect):
    """What each home adds to the effect of the design's ``slope_of``, which is neither centred nor scaled."""

    late: ClassVar[bool] = True

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        assert isinstance(design, Design)
        return super().arrays(design, priors) | {"slope_column": design.column(design.slope_of)}

    def sums(self, design: Designed, arrays: Data) -> Data:
        held = np.bincount(arrays[self.unit], design.counted * arrays["slope_column"], len(design.units[self.unit].ids))
        return {"slope_onsets": held}

    def eta(self, value: Tensor, data: Tensors) -> Tensor | None:
        return value[data[self.unit]] * data["slope_column"]

    def linear(self, value: Tensor, data: Tensors) -> Tensor | None:
        return pt.dot(data["slope_onsets"], value)

    def of_draws(self, values: Draws, design: Designed, part: slice) -> Array | None:
        assert isinstance(design, Design)
        own = super().of_draws(values, design, part)
        return None if own is None else own * design.column(design.slope_of)


@dataclass(frozen=True, kw_only=True)
class _HomeOverTime(GroupEffect):
    """Effects of a home's cells that are not independent: of periods of several cells, or of a process."""

    process: Process | None = field(default=None, compare=False)

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        drifts = self._process.drifts
        held = {"home_period_of": self._process.period} if drifts is None else {"home_drift": drifts}
        return super().arrays(design, priors) | held

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        return (len(design.units["home"].ids), self._process.size, self._process.period.size)

    def unknowns(self, built: Built) -> Any:
        homes, size = built.design.units["home"].ids, self._process.size
        ids = tuple(f"{home} {step}" for home in homes for step in range(size))
        z = standard_normal(f"{self.code}_z", "home_step", ids).reshape((len(homes), size))
        data = built.data
        cells = z @ data["home_drift"].T if "home_drift" in data else z[:, data["home_period_of"]]
        return built.scalars[self.scale] * cells.flatten()

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        z = drawn[f"{self.code}_z"]
        of_homes = z.reshape(-1, self._process.size)
        cells = self._process.of_home(of_homes).reshape(len(z), -1)
        return {self.code: scalars[self.scale][:, None] * cells}

    @property
    def _process(self) -> Process:
        assert self.process is not None  # the catalogue alone holds it without
        return self.process


@dataclass(frozen=True, kw_only=True)
class _Sector(GroupEffect):
    """A process that all homes share. Fits report it, and in ``home_period`` what a home has of both."""

    process: Process | None = field(default=None, compare=False)

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        assert self.process is not None
        return super().arrays(design, priors) | {"sector_drift": self.process.sector}

    def unknowns(self, built: Built) -> Any:
        z = standard_normal(f"{self.code}_z", self.unit, built.design.units[self.unit].ids)
        return built.scalars[self.scale] * (built.data["sector_drift"] @ z)

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        assert self.process is not None
        return {self.code: scalars[self.scale][:, None] * (drawn[f"{self.code}_z"] @ self.process.sector.T)}

    def of_draws(self, values: Draws, design: Designed, part: slice) -> Array | None:
        return None  # it is in ``home_period``


LIKELIHOOD = Term(
    name="likelihood",
    code="onset",
    equation="y_r | u_i ~ Poisson(n_r exp(η_r) u_i)",
    meaning=f"rows r of equal child, home, period and columns; an onset day counts half. {CONSTANTS_OUT}",
)
LEVEL = Level(
    name="linear predictor",
    code="intercept",
    equation="η = α + x'β + q'γ + p'δ + z'ζ + c'κ + v_h + w_ht + s_t + a_l + o_j + Σ m g + b_h p",
    parameters=("intercept",),
    meaning="log rate per day at u = 1; each part below, if the plan has it",
)
COLUMNS = Columns(
    name="columns",
    code="coefficients",
    equation="x'β + q'γ + p'δ + z'ζ + c'κ",
    as_drawn=True,
    meaning="one product of all the columns that the lines below name",
)
# What columns there are; the product of all of them is the term above.
COLUMNS_OF = (
    Term(
        name="vulnerability",
        code="terms.vulnerability",
        equation="x'β",
        meaning="what the child brings: age, sex, needs, exploitation risk, placement out of area",
    ),
    Term(
        name="a curve of age",
        code="bs(age_years, df=4)",
        equation="Σ_m B_m(age) β_m, B_m cubic B-splines with knots at quantiles of the days at risk",
        chosen="terms.vulnerability",
        meaning="risk may rise and fall with age; splitting a row moves no knot",
    ),
    Term(
        name="history",
        code="terms.history",
        equation="q'γ",
        meaning="the child's own onsets lately and days since arrival: state dependence beside lasting differences",
    ),
    Term(
        name="peers",
        code="exposure.primary",
        equation="p'δ",
        chosen="models with M1 or M3",
        meaning=(
            "recent onsets of those with whom the child lived then, at least a day earlier (H1), with `no_peers` and "
            "`peers_unseen`, of a kernel `kernel_unseen`"
        ),
    ),
    Term(
        name="structure",
        code="terms.structure",
        equation="z'ζ, a mean of each home and the deviation from it",
        chosen="models with M2 or M3",
        meaning="staffing and mix of the period before (H2)",
    ),
    Term(
        name="moderation",
        code="short_staffing",
        equation="δ_s p (−z_staff,within)",
        chosen="exposure.moderation, in M3",
        meaning="short staffing may steepen the peers' effect (A3), beside what either does alone",
    ),
    Term(name="calendar", code="terms.calendar", equation="c'κ", meaning="season, weekend, trend, where asked for"),
)
PERIODS_CHOSEN = GroupEffect(**{**vars(PERIODS), "chosen": 'effects.home_process = "periods"'})
_STEPS = _HomeOverTime(**vars(PERIODS_CHOSEN))
HOME_DRIFT = _HomeOverTime(
    name="a home's process",
    code="home_period",
    unit="cell",
    equation="w_ht = ρ w_h,t−1 + √(1 − ρ²) e_ht, ρ = exp(−d / τ), d days a cell, w_h0 and e_ht ~ Normal(0, σ_period²)",
    parameters=("sigma_period",),
    chosen='effects.home_process = "drift"',
    meaning="a home's shared shocks come and go within weeks; τ is effects.home_process_days",
)
SECTOR = _Sector(
    name="what all homes share",
    code="sector",
    unit="time",
    equation="s_t = ρ s_t−1 + √(1 − ρ²) e_t, ρ = exp(−d / τ), d days a cell, s_0 and e_t ~ Normal(0, σ_sector²)",
    parameters=("sigma_sector",),
    chosen='effects.sector_process = "drift"',
    meaning=("a wave that all homes share would else pass for influence; τ is effects.sector_process_days"),
)
AUTHORITIES = GroupEffect(
    name="authorities",
    code="authority",
    unit="authority",
    spare=True,
    equation="a_l ~ Normal(0, σ_authority²), l the authority that the home stands in",
    parameters=("sigma_authority",),
    chosen="effects.authority",
    meaning="police, placing and recording differ by place; 0 for a home whose authority is unrecorded",
)
OWNERS = GroupEffect(
    name="owners",
    code="owner",
    unit="owner",
    spare=True,
    equation="o_j ~ Normal(0, σ_owner²), j the provider that runs the home in the period",
    parameters=("sigma_owner",),
    chosen="effects.owner",
    meaning="providers bring their practice to all their homes; 0 where the owner is unrecorded",
)
PEER_SLOPE = _PeerSlope(
    name="peer slope by home",
    code="peer_slope",
    unit="home",
    equation="b_h ~ Normal(0, σ_slope²), b_h times the fit's peer exposure p, in its own unit and not centred",
    parameters=("sigma_peer_slope",),
    chosen="effects.peer_slope_by_home",
    meaning=(
        "homes may spread episodes more or less; δ is then that of the middle home. Where peers are unseen p "
        "is the lower bound that the column holds"
    ),
)
ONSET_TERMS: tuple[Term, ...] = (
    *(LIKELIHOOD, LEVEL, COLUMNS, *COLUMNS_OF, HOMES, PERIODS_CHOSEN, HOME_DRIFT, SECTOR),
    *(AUTHORITIES, OWNERS, ADULTS, PEER_SLOPE),
    *FRAILTY_LAWS.values(),
    BEFORE,
)


def onset_model(
    design: Design,
    priors: PriorSet,
    effects: Effects = NO_EFFECTS,
    own: Sequence[GroupEffect] = (),
    process: Process | None = None,
) -> Model:
    """The onset model of a design, with effects of one's ``own`` beside the package's.

    ``process`` is how homes change, ``Process.of`` the plan; None for independent cells and nothing shared.

    The sampler's unknowns: ``intercept`` and ``coefficients`` of the standardised columns, the scalars of
    ``_scales_in``, and standard normal ``home_z`` (H,), ``home_period_z`` (H*T,), ``authority_z``, ``owner_z`` and
    ``peer_slope_z`` (H,), each if the effects ask for it. A scale with a half-normal prior is sampled with a sign: its
    absolute value has that prior, and the product with the symmetric ``_z`` does not depend on the sign. So the sampler
    passes through 0 instead of wandering down the long tail of a logarithm, which gave two to three times the effective
    draws.
    """
    added = {"authority": AUTHORITIES, "owner": OWNERS, "adult": ADULTS}
    groups = tuple(added[name] for name in design.groups if name in added)
    slope = (PEER_SLOPE,) if design.slope_of else ()
    shared = process is not None and process.sector.size > 0
    names = ("intercept", *(name for name in _scales_in(design, effects) if name != "sigma_sector" or shared))
    added_priors = {name: prior for term in own for name, prior in term.priors.items()}
    return Model(
        label="onset",
        design=design,
        predictors={RATE: (LEVEL, COLUMNS, HOMES, *_over_time(effects, process), *groups, *own, *slope)},
        likelihood=FRAILTY_LAWS[effects.frailty],
        priors=ModelPriors(
            scalars={name: priors[name] for name in names} | added_priors,
            columns=priors.column_priors(design.names, design.scale),
        ),
    )


def _over_time(effects: Effects, process: Process | None) -> tuple[GroupEffect, ...]:
    """The terms of a home's time, and of what all homes share in it."""
    if process is None:
        return (PERIODS_CHOSEN,) if effects.home_process == "periods" else ()
    home = {"periods": (_STEPS,), "drift": (HOME_DRIFT,), "none": ()}[effects.home_process]
    shared = (SECTOR,) if process.sector.size else ()
    return tuple(replace(term, process=process) for term in (*home, *shared))


def require_own(design: Design, own: Sequence[GroupEffect]) -> tuple[GroupEffect, ...]:
    """Effects of one's own, by the groups that the design has of their names, as evidence reads them.

    Raises ConfigInvalid for a name that the model has already, an effect without one scale and its prior, or one whose
    units are not in the design.
    """
    taken = {
        "coefficients",
        "intercept",
        "home",
        "cell",
        "child",
        "home_period",
        "authority",
        "owner",
        "adult",
        "peer_slope",
        "sector",
    }
    for term in own:
        fault = ""
        if term.code in taken:
            fault = f"{term.code!r} is a name of the model's own"
        elif len(term.parameters) != 1 or set(term.priors) != set(term.parameters):
            fault = f"{term.code!r} needs one scale in `parameters`, and its prior in `priors`"
        elif term.code not in design.groups:
            fault = f"the units of {term.code!r} are not in the design"
        if fault:
            raise ConfigInvalid(fault, where="terms", remedy="docs/terms.md says how a term of one's own is added")
    return tuple(replace(term, unit=term.code, spare=True) for term in own)


def _scales_in(design: Design, effects: Effects) -> tuple[str, ...]:
    """Names of the scalars, the intercept apart, of the model of a design: one without peers has no slope of them."""
    return tuple(name for name in scales_of(effects) if name != "sigma_peer_slope" or design.slope_of)
