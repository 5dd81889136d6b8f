"""Interviews beside the episodes they name: one that is a day off leaves its episode in doubt."""

from __future__ import annotations

import pandas as pd

from missingmodels.frame.outcomes.interviews import with_interviews


def day(text):
    return pd.Timestamp(text)


def test_an_episode_near_a_stray_interview_is_in_doubt():
    episodes = pd.DataFrame(
        {
            "child_id": ["a", "a", "a", "b"],
            "start_date": [day("2023-06-04"), day("2023-06-20"), day("2023-09-01"), day("2023-06-05")],
            "sequence": 0,
        }
    )
    interviews = pd.DataFrame(
        {
            "child_id": ["a", "a"],
            "episode_start_date": [day("2023-06-05"), day("2023-09-01")],
            "sequence": 0,
            "offered": [True, True],
        }
    )
    both = with_interviews(episodes, interviews)
    # the second is too far from the stray one, the third has its own, the fourth is another child's
    assert both["in_doubt"].tolist() == [True, False, False, False]
    assert both["offered"].notna().tolist() == [False, False, True, False]
    assert len(both) == len(episodes)
