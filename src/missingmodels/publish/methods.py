"""Methods and results of a run in paragraphs, from what it has released: nothing here is typed by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from missingmodels.config import from_mapping
from missingmodels.evidence.record import Evidence
from missingmodels.evidence.robustness.operating import listed
from missingmodels.plan import Decision, Plan, kept_plan
from missingmodels.publish.checklists import CHECKLISTS, Item
from missingmodels.publish.table_files import readable
from missingmodels.publish.tabled import Tabled, effects_table, priors_table
from missingmodels.publish.word import Word
from missingmodels.report import sentences, words
from missingmodels.report.carries import carries
from missingmodels.report.comparison import left_out
from missingmodels.report.content import data_words, how_often
from missingmodels.report.diagnosed import gate_limits
from missingmodels.report.figures.rates import changes
from missingmodels.report.lines import headline, lines
from missingmodels.report.planned import planned
from missingmodels.report.withstood import withstood_words
from missingmodels.vocabulary import QUANTITIES, column_label, fit_name

TITLE = "Methods and results"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with its paragraphs, and a table if it has one."""

    key: str
    title: str
    paragraphs: tuple[str, ...]
    table: Tabled | None = None
    items: tuple[tuple[Item, str], ...] = field(default=())


def sections(evidence: Evidence) -> list[Section]:
    """The paragraphs in the order of a paper, then the checklists, filled in from them."""
    plan = kept_plan(evidence.plan)
    made = [
        Section(key="design", title="Design and preregistration", paragraphs=tuple(_design(evidence, plan))),
        Section(key="data", title="Data and exclusions", paragraphs=tuple(_data(evidence, plan))),
        Section(key="exposure", title="Outcome and exposures", paragraphs=tuple(_exposure(plan))),
        Section(key="model", title="Models", paragraphs=tuple(_model(evidence, plan))),
        Section(key="priors", title="Priors", paragraphs=tuple(_priors(evidence)), table=priors_table(evidence)),
        Section(key="engine", title="Computation and diagnostics", paragraphs=tuple(_engine(evidence))),
        Section(key="rule", title="Rule of decision", paragraphs=(evidence.rule,)),
        Section(key="results", title="Results", paragraphs=tuple(_results(evidence)), table=effects_table(evidence)),
        Section(key="withstood", title="What the answer withstands", paragraphs=tuple(_withstood(evidence))),
        Section(key="limits", title="Limits", paragraphs=tuple(_limits(evidence, plan))),
        Section(key="software", title="Software", paragraphs=tuple(_software(evidence))),
    ]
    made = [one for one in made if one.paragraphs]
    known = {one.key: one.title for one in made}
    return [*made, *(_checklist(name, items, known) for name, items in CHECKLISTS.items())]


def _checklist(name: str, items: tuple[Item, ...], known: dict[str, str]) -> Section:
    told = tuple(
        (item, "; ".join(f"“{known[key]}”" for key in item.told_in if key in known) or "for the authors to fill in")
        for item in items
    )
    done = sum(any(key in known for key in item.told_in) for item, _ in told)
    text = f"{done} of {len(told)} items are answered by the run, in the section named; the others are the authors’."
    return Section(key=name, title=f"Checklist: {name}", paragraphs=(text,), items=told)


def _design(evidence: Evidence, plan: Plan) -> Iterator[str]:
    yield (
        "Two hypotheses were weighed in a cohort of children in residential homes, followed day by day, under the "
        f"plan “{plan.name}” (digest {plan.digest}): that recent missing episodes of the children one lives with raise "
        "one’s own rate (H1), and that staffing, staff turnover and placement mix predict episodes beyond the "
        "child (H2)."
    )
    held = planned(evidence)
    if held is None:
        yield "No record of a plan fixed beforehand was named when the models were fitted."
        return
    listed = "; ".join(f"{one['key']}: {one['planned']} planned, {one['used']} used" for one in held["departures"])
    yield f"{held['title']}. {held['text']}" + (f" {listed}." if listed else "")


def _data(evidence: Evidence, plan: Plan) -> Iterator[str]:
    yield sentences.origin_words(evidence.origin)
    held = dict(data_words(evidence.data))
    yield "; ".join(f"{name}: {value}" for name, value in held.items()) + "."
    episodes = evidence.data.get("episodes", {})
    if episodes:
        yield (
            "What became of every recorded episode: "
            + "; ".join(f"{name}, {words.count(n)}" for name, n in episodes.items())
            + "."
        )
    frame = plan.frame
    yield (
        f"Days before day {frame.burn_in_days} of the record serve to know who was recently missing, and are not "
        f"counted. Residents whom the data do not see: rule “{frame.coverage_rule}”; homes known by address only: "
        f"“{frame.weak_homes}”; homes for short breaks: “{frame.short_break_homes}”; same-day departures: "
        f"“{frame.boundary}”."
    )
    if evidence.notes:
        asked = evidence.data.get("asked")
        yield "Notes of the run: " + " ".join(f"{words.note(note, asked).rstrip('.')}." for note in evidence.notes)


def _exposure(plan: Plan) -> Iterator[str]:
    span = sentences.exposure_span(plan.exposure.model_dump())
    beside = [column_label(name) for name in plan.exposure.beside if name != plan.exposure.primary]
    yield (
        f"The outcome is the start of a missing episode (categories {', '.join(plan.frame.categories)}), on days at "
        f"risk in a home. The primary exposure of H1 is {column_label(plan.exposure.primary)}, by peers missing {span}"
        + (", counted for those who lived with that child on the day" if plan.exposure.witnessed else "")
        + (f"; beside it {', '.join(beside)}" if beside else "")
        + "."
    )
    if not plan.terms.structure:
        return
    asked = sentences.listed([QUANTITIES[name].label for name in plan.terms.structure])
    yield (
        f"H2 is asked of {asked}, each split into differences between homes and deviations within a home from its mean "
        f"over {_MEANS[plan.terms.structure_means]}, in steps of {plan.frame.period_days} days, measured before the "
        "days that they are set against."
    )


_MEANS = {"past": "the periods before", "window": "all periods"}


def _adjusted(terms: Sequence[str]) -> str:
    """The columns of formulas in words; a transformation or an interaction as it is written, its columns in words."""
    told = [part.strip() for text in terms for part in text.split(" + ") if part.strip()]
    return listed([column_label(part) if part.isidentifier() else words.note(part) for part in told])


def _model(evidence: Evidence, plan: Plan) -> Iterator[str]:
    terms = [plan.terms.vulnerability, plan.terms.history, plan.terms.calendar]
    fits = "; ".join(
        f"{m}, {words.MODELS.get(m, '')}" for m in dict.fromkeys(c["model"] for c in evidence.certificates)
    )
    yield (
        "Onsets follow a multilevel model of intensity: the expected number on a day is the child’s frailty times "
        "exp(η) times the days at risk, with η linear in the columns. Fitted were " + fits + "."
    )
    yield (
        f"Every model adjusts for {_adjusted(terms)} and holds "
        f"{sentences.effects_held(plan.effects.model_dump(), plan.frame.model_dump())}. H1 is answered by the fullest "
        "model with peers, H2 by the fullest with structure."
    )


def _priors(evidence: Evidence) -> Iterator[str]:
    yield f"{priors_table(evidence).title}; each parameter’s is in the table below."
    told = [f"{one.label}: {one.diagnosis}" for one in evidence.power_scaling]
    if told:
        yield "Sensitivity by power scaling of prior and likelihood: " + "; ".join(told) + "."


def _engine(evidence: Evidence) -> Iterator[str]:
    yield sentences.engine_words(evidence.certificates)
    passed = [fit_name(c["model"], c["exposure"]) for c in evidence.certificates if c["diagnostics"]["passed"]]
    failed = [fit_name(c["model"], c["exposure"]) for c in evidence.failed]
    gate = ", ".join(f"{one.head} {one.limit}" for one in gate_limits(evidence) if one.limit)
    yield (
        f"A fit was read only if it passed a gate fixed beforehand ({gate}). Passed by {', '.join(passed) or 'none'}"
        + (f", and not by {', '.join(failed)}, whose numbers are not to be read" if failed else "")
        + "."
    )


def _results(evidence: Evidence) -> Iterator[str]:
    found = lines(evidence)
    for hypothesis in ("H1", "H2"):
        shown = headline(found, hypothesis)
        if not shown:
            yield f"{hypothesis} was not asked."
            continue
        yield f"{hypothesis}: " + "; ".join(_finding(line) for line in shown) + "."
    told = [
        f"{one.label}, {one.expected:.1f} expected ({words.signed(one.median, 1)}, {one.interval} interval "
        f"{words.signed(one.low, 1)} to {words.signed(one.high, 1)})"
        for one in changes(evidence)
    ]
    now = next((one.as_observed for one in changes(evidence) if one.as_observed), "unrecorded")
    if told:
        yield f"Episodes per 10 children a year, {now} as observed, under stated changes: " + "; ".join(told) + "."
    for c in evidence.comparisons:
        yield (
            f"Predictive density of {left_out(c)}, {c.model} less {c.against}: {words.signed(c.difference, 1)} "
            f"(standard error {c.standard_error:.1f})."
        )


def _finding(line: Any) -> str:
    row = line.row
    if not line.converged:
        return f"{words.typographic(row.label)}: no answer, the fit did not pass the gate"
    return (
        f"{words.typographic(row.label)}: rate ratio {words.ratio(row.median)} ({words.interval_name(row)} "
        f"{words.interval(row)}; probability of the stated side {words.probability(words.stated_probability(row))}), "
        f"{row.verdict}"
    )


def _withstood(evidence: Evidence) -> Iterator[str]:
    if evidence.withstood is not None:
        yield withstood_words(evidence.withstood, from_mapping(dict(evidence.plan["decision"]), Decision))
    yield from how_often(evidence)


def _limits(evidence: Evidence, plan: Plan) -> Iterator[str]:
    yield "; ".join(f"{name}: {value}" for name, value in carries(evidence.data)) + "."
    yield (
        "What is measured is association under common residence, given the child’s own history and frailty and the "
        "home’s effects. It is influence only as far as these stand for what the children share: placement by need, "
        "and shocks to a whole home. Same-day departures have no order in dates and are never counted as influence."
    )
    if evidence.origin.get("kind") != "simulated":
        yield "Recording differs between homes and authorities, and children placed by others may be unrecorded."


def _software(evidence: Evidence) -> Iterator[str]:
    held: dict[str, str] = next((c["versions"] for c in evidence.certificates if c.get("versions")), {})
    seeds = sorted({c["seed"] for c in evidence.certificates if "seed" in c})
    if held:
        yield (
            f"Everything was computed by {', '.join(f'{name} {version}' for name, version in held.items())}"
            + (f"; root seed {', '.join(map(str, seeds))}" if seeds else "")
            + ". `missingmodels rerun RUN` does it again."
        )


def markdown(evidence: Evidence) -> bytes:
    """All of it as Markdown."""
    parts = [f"# {TITLE}: {evidence.plan['name']}\n"]
    for one in sections(evidence):
        parts += [f"## {one.title}\n", *(f"{text}\n" for text in one.paragraphs)]
        if one.table is not None:
            parts.append(readable(one.table).getvalue())
        parts += [f"* **{item.code}** {item.asks}: {told}" for item, told in one.items]
        parts += [""] if one.items else []
    return ("\n".join(parts).rstrip() + "\n").encode("utf-8")


def word(evidence: Evidence) -> bytes:
    """All of it for Word."""
    made = Word(f"{TITLE}: {evidence.plan['name']}")
    made.heading(f"{TITLE}: {evidence.plan['name']}", 0)
    for one in sections(evidence):
        made.heading(one.title)
        for text in one.paragraphs:
            made.paragraph(text)
        if one.table is not None:
            made.table(one.table)
        for item, told in one.items:
            made.item(f"{item.code} {item.asks}: {told}")
    return made.content()
