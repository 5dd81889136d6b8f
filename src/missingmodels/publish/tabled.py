"""Tables of a run or a study: the numbers as they are, for programs, and as they are printed, for readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from missingmodels.config import nearest
from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.evidence.record import Evidence
from missingmodels.evidence.robustness.battery import BY_NAME
from missingmodels.models.catalogue.records import law_text
from missingmodels.models.priors.of_plan import plan_priors, scales_of
from missingmodels.plan import kept_plan
from missingmodels.publish.names import TABLES
from missingmodels.publish.reading import released_evidence, released_lines, released_table, study_summary
from missingmodels.report import words
from missingmodels.report.content import data_words
from missingmodels.report.diagnosed import gate_table
from missingmodels.report.figures.frames import effects, rates
from missingmodels.report.figures.of_many.studied import measures_frame
from missingmodels.report.figures.rates import changes
from missingmodels.report.lines import COEFFICIENT, headline, lines
from missingmodels.vocabulary import axis_name, column_label, unit_label


@dataclass(frozen=True, kw_only=True, eq=False)
class Tabled:
    """A table.

    Attributes
    ----------
    title, note : what stands above and below
    columns : headings of ``rows``; the first is that of the labels
    rows : text as it is printed, under the name of its group, empty for none
    numbers : headings of columns that are set to the right
    data : the same unrounded, one row a line
    """

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    numbers: frozenset[str]
    data: pd.DataFrame


def table_of(name: str, folder: Path) -> Tabled:
    """A table of what was released. Raises ConfigInvalid for an unknown name, InputError or CannotAnswer where the
    folder does not hold what it tells.
    """
    if name not in TABLES:
        raise ConfigInvalid(
            f"no table is called {name!r}{nearest(name, TABLES)}", remedy=f"choose one of {', '.join(TABLES)}"
        )
    if name == "power":
        return _power(study_summary(folder))
    if name == "robustness":
        return _robustness(folder)
    made = {
        "effects": effects_table,
        "rates": _rates,
        "sample": _sample,
        "priors": priors_table,
        "diagnostics": _diagnostics,
    }
    found = made[name](released_evidence(folder))
    if not found.rows:
        raise CannotAnswer(f"this run has released nothing that the table {name!r} would tell", where=str(folder))
    return found


def effects_table(evidence: Evidence) -> Tabled:
    """Every effect that has a verdict."""
    found = lines(evidence)
    shown = [(h, line) for h in ("H1", "H2") for line in headline(found, h)]
    heads = ("effect", "rate ratio", _interval(evidence), "P(stated side)", "P(negligible)", "verdict")
    rows = tuple(
        (
            _GROUPS[group],
            (
                words.typographic(line.row.label) + ("" if line.converged else " (not converged)"),
                words.ratio(line.row.median),
                words.interval(line.row),
                words.probability(words.stated_probability(line.row)),
                words.probability(line.row.rope_probability),
                line.row.verdict,
            ),
        )
        for group, line in shown
    )
    return Tabled(
        title="Effects of peers, staffing and placement mix on the rate of missing episodes",
        note=f"Posterior medians by the fits {_fits(line.fit for _, line in shown)}. H2 over the range in brackets. "
        f"{evidence.rule}",
        columns=heads,
        rows=rows,
        numbers=frozenset(heads[1:5]),
        data=effects(evidence),
    )


_GROUPS = {"H1": "H1: peers’ recent episodes", "H2": "H2: staffing, turnover and placement mix"}


def _fits(names: Any) -> str:
    return ", ".join(dict.fromkeys(names))


def _interval(evidence: Evidence) -> str:
    return words.interval_name(evidence.rows[0]) if evidence.rows else "interval"


def _rates(evidence: Evidence) -> Tabled:
    found = changes(evidence)
    heads = ("change", "expected", "difference", _interval(evidence))
    rows = tuple(
        (
            _GROUPS[one.hypothesis],
            (
                one.label,
                f"{one.expected:.1f}",
                words.signed(one.median, 1),
                f"{words.signed(one.low, 1)} to {words.signed(one.high, 1)}",
            ),
        )
        for one in found
    )
    now = next((one.as_observed for one in found if one.as_observed), "unrecorded")
    return Tabled(
        title="Episodes per 10 children a year under stated changes",
        note=f"As observed: {now}. Each row holds one thing in every home on every day and leaves all else as it was; "
        "an effect only as far as the association is one.",
        columns=heads,
        rows=rows,
        numbers=frozenset(heads[1:]),
        data=rates(evidence),
    )


def _sample(evidence: Evidence) -> Tabled:
    shown = [*data_words(evidence.data)]
    shown += [(f"recorded episodes: {name}", words.count(n)) for name, n in evidence.data.get("episodes", {}).items()]
    plain = {k: v for k, v in evidence.data.items() if not isinstance(v, Mapping)}
    parts = {f"{k}: {name}": n for k, v in evidence.data.items() if isinstance(v, Mapping) for name, n in v.items()}
    return Tabled(
        title="What the estimates rest on",
        note=_policy(evidence),
        columns=("quantity", "value"),
        rows=tuple(("", row) for row in shown),
        numbers=frozenset({"value"}),
        data=pd.DataFrame([*(plain | parts).items()], columns=["quantity", "value"]),
    )


def _policy(evidence: Evidence) -> str:
    held = evidence.disclosure or {}
    if not held.get("active"):
        return "Simulated data." if evidence.origin.get("kind") == "simulated" else ""
    return (
        f"Released under the policy “{held['policy']}”: counts below {held['minimum_count']} are blocked, others "
        f"rounded to {held['rounding']}."
    )


def priors_table(evidence: Evidence) -> Tabled:
    """The prior of each parameter, with its reason."""
    plan = kept_plan(evidence.plan)
    held = plan_priors(plan)
    columns = dict.fromkeys(row.name for row in evidence.rows if row.estimand == COEFFICIENT)
    own = [name for name in columns if name in held.coefficients]
    every = [("", "intercept", held.intercept), ("", "every other coefficient", held.coefficient)]
    every += [("columns", column_label(name), held.coefficients[name]) for name in own]
    every += [("scales", column_label(name), held[name]) for name in scales_of(plan.effects)]
    names = ["intercept", "coefficient", *own, *scales_of(plan.effects)]
    return Tabled(
        title=f"Priors: the set “{held.name}”",
        note="A coefficient’s prior speaks of the log rate ratio per unit of an indicator or exposure and per standard "
        "deviation of any other column; those of single columns per raw unit. Standard deviations are of the log rate.",
        columns=("parameter", "prior", "reason"),
        rows=tuple((group, (words.typographic(label), law_text(p), p.reason)) for group, label, p in every),
        numbers=frozenset(),
        data=pd.DataFrame(
            [
                {"parameter": name, "law": p.law, "mean": p.mean, "sd": p.sd, "reason": p.reason, "source": p.source}
                for name, (_, _, p) in zip(names, every, strict=True)
            ]
        ),
    )


def _diagnostics(evidence: Evidence) -> Tabled:
    found = gate_table(evidence)
    heads = ("fit", "gate", *(f"{head} {limit}".strip() for head, limit in found["heads"]))
    rows = tuple(("", (row["fit"], "passed" if row["converged"] else "failed", *row["cells"])) for row in found["rows"])
    return Tabled(
        title="Diagnostics of every fit",
        note=f"Worst value over all parameters of each fit, beside the plan’s limit. {found['engines']}".strip(),
        columns=heads,
        rows=rows,
        numbers=frozenset(heads[2:-2]),
        data=evidence.to_frame("fits"),
    )


def _robustness(folder: Path) -> Tabled:
    told, found = released_table(folder), released_lines(folder)
    heads = ("line", "rate ratio", "interval", "P or p", "verdict", "how often it says so where the truth is set")
    rows = []
    for row, line in zip(told, found, strict=True):
        tested = f"p {line.p_value:.3f}" if line.p_value is not None else words.probability(line.probability)
        sized = line.estimate is not None and line.low is not None and line.high is not None
        text = (
            words.typographic(line.line),
            words.ratio(line.estimate) if line.estimate is not None else "",
            f"{words.ratio(line.low or 0)} to {words.ratio(line.high or 0)}" if sized else "",
            tested,
            line.verdict,
            row["how_often"],
        )
        rows.append((words.typographic(BY_NAME[line.check].title), text))
    return Tabled(
        title="The answer on peers, questioned",
        note="Each line asks the same data in another way, by the fast engine.",
        columns=heads,
        rows=tuple(rows),
        numbers=frozenset(heads[1:4]),
        data=pd.DataFrame(told),
    )


_MEASURES = {"power": "power", "coverage": "coverage", "type_s": "wrong sign", "type_m": "exaggeration", "bias": "bias"}


def _power(found: Mapping[str, Any]) -> Tabled:
    axes = list(found["axes"])
    data = measures_frame(found)
    if data.empty:
        raise CannotAnswer("this study has no measures of power yet", remedy="let it finish: the same command goes on")
    own = data[data["rule"] == "plan"]
    heads = (*map(axis_name, axes), "worlds", *_MEASURES.values())
    rows = tuple((unit_label(str(row["quantity"])), _cells(row, axes)) for row in own.to_dict(orient="records"))
    return Tabled(
        title=f"Study “{found['name']}”: how often the rule says supported",
        note="± Monte Carlo error. " + " ".join(found.get("sentences", ())),
        columns=heads,
        rows=tuple(sorted(rows, key=lambda row: [r[0] for r in rows].index(row[0]))),
        numbers=frozenset(heads[1:]),
        data=data,
    )


def _cells(row: Mapping[Any, Any], axes: Sequence[str]) -> tuple[str, ...]:
    at = [f"{row[name]:g}" if isinstance(row[name], int | float) else str(row[name]) for name in axes]
    return (*at, f"{row['worlds']:,}", *(_measure(row[name], row[f"{name}_error"]) for name in _MEASURES))


def _measure(value: float | None, error: float | None) -> str:
    if value is None or value != value:
        return "–"
    return f"{words.signed(value, 3)}" + (f" ± {max(error, 0.001):.3f}" if error is not None and error == error else "")
