"""What a prior set expects before it has seen an outcome, in units of outcomes, beside published figures.

The design is the user's: its children, homes, days at risk and columns, those of own and peers' past as they were
observed. Parameters come from the priors, frailties and effects from their laws, and the onsets of each row are drawn
with the daily probability 1 - exp(-λ), so that no prior can put two on a day (specification, section 1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from missingmodels.evidence.effects.estimands import DAYS_PER_YEAR
from missingmodels.fitting.exponential import exponential
from missingmodels.fitting.intervals import bounds, percent
from missingmodels.fitting.marginal import draw_frailty
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.frame.design import Design
from missingmodels.frame.published.missing import top_share
from missingmodels.models.priors.law import FURTHER, PriorSet, draw_prior
from missingmodels.models.priors.of_plan import plan_priors, scales_of
from missingmodels.models.process import Process
from missingmodels.parameters import Array, Effect, Parameters
from missingmodels.plan import Effects, Plan
from missingmodels.provenance import stream
from missingmodels.targets import Target, targets

SETS = ("weak", "informed")
DRAWS = 1000
YEAR_DAYS = 365
HIGHEST_LOG_RATE = 50.0  # beyond it an onset on every day is certain, and exp would overflow


@dataclass(frozen=True, kw_only=True)
class _Quantity:
    """One quantity: what it is called, the target that speaks of it, and how it follows from counts and years."""

    name: str
    label: str
    target: str
    of: Callable[[np.ndarray, float], float]
    annual: bool
    complement: bool = False


QUANTITIES = (
    _Quantity(
        name="episodes_per_resident_year",
        label="episodes per resident-year at risk",
        target="missing_rate_per_resident_year",
        of=lambda counts, years: float(counts.sum() / years),
        annual=False,
    ),
    _Quantity(
        name="share_without",
        label="share of residents of a year without an episode",
        target="missing_prevalence_year",
        of=lambda counts, years: float((counts == 0).mean()),
        annual=True,
        complement=True,
    ),
    _Quantity(
        name="top5_share",
        label="share of episodes of the busiest 5 % of the missing",
        target="top5pct_missing_children_incident_share",
        of=lambda counts, years: top_share(counts[counts > 0], 0.05) if counts.any() else float("nan"),
        annual=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class PriorCheck:
    """What one prior set expects of one quantity.

    Attributes
    ----------
    use : the prior set
    interval_mass : of the central interval, the plan's
    median, low, high : of the prior, the last two the ends of the central interval
    published_low, published_high : the published range
    below, inside, above : prior mass on either side of it and in it
    verdict : ``covers`` if the published value lies in that interval, else ``misses``; empty where the data's span
        makes the two incomparable, and ``remark`` says why
    """

    use: str
    name: str
    label: str
    interval_mass: float
    median: float
    low: float
    high: float
    published: float
    published_low: float
    published_high: float
    below: float
    inside: float
    above: float
    verdict: str
    remark: str
    citation: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """What the set says of the quantity, plainly."""
        share = self.name != "episodes_per_resident_year"
        median, low, high, below, above = (
            _text(v, share) for v in (self.median, self.low, self.high, self.published_low, self.published_high)
        )
        mass = percent(self.interval_mass)
        text = (
            f"{self.use}: {self.label}: median {median}, {mass} from {low} to {high}; {self.inside:.0%} of its mass "
            f"lies in the published range of {below} to {above}, {self.below:.0%} below and {self.above:.0%} above"
        )
        if self.verdict == "misses":
            text += f"; the published value is outside its {mass}: the set does not expect what is known"
        return text + (f" ({self.remark})" if self.remark else "") + "."


@one_blas_thread
def check_priors(design: Design, plan: Plan, *, seed: int, draws: int = DRAWS) -> list[PriorCheck]:
    """Every quantity under every prior set, with the plan's replacements in both; of the last year of the window."""
    days, span = last_year(design, plan.cell_days)
    process = Process.of(plan, design.periods)
    found = []
    for use in SETS:
        of_set = plan.model_copy(update={"priors": plan.priors.model_copy(update={"use": use})})
        rng = stream(seed, "prior check", use)
        values = predicted(design, days, plan_priors(of_set), plan.effects, rng, draws, process)
        found += [
            _checked(use, quantity, values[quantity.name], span, plan.decision.interval_mass) for quantity in QUANTITIES
        ]
    return found


def last_year(design: Design, period_days: int) -> tuple[np.ndarray, int]:
    """(R,) days at risk of the last periods that make up a year, and how many days they span."""
    inside = design.window_days > 0
    periods = design.period[inside]
    wanted = max(round(YEAR_DAYS / period_days), 1)
    first = max(int(periods.max()) - wanted + 1, int(periods.min()))
    span = (int(periods.max()) - first + 1) * period_days
    return np.where(inside & (design.period >= first), design.window_days, 0.0), span


def predicted(
    design: Design,
    days: np.ndarray,
    priors: PriorSet,
    effects: Effects,
    rng: np.random.Generator,
    draws: int,
    process: Process | None = None,
) -> Mapping[str, Array]:
    """(draws,) values of every quantity, from parameters drawn from the priors; NaN where nobody goes missing."""
    parameters = drawn_parameters(design, priors, effects, rng, draws, process)
    children = len(design.child_ids)
    held = np.flatnonzero(np.bincount(design.child, days, children) > 0)
    years = float(days.sum() / DAYS_PER_YEAR)
    # half days come as whole ones half of the time
    whole = np.floor(days + rng.random(days.size)).astype(np.int64)
    counts = np.empty((draws, children))
    for part, block in parameters.blocks(days.size):
        log_rate = design.log_rate(block) + np.log(np.maximum(block.frailty, 1e-300))[:, design.child]
        chance = -np.expm1(-exponential(np.minimum(log_rate, HIGHEST_LOG_RATE)))
        onsets = rng.binomial(whole, chance)
        counts[part] = [np.bincount(design.child, row, children) for row in onsets]
    return {q.name: np.array([q.of(row[held], years) for row in counts]) for q in QUANTITIES}


def drawn_parameters(
    design: Design,
    priors: PriorSet,
    effects: Effects,
    rng: np.random.Generator,
    draws: int,
    process: Process | None = None,
) -> Parameters:
    """Parameters of the model of a design under its priors, effects and frailties of its own units drawn too."""
    mean, sd, _ = priors.of_columns(design.names, design.scale)
    start = draw_prior(priors.intercept, draws, rng)
    intercept, raw = design.to_raw(start, mean + sd * rng.standard_normal((draws, mean.size)))
    scales = {name: draw_prior(getattr(priors, name), draws, rng) for name in scales_of(effects)}

    def effect(scale: str, *size: int) -> Array:
        values = scales.get(scale, np.zeros(draws))
        return values.reshape(-1, *[1] * len(size)) * rng.standard_normal((draws, *size))

    def over_time() -> Array:
        """(S, H, T) of each home in each cell, and of what all homes share."""
        if process is None:
            return effect("sigma_period", homes, design.periods)
        own = effect("sigma_period", homes, process.size)
        cells = own[:, :, process.period] if process.drifts is None else own @ process.drifts.T
        shared = effect("sigma_sector", process.sector.shape[1]) @ process.sector.T
        return np.asarray(cells + shared[:, None])

    units = {name: group.ids for name, group in design.groups.items()}
    units |= {"peer_slope": design.home_ids} if design.slope_of else {}
    homes, children = len(design.home_ids), len(design.child_ids)
    parameters = Parameters(
        intercept=intercept,
        coefficients=dict(zip(design.names, raw.T, strict=True)),
        home_ids=design.home_ids,
        home=effect("sigma_home", homes),
        home_period=over_time(),
        child_ids=design.child_ids,
        frailty=np.ones((draws, children)),
        sigma_home=scales["sigma_home"],
        sigma_period=scales.get("sigma_period", np.zeros(draws)),
        frailty_shape=scales.get("frailty_shape", np.full(draws, np.nan)),
        frailty_law=effects.frailty,
        further={name: scales[name] for name in FURTHER if name in scales},
        effects={name: Effect(ids=ids, values=effect(f"sigma_{name}", len(ids))) for name, ids in units.items()},
    )
    return replace(parameters, frailty=draw_frailty(parameters, children, rng))


def _checked(use: str, quantity: _Quantity, values: Array, span: int, mass: float) -> PriorCheck:
    target, remark = targets()[quantity.target], ""
    published, low, high = _range(target, complement=quantity.complement)
    comparable = not quantity.annual or span >= 0.9 * YEAR_DAYS
    if not comparable:
        remark = f"the window holds {span} days, and the published figure speaks of a year, so it is not judged"
    seen = values[np.isfinite(values)]
    if seen.size < values.size:
        remark = "; ".join(filter(None, [remark, f"nobody goes missing in {1 - seen.size / values.size:.0%} of draws"]))
    between = bounds(seen, mass)
    return PriorCheck(
        use=use,
        name=quantity.name,
        label=quantity.label,
        interval_mass=mass,
        **between,
        published=published,
        published_low=low,
        published_high=high,
        below=float((seen < low).mean()),
        inside=float(((seen >= low) & (seen <= high)).mean()),
        above=float((seen > high).mean()),
        verdict=("covers" if between["low"] <= published <= between["high"] else "misses") if comparable else "",
        remark=remark,
        citation=target.citation,
    )


def _range(target: Target, *, complement: bool) -> tuple[float, float, float]:
    """Published value and range, or those of the share that is left."""
    if complement:
        return 1 - target.value, 1 - target.high, 1 - target.low
    return target.value, target.low, target.high


def _text(value: float, share: bool) -> str:
    return f"{value:.0%}" if share else f"{value:.2g}" if value < 100 else f"{value:,.0f}"
