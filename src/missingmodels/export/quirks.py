"""The dials of what makes real SSDA903 returns untidy. All are off by default."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from missingmodels.errors import ConfigInvalid

ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "utf-16")
HEADER_CASES = ("upper", "lower", "title")


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """How a return departs from a tidy one. Every ``_share`` is a probability in [0, 1], by default 0.

    Attributes
    ----------
    legal_change_share : of children; one stay is cut in two by an episode with RNE L
    temporary_share : of stays of at least 14 days; 2 to 6 days in a T4 placement interrupt them
    blank_urn_share : of stays in homes; their URN is left blank, so that only the postcode tells the home
    k3_share : of stays in children's homes begun at 16 or older; written as supported accommodation, K3
    closed_bed_share : of absences that outlast the placement they began in; MIS_END is its DEC
    same_day_repeat_share : of absences; another of the same day and already over stands before them
    amended_share : of episodes carried over from the year before; LS, CIN or DECOM is not what it was there
    birth_month_only : every date of birth is the first of its month, as in regional pools
    derived_columns : PL_LA, PL_LOCATION and PL_DISTANCE are added, as some systems do (off by default)
    encoding : utf-8, utf-8-sig (with a byte order mark), cp1252 (Windows-1252) or utf-16
    crlf : lines end with CR and LF
    header_case : upper, lower or title
    """

    legal_change_share: float = 0.0
    temporary_share: float = 0.0
    blank_urn_share: float = 0.0
    k3_share: float = 0.0
    closed_bed_share: float = 0.0
    same_day_repeat_share: float = 0.0
    amended_share: float = 0.0
    birth_month_only: bool = False
    derived_columns: bool = False
    encoding: str = "utf-8"
    crlf: bool = False
    header_case: str = "upper"

    def __post_init__(self) -> None:
        faults = [
            f"{name} is {value!r}, not a probability in [0, 1]"
            for name, value in dataclasses.asdict(self).items()
            if name.endswith("_share") and not (math.isfinite(value) and 0 <= value <= 1)
        ]
        if self.encoding not in ENCODINGS:
            faults.append(f"encoding {self.encoding!r} is not one of {', '.join(ENCODINGS)}")
        if self.header_case not in HEADER_CASES:
            faults.append(f"header_case {self.header_case!r} is not one of {', '.join(HEADER_CASES)}")
        if faults:
            raise ConfigInvalid("; ".join(faults), where="quirks", remedy="correct the values named")


def quirks_of(text: str) -> Quirks:
    """Quirks from ``name=value,name=value``; ``all`` turns every dial on. Raises ConfigInvalid naming every fault."""
    if text.strip() == "all":
        return ALL
    fields = {field.name: field for field in dataclasses.fields(Quirks)}
    values: dict[str, object] = {}
    faults = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in fields:
            faults.append(f"there is no quirk {name!r}")
            continue
        default = fields[name].default
        if isinstance(default, bool):
            if equals and value.lower() not in ("true", "false"):
                faults.append(f"{name} is true or false, not {value!r}")
            values[name] = value.lower() != "false"
        elif isinstance(default, float):
            try:
                values[name] = float(value)
            except ValueError:
                faults.append(f"{name} needs a number, not {value!r}")
        else:
            values[name] = value
    if faults:
        raise ConfigInvalid("; ".join(faults), where="quirks", remedy=f"the quirks are: {', '.join(fields)}, or all")
    return Quirks(**values)  # type: ignore[arg-type]


ALL = Quirks(
    legal_change_share=0.3,
    temporary_share=0.2,
    blank_urn_share=0.1,
    k3_share=0.1,
    closed_bed_share=1.0,
    same_day_repeat_share=0.1,
    amended_share=0.2,
    birth_month_only=True,
    derived_columns=True,
    encoding="utf-16",
    crlf=True,
    header_case="lower",
)
