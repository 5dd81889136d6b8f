"""The page: self-contained, whole, escaped, and no stronger in its words than the rows are."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from not_drawn import not_drawn

from missingmodels.evidence.decisions import UNLESS, WITHSTANDS
from missingmodels.evidence.worst_case import false_confidence_words
from missingmodels.plan import kept_plan
from missingmodels.report import html
from missingmodels.report.first import flow
from missingmodels.report.html import write_report
from missingmodels.vocabulary import worded

VOID = {"meta", "img", "br"}


@pytest.fixture(autouse=True)
def _no_rendering(monkeypatch):
    """The figures' own tests draw them; the page's tests need only that an image stands there."""
    not_drawn(monkeypatch)


class Page(HTMLParser):
    """Headings, resources, verdicts and images of a page, and whether its tags close in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.links, self.verdicts, self.images, self.failed = [], [], [], [], [], 0
        self.tags = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append((tag, held.get("class") or ""))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.links += [v for k, v in attrs if k in ("src", "href", "srcset", "data", "action")]
        if tag == "img":
            self.images.append(held.get("alt"))
        self.failed += "failed" in (held.get("class") or "").split()

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open and "verdict" in self.open[-1][1].split():
            self.verdicts.append(data)


def written(evidence, folder, *, disclosure="none"):
    return write_report(evidence, folder / "report.html", disclosure=disclosure).read_text(encoding="utf-8")


def test_every_region_of_the_page_has_a_name_of_its_own(make, tmp_path):
    rows = make().rows
    rates = [row for row in rows if row.estimand in ("expected_rate", "rate_difference") and row.hypothesis == "H1"]
    both = (*rows, *(replace(row, hypothesis="H2", label="fewer leavers") for row in rates))
    labels = re.findall(r'role="region"[^>]* aria-label="([^"]*)"', written(make(rows=both), tmp_path))
    assert len(labels) > 10
    assert len(set(labels)) == len(labels)


def test_page_needs_nothing_from_outside(make, tmp_path):
    text = written(make(), tmp_path)
    page = Page(text)
    assert page.open == []
    assert page.links
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in page.links)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", re.sub(r'src="data:[^"]*"', "", text))
    assert not page.tags & {"script", "link", "iframe", "object"}


def test_page_is_readable_by_all(make, tmp_path):
    page = Page(written(make(), tmp_path))
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in zip(page.headings, page.headings[1:], strict=False))
    assert len(page.images) == 9
    assert all(page.images)


def test_the_contents_lead_to_every_section_in_its_order(make, tmp_path):
    for evidence in (make(), make(notes=())):
        text = written(evidence, tmp_path)
        told = re.findall(r'<li><a href="#([a-z0-9]+)">', text)
        assert told == re.findall(r'<section id="([a-z0-9]+)"', text)
        for name, title in re.findall(r'<li><a href="#([a-z0-9]+)">([^<]+)</a>', text):
            assert f'<h2 id="{name}-title">{title}</h2>' in text


def test_the_first_screen_answers_each_question_in_a_sentence(make, tmp_path):
    first = written(make(), tmp_path).partition('<nav id="contents"')[0]
    assert "The data support an effect: one or more recently missing peers against none, rate ratio 1.30" in first
    assert "Do staffing levels and staff turnover matter beyond the child?" in first
    assert "too small to matter" in first
    assert 'class="chip supported">supported<' in first
    failed = written(make(failed=("M3", "peer_presence")), tmp_path).partition('<nav id="contents"')[0]
    assert 'class="chip not-answered"' in failed
    assert "The data support" not in failed


def test_what_was_left_out_on_the_way_stands_in_the_flow(make):
    steps = {"episodes in the tables": 45, "same-day repeats": 0, "outside any home": None, "onsets": 44}
    shown = flow(make().data | {"episodes": steps})
    assert [one["label"] for one in shown][:3] == ["episodes in the tables", "left out: outside any home", "onsets"]
    assert shown[1]["count"] == "blocked"


def test_verdicts_are_those_of_the_rows(make, tmp_path):
    evidence = make()
    shown = Page(written(evidence, tmp_path)).verdicts
    judged = [r for r in evidence.rows if r.verdict]
    # once in the answer, for the rows that answer; once in the tables, for all
    expected = [r.verdict for r in judged if r.role in ("primary", "beside")] + [r.verdict for r in judged]
    assert sorted(shown) == sorted(expected)


def test_answer_gives_ratio_interval_with_mass_and_kind_and_probability(make, tmp_path):
    text = written(make(), tmp_path)
    assert (
        "rate ratio 1.30 (90\u202f% equal-tailed interval 1.06 to 1.60); probability that it is above 1: 0.980" in text
    )
    assert "probability that it is below 1: &lt;0.01" in text
    assert "the estimate points the other way with probability 0.998" in text


def test_banner_and_marks_only_where_a_fit_failed(make, tmp_path):
    sound = written(make(), tmp_path)
    assert 'class="banner"' not in sound
    assert "not converged" not in sound.lower()
    assert Page(sound).failed == 0
    failed = written(make(failed=("M3", "peer_presence")), tmp_path)
    assert 'class="banner" role="alert"' in failed
    assert failed.index('class="banner"') < failed.index("<h1>")
    assert "<b>M3 (peer_presence)</b>: R-hat 1.040 is above 1.01" in failed
    assert Page(failed).failed > 10


def test_the_engine_of_every_fit_is_named(make, tmp_path):
    """One sampled, one drawn by the fast engine, one that the sampler had to take over."""
    evidence = make()
    sampled, fast, turned = evidence.certificates
    weights = dict.fromkeys(sampled["diagnostics"], None) | {"failed": [], "passed": True, "worst": "at x"}
    fast = fast | {
        "method": "laplace",
        "sample_seconds": 0.21,
        "compile_seconds": 0.0,
        "diagnostics": weights | {"k_hat": 0.514, "importance_ess": 612.3, "tail_share_max": 0.0123},
    }
    sampled, turned = (c | {"method": "nuts/nutpie"} for c in (sampled, turned))
    turned = turned | {"why_not_laplace": "Pareto k 0.93 of the importance weights is above 0.70"}
    text = written(replace(evidence, certificates=(sampled, fast, turned)), tmp_path)
    cells = re.search(
        r"<tr>\s*<th scope=\"row\">M3 \(peer_presence\)</th>(.*?)</tr>", text.split("Gate values")[1], re.S
    )
    assert cells is not None
    values = re.findall(r"<td[^>]*>(.*?)</td>", cells.group(1), re.S)
    assert values == ["passed", *["–"] * 7, "0.51", "612", "0.012", "nested Laplace", "0 + 0.21"]
    assert "importance ESS" in text
    assert "M3 (peer_density) was to be drawn by nested Laplace, but Pareto k 0.93" in text
    plain = written(evidence, tmp_path)
    assert "nested Laplace" not in plain
    assert "importance ESS" not in plain


def test_rows_of_a_sound_fit_of_the_same_model_stay_unmarked(make, tmp_path):
    text = written(make(failed=("M3", "peer_presence")), tmp_path)
    density = re.search(r"<li[^>]*>all peers recently missing against none", text)
    presence = re.search(r"<li[^>]*>one or more recently missing peers", text)
    assert density is not None
    assert presence is not None
    assert "failed" not in density.group()
    assert "failed" in presence.group()


def test_no_claim_of_significance_and_the_standing_warnings(make, tmp_path):
    for evidence in (make(), make(failed=("M0", ""))):
        text = re.sub(r'src="data:[^"]*"', "", written(evidence, tmp_path))
        assert "significan" not in text.lower()
        assert "missing data" not in text.lower()
        assert "never for scoring individual children or for ranking homes" in text


def test_synthetic_data_are_called_synthetic(make, tmp_path):
    text = written(make(), tmp_path)
    assert "synthetic data: a simulated world (scenario “small”, seed 1)" in text
    assert "check them for disclosure" not in text


def test_real_data_show_no_single_home(make, tmp_path):
    real = make(
        origin={"kind": "ssda903", "authority": "E06000001", "year": 2018},
        figures={**make().figures, "network": None},
    )
    text = written(real, tmp_path)
    assert "synthetic" not in text
    assert "SSDA903 return of authority “E06000001”" in text
    assert "drawn for simulated data" in text
    assert "check them for disclosure" in text
    assert "unrecorded" in text
    assert not (tmp_path / "figures" / "network.png").exists()


def test_what_comes_from_data_is_escaped(make, tmp_path):
    held = make()
    evil = "<b>Oak & <script>alert(1)</script>"
    text = written(
        make(
            origin={"kind": "ssda903", "authority": evil, "year": 2018, "files": {evil: "x"}},
            rows=(replace(held.rows[0], label=evil), *held.rows[1:]),
            notes=(evil,),
            plan={**held.plan, "name": evil},
            data={**held.data, "episodes": {evil: 3}},
        ),
        tmp_path,
    )
    assert "<script" not in text
    assert "<b>Oak" not in text
    assert "&lt;b&gt;Oak &amp; &lt;script&gt;" in text


def test_a_contrast_that_is_withheld_is_told_where_it_would_stand(make, tmp_path):
    held = make()
    told = {"policy": "generic", "active": True, "blocked": [], "minimum_count": 10, "rounding": 5}
    held = replace(held, plan={**held.plan, "contrast": {"adhd": [0, 1]}}, disclosure=told)
    page = html.page(held, {})
    section = page.split('<h2 id="contrasts-title">')[1].split("</section>")[0]
    assert "Withheld by the policy “generic”, as too few children or homes are behind it:" in section
    assert "<code>adhd</code>" in section
    assert "<table" not in section


def test_a_plan_that_asks_one_hypothesis_only(make, tmp_path):
    held = make()
    peers = make(rows=tuple(r for r in held.rows if r.hypothesis != "H2"))
    assert "Not asked by this plan." in written(peers, tmp_path)
    structure = make(rows=tuple(r for r in held.rows if r.hypothesis != "H1"), comparisons=())
    assert "no model with peers was fitted" in written(structure, tmp_path)


def test_a_failed_write_leaves_the_old_page_whole(make, tmp_path, monkeypatch):
    path = write_report(make(), tmp_path / "report.html")
    before = path.read_bytes()
    real = Path.write_bytes

    def half(self, content):
        if self.name == "report.html":
            real(self, content[: len(content) // 2])
            raise OSError("disk full")
        return real(self, content)

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="disk full"):
        write_report(make(failed=("M0", "")), path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["figures", "report.html"]


def test_a_failure_while_laying_out_writes_nothing(make, tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("no layout")

    monkeypatch.setattr(html, "content", broken)
    with pytest.raises(RuntimeError, match="no layout"):
        write_report(make(), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_the_dynamic_fraction_stands_beside_the_one_step_one(make, tmp_path):
    text = written(make(), tmp_path).replace("\u202f", "")
    told = text[text.index("It is one step") :]
    assert "M3 (peer_presence) 8.1% of episodes (90% equal-tailed interval 1.8 to 14.2%)" in told
    assert "(Monte Carlo error 0.2%, 400 draws lived again 3 times each)" in told
    rows = tuple(row for row in make().rows if row.estimand != "attributable_fraction_dynamic")
    assert "living the window again" not in written(make(rows=rows), tmp_path)


def test_expected_rates_stand_beside_their_difference(make, tmp_path):
    text = re.sub(r"(<[^>]*>|\s)+", " ", written(make(), tmp_path))
    assert re.search(r"by M3 \(peer_presence\) ?: 3\.01 \(2\.80 to 3\.30\) as observed", text)
    assert "no recently missing peers 2.85 (2.60 to 3.10) −0.16 (−0.30 to 0.02)" in text
    failed = written(make(failed=("M3", "peer_presence")), tmp_path)
    part = failed.split("Episodes expected per resident-year")[2]
    assert "not converged" in part.split("</table>")[0]


def test_what_the_priors_make_of_a_share_stands_beside_it(make, tmp_path):
    text = written(make(), tmp_path)
    assert re.search(r"30[^<]*<br><small>64% under the plan’s priors<br>91% by them alone</small>", text)


def test_the_answer_to_h1_says_how_often_it_is_wrong_and_h2_what_limits_it(make, tmp_path):
    text = written(make(), tmp_path)
    assert "No error rate is quoted, as none was measured for data like these" in text  # of three homes
    alike = dict(make().data) | {"homes": 40, "median_coverage": 1.0, "observed_days": 365}
    text = written(make(data=alike), tmp_path)
    said = false_confidence_words(alike, kept_plan(make().plan), "M3")
    assert said.startswith("How often such an answer is wrong")
    assert said in unescape(" ".join(re.sub("</?small>", "", text).split()))
    assert "Staffing answers to episodes too" in text


def test_fits_on_assumptions_on_the_unseen_are_none_that_a_run_keeps(make):
    evidence = make()
    assumed = dict(evidence.certificates[0]) | {"unseen_peers": "never recent"}
    with_it = replace(evidence, certificates=(*evidence.certificates, assumed))
    assert with_it.fitted == evidence.certificates


@pytest.mark.parametrize(
    ("verdict", "short", "told"),
    [
        (
            f"{UNLESS}0.32",
            "supported unless homes share shocks",
            "(unless homes share shocks of sd ≥ 0.32): one or more",
        ),
        (f"{WITHSTANDS}0.5", "supported", "(and withstands shared shocks of sd 0.5): one or more"),
    ],
)
def test_the_first_screen_says_what_would_undo_its_answer(make, tmp_path, verdict, short, told):
    rows = tuple(
        replace(row, verdict=verdict)
        if (row.estimand, row.name, row.role) == ("rate_ratio", row.exposure, "primary")
        else row
        for row in make().rows
    )
    first = written(make(rows=rows), tmp_path).partition('<nav id="contents"')[0]
    assert f"The data support an effect {told}" in first
    assert f'<span class="chip supported">{short}</span>' in first


def test_the_first_screen_of_a_simulated_world_says_whether_its_truth_was_met(make, tmp_path):
    def first(ratio):
        acts = {"exposure": "peer_presence", "log_rate_ratio": math.log(ratio), "window_days": 7}
        origin = {"kind": "simulated", "seed": 1, "scenario": {"name": "small", "contagion": acts}}
        return unescape(written(make(origin=origin), tmp_path).partition('<nav id="contents"')[0])

    assert "This simulated world was given 1.30: the interval holds it." in first(1.3)
    assert "This simulated world was given 9.00: the interval misses it, as 10" in first(9.0)
    assert "simulated world was given" not in unescape(written(make(), tmp_path))


def test_how_many_figures_are_drawn_is_told_while_they_are(make):
    told = []
    files, _ = html.report_files(make(), told=lambda *how_far: told.append(how_far))
    figures = [name for name in files if name.endswith(".png")]
    assert told == [(n, len(figures) + 1) for n in range(1, len(figures) + 1)]


def test_a_page_of_other_events_never_speaks_of_missing_peers(make, tmp_path):
    asked = {"outcome": "a restraint of the child", "peers": "a restraint of the child"}
    evidence = make()
    rows = tuple(replace(row, label=worded(row.label, asked)) for row in evidence.rows)
    text = unescape(written(make(rows=rows, data=evidence.data | {"asked": asked}), tmp_path))
    assert "peers with a restraint of the child" in text
    assert "recently missing" not in text
