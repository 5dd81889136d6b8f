"""Design: rows and a formula as a matrix, with the day-weighted standardisation that the sampler sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.frame.design_matrix import DesignMatrix, Group
from missingmodels.frame.model_matrix import columns_of, complete, onset_standardisation, varying
from missingmodels.frame.rows import FACTORS, ROTA, Rows, read_terms
from missingmodels.parameters import Array, Parameters


@dataclass(frozen=True, kw_only=True)
class Design(DesignMatrix):
    """The data of one onset model. R rows, P columns, sorted by child.

    Centre and scale are weighted by days at risk, so that splitting a row changes nothing.

    Attributes
    ----------
    child, home, period : (R,) indices
    onsets, days, days_at_risk : (R,)
    burn_in : (R,) rows of the burn-in; estimands speak of the window and leave them out
    before_window : (R,) rows that only update the frailties: those of the burn-in in a conditional fit
    constants : columns left out because they never vary, with their value
    groups : authority, owner and adults on shift of each row (R,), where the plan gives them effects
    slope_of : the column whose effect differs between homes, empty for none
    """

    formula: str
    child: np.ndarray
    home: np.ndarray
    period: np.ndarray
    onsets: np.ndarray
    days: np.ndarray
    days_at_risk: np.ndarray
    burn_in: np.ndarray
    before_window: np.ndarray
    child_ids: tuple[str, ...]
    home_ids: tuple[str, ...]
    periods: int
    constants: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    slope_of: str = ""

    def __repr__(self) -> str:
        units = f"{len(self.child_ids):,} children, {len(self.home_ids)} homes, {self.periods} periods"
        return f"Design: {self.onsets.size:,} rows, {units}\n  columns: {', '.join(self.names)}"

    @cached_property
    def units(self) -> Mapping[str, Group]:
        """What rows belong to: child, home, time, cell (a home's time), and what the plan adds."""
        cells = tuple(f"{home} {period}" for home in self.home_ids for period in range(self.periods))
        return {
            "child": Group(index=self.child, ids=self.child_ids),
            "home": Group(index=self.home, ids=self.home_ids),
            "time": Group(index=self.period, ids=tuple(map(str, range(self.periods)))),
            "cell": Group(index=self.home * self.periods + self.period, ids=cells),
            **self.groups,
        }

    @property
    def counted(self) -> np.ndarray:
        """(R,) onsets that are data: those before the window only update the frailties."""
        return np.where(self.before_window, 0, self.onsets).astype(float)

    @property
    def log_size(self) -> np.ndarray:
        """(R,) log days, the offset of η."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.days))

    @property
    def window_days(self) -> np.ndarray:
        """(R,) days at risk inside the window, 0 for rows of the burn-in: the weight of every estimand."""
        return np.where(self.burn_in, 0.0, self.days_at_risk)

    def interquartile_range(self, name: str) -> tuple[float, float]:
        """Quartiles of a column over the window's days at risk."""
        values, weight = self.column(name), self.window_days
        order = np.argsort(values, kind="stable")
        share = np.cumsum(weight[order]) / weight.sum()
        low, high = (values[order][np.searchsorted(share, q)] for q in (0.25, 0.75))
        return float(low), float(high)

    def log_rate(self, parameters: Parameters, *, held: dict[str, float] | None = None) -> Array:
        """(S, R) log intensity per day without frailty, with the columns in ``held`` set to the values given.

        An interaction follows the columns that it is made of, so it is recomputed where one of them is held.
        Raises ValueError for parameters of another model: effects of columns that the design does not hold, or other
        periods; KeyError for a column whose effect the parameters do not state.
        """
        self._require_same_model(parameters)
        effects = np.column_stack([parameters.coefficient(name) for name in self.names])
        eta = parameters.intercept[:, None] + effects @ self.matrix.T
        for name, value in self.constants.items():
            if name in parameters.coefficients:
                eta += value * parameters.coefficients[name][:, None]
        cells = parameters.home_of(self.home_ids)[:, :, None] + parameters.home_period_of(self.home_ids)
        # one gather of whole cells: rows outnumber them, and a gather by two indices is several times slower
        eta += np.take(cells.reshape(parameters.draws, -1), self.home * self.periods + self.period, axis=1)
        for name, group in self.groups.items():
            eta += group.taken(parameters.effect_of(name, group.ids))
        if self.slope_of:
            slope = parameters.effect_of("peer_slope", self.home_ids)
            eta += np.take(slope, self.home, axis=1) * self.column(self.slope_of)
        return eta + self.change(parameters, held) if held else eta

    def change(self, parameters: Parameters, held: Mapping[str, float]) -> Array:
        """(S, R) what is added to ``log_rate`` when the columns in ``held`` are set to the values given."""
        moved = self._with(held) - self.matrix
        at = np.flatnonzero(moved.any(axis=0))
        effects = np.column_stack(
            [np.empty((parameters.draws, 0)), *(parameters.coefficient(self.names[i]) for i in at)]
        )
        eta: Array = effects @ moved[:, at].T
        if self.slope_of:
            slope = parameters.effect_of("peer_slope", self.home_ids)
            eta += np.take(slope, self.home, axis=1) * moved[:, self.names.index(self.slope_of)]
        return eta

    def _with(self, held: Mapping[str, float]) -> np.ndarray:
        """(R, P) raw columns with some held at a value, and the interactions that those are part of."""
        matrix = self.matrix.copy()
        for name, value in held.items():
            matrix[:, self.names.index(name)] = value
        for at, name in enumerate(self.names):
            parts = name.split(":")
            moved = any(part in held or FACTORS.get(part, ("", 1.0))[0] in held for part in parts)
            if len(parts) > 1 and moved and name not in held:
                matrix[:, at] = np.prod([self._factor(part, held) for part in parts], axis=0)
        return matrix

    def _factor(self, name: str, held: Mapping[str, float]) -> np.ndarray:
        """(R,) one factor of an interaction: held, a column, a constant, or a column times a number."""
        if name in held:
            return np.full(self.onsets.size, held[name])
        if name in self.names:
            return self.column(name)
        if name in self.constants:
            return np.full(self.onsets.size, self.constants[name])
        if name in FACTORS:
            column, sign = FACTORS[name]
            return sign * self._factor(column, held)
        raise ValueError(f"an interaction holds {name!r}, which is no column of the design, so none of it can be held")

    def _require_same_model(self, parameters: Parameters) -> None:
        held = {*self.names, *self.constants}
        strange = [name for name, v in parameters.coefficients.items() if name not in held and np.any(v != 0)]
        if strange:
            raise ValueError(f"the parameters state effects that the design does not hold: {', '.join(strange)}")
        known = {*self.groups, *(("peer_slope",) if self.slope_of else ())}
        strange = [name for name, e in parameters.effects.items() if name not in known and np.any(e.values != 0)]
        if strange:
            raise ValueError(f"the parameters state effects by {', '.join(strange)}, which the design does not hold")
        if parameters.home_period.shape[2] != self.periods:
            raise ValueError(
                f"the parameters have {parameters.home_period.shape[2]} periods, the design {self.periods}"
            )


def build_design(rows: Rows, formula: str, *, conditional: bool = False, slope_of: str = "") -> Design:
    """The design of one formula, with the effect of ``slope_of`` differing between homes.

    With ``conditional`` the rows before the window only update the frailties; otherwise they are data like any other,
    their unknown history flagged. Columns without variation are left out and named in ``notes``; unrecorded values
    stand at the mean beside an indicator. Raises ConfigInvalid for a formula that does not read or that groups.
    A slope of a column that does not vary is no slope.
    """
    frame, notes = complete(rows.frame, formula)
    terms = read_terms(formula).terms
    lost = [term for term in terms if term.columns & frame.attrs["absent"]]
    weight = frame["days_at_risk"].to_numpy(dtype=float)
    table = columns_of(frame, [term for term in terms if term not in lost], weight)
    for name in frame.attrs["indicators"]:
        if not any(np.array_equal(frame[name], table[other]) for other in table):
            table[name] = frame[name]
    burn_in = frame["before_window"].to_numpy(dtype=bool)
    keep, constants = varying(table, np.where(burn_in & conditional, 0.0, weight))
    if constants:
        notes.append(f"left out, the same for every day at risk: {', '.join(constants)}")
    matrix = table[keep].to_numpy(dtype=float)
    centre, scale = onset_standardisation(matrix, keep, weight, frame.attrs["filled_flags"])
    return Design(
        formula=formula,
        names=tuple(keep),
        matrix=matrix,
        centre=centre,
        scale=scale,
        child=frame["child"].to_numpy(dtype=np.int64),
        home=frame["home"].to_numpy(dtype=np.int64),
        period=frame["period"].to_numpy(dtype=np.int64),
        onsets=frame["onsets"].to_numpy(dtype=np.int64),
        days=frame["days"].to_numpy(dtype=float),
        days_at_risk=weight,
        burn_in=burn_in,
        before_window=burn_in & conditional,
        child_ids=rows.child_ids,
        home_ids=rows.home_ids,
        periods=rows.periods,
        notes=(*rows.notes, *notes),
        constants=constants,
        groups={
            name: group.at(frame["home"].to_numpy(np.int64), frame["period"].to_numpy(np.int64))
            for name, group in rows.groups.items()
        }
        | ({} if rows.adults is None else {"adult": rows.adults.at(frame[ROTA].to_numpy(np.int64))}),
        slope_of=slope_of if slope_of in keep else "",
    )


def require_contrast(design: Design, exposure: str) -> None:
    """Raise CannotAnswer in one sentence if the window holds no contrast in the peer exposure."""
    if exposure in design.names:
        inside = design.column(exposure)[design.window_days > 0]
        if inside.size and inside.max() > inside.min():
            return
    alone = "no_peers" not in design.names and _never_shared(design)
    why = "no two children ever live in one home at the same time" if alone else f"{exposure} never varies"
    raise CannotAnswer(
        f"these data cannot answer H1: {why}, so no child is ever at risk beside a recently missing peer",
        remedy="use data that hold all residents of the homes (pool the authorities, or ask the provider)",
    )


def require_structure(design: Design) -> None:
    """Raise CannotAnswer in one sentence if the data hold no variation in any structure variable."""
    if any(name.endswith(("_between", "_within")) for name in design.names):
        return
    raise CannotAnswer(
        "these data cannot answer H2: no structure variable of the plan is recorded and varies",
        remedy="supply staffing tables, or ask for H1 alone with models = ['M0', 'M1']",
    )


def _never_shared(design: Design) -> bool:
    pairs = pd.DataFrame({"home": design.home, "period": design.period, "child": design.child})
    return bool((pairs.groupby(["home", "period"])["child"].nunique() <= 1).all())
