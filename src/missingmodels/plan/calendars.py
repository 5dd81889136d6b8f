"""School holidays that a plan declares: first and last days, by the code of an authority or for all."""

from __future__ import annotations

import datetime as dt

type Calendars = dict[str, tuple[tuple[dt.date, dt.date], ...]]


def require_calendars(held: Calendars) -> Calendars:
    """The calendars. Raises ValueError for one without a term between two holidays, or out of order."""
    for name, spans in held.items():
        if len(spans) < 2:
            raise ValueError(f"{name!r} needs two holidays or more, with the term between them")
        before = dt.date.min
        for first, last in sorted(spans):
            if last < first:
                raise ValueError(f"a holiday of {name!r} ends on {last}, before it begins on {first}")
            if first <= before:
                raise ValueError(f"two holidays of {name!r} overlap on {first}")
            before = last
    return held
