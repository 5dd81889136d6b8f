"""One document's Markdown for pandoc: numbers, tables, figures and the appendix of commands put in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from paperbuild.numbers import Number
from paperbuild.prose import equations, named
from paperbuild.results import METHODS, Result, is_older
from paperbuild.tables import TABLES, markdown

TABLE = re.compile(r'^::: \{#(tbl-[\w-]+) \.table from="(\w+)"\}\n(.*?)\n:::$', re.M | re.S)
FIGURE = re.compile(r"\]\(figure:(\w+)\)")
IN_ATTRIBUTES = re.compile(r"\{[^{}]*(?:\{\{[\w.]+\}\}[^{}]*)+\}")
PLAN_COMMAND = "python -c 'import missingmodels as mm; print(mm.load_plan(\"default\"))'"
CARDS_COMMAND = "python scripts/write_docs.py"


@dataclass(frozen=True)
class Parts:
    """What a document may be put together from."""

    numbers: Mapping[str, Number]
    results: Mapping[str, Result]
    methods: Mapping[str, str]


def assemble(text: str, parts: Parts) -> str:
    """The document as pandoc reads it; each number is a link to the command that makes it."""
    text = IN_ATTRIBUTES.sub(lambda match: named(match.group(0), lambda name: parts.numbers[name].text), text)
    own = {"commands": commands(text, parts), "equations": equations_and_tests(text)}
    text = TABLE.sub(lambda match: _table(match, parts), text)
    text = FIGURE.sub(lambda match: f"](figures/{match.group(1)})", text)

    def write(name: str) -> str:
        if name in own:
            return own[name]
        found = parts.numbers[name]
        return f"[{found.text}](#cmd-{found.leads_to})"

    return named(text, write)


def _table(match: re.Match[str], parts: Parts) -> str:
    anchor, name, caption = match.groups()
    of, make, widths = TABLES[name]
    told = f"{' '.join(caption.split())} [Command](#cmd-{of})."
    return f"{markdown(make(parts.results), widths)}\n\n: {told} {{#{anchor}}}"


def used(text: str, parts: Parts) -> list[str]:
    """Names of commands and cards that a document leads to, in the order of the register."""
    from paperbuild.figures import FIGURES

    names = {parts.numbers[name].leads_to for name in re.findall(r"\{\{([\w.]+)\}\}", text) if name in parts.numbers}
    names |= {TABLES[name][0] for _, name, _ in TABLE.findall(text)}
    names |= {FIGURES[name][0] for name in FIGURE.findall(text)}
    return [name for name in (*parts.results, "plan", "cards") if name in names]


def commands(text: str, parts: Parts) -> str:
    """A list of the commands behind a document's numbers, each with what it was made under."""
    lines = []
    for name in used(text, parts):
        if name == "plan":
            told = ["The default plan, as the package has it."]
            lines += _item(name, "default plan", PLAN_COMMAND, told)
        elif name == "cards":
            told = ["Cards of published figures: value, unit, population, year, citation and status of each;"]
            told += ["they are printed in the page of calibration targets of the package's documentation."]
            lines += _item(name, "published figures", CARDS_COMMAND, told)
        else:
            result = parts.results[name]
            lines += _item(name, name.replace("_", " "), result.entry["command"], _made(result, parts.methods))
    return "\n".join(lines)


def _item(name: str, title: str, command: str, told: list[str]) -> list[str]:
    return [f"[{title}]{{#cmd-{name}}}", "", f":   `{command}`", "", f"    {' '.join(told)}", ""]


def _made(result: Result, methods: Mapping[str, str]) -> list[str]:
    entry = result.entry
    held = [f"{path} {value}" for path, value in entry.get("holds", {}).items() if path != "recipe"]
    made = ", ".join(f"{name} {entry[name]}" for name in METHODS)
    files = ", ".join(f"`{file.name}`" for file in result.files)
    told = [f"{entry['about']} Made under {made}{'; ' + ', '.join(held) if held else ''}. Kept in {files}."]
    if is_older(result, methods):
        now = ", ".join(f"{name} {methods[name]}" for name in METHODS)
        told.append(f"*The package now has {now}.* {entry['older']}")
    return told


def equations_and_tests(text: str) -> str:
    """A list of a document's equations, what each states, and the test that holds it."""
    lines = []
    for equation in equations(text):
        file, _, name = equation.test.partition("::")
        lines += [f"[](#{equation.anchor})", "", f":   {equation.says}. Held by `{name}` in `{file}`.", ""]
    return "\n".join(lines)
