"""Numbers within words: what a note or a message says of the data, without what points at few of them."""

from __future__ import annotations

import re
from collections.abc import Collection

from missingmodels.disclosure.counts import rounded, significant, too_small
from missingmodels.disclosure.policy import Policy

BLOCKED = "[blocked]"
_OURS = r"\d[\d,]* draws\b|\d+ times each\b"  # how the engine works, whatever the data
_TOKEN = re.compile(rf"({_OURS})|[\w.,:/+-]*\d[\w.,:/+-]*(?:\s?%)?")
_COUNT = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,5}")
_DECIMAL = re.compile(r"[-+−]?\d+\.\d+")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s?%")
_LEVEL = re.compile(r"\b(\w+)\[[^\]]*\]")
# What follows a count of one, and what follows any other: the words must not tell a hidden one from a hidden few.
_SINGLE = re.compile(
    r"(fewer than \d+ (?:\w+ )?)"
    r"(child|home|onset|episode|stay|day|incident|adult|placement|authority|resident|row|pair|fit|refit)\b"
    r"(?: (has|is|was|lives|does)\b)?"
)
_VERBS = {"has": "have", "is": "are", "was": "were", "lives": "live", "does": "do"}
_OWN = re.compile(r"M[0-3]|H[12]|[a-z]+(?:_[a-z0-9]+)+|\d+-day|v?\d+\.\d+\.\d+")  # models, hypotheses, columns, spans


def without_levels(text: str, allowed: Collection[str] = ()) -> str:
    """A text whose columns of a classification name no level, but those that are ``allowed``.

    Beside a word, a bracket holds a level: ``ethnicity[WROM]``. That one is there at all is told by its name.
    """
    return _LEVEL.sub(lambda found: found[0] if found[0] in allowed else f"{found[1]}{BLOCKED}", text)


def scrubbed(text: str, policy: Policy) -> str:
    """A text whose counts are rounded or blocked, shares whole per cent, other numbers short, and codes gone.

    Beside a count that is blocked no share is told: it may be theirs.
    """
    if not policy.active:
        return text
    counts = (_count(_core(found[0])) for found in _TOKEN.finditer(text) if not found[1])
    few = any(count is not None and too_small(count, policy) for count in counts)
    told = _TOKEN.sub(lambda found: found[1] or _told(found[0], policy, few=few), text)
    return _SINGLE.sub(_as_of_several, told)


def _as_of_several(found: re.Match[str]) -> str:
    before, noun, verb = found.groups()
    several = {"child": "children", "authority": "authorities"}.get(noun, f"{noun}s")
    return f"{before}{several}" + (f" {_VERBS[verb]}" if verb else "")


def _core(token: str) -> str:
    return token.rstrip(".,:;/+-")


def _count(core: str) -> int | None:
    return int(core.replace(",", "")) if _COUNT.fullmatch(core) else None


def _told(token: str, policy: Policy, *, few: bool) -> str:
    core = _core(token)
    tail = token[len(core) :]
    share = _SHARE.fullmatch(core)
    if share is not None:
        if few:
            return BLOCKED + tail
        said = round(float(share[1]))
        return (f"{said} %" if said else "under 1 %") + tail
    if _OWN.fullmatch(core):
        return token
    count = _count(core)
    if count is not None:
        small = too_small(count, policy)
        return (f"fewer than {policy.minimum_count}" if small else f"{rounded(count, policy):,}") + tail
    if _DECIMAL.fullmatch(core):
        return f"{significant(float(core.replace('−', '-')), policy.exposure_digits):g}{tail}"
    return BLOCKED + tail
