"""What the report says of an exposure that fades, beside one that counts days."""

from __future__ import annotations

from tests.report.conftest import row

from missingmodels.plan import Effects, Plan
from missingmodels.report.lines import Line
from missingmodels.report.sentences import answers, effects_held, exposure_span, origin_words

DAYS = {"primary": "peer_presence", "window_days": 9, "kernel_days": 2.0}
KERNEL = DAYS | {"primary": "peer_kernel", "kernel_days": 5.77}


def lead(exposure: dict[str, object], **changes: object) -> str:
    return answers([Line(row=row(**changes), converged=True)], exposure)[0].lead


def test_the_span_of_an_exposure() -> None:
    assert exposure_span(DAYS) == "in the last 9 days"
    assert exposure_span(KERNEL) == "fading to half in 4 days"
    # evidence written before there was a kernel
    assert exposure_span({"window_days": 7}) == "in the last 7 days"


def test_what_every_model_holds_is_what_the_plan_asked() -> None:
    frame = {"period_days": 28, "cell_days": None}
    before = "the child’s own frailty, home effects and effects for each home and 28-day period"
    assert effects_held({}, frame) == before
    weekly = Plan().model_dump()
    assert effects_held(weekly["effects"], weekly["frame"]) == (
        "the child’s own frailty, home effects, effects for each home and 28-day period and a process that all homes "
        "share, on cells of 7 days"
    )
    drifts = Effects(home_process="drift", sector_process="none").model_dump()
    assert "a process of each home that drifts on cells of 7 days" in effects_held(drifts, weekly["frame"])
    adults = Effects(adults=True, sector_process="none", home_process="none").model_dump()
    assert effects_held(adults, frame) == (
        "the child’s own frailty, home effects and an effect of each adult on the day’s shifts, by their share of its "
        "hours"
    )
    asked = Effects(
        frailty="low_risk", authority=True, peer_slope_by_home=True, home_process="none", sector_process="none"
    ).model_dump()
    assert effects_held(asked, frame) == (
        "the child’s own frailty with a class at low risk, home effects and effects of authorities; in those with "
        "peers, their effect differs between homes"
    )


def test_the_lead_claims_no_effects_that_the_plan_does_not_hold() -> None:
    def told(**effects: object) -> str:
        line = Line(row=row(), converged=True)
        return answers([line], DAYS, Effects(**effects).model_dump())[0].lead

    assert "given the child’s own history, the home, its periods and what all homes share: an association" in told()
    alone = {"home_process": "none", "sector_process": "none"}
    assert "given the child’s own history and the home: an association" in told(**alone)
    assert "the home, its authority and its owner: an association" in told(**alone, authority=True, owner=True)
    assert "the home and who is on its shifts: an association" in told(**alone, adults=True)


def test_the_origin_of_one_return_and_of_a_pool() -> None:
    one = {"kind": "ssda903", "authority": "E09000001", "year": 2023}
    assert origin_words(one) == (
        "Real data: the SSDA903 return of authority “E09000001” for the year that ends on 31 March 2023. Such a return "
        "sees only the children whom this authority looks after, and holds no staff. No staff came beside it."
    )
    pool = origin_words({"kind": "ssda903", "authority": ["A", "B", "C"], "year": [2022, 2023], "staffing": {"f": "d"}})
    assert "returns of authorities “A”, “B” and “C” for the years that end on 31 March 2022 and 2023." in pool
    assert "these authorities look after" in pool
    assert pool.endswith("Staff come from other files.")


def test_a_kernel_is_never_said_to_count_days() -> None:
    assert lead(DAYS).startswith(
        "With one or more recently missing peers against none (recently missing: in the last 9 days), a child’s"
    )
    assert lead(KERNEL).startswith("For each onset of a peer (fading to half in 4 days), a child’s")
    assert lead(DAYS, verdict="the data cannot say").endswith("Recent means the last 9 days.")
    assert lead(KERNEL, verdict="the data cannot say").endswith("counts 1 on its day, fading to half in 4 days.")
