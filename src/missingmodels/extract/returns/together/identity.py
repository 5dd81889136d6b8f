"""Who is one child: ids that mean one made one where that is certain, doubts told, and ids of two children refused.

Evidence that two ids are one child: they differ by zeros, case or spaces only, with one birth and sex; or the same
birth, sex, DECOM and place stand under both, with one UPN, or the one id ends with the returns in which the other
begins. Twins share birth, sex, DECOM and place, too, but not UPN, and not a year in which only one of them is told. UPN
is read for this and goes no further.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.crosswalk import Crosswalk
from missingmodels.extract.ledger import FAULTS_SHOWN, place_of, repair
from missingmodels.extract.ofsted.registration import is_scientific, loose, typed, with_sc
from missingmodels.extract.returns import layout
from missingmodels.extract.returns.codes import SEX
from missingmodels.tables.judgement import Judgement
from missingmodels.tables.keys import stands_in

Frames = dict[str, pd.DataFrame]
RULE = "id_conflict"
PLAIN_ID = r"[1-9A-Z][\dA-Z]*"  # nothing about it is lost or added by an export, so another like it is another id
VALID_UPN = r"[A-HJ-NP-RT-Z]\d{11}[\dA-Z]"
MAP = "say which are one child with --same-child MAP.csv (id, id it is known by; blank: a child of its own)"


def require_whole_ids(ids: pd.Series, rows: pd.Series, *, where: str, column: str) -> None:
    """Raise ImportFault if identifiers were cut to numbers such as 1.23457E+11, by which many became one."""
    codes, kinds = pd.factorize(ids)
    cut = is_scientific(pd.Series(kinds, dtype="str")).to_numpy()
    if not cut.any():
        return
    which = cut[codes] & (codes >= 0)
    shown = ", ".join(rows[which].head(FAULTS_SHOWN).astype(str))
    raise ImportFault(
        f"{column} is cut to a number in scientific notation (such as {kinds[cut.argmax()]}) in {int(which.sum())} "
        f"rows, so that different ids became one; first rows: {shown}",
        where=where,
        remedy="export it again with the column as text: what the spreadsheet cut off cannot be put back",
    )


def settle_identity(
    frames: Frames, *, same_child: Crosswalk | None = None
) -> tuple[Frames, list[Judgement], list[str]]:
    """The stacked frames with one id a child and without UPN, what was judged of it, and notes.

    Children are told apart by ``authority`` and ``CHILD``; both become those of the id that stands.
    """
    crosswalk = same_child or Crosswalk()
    notes = []
    if len(crosswalk):
        every = pd.concat([pd.Series(frame["CHILD"].unique(), dtype="str") for frame in frames.values()])
        notes.append(crosswalk.note(every, "children"))
        frames = {name: frame.assign(CHILD=crosswalk.apply(frame["CHILD"])) for name, frame in frames.items()}
    header = frames["header"]
    children = _children(header)
    joins, doubts = _alike(children, crosswalk.alone)
    more, twins = _same_stay(children, frames["episodes"], crosswalk.alone)
    found = [*_two_in_one(header), *_in_doubt(doubts), *_perhaps_one(children, twins, [*joins, *more])]
    stands = _standing(children, [*joins, *more], by_spelling=set(joins))
    if stands:
        found.append(_made_one(len(stands)))
        frames = _renamed(frames, children, stands)
    if "UPN" in frames["header"]:
        frames["header"] = frames["header"].drop(columns="UPN")
    return frames, found, notes


def _children(header: pd.DataFrame) -> pd.DataFrame:
    """One row a child (authority and CHILD): newest facts, first and last year told, the uid of its newest row."""
    named = header[(header["CHILD"] != "") & header["birth"].notna()]
    upn = named["UPN"] if "UPN" in named else pd.Series("", index=named.index)
    frame = pd.DataFrame(
        {
            "authority": named["authority"],
            "CHILD": named["CHILD"],
            "sex": named["SEX"].map(SEX).fillna(named["SEX"]),
            "birth": named["birth"],
            "upn": upn.where(upn.str.fullmatch(VALID_UPN).astype(bool), ""),
            "year": named["year"],
            "uid": named["uid"],
        }
    ).sort_values("year", kind="stable")
    last = frame.drop_duplicates(["authority", "CHILD"], keep="last").set_index(["authority", "CHILD"])
    since = frame.drop_duplicates(["authority", "CHILD"]).set_index(["authority", "CHILD"])["year"]
    return last.assign(since=since.reindex(last.index)).reset_index()


def _alike(children: pd.DataFrame, alone: Collection[str]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pairs of children of one authority whose ids are alike: those with one birth and sex, and the others."""
    kept = children[~children["CHILD"].isin(alone)] if alone else children
    joins: list[tuple[int, int]] = []
    doubts: list[tuple[int, int]] = []
    if kept["CHILD"].str.fullmatch(PLAIN_ID).all():
        return joins, doubts
    key = loose(kept["CHILD"])
    twice = pd.DataFrame({"authority": kept["authority"], "key": key}).duplicated(keep=False)
    for _, part in kept[twice].groupby([kept["authority"], key]):
        first = part.iloc[0]
        for at, other in part.iloc[1:].iterrows():
            same = first["birth"] == other["birth"] and first["sex"] == other["sex"]
            (joins if same else doubts).append((int(first.name), int(at)))
    return joins, doubts


def _same_stay(
    children: pd.DataFrame, episodes: pd.DataFrame, alone: Collection[str]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pairs of children with one birth, sex, DECOM and place: those that are certainly one, and those in doubt."""
    pairs = _stays_shared(children, episodes)
    pairs = pairs[~pairs[["CHILD_a", "CHILD_b"]].isin(alone).any(axis=1)]
    both = (pairs["upn_a"] != "") & (pairs["upn_b"] != "")
    one_upn = both & (pairs["upn_a"] == pairs["upn_b"])
    # The stay began before the second id's first return, so the return before would have told of a twin, unless it was
    # keyed late: then the first id's stay had an end of its own.
    follows = (pairs["since_b"] == pairs["year_a"] + 1) & (pairs["start"] < pairs["opens_b"]) & ~pairs["apart"]
    certain = one_upn | (~both & follows)
    by_day = ~pairs["by_month"]
    doubt = ~certain & ~both & by_day
    return _numbered(pairs[certain]), _numbered(pairs[doubt])


def _stays_shared(children: pd.DataFrame, episodes: pd.DataFrame) -> pd.DataFrame:
    """Each pair of children who share a stay, the one first told first; columns of both with ``_a`` and ``_b``."""
    child = _position(children, episodes)
    place, blank = _places(episodes)
    who = pd.factorize(pd.MultiIndex.from_frame(children[["birth", "sex"]]))[0]
    known = (child >= 0) & ~blank & episodes["start"].notna().to_numpy()
    stays = (
        episodes[["start", "end", "year"]].assign(child=child, place=place)[known].sort_values("year", kind="stable")
    )
    stays = stays.drop(columns="year").drop_duplicates(["child", "start", "place"], keep="last")
    stays = stays.assign(who=who[stays["child"]])
    stays = stays[stays.duplicated(["who", "start", "place"], keep=False)]
    two = stays.merge(stays, on=["who", "start", "place"], suffixes=("_a", "_b"))
    told = children.rename_axis("child").reset_index()
    two = two.merge(told.add_suffix("_a"), on="child_a").merge(told.add_suffix("_b"), on="child_b")
    earlier = (two["since_a"] < two["since_b"]) | (
        (two["since_a"] == two["since_b"]) & (two["child_a"] < two["child_b"])
    )
    two = two[earlier & (two["child_a"] != two["child_b"]) & two["birth_a"].notna()]
    opens = pd.to_datetime((two["since_b"] - 1).astype(str) + "-04-01").astype("datetime64[s]")
    by_month = (children["birth"].dt.day == 1).groupby(children["authority"]).all()  # as regional pools have births
    apart = two["end_a"].notna() & (two["end_a"] != two["end_b"])
    two = two.assign(opens_b=opens, apart=apart, by_month=two["authority_a"].map(by_month).astype(bool))
    # one stay that goes on in both is enough
    return two.sort_values("apart", kind="stable").drop_duplicates(["child_a", "child_b"])


def _position(children: pd.DataFrame, frame: pd.DataFrame) -> np.ndarray:
    """Where each row's child stands among the children; -1 for one that no header row names."""
    if children["authority"].nunique() == 1 and frame["authority"].nunique() <= 1:
        return pd.Index(children["CHILD"]).get_indexer(frame["CHILD"])
    keys = pd.MultiIndex.from_frame(children[["authority", "CHILD"]])
    return keys.get_indexer(pd.MultiIndex.from_frame(frame[["authority", "CHILD"]]))


def _places(episodes: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """A number for each row's place, its URN or else its postcode, and a mask of the rows that have neither."""
    codes, kinds = pd.factorize(episodes["URN"])
    urn = typed(pd.Series(kinds, dtype="str"))
    urn = urn.replace(with_sc(urn))
    none = urn.isin(layout.NO_URN).to_numpy()[codes]
    posts, addresses = pd.factorize(episodes["PL_POST"])
    number = pd.factorize(urn)[0][codes]
    return np.where(none, len(kinds) + posts, number), none & (np.asarray(addresses == "")[posts])


def _numbered(pairs: pd.DataFrame) -> list[tuple[int, int]]:
    return list(zip(pairs["child_a"].astype(int), pairs["child_b"].astype(int), strict=True))


def _standing(
    children: pd.DataFrame, joins: Iterable[tuple[int, int]], *, by_spelling: Collection[tuple[int, int]]
) -> dict[int, int]:
    """The child that stands for each that is joined to it: the newest, or of spellings the one with its zeros."""
    root = list(range(len(children)))

    def find(at: int) -> int:
        while root[at] != at:
            root[at] = root[root[at]]
            at = root[at]
        return at

    for a, b in joins:
        two = {find(a), find(b)}
        spelt = (a, b) in by_spelling
        stays = max(two, key=lambda at: (len(children.at[at, "CHILD"]) if spelt else 0, children.at[at, "year"], at))
        for at in two - {stays}:
            root[at] = stays
    return {at: find(at) for pair in joins for at in pair if find(at) != at}


def _renamed(frames: Frames, children: pd.DataFrame, stands: dict[int, int]) -> Frames:
    """The frames with the ids that stand; the header's rows say which row they were joined to."""
    old, new = list(stands), list(stands.values())
    made = {}
    for name, frame in frames.items():
        at = _position(children, frame)
        hit = np.isin(at, old)
        which = pd.Series(hit, index=frame.index)
        if name == "header" and hit.any():
            into = pd.Series(at, index=frame.index)[which].map(children["uid"].reindex(new).set_axis(old))
            place = place_of(frame, into, beside=frame.loc[which, "file"]).reindex(frame.index)
            before = pd.Series("another CHILD", index=frame.index)
            frame = repair(frame, which, RULE, before=before, after="CHILD of " + place)
        if hit.any():
            target = pd.Series(at, index=frame.index)[which].map(stands)
            frame = frame.assign(
                CHILD=frame["CHILD"].mask(which, target.map(children["CHILD"]).reindex(frame.index)),
                authority=frame["authority"].mask(which, target.map(children["authority"]).reindex(frame.index)),
            )
        made[name] = frame
    return made


def _two_in_one(header: pd.DataFrame) -> list[Judgement]:
    """Ids under which rows of one return differ in birth or sex, or returns in both: two children made one."""
    named = header[header["CHILD"] != ""]
    key = ["authority", "CHILD"]
    again = named[named.duplicated(key, keep=False)]
    if again.empty:
        return []
    sex = again["SEX"].map(SEX).fillna(again["SEX"])
    facts = again.assign(sex=sex.where(sex.isin(["M", "F"])))
    within = facts.groupby([*key, "year"])[["birth", "sex"]].nunique()
    apart = (within > 1).any(axis=1)
    over = facts.groupby(key)[["birth", "sex"]].nunique()
    children = set(apart.index[apart].droplevel("year")) | set(over.index[(over > 1).all(axis=1)])
    if not children:
        return []
    rows = facts[pd.MultiIndex.from_frame(facts[key]).isin(list(children))]
    shown = "; ".join((rows["file"] + " row " + rows["row"].astype(str)).head(FAULTS_SHOWN))
    return [
        Judgement(
            rule=RULE,
            severity="error",
            count=len(children),
            what=f"{len(children)} ids have rows of different birth or sex, which may be two children each ({shown})",
            remedy="correct the header in the source, or give each child an id of its own",
        )
    ]


def _in_doubt(doubts: list[tuple[int, int]]) -> list[Judgement]:
    if not doubts:
        return []
    return [
        Judgement(
            rule=RULE,
            severity="error",
            count=len(doubts),
            what=f"{len(doubts)} pairs of ids differ by zeros, case or spaces only, but in birth or sex, too",
            remedy=MAP,
        )
    ]


def _perhaps_one(children: pd.DataFrame, twins: list[tuple[int, int]], joins: list[tuple[int, int]]) -> list[Judgement]:
    """A headline for ids that may be one child: twins by birth, sex and place, and a UPN that stands twice."""
    joined = {at for pair in joins for at in pair}
    upn = children.loc[(children["upn"] != "") & ~children.index.isin(joined), "upn"]
    twice = int(upn[upn.duplicated(keep=False)].nunique())
    told = []
    if twice:
        told.append(f"{twice} UPNs stand under two ids each")
    if twins:
        told.append(
            f"{len(twins)} pairs of ids share birth, sex, DECOM and place, and no UPN tells twins from one child"
        )
    if not told:
        return []
    return [Judgement(rule=RULE, severity="warn", count=twice + len(twins), what="; ".join(told), remedy=MAP)]


def _made_one(count: int) -> Judgement:
    return Judgement(
        rule=RULE,
        severity="warn",
        count=count,
        what=f"{count} ids were made one with another of the same child: the rows are in the ledger under {RULE}",
        remedy="ask whether the ids were changed, and by which system",
    )


def zeros_lost(ids: pd.Series, known: pd.Series) -> int:
    """How many different ids are unknown as they stand, and known but for zeros, case or spaces."""
    strange = ids[~stands_in(ids, known) & (ids != "")].drop_duplicates()
    return int(stands_in(loose(strange), loose(known.drop_duplicates())).sum()) if len(strange) else 0
