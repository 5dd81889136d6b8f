"""Calibration in words and numbers: the terminal's table, the rows of the page, and the numbers as they are printed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from missingmodels.report import words
from missingmodels.targets import INTERVAL_NOTE, Compared, Target, in_order, tally

COLUMNS = 100
_LABEL = 47
STATUS_NOTE = (
    "Status: v verified at the source, d derived from verified figures, "
    "a assumption (no published figure: the interval only bounds a sensitivity analysis)."
)
SINGLE_NOTE = (
    "The figures are England's: one authority or a few homes may lie outside by chance, or because they differ. "
    "Denominators stand beside the values."
)
ERROR_NOTE = "±: Monte Carlo error (SD over seeds / √seeds); “?”: a bound lies within two of them."


def number(value: float | None, target: Target) -> str:
    """A value in the target's unit: shares in per cent, the others with about three figures."""
    if value is None:
        return "–"
    if _is_share(target):
        return f"{words.signed(value * 100, 1)}{words.THIN}%"
    return _plain(value)


def interval(target: Target) -> str:
    """The published interval in the target's unit."""
    if _is_share(target):
        return f"{target.low * 100:g}–{target.high * 100:g}{words.THIN}%"
    return f"{target.low:g}–{target.high:g}"


def error(value: float | None, target: Target) -> str:
    """A Monte Carlo error, in points where the value is in per cent; empty for a single data set."""
    if value is None:
        return ""
    shown = value * 100 if _is_share(target) else value
    if shown >= 10:
        return f"±{shown:.0f}"
    return f"±{shown:.1f}" if _is_share(target) and shown >= 0.05 else f"±{shown:.2g}"


def _is_share(target: Target) -> bool:
    """Is the value a share, printed in per cent?"""
    return target.unit.startswith(("share", "SD of share", "residents per registered place"))


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def published(target: Target) -> str:
    """The published value in the target's unit; an assumption has none."""
    if target.status == "assumption":
        return "none"
    if _is_share(target):
        return f"{target.value * 100:g}{words.THIN}%"
    return f"{target.value:g}"


def verdict(found: Compared) -> str:
    """The verdict, with a question mark where other seeds could turn it."""
    return f"{found.verdict}{'?' if found.near_bound else ''}"


def headline(compared: Sequence[Compared]) -> str:
    """How many of the gate's targets are met, in one sentence."""
    n = tally(compared)
    text = f"{n['inside']} of the {n['gate']} gate targets are inside their intervals, {n['outside']} outside"
    return f"{text}, {n['without']} not computed or judged." if n["without"] else f"{text}."


def calibration_text(compared: Sequence[Compared]) -> str:
    """Every target beside what was measured, gate first, and why others were not; at most 100 columns wide."""
    ordered = in_order(compared)
    several = any(len(c.measured) > 1 for c in ordered)
    last = "±" if several else "of"
    head = f"{'':<{_LABEL + 2}}{'published':>9} {'interval':>12} s {'here':>8} {last:>8} "
    lines = ["Beside published figures", f"{head}verdict"]
    for gate, title in ((True, "Gate targets"), (False, "Other targets")):
        shown = [c for c in ordered if c.target.gate == gate and c.mean is not None]
        lines += [title] if shown else []
        lines += [_line(c, several=several) for c in shown]
    lines += ["", *textwrap.wrap(headline(compared), COLUMNS)]
    notes = [INTERVAL_NOTE, STATUS_NOTE, ERROR_NOTE if several else SINGLE_NOTE]
    lines += [line for note in notes for line in textwrap.wrap(note, COLUMNS)]
    return "\n".join([line.rstrip() for line in lines] + _without(ordered))


def _line(found: Compared, *, several: bool) -> str:
    target = found.target
    beside = error(found.monte_carlo_error, target) if several else f"{found.count:,}"
    numbers = f"{published(target):>9} {interval(target):>12} {target.status[0]} {number(found.mean, target):>8}"
    judged = "–" if found.verdict == "not comparable" else verdict(found)  # the reason stands below the table
    return f"  {target.label:<{_LABEL}}{numbers} {beside:>8} {judged}"


def _without(ordered: Sequence[Compared]) -> list[str]:
    """Targets without a value or a verdict, with the reason, grouped by reason."""
    reasons: dict[str, list[str]] = {}
    for found in ordered:
        if found.why_not:
            reasons.setdefault(found.why_not, []).append(found.target.label)
    if not reasons:
        return []
    lines = ["", "Not computed, or not judged"]
    for reason, labels in reasons.items():
        text = f"{'; '.join(labels)}: {reason}"
        lines += textwrap.wrap(text, COLUMNS, initial_indent="  ", subsequent_indent="    ")
    return lines
