"""RiskSet: who lived where, who was at risk, and which onsets happened, as grids of children by days.

Specification, section 1. Day columns count from the first observed day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.frame.columns.arrays import places, rows_of
from missingmodels.frame.columns.happened import event_days, recorded_from
from missingmodels.frame.columns.lives import Lives
from missingmodels.frame.columns.of_peers.witnessed import Witnessed
from missingmodels.frame.columns.stays import in_short_break_homes, stays_in_homes, weak_homes
from missingmodels.intervals import UNRECORDED_DAY, expand, to_day
from missingmodels.plan import MISSING, Frame
from missingmodels.tables import Tables

NO_HOME = -1


@dataclass(frozen=True, kw_only=True)
class RiskSet:
    """Children (C) by observed days (D). Only children who lived in a home on some observed day are held.

    Attributes
    ----------
    first_day : day number of column 0
    residence : (C, D) index into ``home_ids``, ``NO_HOME`` for none
    stay : (C, D) row of the placements table that the child lives there by, -1 for none
    since_arrival : (C, D) days since the child came to live in the home; temporary absences do not start it anew
    days_at_risk : (C, D) 1, ½ on a return day, else 0
    onset : (C, D) an episode starts while the child is at risk in a home
    home_units : by term of one's own, the unit of each home by its id
    outcome : what an onset is: ``missing``, or a kind of events
    onset_anywhere : (C, D) an episode starts, wherever the child lives; what history and peers see
    missing : (C, D) a missing episode starts, wherever the child lives
    same_day_repeats : (C, D) further episodes that start on a day with an onset
    joint : (C, D) an onset on a day on which another resident of the home has one too
    known_days : (C, D) days of the child's own record before the day
    out_of_area : (C, D) 1 where the stay is out of area, 0 where not, NaN where unrecorded or in no home
    occupancy : (H, D) residents, or registered places where other authorities' children are not seen
    occupancy_recorded : (H, D) False where neither is known, and ``occupancy`` holds the visible residents alone
    coverage : (H, D) visible residents over occupancy; NaN for an empty home and where it is not recorded
    before_window : (D,) True in the burn-in
    notes : what happened to each episode, as counts by reason
    """

    child_ids: tuple[str, ...]
    home_ids: tuple[str, ...]
    first_day: int
    period_days: int
    cell_days: int
    residence: np.ndarray
    stay: np.ndarray
    since_arrival: np.ndarray
    days_at_risk: np.ndarray
    onset: np.ndarray
    onset_anywhere: np.ndarray
    missing: np.ndarray
    same_day_repeats: np.ndarray
    joint: np.ndarray
    known_days: np.ndarray
    out_of_area: np.ndarray
    occupancy: np.ndarray
    occupancy_recorded: np.ndarray
    coverage: np.ndarray
    before_window: np.ndarray
    notes: Mapping[str, int]
    home_units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    outcome: str = MISSING

    @cached_property
    def lives(self) -> Lives:
        """The child-days lived in homes."""
        return Lives.of(self.residence, len(self.home_ids))

    @cached_property
    def witnessed(self) -> Witnessed:
        """The onsets and who saw them."""
        return Witnessed.of(self.lives, self.onset_anywhere)

    @property
    def days(self) -> int:
        """D."""
        return int(self.residence.shape[1])

    @property
    def periods(self) -> int:
        """Number of periods that the observed span touches."""
        return -(-self.days // self.period_days)

    @property
    def period_of_cells(self) -> np.ndarray:
        """(T,) period that each cell of time lies in, by its first day."""
        return np.arange(self.cells) * self.cell_days // self.period_days

    @property
    def cells(self) -> int:
        """Cells of the effects of time."""
        return -(-self.days // self.cell_days)

    @property
    def resident_days(self) -> int:
        """Resident-days of the window, burn-in left out."""
        return int((self.residence[:, ~self.before_window] != NO_HOME).sum())


def build_risk_set(tables: Tables, settings: Frame) -> RiskSet:
    """The risk set of valid Tables.

    Raises CannotAnswer if nobody lives in a home in the observed span or the burn-in leaves no window.
    """
    days = tables.end_day - tables.first_day
    if settings.burn_in_days >= days:
        raise CannotAnswer(
            f"the burn-in of {settings.burn_in_days} days covers all {days} observed days",
            remedy="observe for longer, or set frame.burn_in_days lower",
        )
    stays = stays_in_homes(tables)
    short_breaks = 0
    if settings.short_break_homes == "drop":
        brief = in_short_break_homes(tables, stays)
        stays, short_breaks = stays[~brief].reset_index(drop=True), int(brief.sum())
    if stays.empty:
        only = ", other than one registered for short breaks only" if short_breaks else ""
        raise CannotAnswer(
            f"no child lives in a children's home{only} in the observed span",
            remedy="check that placements carry a home_id and that the observed span is right",
        )
    child_ids, stays["child"] = np.unique(stays["child_id"].to_numpy(dtype=str), return_inverse=True)
    home_ids, stays["home"] = np.unique(stays["home_id"].to_numpy(dtype=str), return_inverse=True)
    absences, notes = episode_days(tables, settings, child_ids)
    episodes = absences
    if settings.outcome != MISSING:
        episodes, notes = event_days(tables, settings.outcome, child_ids)
    if short_breaks:
        notes["stays dropped in homes registered for short breaks only"] = short_breaks
    residence, stay = _residence(stays, child_ids.size, days)
    notes |= _settle_boundaries(residence, stay, stays, episodes, settings.boundary)
    since = recorded_from(tables, "events", settings.outcome)
    known_days, recorded_yet = _known_days(tables, child_ids, days, since=since)
    at_risk = np.where(recorded_yet, days_at_risk(residence, absences, dropped=episodes[episodes["dropped"]]), 0.0)
    counts = _starts(episodes[episodes["counts"]], residence.shape)
    visible = _residents(residence, home_ids.size)
    occupancy, recorded = _occupancy(tables, home_ids, visible)
    coverage = np.divide(visible, occupancy, out=np.full(visible.shape, np.nan), where=(visible > 0) & recorded)
    if settings.coverage_rule == "drop":
        hidden = low_coverage(residence, coverage, settings)
        notes["days at risk dropped for low coverage"] = int((at_risk[hidden] > 0).sum())
        at_risk[hidden] = 0.0
    if settings.weak_homes == "drop":
        hidden = (residence != NO_HOME) & weak_homes(tables, home_ids)[residence]
        notes["days at risk dropped for homes known by address only"] = int((at_risk[hidden] > 0).sum())
        at_risk[hidden] = 0.0
    onset = (counts > 0) & (at_risk > 0)
    notes |= _account(episodes, residence, at_risk, onset)
    together = _residents(np.where(onset, residence, NO_HOME), home_ids.size)
    return RiskSet(
        child_ids=tuple(child_ids),
        home_ids=tuple(home_ids),
        first_day=tables.first_day,
        period_days=settings.period_days,
        cell_days=settings.cell_days or settings.period_days,
        residence=residence,
        stay=np.append(stays["row"].to_numpy(), NO_HOME)[stay].astype(np.int32),
        since_arrival=np.arange(days) - np.append(stays["arrival"].to_numpy(), 0)[stay],
        days_at_risk=at_risk,
        onset=onset,
        outcome=settings.outcome,
        onset_anywhere=counts > 0,
        missing=_starts(absences[absences["counts"]], residence.shape) > 0,
        same_day_repeats=np.where(onset, np.maximum(counts - 1, 0), 0),
        joint=onset & (together[residence, np.arange(days)] > 1),
        known_days=known_days,
        out_of_area=np.append(stays["out_of_area"].to_numpy(), np.nan)[stay],
        occupancy=occupancy,
        occupancy_recorded=recorded,
        coverage=coverage,
        before_window=np.arange(days) < settings.burn_in_days,
        notes=notes,
    )


def episode_days(tables: Tables, settings: Frame, child_ids: np.ndarray) -> tuple[pd.DataFrame, dict[str, int]]:
    """Episodes of the children held, as day offsets; ``counts`` marks the categories that are the outcome."""
    frame = tables["missing_episodes"]
    at = places(child_ids, frame["child_id"])
    last = to_day(frame["end_date"])
    span = tables.end_day - tables.first_day
    episodes = pd.DataFrame(
        {
            "child": at,
            "start": to_day(frame["start_date"]) - tables.first_day,
            "end": np.where(last == UNRECORDED_DAY, span + 1, last - tables.first_day),
            "counts": frame["category"].isin(settings.categories).to_numpy(dtype=bool),
        }
    )
    unplaced = at < 0
    outside = ~unplaced & (episodes["start"] >= span)
    notes = {
        "episodes in the tables": len(episodes),
        "episodes of children who lived in no home": int(unplaced.sum()),
        "episodes that start after the observed span": int(outside.sum()),
    }
    return episodes[~unplaced & ~outside].reset_index(drop=True), notes


def _residence(stays: pd.DataFrame, children: int, days: int) -> tuple[np.ndarray, np.ndarray]:
    """(C, D) home and row of ``stays`` on each day, ``NO_HOME`` and -1 for none."""
    residence = np.full((children, days), NO_HOME, dtype=np.int32)
    at = np.full((children, days), -1, dtype=np.int32)
    stay, day = expand(np.maximum(stays["start"].to_numpy(), 0), np.minimum(stays["end"].to_numpy(), days))
    child = stays["child"].to_numpy()[stay]
    residence[child, day] = stays["home"].to_numpy()[stay]
    at[child, day] = stay
    return residence, at


def _settle_boundaries(
    residence: np.ndarray, stay: np.ndarray, stays: pd.DataFrame, episodes: pd.DataFrame, rule: str
) -> dict[str, int]:
    """Give an episode that starts on the day a stay ends to the home left, the home entered, or to none.

    A stay that another follows in the same home is no boundary.
    """
    days = residence.shape[1]
    ended = np.flatnonzero((stays["end"] < days).to_numpy())
    key = stays["child"].to_numpy()[ended] * days + stays["end"].to_numpy()[ended]
    order = np.argsort(key, kind="stable")
    ended, key = ended[order], key[order]
    start = episodes["start"].to_numpy()
    wanted = np.where(start >= 0, episodes["child"].to_numpy() * days + start, -1)
    episode, at = expand(np.searchsorted(key, wanted, side="left"), np.searchsorted(key, wanted, side="right"))
    left, home = ended[at], stays["home"].to_numpy()[ended[at]]
    child, day = episodes["child"].to_numpy()[episode], start[episode]
    moved = residence[child, day] != home
    if rule == "ending":
        residence[child[moved], day[moved]] = home[moved]
        stay[child[moved], day[moved]] = left[moved]
    dropped = np.zeros(len(episodes), dtype=bool)
    dropped[episode[moved]] = rule == "drop"
    episodes["dropped"] = dropped
    return {f"episodes on a moving day (rule: {rule})": int(moved.sum())}


def days_at_risk(residence: np.ndarray, episodes: pd.DataFrame, *, dropped: pd.DataFrame | None = None) -> np.ndarray:
    """(C, D) 1 if resident and not missing at the start of the day, ½ on a return day, else 0.

    0 on the days of onsets that a rule has ``dropped``.
    """
    days = residence.shape[1]
    risk = (residence != NO_HOME).astype(float)
    child, start, end = (episodes[name].to_numpy() for name in ("child", "start", "end"))
    back = (end > start) & (end >= 0) & (end < days)
    risk[child[back], end[back]] = np.minimum(risk[child[back], end[back]], 0.5)
    episode, day = expand(np.maximum(start + 1, 0), np.minimum(end, days))
    risk[child[episode], day] = 0.0
    if dropped is not None:
        gone = dropped[dropped["start"] >= 0]
        risk[gone["child"], gone["start"]] = 0.0
    return risk


def low_coverage(residence: np.ndarray, coverage: np.ndarray, settings: Frame) -> np.ndarray:
    """(C, D) days lived in a home of which less than ``minimum_coverage`` is seen."""
    # coverage that is not recorded cannot be shown to suffice
    low = np.nan_to_num(coverage, nan=0.0) < settings.minimum_coverage
    return np.asarray((residence != NO_HOME) & low[residence, np.arange(residence.shape[1])])


def _starts(episodes: pd.DataFrame, shape: tuple[int, int]) -> np.ndarray:
    """(C, D) number of episodes that start."""
    counts = np.zeros(shape, dtype=np.int64)
    seen = episodes[episodes["start"] >= 0]
    np.add.at(counts, (seen["child"].to_numpy(), seen["start"].to_numpy()), 1)
    return counts


def _account(episodes: pd.DataFrame, residence: np.ndarray, at_risk: np.ndarray, onset: np.ndarray) -> dict[str, int]:
    """Where each episode of a child held went; the counts add up to their number."""
    started = episodes["start"] >= 0
    other = started & ~episodes["counts"]
    rest = episodes[started & episodes["counts"]]
    child, day = rest["child"].to_numpy(), rest["start"].to_numpy()
    homeless = residence[child, day] == NO_HOME
    away = ~homeless & (at_risk[child, day] == 0)
    first = ~rest.duplicated(["child", "start"]).to_numpy()
    used = onset[child, day]
    return {
        "episodes that start before the observed span": int((~started).sum()),
        "episodes of a category that is not the outcome": int(other.sum()),
        "episodes that start outside any home": int(homeless.sum()),
        "episodes that start on a day not at risk (missing, not recorded yet, or dropped by a rule)": int(away.sum()),
        "same-day repeats": int((used & ~first).sum()),
        "onsets": int((used & first).sum()),
    }


def _residents(residence: np.ndarray, homes: int) -> np.ndarray:
    """(H, D) number of children in each home on each day."""
    lives = Lives.of(residence, homes)
    return np.bincount(lives.cell, minlength=homes * residence.shape[1]).reshape(homes, -1)


def _occupancy(tables: Tables, home_ids: np.ndarray, visible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, D) occupancy and whether it is recorded.

    Where other authorities' children are not seen, registered places bound the residents from above; without places
    the visible residents are all that is known.
    """
    if tables.all_residents:
        return visible, np.ones(visible.shape, dtype=bool)
    occupancy, recorded = visible.copy(), np.zeros(visible.shape, dtype=bool)
    homes = tables["homes"].dropna(subset=["places"])
    at = places(home_ids, homes["home_id"])
    start = to_day(homes["valid_from"]) - tables.first_day
    last = to_day(homes["valid_to"])
    end = np.where(last == UNRECORDED_DAY, visible.shape[1], last - tables.first_day)
    beds = homes["places"].to_numpy(dtype=np.int64)
    for home, first, stop, held in zip(at, np.maximum(start, 0), np.maximum(end, 0), beds, strict=True):
        if home >= 0:
            occupancy[home, first:stop] = np.maximum(visible[home, first:stop], held)
            recorded[home, first:stop] = True
    return occupancy, recorded


def _known_days(
    tables: Tables, child_ids: np.ndarray, days: int, *, since: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """(C, D) days before each day on which the child's episodes were being recorded, and whether the day itself is.

    ``since`` is the day from which the outcome was, where one is declared.
    """
    frame = tables["children"]
    first = to_day(frame["recorded_from"])[rows_of(frame["child_id"], child_ids)]
    start = np.maximum(first - tables.first_day, since or 0)[:, None]
    day = np.arange(days)[None, :]
    return np.maximum(day - start, 0), day >= start
