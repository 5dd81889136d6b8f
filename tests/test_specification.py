"""Every section of the specification that the code, the tests or a page cites is there, and speaks of what is cited."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "specification.md").read_text(encoding="utf-8")
SECTIONS = {int(number): title for number, title in re.findall(r"^## (\d+)\. (.+)$", PAGE, flags=re.M)}
FOLDERS = ("src", "tests", "simulations", "docs", "analyses", "scripts")
# "specification, section 2", "the specification's sections 2 to 4", "sections 1 and 2 of the specification"
CITED = re.compile(
    r"specification(?:'s|’s|,)? sections? (\d+)(?:(?: to | and |, )(\d+))?"
    r"|sections? (\d+)(?:(?: to | and )(\d+))? of the (?:statistical )?specification",
    flags=re.I,
)


def citations() -> list[tuple[str, int]]:
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".py", ".md", ".toml") or path.name == Path(__file__).name:
                continue
            text = re.sub(r"\s+(?:#\s*)?", " ", path.read_text(encoding="utf-8"))
            for match in CITED.finditer(text):
                numbers = [int(number) for number in match.groups() if number]
                found += [(str(path.relative_to(ROOT)), number) for number in range(numbers[0], numbers[-1] + 1)]
    return found


def test_each_cited_section_is_there() -> None:
    cited = citations()
    assert len(cited) >= 10
    assert [one for one in cited if one[1] not in SECTIONS] == []


def test_sections_are_numbered_in_order() -> None:
    assert list(SECTIONS) == list(range(1, len(SECTIONS) + 1))


@pytest.mark.parametrize(
    ("number", "words"), [(1, "risk"), (2, "intensity"), (3, "Peer"), (4, "Structure"), (6, "report")]
)
def test_a_section_speaks_of_what_it_is_cited_for(number: int, words: str) -> None:
    assert words.lower() in SECTIONS[number].lower()


def test_its_quantities_are_those_of_the_register() -> None:
    """Codes in its tables that look like columns or parameters are in the notation."""
    notation = (ROOT / "docs" / "notation.md").read_text(encoding="utf-8")
    plans = (ROOT / "docs" / "plans.md").read_text(encoding="utf-8")
    tables = [line for line in PAGE.splitlines() if line.startswith("| ")]
    codes = {code for line in tables for code in re.findall(r"`(peer_\w+|mix_\w+|\w+_days\w*|turnover|size)`", line)}
    assert len(codes) >= 8
    assert [code for code in sorted(codes) if f"`{code}`" not in notation + plans] == []


def test_its_defaults_are_those_of_the_code() -> None:
    from missingmodels.plan import Plan

    plan = Plan()
    rule = plan.decision
    assert f"at least {rule.supported_probability:g}" in PAGE
    assert (
        f"P(1/{rule.negligible_ratio:g} < rate ratio < {rule.negligible_ratio:g}) ≥ {rule.negligible_probability:.2f}"
        in PAGE
    )
    assert f"`{plan.exposure.primary}` over {plan.exposure.window_days} days" in PAGE
    assert f"`frame.period_days` ({plan.frame.period_days})" in PAGE
