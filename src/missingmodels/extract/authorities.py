"""The register of English authorities with children's services: codes and names, past and present.

``authorities.csv`` has one line a nine-character code of the Office for National Statistics, with the three-digit code
of the Department for Education, names, the years (1 April) from and to which it held, and what followed it. Verified
lines were read in the department's local authority files, *Children looked after in England* (2020 to 2024) and
*Children's social work workforce* (2017 to 2024); other spellings in Ofsted's lists of 2023 to 2025. Unverified ones,
and the years, are recalled. Lower-tier districts (E07) have no children's services and are not in it.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from missingmodels.tables.judgement import Judgement

NEAREST = 3
SAYING = 4  # letters of a name's part, from which it says which is meant: Hull
LIKE = 0.6  # of 1, by which a word is worth offering
FILLING = (
    r"\b(?:city of(?! london\b)|county of|royal borough of|london borough of|borough|council|county|city|metropolitan"
    r"|the|lb|rb|mbc|bc|cc)\b"
)


@dataclass(frozen=True, kw_only=True)
class _Authority:
    """One line of the register; ``successors`` are codes, blank while it stands."""

    code: str
    dfe_code: str
    name: str
    other_names: tuple[str, ...]
    from_year: str
    to_year: str
    successors: tuple[str, ...]
    source: str
    status: str


@cache
def register() -> Mapping[str, _Authority]:
    """The authorities by nine-character code."""
    text = files("missingmodels").joinpath("extract/authorities.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["code"]: _Authority(**row | _lists(row)) for row in rows}  # type: ignore[arg-type]


def _lists(row: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {
        "other_names": tuple(filter(None, row["other_names"].split(";"))),
        "successors": tuple(row["successors"].split()),
    }


@cache
def _by_word() -> Mapping[str, str]:
    """Code by each word that means an authority; where two lines share one, the line that stands still."""
    found: dict[str, str] = {}
    for each in sorted(register().values(), key=lambda each: not each.successors):
        for word in (each.code, each.dfe_code, each.name, *each.other_names):
            found[_plain(word)] = each.code
    return found


def _plain(word: str) -> str:
    text = word.casefold().replace("&", " and ").replace("’", "'")
    text = re.sub(r"[^a-z0-9']+", " ", re.sub(r"\.0$", "", text.strip()))
    short = re.sub(r"\s+", " ", re.sub(FILLING, " ", text)).strip()
    return (short or text.strip()).replace("'", "").replace(" ", "")


def authority_of(word: str) -> _Authority | None:
    """The authority that a code or name means, however it is spelt; none if the register does not know it."""
    code = _by_word().get(_plain(word))
    return register()[code] if code else None


def one_name_an_authority(named: Sequence[str]) -> dict[str, str]:
    """New name by old, where several names of a pool mean one authority; the later ones of ``named`` stand.

    Only what is certain: another spelling, another code, or an authority that went on whole under another code.
    One of several that were merged, or that was divided, stays under its own name.
    """
    stands: dict[str, str] = {}
    for word in named:
        known = authority_of(word)
        if known is not None:
            stands[_last(known).code] = word
    found = {}
    for word in named:
        known = authority_of(word)
        if known is not None and stands[_last(known).code] != word:
            found[word] = stands[_last(known).code]
    return found


def _last(authority: _Authority) -> _Authority:
    """What an authority became, as long as it is the only one that became it."""
    every = register()
    while len(authority.successors) == 1:
        after = every[authority.successors[0]]
        if sum(after.code in each.successors for each in every.values()) > 1:
            break
        authority = after
    return authority


def judge_authorities(named: Collection[str], *, simulated: bool = False) -> list[Judgement]:
    """An error for names that the register does not know, with the nearest; nothing for an exported return."""
    strange = [word for word in named if authority_of(word) is None]
    if simulated or not strange:
        return []
    told = "; ".join(f"{word!r} ({_near(word)})" for word in strange[:NEAREST])
    return [
        Judgement(
            rule="authority",
            severity="error",
            count=len(strange),
            what=f"{told}{' and more' if len(strange) > NEAREST else ''}: no English authority with children's "
            "services has this code or name",
            remedy="give the code of the register, nine characters (E09000001) or three digits (201), or the name",
        )
    ]


def _near(word: str) -> str:
    """The nearest of the register: typed words are often cut short, so a name's beginning counts as well."""
    plain = _plain(word)

    def likeness(known: str) -> float:
        if len(plain) >= SAYING and plain in known:
            return 1.0
        parts = (known, known[: len(plain) + 1])
        return max(difflib.SequenceMatcher(None, plain, part).ratio() for part in parts)

    close = [w for w in sorted(_by_word(), key=likeness, reverse=True)[:NEAREST] if likeness(w) > LIKE]
    names = dict.fromkeys(f"{register()[_by_word()[w]].name}, {_by_word()[w]}" for w in close)
    return "nearest: " + "; ".join(names) if names else "nothing in the register is near it"
