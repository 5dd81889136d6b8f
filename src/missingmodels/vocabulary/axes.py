"""Fields of a scenario that studies vary, in words."""

from __future__ import annotations

NAMES = {
    "homes.count": "homes",
    "days": "days observed",
    "contagion.log_rate_ratio": "peer influence (log rate ratio)",
    "dials.shock_sd": "shared shocks (sd of log rate)",
    "dials.shock_days": "length of shocks (days)",
    "dials.homophily": "homophily",
    "recording.unseen_children_share": "children not seen",
}


def axis_name(name: str) -> str:
    """An axis of a study in words; by its field where it has none."""
    return NAMES.get(name, name)
