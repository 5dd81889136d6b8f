"""The identification battery: what speaks for influence and what for another cause, each line with its limits."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from missingmodels.evidence.decisions import CANNOT_SAY, SUPPORTED
from missingmodels.evidence.robustness import contrasts, controls, permutation, sensitivity, variants
from missingmodels.evidence.robustness.bench import Bench, Check, Line, nothing
from missingmodels.evidence.robustness.curve import Specification, specification_curve
from missingmodels.evidence.robustness.operating import PRIMARY, informative, operating
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.frame.riskset import RiskSet

Report = Callable[[str, int, int], None]
SHARED = "a shared shock on the scale of the window"

CHECKS: tuple[Check, ...] = (
    Check(
        name="primary",
        title="The plan's own question",
        shows="recent episodes of peers go with more onsets than history, home and home-period tell",
        cannot=f"tell influence from {SHARED}",
        run=variants.primary,
    ),
    Check(
        name="periods",
        title="How long home effects last",
        shows="whether the effect lives on differences between homes or their months",
        cannot="take up all of a shock, of whatever length; short periods also take part of true influence",
        run=variants.periods,
    ),
    Check(
        name="windows",
        title="How far back an episode counts",
        shows="over which window the effect is seen",
        cannot="say that the best window is the true one: neighbouring windows share most of their days",
        run=variants.windows,
    ),
    Check(
        name="lags",
        title="Peers' episodes by how long ago",
        shows="whether the effect fades as influence should; beyond the window it should be gone",
        cannot="rule out influence that lasts longer than the window, which rings the alarm too",
        run=variants.lags,
    ),
    Check(
        name="within_child",
        title="The child's own change of exposure",
        shows="the effect in one child between exposed and other days, whatever the child is like",
        cannot=f"rule out {SHARED}, which changes within the child as well",
        run=variants.within_child,
    ),
    Check(
        name="likeness",
        title="Peers who are alike against the others",
        shows="whether episodes of peers of one's own sex, or age, go with more onsets than those of the others do",
        cannot="show influence that takes no notice of likeness; those who are alike may also share what others do not",
        run=contrasts.likeness,
    ),
    Check(
        name="nearness",
        title="Near episodes against earlier ones",
        shows="whether episodes within the window go with more onsets than those of the days before it",
        cannot=f"rule out {SHARED}, nor show influence that lasts longer than the window",
        run=contrasts.nearness,
    ),
    Check(
        name="permuted_recency",
        title="Recency turned within home and period",
        shows="whether onsets follow peers' onsets more closely than if each child's days had come in another order",
        cannot="rule out shocks, which change within the period too; it stands without the model, and has less power",
        run=permutation.recency_in_period,
    ),
    Check(
        name="permuted_homes",
        title="Peers exchanged between homes",
        shows="whether one's own home's peers matter more than another home's",
        cannot="tell influence from anything that children of a home share beyond the model's effects",
        run=permutation.peers_of_other_homes,
    ),
    Check(
        name="matched_home",
        title="Residents of a similar home as peers",
        shows="causes that alike homes share: an area's weather, holidays, recording",
        cannot="see a cause that one home has to itself",
        run=controls.matched_home,
        untried="none of those sectors holds a cause that homes share",
    ),
    Check(
        name="reassigned",
        title="Residents reassigned between homes on the same days",
        shows="whether what all homes share on the same days passes for influence",
        cannot="see a cause that one home has to itself",
        run=controls.reassigned_residents,
    ),
    Check(
        name="other_times",
        title="Former and future co-residents as peers",
        shows="whether children who are alike are placed together: then these matter too, without living together",
        cannot="see shocks of one home; friends who stay in touch ring the alarm, and few children move between homes",
        run=controls.former_and_future,
    ),
    Check(
        name="placebo_outcome",
        title="The end of a stay as outcome",
        shows="whether peers' episodes go with what they should not cause",
        cannot="be clean where episodes make homes give notice, to others as well",
        run=controls.placebo_outcome,
        untried="in none of those sectors does what a home shares end stays, and a quarter of its fits fail the gate",
    ),
    Check(
        name="joint_departures",
        title="Departures together left out",
        shows="whether the effect rests on children who left on one day",
        cannot="tell who led whom",
        run=variants.joint_departures,
    ),
    Check(
        name="categories",
        title="Missing episodes only",
        shows="whether the effect rests on absences that were not authorised",
        cannot="correct how a home chooses between the two names",
        run=variants.categories,
    ),
    Check(
        name="boundaries",
        title="Episodes on the day of a move",
        shows="whether the effect rests on which home they are counted in",
        cannot="say which home the child left from",
        run=variants.boundaries,
    ),
    Check(
        name="coverage",
        title="Homes of which few residents are seen",
        shows="whether unseen peers matter to the estimate",
        cannot="say what the unseen peers did",
        run=variants.coverage,
    ),
    Check(
        name="frailty",
        title="Law of the children's frailty",
        shows="whether the effect rests on the shape of differences between children",
        cannot="show that any of the laws is true",
        run=variants.frailty,
    ),
    Check(
        name="common_cause",
        title="An unobserved cause that a home shares",
        shows="how strong it would have to be to imitate the effect",
        cannot="say whether there is one",
        run=sensitivity.common_cause,
    ),
)
TOGETHER = Check(
    name="together",
    title="All together",
    shows="the plan's question, the turned recency and the child's own change all say influence, and no alarm rings of "
    "those that could be asked",
    cannot=f"tell influence from {SHARED}, which all of them share",
    run=lambda bench: [],
)
# Checks that told nothing in worlds whose truth is set, by the packaged table: run only if all are wanted.
DROPPED = tuple(check.name for check in CHECKS if not informative(check.name))
KEPT = tuple(check for check in CHECKS if check.name not in DROPPED)
# Checks without figures of how often they are wrong, which have no voice in the verdict of all together.
UNMEASURED = tuple(check.name for check in CHECKS if check.name not in set(operating()["check"]))
BY_NAME = {check.name: check for check in (*CHECKS, TOGETHER)}
NEEDED = (
    PRIMARY,
    ("permuted_recency", "turned within home and period"),
    ("within_child", "the child's own change"),
)


@dataclass(frozen=True, kw_only=True)
class Battery:
    """The lines of all checks on one data set, and the specification curve."""

    lines: tuple[Line, ...]
    curve: tuple[Specification, ...]
    model: str
    exposure: str
    homes: int
    children: int
    resident_years: float
    onsets: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return self.__dict__ | {
            "lines": [line.as_dict() for line in self.lines],
            "curve": [one.as_dict() for one in self.curve],
        }


@one_blas_thread
def run_battery(
    bench: Bench, *, checks: Sequence[Check] = KEPT, curve: bool = True, report: Report | None = None
) -> Battery:
    """The checks on one bench, and the curve unless it is not wanted."""
    lines: list[Line] = []
    for at, check in enumerate(checks):
        if report is not None:
            report("checks", at, len(checks))
        lines += _asked(check, bench)
    lines.append(together(lines))
    progress = None if report is None else functools.partial(report, "specification curve")
    found = specification_curve(bench, report=progress) if curve else []
    risk = bench.risk()
    return Battery(lines=tuple(lines), curve=tuple(found), model=bench.model, exposure=bench.exposure, **_size(risk))


def _asked(check: Check, bench: Bench) -> list[Line]:
    """The lines of a check; one that says why where the fast engine cannot fit what it needs, such as two classes."""
    try:
        return list(check.run(bench))
    except variants.ERRORS as error:
        line = PRIMARY[1] if check.name == PRIMARY[0] else check.title.lower()
        return [nothing(check.name, line, "influence", error.what)]


def together(lines: Sequence[Line], *, dropped: Sequence[str] = (*DROPPED, *UNMEASURED)) -> Line:
    """One verdict of all lines, by a rule fixed beforehand (``TOGETHER``); dropped and unmeasured checks have no voice.

    Silence counts only of alarms that could be asked: where none could, nothing can be said.
    """
    lines = [line for line in lines if line.check not in dropped]
    by_key = {(line.check, line.line): line for line in lines}
    asked = [key in by_key and by_key[key].says is True for key in NEEDED if key[0] not in dropped]
    alarms = [line for line in lines if line.kind == "alarm"]
    ringing = [line for line in alarms if line.says]
    mute = [line for line in alarms if line.says is None]
    says = all(asked) and not ringing and len(mute) < len(alarms)
    remarks = [
        f"{words}: {'; '.join(f'{BY_NAME[line.check].title.lower()}, {line.line}' for line in held)}"
        for words, held in (("alarm", ringing), ("alarms that could not be asked", mute))
        if held
    ]
    return Line(
        check="together",
        line="all together",
        kind="influence",
        says=says,
        verdict=SUPPORTED if says else CANNOT_SAY,
        remark=". ".join(remarks) if alarms else "no alarm could be asked",
    )


def _size(risk: RiskSet) -> dict[str, Any]:
    window = ~risk.before_window
    return {
        "homes": len(risk.home_ids),
        "children": len(risk.child_ids),
        "resident_years": round(risk.resident_days / 365.25, 1),
        "onsets": int(risk.onset[:, window].sum()),
    }
