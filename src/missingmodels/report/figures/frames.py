"""What each figure shows, as a data frame: one row a mark, so that anybody can draw it anew or check a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from missingmodels.evidence.record import Evidence
from missingmodels.evidence.robustness.operating import of_size
from missingmodels.report import words
from missingmodels.report.figures.rates import changes
from missingmodels.report.lines import headline, lines

_EFFECT = (
    "hypothesis", "label", "model", "exposure", "role", "name", "median", "interval_low", "interval_high",
    "interval_mass", "expected", "rope_low", "rope_high", "rope_probability", "verdict", "remark",
)  # fmt: skip


def effects(evidence: Evidence) -> pd.DataFrame:
    """Every effect that has a verdict: rate ratio, interval, probability of the stated side, and whether its fit
    passed the gate.
    """
    found = lines(evidence)
    shown = [line for hypothesis in ("H1", "H2") for line in headline(found, hypothesis)]
    rows = [
        {name: getattr(line.row, name) for name in _EFFECT}
        | {"probability_of_stated_side": words.stated_probability(line.row), "converged": line.converged}
        for line in shown
    ]
    return pd.DataFrame(rows, columns=[*_EFFECT, "probability_of_stated_side", "converged"])


def rates(evidence: Evidence) -> pd.DataFrame:
    """Of each stated change the difference in episodes per 10 children a year with its interval, and the rate then."""
    rows = [
        {
            "hypothesis": one.hypothesis,
            "change": one.label,
            "fit": one.fit,
            "difference_per_10_children_per_year": one.median,
            "low": one.low,
            "high": one.high,
            "expected_per_10_children_per_year": one.expected,
            "converged": one.converged,
        }
        for one in changes(evidence)
    ]
    return pd.DataFrame(rows)


def dose(evidence: Evidence) -> pd.DataFrame:
    """Onsets over expected by number of recently missing peers (``panel`` observed), and fitted rate ratios."""
    held = evidence.figures["dose"]
    bins = [
        {
            "panel": "observed",
            "model": held["model"],
            "peers": name,
            "onsets": held["onsets"][i],
            "days_at_risk": held["days_at_risk"][i],
            **_band(held["ratio"], i),
        }
        for i, name in enumerate(held["bins"])
    ]
    fitted = [
        {"panel": "fitted", "model": c["model"], "exposure": c["exposure"], "x": x, **_band(c["ratio"], i)}
        for c in evidence.figures.get("curves", ())
        for i, x in enumerate(c["x"])
    ]
    return pd.DataFrame([*bins, *fitted])


def _band(held: Mapping[str, Any], at: int) -> dict[str, float]:
    return {part: held[part][at] for part in ("median", "low", "high")}


def homes(evidence: Evidence) -> pd.DataFrame:
    """Each home's effect on the log rate and the resident-years it rests on; homes carry no labels."""
    held = evidence.figures["homes"]
    years = held["years_at_risk"]
    return pd.DataFrame([{"resident_years": y, **_band(held["effect"], i)} for i, y in enumerate(years)])


def network(evidence: Evidence) -> pd.DataFrame:
    """Of a simulated home's week: a row for each child and day (``part`` day), and for each tie."""
    held = evidence.figures["network"]
    days = [
        {"part": "day", "child": child["label"], "day": day}
        | {state: at in child[f"{state}_days"] for state in ("resident", "away", "onset")}
        for child in held["children"]
        for at, day in enumerate(held["days"])
    ]
    ties = [{"part": "tie", "child": t["a"], "other": t["b"], "strength": t["strength"]} for t in held["ties"]]
    return pd.DataFrame([*days, *ties])


def predictive(evidence: Evidence) -> pd.DataFrame:
    """Share of children by number of episodes: observed, and replicated with its interval."""
    held = evidence.figures["predictive"]
    return pd.DataFrame(
        [
            {"episodes": name, "observed": held["observed"][i], **_band(held["replicated"], i)}
            for i, name in enumerate(held["bins"])
        ]
    )


def diagnostics(evidence: Evidence) -> pd.DataFrame:
    """Thinned draws of the scales and of each exposure's coefficient, by fit and chain."""
    return pd.DataFrame(list(_draws(evidence.figures["diagnostics"])))


def _draws(fits: Any) -> Iterator[dict[str, Any]]:
    for fit in fits:
        for name, chains in fit["traces"].items():
            for chain, values in enumerate(chains):
                for at, value in enumerate(values):
                    place = {"model": fit["model"], "exposure": fit["exposure"], "quantity": name}
                    yield place | {"chain": chain, "draw": at, "value": value}


def frontier_cells(table: pd.DataFrame, homes: int) -> pd.DataFrame:
    """The cells that the map shows: those measured in the number of homes nearest to the data's."""
    return of_size(table, homes).reset_index(drop=True)
