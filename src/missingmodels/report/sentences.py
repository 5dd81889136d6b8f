"""What the report says in sentences: the answers, the origin of the data, and comparisons of models."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from missingmodels.evidence.decisions import CANNOT_SAY, NEGLIGIBLE, OTHER_WAY, SUPPORTED, kind_of_verdict
from missingmodels.evidence.parts import Row
from missingmodels.evidence.robustness.operating import listed
from missingmodels.report import words
from missingmodels.report.lines import H2_PARTS, Line, headline, variable
from missingmodels.tables import MIXED, is_simulated, kind_of
from missingmodels.vocabulary import fit_name, worded
from missingmodels.vocabulary.frailty import FRAILTY

# What each verdict means, for a reader who has not met the rule.
_MEANING = {
    SUPPORTED: "",
    NEGLIGIBLE: "If there is an effect, it is too small to matter by the rule below.",
    OTHER_WAY: "The estimate lies on the other side of no effect than the hypothesis states.",
    CANNOT_SAY: "These data neither establish the effect nor show that it is negligible.",
}
_FAILED = "This cannot be answered: the fit did not pass the diagnostics gate."


@dataclass(frozen=True, kw_only=True)
class _Finding:
    """One effect: what is compared, its verdict as in the row, and the numbers behind it."""

    label: str
    verdict: str
    numbers: str
    remark: str
    fit: str
    converged: bool


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One question, in words, and the findings that answer it."""

    title: str
    lead: str
    findings: tuple[_Finding, ...]


def exposure_span(exposure: Mapping[str, Any]) -> str:
    """How long a peer's onset counts under a plan's primary exposure."""
    if exposure.get("primary") == "peer_kernel":
        return f"fading to half in {math.log(2) * exposure['kernel_days']:.2g} days"
    if exposure.get("first_day", 1) > 1:
        return f"{exposure['first_day']} to {exposure['window_days']} days before"
    return f"in the last {exposure['window_days']} days"


def effects_held(effects: Mapping[str, Any], frame: Mapping[str, Any]) -> str:
    """What every model of a plan holds beside its columns, and what those with peers add."""
    held = [FRAILTY[effects.get("frailty", "gamma")].words, "home effects"]
    held += [
        f"effects of {name}" for name, key in (("authorities", "authority"), ("owners", "owner")) if effects.get(key)
    ]
    if effects.get("adults"):
        held.append("an effect of each adult on the day’s shifts, by their share of its hours")
    cell = frame.get("cell_days") or frame["period_days"]
    if effects.get("home_process") == "drift":
        held.append(f"a process of each home that drifts on cells of {cell} days")
    elif effects.get("home_process") != "none":
        held.append(f"effects for each home and {frame['period_days']}-day period")
    if effects.get("sector_process") == "drift":
        held.append(f"a process that all homes share, on cells of {cell} days")
    text = listed(held)
    slopes = "; in those with peers, their effect differs between homes"
    return text + (slopes if effects.get("peer_slope_by_home") else "")


def answers(
    found: Sequence[Line],
    exposure: Mapping[str, Any],
    effects: Mapping[str, Any] | None = None,
    asked: Mapping[str, str] | None = None,
) -> list[_Part]:
    """H1, then the parts of H2; a part that the plan did not ask says so. The mappings are those parts of the plan.

    ``asked`` has what stands for missing episodes in it.
    """
    peers = headline(found, "H1")
    parts = [
        _Part(
            title=worded("H1: do peers’ recent missing episodes raise a child’s own rate?", asked),
            lead=_peer_lead(peers, exposure, effects or {}, "with events" if asked else "missing"),
            findings=tuple(_finding(line) for line in peers),
        )
    ]
    structure = headline(found, "H2")
    for title, names in H2_PARTS.items():
        held = [line for line in structure if variable(line.row.name) in names]
        parts.append(
            _Part(
                title=f"H2: {title[0].lower()}{title[1:]}", lead=_part_lead(held), findings=tuple(map(_finding, held))
            )
        )
    return parts


def _finding(line: Line) -> _Finding:
    """What a line comes to: its verdict in a sentence, and what qualifies it."""
    row = line.row
    probability = words.probability(words.stated_probability(row))
    side = "below" if row.expected == "below" else "above"
    return _Finding(
        label=words.typographic(row.label),
        verdict=row.verdict,
        numbers=f"rate ratio {words.ratio(row.median)} ({words.interval_name(row)} {words.interval(row)}); "
        f"probability that it is {side} 1: {probability}{_chosen(row)}",
        remark=words.typographic(row.remark),
        fit=line.fit,
        converged=line.converged,
    )


def _chosen(row: Row) -> str:
    """What choosing by the rule does to such an answer, where that is known."""
    if kind_of_verdict(row.verdict) != SUPPORTED:
        return ""
    said = ""
    if row.family_wise is not None:
        said += f" (that any of {row.family_size} would lie so far out by chance: {words.probability(row.family_wise)})"
    if row.exaggeration is not None:
        half = words.ratio(math.sqrt(row.median))
        said += (
            f"; were the truth {half}, half of it on the log scale, what is supported would exaggerate it "
            f"{row.exaggeration:.1f} times on average"
        )
    return said


def _peer_lead(peers: Sequence[Line], exposure: Mapping[str, Any], effects: Mapping[str, Any], which: str) -> str:
    if not peers:
        return "Not asked, or withheld: no model with peers was fitted, or none of its effects may be released."
    if not peers[0].converged:
        return _FAILED
    row, span = peers[0].row, exposure_span(exposure)
    fades = exposure.get("primary") == "peer_kernel"
    if kind_of_verdict(row.verdict) == SUPPORTED:
        held = f"With {words.typographic(row.label)} (recently {which}: {span})"
        holds = f"For each onset of a peer ({span})" if fades else held
        return (
            f"{holds}, a child’s episodes start about {words.ratio(row.median)} times as often, "
            f"given {_held_against(effects)}: an association, which is influence as far as these stand for what the "
            "children share."
        )
    recent = f"A peer’s onset counts 1 on its day, {span}." if fades else f"Recent means {span.removeprefix('in ')}."
    return f"{_MEANING[kind_of_verdict(row.verdict)]} {recent}"


def _held_against(effects: Mapping[str, Any]) -> str:
    """What the plan's models hold against the peers' effect, as a reader knows it."""
    held = ["the child’s own history", "the home"]
    held += [f"its {name}" for name in ("authority", "owner") if effects.get(name)]
    if effects.get("home_process") != "none":
        held.append("its periods")
    if effects.get("adults"):
        held.append("who is on its shifts")
    if effects.get("sector_process") == "drift":
        held.append("what all homes share")
    return listed(held)


def _part_lead(held: Sequence[Line]) -> str:
    if not held:
        return "Not asked by this plan."
    if not all(line.converged for line in held):
        return _FAILED
    counts = Counter(line.row.verdict for line in held)
    if len(counts) == 1:
        return _MEANING[kind_of_verdict(next(iter(counts)))]
    return f"Of {len(held)} contrasts: " + "; ".join(f"{verdict}, {n}" for verdict, n in counts.items()) + "."


def origin_words(origin: Mapping[str, Any]) -> str:
    """What made the data, plainly."""
    kind = origin.get("kind")
    if is_simulated(origin):
        scenario = origin.get("scenario", {})
        name = scenario.get("name", "unnamed") if isinstance(scenario, Mapping) else scenario
        return (
            f"These are synthetic data: a simulated world (scenario “{name}”, seed "
            f"{origin.get('seed', 'unrecorded')}). "
            "No real child and no real home is in them, and nothing here says anything of either."
        )
    if kind == "ssda903":
        return _returns(origin)
    if kind_of(origin) == MIXED:
        return (
            "Simulated data with rows from other files: whoever those rows are of may be real, so these data are "
            "treated as real."
        )
    return f"The origin of these data is recorded as “{kind}”." if kind else "The origin of these data is unrecorded."


def _returns(origin: Mapping[str, Any]) -> str:
    """Of returns of one or more authorities and years, and whether staff came beside them."""
    authorities, years = (_several(origin.get(name, "unrecorded")) for name in ("authority", "year"))
    one, single = len(authorities) == 1, len(authorities) == len(years) == 1
    beside = "Staff come from other files." if origin.get("staffing") else ""
    beside = beside or ("Other tables come from a mapping." if origin.get("mapped") else "No staff came beside it.")
    return (
        f"Real data: the SSDA903 {'return' if single else 'returns'} of {'authority' if one else 'authorities'} "
        f"{listed([f'“{name}”' for name in authorities])} for the {'year' if len(years) == 1 else 'years'} that "
        f"{'ends' if len(years) == 1 else 'end'} on 31 March {listed(years)}. Such a return sees only the children "
        f"whom {'this authority looks' if one else 'these authorities look'} after, and holds no staff. {beside}"
    )


def _several(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


def engine_words(certificates: Sequence[Mapping[str, Any]]) -> str:
    """Which engine drew the posteriors, and where the sampler stood in for the fast one."""
    engines = {words.engine(c) for c in certificates}
    said = []
    if "NUTS" in engines:
        only = "All posteriors were" if len(engines) == 1 else "Some posteriors were"
        said.append(f"{only} sampled by NUTS (nutpie).")
    if "nested Laplace" in engines:
        only = "All posteriors were" if len(engines) == 1 else "The others were"
        said.append(
            f"{only} drawn by a nested Laplace approximation whose proposals are weighted against the exact density; "
            "Pareto k says whether the weights can be trusted, importance ESS how many independent draws they are "
            "worth."
        )
    said += [
        f"{fit_name(c['model'], c['exposure'])} was to be drawn by nested Laplace, but "
        f"{c['why_not_laplace']}, so it was sampled."
        for c in certificates
        if c.get("why_not_laplace")
    ]
    return " ".join(said)


def attributable_words(row: Row) -> str:
    """The share of episodes that would be gone, in a sentence."""
    return (
        f"{words.percent(row.median, 1)} of episodes ({words.interval_name(row)} "
        f"{words.signed(row.interval_low * 100, 1)} to {words.percent(row.interval_high, 1)})"
    )
