"""Start and end of shifts from a rota's cells: times of day beside a date, or whole moments; local clocks.

Clocks go forward on a night in March and back on one in October. A time that no clock showed is moved on by the hour
that was skipped; a time that was shown twice is taken as its first showing. Both are told in the ledger.
"""

from __future__ import annotations

import pandas as pd

from missingmodels.extract.ledger import in_play, remark, repair, set_aside
from missingmodels.extract.readers.dates import BRITISH, ISO, Form, column_dates, dates

ZONE = "Europe/London"
CLOCK = r"(?P<hour>[01]?\d|2[0-4])[:.]?(?P<minute>[0-5]\d)(?:[:.][0-5]\d(?:\.0+)?)?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
MOMENT = rf"(?P<day>[^\s:]+?(?: [A-Za-z]{{3}} \d+)?)[ T]+{CLOCK}"


def shift_times(frame: pd.DataFrame, *, with_date: bool, form: Form | None = None) -> tuple[pd.DataFrame, list[str]]:
    """The frame with ``start_time`` and ``end_time`` as local times without a zone; unreadable rows set aside."""
    if with_date:
        day, found = column_dates(frame["date"], form)
        frame = set_aside(frame, day.isna(), "bad_date", f"the date is blank or not {found.name}")
        start, end = (_of_day(day, frame[fact]) for fact in ("start", "end"))
        notes = [f"date read as {found.name}"]
    else:
        start, end = moments(frame["start"], form), moments(frame["end"], form)
        only_clock = end.isna() & frame["end"].str.fullmatch(CLOCK).astype(bool)
        end = end.where(~only_clock, _of_day(start.dt.normalize(), frame["end"]))
        notes = []
    frame = set_aside(frame, start.isna(), "bad_time", "the start cannot be read as a time")
    frame = set_aside(frame, end.isna(), "bad_time", "the end cannot be read as a time")
    # 22:00 to 07:30 under one date ends on the next day; so does 08:00 to 08:00.
    next_day = with_date & (end <= start)
    end = end.mask(next_day, end + pd.Timedelta(days=1))
    frame = frame.assign(start_time=start, end_time=end)
    for column, name in (("start_time", "start"), ("end_time", "end")):
        frame = _on_the_clock(frame, column, name)
    return frame, notes


def _of_day(day: pd.Series, clock: pd.Series) -> pd.Series:
    """A day's moment at a clock time; 24:00 is the next midnight."""
    parts = clock.str.strip().str.extract(rf"^{CLOCK}$")
    hour, half = pd.to_numeric(parts["hour"]), parts["half"].str.lower()
    # 12 am is midnight, 12 pm noon; 14:00 pm is neither
    hour = (hour % 12 + 12 * (half == "p")).where(half.notna() & hour.between(1, 12), hour.where(half.isna()))
    minutes = hour * 60 + pd.to_numeric(parts["minute"])
    minutes = minutes.where(minutes <= 24 * 60)
    return (day + pd.to_timedelta(minutes, unit="m")).astype("datetime64[s]")


def has_clock(text: pd.Series) -> pd.Series:
    """Whether a cell has more than a day."""
    return text.str.contains(r"\d[ T]+\d").astype(bool)


def moments(text: pd.Series, form: Form | None = None) -> pd.Series:
    """Moments of text with day and clock, DD/MM/YYYY, ISO or a declared form; a day alone is its midnight; else NaT."""
    cell = text.str.strip()
    parts = cell.where(has_clock(text), cell + " 00:00").str.extract(rf"^{MOMENT}$")
    day = pd.Series(pd.NaT, index=text.index, dtype="datetime64[s]")
    for each in (form, BRITISH, ISO) if form is not None else (BRITISH, ISO):
        day = day.fillna(dates(parts["day"].fillna(""), each))
    half = (" " + parts["half"] + "m").fillna("")
    return _of_day(day, parts["hour"].fillna("") + ":" + parts["minute"].fillna("") + half)


def true_hours(start: pd.Series, end: pd.Series) -> pd.Series:
    """Hours that passed between local moments, whatever the clocks did: 23 or 25 on the days when they change.

    A moment that came twice is its first showing, one that was skipped the hour after.
    """
    hour = pd.Timedelta(hours=1)
    even = [each.dt.tz_localize(ZONE, ambiguous=True, nonexistent=hour) for each in (start, end)]
    return (even[1] - even[0]).dt.total_seconds() / 3600


def _on_the_clock(frame: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    """Move times that were skipped in spring, and tell of those that came twice in autumn."""
    local = frame[column]
    forward = local.dt.tz_localize(ZONE, ambiguous=True, nonexistent="shift_forward").dt.tz_localize(None)
    skipped = in_play(frame) & local.notna() & (forward != local)
    moved = local + pd.Timedelta(hours=1)
    frame = repair(frame, skipped, "clock_forward", before=f"{name} " + _words(local), after=f"{name} " + _words(moved))
    twice = local.dt.tz_localize(ZONE, ambiguous="NaT", nonexistent="shift_forward").isna() & local.notna()
    frame = remark(frame, in_play(frame) & twice, f"the {name} came twice as the clocks went back: the first is meant")
    return frame.assign(**{column: local.mask(skipped, moved).astype("datetime64[s]")})


def _words(moment: pd.Series) -> pd.Series:
    return moment.dt.strftime("%d/%m/%Y %H:%M").fillna("blank")
