"""The battery's page, table and figures from lines made by hand."""

from __future__ import annotations

import dataclasses
import html

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from missingmodels.evidence.decisions import CANNOT_SAY, SUPPORTED
from missingmodels.evidence.robustness import frontier as battery_frontier
from missingmodels.evidence.robustness import operating as battery_operating
from missingmodels.evidence.robustness.battery import NEEDED, Battery, together
from missingmodels.evidence.robustness.bench import ALARM, Line
from missingmodels.evidence.robustness.curve import ADJUSTED, Specification
from missingmodels.evidence.robustness.variants import AS_RECORDED
from missingmodels.plan import Plan
from missingmodels.report.figures.frontier import frontier_figure
from missingmodels.report.figures.of_many import battery as figures
from missingmodels.report.pages import battery_page as page_of
from worlds import plan_of


def _battery() -> Battery:
    primary = Line(
        check="primary", line=NEEDED[0][1], kind="influence", estimate=1.4, low=1.1, high=1.8, probability=0.99,
        says=True, verdict=SUPPORTED,
    )  # fmt: skip
    lines = [
        primary,
        dataclasses.replace(primary, check="windows", line="3 days", estimate=9.5, high=20.0, remark="<b>odd</b>"),
        Line(
            check="permuted_recency", line=NEEDED[1][1], kind="influence", p_value=0.2, says=False, verdict=CANNOT_SAY
        ),
        dataclasses.replace(primary, check="lags", line="8–14 days ago", kind="alarm", verdict=ALARM),
        Line(check="coverage", line="drop", kind="influence", remark="every home is seen"),
        Line(
            check="common_cause", line="E-value", kind="size", estimate=2.1, low=1.4, verdict="2.10 needed", remark="x"
        ),
    ]
    curve = tuple(
        Specification(
            window_days=window, period_days=period, adjusted=ADJUSTED[1], frailty="gamma", chosen=at == 1,
            estimate=1 + 0.1 * at, low=0.9 + 0.1 * at, high=1.3 + 0.1 * at, says=at > 2,
        )
        for at, (window, period) in enumerate([(3, 0), (7, 0), (3, 28), (7, 28)])
    )  # fmt: skip
    return Battery(
        lines=(*lines, together(lines)), curve=curve, model="M1", exposure="peer_presence", homes=40, children=160,
        resident_years=120.0, onsets=300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Battery:
    return _battery()


def test_the_summary_counts_what_was_asked(found: Battery) -> None:
    told = page_of.summary(found, Plan())
    assert told[0].startswith("The plan’s own question: supported, rate ratio 1.40 (1.10 to 1.80)")
    primary = dataclasses.replace(found.lines[0], remark=AS_RECORDED)
    unseen = dataclasses.replace(found, lines=(primary, *found.lines[1:]))
    assert page_of.summary(unseen, Plan())[0].startswith("The plan’s own question, as recorded, while")
    assert told[1].startswith("Asked in 2 other ways, 1 says influence")
    assert told[2].startswith("Alarms: 1 of 1 rings. Peers’ episodes by how long ago, 8–14 days ago")
    assert told[3].startswith("All together: the data cannot say")
    assert "Of 4 specifications 1 says influence; rate ratios from 1.00 to 1.30" in told[4]


def test_a_question_that_could_not_be_asked_says_why(found: Battery) -> None:
    none = Line(check="primary", line=NEEDED[0][1], kind="influence", remark="two modes")
    first = page_of.summary(dataclasses.replace(found, lines=(none, *found.lines[1:])), Plan())[0]
    assert first == "The plan’s own question: nothing to compare, two modes."


def test_the_table_has_a_row_a_line_with_its_limits(found: Battery) -> None:
    table = page_of.battery_table(found, Plan())
    assert len(table) == len(found.lines)
    assert table["shows"].str.len().min() > 10
    assert table.loc[table["kind"] == "size", "how_often"].item() == "a size, not a verdict"
    assert table.loc[table["check"] == "coverage", "how_often"].item() == "is not measured"


def test_the_page_escapes_and_needs_nothing_else(found: Battery) -> None:
    plan = Plan()
    shown = page_of.battery_pictures(found, plan)
    assert set(shown) == {"robustness", "specification_curve", "frontier"}
    page = page_of.battery_page(found, plan, shown, origin="Simulated data.", made={"seed": 1})
    assert "&lt;b&gt;odd&lt;/b&gt;" in page
    assert "<b>odd</b>" not in page
    assert "http:" not in page
    assert "https:" not in page
    for name in ("Every line", "Which shared shocks", "Specification curve", "2.10 needed"):
        assert name in page


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables as a whole study would leave them: the plan's question tells worlds apart, the matched home does not."""
    rows = [
        (check, line, kind, world, 40, 200, said, 0.01, 0.0)
        for check, line, kind, shares in (
            ("primary", "as the plan asks", "influence", (0.01, 0.02, 0.04, 0.31)),
            ("matched_home", "residents of a similar home", "alarm", (0.05, 0.03, 0.01, 0.02)),
        )
        for world, said in zip(battery_operating.WORLDS, shares, strict=True)
    ]
    names = ["check", "line", "kind", "world", "homes", "worlds", "said", "mc_error", "log_ratio"]
    table = pd.DataFrame(rows, columns=names)
    monkeypatch.setattr(battery_operating, "operating", lambda: table)
    monkeypatch.setattr(page_of, "operating", lambda: table)
    monkeypatch.setattr(page_of, "DROPPED", ("matched_home",))


def page_under(found: Battery, plan: Plan) -> str:
    return html.unescape(page_of.battery_page(found, plan, {}, origin="", made={}))


@pytest.mark.usefixtures("measured")
def test_shares_are_quoted_of_the_plan_measured_and_of_no_other(found: Battery) -> None:
    assert "31%" in page_under(found, Plan())
    other = page_under(found, plan_of(exposure={"primary": "peer_density", "beside": []}))
    assert "not measured for such a plan (exposure: peer_density, measured peer_presence)" in other
    assert other.count("31%") == 1  # the nearest, named as such
    assert "± 1%" not in other


def test_a_page_of_real_data_warns_of_small_counts(found: Battery) -> None:
    for simulated in (True, False):
        page = page_of.battery_page(found, Plan(), {}, origin="", made={}, simulated=simulated)
        assert ("check them for disclosure" in page) is not simulated


@pytest.mark.usefixtures("measured")
def test_a_check_left_out_says_why(found: Battery) -> None:
    page = page_under(found, Plan())
    assert "Checks left out" in page
    assert "it rings no more often where there is something to warn of than where there is nothing" in page
    assert "“residents of a similar home” rings in 5% with no influence" in page


@pytest.mark.usefixtures("measured")
def test_figures_of_another_line_say_so(found: Battery) -> None:
    moved = dataclasses.replace(found.lines[0], check="boundaries", line="rule: drop")
    with_it = dataclasses.replace(found, lines=(*found.lines[:1], moved, found.lines[-1]))
    page = page_under(with_it, Plan())
    assert "at the right: figures of the plan's own question, as there was next to nothing to recount" in page


def test_the_text_aligns_and_names_every_check(found: Battery) -> None:
    text = page_of.battery_text(found, Plan())
    assert "1.40 (1.10 to 1.80)" in text
    assert "p 0.200" in text


def test_no_text_is_clipped_by_the_edge(found: Battery) -> None:
    for figure in (figures.battery_figure(found.lines), figures.curve_figure(found.curve)):
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        for text in figure.findobj(Text):
            if text.get_text() and text.get_visible():
                box = text.get_window_extent(renderer)
                assert box.x0 >= 0, text.get_text()
                assert box.x1 <= figure.bbox.width, text.get_text()


def test_figures_show_what_there_is(found: Battery) -> None:
    drawn = figures.drawn_lines(found.lines)
    assert [line.check for line in drawn] == ["primary", "windows", "permuted_recency", "lags"]
    words = {text.get_text() for text in figures.battery_figure(found.lines).axes[0].texts}
    assert {"1.40", "p 0.200", ALARM, "9.50"} <= words
    labels = [label for label, _ in figures.choices(found.curve)]
    assert labels == [
        "window 3 days",
        "window 7 days",
        "home effects only",
        "home × 28 days",
        f"adjusts: {ADJUSTED[1]}",
    ]
    upper, lower = figures.curve_figure(found.curve).axes
    assert len(lower.lines) == 3 * len(found.curve)
    assert upper.get_xlim() == (-1, 4)


def test_the_frontier_shows_every_cell() -> None:
    table = battery_frontier.frontier()
    figure = frontier_figure(table, homes=40)
    shown = [ax for ax in figure.axes if ax.get_title(loc="left")]
    assert len(shown) == table["line"].nunique()
    percent = [text.get_text() for text in shown[0].texts if not text.get_text().startswith(("±", "homophily"))]
    assert len(percent) == (table["line"] == table["line"].iloc[0]).sum()
