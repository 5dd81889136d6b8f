"""Placements to the episodes of an SSDA903 return: settings, splits by quirk, and the codes that link episodes.

Works on all of an authority's placements, whatever the year, so that each year's return says the same of a stay.
Rows are sorted by child and start; ``start`` and ``end`` are half-open, an open end is NaT.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.export import codes
from missingmodels.export.quirks import Quirks
from missingmodels.simulate.records.labelled import row_labels, uniforms
from missingmodels.tables import Tables

SETTING = ("PLACE", "URN", "PL_POST", "PLACE_PROVIDER")
_EARLIER_STATUS = {"C2": "C1", "C1": "V2", "V2": "C1"}
_TEMPORARY_FROM_DAYS = 14
_K3_FROM_YEARS = 16


def settings_of(tables: Tables, children: pd.DataFrame, quirks: Quirks, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a stay with its setting's codes, and the log of stays whose codes a quirk changed."""
    stays = tables["placements"]
    stays = stays[stays["child_id"].isin(children["child_id"])].sort_values(["child_id", "start_date"])
    stays = stays.rename(columns={"start_date": "start", "end_date": "end"}).reset_index(drop=True)
    stays["label"] = row_labels(stays, "child_id", "start")
    homes, known = codes.home_codes(tables), stays["home_id"].notna()
    facts = tables["homes"].drop_duplicates("home_id", keep="last").set_index("home_id")
    home = stays["home_id"].astype(object)
    stays["home_authority"] = home.map(facts["authority"].astype(object))
    stays["PLACE"] = stays["placement_type"].astype(object)
    urn, address = home.map(homes["urn"]).fillna(""), home.map(homes["postcode"])
    stays["URN"] = urn.where(stays["PLACE"].isin(codes.SETTINGS_BY_URN), "")
    elsewhere = pd.Series(codes.address_elsewhere(stays["label"], seed), index=stays.index)
    stays["PL_POST"] = address.where(known, elsewhere)
    own = stays["child_id"].map(children.set_index("child_id")["authority"]) == stays["home_authority"]
    sector = home.map(facts["sector"].astype(object))
    stays["PLACE_PROVIDER"] = _providers(stays, sector, own.fillna(False).to_numpy(bool))
    return _miscoded(_joined(stays), children, quirks, seed)


def _providers(stays: pd.DataFrame, sector: pd.Series, own: np.ndarray) -> pd.Series:
    """The recorded provider, else what the home's sector says, else the authority itself."""
    by_sector = sector.map(codes.PROVIDER_OF_SECTOR)
    by_sector = by_sector.mask(sector == "local_authority", pd.Series(np.where(own, "PR1", "PR2"), index=stays.index))
    provider = stays["provider"].astype(object).where(stays["provider"].notna(), by_sector).fillna("PR1")
    provider = provider.mask(stays["PLACE"] == "P1", "PR0")
    none = stays["PLACE"].isin(codes.TEMPORARY) | stays["PLACE"].str.startswith("Z").astype(bool)
    return provider.mask(none, "")


def _miscoded(
    stays: pd.DataFrame, children: pd.DataFrame, quirks: Quirks, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    born = stays["child_id"].map(children.set_index("child_id")["birth_date"])
    old_enough = stays["start"] >= born + pd.DateOffset(years=_K3_FROM_YEARS)
    in_home = stays["PLACE"].isin(["K1", "K2"]) & stays["home_id"].notna()
    k3 = in_home & old_enough & (uniforms(stays["label"], seed, "quirks", "k3") < quirks.k3_share)
    has_urn = stays["URN"] != ""
    blank = has_urn & (uniforms(stays["label"], seed, "quirks", "blank_urn") < quirks.blank_urn_share)
    log = pd.concat(
        [
            log_lines(stays[k3], "episodes", "k3", before=stays["PLACE"], after="K3"),
            log_lines(stays[blank], "episodes", "blank_urn", before=stays["URN"], after=""),
        ]
    )
    return stays.assign(PLACE=stays["PLACE"].mask(k3, "K3"), URN=stays["URN"].mask(blank, "")), log


def _joined(stays: pd.DataFrame) -> pd.DataFrame:
    """Touching stays of one child in one setting as one: a return can only say that nothing changed."""
    before = stays.groupby("child_id")[[*SETTING, "end"]].shift(1)
    same = (stays["start"] == before["end"]) & (stays[[*SETTING]] == before[[*SETTING]]).all(axis=1)
    if not same.any():
        return stays
    run = (~same).cumsum()
    last = stays.groupby(run)[["end", "end_reason"]].tail(1)
    return stays[~same].assign(end=last["end"].to_numpy(), end_reason=last["end_reason"].to_numpy())


def interrupted(
    stays: pd.DataFrame, missing: pd.DataFrame, *, until: pd.Timestamp, quirks: Quirks, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Stays with some of them cut by days in a temporary placement, and the log. Days of an absence are left alone."""
    if not quirks.temporary_share or stays.empty:
        return stays, log_lines(stays[:0], "episodes", "temporary")
    days = (stays["end"].fillna(until) - stays["start"]).dt.days
    length = 2 + np.floor(5 * uniforms(stays["label"], seed, "quirks", "temporary days"))
    room = np.maximum(days - length - 2, 1)
    begin = 1 + np.floor(room * uniforms(stays["label"], seed, "quirks", "temporary day"))
    cut = pd.DataFrame(
        {
            "child_id": stays["child_id"],
            "from": stays["start"] + pd.to_timedelta(begin, unit="D"),
            "to": stays["start"] + pd.to_timedelta(begin + length, unit="D"),
        }
    )
    pairs = cut.reset_index().merge(missing[["child_id", "start", "end"]], on="child_id")
    meets = (pairs["start"] <= pairs["to"]) & (pairs["end"].fillna(until) >= pairs["from"])
    free = ~stays.index.isin(pairs.loc[meets, "index"])
    wanted = uniforms(stays["label"], seed, "quirks", "temporary") < quirks.temporary_share
    which = wanted & free & (days >= _TEMPORARY_FROM_DAYS) & ~stays["PLACE"].isin(codes.TEMPORARY)
    hit, span = stays[which], cut[which]
    away = hit.assign(start=span["from"], end=span["to"], PLACE="T4", URN="", PLACE_PROVIDER="", end_reason=pd.NA)
    away = away.assign(PL_POST=codes.address_elsewhere(hit["label"] + "/away", seed), home_authority=pd.NA)
    away = away.assign(home_id=pd.NA)
    pieces = [stays[~which], hit.assign(end=span["from"]), away, hit.assign(start=span["to"])]
    whole = pd.concat(pieces).sort_values(["child_id", "start"], ignore_index=True)
    return whole, log_lines(away, "episodes", "temporary", after=away["end"].dt.strftime("%d/%m/%Y"))


def with_legal_status(
    stays: pd.DataFrame, status: pd.Series, *, until: pd.Timestamp, quirks: Quirks, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Stays with LS; of some children one is cut where the legal status changed. ``split`` marks the later half."""
    stays = stays.assign(LS=stays["child_id"].map(status), split=False)
    if not quirks.legal_change_share or stays.empty:
        return stays, log_lines(stays[:0], "episodes", "legal_change")
    days = (stays["end"].fillna(until) - stays["start"]).dt.days
    able = stays[(days >= 4) & ~stays["PLACE"].isin(codes.TEMPORARY)]
    count = able.groupby("child_id").cumcount()
    total = able.groupby("child_id")["child_id"].transform("size")
    child = able["child_id"].astype(str)
    pick = np.floor(uniforms(child, seed, "quirks", "legal stay") * total)
    hit = (count == pick) & (uniforms(child, seed, "quirks", "legal") < quirks.legal_change_share)
    chosen = able[hit]
    offset = 1 + np.floor(uniforms(chosen["label"], seed, "quirks", "legal day") * (days[chosen.index] - 2))
    day = chosen["start"] + pd.to_timedelta(offset, unit="D")
    changed_on = stays["child_id"].map(day.set_axis(chosen["child_id"]))
    earlier = stays["LS"].map(_EARLIER_STATUS)
    stays["LS"] = stays["LS"].mask(stays["start"] < changed_on, earlier)
    second = stays.loc[chosen.index].assign(start=day, split=True)
    second["LS"] = second["child_id"].map(status)
    stays.loc[chosen.index, "end"] = day
    log = log_lines(second, "episodes", "legal_change", before=second["LS"].map(_EARLIER_STATUS), after=second["LS"])
    return pd.concat([stays, second]).sort_values(["child_id", "start"], ignore_index=True), log


def linked(episodes: pd.DataFrame) -> pd.DataFrame:
    """Episodes with RNE, REC and REASON_PLACE_CHANGE, which say how each follows from the one before.

    A gap between two stays is care that ended and began anew. A reason that is unrecorded, or that does not fit (a
    reason for moving where the child left care), is written as "any other": E8 or OTHER.
    """
    child = episodes.groupby("child_id")
    goes_on = episodes["start"] == child["end"].shift(1)
    following = child[["start", "PLACE", "split"]].shift(-1)
    stays_in_care = (episodes["end"] == following["start"]) & episodes["end"].notna()
    ended = episodes["end"].notna()
    reason = episodes["end_reason"].astype(object)
    rec = reason.where(reason.isin(codes.RECS), "E8").mask(stays_in_care, "X1").where(ended, "")
    change = reason.where(reason.isin(codes.REASONS), "OTHER")
    temporary = episodes["PLACE"].isin(codes.TEMPORARY) | following["PLACE"].isin(codes.TEMPORARY)
    moved = stays_in_care & (following["split"] == False) & ~temporary  # noqa: E712 (None at a child's last row)
    rne = pd.Series("P", index=episodes.index).mask(~goes_on, "S").mask(episodes["split"], "L")
    return episodes.assign(RNE=rne, REC=rec, REASON_PLACE_CHANGE=change.where(moved, ""))


def log_lines(
    rows: pd.DataFrame, table: str, quirk: str, *, before: pd.Series | str = "", after: pd.Series | str = ""
) -> pd.DataFrame:
    """Lines of a return's log: table, child, date of the row, quirk, value before and after."""
    values = {
        name: value.loc[rows.index] if isinstance(value, pd.Series) else value
        for name, value in (("before", before), ("after", after))
    }
    return pd.DataFrame(
        {"table": table, "child_id": rows["child_id"], "date": rows["start"], "quirk": quirk, **values}
    ).astype(object)
