"""One home's network in its busiest week, as plain lists. Drawn for simulated data only: a real home is not shown."""

from __future__ import annotations

from typing import Any

import numpy as np

from missingmodels.frame.riskset import NO_HOME, RiskSet
from missingmodels.tables import Tables

WEEK = 7


def network_week(tables: Tables, risk: RiskSet) -> dict[str, Any] | None:
    """Residents, ties and onsets of the home and week with most onsets; None for data that are not simulated."""
    if not tables.simulated:
        return None
    home, first = _busiest(risk)
    if home is None:
        return None
    days = np.arange(first, min(first + WEEK, risk.days))
    here = np.flatnonzero((risk.residence[:, days] == home).any(axis=1))
    letter = {int(child): chr(ord("A") + i) for i, child in enumerate(here)}
    return {
        "days": [str(d) for d in (days + risk.first_day).astype("datetime64[D]")],
        "children": [
            {
                "label": letter[int(child)],
                "onset_days": np.flatnonzero(risk.onset[child, days]).tolist(),
                "resident_days": np.flatnonzero(risk.residence[child, days] == home).tolist(),
                "away_days": np.flatnonzero(
                    (risk.residence[child, days] == home) & (risk.days_at_risk[child, days] == 0)
                ).tolist(),
            }
            for child in here
        ],
        "ties": _ties(tables, risk, letter, days),
    }


def _busiest(risk: RiskSet) -> tuple[int | None, int]:
    """The home and first day of the week with most onsets; the earliest of equals."""
    child, day = np.nonzero(risk.onset & (risk.residence != NO_HOME))
    if not child.size:
        return None, 0
    count = np.zeros((len(risk.home_ids), risk.days + 1), dtype=np.int64)
    np.add.at(count, (risk.residence[child, day], day + 1), 1)
    total = count.cumsum(axis=1)
    span = min(WEEK, risk.days)
    week = total[:, span:] - total[:, :-span]
    home, first = np.unravel_index(int(np.argmax(week)), week.shape)
    return int(home), int(first)


def _ties(tables: Tables, risk: RiskSet, letter: dict[int, str], days: np.ndarray) -> list[dict[str, Any]]:
    at = {child: i for i, child in enumerate(risk.child_ids)}
    start, stop = (np.datetime64(int(d) + risk.first_day, "D") for d in (days[0], days[-1] + 1))
    frame = tables["ties"]
    during = frame[(frame["start_date"] < stop) & ~(frame["end_date"] <= start)]
    strongest: dict[tuple[str, str], float] = {}
    for row in during[during["kind"] == "home"].itertuples():
        a, b = at.get(str(row.child_a), -1), at.get(str(row.child_b), -1)
        if a in letter and b in letter:
            # a tie that grows has a row for each period
            pair = letter[a], letter[b]
            strongest[pair] = max(float(row.strength), strongest.get(pair, 0.0))
    return [{"a": a, "b": b, "strength": strength} for (a, b), strength in strongest.items()]
