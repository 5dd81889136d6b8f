"""The terminal summary fits a screen whatever the evidence holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from missingmodels.report.text import summary_text


def test_summary_says_verdict_ratio_interval_and_probability(make):
    text = summary_text(make())
    peers = next(line for line in text.splitlines() if "one or more recently missing peers" in line)
    assert peers.split()[-5:] == ["1.30", "1.06–1.60", ">1", "0.980", "supported"]
    staff = next(line for line in text.splitlines() if "staff on duty" in line)
    assert staff.startswith("* ")
    assert "<1 <0.01 the data cannot say" in staff
    assert "supported as negligible" in text
    assert "synthetic data" in text
    assert "Pareto k above 0.7 without a refit: 2 of 12 children" in text
    assert "NOT CONVERGED" not in text


def test_summary_says_what_share_of_episodes_is_attributable(make):
    line = next(line for line in summary_text(make()).splitlines() if "attributable" in line)
    assert line.split("attributable: ")[1].replace("\u202f", "") == (
        "6.7% (1.5 to 11.9%) one step; 8.1% (1.8 to 14.2%) with what those led to"
    )
    assert not any("attributable" in line for line in summary_text(make(rows=())).splitlines())


def test_smaller_models_are_not_the_answer(make):
    assert summary_text(make()).count("staff turnover") == 1


def test_summary_names_fits_that_failed(make):
    text = summary_text(make(failed=("M3", "peer_density")))
    assert "! NOT CONVERGED, do not read these numbers (1 of 3 fits):" in text
    assert "M3 (peer_density): R-hat 1.040 is above 1.01" in text
    assert [line[:2] for line in text.splitlines() if "recently missing peers" in line or "all peers" in line] == [
        "  ",
        "! ",
    ]


@pytest.mark.parametrize("structures", [0, 1, 18, 60])
@pytest.mark.parametrize("peers", [0, 1, 4, 40])
@pytest.mark.parametrize("failed", [None, ("M3", "peer_presence")])
def test_summary_fits_its_limits(make, make_row, structures, peers, failed):
    long = "a label that is far longer than any column of any terminal would ever be, between homes (-0.10 to 0.11)"
    rows = [make_row(name=f"peer_{i}", label=long, interval_low=0.0123, interval_high=1234.5) for i in range(peers)]
    rows += [make_row(hypothesis="H2", name=f"size_{i}", verdict="supported as negligible") for i in range(structures)]
    held = make(failed=failed)
    rows += [row for row in held.rows if row.estimand.startswith("attributable_fraction")]
    text = summary_text(replace(held, rows=tuple(rows), notes=("x",) * 30, plan={**held.plan, "name": "n" * 200}))
    assert len(text.splitlines()) < 25
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "H1" in text
    assert "H2" in text


def stated(make, make_row, *, active=True, contrasts=3):
    """Evidence whose plan states contrasts of x0 to x2 and of adhd, of which nothing passed the gate."""
    held = make()
    rows = [
        make_row(hypothesis="contrast", name=f"x{i}", label=f"column {i} (0 to 1)", expected="", verdict="")
        for i in range(contrasts)
    ]
    plan = {**held.plan, "contrast": {**{f"x{i}": [0, 1] for i in range(contrasts)}, "adhd": [0, 1]}}
    told = {"policy": "generic", "active": active, "blocked": [], "minimum_count": 10, "rounding": 5}
    return replace(held, rows=(*held.rows, *rows), plan=plan, disclosure=told)


def test_contrasts_of_the_plan_are_told_and_which_are_withheld(make, make_row):
    text = summary_text(stated(make, make_row))
    after = text.split("Contrasts that the plan states\n")[1].splitlines()
    assert after[0].strip().startswith("column 0")
    assert after[2].strip().startswith("column 2")
    assert after[3] == "  withheld by the policy of disclosure, as too few are behind them: adhd"
    assert "withheld" not in summary_text(stated(make, make_row, active=False))
    assert "Contrasts" not in summary_text(make())
    many = summary_text(stated(make, make_row, contrasts=30))
    assert len(many.splitlines()) < 25
    assert "more in the report" in many


@pytest.mark.parametrize("columns", [80, 100])
def test_every_word_stands_whole_within_the_terminal(make, make_row, columns):
    label = "mean need of the other residents who were placed here from far away, between homes"
    rows = (make_row(hypothesis="H2", name="mix_need_between", label=label, verdict="supported as negligible"),)
    held = make(failed=("M3", "peer_density"))
    text = summary_text(replace(held, rows=(*held.rows, *rows)), columns)
    assert max(map(len, text.splitlines())) <= columns
    assert "…" not in text
    at = next(i for i, line in enumerate(text.splitlines()) if "mean need" in line)
    first, *below = text.splitlines()[at : at + 4]
    assert first.endswith("supported as negligible")
    assert set(label.split()) <= {*first.split(), *" ".join(below).split()}


def test_what_is_left_out_is_counted(make, make_row):
    rows = tuple(make_row(hypothesis="H2", name=f"size_{i}", label=f"effect {i}") for i in range(60))
    text = summary_text(make(rows=rows))
    shown = sum("effect" in line for line in text.splitlines())
    assert f"and {60 - shown} more in the report" in text
