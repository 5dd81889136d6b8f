"""Local words mapped to codes by a file of the user's (``--words WORDS.toml``), one section for each kind of word.

[missing_type]                        # MISSING of a return: M, A, or "" for a row that tells of no absence
"AWOL" = "A"
"Absconded" = "M"

[place]                               # other columns of codes: place, ls, rne, rec, place_provider,
"Children's home" = "K2"              # reason_place_change, sex, ethnic

[shift]                               # shift types of a rota, or "" where nobody was on duty
"S/I" = "sleep_in"
"A/L" = ""

[status]                              # of shifts: planned, worked, or "" where nobody came
"Approved" = "worked"

[contract]                            # employment
"Perm - Full Time" = "permanent"

[role]                                # jobs
"RSW" = "care"
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from missingmodels.errors import ConfigInvalid, InputError
from missingmodels.extract.returns.codes import CODES
from missingmodels.extract.staff.layout import SHIFT_TYPE
from missingmodels.tables.contract import TABLES


def _allowed(table: str, column: str) -> tuple[str, ...]:
    return next(each.allowed for each in TABLES[table].columns if each.name == column)


# Codes that the words of a section may stand for; blank leaves the row out.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "missing_type": (*_allowed("missing_episodes", "category"), ""),
    **{column.lower(): (*sorted(codes), "") for column, codes in CODES.items() if column != "MISSING"},
    "status": (*_allowed("staff_shifts", "status"), ""),
    "shift": (*dict.fromkeys(SHIFT_TYPE.values()), "other", ""),
    "contract": _allowed("staff_spells", "employment"),
    "role": _allowed("staff_spells", "role"),
}


@dataclass(frozen=True)
class Words:
    """The words that a file maps; none if no file was given."""

    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, section: str) -> dict[str, str]:
        """Code by word, the words casefolded and without outer space; empty for a section that is not there."""
        return dict(self.sections.get(section, {}))


def read_words(path: Path | str) -> Words:
    """Read a file of words. Raises InputError for a file that is none, ConfigInvalid naming every fault at once."""
    path = Path(path)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError("there is no such file of words", where=str(path), remedy="name a TOML file") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"the words cannot be read as TOML ({error})", where=str(path)) from error
    faults: list[str] = []
    sections = {name: _section(name, held, faults) for name, held in raw.items()}
    if faults:
        raise ConfigInvalid(
            "the words cannot be used:\n  " + "\n  ".join(faults),
            where=str(path),
            remedy='write [missing_type] and below it "AWOL" = "A"; the sections are ' + ", ".join(SECTIONS),
        )
    return Words(sections)


def _section(name: str, held: Any, faults: list[str]) -> dict[str, str]:
    if name not in SECTIONS or not isinstance(held, dict):
        near = difflib.get_close_matches(name, SECTIONS, n=1)
        faults.append(f"{name}: no such section" + (f", did you mean [{near[0]}]?" if near else ""))
        return {}
    words: dict[str, str] = {}
    for word, code in held.items():
        key = word.strip().casefold()
        if code not in SECTIONS[name]:
            faults.append(f"{name}, {word!r}: {code!r} is none of {', '.join(map(repr, SECTIONS[name]))}")
        elif not key or words.get(key, code) != code:
            faults.append(f"{name}, {word!r}: " + ("it stands for two codes" if key else "the word is blank"))
        else:
            words[key] = code
    return words
