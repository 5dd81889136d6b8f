"""What a room asks of outputs, as one TOML file, and which policy holds where none is named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from missingmodels.config import Config, preset, read_toml
from missingmodels.errors import CannotAnswer
from missingmodels.provenance import digest_json
from missingmodels.tables import is_simulated

BY_POLICY = "blocked by the policy of disclosure"  # where a number would stand
FOLDER = "disclosure"
DEFAULT, OFF = "generic", "none"


class Policy(Config):
    """Rules of disclosure.

    Attributes
    ----------
    active : False lets everything through, by the same way
    minimum_count : a count below it is blocked, and so is one that leaves fewer of its whole
    zeros : whether a count of 0 is shown or blocked like any small one
    rounding : counts that are shown are rounded to a multiple of it
    minimum_children, minimum_homes : behind each estimate, on either side of a contrast
    dominance_largest, dominance_share : the largest so many units of a quantity hold no more than this share (n, k)
    dominance_percent : what is left beside the two largest is at least this percentage of the largest (p %)
    digits : significant digits of an estimate
    exposure_digits : of a denominator: years, days, rates over them
    difference : what is done with an output whose data differ from an earlier one's by fewer than the minimum
    """

    name: str = "own"
    active: bool = True
    minimum_count: int = Field(default=10, ge=2, le=1000)
    zeros: Literal["block", "show"] = "block"
    rounding: int = Field(default=5, ge=1, le=1000)
    minimum_children: int = Field(default=10, ge=2)
    minimum_homes: int = Field(default=10, ge=2)
    dominance_largest: int = Field(default=2, ge=1, le=10)
    dominance_share: float = Field(default=0.9, gt=0, le=1)
    dominance_percent: float = Field(default=10.0, ge=0, le=100)
    digits: int = Field(default=3, ge=1, le=6)
    exposure_digits: int = Field(default=2, ge=1, le=6)
    difference: Literal["refuse", "noise"] = "refuse"

    @property
    def digest(self) -> str:
        """What tells one set of rules from another."""
        return digest_json(self.model_dump(mode="json"))


def load_policy(name: str | Path) -> Policy:
    """A policy that ships with the package (``generic``, ``opensafely_like``, ``none``) or a TOML file.

    Raises ConfigInvalid.
    """
    is_file = isinstance(name, Path) or name.endswith(".toml") or "/" in name
    return read_toml(Path(name), Policy) if is_file else preset(FOLDER, str(name), Policy)


def policy_for(origin: Mapping[str, Any], asked: str | Path | Policy | None = None) -> Policy:
    """The policy asked for; none for data in which no real child, home or worker is, the generic one for all others."""
    if isinstance(asked, Policy):
        return asked
    if asked is None:
        asked = OFF if is_simulated(origin) else DEFAULT
    return load_policy(asked)


def require_enough(policy: Policy, **counts: int) -> None:
    """Raise CannotAnswer where an output rests on fewer children, homes or onsets than any output may."""
    least = {"homes": policy.minimum_homes, "children": policy.minimum_children, "onsets": policy.minimum_count}
    few = [f"fewer than {least[name]} {name}" for name, n in counts.items() if n < least[name]]
    if few and policy.active:
        raise CannotAnswer(
            f"nothing of these data may leave by the policy of disclosure {policy.name!r}: {' and '.join(few)}",
            remedy="more data, or a policy that the output checker agrees to, with --disclosure",
        )
