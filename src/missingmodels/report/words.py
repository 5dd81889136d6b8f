"""Numbers, dates and names as the report prints them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from missingmodels.evidence.parts import Row
from missingmodels.vocabulary import column_label, worded

_CODE = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")
_MODEL = re.compile(r"^(M[0-3])\b")
THIN = "\u202f"  # narrow no-break space, between a number and its unit

MODELS = {
    "M0": "history only",
    "M1": "history and peers",
    "M2": "history and structure",
    "M3": "history, peers and structure",
}
# The one label of one quantity: of an empty place and a child of another authority nobody can tell which it is.
COVERAGE = "coverage (residents seen, of residents or else of places), median"

ENGINES = {"nuts/nutpie": "NUTS", "laplace": "nested Laplace"}


def engine(certificate: Mapping[str, Any]) -> str:
    """The engine that drew a fit; where the record does not say, that is said."""
    method = str(certificate.get("method", "unrecorded"))
    return ENGINES.get(method, method)


BLOCKED = "blocked"


def count(value: float | None, digits: int = 0) -> str:
    """A count, or that a policy of disclosure blocks it."""
    return BLOCKED if value is None else f"{value:,.{digits}f}"


def ratio(value: float) -> str:
    """A rate ratio with two decimals; with fewer or more where two would be noise or would hide it."""
    if not math.isfinite(value):
        return "–"
    if value < 0.0005:
        return "<0.001"
    if value < 0.1:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def probability(value: float | None) -> str:
    """A probability, never rounded up to certainty, nor across a threshold of the rule.

    Near 0 and 1, where the rule's thresholds lie, three decimals are cut towards one half: 0.9748 stays below 0.975.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value >= 0.995:
        return ">0.99"
    if value <= 0.005:
        return "<0.01"
    if value > 0.885:
        return f"{math.floor(value * 1000 + 1e-9) / 1000:.3f}"
    if value < 0.115:
        return f"{math.ceil(value * 1000 - 1e-9) / 1000:.3f}"
    return f"{value:.2f}"


def signed(value: float, digits: int = 2) -> str:
    """A number with a true minus sign, and no minus before a zero."""
    text = f"{value:.{digits}f}"
    return (text[1:] if float(text) == 0 and text.startswith("-") else text).replace("-", "−")


def percent(value: float, digits: int = 0) -> str:
    """A share as a percentage, “12 %”."""
    return f"{signed(value * 100, digits)}{THIN}%"


def share(value: float | None, digits: int = 0) -> str:
    """A share in per cent, or that a policy of disclosure blocks it."""
    return BLOCKED if value is None else percent(value, digits)


def mass(value: float) -> str:
    """The mass of an interval as a percentage."""
    return f"{value * 100:g}{THIN}%"


def interval_name(row: Row) -> str:
    """Mass and kind, as they stand before every interval: “90 % equal-tailed interval”."""
    return f"{mass(row.interval_mass)} {row.interval_kind} interval"


def interval(row: Row) -> str:
    """The bounds of a rate ratio."""
    return f"{ratio(row.interval_low)} to {ratio(row.interval_high)}"


def measure(row: Row) -> str:
    """Median and bounds of a quantity in its own unit."""
    attributable = row.estimand.startswith("attributable_fraction")
    if attributable or row.estimand in ("variance_explained", "share"):
        digits = 1 if attributable else 0
        low, high = signed(row.interval_low * 100, digits), percent(row.interval_high, digits)
        return f"{percent(row.median, digits)} ({low} to {high})"
    if row.estimand in ("variance_drop", "rate_difference"):
        return f"{signed(row.median, 2)} ({signed(row.interval_low, 2)} to {signed(row.interval_high, 2)})"
    if row.estimand in ("sd_log", "shape", "expected_rate"):
        return f"{row.median:.2f} ({row.interval_low:.2f} to {row.interval_high:.2f})"
    return f"{ratio(row.median)} ({interval(row)})"


def stated_side(row: Row) -> str:
    """The event whose probability the rule judges."""
    return "<1" if row.expected == "below" else ">1"


def stated_probability(row: Row) -> float | None:
    """Posterior mass on the side that the hypothesis states."""
    above = row.probability_above_null
    return 1 - above if above is not None and row.expected == "below" else above


def typographic(label: str) -> str:
    """A label with true minus signs before digits and typographic apostrophes."""
    text = label.replace("'", "’")
    return "".join(
        "−" if c == "-" and text[i + 1 : i + 2].isdigit() and not text[i - 1 : i].isalnum() else c
        for i, c in enumerate(text)
    )


def note(text: str, asked: Mapping[str, str] | None = None) -> str:
    """A note of a run as a page says it: columns by their labels in the words of what was asked, models as such."""
    told = worded(_CODE.sub(lambda found: _in_words(found.group()), text), asked)
    return typographic(_MODEL.sub(r"model \1", told))


def _in_words(name: str) -> str:
    label = column_label(name)
    return label.replace(", between homes", " between homes").replace(", within a home", " within a home")


def trace_note(chains: int, *, single: bool) -> str:
    """What the traces show; independent draws of the fast engine have no chains that could fail to mix."""
    if chains <= 1:
        return "Thinned draws of the fast engine, which come independently and in no order."
    text = f"Thinned draws in order, one colour for each of {chains} chains. Chains that mix lie on one another."
    return text + (" One colour alone: draws of the fast engine, in no order." if single else "")


def day(iso: str) -> str:
    """A date as it is read."""
    d = date.fromisoformat(iso)
    return f"{d.day} {d:%B} {d.year}"


def last_day(end_iso: str) -> str:
    """The last day of a half-open span, for the reader who thinks of spans as closed."""
    return day((date.fromisoformat(end_iso) - timedelta(days=1)).isoformat())


def units(number: int, unit: str) -> str:
    """So many children or homes."""
    return f"{number:,} {unit if number == 1 else {'child': 'children'}.get(unit, f'{unit}s')}"


def factor(log_value: float) -> str:
    """A Bayes factor from its natural log; beyond a thousand either way its order of magnitude alone."""
    if not math.isfinite(log_value):
        return "–"
    tens = log_value / math.log(10)
    if abs(tens) >= 3:
        return f"10{str(round(tens)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    return ratio(math.exp(log_value))
