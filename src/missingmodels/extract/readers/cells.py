"""What stands in cells in place of a value, and what must never be read or printed: one list for all readers.

Which of a file's columns hold identifiers or codes only its own reader knows, so the readers of CSV, workbooks and XML
leave cells as they stand, and each reader of a layout asks here. Every function takes a text column, or better its
different words: a national file has millions of cells and few words.
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd

from missingmodels.vocabulary.plain_words import names_nobody
from missingmodels.vocabulary.unrecorded import NO_ID, NULL_WORDS

# Controls, fillers, joiners, direction marks, selectors of a glyph's variant, tags: all that takes no place on a page.
INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
PRINTABLE = r" *(?:[!-&(-~][ -~]*)?"  # most words: of ASCII, with nothing that cannot be seen
OTHER_SPACE = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_WORD = r"[^\W\d_](?:[^\W\d_]|['’-])*"
# Two words beside each other: "Smith, Jane", "J. Smith". Identifiers have no space, and digits in one of its words. The
# switch of a command, as in a hostile formula (/c calc), is no initial.
_SPACED = re.compile(rf"(?<!\w)(?!(?<=/)\w\s){_WORD}\.?(?:\s*,\s*|\s+){_WORD}(?![\w])")
# Two words of letters with a sign between them, not both of one letter (N/A): "Smith/Jane", "J.Smith".
_LETTERS = r"[A-Za-z].*[A-Za-z]|[^\x00-\x7f]"  # without two of them nothing names anybody: most identifiers, at once
_LONG, _SIGN = rf"[^\W\d_]{_WORD}", r"\s*[/\\;|&+.()]+\s*"
_SIGNED = re.compile(rf"(?<!\w)(?:{_LONG}{_SIGN}{_WORD}|{_WORD}{_SIGN}{_LONG})(?!\w)")
_CASED = re.compile(r"(?<![^\W_])[A-Z][a-z]+[_-]?[A-Z][a-z]+(?![^\W_])")  # "Smith_Jane", "JaneSmith"


def nulls_blank(words: pd.Series) -> pd.Series:
    """The words with "" for what says that a value is unrecorded; not for identifiers."""
    return words.mask(words.str.strip().str.casefold().isin(NULL_WORDS), "")


def ids_with_nulls_blank(words: pd.Series) -> pd.Series:
    """Identifiers, with "" for those words alone that can be none."""
    return words.mask(words.str.strip().str.casefold().isin(NO_ID), "")


def visible(words: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The words without invisible characters and outer space, and which of them had such characters.

    Zero-width and control characters and direction marks go; a space of another kind becomes an ordinary one, a letter
    or digit of full width one of ASCII. An apostrophe that keeps a spreadsheet from reading text as a number goes, too.
    """
    plain = words.str.fullmatch(PRINTABLE).to_numpy(dtype=bool)
    shown, cleared = words.str.strip(" "), pd.Series(False, index=words.index)
    if not plain.all():
        odd = words[~plain]
        shown[~plain] = [visible_text(word) for word in odd.tolist()]
        cleared[~plain] = odd.str.contains(INVISIBLE, regex=True).to_numpy(dtype=bool)
    return shown, cleared


def visible_text(text: str) -> str:
    """One cell as ``visible`` has it."""
    text = text.strip()
    if not (text.isascii() and text.isprintable()):
        text = OTHER_SPACE.sub(" ", INVISIBLE.sub("", text)).strip().translate(_FULL_WIDTH)
    return text[1:].strip() if text.startswith("'") else text


def named(words: pd.Series) -> pd.Series:
    """Which words look like a person's name: two words of letters beside each other, by space, sign or case."""
    letters = words.str.contains(_LETTERS, regex=True).to_numpy(dtype=bool)
    found = np.zeros(len(words), dtype=bool)
    found[letters] = [names_somebody(word) for word in words[letters].tolist()]
    return pd.Series(found, index=words.index)


def names_somebody(text: str) -> bool:
    """Whether one cell looks as ``named`` says."""
    return (not text.isalnum() and bool(_SPACED.search(text) or _SIGNED.search(text))) or bool(_CASED.search(text))


def amounts(words: pd.Series) -> pd.Series:
    """Numbers of text, NaN for what is none. A comma before three digits parts thousands, another the decimals."""
    plain = words.str.replace(r"^(-?\d{1,3}(?:,\d{3})+(?:\.\d+)?)$", lambda m: m[0].replace(",", ""), regex=True)
    plain = plain.str.replace(r"^(-?\d+),(\d{1,2})$", r"\1.\2", regex=True)
    return pd.to_numeric(plain.replace("", None), errors="coerce")


def masked(text: str) -> str:
    """The text's shape, for a message or an example: letters become x or X, digits 9, signs and spaces stay."""
    kinds = {"L": "x", "N": "9"}
    shape = (kinds.get(unicodedata.category(c)[0], c) for c in text)
    return "".join(s.upper() if s == "x" and c.isupper() else s for c, s in zip(text, shape, strict=True))


def quotable(text: str) -> str:
    """A cell for a message: itself, or its shape alone where it may hold a name."""
    return repr(text) if names_nobody(text) else repr(masked(text)) + " (masked)"
