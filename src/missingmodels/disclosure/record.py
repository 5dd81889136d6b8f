"""What the gate did, output by output, for whoever checks it: a table and one file for machines."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from missingmodels.disclosure.counts import rounded
from missingmodels.disclosure.policy import Policy
from missingmodels.disclosure.words import without_levels
from missingmodels.provenance import digest_bytes, versions
from missingmodels.tables.csv_out import records_csv

TABLE, FILE = "disclosure.csv", "disclosure.json"
FORMAT = "missingmodels-disclosure-1"
Action = Literal["released", "rounded", "blocked"]


@dataclass(frozen=True, kw_only=True)
class _Output:
    """One output as the gate judged it.

    Attributes
    ----------
    value_class : what it is, by the table of classes
    rule : the rule that decided, empty where none holds it back
    risk : the minimum over the children behind it as they may be told, rounded, so that it gives no count back; at most
        1; 0 of what is blocked or tells nothing of the data
    """

    output: str
    value_class: str
    action: Action
    rule: str = ""
    reason: str = ""
    risk: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@dataclass
class Judged:
    """Outputs as they are judged, in order.

    With a ``noise_key`` the data are near to those of an earlier output, and counts get noise that follows from the key
    and their name: the same whenever it is asked for, so that repeating does not average it out.
    """

    policy: Policy
    noise_key: bytes | None = None
    outputs: list[_Output] = field(default_factory=list)

    def add(
        self, output: str, value_class: str, action: Action, *, rule: str = "", reason: str = "", children: float = 0
    ) -> None:
        """Note one output; ``children`` behind it give its risk."""
        risk = 0.0
        if children and action != "blocked":
            least = self.policy.minimum_children
            risk = round(least / max(rounded(self.noised(output, children), self.policy), least), 2)
        # of what is blocked no level of a classification is named, nor in its reason: it may be one child's
        unnamed = without_levels(output) if action == "blocked" else output
        made = _Output(output=unnamed, value_class=value_class, action=action, rule=rule, reason=reason, risk=risk)
        if unnamed == output or made not in self.outputs:  # nor is told how many groups there are
            self.outputs.append(made)

    def noised(self, output: str, count: float) -> float:
        """A count, with its noise where there is some."""
        if self.noise_key is None:
            return count
        width = 2 * self.policy.minimum_count - 1
        drawn = int.from_bytes(hmac.digest(self.noise_key, output.encode(), "sha256")[:8], "big")
        return max(0, count + drawn % width - (width // 2))

    @property
    def blocked(self) -> list[_Output]:
        """What does not leave."""
        return [one for one in self.outputs if one.action == "blocked"]

    @property
    def share_blocked(self) -> float:
        """Of the outputs, those that do not leave: what the policy costs."""
        return len(self.blocked) / len(self.outputs) if self.outputs else 0.0


def record_files(
    judged: Judged, released: Mapping[str, bytes], *, origin: str, seeds: Sequence[int]
) -> dict[str, bytes]:
    """The record beside files that are released, by name."""
    body = {
        "format": FORMAT,
        "policy": judged.policy.model_dump(mode="json"),
        "policy_digest": judged.policy.digest,
        "data": origin,
        "seeds": list(seeds),
        "versions": versions(),
        "files": {name: digest_bytes(content) for name, content in sorted(released.items())},
        "share_blocked": round(judged.share_blocked, 3),
        "risk_highest": max((one.risk for one in judged.outputs), default=0.0),
        "outputs": [one.as_dict() for one in judged.outputs],
    }
    table = records_csv([one.as_dict() for one in judged.outputs]) if judged.outputs else ""
    return {TABLE: table.encode(), FILE: (json.dumps(body, indent=1) + "\n").encode()}
