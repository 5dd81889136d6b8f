"""Numbers within words: what a note or a message says of the data, without what points at few of them."""

from __future__ import annotations

import re

from missingmodels.disclosure.counts import rounded, significant, too_small
from missingmodels.disclosure.policy import Policy

BLOCKED = "[blocked]"
_TOKEN = re.compile(r"[\w.,:/+-]*\d[\w.,:/+-]*(?:\s?%)?")
_COUNT = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,5}")
_DECIMAL = re.compile(r"[-+−]?\d+\.\d+")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s?%")
_OWN = re.compile(r"M[0-3]|H[12]|[a-z]+(?:_[a-z0-9]+)+|\d+-day|v?\d+\.\d+\.\d+")  # models, hypotheses, columns, spans


def scrubbed(text: str, policy: Policy) -> str:
    """A text whose counts are rounded or blocked, shares whole per cent, other numbers short, and codes gone."""
    return text if not policy.active else _TOKEN.sub(lambda found: _told(found[0], policy), text)


def _told(token: str, policy: Policy) -> str:
    core = token.rstrip(".,:;/+-")
    tail = token[len(core) :]
    share = _SHARE.fullmatch(core)
    if share is not None:
        said = round(float(share[1]))
        return (f"{said} %" if said else "under 1 %") + tail
    if _OWN.fullmatch(core):
        return token
    if _COUNT.fullmatch(core):
        count = int(core.replace(",", ""))
        small = too_small(count, policy)
        return (f"fewer than {policy.minimum_count}" if small else f"{rounded(count, policy):,}") + tail
    if _DECIMAL.fullmatch(core):
        return f"{significant(float(core.replace('−', '-')), policy.exposure_digits):g}{tail}"
    return BLOCKED + tail
