"""SSDA903 missing rows to missing episodes: unusable rows aside, overlaps merged, closed beds told."""

from __future__ import annotations

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.ledger import FAULTS_SHOWN, in_play, merge, remark, repair, set_aside, written
from missingmodels.extract.readers.dates import DAYS_1904
from missingmodels.extract.returns.children import by_child
from missingmodels.extract.returns.codes import CATEGORY
from missingmodels.extract.returns.together.resubmitted import carry_ends, newest_stands, nth_of_day
from missingmodels.extract.words import Words
from missingmodels.tables.keys import stands_in

MOST, FEWEST = 0.5, 3  # births told otherwise in this share of the rows, and so many, are other children's
FAR = pd.Timestamp("2200-01-01")  # stands for "open" where ends are compared


def settle_missing(
    missing: pd.DataFrame,
    *,
    birth: pd.Series,
    episodes: pd.DataFrame,
    placements: pd.DataFrame,
) -> pd.DataFrame:
    """Give every missing row its fate.

    Parameters
    ----------
    missing : working frame of ``with_category``, with ``start`` and ``end`` (the day of return; NaT = open),
        ``closes``, the day after its return's year, and the span of its authority's returns,
        ``[authority_opens, authority_closes)``
    birth : birth dates by CHILD of the header's children
    episodes : settled episodes, also those set aside: they tell an orphan from a row whose placement went
    placements : the placements table

    Returns the frame sorted by child and start, with ``category``, ``sequence`` and ``end_is_censored``.

    Raises ImportFault if most rows tell another birth than the header: they are not those children's.
    """
    frame = missing.sort_values(["CHILD", "start", "end", "uid"], na_position="last")
    frame = _screen(frame, birth=birth)
    frame = _hold_births(frame, birth=birth)
    frame = _one_spell_over_years(frame)
    known = episodes.loc[episodes["reason"] != "epi_orphan", "CHILD"].unique()
    frame = set_aside(frame, ~stands_in(frame["CHILD"], known), "mis_orphan", "the child has no episodes")
    kept = placements[["child_id", "start_date", "end_date"]].set_axis(["CHILD", "from", "to"], axis=1)
    every = episodes[["CHILD", "start", "end"]].set_axis(["CHILD", "from", "to"], axis=1)
    in_kept, in_any = _inside(frame, kept), _inside(frame, every)
    frame = set_aside(frame, in_any & ~in_kept, "mis_placement_set_aside", "its episode was set aside")
    frame = set_aside(frame, ~in_any, "mis_outside_care", "no placement covers MIS_START")
    frame = _close_lost(frame, placements)
    frame = _merge_overlaps(frame)
    frame = _end_with_care(frame, placements)
    late = in_play(frame) & (frame["end"] > frame["closes"])
    frame = remark(frame, late, "MIS_END is after the return's year")
    start = frame["start"].where(in_play(frame))
    return frame.assign(sequence=frame.groupby(["CHILD", start]).cumcount())


def with_category(missing: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The rows with ``category``, M or A, by the return's codes and the words that a user mapped."""
    category = missing["MISSING"].map(CATEGORY)
    if mapped := words.of("missing_type"):
        said = missing["MISSING"].str.casefold().str.strip().map(mapped)
        missing = set_aside(missing, said == "", "mis_no_absence", "its word is mapped to no absence")
        category = said.where(said.notna(), category).replace("", None)
    return missing.assign(category=category)


def _screen(frame: pd.DataFrame, *, birth: pd.Series) -> pd.DataFrame:
    start, end, first = frame["start"], frame["end"], frame["authority_opens"]
    incomplete = (frame["MISSING"] == "") | (frame["MIS_START"] == "")
    frame = set_aside(frame, incomplete, "mis_incomplete", "MISSING or MIS_START is blank")
    frame = set_aside(frame, frame["category"].isna(), "mis_bad_type", "MISSING is neither M nor A")
    frame = set_aside(frame, ~stands_in(frame["CHILD"], birth.index), "mis_orphan", "the child is not in the header")
    frame = set_aside(frame, end < start, "mis_end_before_start")
    frame = set_aside(frame, start <= by_child(frame["CHILD"], birth), "mis_before_birth", "MIS_START is not after DOB")
    frame = set_aside(frame, start >= frame["closes"], "mis_outside_return", "it starts after the return's year")
    # an end on 1 April lies in the year: without it a spell that last year's return left open would never end
    return set_aside(frame, (start < first) & (end < first), "mis_outside_return", "it ended before the return's year")


def _hold_births(frame: pd.DataFrame, *, birth: pd.Series) -> pd.DataFrame:
    """Hold the DOB that a missing row tells against the header's; either may be cut to the first of its month."""
    if "told_birth" not in frame:
        return frame
    told, held = frame["told_birth"], by_child(frame["CHILD"], birth)
    known = in_play(frame) & told.notna() & held.notna()
    month = (told.dt.year == held.dt.year) & (told.dt.month == held.dt.month)
    differs = known & (told != held) & ~(month & ((told.dt.day == 1) | (held.dt.day == 1)))
    # year by year, for the file of one may be of other children
    year = [frame["authority"], frame["year"], frame["file"]]
    counts = pd.DataFrame({"known": known, "differs": differs}).groupby(year).transform("sum")
    worst = (counts["differs"] >= FEWEST) & (counts["differs"] > MOST * counts["known"])
    if worst.any():
        many, of = int((differs & worst).sum()), int((known & worst).sum())
        days = (told - held)[differs & worst].dt.days.abs()
        raise ImportFault(
            f"DOB is another than the header's in {many} of {of} missing rows: they may belong to other children, or "
            "their CHILD was changed",
            where=", ".join(frame.loc[worst, "file"].unique()[:FAULTS_SHOWN]),
            remedy="one file's dates are serial numbers that count from 1904: give --dates SERIAL1904, or export again"
            if (days == DAYS_1904).all()
            else "export header and missing anew from one system, with CHILD as text",
        )
    return remark(frame, differs, "DOB is another than the header's")


def _one_spell_over_years(frame: pd.DataFrame) -> pd.DataFrame:
    """Match the spells that two returns tell of, one to one; the newest end stands."""
    if frame["year"].nunique() < 2:
        return frame
    frame = frame.assign(nth=nth_of_day(frame))
    key = ["CHILD", "category", "start", "nth"]
    frame = carry_ends(frame, key, column="end", name="MIS_END")
    # A blank end that was filled since is no change of mind; an end that became another one is.
    return newest_stands(frame, key, {"end": "MIS_END"})


def _close_lost(frame: pd.DataFrame, placements: pd.DataFrame) -> pd.DataFrame:
    """Spells open in an old return that no newer one tells: known to last to 31 March, or to the end of the stay."""
    lost = in_play(frame) & frame["end"].isna() & (frame["closes"] < frame["pool_closes"])
    frame = frame.assign(cut=lost)
    if not lost.any():
        return frame
    march = frame["closes"] - pd.Timedelta(days=1)
    final = placements["end_date"].fillna(FAR).groupby(placements["child_id"]).max()
    # A child who left care while missing is closed by that, as in a single return.
    which = lost & ~(by_child(frame["CHILD"], final) <= march)
    blank = pd.Series("MIS_END blank", index=frame.index)
    after = "MIS_END " + written(march)
    frame = repair(frame, which, "mis_lost_open", before=blank, after=after)
    return frame.assign(end=frame["end"].mask(which, march), cut=which)


def _inside(frame: pd.DataFrame, spans: pd.DataFrame) -> pd.Series:
    """Whether MIS_START lies in a span of the child, both of its ends included, as validators match."""
    pairs = frame.reset_index()[["index", "CHILD", "start"]].merge(spans, on="CHILD")
    covered = (pairs["from"] <= pairs["start"]) & (pairs["start"] <= pairs["to"].fillna(FAR))
    return pd.Series(frame.index.isin(pairs.loc[covered, "index"]), index=frame.index)


def _merge_overlaps(frame: pd.DataFrame) -> pd.DataFrame:
    """Overlapping rows become one episode, M if any is M; same-day repeats do not overlap and stay."""
    live = frame[in_play(frame)]
    if live.empty:
        return frame
    end = live["end"].fillna(FAR)
    reached = end.groupby(live["CHILD"]).cummax().groupby(live["CHILD"]).shift(1)
    joins = live["start"] < reached
    head = live["uid"].where(~joins).ffill()
    union_end = end.groupby(head).transform("max")
    # the end was told, though a part of the episode was cut, if a row that was not cut reaches it
    cut = (live["cut"] | (end != union_end)).groupby(head).transform("all")
    any_missing = (live["category"] == "M").groupby(head).transform("any")
    category = live["category"].mask(any_missing, "M")
    merged_end = union_end.where(union_end < FAR)
    before, after = _state(live["category"], live["end"]), _state(category, merged_end)
    grown = frame.index.isin(live.index[~joins & (before != after)])
    frame = merge(frame, joins.reindex(frame.index, fill_value=False), "mis_overlap", into=head.reindex(frame.index))
    which = pd.Series(grown, index=frame.index)
    frame = repair(frame, which, "mis_overlap", before=before.reindex(frame.index), after=after.reindex(frame.index))
    return frame.assign(
        end=frame["end"].mask(which, merged_end.reindex(frame.index)),
        category=frame["category"].mask(which, category.reindex(frame.index)),
        cut=cut.reindex(frame.index, fill_value=False),
    )


def _end_with_care(frame: pd.DataFrame, placements: pd.DataFrame) -> pd.DataFrame:
    """Mark ends that are a closed bed, not a return, and close what is open though the child has left care.

    A return must fill MIS_END when the placement ends, so an end on the day a placement ends says nothing
    of the child's whereabouts.
    """
    final = placements["end_date"].fillna(FAR).groupby(placements["child_id"]).max()
    left = by_child(frame["CHILD"], final)
    outlived = in_play(frame) & frame["end"].isna() & (left < FAR) & (left >= frame["start"])
    after = "MIS_END " + written(left)
    blank = pd.Series("MIS_END blank", index=frame.index)
    frame = repair(frame, outlived, "mis_open_after_care", before=blank, after=after)
    frame = frame.assign(end=frame["end"].mask(outlived, left))
    beds = placements[["child_id", "end_date"]].dropna().set_axis(["CHILD", "end"], axis=1)
    closed = pd.MultiIndex.from_frame(frame[["CHILD", "end"]]).isin(pd.MultiIndex.from_frame(beds))
    return frame.assign(end_is_censored=(closed | frame["cut"]) & frame["end"].notna())


def _state(category: pd.Series, end: pd.Series) -> pd.Series:
    return category + ", MIS_END " + written(end)


def missing_episodes_of(missing: pd.DataFrame) -> pd.DataFrame:
    """The missing_episodes table of settled missing rows."""
    live = missing[in_play(missing)]
    columns = {"CHILD": "child_id", "start": "start_date", "end": "end_date"}
    kept = [*columns, "sequence", "category", "end_is_censored"]
    return live[kept].rename(columns=columns).reset_index(drop=True)
