"""Words in a return's columns of codes: read where a code stands before its meaning, mapped, or told; never lost."""

from __future__ import annotations

import pandas as pd
import pytest
from returns903 import EPISODE, HEADER, MISSING, read, write_return

from missingmodels.errors import ImportFault
from missingmodels.extract.returns.codes import CODES, codes_of
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.extract.returns.together.combine import Identities
from missingmodels.extract.words import Words
from missingmodels.tables.judgement import judgements_of
from missingmodels.vocabulary.plain_words import names_nobody

CHILDREN = [f"c{n}" for n in range(12)]


def return_of(folder, column, word):
    """Six children in a home whose episodes, or headers, hold a word in one column."""
    table = "header" if column in HEADER else "episodes"
    rows = {name: [{"CHILD": child} for child in CHILDREN] for name in ("header", "episodes", "missing")}
    rows[table] = [row | {column: word} for row in rows[table]]
    return write_return(folder, **rows)


def judged(found):
    return {judgement.rule: judgement for judgement in judgements_of(found.tables.origin)}


@pytest.mark.parametrize(
    ("column", "word", "code"),
    [
        ("PLACE", "K2 - CHILDREN'S HOME", "K2"),
        ("PLACE", "F) U6: FOSTER PLACEMENT - NOT FFA", "U6"),
        ("PLACE", "K2-CHILDREN'S HOME", "K2"),
        ("LS", "C2: FCO", "C2"),
        ("PLACE_PROVIDER", "E) PR4 - PRIVATE PROVISION", "PR4"),
        ("REC", "E4A (PLANNED)", "E4A"),
        ("MISSING", "M - MISSING", "M"),
        ("MISSING", "(A)", "A"),
        ("MISSING", "M.", "M"),
        ("MISSING", "A/L", "A/L"),
        ("MISSING", "AWOL", "AWOL"),
        ("PLACE", "K2/K1", "K2/K1"),
        ("PLACE", "RESI", "RESI"),
    ],
)
def test_a_code_before_its_meaning_is_that_code(column, word, code):
    assert codes_of(pd.Series([word]), column, {}).tolist() == [code]
    assert (code in CODES[column]) == (code != word)


@pytest.mark.parametrize("word", ["Children's home", "RESI", "K02"])
def test_words_for_a_placement_lose_no_home(tmp_path, word):
    folder = return_of(tmp_path, "PLACE", word)
    with pytest.raises(
        ImportFault, match=rf"coded_words: 12 of 14 \(86 %\) cells of PLACE .*{word.upper()}[\s\S]*\[place\]"
    ):
        read_ssda903(folder, authority="301")
    found = read_ssda903(folder, authority="301", said=Identities(words=Words({"place": {word.casefold(): "K2"}})))
    assert found.tables["homes"]["home_id"].tolist() == ["SC000001"]
    assert len(found.tables["missing_episodes"]) == 12
    assert "coded_words" not in judged(found)


def test_codes_of_another_year_are_told_and_not_refused(tmp_path):
    rows = [{"CHILD": child, "PLACE": "Q1" if n % 2 else "K2"} for n, child in enumerate(CHILDREN)]
    folder = write_return(
        tmp_path, header=[{"CHILD": child} for child in CHILDREN], episodes=rows, missing=[{"CHILD": "c0"}]
    )
    told = judged(read_ssda903(folder, authority="301"))["coded_words"]
    assert (told.severity, "'Q1' 6" in told.what) == ("warn", True)


def test_short_breaks_in_words_are_not_taken_for_full_care(tmp_path):
    folder = return_of(tmp_path, "LS", "Short breaks")
    with pytest.raises(ImportFault, match="cells of LS hold a word that is no code: 'SHORT BREAKS' 12"):
        read_ssda903(folder, authority="301")
    found = read(folder, said=Identities(words=Words({"ls": {"short breaks": "V4"}})))
    assert found.ledger.totals().set_index("reason").loc["short_break", "rows"] == 12


def test_words_for_sex_are_read_and_others_are_a_headline(tmp_path):
    found = read_ssda903(return_of(tmp_path / "a", "SEX", "Female"), authority="301")
    assert found.tables["children"]["sex"].tolist().count("F") == 12
    found = read_ssda903(return_of(tmp_path / "b", "SEX", "W"), authority="301")
    assert judged(found)["coded_words"].severity == "warn"
    assert "'W' 12" in judged(found)["coded_words"].what


def test_text_that_may_name_somebody_is_told_by_its_rows(tmp_path):
    with pytest.raises(ImportFault, match=r"not shown as it may name somebody, 12 \(row 2, row 3") as caught:
        read_ssda903(return_of(tmp_path, "PLACE", "with Jane Smith"), authority="301")
    assert "JANE" not in str(caught.value).upper()
    assert names_nobody("CHILDREN'S HOME")
    assert not names_nobody("JANE SMITH")


@pytest.mark.parametrize("word", ["Total", "Total: 6 rows", "End of report"])
def test_a_line_that_holds_nothing_but_child_is_no_child(tmp_path, word):
    rows = {name: [{"CHILD": child} for child in CHILDREN] for name in ("header", "episodes", "missing")}
    for name, columns in (("header", HEADER), ("episodes", EPISODE), ("missing", MISSING)):
        rows[name].append(dict.fromkeys(columns, "") | {"CHILD": word})
    found = read_ssda903(write_return(tmp_path, **rows), authority="301")
    assert len(found.tables["children"]) == 13
    assert found.ledger.totals().set_index("reason").loc["child_blank", "rows"].tolist() == [1, 1, 1]
    assert word not in found.ledger.frame.to_csv()
