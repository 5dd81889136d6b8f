"""From which share on a rule of a whole import has something to say, and from which it refuses."""

from __future__ import annotations

from dataclasses import dataclass

from missingmodels.tables.findings import Severity


@dataclass(frozen=True, kw_only=True)
class _Limit:
    """Above which share a rule is a headline, and above which an error, from how many rows on."""

    warn: float
    error: float
    least: int = 1

    def severity(self, count: int, of: int) -> Severity | None:
        """How grave so many faults of so many rows are; None where they are too few to tell."""
        if not of or count <= self.warn * of:
            return None
        return "error" if count > self.error * of and of >= self.least else "warn"


LIMITS = {
    "missing_join": _Limit(warn=0.05, error=0.5, least=5),
    "missing_words": _Limit(warn=0.0, error=0.02, least=5),
    "coded_words": _Limit(warn=0.02, error=0.1, least=10),
    "missing_kept": _Limit(warn=0.3, error=0.6, least=5),
    "missing_order": _Limit(warn=0.05, error=1.0, least=5),  # within missing_kept
    "episodes_kept": _Limit(warn=0.1, error=0.5, least=10),
    "episodes_join": _Limit(warn=0.05, error=0.5, least=5),
    "inside_year": _Limit(warn=0.02, error=0.2, least=10),
    "open_told": _Limit(warn=0.1, error=0.5, least=10),
    "children_shared": _Limit(warn=0.1, error=0.5, least=10),
    "repaired": _Limit(warn=0.15, error=0.5, least=50),
    "records_matched": _Limit(warn=0.05, error=0.5, least=10),
    "staff_kept": _Limit(warn=0.1, error=0.5, least=10),
    "home_one_name": _Limit(warn=0.0, error=0.5, least=10),
}
