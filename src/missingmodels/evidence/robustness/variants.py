"""The same question asked in other ways: other windows, periods, counting rules, contrasts and laws."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from missingmodels.errors import CannotAnswer, ConfigInvalid, DiagnosticsFailed
from missingmodels.evidence.robustness.bench import UNSEEN, Bench, Line, judged, nothing, unlike
from missingmodels.fitting.fit import Fit
from missingmodels.frame.placebo import lagged_presence, without_joint_departures
from missingmodels.frame.riskset import RiskSet
from missingmodels.frame.rows import model_terms
from missingmodels.plan import MISSING, Method, Plan
from missingmodels.vocabulary.frailty import FRAILTY

WINDOWS = (3, 7, 14, 28)
PERIODS = (0, 91, 28, 14, 7)  # days; 0 for home effects only
LAGS = ((1, 3), (4, 7), (8, 14), (15, 28))
OWN = "the plan’s own choice"
AS_RECORDED = "as recorded: the run’s answer takes unseen peers into account, the lines of this page do not"
ERRORS = (CannotAnswer, ConfigInvalid, DiagnosticsFailed)


def primary(bench: Bench) -> list[Line]:
    """The plan's own question, by the fast engine."""
    remark = AS_RECORDED if UNSEEN in bench.left_out else ""
    return [judged(bench.main(), bench.exposure, bench.rule, check="primary", line="as the plan asks", remark=remark)]


def effective_period(plan: Plan) -> int:
    """Days that the home-period effects of a plan last; 0 where it has none, or holds their sd at 0."""
    held = plan.priors.replace.get("sigma_period")
    none = plan.effects.home_process == "none" or (held is not None and held.fixed == 0)
    return 0 if none else plan.frame.period_days


def period_changes(plan: Plan, period: int) -> dict[str, Any]:
    """What a plan changes to let home effects last so many days; 0 leaves out what is shorter than the window."""
    if period == effective_period(plan):
        return {}
    replaced = {name: prior.model_dump() for name, prior in plan.priors.replace.items()}
    if not period:
        replaced.pop("sigma_period", None)
        return {"effects.home_process": "none", "priors.replace": replaced}
    if not effective_period(plan):
        replaced.pop("sigma_period", None)
    return {"effects.home_process": "periods", "priors.replace": replaced, "frame.period_days": period}


def periods(bench: Bench, asked: Sequence[int] = PERIODS) -> list[Line]:
    """Home effects only, and home-period effects of 91 to 7 days."""
    lines = []
    for period in asked:
        line = f"home × {period} days" if period else "home effects only"
        lines.append(_under(bench, period_changes(bench.plan, period), "periods", line))
    return lines


def windows(bench: Bench) -> list[Line]:
    """Peers' onsets of the last 3 to 28 days."""
    return [_under(bench, {"exposure.window_days": days}, "windows", f"{days} days") for days in WINDOWS]


def lags(bench: Bench) -> list[Line]:
    """Peers' onsets by how long ago, in one model; what lies beyond the plan's window should do nothing."""
    longest = bench.plan.exposure.window_days
    burn_in = bench.plan.frame.burn_in_days
    blocks = [lag for lag in LAGS if lag[1] <= burn_in]
    names = {lag: f"peer_lag_{lag[0]}_{lag[1]}" for lag in blocks}
    extra = {
        names[lag]: lagged_presence(
            bench.peers(), first_lag=lag[0], last_lag=lag[1], witnessed=bench.plan.exposure.witnessed
        )
        for lag in blocks
    }
    found = bench.fit_with(" + ".join(names.values()), extra) if names else None
    lines = []
    for lag in LAGS:
        line, alarm = f"{lag[0]}–{lag[1]} days ago", lag[0] > longest
        if lag in names and found is not None:
            lines.append(_column(found, bench, names[lag], "lags", line, alarm=alarm))
        else:
            why = f"the burn-in of {burn_in} days is too short to know them"
            lines.append(nothing("lags", line, "alarm" if alarm else "influence", why))
    return lines


def within_child(bench: Bench) -> list[Line]:
    """Exposure split into the child's mean over its days at risk and the deviation from it."""
    rows = bench.rows()
    frame = rows.frame.copy()
    weight = np.where(frame["before_window"], 0.0, frame["days_at_risk"])
    child, exposed = frame["child"].to_numpy(), frame[bench.exposure].to_numpy(dtype=float)
    total = np.bincount(child, weight)
    mean = np.bincount(child, weight * np.nan_to_num(exposed)) / np.maximum(total, 1e-9)
    frame["peer_child_mean"] = mean[child]
    frame["peer_within_child"] = exposed - mean[child]
    formula = model_terms(bench.plan, bench.model, "peer_within_child + peer_child_mean")
    found = bench.fit_rows(dataclasses.replace(rows, frame=frame), formula, "peer_within_child", bench.plan)
    between = np.exp(found.parameters.coefficients.get("peer_child_mean", np.zeros(1)))
    tail = (1 - bench.rule.interval_mass) / 2
    low, middle, high = np.quantile(between, [tail, 0.5, 1 - tail])
    ratio = f"{middle:.2f} ({low:.2f} to {high:.2f})"
    remark = f"between children the rate ratio is {ratio}, which matching of children to homes may make"
    return [
        judged(
            found, "peer_within_child", bench.rule, check="within_child", line="the child's own change", remark=remark
        )
    ]


def joint_departures(bench: Bench) -> list[Line]:
    """Days on which two residents left together, taken out of the outcome."""
    joint = int(bench.risk().joint[:, ~bench.risk().before_window].sum())
    if not joint:
        return [nothing("joint_departures", "left out", "influence", "nobody left on the day of a co-resident")]
    left = without_joint_departures(bench.risk())
    found = bench.fit_with(bench.exposure, risk=left)
    line = _column(found, bench, bench.exposure, "joint_departures", "left out", remark=f"{joint} onsets left out")
    return [of_other_data(line, bench, left)]


def categories(bench: Bench) -> list[Line]:
    """Missing episodes alone, without absences that were not authorised."""
    if bench.plan.frame.outcome != MISSING:
        return [nothing("categories", "M only", "influence", "the outcome is no missing episode")]
    held = set(bench.tables["missing_episodes"]["category"].dropna()) & set(bench.plan.frame.categories)
    if held != {"M", "A"}:
        return [nothing("categories", "M only", "influence", "the record holds one category only")]
    return [_under(bench, {"frame.categories": ("M",)}, "categories", "M only")]


def boundaries(bench: Bench) -> list[Line]:
    """To which home an episode belongs that begins on the day of a move."""
    rules = [rule for rule in ("ending", "starting", "drop") if rule != bench.plan.frame.boundary]
    moved = sum(n for note, n in bench.risk().notes.items() if note.startswith("episodes on a moving day"))
    if not moved:
        why = "no episode begins on the day of a move"
        return [nothing("boundaries", f"rule: {rule}", "influence", why) for rule in rules]
    return [_under(bench, {"frame.boundary": rule}, "boundaries", f"rule: {rule}") for rule in rules]


def coverage(bench: Bench) -> list[Line]:
    """Days in homes of which too few residents are seen, left out."""
    seen = bench.risk().coverage
    least = bench.plan.frame.minimum_coverage
    if not (seen[np.isfinite(seen)] < least).any() and bench.risk().occupancy_recorded.all():
        return [nothing("coverage", "drop", "influence", f"every home shows at least {least:.0%} of its residents")]
    other = "keep" if bench.plan.frame.coverage_rule == "drop" else "drop"
    return [_under(bench, {"frame.coverage_rule": other}, "coverage", other)]


def frailty(bench: Bench) -> list[Line]:
    """The other laws of the children's frailty; of two modes the fast engine refuses one, and the sampler takes it."""
    laws = [law for law in FRAILTY if law != bench.plan.effects.frailty]
    method: Method = "auto" if bench.sampled else "laplace"
    return [_under(bench, {"effects.frailty": law}, "frailty", law.replace("_", " "), method) for law in laws]


def _under(bench: Bench, changes: Mapping[str, Any], check: str, line: str, method: Method = "laplace") -> Line:
    """The line of the plan with some keys changed."""

    def run() -> Line:
        plan = bench.plan.changed(changes)
        remark = OWN if plan == bench.plan else ""
        found = bench.fit_under(plan, method=method)
        made = judged(found, bench.exposure, bench.rule, check=check, line=line, remark=remark)
        return made if plan.frame == bench.plan.frame else of_other_data(made, bench, bench.risk(plan))

    return _or_nothing(run, check, line)


def of_other_data(line: Line, bench: Bench, risk: RiskSet) -> Line:
    """A line of a risk set other than the bench's, which knows how many children tell the two apart."""
    if line.behind is None:
        return line
    return dataclasses.replace(line, behind={**line.behind, "unlike": unlike(bench.risk(), risk)})


def _column(
    found: Fit, bench: Bench, column: str, check: str, line: str, *, alarm: bool = False, remark: str = ""
) -> Line:
    kind = "alarm" if alarm else "influence"
    return _or_nothing(
        lambda: judged(found, column, bench.rule, check=check, line=line, kind=kind, remark=remark),  # type: ignore[arg-type]
        check,
        line,
        alarm=alarm,
    )


def _or_nothing(run: Callable[[], Line], check: str, line: str, *, alarm: bool = False) -> Line:
    try:
        return run()
    except ERRORS as error:
        return nothing(check, line, "alarm" if alarm else "influence", error.what)
