"""When episodes come, as the page shows it and as it may leave."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from missingmodels.disclosure.figures import gated_figures
from missingmodels.disclosure.policy import policy_for
from missingmodels.disclosure.record import Judged
from missingmodels.evidence.record import Evidence
from missingmodels.report.timing import timing_shown

Make = Callable[..., Evidence]


def test_what_lies_outside_is_marked(make: Make) -> None:
    shown = timing_shown(make())
    assert shown is not None
    assert [(row["bin"], row["outside"]) for row in shown["rows"]] == [
        ("same day", True), ("1–2", False), ("variance over mean", False)
    ]  # fmt: skip
    assert shown["outside"] == 1
    assert shown["rows"][0]["observed"] == "46"
    assert shown["rows"][2]["interval"] == "1.80 to 2.30"
    assert [bool(row["part"]) for row in shown["rows"]] == [True, False, True]


def test_bands_since_arrival_stand_in_their_order(make: Make) -> None:
    bands = {key: [1.0, 2.0, 3.0, 4.0] for key in ("median", "low", "high")} | {"mass": 0.95}
    part = {"name": "arrival", "bins": ["90+", "0-6", "7-27", "28-89"], "observed": [9, 2, 3, 4], "replicated": bands}
    shown = timing_shown(make(figures={"timing": make().figures["timing"] | {"parts": [part]}}))
    assert shown is not None
    assert [(row["bin"], row["observed"]) for row in shown["rows"]] == [
        ("0–6", "2"), ("7–27", "3"), ("28–89", "4"), ("90+", "9")
    ]  # fmt: skip
    assert [bool(row["part"]) for row in shown["rows"]] == [True, False, False, False]


def test_evidence_without_it_shows_none(make: Make) -> None:
    assert timing_shown(make(figures={"timing": None})) is None
    assert timing_shown(make(figures={})) is None


@pytest.mark.parametrize("smallest", [3.0, 200.0])
def test_few_pairs_do_not_leave_and_what_does_is_rounded(make: Make, smallest: float) -> None:
    """One blocked alone would follow from the total, so the next goes with it; the dispersion is no count."""
    held = dict(make().figures["timing"])
    bins, observed = ["same day", "1–2", "3–7"], [46.0, smallest, 131.0]
    bands = {key: [30.0, 4.0, 120.0] for key in ("median", "low", "high")} | {"mass": 0.95}
    held["parts"] = [{"name": "pairs", "bins": bins, "observed": observed, "replicated": bands}, held["parts"][1]]
    enough = lambda *_: {}  # noqa: E731 (all cells have enough children behind them)
    behind = SimpleNamespace(of=lambda *_: ("", "", 30), cells=enough, data={"children": 100})
    judged = Judged(policy=policy_for({"kind": "ssda903"}, None))
    told = gated_figures({"timing": held}, behind, judged)["timing"]["parts"]
    base = judged.policy.rounding
    assert told[0]["bins"] == (["3–7"] if smallest < judged.policy.minimum_count else bins)
    assert all(n % base == 0 for n in told[0]["observed"])
    assert told[1]["observed"] == [2.1]
