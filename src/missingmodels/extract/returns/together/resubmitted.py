"""What two returns say of the same thing: the newest stands, the older is folded into it, and a change is told.

A return is made every year, and a spell that is open on 31 March comes back with the next. Rows are matched by a key
between returns only; what one return says twice is left to the rules of that table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from missingmodels.extract.ledger import in_play, merge, remark, repair, written
from missingmodels.extract.readers.cells import masked
from missingmodels.vocabulary.plain_words import names_nobody


def newest_stands(frame: pd.DataFrame, key: Sequence[str], facts: Mapping[str, str]) -> pd.DataFrame:
    """Fold the rows of older returns into the newest return's row of the same key.

    Parameters
    ----------
    frame : working frame, its rows in the order in which the first of equals should stand
    facts : columns compared, with the name by which a change is told; text, or dates
    """
    live = frame.loc[in_play(frame), list(dict.fromkeys([*key, "year", "uid", *facts]))]
    newest = live.groupby(list(key), sort=False)["year"].transform("max")
    is_newest = live["year"] == newest
    if is_newest.all():
        return frame
    stands = live.loc[is_newest, [*key, "uid", *facts]].drop_duplicates(list(key))
    older = live.loc[~is_newest, [*key, *facts]]
    beside = older.merge(stands, on=list(key), how="left", suffixes=("", "_new")).set_index(older.index)
    change = pd.Series("", index=older.index, dtype=object)
    for column, name in facts.items():
        was, now = beside[column], beside[f"{column}_new"]
        differs = ((was != now) & was.notna() & (was != "")).fillna(False)
        if differs.any():
            old, new = words(was[differs]), words(now[differs])
            told = name + " " + old + " → " + new.replace("", "blank")
            change[differs] = (change[differs] + ", " + told).str.removeprefix(", ")
    which = pd.Series(frame.index.isin(older.index), index=frame.index)
    changed = which & change.reindex(frame.index, fill_value="").ne("")
    into = beside["uid"].reindex(frame.index)
    frame = merge(frame, changed, "resubmitted_changed", into=into)
    frame = remark(frame, changed, change.reindex(frame.index)[changed])
    return merge(frame, which, "resubmitted", into=into)


def carry_ends(frame: pd.DataFrame, key: Sequence[str], *, column: str, name: str) -> pd.DataFrame:
    """Give a row that stands without an end the end that an older return has; call before ``newest_stands``.

    A newest row without an end says that it is open still; only an end later than all that return can be meant.
    """
    live = frame.loc[in_play(frame), list(dict.fromkeys([*key, "year", column]))].sort_values("year")
    latest = live.groupby(list(key), sort=False)[column].transform("last")
    newest = live["year"] == live.groupby(list(key), sort=False)["year"].transform("max")
    lacking = newest & live[column].isna() & latest.notna()
    which = lacking.reindex(frame.index, fill_value=False)
    if not which.any():
        return frame
    end = latest.reindex(frame.index)
    blank = pd.Series(f"{name} blank", index=frame.index)
    frame = repair(frame, which, "mis_end_kept", before=blank, after=f"{name} " + words(end))
    frame = remark(frame, which, "an older return has the end")
    return frame.assign(**{column: frame[column].mask(which, end)})


def nth_of_day(frame: pd.DataFrame) -> pd.Series:
    """Which of one return's equal starts a missing row is, counted from the longest, so that the one that reaches
    into the next year is matched with its own continuation and not with a same-day return.
    """
    live = frame.loc[in_play(frame), ["CHILD", "category", "start", "end", "year"]].sort_values(
        "end", ascending=False, na_position="first", kind="stable"
    )
    count = live.groupby(["CHILD", "category", "start", "year"], sort=False).cumcount()
    return count.reindex(frame.index, fill_value=0)


def words(values: pd.Series) -> pd.Series:
    """Values as the ledger tells them: what may name somebody by its shape alone."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return written(values)
    told = values.fillna("").astype(object)
    shapes = {word: masked(word) for word in told.unique() if not names_nobody(str(word))}
    return told.replace(shapes) if shapes else told
