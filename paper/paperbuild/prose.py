"""What a manuscript says, read without pandoc: numbers typed by hand, names of numbers, equations, citations, links."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

NAMED = re.compile(r"\{\{([\w.]+)\}\}")
EQUATION = re.compile(r"^::: \{\.equation #(eq-[\w-]+) (.*?)\}\n(.*?)\n:::$", re.M | re.S)
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
LINK = re.compile(r"\]\(#((?:fig|tbl|eq|sec)-[\w-]+)\)")
CITED = re.compile(r"(?<![\w.])@([\w:-]*\w)")
# Names that hold a digit: hypotheses, models, the return.
KNOWN = re.compile(r"\b(?:[HM]\d|SSDA903)\b")
# Numbers in words, from where they are measurements and no figure of speech.
WORDS = re.compile(
    r"\b(?:eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|"
    r"hundreds?|thousands?|millions?|dozens?)\b",
    re.I,
)
# In order: comments, code, equations, images' and divs' attributes, targets of links, citations.
NOT_PROSE = (
    r"<!--.*?-->",
    r"```.*?```",
    r"`[^`\n]*`",
    r"\$\$.*?\$\$",
    r"\$[^$\n]+\$",
    r"\{\{[\w.]+\}\}",
    r"\{[^{}\n]*\}",
    r"\]\([^)\n]*\)",
    r"(?<![\w.])@[\w:-]+",
)


@dataclass(frozen=True)
class Equation:
    """A displayed equation: its anchor, what it says in words, and the test that holds it."""

    anchor: str
    says: str
    test: str
    tex: str


def equations(text: str) -> list[Equation]:
    """All displayed equations in order."""
    found = []
    for anchor, attributes, body in EQUATION.findall(text):
        held = dict(ATTRIBUTE.findall(attributes))
        found.append(Equation(anchor, held.get("says", ""), held.get("test", ""), body.strip().strip("$").strip()))
    return found


def unproved(text: str, root: Path) -> list[str]:
    """Equations without words or without a test that exists, and displays outside such a block."""
    faults = []
    for equation in equations(text):
        file, _, name = equation.test.partition("::")
        if not equation.says:
            faults.append(f'{equation.anchor}: say in words what it states (says="…")')
        if not name or not (root / file).is_file():
            faults.append(f'{equation.anchor}: names no test of a file that exists (test="tests/…::test_…")')
        elif not re.search(rf"^\s*def {re.escape(name)}\(", (root / file).read_text(encoding="utf-8"), re.M):
            faults.append(f"{equation.anchor}: {file} has no test {name}")
    inside = "".join(match.group(0) for match in EQUATION.finditer(text))
    loose = text.count("$$") - inside.count("$$")
    return faults + ([f"{loose // 2} displayed equations stand in no block that names a test"] if loose else [])


def typed_by_hand(text: str) -> list[str]:
    """Lines of prose, the abstract's too, with a digit or a number in words that comes from nowhere."""
    text = _with_abstract_alone(text)
    for pattern in NOT_PROSE:
        text = re.sub(pattern, lambda match: "\n" * match.group(0).count("\n"), text, flags=re.S)
    lines = enumerate(text.split("\n"), start=1)
    said = ((number, line, KNOWN.sub("", line)) for number, line in lines)
    return [
        f"line {number}: “{line.strip()[:70]}” has a number typed by hand: name it in numbers.toml"
        for number, line, left in said
        if (re.search(r"\d", left) or WORDS.search(left)) and not re.match(r"\s*\d+\.\s", line)
    ]


def _with_abstract_alone(text: str) -> str:
    """The text with only the abstract left of its head; lines keep their numbers."""
    head = re.match(r"---\n.*?\n---\n", text, re.S)
    if head is None:
        return text
    kept, inside = [], False
    for line in head.group(0).split("\n")[:-1]:
        inside = line.startswith("abstract:") or (inside and line.startswith(" "))
        kept.append(line if inside else "")
    return "\n".join([*kept, text[head.end() :]])


def unknown_names(text: str, known: Mapping[str, object]) -> list[str]:
    """Names in double braces that nothing has."""
    return [f"“{{{{{name}}}}}” is no number of numbers.toml" for name in NAMED.findall(text) if name not in known]


def dead_links(text: str) -> list[str]:
    """Links to figures, tables, equations and sections that are not there."""
    anchors = set(re.findall(r"#((?:fig|tbl|eq|sec)-[\w-]+)[ }]", text))
    return [f"“#{name}” is a link to nothing" for name in LINK.findall(text) if name not in anchors]


def citations(text: str) -> list[str]:
    """Keys that are cited, each once, in order."""
    bare = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)
    return list(dict.fromkeys(CITED.findall(bare)))


def named(text: str, write: Callable[[str], str]) -> str:
    """The text with every name in double braces written out."""
    return NAMED.sub(lambda match: write(match.group(1)), text)
