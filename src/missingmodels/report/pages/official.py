"""The page of an analysis of official statistics, and the same in the terminal: made from plain rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from missingmodels.report.templates import rendered

STATEMENT = (
    "It can say whether authorities, and years of one authority, with more turnover among social workers, more agency "
    "posts, larger caseloads, less stable placements, or other homes in their area report more missing incidents per "
    "looked-after child. Where such an association is absent or runs the other way, that is worth knowing before "
    "anyone builds on it.",
    "It cannot say whether staffing of a home matters to the children who live there, which is what H2 claims. "
    "Turnover, agency posts and caseload are those of the authority's social workers, not of care staff in homes. The "
    "incidents are those of all its looked-after children, about a third of them from children's homes (DfE, 2023/24). "
    "The homes that stand in an authority's area house children of other authorities, and many of its own children "
    "live elsewhere. Authorities differ in what they record as missing, and that may go with how they are staffed.",
    "An association between aggregates need not hold for a child or a home, in size or even in sign (the ecological "
    "fallacy). So nothing here supports or refutes H2, and no row has a verdict; nothing here speaks of H1 at all. "
    "Placement stability is of the same year as the incidents and may as well follow from them.",
)
LABELS = {
    "turnover": "social workers' turnover, 10 percentage points more, year before",
    "agency": "agency share of social workers, 10 percentage points more, year before",
    "caseload": "caseload, 5 cases a social worker more, year before",
    "moves": "children with three or more placements in the year, 5 percentage points more, same year",
    "mean_places": "homes in the area larger by one place on average",
    "private_share": "homes in the area private, 25 percentage points more",
}
SCALES = ("sigma_authority", "sigma_region", "dispersion_shape")


def label_of(column: str) -> tuple[str, str]:
    """What a column compares, and where: between authorities or within one."""
    name, _, part = column.rpartition("_")
    return LABELS[name], part


def official_page(
    *,
    head: str,
    rows: Sequence[Mapping[str, Any]],
    scales: Sequence[Mapping[str, Any]],
    notes: Sequence[str],
    fit: str,
    interval: str,
    failed: Sequence[str],
) -> str:
    """The page's text; all but the style sheet is escaped. Rows hold ``label``, ``median``, ``low`` and ``high``."""
    return rendered(
        "official.html", statement=STATEMENT, head=head, rows=rows, scales=scales, notes=notes, fit=fit,
        interval=interval, failed=failed,
    )  # fmt: skip


def official_text(head: str, rows: Sequence[Mapping[str, Any]], interval: str) -> str:
    """The table for the terminal, and the statement in one sentence."""
    lines = [head, f"{'':<9} {'ratio':>5} {interval:>13} {'P>1':>6}  difference"]
    for row in rows:
        span = f"{row['low']:.2f} to {row['high']:.2f}"
        lines.append(f"{row['part']:<9} {row['median']:>5.2f} {span:>13} {row['above']:>6.3f}  {row['label']}")
    return "\n".join([*lines, "These are associations between authorities: they neither support nor refute H2."])
