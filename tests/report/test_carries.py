"""What the first screen says of the data, where a record holds less than the newest does."""

from __future__ import annotations

import pytest

from missingmodels.evidence.schema import Data
from missingmodels.report.carries import carries, carries_in_a_line

DATA = {
    "observed_from": "2023-01-01", "observed_to": "2024-01-01", "burn_in_days": 28, "homes": 4, "children": 9,
    "resident_years": 8.0, "onsets": 12, "children_with_onset": 5, "same_day_repeats": 0, "joint_onsets": 0,
    "onsets_per_year_at_risk": 1.5, "share_of_days_exposed": 0.25, "median_coverage": 0.9, "rows": 50, "episodes": {},
    "days_exposed": 730.0, "onsets_exposed": 6,
}  # fmt: skip


def test_days_and_episodes_beside_a_recent_peer() -> None:
    assert dict(carries(DATA))["beside a recently missing peer"].endswith(
        "(730 days), with 6 of 12 episodes, before history, vulnerability and home are allowed for"
    )
    assert "25.0% of days and 6 episodes" in carries_in_a_line(DATA)


@pytest.mark.parametrize("name", ["days_exposed", "onsets_exposed", "onsets", "share_of_days_exposed", "homes"])
def test_a_count_that_an_older_record_lacks_or_a_policy_blocks_is_left_out(name: str) -> None:
    for held in (DATA | {name: None}, {n: v for n, v in DATA.items() if n != name}):
        if Data.model_fields[name].is_required() and name not in held:
            continue  # refused when it is read
        Data.model_validate(held)
        told = " ".join(words for _, words in carries(held)) + carries_in_a_line(held)
        assert "None" not in told
        assert ("730" in told) == (name not in ("days_exposed", "onsets_exposed", "onsets"))
