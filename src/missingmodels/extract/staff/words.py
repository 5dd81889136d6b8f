"""Local words of staff files to codes: what is not known stops the import, with the words shown and never a name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.ledger import FAULTS_SHOWN, in_play
from missingmodels.extract.ofsted.layout import plain
from missingmodels.extract.readers.cells import nulls_blank
from missingmodels.extract.staff import layout
from missingmodels.extract.words import SECTIONS
from missingmodels.vocabulary.plain_words import names_nobody

SHOWN = 20
SECTION = {"status": "status", "shift_type": "shift", "employment": "contract", "role": "role"}


def coded(cells: pd.Series, codes: Mapping[str, str], own: Mapping[str, str]) -> pd.Series:
    """Codes of a column's words, those of the user's first; blank for a blank, NaN for a word that is not known."""
    words = nulls_blank(cells).map(plain)
    known = words.map({**codes, **{plain(word): code for word, code in own.items()}}).astype(object)
    return known.where(words != "", "")


def shift_types(cells: pd.Series, own: Mapping[str, str]) -> pd.Series:
    """Codes of shift types; a sleep-in or on-call is one whatever words stand beside it."""
    code = coded(cells, layout.SHIFT_TYPE, own)
    return code.fillna(cells.map(plain).map(_by_keyword).astype(object))


def _by_keyword(text: str) -> str | None:
    # "waking night, no sleep in" is for a person to decide
    found = {code for word, code in layout.SHIFT_KEYWORDS.items() if word in text}
    return found.pop() if len(found) == 1 and "wak" not in text else None


def job_codes(cells: pd.Series, own: Mapping[str, str]) -> pd.Series:
    """Codes of jobs: by the user's words, else by the first word known that the job's name holds, else NaN."""
    said = coded(cells, {plain(code): code for code in SECTIONS["role"]}, own)
    words = nulls_blank(cells).map(plain)
    return said.fillna(words.map(lambda text: layout.by_keyword(text, layout.ROLES)).replace("", None).astype(object))


def require_known(frame: pd.DataFrame, fact: str, code: pd.Series, *, where: str) -> None:
    """Raise ImportFault, showing the words and their counts, where words of rows in play have no code."""
    strange = in_play(frame) & code.isna()
    if not strange.any():
        return
    section = SECTION[fact]
    words, more = _known_words(frame.loc[strange, fact], people=frame.get("staff", ()))
    key = json.dumps(words[0][0] if words else "…", ensure_ascii=False)
    rows = ", ".join(frame.loc[strange, "row"].head(FAULTS_SHOWN).astype(str))
    raise ImportFault(
        f"{int(strange.sum())} rows have a word for the {section} that is not known: {_listed(words, more)}"
        f"; first rows: {rows}",
        where=where,
        remedy=f"say what the words mean in a file, and give it with --words: [{section}] and below it "
        f"{key} = …, one of {', '.join(code or '"" (no shift)' for code in SECTIONS[section])}",
    )


def words_shown(words: pd.Series, *, people: Iterable[str] = ()) -> str:
    """Different words with their counts, as ``_known_words`` finds them."""
    return _listed(*_known_words(words, people=people))


def _known_words(words: pd.Series, *, people: Iterable[str] = ()) -> tuple[list[tuple[str, int]], int]:
    """Different words with their counts, the most frequent first, and how many are not among them.

    Those may name somebody: one with a word that is none of the language's, or that ``people``, identifiers of staff,
    hold, too.
    """
    counts = words.map(lambda word: " ".join(word.split())).value_counts()
    names = {part for each in set(people) for part in re.findall(r"[^\W\d_]{3,}", each.casefold())}
    names -= {part for word in (*layout.SHIFT_TYPE, *layout.EMPLOYMENT, *layout.NOBODY) for part in word.split()}
    kept = [
        (str(word), int(n))
        for word, n in counts.items()
        if "'s" not in word and names_nobody(word) and not names & set(re.findall(r"[^\W\d_]+", word.casefold()))
    ]
    return kept, len(counts) - len(kept)


def _listed(words: Sequence[tuple[str, int]], hidden: int) -> str:
    """Words and counts in a sentence."""
    shown = [f"{word!r} ({n})" for word, n in words[:SHOWN]]
    shown += [f"{len(words) - SHOWN} others"] if len(words) > SHOWN else []
    return ", ".join([*shown, *([f"{hidden} that may hold a name"] if hidden else [])])
