"""What a text may not say: numbers typed by hand, equations without a test, dead links and dead citations."""

from __future__ import annotations

import pytest
from paperbuild import prose, references

HEAD = '---\ntitle: "In 2020"\n---\n'


@pytest.mark.parametrize(
    "line",
    [
        "A rate of {{rate}} under H1 and M3, in the SSDA903 return.",
        "See [@dfe2024] and @ofsted2025, [](#tbl-1) and `window_days = 7`.",
        "With $k = 0.3$ and $$x_1$$ it is small. <!-- 2 of 3 -->",
        '![A figure](figure:power){#fig-1 alt="40 to 640 homes" width="92%"}',
        "1. an item of a list",
    ],
)
def test_what_is_not_prose_may_hold_digits(line):
    assert prose.typed_by_hand(HEAD + line) == []


@pytest.mark.parametrize(
    "line",
    [
        "A rate of 0.79.",
        "In forty homes.",
        "Some two hundred",
        "In 40 homes.",
        "{{rate}} of 5",
        "H1 in 3 of M3",
        "*12* %",
        "1st",
    ],
)
def test_a_number_typed_by_hand_is_told_with_its_line(line):
    assert prose.typed_by_hand(f"{HEAD}first\n\n{line}\n")[0].startswith("line 6: ")


def test_the_abstract_is_prose_and_the_rest_of_the_head_is_not():
    head = '---\ntitle: "In 2020"\nabstract: |\n  Of forty homes\n  half say so.\ndate: 2021-01-01\n---\n'
    (told,) = prose.typed_by_hand(head + "First.\n")
    assert told.startswith("line 4: ")


def test_names_links_and_citations():
    text = "{{a}} {{b.c}} [](#fig-x) [](#sec-y) [@k1; -@k2] me@home.org `@code` @k1\n\n# H {#sec-y}"
    assert prose.unknown_names(text, {"a": 1}) == ["“{{b.c}}” is no number of numbers.toml"]
    assert prose.dead_links(text) == ["“#fig-x” is a link to nothing"]
    assert prose.citations(text) == ["k1", "k2"]
    assert prose.named("{{a}}/{{b}}", str.upper) == "A/B"


def equation(**given) -> str:
    held = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"::: {{.equation #eq-a {held}}}\n$$x = 1$$\n:::\n"


def test_an_equation_names_a_test_that_exists(tmp_path):
    (tmp_path / "test_a.py").write_text("def test_one():\n    pass\n")
    assert prose.unproved(equation(says="x is one", test="test_a.py::test_one"), tmp_path) == []
    assert prose.equations(equation(says="x is one", test="t"))[0].tex == "x = 1"
    for given, told in (
        ({"says": "x", "test": "test_a.py::test_on"}, "has no test test_on"),
        ({"says": "x", "test": "test_b.py::test_one"}, "names no test of a file that exists"),
        ({"says": "x"}, "names no test"),
        ({"test": "test_a.py::test_one"}, "say in words"),
    ):
        assert told in prose.unproved(equation(**given), tmp_path)[0]
    assert prose.unproved("$$y$$", tmp_path) == ["1 displayed equations stand in no block that names a test"]


ARTICLE = """@article{a2020,
  author = {One, A.},
  title = {A {Title}},
  journal = {J},
  volume = {3},
  year = {2020},
  status = {V},
}
"""


def test_a_complete_reference_passes():
    entries = references.read_bibtex(ARTICLE)
    assert entries["a2020"]["title"] == "A {Title}"
    assert references.incomplete(entries) == []
    assert references.dead(entries, {"paper": ["a2020"]}) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  journal = {J},\n", "", "lacks journal"),
        ("  volume = {3},\n", "", "lacks doi or url"),
        ("{2020}", "{forthcoming}", "the year is “forthcoming”"),
        ("status = {V}", "status = {R}", "may not be cited as fact"),
        ("  status = {V},\n", "", "may not be cited as fact"),
        ("@article", "@webpage", "type webpage"),
    ],
)
def test_what_a_reference_lacks_is_told(old, new, told):
    assert old in ARTICLE
    assert told in references.incomplete(references.read_bibtex(ARTICLE.replace(old, new)))[0]


def test_dead_and_idle_references_are_told():
    entries = references.read_bibtex(ARTICLE)
    assert references.dead(entries, {"paper": ["b"]}) == [
        "paper: @b is not in references.bib",
        "references.bib: a2020 is cited nowhere",
    ]
    with pytest.raises(ValueError, match="given twice"):
        references.read_bibtex(ARTICLE + ARTICLE)
    todo = references.read_bibtex(ARTICLE.replace("year =", "todo = {the issue},\n  year ="))
    assert references.to_complete(todo) == ["references.bib: a2020: the issue"]
