"""The short summary that the terminal shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from missingmodels.evidence.decisions import NOT_CONVERGED
from missingmodels.evidence.record import Evidence
from missingmodels.report import words
from missingmodels.report.carries import carries_in_a_line
from missingmodels.report.lines import Line, headline, lines
from missingmodels.tables import is_simulated, kind_of

LINES, COLUMNS = 24, 100
_LABEL = 47


def summary_text(evidence: Evidence) -> str:
    """Verdicts on both hypotheses with ratio, interval and probability, and every warning; fits one terminal screen."""
    found = lines(evidence)
    peers = headline(found, "H1")
    structure = headline(found, "H2")
    warnings = _warnings(evidence, [*peers, *structure])
    head = [_origin(evidence), carries_in_a_line(evidence.data), *_column_heads(evidence)]
    room = LINES - len(head) - len(warnings) - 2  # a title for each hypothesis
    share = _attributable(found)
    body = ["H1  peers’ recent episodes", *_rows(peers, room - len(share) - min(max(len(structure), 1), 2)), *share]
    body += ["H2  staffing, turnover and placement mix", *_rows(structure, room - len(body) + 1)]
    return "\n".join(_cut(line.rstrip(), COLUMNS) for line in [*head, *body, *warnings])


def _attributable(found: Sequence[Line]) -> list[str]:
    """The share of episodes attributable to peers by the fit that answers H1, one step and dynamic, in one row."""
    kinds = {"attributable_fraction": "one step", "attributable_fraction_dynamic": "with what those led to"}
    held = [line for line in found if line.row.estimand in kinds and line.row.role == "primary"]
    if not held:
        return []
    shares = "; ".join(f"{words.measure(line.row)} {kinds[line.row.estimand]}" for line in held)
    return [f"{'' if all(line.converged for line in held) else '!':<2}attributable: {shares}"]


def _rows(shown: Sequence[Line], room: int) -> list[str]:
    """As many rows as there is room for; what is left out is counted."""
    if not shown:
        return ["  not asked by this plan"]
    if len(shown) > room:
        kept = max(room - 1, 0)
        return [_row(line) for line in shown[:kept]] + [f"  … and {len(shown) - kept} more in the report"]
    return [_row(line) for line in shown]


def _row(line: Line) -> str:
    row = line.row
    label = _cut(re.sub(r"\s*\([^)]*\)", "", words.typographic(row.label)), _LABEL)
    flags = ("!" if not line.converged else "") + ("*" if row.remark else "")
    probability = f"{words.stated_side(row)} {words.probability(words.stated_probability(row)):>5}"
    bounds = f"{words.ratio(row.interval_low)}–{words.ratio(row.interval_high)}"
    return f"{flags:<2}{label:<{_LABEL}} {words.ratio(row.median):>5} {bounds:>10} {probability} {row.verdict}"


def _column_heads(evidence: Evidence) -> list[str]:
    if not evidence.verdicts():
        return []
    row = evidence.verdicts()[0]
    span = f"{row.interval_mass * 100:g} %"
    return [
        f"Rate ratios: median, {span} {row.interval_kind} interval; P of the side that the hypothesis states.",
        f"{'':<{_LABEL + 2}} {'ratio':>5} {span:>10} {'P':>8} verdict",
    ]


def _origin(evidence: Evidence) -> str:
    data, origin = evidence.data, evidence.origin
    made = f"synthetic data, seed {origin.get('seed')}" if is_simulated(origin) else kind_of(origin)
    return (
        f"Missing from care, plan “{_cut(evidence.plan['name'], 30)}” ({made}): "
        f"{data['homes']:,} homes, {data['children']:,} children, {data['onsets']:,} episodes"
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
            found.append(f"    {words.fit_name(c['model'], c['exposure'])}: {reasons}")
        if len(failed) > 3:
            found.append(f"    … and {len(failed) - 3} more fits")
    if any(line.row.remark.startswith(NOT_CONVERGED) for line in shown):
        found.append("! no verdict where a fit behind the row did not pass the gate; the report names it")
    if any("other way" in line.row.remark for line in shown):
        found.append("* the estimate points the other way; the report says how surely")
    worst = max(evidence.comparisons, key=lambda c: c.k_hat_bad - c.mended, default=None)
    if worst is not None and worst.k_hat_bad > worst.mended:
        left = worst.k_hat_bad - worst.mended
        found.append(
            f"Pareto k above 0.7 without a refit: {left} of {words.units(worst.units, worst.unit)}; see the report."
        )
    if evidence.notes:
        found.append(f"Notes on the data in the report: {len(evidence.notes)}.")
    return found


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
