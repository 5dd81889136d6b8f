"""The data-quality report: counts worked by hand, and one line for each thing said of a row."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pandas as pd
from returns903 import write_year

from missingmodels.extract import quality
from missingmodels.extract.returns import rules as rules903
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.frame.choices import compare_choices
from missingmodels.report.pages.quality import quality_page
from missingmodels.runs.importing import quality_of, write_import

# c1: open in both returns (resubmitted); a missing row without type in each year; an orphan in 2023/24. c2: its two
# episodes of 2022/23 overlap (cut), the second only changes the legal status (merged) and is open in 2022/23 only.
OLD = {
    "header": [{}, {"CHILD": "c2"}],
    "episodes": [
        {"DECOM": "01/05/2022"},
        {"CHILD": "c2", "DEC": "20/07/2022", "REC": "X1"},
        {"CHILD": "c2", "DECOM": "01/07/2022", "RNE": "L", "LS": "E1"},
    ],
    "missing": [{"MISSING": ""}, {}],
}
NEW = {
    "episodes": [{"DECOM": "01/05/2022"}],
    "missing": [{"MISSING": "", "MIS_START": "01/06/2023"}, {"CHILD": "who", "MIS_START": "01/06/2023", "MIS_END": ""}],
}


def imported(folder: Path):
    paths = [write_year(folder, 2023, **OLD), write_year(folder, 2024, **NEW)]
    return read_ssda903(paths, authority="301")


def test_flags_and_counts(tmp_path):
    found = imported(tmp_path)
    lines = quality.flags(found.ledger)
    assert sorted(zip(lines["rule"], lines["year"], lines["child_id"], lines["action"], strict=True)) == [
        ("epi_lost_open", 2023, "c2", "repaired"),
        ("epi_overlap", 2023, "c2", "repaired"),
        ("mis_incomplete", 2023, "c1", "set_aside"),
        ("mis_incomplete", 2024, "c1", "set_aside"),
        ("mis_orphan", 2024, "who", "set_aside"),
        ("resubmitted", 2023, "c1", "merged"),
        ("resubmitted", 2023, "c1", "merged"),
        ("same_placement", 2023, "c2", "merged"),
    ]
    by_rule = {(r["table"], r["rule"]): r for r in quality.counts_by_rule(found.ledger)}
    assert by_rule["missing", "mis_incomplete"]["by_year"] == {2023: 1, 2024: 1}
    assert by_rule["missing", "mis_incomplete"]["rows"] == 2
    assert {r["table"]: r["read"] for r in quality.outcomes(found.ledger) if r["year"] == 2023} == {
        "episodes": 5, "header": 3, "missing": 2,
    }  # fmt: skip
    for row in quality.outcomes(found.ledger):
        assert row["read"] == row["used"] + row["repaired"] + row["merged"] + row["set_aside"]
    worst = quality.offenders(found.ledger, "child_id")
    # of c2's three rows two are flagged, of c1's seven two
    assert [(w["who"], w["flagged"], w["read"]) for w in worst] == [("c2", 2, 3), ("c1", 2, 7), ("who", 1, 1)]


def test_choices(tmp_path):
    # One M inside the stay, one A on the day of a move from one home to another.
    rows = [
        {"DEC": "01/07/2022", "REC": "X1"},
        {"DECOM": "01/07/2022", "RNE": "P", "URN": "SC000002", "PL_POST": "AB9 9ZZ"},
    ]
    missing = [{}, {"MISSING": "A", "MIS_START": "01/07/2022", "MIS_END": "03/07/2022"}]
    tables = read_ssda903(write_year(tmp_path, 2023, episodes=rows, missing=missing), authority="301").tables
    found, why_not = compare_choices(tables)
    assert why_not == ""
    onsets = {(choice.categories, choice.boundary): choice.onsets for choice in found}
    assert onsets == {
        (("M", "A"), "ending"): 2, (("M", "A"), "starting"): 2, (("M", "A"), "drop"): 1,
        (("M",), "ending"): 1, (("M",), "starting"): 1, (("M",), "drop"): 1,
    }  # fmt: skip
    # 1 May 2022 to 31 March 2023 are 335 nights; 11 June and 2 July are lost, the return days 12 June and 3 July count
    # half; dropping the tie loses 1 July too.
    days = {choice.boundary: choice.days_at_risk for choice in found}
    assert (days["ending"], days["drop"]) == (335 - 1 - 0.5 - 1 - 0.5, 335 - 1 - 0.5 - 1 - 0.5 - 1)
    assert {choice.resident_days for choice in found} == {335}


def test_page_and_files(tmp_path):
    found = imported(tmp_path)
    out = write_import(found.tables, found.ledger, tmp_path / "out")
    lines = pd.read_csv(out / "dq.csv", keep_default_na=False)
    assert len(lines) == len(quality.flags(found.ledger)) == 8
    page = (out / "dq.html").read_text()
    assert not re.search(r"(?:src|href)=|@import|url\(", page), "the page needs nothing from outside"
    for words in ("mis_incomplete", "2022/23", "2023/24", "home entered", "301"):
        assert words in page
    # what comes from the data is escaped
    ledger = found.ledger
    ledger.frame.loc[ledger.frame["reason"] == "mis_orphan", "child_id"] = "<script>x</script>"
    text = quality_page(quality_of(found.tables, ledger))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_every_rule_of_the_importer_has_its_meaning():
    """Reasons are plain words in calls of the ledger's functions, so that a new one without a meaning is seen."""
    folder = Path(quality.__file__).parent / "returns"
    rules = set()
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                rules |= set(re.findall(r"^(?:epi|mis|uasc|header)_[a-z_0-9]+$", node.value))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("set_aside", "merge", "repair"):
                rules |= {a.value for a in node.args[2:3] if isinstance(a, ast.Constant)}
    columns = {"uasc_from", "uasc_to"}
    assert len(rules) > 30
    assert rules - columns - set(rules903.MEANING) == set()
