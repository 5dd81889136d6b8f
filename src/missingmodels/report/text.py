"""The short summary that the terminal shows."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Sequence

from missingmodels.evidence.decisions import NEGLIGIBLE, NOT_CONVERGED, UNLESS_ANY, WITHSTANDS, WITHSTANDS_OPEN
from missingmodels.evidence.record import Evidence
from missingmodels.report import words
from missingmodels.report.carries import carries_in_a_line
from missingmodels.report.lines import Line, contrasts, contrasts_withheld, headline, lines
from missingmodels.tables import is_simulated, kind_of
from missingmodels.vocabulary import fit_name, subject, worded

COLUMNS, NARROWEST = 100, 60
CONTRAST_LINES = 4
_NUMBERS = 2 + len(" ratio       90 %        P ")  # flags and numbers of a row
_VERDICT = len(NEGLIGIBLE)  # the longest in its column; what does not fit there has a line of its own
_SHORT = {WITHSTANDS: "supported", WITHSTANDS_OPEN: "supported", UNLESS_ANY: "supported unless …"}


def summary_text(evidence: Evidence, columns: int = COLUMNS) -> str:
    """Verdicts on both hypotheses with ratio, interval and probability, and every warning; no word is broken.

    At its full width it fits one screen of 24 lines; with fewer ``columns`` labels take more lines, and so does it.
    """
    columns = min(max(columns, NARROWEST), COLUMNS)
    lines_at_most = 24 if columns == COLUMNS else 40
    found = lines(evidence)
    peers = headline(found, "H1")
    structure = headline(found, "H2")
    warnings = _filled(_warnings(evidence, [*peers, *structure]), columns)
    prose = [_origin(evidence), carries_in_a_line(evidence.data), *_interval(evidence)]
    head = [*_filled(prose, columns), *_column_heads(evidence, columns)]
    room = lines_at_most - len(head) - len(warnings) - 2  # a title for each hypothesis
    asked = _contrasts(evidence, found, columns)
    room -= len(asked)
    share = _filled(_attributable(found), columns)
    body = [f"H1  {worded('peers’ recent episodes', evidence.data.get('asked'))}"]
    body += [*_rows(peers, room - len(share) - min(max(len(structure), 1), 2), columns), *share]
    body += ["H2  staffing, turnover and placement mix", *_rows(structure, room - len(body) + 1, columns)]
    body += asked
    return "\n".join(line.rstrip() for line in [*head, *body, *warnings])


def _contrasts(evidence: Evidence, found: Sequence[Line], columns: int) -> list[str]:
    """The contrasts that the plan states, a few of them, and which are withheld; nothing where it states none."""
    held = contrasts(found)
    withheld = contrasts_withheld(evidence, found)
    if not held and not withheld:
        return []
    rows = _rows(held, CONTRAST_LINES, columns) if held else []
    why = f"  withheld by the policy of disclosure, as too few are behind them: {', '.join(withheld)}"
    return ["Contrasts that the plan states", *rows, *(_filled([why], columns) if withheld else [])]


def _filled(found: Sequence[str], columns: int) -> list[str]:
    """Each line in as many as its words need."""
    return [part for line in found for part in _words_within(line, columns, " " * (_indent(line) + 4))]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _words_within(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )


def _attributable(found: Sequence[Line]) -> list[str]:
    """The share of episodes attributable to peers by the fit that answers H1, one step and dynamic, in one row."""
    kinds = {"attributable_fraction": "one step", "attributable_fraction_dynamic": "with what those led to"}
    held = [line for line in found if line.row.estimand in kinds and line.row.role == "primary"]
    if not held:
        return []
    shares = "; ".join(f"{words.measure(line.row)} {kinds[line.row.estimand]}" for line in held)
    return [f"{'' if all(line.converged for line in held) else '!':<2}attributable: {shares}"]


def _rows(shown: Sequence[Line], room: int, columns: int) -> list[str]:
    """As many rows as there is room for; what is left out is counted."""
    if not shown:
        return ["  not asked by this plan"]
    rows = [_row(line, columns) for line in shown]
    if sum(map(len, rows)) > room:
        ends = itertools.accumulate(map(len, rows))
        kept = sum(end < room for end in ends)
        return [*itertools.chain(*rows[:kept]), f"  … and {len(rows) - kept} more in the report"]
    return [*itertools.chain(*rows)]


def _row(line: Line, columns: int) -> list[str]:
    """The row, its label in its own column, below itself where it is longer."""
    row, width = line.row, columns - _NUMBERS - _VERDICT
    label, *rest = _words_within(re.sub(r"\s*\([^)]*\)", "", words.typographic(row.label)), width)
    flags = ("!" if not line.converged else "") + ("*" if row.remark else "")
    probability = f"{words.stated_side(row)} {words.probability(words.stated_probability(row)):>5}"
    bounds = f"{words.ratio(row.interval_low)}–{words.ratio(row.interval_high)}"
    short = _SHORT.get(_begins(row.verdict), row.verdict)
    first = f"{flags:<2}{label:<{width}} {words.ratio(row.median):>5} {bounds:>10} {probability} {short}"
    whole = [] if short == row.verdict else _words_within(f"    {row.verdict}", columns, "      ")
    return [first, *(f"    {part}" for part in rest), *whole]


def _begins(verdict: str) -> str:
    return next((begin for begin in _SHORT if verdict.startswith(begin)), "")


def _interval(evidence: Evidence) -> list[str]:
    if not evidence.verdicts():
        return []
    kind = evidence.verdicts()[0].interval_kind
    return [f"Rate ratios: median, {_span(evidence)} {kind} interval; P of the side that the hypothesis states."]


def _span(evidence: Evidence) -> str:
    return f"{evidence.verdicts()[0].interval_mass * 100:g} %"


def _column_heads(evidence: Evidence, columns: int) -> list[str]:
    if not evidence.verdicts():
        return []
    return [f"{'':<{columns - _NUMBERS - _VERDICT + 2}} {'ratio':>5} {_span(evidence):>10} {'P':>8} verdict"]


def _origin(evidence: Evidence) -> str:
    data, origin = evidence.data, evidence.origin
    made = f"synthetic data, seed {origin.get('seed')}" if is_simulated(origin) else kind_of(origin)
    return (
        f"{subject(data.get('asked'))}, plan “{_cut(evidence.plan['name'], 30)}” ({made}): "
        f"{words.count(data['homes'])} homes, {words.count(data['children'])} children, "
        f"{words.count(data['onsets'])} episodes"
    )


def _warnings(evidence: Evidence, shown: Sequence[Line]) -> list[str]:
    found = []
    failed = evidence.failed
    if failed:
        found.append(
            f"! NOT CONVERGED, do not read these numbers ({len(failed)} of {len(evidence.certificates)} fits):"
        )
        for c in failed[:3]:
            reasons = "; ".join(c["diagnostics"]["failed"])
            found.append(f"    {fit_name(c['model'], c['exposure'])}: {reasons}")
        if len(failed) > 3:
            found.append(f"    … and {len(failed) - 3} more fits")
    if any(line.row.remark.startswith(NOT_CONVERGED) for line in shown):
        found.append("! no verdict where a fit behind the row did not pass the gate; the report names it")
    known = [
        (c.k_hat_bad - c.mended, c) for c in evidence.comparisons if c.k_hat_bad is not None and c.mended is not None
    ]
    left, worst = max(known, key=lambda one: one[0], default=(0, None))
    if worst is not None and left > 0:
        found.append(
            f"Pareto k above 0.7 without a refit: {left} of {words.units(worst.units, worst.unit)}; see the report."
        )
    held = evidence.disclosure or {}
    if held.get("active"):
        found.append(
            f"Released under the policy “{held['policy']}”: {len(held['blocked'])} outputs are blocked; see the report."
        )
    if evidence.notes:
        found.append(f"Notes on the data in the report: {len(evidence.notes)}.")
    return found


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
