"""Words for a plan whose outcome, or whose peers' events, are other than missing episodes.

Labels and pages speak of episodes and of recently missing peers. ``asked`` holds what stands for those, in words:
``outcome``, ``peers`` and ``ties``, each only where it is not what the words say as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TIES = {"same_sex": "tie strength by sex", "age_gap": "tie strength by nearness in age"}


def asked_words(*, outcome: str, peers: str, first_day: int, window_days: int, tie: str) -> dict[str, str]:
    """What a plan asks, from the meanings of its events, each empty for missing episodes."""
    found = {"outcome": outcome} if outcome else {}
    if peers or outcome or first_day > 1:
        days = f" {first_day} to {window_days} days before" if first_day > 1 else ""
        found["peers"] = (peers or "a missing episode") + days
    return found | ({"ties": _TIES[tie]} if tie in _TIES else {})


def worded(text: str, asked: Mapping[str, str] | None) -> str:
    """A label or sentence in the words of what was asked."""
    if not asked:
        return text
    if peers := asked.get("peers"):
        text = re.sub(r"recently missing (outside )?(peers?)", rf"\1\2 with {peers}", text)
        text = re.sub(r"peers recently missing|peers['’] recent (missing )?episodes", f"peers with {peers}", text)
        text = re.sub(r"a recent (episode|peer)\b", rf"a peer with {peers}", text)
    return text.replace("tie strength", asked["ties"]) if "ties" in asked else text


def subject(asked: Mapping[str, str] | None) -> str:
    """What a page is about."""
    outcome = (asked or {}).get("outcome", "")
    return outcome[:1].upper() + outcome[1:] if outcome else "Missing from care"


def defined(asked: Mapping[str, str] | None) -> str:
    """What an episode and a recent peer are in a page, in sentences; empty where they are what the words say."""
    found = []
    if outcome := (asked or {}).get("outcome"):
        found.append(f"An episode is here a day on which this is recorded of the child: {outcome}.")
    if peers := (asked or {}).get("peers"):
        found.append(f"A recent peer is one with {peers}.")
    return " ".join(found)
