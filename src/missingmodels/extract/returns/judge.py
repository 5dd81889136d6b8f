"""An import judged as a whole: shares that a sound extract keeps to, though each of its rows may be in order.

The ledger says of each row what became of it; nothing there is wrong where a column of ids lost its zeros and all that
follows is set aside. Limits were set between what sample files and simulated returns with every quirk show, and what
planted faults do: ``simulations/import_rules.py`` measures both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pandas as pd

from missingmodels.extract.ledger import FAULTS_SHOWN
from missingmodels.extract.returns.codes import told_words
from missingmodels.extract.returns.limits import LIMITS
from missingmodels.extract.returns.together.identity import MAP, zeros_lost
from missingmodels.tables.findings import Severity
from missingmodels.tables.judgement import Judgement
from missingmodels.tables.keys import stands_in

CHILDREN_WITHOUT_MISSING = 100  # where 11 in 100 have an incident a year, none among these has odds of 1 in 100,000
IMPOSSIBLE = ("mis_end_before_start", "mis_before_birth")
NO_STAY = ("epi_bad_date", "epi_no_place", "epi_nonpositive", "epi_before_birth")
# A year with a tenth of the rows of an authority's other years, which are many; and, at a year's beginning or end, two
# months without any though so many were due at the rate of the rest, of so many children.
MANY, FEW, SILENT_DAYS, DUE, FEWEST_CHILDREN = 30, 0.1, 60, 20, 4
ADDRESSES = 5  # of one URN: more than the buildings of any home


def judge_frames(frames: Mapping[str, pd.DataFrame]) -> list[Judgement]:
    """What the settled working frames say of the import as a whole."""
    # rows that hold a place and nothing else are common, and tell of nothing; nor does a line of totals
    told = frames["missing"]
    told = told[
        ((told["MISSING"] != "") & (told["MIS_START"] != "")) | (_named(told) & _any(told, "MISSING", "MIS_START"))
    ]
    stays = frames["episodes"]
    stays = stays[((stays["PLACE"] != "") & (stays["DECOM"] != "")) | _named(stays)]
    missing, episodes = told[_named(told)], stays[_named(stays)]
    known = frames["header"]["CHILD"]
    return [
        *_joined(told, known),
        *_words(missing),
        *_kept(missing),
        *_without_missing(episodes, told),
        *_episodes_joined(stays, known),
        *_episodes_kept(episodes),
        *_inside_year(episodes, missing),
        *_told_again(episodes),
        *_children_shared(frames),
        *_one_name(episodes),
        *_repaired(frames),
    ]


def _named(frame: pd.DataFrame) -> pd.Series:
    return frame["CHILD"] != ""


def _any(frame: pd.DataFrame, *columns: str) -> pd.Series:
    return (frame[list(columns)] != "").any(axis=1)


def _joined(missing: pd.DataFrame, known: pd.Series) -> list[Judgement]:
    """Within each year of each authority: one file of several may have lost its ids."""
    orphan = (missing["reason"] == "mis_orphan") | ~_named(missing)
    untold = int(stands_in(missing.loc[orphan, "CHILD"], known).sum())
    what = "missing rows name a child of no header" if not untold else "missing rows name a child without episodes"
    if 0 < untold < orphan.sum():
        what = f"missing rows name a child of no header, or ({untold}) one without episodes"
    return _orphans("missing_join", missing, orphan, known, what)


def _episodes_joined(episodes: pd.DataFrame, known: pd.Series) -> list[Judgement]:
    orphan = (episodes["reason"] == "epi_orphan") | ~_named(episodes)
    return _orphans("episodes_join", episodes, orphan, known, "episodes name a child of no header")


def _orphans(rule: str, frame: pd.DataFrame, orphan: pd.Series, known: pd.Series, what: str) -> list[Judgement]:
    lost = zeros_lost(frame.loc[orphan, "CHILD"], known) if orphan.any() else 0
    blank = int((orphan & ~_named(frame)).sum())
    what += f", {blank} of them none at all" if blank else ""
    remedy = "export all files at once, with CHILD as text"
    if lost:
        what += f"; {lost} of their ids would be known if zeros, case and spaces did not count"
        remedy += f"; or {MAP}"
    found = _by_year(rule, frame, orphan, what, remedy)
    if lost:  # these rows are certainly of known children, however few they are
        found = found or [_share(rule, "error", int(orphan.sum()), len(frame), what, remedy)]
        found = [dataclasses.replace(judgement, severity="error") for judgement in found]
    return found


def _kept(missing: pd.DataFrame) -> list[Judgement]:
    # words and orphans have rules of their own
    aside = (missing["outcome"] == "set_aside") & ~missing["reason"].isin(["mis_bad_type", "mis_orphan"])
    chief = missing.loc[aside, "reason"].value_counts().head(3)
    why = ", ".join(f"{reason} {n}" for reason, n in chief.items())
    what = f"missing rows were set aside ({why})"
    found = _by_year("missing_kept", missing, aside, what, "see the reasons in dq.html: most of the outcome is lost")
    if found:
        return found
    wrong = aside & missing["reason"].isin(IMPOSSIBLE)
    if LIMITS["missing_order"].severity(int(wrong.sum()), len(missing)) is None:
        return []
    what = "missing rows end before they start, or start before birth"
    remedy = "look whether day and month were swapped in some cells, or two columns in some rows"
    return [_share("missing_kept", "warn", int(wrong.sum()), len(missing), what, remedy)]


def _episodes_kept(episodes: pd.DataFrame) -> list[Judgement]:
    # orphans and other years have rules of their own; short breaks and stays without a night are no faults
    aside = (episodes["outcome"] == "set_aside") & episodes["reason"].isin(NO_STAY)
    chief = episodes.loc[aside, "reason"].value_counts().head(3)
    why = ", ".join(f"{reason} {n}" for reason, n in chief.items())
    remedy = "see the reasons in dq.html: the children of those rows live nowhere, and their peers are not seen"
    return _by_year("episodes_kept", episodes, aside, f"episodes were set aside ({why})", remedy)


def _inside_year(episodes: pd.DataFrame, missing: pd.DataFrame) -> list[Judgement]:
    remedy = "check the year, and that each return is of one year: give files of several years a folder a year"
    return [
        judgement
        for frame, reason, what in (
            (episodes, "epi_outside_return", "episodes lie outside their return's year"),
            (missing, "mis_outside_return", "missing rows lie outside their return's year"),
        )
        for judgement in _by_year("inside_year", frame, frame["reason"] == reason, what, remedy)
    ]


def _by_year(rule: str, frame: pd.DataFrame, hit: pd.Series, what: str, remedy: str) -> list[Judgement]:
    """One judgement of a rule: an error if any authority's year breaks its limit, a headline if all rows do."""
    if not hit.any():
        return []
    of = frame.groupby(["authority", "year"]).size()
    counts = hit.groupby([frame["authority"], frame["year"]]).sum()
    worst = [at for at in of.index if LIMITS[rule].severity(int(counts[at]), int(of[at])) == "error"]
    if worst:
        where = ", ".join(f"{authority} {_span(year)}" for authority, year in worst[:FAULTS_SHOWN])
        count, total = int(counts[worst].sum()), int(of[worst].sum())
        return [_share(rule, "error", count, total, f"{what}: {where}", remedy)]
    severity = LIMITS[rule].severity(int(hit.sum()), len(frame))
    return [_share(rule, "warn", int(hit.sum()), len(frame), what, remedy)] if severity else []


def _share(rule: str, severity: Severity, count: int, of: int, what: str, remedy: str) -> Judgement:
    share = f"{count:,} of {of:,} ({100 * count / of:.0f} %)"
    return Judgement(rule=rule, severity=severity, count=count, what=f"{share} {what}", remedy=remedy)


def _span(year: int) -> str:
    return f"{year - 1}/{year % 100:02d}"


def _words(missing: pd.DataFrame) -> list[Judgement]:
    """Words of MISSING that no code and no file of words knows, with their counts."""
    bad = missing["reason"] == "mis_bad_type"
    severity = LIMITS["missing_words"].severity(int(bad.sum()), len(missing))
    if severity is None:
        return []
    rows = missing[bad]
    told = told_words(rows["MISSING"], rows["file"] + " row " + rows["row"].astype(str))
    remedy = 'map the words in a file and give --words WORDS.toml: [missing_type] and below it "AWOL" = "A" or "M"'
    what = f"missing rows have a word for MISSING that is neither M nor A: {told}"
    return [_share("missing_words", severity, int(bad.sum()), len(missing), what, remedy)]


def _without_missing(episodes: pd.DataFrame, missing: pd.DataFrame) -> list[Judgement]:
    children = episodes.groupby(["authority", "year"])["CHILD"].nunique()
    told = missing.groupby(["authority", "year"]).size().reindex(children.index, fill_value=0)
    without = children[told == 0]
    if without.empty:
        return _missing_cut(missing, told)
    severity: Severity = "error" if (without >= CHILDREN_WITHOUT_MISSING).any() else "warn"
    where = ", ".join(f"{authority} {_span(year)}" for authority, year in without.index[:FAULTS_SHOWN])
    more = f" and {len(without) - FAULTS_SHOWN} more" if len(without) > FAULTS_SHOWN else ""
    return [
        Judgement(
            rule="missing_none",
            severity=severity,
            count=int(without.sum()),
            what=f"no missing row at all of {where}{more}: its {int(without.sum()):,} children count as never missing",
            remedy="ask for the missing table of that year, or leave the year out at either end",
        )
    ]


def _missing_cut(missing: pd.DataFrame, told: pd.Series) -> list[Judgement]:
    """Years of which missing rows are told for a part only: none for months, or few where other years have many."""
    parts = []
    others = (told.groupby(level=0).transform("sum") - told) / (told.groupby(level=0).transform("size") - 1)
    for at in told.index[(others >= MANY) & (told < FEW * others)]:
        parts.append(f"{told[at]} missing rows of {at[0]} {_span(at[1])}, {others[at]:.0f} in its other years")
    begun = missing[missing["start"].notna()]
    spans = begun.groupby(["authority", "year"])["start"].agg(["min", "max", "size"])
    opens = pd.to_datetime([f"{year - 1}-04-01" for _, year in spans.index])
    closes = opens + pd.DateOffset(years=1)
    first, last = (spans[side].clip(lower=opens, upper=closes) for side in ("min", "max"))
    a_day = spans["size"] / (last - first).dt.days.clip(lower=1)
    for side, day, silent in (("after", last, closes - last), ("before", first, first - opens)):
        for at in spans.index[(silent.dt.days >= SILENT_DAYS) & (silent.dt.days * a_day >= DUE)]:
            rows = (begun["authority"] == at[0]) & (begun["year"] == at[1])
            if begun.loc[rows, "CHILD"].nunique() >= FEWEST_CHILDREN:
                parts.append(f"no missing row of {at[0]} {_span(at[1])} begins {side} {day[at].date()}")
    if not parts:
        return []
    what = "; ".join(parts[:FAULTS_SHOWN]) + (
        f" and {len(parts) - FAULTS_SHOWN} more" if len(parts) > FAULTS_SHOWN else ""
    )
    remedy = "ask whether the missing table of that year is whole"
    return [Judgement(rule="missing_none", severity="warn", count=len(parts), what=what, remedy=remedy)]


def _told_again(episodes: pd.DataFrame) -> list[Judgement]:
    """Open on 31 March of a year whose next return is here: that return must tell of it again."""
    last = episodes.groupby("authority")["year"].transform("max")
    aside = (episodes["outcome"] == "set_aside") & (episodes["repair"] == "")
    was_open = (episodes["DEC"] == "") & (episodes["year"] < last) & ~aside
    lost = was_open & episodes["repair"].str.contains("epi_lost_open", regex=False).astype(bool)
    what = "episodes open on 31 March are told by no later return"
    remedy = "ask whether ids or years are wrong, or children were left out of the later return"
    return _by_year("open_told", episodes[was_open], lost[was_open], what, remedy)


def _children_shared(frames: Mapping[str, pd.DataFrame]) -> list[Judgement]:
    """Children in care at the end of one return stand in the header or episodes of the next."""
    episodes = frames["episodes"]
    named = pd.concat(
        [frames[t].loc[frames[t]["CHILD"] != "", ["authority", "year", "CHILD"]] for t in ("header", "episodes")]
    )
    there = pd.MultiIndex.from_frame(named.drop_duplicates())
    stays = episodes[(episodes["DEC"] == "") & (episodes["CHILD"] != "") & (episodes["reason"] != "epi_orphan")]
    last = named.groupby("authority")["year"].max()
    held = stays[["authority", "year", "CHILD"]].drop_duplicates()
    held = held[held["year"].to_numpy() < last.reindex(held["authority"]).to_numpy()].reset_index(drop=True)
    # a child's last open episode of a year: one that is open though another follows says nothing of 31 March
    following = held.assign(year=held["year"] + 1)
    told_years = pd.MultiIndex.from_frame(named[["authority", "year"]].drop_duplicates())
    here = pd.MultiIndex.from_frame(following[["authority", "year"]]).isin(told_years)
    held, following = held[here], following[here]
    gone = pd.Series(~pd.MultiIndex.from_frame(following).isin(there), index=held.index)
    what = "children in care on 31 March are not in the next return"
    return _by_year("children_shared", held, gone, what, f"ask whether CHILD was changed between the returns; {MAP}")


def _one_name(episodes: pd.DataFrame) -> list[Judgement]:
    """One URN at many addresses: a head office's, an agency's, or a word that looks like one."""
    stays = episodes[episodes["head"].notna() & episodes["home_id"].notna() & (episodes["PL_POST"] != "")]
    if stays.empty:
        return []
    addresses = stays[["home_id", "PL_POST"]].drop_duplicates()["home_id"].value_counts()
    many = addresses[addresses > ADDRESSES]
    hit = stands_in(stays["home_id"], many.index)
    severity = LIMITS["home_one_name"].severity(int(hit.sum()), len(stays))
    if severity is None:
        return []
    what = f"episodes in homes go by {len(many)} URN at more than {ADDRESSES} addresses each: strangers become peers"
    remedy = "ask for each home's own URN, or give --home-by urn_and_postcode"
    return [_share("home_one_name", severity, int(hit.sum()), len(stays), what, remedy)]


def _repaired(frames: Mapping[str, pd.DataFrame]) -> list[Judgement]:
    found = []
    for table, name in (("episodes", "episodes"), ("missing", "missing rows")):
        frame = frames[table][frames[table]["CHILD"] != ""]
        hit = frame["repair"] != ""
        what = f"{name} had a date repaired by a rule"
        found += _by_year("repaired", frame, hit, what, "see which rules in dq.html, and ask when the spells ended")
    return found
