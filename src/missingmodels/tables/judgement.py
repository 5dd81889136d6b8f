"""What an import as a whole was judged by: kept in the Tables' origin, and told wherever their data are shown."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from missingmodels.errors import ConfigInvalid, ImportFault
from missingmodels.tables.findings import Finding, Severity
from missingmodels.tables.tables import Tables

KEY = "judged"
TABLE = "import"
RULES = {
    "authority": "the authority is none of the register's",
    "id_conflict": "one child stands under two ids, or two children under one",
    "missing_words": "MISSING holds words that are neither M nor A",
    "coded_words": "columns of codes hold words that are none",
    "missing_join": "missing rows whose child is in no header",
    "missing_kept": "missing rows that were set aside, for whatever reason",
    "missing_none": "a year of an authority without missing rows",
    "episodes_kept": "episodes that were set aside, for whatever reason but another year or a short break",
    "episodes_join": "episodes whose child is in no header",
    "inside_year": "episodes and missing rows outside their return's year",
    "open_told": "what one return left open and the next never tells again",
    "children_shared": "children in care at the end of one return who are in the next",
    "home_one_name": "one name of a home for many addresses",
    "repaired": "rows whose dates a rule had to repair",
    "residents": "a home with more residents than any home, or than ever before",
    "places": "a home fuller than its places",
    "staff_kept": "rows of staff that were set aside, for whatever reason but that nobody came",
    "records_matched": "interviews or other records that meet no episode",
}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One rule of a whole import that had something to say.

    Attributes
    ----------
    severity : an ``error`` refuses the import unless its rule was accepted; a ``warn`` is a headline
    count : rows, children or homes concerned
    what : with the shares measured; no identifier of a child and no address stands in it
    """

    rule: str
    severity: Severity
    count: int
    what: str
    remedy: str
    accepted: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}" + (f" (accepted with --accept {self.rule})" if self.accepted else "")

    @property
    def finding(self) -> Finding:
        """As ``check`` tells it. What was accepted is no error of the tables any more, but it stays in sight."""
        return Finding(
            table=TABLE,
            rule=self.rule,
            severity="warn",
            count=self.count,
            rows=(),
            what=self.what + (" (accepted at the import)" if self.accepted else ""),
            remedy=self.remedy,
        )


def judgements_of(origin: Mapping[str, Any]) -> list[Judgement]:
    """The judgements that Tables, or evidence made of them, carry in their origin; none where nothing was judged."""
    held = origin.get(KEY, ())
    return [Judgement(**each) for each in held] if isinstance(held, list | tuple) else []


def require_rules(accept: Collection[str]) -> None:
    """Raise ConfigInvalid for a rule that does not exist, with the nearest that does."""
    strange = [rule for rule in accept if rule not in RULES]
    if strange:
        near = difflib.get_close_matches(strange[0], RULES, n=1)
        raise ConfigInvalid(
            f"there is no rule {strange[0]!r}" + (f", did you mean {near[0]!r}?" if near else ""),
            where="accept",
            remedy=f"the rules are: {', '.join(RULES)}",
        )


def judged(tables: Tables, found: Sequence[Judgement], *, accept: Collection[str] = (), where: str = "") -> Tables:
    """The Tables with what was judged of them in their origin.

    Raises ImportFault listing every error whose rule is not in ``accept``.
    """
    require_unrefused(found, accept=accept, where=where)
    kept = [dataclasses.replace(j, accepted=j.severity == "error") for j in found]
    before = [j for j in judgements_of(tables.origin) if j not in kept]
    told = [j.as_dict() for j in (*before, *kept)]
    return dataclasses.replace(tables, origin={**tables.origin, KEY: told}) if told else tables


def require_unrefused(found: Sequence[Judgement], *, accept: Collection[str], where: str) -> None:
    """Raise ImportFault listing every error whose rule is not in ``accept``."""
    refused = [j for j in found if j.severity == "error" and j.rule not in accept]
    if not refused:
        return
    rules = " ".join(f"--accept {rule}" for rule in dict.fromkeys(j.rule for j in refused))
    lines = "".join(f"\n  {j.rule}: {j.what}\n    {j.remedy}" for j in refused)
    raise ImportFault(
        f"the import is refused as a whole:{lines}",
        where=where,
        remedy=f"correct the source as said, or go on with {rules}: the choice is then told with the data",
    )
