"""The sections of a plan: exposure, terms, frame, effects, priors, decision, sampling, gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from missingmodels.config import Config, nearest
from missingmodels.plan.calendars import require_calendars
from missingmodels.plan.formulas import column_named, peers_expression, terms_of
from missingmodels.plan.words import MISSING, STRUCTURE, WORD, Method, OutsideExposure, PeerExposure, Tie

INTERVAL_MASS = 0.95  # two-sided: its lower end is above no effect where a one-sided 0.975 is reached


class Exposure(Config):
    """Peer exposure (H1).

    ``event`` is what happens to a peer, the plan's outcome if it is left out: ``missing``, or a kind of ``events`` that
    name a child. It counts from ``first_day`` to ``window_days`` after its own day. ``tie`` is what ties of
    ``peer_network`` are: those of the ``ties`` table; ``same_sex``, 1 between children of one sex and else 0; or
    ``age_gap``, 1 / (1 + years between them). ``primary`` may be written as an expression instead, which sets all of
    these: ``peers(police, 2, 14, how="count", witnessed=True)``, where ``how`` may also be ``same_sex`` or ``age_gap``.
    ``witnessed``: for the children who lived with that child on the day, wherever either lives by then; ``false``: for
    whoever lives with that child now, so that one who is moved after an episode stops counting and one who brings
    episodes along counts. It was ``false`` before the key was there, and plans of runs and fits from then are read so.
    ``kernel_days`` is the time scale τ of ``peer_kernel``, which fades from 1 on the day of a peer's onset: 5.77
    halves it in 4 days. It differs from day to day, so all models of a plan with it have a row for every day, about
    seven times as many; nothing is rounded. ``outside`` adds to the models with peers the same exposure along ties
    beyond the home, of children who live in another home that day. ``moderation`` lets short staffing steepen the
    peers' effect (A3): M3, and only M3, gains a column, the exposure times how far ``staff_ratio`` is below the home's
    mean. ``modified_by`` names any column of a formula, one's own among them, that blunts or steepens their effect: the
    models with peers gain it, and its product with the exposure; the peers' rate ratio is then that where it is 0.
    """

    primary: PeerExposure = "peer_presence"
    event: str = Field(default="", pattern=f"^({WORD})?$")
    first_day: int = Field(default=1, ge=1, le=730)
    tie: Tie = "ties"
    beside: tuple[PeerExposure, ...] = ("peer_density",)
    window_days: int = Field(default=7, ge=1, le=730)
    witnessed: bool = True
    kernel_days: float = Field(default=5.77, gt=0, le=365)
    outside: OutsideExposure | None = None
    moderation: Literal["staff_ratio_within"] | None = None
    modified_by: str = ""

    @model_validator(mode="before")
    @classmethod
    def _as_expression(cls, values: Any) -> Any:
        """The keys that an expression stands for in the place of ``primary``."""
        written = values.get("primary") if isinstance(values, Mapping) else None
        if not isinstance(written, str) or "(" not in written:
            return values
        found = peers_expression(written)
        twice = sorted((found.keys() & values.keys()) - {"primary"})
        if twice:
            raise ValueError(f"exposure.primary says {', '.join(twice)} already: leave the key out")
        return {**values, **found}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first_day > self.window_days:
            raise ValueError("first_day comes after window_days: an event counts from the nearer day to the farther")
        if self.first_day > 1 and (self.outside or "peer_kernel" in (self.primary, *self.beside)):
            raise ValueError("first_day above 1 does not go with peer_kernel, nor with exposure.outside")
        return self

    @field_validator("modified_by")
    @classmethod
    def _one_column(cls, text: str) -> str:
        return column_named(text) if text else text


class Terms(Config):
    """Parts of the linear predictor, as formula right-hand sides; structure lists variables of H2.

    ``structure_means`` says over what a home's mean of a structure variable is, from which its days then deviate:
    ``past``, its periods before, so that its first period with a value deviates by 0 and those before it are
    unrecorded; ``window``, all periods, so that a deviation knows the future, and with it what episodes did to
    staffing. It was ``window`` before the key was there, and the default of files until ``past`` was.

    Operators and functions are those below; nothing else is read, and nothing else is called. The intercept is in
    every model and stays in.

    Age is a straight line unless its term is a curve: ``bs(age_years, df=4)`` in place of ``age_years`` is a cubic
    B-spline of so many columns, whose knots are quantiles of the days at risk. Each column has the prior of any other
    coefficient, and its own name in ``priors.replace``, for example ``bs(age_years, df=4)[0]``; what is stated of
    ``age_years`` speaks of the straight line alone.
    """

    vulnerability: str = "age_years + male + need_score + exploitation_risk + out_of_area"
    history: str = "own_1_7 + own_8_28 + arrival_band + history_unknown"
    calendar: str = ""
    structure: tuple[str, ...] = ("staff_ratio", "turnover", "mix_need", "mix_spread", "size")
    structure_means: Literal["past", "window"] = "past"

    @field_validator("vulnerability", "history", "calendar")
    @classmethod
    def _reads(cls, text: str) -> str:
        terms_of(text)
        return text

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in self.structure:
            if name not in STRUCTURE:
                raise ValueError(f"structure variable {name!r} is not known{nearest(name, STRUCTURE)}")
        return self


class Frame(Config):
    """How days at risk are counted.

    ``outcome`` is what is explained: ``missing``, or a kind of the tables' ``events`` that name a child, such as
    ``restraint``, of which own history and peers then speak as well. A child is at risk of it where it would be at risk
    of going missing: in a home, not away, and from when the kind was recorded. ``coverage_rule`` says what is done
    about residents whom the data do not see: ``keep`` leaves them out and flags their days; ``drop`` leaves out days of
    homes of which less than ``minimum_coverage`` is seen; ``bound`` refits with all of them never and always recent,
    two extreme assumptions that are both drawn towards 1 and so are no bounds; ``model`` draws their episodes from the
    model of the visible. Under the last two that answer is the primary one, and the estimate as recorded stands beside
    it. ``model`` takes a share ``occupancy`` of all registered places to hold a child, the figure of England if it is
    left out; give that of the sector your homes belong to where one is published, as the answer rests on it.
    ``period_days`` is the step of what changes slowly, staffing and age; ``cell_days`` is that of the effects of time:
    if it is left out, a week where a process of ``effects`` drifts, else the same. ``weak_homes`` says whether days in
    homes count that are known by their address only, not by a URN: two homes there would be taken for one.
    ``short_break_homes`` says whether stays in homes count that are registered for short breaks only: children go home
    between them, and are no peers who live together. ``school_holidays``, which formulas name as ``school_holiday``,
    are first and last days under the code of the authority that a home stands in, or under ``all`` for the others. They
    are declared, as authorities publish their own; days farther from any of them than the longest term between two are
    unrecorded.
    """

    outcome: str = Field(default=MISSING, pattern=f"^{WORD}$")
    categories: tuple[Literal["M", "A"], ...] = ("M", "A")
    boundary: Literal["ending", "starting", "drop"] = "ending"
    burn_in_days: int = Field(default=28, ge=0, le=730)
    initial: Literal["joint", "conditional"] = "joint"
    period_days: int = Field(default=28, ge=7, le=365)
    cell_days: int | None = Field(default=None, ge=1, le=365)
    coverage_rule: Literal["keep", "drop", "bound", "model"] = "keep"
    minimum_coverage: float = Field(default=0.8, ge=0, le=1)
    weak_homes: Literal["keep", "drop"] = "keep"
    short_break_homes: Literal["keep", "drop"] = "drop"
    occupancy: float | None = Field(default=None, gt=0, le=1)
    school_holidays: dict[str, tuple[tuple[dt.date, dt.date], ...]] = Field(default_factory=dict)

    _calendars = field_validator("school_holidays")(staticmethod(require_calendars))


class Effects(Config):
    """What children, homes, authorities and owners differ by, beyond the columns (docs/models.md has the equations).

    ``frailty`` is the law of a child's multiplier: ``gamma``, integrated out; ``log_normal``, sampled; ``low_risk``, a
    gamma of which a share of children has a small part, integrated out too. ``authority`` and ``owner`` add an effect
    of the authority that a home stands in and of the provider that runs it, both from the homes table. ``adults`` adds
    an effect of each adult on the day's shifts by their share of its hours, from ``staff_shifts``; no adult is told.
    ``peer_slope_by_home`` lets the effect of a model's peer exposure differ between homes; the rate ratio reported is
    that of the middle home. ``home_process`` is how a home changes: an effect of each of its ``periods``; ``drift``, a
    process of standard deviation ``sigma_period`` whose correlation is exp(-1) after ``home_process_days``; or
    ``none``. ``sector_process`` is how all homes change together: ``drift`` likewise, with ``sigma_sector`` and
    ``sector_process_days``. A process that drifts stands on cells of ``frame.cell_days``.
    """

    frailty: Literal["gamma", "log_normal", "low_risk"] = "gamma"
    authority: bool = False
    owner: bool = False
    adults: bool = False
    peer_slope_by_home: bool = False
    home_process: Literal["periods", "drift", "none"] = "periods"
    home_process_days: float = Field(default=14, gt=0, le=365)
    sector_process: Literal["drift", "none"] = "drift"
    sector_process_days: float = Field(default=28, gt=0, le=365)

    @property
    def drifts(self) -> bool:
        """Whether a process needs cells finer than the periods."""
        return "drift" in (self.home_process, self.sector_process)


class PriorChange(Config):
    """One replaced prior: ``mean`` and ``sd``, or ``median`` and ``sd_log`` of a log-normal, or ``fixed``.

    ``median`` and ``sd_log`` are for ``frailty_shape``, ``frailty_sd_log``, ``kernel_days`` and ``process_days``: the
    middle in the parameter's own unit, and the sd of its log. A standard deviation (``sigma_…``) has a half-normal
    prior: ``mean = 0`` and the sd of the normal that is folded at 0. A share has a beta with this mean and sd. Of a
    column, all speak of the log rate ratio per unit of the column as it is, where the prior that they replace speaks
    of one standard deviation (exposures and indicators: one unit); of the intercept, of the log rate per day where
    every column stands at its mean.
    """

    mean: float | None = None
    sd: float | None = Field(default=None, gt=0)
    median: float | None = Field(default=None, gt=0)
    sd_log: float | None = Field(default=None, gt=0)
    fixed: float | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        given = {name for name in ("mean", "sd", "median", "sd_log", "fixed") if getattr(self, name) is not None}
        if given not in ({"mean", "sd"}, {"median", "sd_log"}, {"fixed"}):
            raise ValueError("give mean and sd, or median and sd_log, or fixed")
        return self


class Priors(Config):
    """The prior set, and replacements by the name of a parameter or column."""

    use: Literal["weak", "informed"] = "weak"
    replace: dict[str, PriorChange] = Field(default_factory=dict)


class Withstands(Config):
    """Shocks that a home's children share, which the answer to H1 must withstand: their sd on the log rate, and the
    days after which their correlation is exp(-1). A shock that lasts L days and then changes counts as L / 2 of them.
    With ``sd = 0`` nothing is asked. A shock under which the answer fails does not count where the data speak against
    it: where they are less than ``left_open`` times as likely under it as under the likeliest (Berger and Boos 1994, J.
    Am. Stat. Assoc. 89); 0 counts all.
    """

    sd: float = Field(default=0.5, ge=0, le=2)
    left_open: float = Field(default=0.05, ge=0, lt=1)
    days: tuple[float, ...] = Field(default=(7.0, 14.0, 28.0), min_length=1, max_length=6)

    @field_validator("days")
    @classmethod
    def _lasting(cls, days: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 1 <= day <= 365 for day in days):
            raise ValueError("a shock's days lie between 1 and 365")
        return tuple(sorted(set(days)))


class Decision(Config):
    """The rule on a rate ratio, fixed beforehand (specification, section 6).

    ``interval_mass`` is that of every interval shown; 0.95 leaves out no effect where ``supported_probability`` of
    0.975 is reached.
    """

    supported_probability: float = Field(default=0.975, gt=0.5, lt=1)
    negligible_probability: float = Field(default=0.90, gt=0.5, lt=1)
    negligible_ratio: float = Field(default=1.1, gt=1)
    interval_mass: float = Field(default=INTERVAL_MASS, gt=0, lt=1)
    withstands: Withstands = Withstands()


class Sampling(Config):
    """The engine and its settings.

    ``nuts`` samples by nutpie: a fit that fails the gate is drawn anew with twice the draws and tuning, up to
    ``doublings`` times, before it is refused. ``laplace`` is the fast engine, importance-weighted nested Laplace: it
    takes ``draws * chains`` proposals, up to four times as many if only their effective number falls short. ``auto``
    takes the fast engine, and the sampler where that fails the gate. Draws are never chosen by their answer, only by
    the gate. ``target_accept`` left out is 0.8 where the sampler's coordinates are whitened, and 0.92 where they are
    not.
    """

    method: Method = "nuts"
    draws: int = Field(default=1000, ge=50)
    tune: int = Field(default=1000, ge=50)
    chains: int = Field(default=4, ge=2)
    target_accept: float | None = Field(default=None, gt=0.5, lt=1)
    doublings: int = Field(default=2, ge=0, le=5)


class Scores(Config):
    """Scores of prediction beside the answers.

    ``last_days``: how many days at the end of the record are predicted from a fit to those before, in whole cells of
    time; with 0, or where more than half of the record would be predicted, none are. It costs a fit of each model that
    is compared. It was 0 before the key was there.
    """

    last_days: int = Field(default=84, ge=0, le=3650)


class Gate(Config):
    """Diagnostics that a fit must pass before anyone reads its numbers.

    The largest R-hat of hundreds of home effects passes 1.01 by chance alone, so they have their own limit. The last
    three are the fast engine's: Pareto k of its weights (0.7: Vehtari et al. 2024, J. Mach. Learn. Res. 25), the
    share of a coefficient's posterior in one tail beyond 2.5 standard deviations of its proposals (a normal has 0.006),
    and the share of the posterior near 0 of a standard deviation that the draws lack. Of ``ess_min`` it meets the
    effective number of weighted draws. ``tail_share_max`` left out is the share that an interval leaves out on one
    side, (1 - ``decision.interval_mass``) / 2: with more of it there, the interval's end lies where proposals are few.
    It was 0.05 before; of 180 fits to worlds of 40 homes 0.05 refused one, and 0.025 two.
    """

    rhat_max: float = Field(default=1.01, gt=1)
    rhat_effects_max: float = Field(default=1.03, gt=1)
    ess_min: float = Field(default=400, gt=0)
    divergences_max: int = Field(default=0, ge=0)
    bfmi_min: float = Field(default=0.3, ge=0)
    tree_depth_share_max: float = Field(default=0.05, ge=0, le=1)
    k_hat_max: float = Field(default=0.7, gt=0, le=1)
    tail_share_max: float | None = Field(default=None, gt=0, le=1)
    edge_loss_max: float = Field(default=0.03, gt=0, le=1)
