"""Packaged operating characteristics: the tracked tables themselves, and how they are quoted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from missingmodels.evidence.robustness import operating
from missingmodels.evidence.robustness.battery import CHECKS, DROPPED, UNMEASURED, together
from missingmodels.evidence.robustness.bench import Line
from missingmodels.plan import Plan
from worlds import plan_of

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "simulations" / "results"
PACKAGED = ROOT / "src" / "missingmodels" / "evidence"


@pytest.mark.parametrize(
    ("study", "packaged"),
    [
        ("battery.csv", "operating.csv"),
        ("frontier.csv", "frontier.csv"),
        ("unseen_peers.csv", "unseen_peers.csv"),
        ("unseen_peers.json", "unseen_peers.json"),
    ],
)
def test_the_packaged_table_is_the_tracked_result(study: str, packaged: str) -> None:
    assert (PACKAGED / packaged).read_bytes() == (RESULTS / study).read_bytes()


def test_every_kind_of_world_is_read() -> None:
    """``null`` is the name of a world, not of an absent value."""
    assert set(operating.operating()["world"]) == set(operating.WORLDS)


def test_every_line_that_can_be_wrong_has_figures() -> None:
    held = operating.operating()
    for check in CHECKS:
        if check.name in (*operating.AS_PRIMARY, "coverage", "common_cause"):  # in these worlds nobody is hidden
            continue
        if check.name in UNMEASURED:  # came after the campaign; its page says that it is not measured
            alarm = Line(check=check.name, line="any", kind="alarm", says=True)
            assert not together([alarm]).remark.startswith("alarm"), "what is not measured has no voice"
            continue
        assert check.name in set(held["check"]), check.name
    assert {"together", "headline"} <= set(held["check"])


TABLE = pd.DataFrame(
    [
        (*which, "influence", world, homes, 200, share, 0.01)
        for which, homes, shares in (
            (operating.PRIMARY, 40, (0.03, 0.04, 0.05, 0.2)),
            (operating.PRIMARY, 160, (0.02, 0.03, 0.06, 0.7)),
            (operating.HEADLINE, 40, (0.01, 0.01, 0.02, 0.15)),
            (("periods", "home × 14 days"), 40, (0.01, 0.02, 0.07, 0.25)),
        )
        for world, share in zip(operating.WORLDS, shares, strict=True)
    ],
    columns=["check", "line", "kind", "world", "homes", "worlds", "said", "mc_error"],
)
LAG = pd.DataFrame(
    [("lags", "8–14 days ago", "alarm", world, 40, 200, 0.05, 0.01) for world in operating.WORLDS],
    columns=TABLE.columns,
)
UNDER = operating.Measured(plan=Plan(), model="M1", headline="M3")


def asked(check="primary", line="as the plan asks", homes=40, *, plan=None, model="M1", table=TABLE, kind="influence"):
    plan = Plan() if plan is None else plan
    return operating.how_often_wrong(check, line, homes, plan=plan, model=model, kind=kind, table=table, under=UNDER)


@pytest.mark.parametrize(("homes", "nearest"), [(10, 40), (70, 40), (90, 160), (3000, 160)])
def test_figures_come_from_the_nearest_size(homes: int, nearest: int) -> None:
    found = asked(homes=homes)
    assert found is not None
    assert found.homes == nearest
    assert found.said["small"] == (0.2 if nearest == 40 else 0.7)


def test_the_sentence_names_every_world() -> None:
    found = asked()
    assert found is not None
    assert found.detail == found.unlike == ""
    told = found.sentence("influence")
    for share in ("3%", "4%", "5%", "20%"):
        assert share in told
    assert "rings" in found.sentence("alarm")


def test_recounts_stand_under_the_plans_own_question_and_others_under_none() -> None:
    stand_in = asked("boundaries", "rule: drop")
    assert stand_in is not None
    assert "own question" in stand_in.sentence("influence")
    assert asked("lags", "1–3 days ago") is None
    assert asked("coverage", "drop") is None  # in no world was anybody hidden


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"exposure": {"primary": "peer_density"}}, "exposure: peer_density, measured peer_presence"),
        ({"exposure": {"window_days": 14}}, "window: 14 days, measured 7 days"),
        ({"frame": {"period_days": 14}}, "home-period effects: of 14 days, measured of 28 days"),
        ({"effects": {"home_process": "none"}}, "home-period effects: none, measured of 28 days"),
        ({"priors": {"replace": {"sigma_period": {"fixed": 0}}}}, "home-period effects: none, measured of 28 days"),
        ({"effects": {"frailty": "log_normal"}}, "frailty: log normal, measured gamma"),
    ],
)
def test_a_plan_that_was_not_measured_is_told_so_with_the_nearest_that_was(parts, words) -> None:
    found = asked(plan=plan_of(**parts))
    assert found.unlike == words
    told = found.sentence("influence")
    assert told.startswith(f"is not measured for such a plan ({words}); the nearest that was says influence in 3%")


def test_a_line_that_sets_something_itself_does_not_hang_on_the_plans_own() -> None:
    other = plan_of(frame={"period_days": 14})
    assert asked("periods", "home × 14 days", plan=other).unlike == ""
    assert asked("periods", "home × 14 days", plan=plan_of(exposure={"window_days": 14})).unlike != ""


def test_figures_of_an_alarm_are_not_quoted_of_a_line_of_influence() -> None:
    """With a window of 14 days peers' episodes 8 to 14 days ago are exposure, no alarm."""
    wide = plan_of(exposure={"window_days": 14})
    assert asked("lags", "8–14 days ago", plan=wide, table=LAG, kind="influence") is None
    assert asked("lags", "8–14 days ago", table=LAG, kind="alarm").sentence("alarm").startswith("rings in 5%")


def test_the_fullest_model_has_the_headlines_figures_and_details_are_named() -> None:
    headline = asked(model="M3")
    assert headline.said["small"] == 0.15
    assert headline.detail == ""
    assert asked("periods", "home × 14 days", model="M3").detail == "measured with the model M1"
    strict = plan_of(decision={"supported_probability": 0.99})
    assert "the default decision rule" in asked(plan=strict).sentence("influence")


def test_what_was_measured_stands_beside_the_tables() -> None:
    for name in ("operating", "frontier"):
        held = operating.measured(name)
        assert held.model == "M1"
        assert held.unlike(Plan()) == {}


def test_too_few_worlds_tell_nothing() -> None:
    few = TABLE.assign(worlds=20)
    assert asked(table=few) is None


def _shares(kind: str, **said: float) -> pd.DataFrame:
    rows = [("a", "x", kind, world, 200, share, 0.02) for world, share in said.items()]
    return pd.DataFrame(rows, columns=["check", "line", "kind", "world", "worlds", "said", "mc_error"])


def test_a_check_is_informative_where_it_tells_worlds_apart() -> None:
    quiet = {"null": 0.03, "homophily_only": 0.03, "shocks_only": 0.03, "small": 0.03}
    for kind, world in (("influence", "small"), ("alarm", "shocks_only"), ("alarm", "homophily_only")):
        assert not operating.informative("a", table=_shares(kind, **quiet))
        assert operating.informative("a", table=_shares(kind, **quiet | {world: 0.2}))
        assert not operating.informative("a", table=_shares(kind, **quiet | {world: 0.08}))  # within two errors
    both = {"shocks_only": 0.3, "small": 0.3}
    assert not operating.informative("a", table=_shares("influence", **quiet | both))  # says so in shocks as well
    assert not operating.informative("a", table=_shares("alarm", **quiet | both))
    assert operating.informative("b", table=_shares("alarm", **quiet))  # never measured
    assert operating.informative("a", table=_shares("alarm", **quiet).assign(worlds=5))  # too few to tell


def test_what_told_nothing_is_dropped_and_never_what_an_answer_needs() -> None:
    assert {check.name for check in CHECKS if not operating.informative(check.name)} == set(DROPPED)
    assert "primary" not in DROPPED


@pytest.mark.parametrize(
    ("homes", "note"),
    [
        (19, "19 homes find less"),
        (30, ""),
        (70, ""),
        (400, "400 homes find more, and call more shared shocks influence"),
    ],
)
def test_figures_of_another_size_say_which_way_they_err(homes: int, note: str) -> None:
    found = asked(homes=homes)
    assert found.size_note == note
    assert note in found.sentence("influence")
    assert ("find" in found.sentence("influence")) is bool(note)


def test_a_half_per_cent_is_not_none() -> None:
    assert [operating.share_text(share) for share in (0.0, 0.005, 0.16, 0.025)] == ["0%", "0.5%", "16%", "2.5%"]
