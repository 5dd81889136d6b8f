"""An import judged as a whole, on the handed cases and on small returns."""

import dataclasses
import shutil

import pandas as pd
import pytest

from missingmodels.errors import ConfigInvalid, ImportFault
from missingmodels.extract.authorities import authority_of, judge_authorities, one_name_an_authority
from missingmodels.extract.crosswalk import read_crosswalk
from missingmodels.extract.mapped.judge import judge_records
from missingmodels.extract.ofsted.registration import numbers
from missingmodels.extract.quality import flags
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.extract.returns.together.combine import Identities
from missingmodels.extract.words import Words
from missingmodels.tables.check import check_tables
from missingmodels.tables.judgement import judgements_of, require_rules


def _read(shared, name, **more):
    return read_ssda903(shared / "cases" / "import" / name, authority="301", **more)


def _rules(found):
    return {judgement.rule: judgement.severity for judgement in judgements_of(found.tables.origin)}


def test_a_clean_return_is_used_whole_and_nothing_is_said(shared):
    found = _read(shared, "base")
    assert set(found.ledger.frame["outcome"]) == {"used"}
    assert not _rules(found)


@pytest.mark.parametrize(
    ("case", "homes", "told"),
    [("null_urn_3", 3, "in a home without URN"), ("notknown", 2, "no registration number")],
)
def test_a_word_for_urn_names_no_home(shared, case, homes, told):
    found = _read(shared, case)
    table = found.tables["homes"]
    assert len(table) == homes
    assert table["weak_key"].all()
    assert table["home_id"].str.startswith("@").all()
    assert any(told in note for note in found.ledger.notes)


def test_what_typing_adds_is_taken_off_and_words_are_no_numbers():
    typed = ["2,500,002", "2500002.0", "sc-012345", "'SC 012345'", "012345"]
    assert numbers(pd.Series(typed)).tolist() == ["2500002", "2500002", "SC012345", "SC012345", "012345"]
    words = ["NULL", "N/A", "TBC", "UNKNOWN", "NOT REG", "Not known", "0", "9999999", "XXXXXXX", "SC000000", "SC1234"]
    assert not numbers(pd.Series(words)).any()


def test_local_words_of_missing_are_refused_with_the_words_or_mapped(shared):
    with pytest.raises(ImportFault, match="'AWAY WITHOUT AUTHORISATION' 1") as caught:
        _read(shared, "words")
    assert all(word in str(caught.value) for word in ("'AWOL' 1", "'ABSCONDED' 1", "--words", "--accept missing_words"))
    words = dict.fromkeys(("awol", "away without authorisation", "unauthorised absence"), "A")
    words |= dict.fromkeys(("missing from care", "absconded", "y"), "M") | {"1": ""}
    found = _read(shared, "words", said=Identities(words=Words({"missing_type": words})))
    rows = found.ledger.frame.query("table == 'missing'")
    assert rows["reason"].tolist().count("mis_no_absence") == 1
    assert "mis_bad_type" not in set(rows["reason"])
    assert len(found.tables["missing_episodes"]) == 9


def test_zeros_lost_in_one_file_are_refused_and_accepted_in_sight(shared, tmp_path):
    with pytest.raises(ImportFault, match="missing_join: 7 of 7"):
        _read(shared, "c01_zeros_lost")
    found = _read(shared, "c01_zeros_lost", accept=["missing_join"])
    assert [j.accepted for j in judgements_of(found.tables.origin) if j.rule == "missing_join"] == [True]
    assert any(f.rule == "missing_join" and "accepted" in f.what for f in check_tables(found.tables))
    (tmp_path / "map.csv").write_text("id,known_by\n" + "".join(f"{n},000{n}\n" for n in range(123, 129)))
    mapped = _read(shared, "c01_zeros_lost", said=Identities(same_child=read_crosswalk(tmp_path / "map.csv")))
    assert len(mapped.tables["missing_episodes"]) == 7


def test_ids_in_scientific_notation_are_refused(shared):
    with pytest.raises(ImportFault, match=r"scientific notation"):
        _read(shared, "c02_scientific")


def test_one_child_under_two_ids_is_made_one_and_flagged(shared):
    found = _read(shared, "c19_two_ids_one_upn")
    assert "000123" not in set(found.tables["children"]["child_id"])
    stays = found.tables["placements"].query("child_id == '990123'")
    assert len(stays) == 1
    lines = flags(found.ledger)
    assert "id_conflict" in set(lines["rule"])
    assert _rules(found) == {"id_conflict": "warn"}
    # UPN is read for this and kept nowhere
    assert not any("A0123456" in str(text) for text in found.ledger.frame.to_numpy().ravel())
    assert all("upn" not in column.casefold() for frame in found.tables.frames.values() for column in frame)


def test_a_year_without_missing_rows_is_told(shared):
    assert _rules(_read(shared, "emptyyear"))["missing_none"] == "warn"


def test_zeros_lost_in_one_of_two_returns_leave_one_child(shared, tmp_path):
    source = shared / "cases" / "import" / "c19_two_ids_one_upn"
    for year in ("2022-23", "2023-24"):
        (tmp_path / year).mkdir()
        for path in (source / year).glob("*.csv"):
            text = path.read_text().replace("990123", "000123")
            text = "\n".join(line.lstrip("0") if year == "2023-24" else line for line in text.splitlines())
            (tmp_path / year / path.name).write_text(text)
    found = read_ssda903(tmp_path, authority="301")
    assert found.tables["children"]["child_id"].str.len().max() == 6
    assert len(found.tables["children"]) == 6
    assert not (found.ledger.frame["reason"] == "epi_lost_open").any()


def test_interviews_a_day_off_their_episodes_are_told(shared):
    tables = _read(shared, "base").tables
    held = tables["missing_episodes"]
    for days, told in ((0, 0), (1, 1)):
        start = held["start_date"] + pd.Timedelta(days=days)
        rows = pd.DataFrame({"child_id": held["child_id"], "episode_start_date": start, "sequence": 0})
        beside = dataclasses.replace(tables, frames={**tables.frames, "interviews": rows})
        assert len(judge_records(["interviews"], beside, None)) == told


def test_authorities_are_known_by_code_number_and_name():
    assert authority_of("301") is authority_of("Barking & Dagenham") is authority_of("E09000002")
    assert authority_of("Northamptonshire").successors == ("E06000061", "E06000062")
    (told,) = judge_authorities(["Barkng"])
    assert "Barking and Dagenham" in told.what
    assert not judge_authorities(["LA001"], simulated=True)
    assert one_name_an_authority(["E10000002", "Buckinghamshire", "Poole", "E06000058"]) == {
        "E10000002": "Buckinghamshire"
    }


def test_an_unknown_authority_or_rule_is_refused(shared):
    with pytest.raises(ImportFault, match="--accept authority"):
        read_ssda903(shared / "cases" / "import" / "base", authority="E1")
    assert read_ssda903(shared / "cases" / "import" / "base", authority="E1", accept=["authority"])
    with pytest.raises(ConfigInvalid, match="did you mean 'missing_join'"):
        require_rules(["missing_joins"])


def blanked(folder, name, column, shared):
    """The base case with a column of one file blank."""
    shutil.copytree(shared / "cases" / "import" / "base", folder)
    frame = pd.read_csv(folder / name, dtype=str, keep_default_na=False).assign(**{column: ""})
    frame.to_csv(folder / name, index=False)
    return folder


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("CHILD", r"missing_join: 7 of 7 \(100 %\) missing rows name a child of no header, 7 of them none at all"),
        ("MISSING", r"missing_kept: 7 of 7 \(100 %\) missing rows were set aside \(mis_incomplete 7\)"),
    ],
)
def test_missing_rows_without_a_column_are_not_taken_for_a_rate_of_0(shared, tmp_path, column, told):
    with pytest.raises(ImportFault, match=told):
        read_ssda903(blanked(tmp_path / "case", "missing.csv", column, shared), authority="301")


def test_ids_in_another_case_are_told(shared, tmp_path):
    folder = shutil.copytree(shared / "cases" / "import" / "base", tmp_path / "case")
    for name, prefix in (("header", "ab"), ("episodes", "AB"), ("missing", "AB")):
        frame = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        frame.assign(CHILD=prefix + frame["CHILD"]).to_csv(folder / f"{name}.csv", index=False)
    with pytest.raises(ImportFault, match="6 ids would be known if zeros, case and spaces did not count"):
        read_ssda903(folder, authority="301")


@pytest.mark.parametrize("word", ["Hull", "Telford", "Southend", "Bucks"])
def test_part_of_a_name_is_offered_the_whole(word):
    (judgement,) = judge_authorities([word])
    whole = {"Hull": "E06000010", "Telford": "E06000020", "Southend": "E06000033", "Bucks": "E06000060"}[word]
    assert whole in judgement.what


def test_london_is_not_the_city_of_london():
    assert authority_of("City of London").code == "E09000001"
    assert authority_of("London") is None


def test_codes_that_were_replaced_are_one_authority():
    pairs = {"E06000048": "E06000057", "E08000020": "E08000037", "E10000002": "E06000060",
             "E08000016": "E08000038", "E08000019": "E08000039"}  # fmt: skip
    for old, new in pairs.items():
        assert one_name_an_authority([old, new]) == {old: new}
