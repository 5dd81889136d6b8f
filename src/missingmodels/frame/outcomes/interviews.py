"""Return home interviews beside the episodes that they name; and the episodes of which they leave us in doubt."""

from __future__ import annotations

import pandas as pd

EPISODE = ["child_id", "start_date", "sequence"]
NEAR_DAYS = 7  # an interview that names no episode belongs to one of its child's that starts so near


def with_interviews(episodes: pd.DataFrame, interviews: pd.DataFrame) -> pd.DataFrame:
    """The episodes, each with its interview's columns, and ``in_doubt``.

    An episode without an interview is in doubt where an interview of the child names no episode, but a day near it: it
    is not known to be without one.
    """
    named = interviews.rename(columns={"episode_start_date": "start_date"})
    both = episodes.merge(named, on=EPISODE, how="left", indicator="found")
    met = named[EPISODE].merge(episodes[EPISODE], on=EPISODE, how="left", indicator="found")
    stray = named.loc[(met["found"] == "left_only").to_numpy(), ["child_id", "start_date"]]
    alone = both.loc[both["found"] == "left_only", ["child_id", "start_date"]].reset_index()
    pairs = alone.merge(stray.rename(columns={"start_date": "named"}), on="child_id")
    near = pairs.loc[(pairs["start_date"] - pairs["named"]).dt.days.abs() <= NEAR_DAYS, "index"]
    return both.drop(columns="found").assign(in_doubt=both.index.isin(near))
