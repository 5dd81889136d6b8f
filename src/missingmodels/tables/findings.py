"""Findings: what validation reports. One finding is one rule broken in one table, with rows and remedy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

Severity = Literal["error", "warn"]
ROWS_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule broken.

    Attributes
    ----------
    count : how many rows break it
    rows : the first few, as key values and ``row``, its number (0 = first data row) or, as text, its place in a file
    """

    table: str
    rule: str
    severity: Severity
    count: int
    rows: tuple[dict[str, Any], ...]
    what: str
    remedy: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)

    def __str__(self) -> str:
        shown = "; ".join(", ".join(_told(k, v) for k, v in row.items()) for row in self.rows)
        more = f" (first {len(self.rows)} of {self.count})" if self.count > len(self.rows) else ""
        where = f"\n    rows{more}: {shown}" if shown else ""
        return (
            f"{self.severity}: {self.table}.{self.rule}: {self.what} [{self.count} row"
            f"{'' if self.count == 1 else 's'}]{where}\n    remedy: {self.remedy}"
        )


def _told(name: str, value: Any) -> str:
    """A value by its name; of a row its place in the table, or where in a file it came from."""
    if name != "row":
        return f"{name} {value}"
    return value if isinstance(value, str) else f"row {value} (from 0)"


def finding(  # noqa: PLR0913
    frame: pd.DataFrame,
    bad: pd.Series | list[int],
    *,
    table: str,
    rule: str,
    severity: Severity,
    show: list[str],
    what: str,
    remedy: str,
) -> list[Finding]:
    """A list with one finding, or none if no row is bad. ``bad`` is a mask over the frame or row numbers."""
    index = list(bad) if isinstance(bad, list) else [int(i) for i in frame.index[bad.fillna(False).astype(bool)]]
    if not index:
        return []
    rows = tuple(
        {"row": i} | {name: _plain(frame.at[i, name]) for name in show if name in frame} for i in index[:ROWS_SHOWN]
    )
    return [Finding(table=table, rule=rule, severity=severity, count=len(index), rows=rows, what=what, remedy=remedy)]


def _plain(value: Any) -> Any:
    if value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return "unrecorded"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return value.item() if hasattr(value, "item") else value
