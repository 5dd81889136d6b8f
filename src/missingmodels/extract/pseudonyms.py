"""Identifiers replaced by keyed hashes on the way in, births cut to the month, postcodes to their area.

HMAC-SHA256 (RFC 2104, from the standard library): without the key nobody can try a list of identifiers against the
output, and with one key a child has one name in every import. The key is read from a file of the user's and is never
written. What stays: dates of moves and absences, and codes. They can still tell a child to someone who knows the case.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.ledger import Ledger
from missingmodels.tables import Tables, require_valid

SHORTEST_KEY_BYTES = 16
MAKE_ONE = "make one: openssl rand -hex 32 > KEYFILE"
DIGITS = 20  # of the hash in hexadecimal: 80 bits, so that two of a million children share a name once in 10^12 cases
CHILDREN = {
    "children": ("child_id",),
    "placements": ("child_id",),
    "missing_episodes": ("child_id",),
    "interviews": ("child_id",),
    "social_worker_spells": ("child_id",),
    "ties": ("child_a", "child_b"),
    "measures": ("child_id",),
    "events": ("child_id",),
}
STAFF = {
    "staff_spells": "staff_id",
    "staff_shifts": "staff_id",
    "social_worker_spells": "social_worker_id",
    "measures": "staff_id",
}


@dataclasses.dataclass(frozen=True)
class Key:
    """A secret; its text is never shown."""

    secret: bytes = dataclasses.field(repr=False)

    @property
    def mark(self) -> str:
        """Eight digits by which two imports can be seen to have one key; nothing of the key follows from them."""
        return self.name_of("mark", "")[:8]

    @property
    def told(self) -> str:
        """What Tables whose identifiers were replaced by this key say of it in their origin."""
        return f"HMAC-SHA256, key {self.mark}"

    def name_of(self, kind: str, identifier: str) -> str:
        """The pseudonym of an identifier; the kind keeps a child and a member of staff of one number apart."""
        text = f"{kind}\x1f{identifier}".encode()
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()[:DIGITS]


def read_key(path: Path | str, *, outputs: tuple[Path | None, ...] = ()) -> Key:
    """The key in a file: all its bytes but blank ends.

    Raises InputError if there is no such file, if it holds fewer than 16 bytes, or if it lies inside an output folder,
    from where it would be handed on with the data.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            "there is no such key file", where=str(path), remedy="make one: openssl rand -hex 32 > KEYFILE"
        )
    for folder in outputs:
        if folder is not None and folder.resolve() in path.resolve().parents:
            raise InputError(
                "the key lies inside the output folder", where=str(path), remedy="keep it where the data do not go"
            )
    secret = path.read_bytes().strip()
    if len(secret) < SHORTEST_KEY_BYTES:
        raise InputError(
            f"the key has {len(secret)} bytes, fewer than {SHORTEST_KEY_BYTES}, and could be guessed",
            where=str(path),
            remedy=MAKE_ONE,
        )
    return Key(secret)


def require_same_key(tables: Tables, names: Iterable[str], key: Key | None) -> None:
    """Raise ImportFault if the Tables hold pseudonyms and the tables of ``names`` would not be given the same ones.

    Real identifiers beside pseudonyms would undo what the key was for; tables without identifiers need none.
    """
    told = tables.origin.get("pseudonyms")
    identified = sorted({name for name in names if name in CHILDREN or name in STAFF})
    if not told or not identified or (key is not None and key.told == told):
        return
    raise ImportFault(
        f"the tables hold pseudonyms ({told}), "
        + ("no key was given" if key is None else f"and the key given is another ({key.mark})")
        + f" for {', '.join(identified)}",
        remedy="give --key with the file that the tables were made with",
    )


def pseudonymise(tables: Tables, ledger: Ledger, key: Key) -> tuple[Tables, Ledger]:
    """Tables and ledger without identifiers, exact births or whole postcodes.

    ``uasc_to`` moves to the first of the next month: it is often the 18th birthday. A home known by its address only
    has the address's area and a keyed hash in its place, so that neighbours stay apart.
    """
    frames = {name: pseudonymous_frame(name, frame, key) for name, frame in tables.frames.items()}
    made = tables.changed(frames, origin={**tables.origin, "pseudonyms": key.told})
    require_valid(made, where="tables with pseudonyms")
    return made, _pseudonymous_ledger(ledger, key)


def pseudonymous_frame(name: str, frame: pd.DataFrame, key: Key) -> pd.DataFrame:
    """One table's frame without identifiers, exact births or whole postcodes."""
    frame = frame.copy()
    for column in (column for column in CHILDREN.get(name, ()) if column in frame):
        frame[column] = _mapped(frame[column], _named(key, "child"))
    if name in STAFF and STAFF[name] in frame:
        frame[STAFF[name]] = _mapped(frame[STAFF[name]], _named(key, "staff"))
    if "home_id" in frame:
        frame["home_id"] = _mapped(frame["home_id"], _home_name(key))
    if name == "children" and "birth_date" in frame:
        frame["birth_date"] = _month(frame["birth_date"])
        frame["birth_date_precision"] = "month"
        if "uasc_to" in frame:
            frame["uasc_to"] = _month(frame["uasc_to"]) + pd.DateOffset(months=1)
    return frame


def _pseudonymous_ledger(ledger: Ledger, key: Key) -> Ledger:
    """The ledger with children's pseudonyms, and with births and postcodes cut in what it says of changes."""
    frame = ledger.frame.copy()
    frame["child_id"] = _mapped(frame["child_id"].where(frame["child_id"] != ""), _named(key, "child")).fillna("")
    for column in ("before", "after", "detail"):
        frame[column] = frame[column].map(_cut)
    return dataclasses.replace(ledger, frame=frame)


def pseudonymous_homes(notes: pd.DataFrame, key: Key) -> pd.DataFrame:
    """Notes on homes, with the names that the homes now have."""
    return notes.assign(home_id=_mapped(notes["home_id"], _home_name(key)))


def pseudonymous_staff(frame: pd.DataFrame, key: Key) -> pd.DataFrame:
    """A staff table with people's pseudonyms; totals of periods have none to replace."""
    if "staff_id" not in frame:
        return frame
    return frame.assign(staff_id=_mapped(frame["staff_id"], _named(key, "staff")))


def _named(key: Key, kind: str) -> Callable[[str], str]:
    return lambda identifier: key.name_of(kind, identifier)


def _home_name(key: Key) -> Callable[[str], str]:
    def name(home: str) -> str:
        urn, at, postcode = home.partition("@")
        return f"{urn}@{_area(postcode)}-{key.name_of('postcode', postcode)[:8]}" if at else home

    return name


def _mapped(values: pd.Series, name: Callable[[str], str]) -> pd.Series:
    """Each different value is hashed once."""
    known = values.dropna().unique()
    return values.map({value: name(str(value)) for value in known}).astype("string")


def _area(postcode: str) -> str:
    """The letters at a postcode's start."""
    match = re.match(r"[A-Z]{1,2}", postcode)
    return match[0] if match else ""


def _month(day: pd.Series) -> pd.Series:
    return day.dt.to_period("M").dt.start_time.astype("datetime64[s]")


def _cut(text: str) -> str:
    text = re.sub(r"(DOB|DUC) (\d\d)/(\d\d/\d{4}) → (?:(\d\d)/(\d\d/\d{4})|blank)", _cut_birth, text)
    return re.sub(
        r"PL_POST (\S+) → ([^\s,;]+)",
        lambda m: f"PL_POST {_area(m[1])} → {'blank' if m[2] == 'blank' else _area(m[2])}",
        text,
    )


def _cut_birth(match: re.Match[str]) -> str:
    return f"{match[1]} {match[3]} → {match[5] or 'blank'}"
