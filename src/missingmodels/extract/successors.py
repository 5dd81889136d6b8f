"""One setting under two names: a code that was replaced, or a new registration at the same address.

A change of owner usually brings a new URN while nobody moves; unless the two are joined, all residents seem to leave
and others to arrive. What tells it from a move next door is what the return says of the change: same carer (RNE T or
U), or the placement's status alone (reason PLACE).
"""

from __future__ import annotations

import pandas as pd

from missingmodels.extract import layout903 as layout

SAME_CARER = ("T", "U")
STATUS_ONLY = "PLACE"
# Codes that took another's place in the lists: supported accommodation, and other placements.
FAMILIES = {"H5": "K3", "Z11": "Z1", "Z12": "Z1", "Z13": "Z1", "Z14": "Z1"}
FULL_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}"
SECTOR = r"[A-Z]{1,2}\d[A-Z\d]?\d"  # a postcode without its last two letters, as regional pools have it


def family(place: pd.Series) -> pd.Series:
    """Placement codes with those that replaced each other made one."""
    return place.replace(FAMILIES)


def same_address(now: pd.DataFrame, before: pd.DataFrame) -> pd.Series:
    """Whether each episode goes on where the one before it ended, under another code, URN or provider.

    Needs one whole postcode in both: a sector holds many homes. A replaced code is enough, with nothing else changed
    but a URN that was or is blank; another URN or provider needs the return's word that the carer stayed.
    """
    whole = now["PL_POST"].str.fullmatch(FULL_POSTCODE).astype(bool) if len(now) else now["PL_POST"].astype(bool)
    one_place = whole & (now["PL_POST"] == before["PL_POST"]) & (family(now["PLACE"]) == family(before["PLACE"]))
    stayed = now["RNE"].isin(SAME_CARER) | (before["REASON_PLACE_CHANGE"] == STATUS_ONLY)
    no_urn = now["URN"].isin(layout.NO_URN) | before["URN"].isin(layout.NO_URN)
    recoded = (now["PLACE"] != before["PLACE"]) & (no_urn | (now["URN"] == before["URN"]))
    return one_place & (stayed | recoded)


def home_urns(episodes: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """The URN by which each row's home is known, the last of a chain of successors, and a line on each succession.

    URN b succeeds a if a child's stay went on from a to b at one address (``same_placement_renamed``) and no stay
    began in a after the first one in b.
    """
    live = episodes[episodes["head"].notna()]
    by_urn = live["PLACE"].isin(layout.HOMES_BY_URN) & ~live["URN"].isin(layout.NO_URN)
    renamed = live[(live["reason"] == "same_placement_renamed") & by_urn]
    older = live.groupby("head", sort=False)["URN"].shift(1)
    pairs = pd.DataFrame({"old": older.reindex(renamed.index), "new": renamed["URN"]})
    pairs = pairs[(pairs["old"] != pairs["new"]) & ~pairs["old"].isin(layout.NO_URN)].drop_duplicates()
    if pairs.empty:
        return episodes["URN"], []
    started = live[by_urn].groupby("URN")["start"].agg(["min", "max"])
    successor: dict[str, str] = {}
    for old, new in sorted(pairs.itertuples(index=False)):
        if started.loc[old, "max"] < started.loc[new, "min"]:
            successor[old] = new
    last = {urn: _last(urn, successor) for urn in successor}
    notes = [f"URN {old} became {last[old]} at one address: one home, known by the later URN" for old in sorted(last)]
    return episodes["URN"].replace(last), notes


def _last(urn: str, successor: dict[str, str]) -> str:
    seen = set()
    while urn in successor and urn not in seen:
        seen.add(urn)
        urn = successor[urn]
    return urn
