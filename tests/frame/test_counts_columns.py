"""Columns of a file: what is a number, what is a level, what is unrecorded; arguments as people type them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from missingmodels.cli.rows import read_rows
from missingmodels.errors import InputError, RowsInvalid
from missingmodels.formula import read_formula
from missingmodels.frame.design_matrix import EventRows
from missingmodels.frame.own_rows.asked import OVERDISPERSED_COUNTS, ask, read_family
from missingmodels.frame.own_rows.columns import columns_from_text
from missingmodels.frame.own_rows.counts import build_counts, collinear


def counts_of(path: Path, formula: str, *, child: str | None = "child", **asked: object) -> EventRows:
    ids = (child,) if child else ()
    frame = columns_from_text(read_rows(path), read_formula(formula), ids)
    return build_counts(*ask(frame, formula=formula, child=child, **asked))


def made(path: Path, **columns: list[object]) -> Path:
    lines = [",".join(columns), *(",".join(map(str, cells)) for cells in zip(*columns.values(), strict=True))]
    (path / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path / "rows.csv"


EVENTS = [0, 1, 2, 0, 1, 0, 2, 1]
X = [0.1, 0.9, 0.4, 0.7, 0.2, 0.6, 0.3, 0.8]


@pytest.fixture
def rows(shared: Path) -> Path:
    return shared / "cases" / "rows"


def test_ids_are_text(rows: Path) -> None:
    counts = counts_of(rows / "leading_zero_ids.csv", "events ~ x", exposure="days")
    assert len(counts.units["child"].ids) == 27
    assert {"01", "1", "001"} <= set(counts.units["child"].ids)


def test_words_for_nothing_are_ids_like_any_other(rows: Path) -> None:
    assert counts_of(rows / "NA_id.csv", "events ~ x").units["child"].ids == ("NA", "NB", "NC", "None")


def test_a_header_that_names_a_column_twice_is_refused(rows: Path) -> None:
    with pytest.raises(RowsInvalid, match="columns named twice: x"):
        read_rows(rows / "dup_columns.csv")


def test_a_dash_among_numbers_is_refused_with_its_row(rows: Path) -> None:
    with pytest.raises(RowsInvalid, match="x is unrecorded in row 5;"):
        counts_of(rows / "dash_x.csv", "events ~ x")


@pytest.mark.parametrize("formula", ["events ~ x + z", "events ~ x * z", "events ~ z", "events ~ T(z, ref='a') + x"])
def test_a_factor_of_one_level_is_refused_by_name(rows: Path, formula: str) -> None:
    with pytest.raises(RowsInvalid, match=r"z has a single level \(a\)"):
        counts_of(rows / "one_level.csv", formula)


def test_a_good_file_is_read(rows: Path) -> None:
    counts = counts_of(rows / "rows_ok.csv", "events ~ x * z", exposure="days")
    assert counts.names == ("x", "z[b]", "z[c]", "x:z[b]", "x:z[c]")
    assert (len(counts.units["child"].ids), counts.notes) == (40, ())


@pytest.mark.parametrize("cell", ["n/k", "0,7", "£0.7", "< 0.7", "0.7 mg", "?", "seven"])
def test_a_word_among_numbers_is_refused_with_row_and_cell(tmp_path: Path, cell: str) -> None:
    path = made(tmp_path, child=list("aabbccdd"), events=EVENTS, x=[*X[:3], f'"{cell}"', *X[4:]])
    with pytest.raises(RowsInvalid) as told:
        counts_of(path, "events ~ x")
    assert f"x is not a number in row 5 ({cell!r})" in told.value.what
    assert "C(x)" in told.value.what


def test_decimal_commas_are_no_levels(tmp_path: Path) -> None:
    path = made(tmp_path, child=list("aabbccdd"), events=EVENTS, x=[f'"{x}"'.replace(".", ",") for x in X])
    with pytest.raises(RowsInvalid, match="x is not a number in rows 2, 3"):
        counts_of(path, "events ~ x")


@pytest.mark.parametrize("word", ["NA", "n/a", "nan", "NULL", "None", "-", ""])
def test_words_for_nothing_among_numbers_are_unrecorded(tmp_path: Path, word: str) -> None:
    path = made(tmp_path, child=list("aabbccdd"), events=EVENTS, x=[*X[:3], word, *X[4:]])
    with pytest.raises(RowsInvalid, match="x is unrecorded in row 5;"):
        counts_of(path, "events ~ x")
    counts = counts_of(path, "events ~ x", unrecorded="drop")
    assert counts.dropped == (5,)


def test_words_for_nothing_among_levels_are_levels_and_a_blank_is_not(tmp_path: Path) -> None:
    arm = ["NA", "None", "a", "a", "NA", "None", "a", "NA"]
    path = made(tmp_path, child=list("aabbccdd"), events=EVENTS, arm=arm)
    counts = counts_of(path, "events ~ arm")
    assert counts.names == ("arm[None]", "arm[a]")
    assert "'NA', 'None' of arm is a level like any other" in counts.notes[0]
    path = made(tmp_path, child=list("aabbccdd"), events=EVENTS, arm=[*arm[:2], "", *arm[3:]])
    with pytest.raises(RowsInvalid, match="arm is unrecorded in row 4"):
        counts_of(path, "events ~ arm")


def test_codes_taken_by_their_levels_keep_their_zeros(tmp_path: Path) -> None:
    path = made(tmp_path, child=list("aabbccdd"), events=EVENTS, site=["01", "1", "2", "01", "1", "2", "01", "1"])
    assert counts_of(path, "events ~ C(site)").names == ("C(site)[1]", "C(site)[2]")
    assert counts_of(path, "events ~ site").names == ("site",)


def test_a_level_without_rows_is_told(tmp_path: Path) -> None:
    path = made(
        tmp_path, child=list("aabbccdd"), events=EVENTS, x=["", *X[1:]], arm=["only", "a", "b", "a", "b", "a", "b", "a"]
    )
    counts = counts_of(path, "events ~ x + arm", unrecorded="drop")
    assert counts.names == ("x", "arm[b]")
    assert any("no row left is of arm 'only'" in note for note in counts.notes)
    frame = pd.DataFrame({"y": EVENTS, "arm": pd.Categorical(list("abababab"), categories=["c", "a", "b"])})
    assert "no row left is of arm 'c'" in build_counts(*ask(frame, formula="y ~ arm")).notes[0]


def test_types_are_never_those_of_a_chunk(tmp_path: Path) -> None:
    """pandas guesses by 262,144 rows or so: ids there are numbers at first and text later, so one child became two."""
    rows = 300_000
    ids = [str(i % 50) for i in range(rows - 1)] + ["x"]
    text = "child,events\n" + "\n".join(f"{child},{i % 3}" for i, child in enumerate(ids)) + "\n"
    (tmp_path / "rows.csv").write_text(text)
    assert len(counts_of(tmp_path / "rows.csv", "events ~ 1").units["child"].ids) == 51


def test_other_encodings_quotation_marks_and_blank_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes('child,"events",x\n"Zoë, A",1,2\n\nB,0,3\n'.encode("cp1252"))
    frame = read_rows(tmp_path / "a.csv")
    assert frame["child"].tolist() == ["Zoë, A", "B"]
    assert frame.index.tolist() == [2, 4]
    for content in ("", "\n\n", 'a,b\n"1,2\n'):
        (tmp_path / "b.csv").write_text(content)
        with pytest.raises(InputError):
            read_rows(tmp_path / "b.csv")
    (tmp_path / "c.csv").write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(RowsInvalid, match="more cells than the header has names in row 3"):
        read_rows(tmp_path / "c.csv")


def test_text_in_a_frame_that_is_all_numbers_is_refused() -> None:
    frame = pd.DataFrame({"y": EVENTS, "x": [str(x) for x in X]})
    with pytest.raises(RowsInvalid, match=r"x is text, and every cell of it is a number.*C\(x\)"):
        build_counts(*ask(frame, formula="y ~ x"))
    assert len(build_counts(*ask(frame, formula="y ~ C(x)")).names) == 7


FRAME = pd.DataFrame({"y": EVENTS, "x": X, "n": [4] * 8, "id": list("aabbccdd")})


@pytest.mark.parametrize("trials", [4, np.int64(4), np.int8(4), 4.0, np.float64(4.0)])
def test_trials_are_any_whole_number(trials: float) -> None:
    _, asked = ask(FRAME, formula="y ~ x", trials=trials)
    assert build_counts(*ask(FRAME, formula="y ~ x", trials=trials)).size.tolist() == [4] * 8
    assert asked.frailty == "normal"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"trials": 1.5}, "a whole number from 1"),
        ({"trials": 0}, "a whole number from 1"),
        ({"trials": True}, "trials= takes"),
        ({"trials": [4] * 8}, "trials= takes"),
        ({"child": ["id"]}, "child= takes one column's name, found ['id'] (list)"),
        ({"exposure": FRAME["n"]}, "exposure= takes one column's name"),
        ({"home": [1, 2]}, "home= takes a column's name or several"),
        ({"home": 3}, "home= takes"),
        ({"formula": None}, "formula= takes a text"),
        ({"family": "binomial"}, "needs trials="),
        ({"family": "poisson", "trials": 4}, "has no trials"),
        ({"family": 'binomial(link="probit")'}, "the link of binomial is logit"),
        ({"family": "gaussian"}, "is not known"),
        ({"family": "zero_inflated_poisson"}, "extra zeros are not modelled"),
        ({"family": "beta_binomial"}, "one level of effects per row"),
        ({"family": len}, "is not known"),
    ],
)
def test_arguments_of_a_wrong_kind_are_told(given: dict[str, object], said: str) -> None:
    with pytest.raises(RowsInvalid) as told:
        ask(FRAME, **{"formula": "y ~ x", **given})
    assert said in told.value.what


@pytest.mark.parametrize("frame", [[1, 2], None, FRAME["y"], {"y": [1, 2], "x": [1]}, {"y": 1}, "rows.csv"])
def test_what_is_no_frame_is_told(frame: object) -> None:
    with pytest.raises(RowsInvalid, match="the frame is"):
        ask(frame, formula="y ~ x")


def test_a_dict_of_columns_is_a_frame() -> None:
    held = {name: FRAME[name].tolist() for name in FRAME}
    np.testing.assert_array_equal(build_counts(*ask(held, formula="y ~ x")).matrix[:, 0], X)


@pytest.mark.parametrize(
    ("word", "family"),
    [
        ("poisson", "poisson"), ("poisson()", "poisson"), ('poisson(link = "log")', "poisson"), ("Poisson", "poisson"),
        ("poisson(log)", "poisson"), ("binomial", "binomial"), ('binomial(link="logit")', "binomial"),
        ("binomial('logit')", "binomial"), ("bernoulli", "bernoulli"), ("sm.families.Poisson()", "poisson"),
        (None, None),
    ],
)  # fmt: skip
def test_words_of_other_software_for_what_is_fitted(word: str | None, family: str | None) -> None:
    assert read_family(word) == (family, [])


@pytest.mark.parametrize(
    "word",
    [
        *OVERDISPERSED_COUNTS,
        "nbinom2()",
        "glmmTMB::nbinom2",
        "brms::negbinomial()",
        'nbinom2(link="log")',
        "neg_binomial_2",
        "negative.binomial(2)",
    ],
)
def test_an_overdispersed_count_is_one_level_of_effects_per_row(word: str) -> None:
    family, (fault,) = read_family(word)
    assert family is None
    assert "one level of effects per row" in fault
    assert "child=" in fault


def test_bernoulli_has_one_trial() -> None:
    _, asked = ask(FRAME.assign(y=[0, 1] * 4), formula="y ~ x", family="bernoulli")
    assert asked.trials == "trials of every row"


@pytest.mark.parametrize("count", [2**70, 2**63, 1e300])
def test_a_count_beyond_all_counts_is_refused(count: float) -> None:
    frame = FRAME.astype({"y": object})
    frame.loc[3, "y"] = count
    with pytest.raises(RowsInvalid, match=r"y is beyond 2\^53, more than any count, in row 3"):
        build_counts(*ask(frame, formula="y ~ x"))


@pytest.mark.parametrize("shift", [0.0, 1e6, 1e9, -1e9, 1e12])
def test_a_column_far_from_zero_is_not_taken_for_the_intercept(shift: float) -> None:
    moved = build_counts(*ask(FRAME.assign(x=FRAME["x"] + shift), formula="y ~ x"))
    assert moved.names == ("x",)
    np.testing.assert_allclose(moved.standardised[:, 0], (X - np.mean(X)) / np.std(X, ddof=1), atol=1e-3)


@pytest.mark.parametrize("shift", [0.0, 1e6, 1e9])
def test_a_true_combination_is_still_found_there(shift: float) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 40)) + shift
    told = collinear(np.column_stack([a, b, 2 * a - 3 * b + 7, np.full(40, 3.3)]), ["a", "b", "both", "flat"])
    assert [line.split(" is ")[0] for line in told] == ["column both", "column flat"]
    assert "a, b" in told[0]
    assert "a combination of the intercept:" in told[1]
