"""What was accepted in returns but deserves a question to whoever made them: counts, in words."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from missingmodels.extract.ledger import in_play
from missingmodels.extract.readers.cells import quotable
from missingmodels.extract.returns import layout
from missingmodels.extract.returns.children import by_child
from missingmodels.extract.returns.codes import PLACES, SEX
from missingmodels.extract.returns.placements import BEYOND

# The longest stay that a temporary code allows, in days (validation rules 375, 376 and 379 as implemented openly).
ADULT, DAYS_A_YEAR = 18, 365.25
_SPANS = ("episodes", "missing")
TEMPORARY_DAYS = {"T1": 42, "T3": 21, "T4": 7}


def notes_on(frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """Notes on settled working frames."""
    notes = [
        f"no missing row of {authority} is A (away without authorisation): the authority may record M only"
        for authority, known in records_a(frames["missing"]).items()
        if not known
    ]
    return notes + [f"{count} {what}" for what, count in _oddities(frames).items() if count]


def _grown(episodes: pd.DataFrame, header: pd.DataFrame) -> int:
    """Children of whom an episode begins at 18 or later."""
    live = episodes.loc[in_play(episodes), ["CHILD", "start"]]
    birth = header.loc[in_play(header), ["CHILD", "birth"]].drop_duplicates("CHILD").set_index("CHILD")["birth"]
    age = (live["start"] - by_child(live["CHILD"], birth)).dt.days / DAYS_A_YEAR
    return int(live.loc[age >= ADULT, "CHILD"].nunique())


def records_a(missing: pd.DataFrame) -> dict[str, bool]:
    """Whether an authority's returns hold any A at all, by authority with missing rows."""
    named = missing[missing["category"].notna()]
    return {str(k): bool(v) for k, v in (named["category"] == "A").groupby(named["authority"]).any().items()}


def _oddities(frames: Mapping[str, pd.DataFrame]) -> dict[str, int]:
    episodes, header = frames["episodes"], frames["header"]
    strange = sorted(set(episodes["PLACE"].unique()) - PLACES - {""})
    told = [quotable(code) for code in strange]
    live = in_play(episodes)
    weak = (episodes["URN"] == "") & episodes["home_id"].notna()
    weak &= episodes["PLACE"].isin(layout.HOMES_BY_URN)
    limit = episodes["PLACE"].map(TEMPORARY_DAYS)
    too_long = in_play(episodes) & ((episodes["end"] - episodes["start"]).dt.days > limit)
    return {
        "episodes have a REC but no DEC: open, unless a later episode follows": int(
            ((episodes["DEC"] == "") & (episodes["REC"] != "")).sum()
        ),
        "episodes in a home without URN: known by postcode only": int((weak & live).sum()),
        "episodes have a word for URN that is no registration number (SC and six digits, or seven digits): "
        "their home goes by its address": int((episodes["urn_lost"] & live).sum()),
        "episodes have a URN of six digits without SC: compared with SC, and left as it is": int(
            (episodes["urn_bare"] & live).sum()
        ),
        "episodes lasted beyond a later one that cuts them, and what followed it is left out": int(
            episodes["detail"].str.contains(BEYOND, regex=False).sum()
        ),
        "episodes and missing rows end after their return's year": int(
            sum(frames[t]["detail"].str.contains("after the return's year", regex=False).sum() for t in _SPANS)
        ),
        f"PLACE codes are not known and were kept: {', '.join(told)}": len(strange),
        "temporary absences (T codes) last longer than their code allows, and were kept as absences": int(
            too_long.sum()
        ),
        "children are 18 or older on the first day of an episode: their births, or DECOM, may be wrong": _grown(
            episodes, header
        ),
        "missing rows tell another DOB than the header": int(
            frames["missing"]["detail"].str.contains("DOB is another", regex=False).sum()
        ),
        "children have a SEX that is no code of the return's: unrecorded": int(
            (in_play(header) & (header["SEX"] != "") & ~header["SEX"].isin(SEX)).sum()
        ),
    }
