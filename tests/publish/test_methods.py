"""Methods and results: every number comes from the run, and a checklist claims only what is told."""

from __future__ import annotations

import io

import docx
from tests.publish.test_figure_files import command
from tests.report.conftest import make_evidence

from missingmodels.publish.checklists import CHECKLISTS
from missingmodels.publish.methods import markdown, sections, word


def evidence(**changes):
    return make_evidence(disclosure={"active": False}, **changes)


def test_paragraphs_hold_the_numbers_of_the_run():
    text = markdown(evidence()).decode()
    for told in (
        "rate ratio 1.30",
        "1.06 to 1.60",
        "0.980",
        "supported",
        "28.5 expected",
        "12",
        "staff on duty per resident is unrecorded",
    ):
        assert told in text, told
    assert "seed" not in text.split("## Software")[1].split("##")[0]  # these certificates have none
    assert "{" not in text
    assert "None" not in text
    for code in ("age_years", "own_1_7", "arrival_band", "staff_ratio "):
        assert code not in text, "a paper speaks of columns in words"
    assert "Every model adjusts for age, male, need score" in text


def test_a_plan_without_structure_asks_nothing_of_h2():
    held = evidence()
    plan = {**held.plan, "terms": {**held.plan["terms"], "structure": []}}
    text = markdown(evidence(plan=plan)).decode()
    assert "H2 is asked of" not in text
    assert "H2 is asked of" in markdown(held).decode()


def test_the_gate_is_told_with_the_limit_that_follows_from_the_interval():
    (certificate, *others) = evidence().certificates
    fast = {**certificate, "diagnostics": {"passed": True, "k_hat": 0.4, "tail_share_max": 0.01}}
    text = markdown(evidence(certificates=(fast, *others))).decode()
    # the plan states none, and an interval of 95 % leaves out 2.5 % on either side
    assert "Pareto k ≤ 0.7, share in a tail ≤ 0.025" in text


def test_a_fit_that_failed_has_no_answer():
    text = markdown(evidence(failed=("M3", "peer_presence"))).decode()
    assert "no answer, the fit did not pass the gate" in text
    assert "not by M3 (peer_presence)" in text


def test_checklists_point_to_sections_that_are_there():
    found = {one.key: one for one in sections(evidence())}
    for name, items in CHECKLISTS.items():
        told = dict(zip([item.code for item in items], [told for _, told in found[name].items], strict=True))
        assert len(told) == len(items)
        for item in items:
            there = [found[key].title for key in item.told_in if key in found]
            assert (told[item.code] == "for the authors to fill in") == (not there)
    without = [one.key for one in sections(evidence(certificates=()))]
    assert "software" not in without


def test_word_and_markdown_say_the_same(run, tmp_path, capsys):
    document = docx.Document(io.BytesIO(word(evidence())))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for one in sections(evidence()):
        assert one.title in text
        assert all(paragraph in text for paragraph in one.paragraphs)
    assert len(document.tables) == 2
    path = tmp_path / "methods.md"
    assert command(capsys, "methods", run, "-o", path)[0] == 0
    assert path.read_text(encoding="utf-8").startswith("# Methods and results: demo")
    assert command(capsys, "methods", run, "-o", tmp_path / "methods.txt")[0] == 2
