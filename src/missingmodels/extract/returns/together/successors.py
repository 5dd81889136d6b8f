"""One setting under two names: a code that was replaced, or a new registration at the same address.

A change of owner usually brings a new URN while nobody moves; unless the two are joined, all residents seem to leave
and others to arrive. What tells it from a move next door is what the return says of the change: same carer (RNE T or
U), or the placement's status alone (reason PLACE).
"""

from __future__ import annotations

import pandas as pd

from missingmodels.extract.ledger import remark
from missingmodels.extract.ofsted.registration import is_bare, numbers, typed, with_sc
from missingmodels.extract.returns import layout
from missingmodels.extract.returns.together.resubmitted import words

SAME_CARER = ("T", "U")
STATUS_ONLY = "PLACE"
# Codes that took another's place in the lists: supported accommodation, and other placements.
FAMILIES = {"H5": "K3", "Z11": "Z1", "Z12": "Z1", "Z13": "Z1", "Z14": "Z1"}
FULL_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}"
SECTOR = r"[A-Z]{1,2}\d[A-Z\d]?\d"  # a postcode without its last two letters, as regional pools have it


def with_numbers(episodes: pd.DataFrame) -> pd.DataFrame:
    """The episodes with ``URN`` as a home's registration number where children live together, blank for another word.

    Six bare digits are taken for the number with SC if that stands among the URNs, too. Adds ``urn_lost`` and
    ``urn_bare``: rows whose URN is no number, and whose number lacks SC; the ledger says either.
    """
    settings = episodes["PLACE"].isin([*layout.HOMES_BY_URN, *layout.HOMES_BY_ADDRESS])
    codes, kinds = pd.factorize(episodes["URN"])
    said = pd.Series(kinds, dtype="str")
    cleaned, number = typed(said), numbers(said)
    joined = number.replace(with_sc(number))
    urn = cleaned.take(codes).set_axis(episodes.index).mask(settings, joined.take(codes).set_axis(episodes.index))
    lost = settings & (urn == "") & ~episodes["URN"].isin(layout.NO_URN)
    bare = settings & is_bare(number).take(codes).set_axis(episodes.index)
    told = "URN " + words(episodes.loc[lost, "URN"]) + " is no registration number"
    frame = remark(episodes, lost, told)
    frame = remark(frame, bare, "URN of six digits without SC, compared with SC")
    return frame.assign(URN=urn, urn_lost=lost, urn_bare=bare)


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
    no_urn = (now["URN"] == "") | (before["URN"] == "")
    recoded = (now["PLACE"] != before["PLACE"]) & (no_urn | (now["URN"] == before["URN"]))
    return one_place & (stayed | recoded)


def home_urns(episodes: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """The URN by which each row's home is known, the last of a chain of successors, and a line on each succession.

    URN b succeeds a if a child's stay went on from a to b at one address (``same_placement_renamed``) and no stay
    began in a after the first one in b; or if a newer return tells one stay at one address under b, and no return from
    that year on tells of a there.
    """
    live = episodes.loc[episodes["head"].notna(), ["head", "PLACE", "URN", "reason", "start"]]
    by_urn = live["PLACE"].isin(layout.HOMES_BY_URN) & (live["URN"] != "")
    renamed = live[(live["reason"] == "same_placement_renamed") & by_urn]
    older = live.groupby("head", sort=False)["URN"].shift(1)
    pairs = pd.DataFrame({"old": older.reindex(renamed.index), "new": renamed["URN"]})
    pairs = pairs[(pairs["old"] != pairs["new"]) & (pairs["old"] != "")].drop_duplicates()
    successor = _retold(episodes)
    if pairs.empty and not successor:
        return episodes["URN"], []
    started = live[by_urn].groupby("URN")["start"].agg(["min", "max"])
    for old, new in sorted(pairs.itertuples(index=False)):
        if started.loc[old, "max"] < started.loc[new, "min"]:
            successor[old] = new
    last = {urn: _last(urn, successor) for urn in successor}
    notes = [f"URN {old} became {last[old]} at one address: one home, known by the later URN" for old in sorted(last)]
    return episodes["URN"].replace(last), notes


def _retold(episodes: pd.DataFrame) -> dict[str, str]:
    """Successors by the returns: one child's stay, from one day on at one whole address, under another URN since."""
    changed = episodes["reason"] == "resubmitted_changed"
    changed &= episodes["PLACE"].isin(layout.HOMES_BY_URN) & (episodes["URN"] != "")
    if not changed.any():
        return {}
    columns = ["CHILD", "start", "PL_POST", "URN", "year"]
    newer = episodes.loc[~episodes["reason"].isin(["resubmitted_changed", "resubmitted"]), columns]
    newer = newer[newer["CHILD"].isin(episodes.loc[changed, "CHILD"]) & (newer["URN"] != "")]
    pairs = episodes.loc[changed, columns].merge(newer, on=["CHILD", "start", "PL_POST"], suffixes=("_old", "_new"))
    pairs = pairs[(pairs["URN_old"] != pairs["URN_new"]) & pairs["PL_POST"].str.fullmatch(FULL_POSTCODE).astype(bool)]
    if pairs.empty:
        return {}
    told = episodes.groupby("URN")["year"].agg(["min", "max"])
    pairs = pairs[["URN_old", "URN_new"]].drop_duplicates().sort_values(["URN_old", "URN_new"])
    return {old: new for old, new in pairs.itertuples(index=False) if told.loc[old, "max"] < told.loc[new, "min"]}


def _last(urn: str, successor: dict[str, str]) -> str:
    seen = set()
    while urn in successor and urn not in seen:
        seen.add(urn)
        urn = successor[urn]
    return urn


def followed(episodes: pd.DataFrame, urn: pd.Series) -> list[str]:
    """A note on homes at a whole address where another URN's last stay had ended: perhaps one home under a new number.

    No stay goes on from one to the other, so nothing in the returns says that they are one.
    """
    there = episodes["head"].notna() & episodes["PLACE"].isin(layout.HOMES_BY_URN) & (urn != "")
    there &= episodes["PL_POST"].str.fullmatch(FULL_POSTCODE).astype(bool)
    stays = episodes.loc[there, ["PL_POST", "start", "end"]].assign(urn=urn[there])
    stays["end"] = stays["end"].fillna(stays["start"].max())
    spans = stays.groupby(["PL_POST", "urn"]).agg(start=("start", "min"), end=("end", "max")).reset_index()
    spans = spans.sort_values(["PL_POST", "start"])
    before = spans.groupby("PL_POST")["end"].cummax().groupby(spans["PL_POST"]).shift(1)
    count = int((spans["start"] >= before).sum())
    if not count:
        return []
    return [
        f"{count} URNs begin at an address where another URN's stays had ended: if they are one home under a new "
        "number, say so with --same-home MAP.csv (URN, URN it is known by)"
    ]
