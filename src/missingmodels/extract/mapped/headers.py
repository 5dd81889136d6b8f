"""What a source's columns are called: headers matched with columns of the contract, word by word.

A header and a phrase are cut to words, and words that say one thing in headers become one: "Date episode began" and
"Missing episode start date" are both the start of an episode. A header means a column if it holds all words of one of
the column's phrases and nothing beside them that could mean something else.
"""

from __future__ import annotations

import difflib
import re
from functools import cache

from missingmodels.tables.contract import TABLES

# Words of headers that say one thing, by the word that stands for them.
_SAME = {
    "child": ("person", "client", "pupil", "resident", "misper", "yp", "subject", "child's", "childs", "nominal"),
    "id": ("identifier", "no", "num", "ref", "reference", "unique", "identity"),
    "date": ("day", "dt", "when", "datetime"),
    "time": ("hour", "clock"),
    "start": (
        *("started", "starts", "starting", "begin", "began", "begun", "beginning", "commenced", "commencement", "from"),
        *("onset", "since", "opened", "left", "went", "occurred", "decom"),
    ),
    "end": ("ended", "ends", "ending", "finish", "finished", "until", "to", "ceased", "closed", "completed", "dec"),
    "return": ("returned", "returns", "back", "located", "found", "traced", "recovered", "safe"),
    "missing": (
        *("mfh", "mfc", "mfp", "mis", "absent", "absence", "awol", "absconded", "abscond", "absconding"),
        *("away", "unauthorised"),
    ),
    "episode": ("incident", "spell", "occurrence", "event", "period", "episodes", "incidents", "report"),
    "interview": ("rhi", "irhi", "rhis", "interviews", "debrief", "conversation"),
    "birth": ("born", "dob"),
    "place": ("placement", "setting", "accommodation", "placements"),
    "type": ("kind", "category", "classification", "code"),
    "authority": ("la", "council", "lea"),
    "sex": ("gender",),
    "offered": ("offer", "offers"),
    "accepted": ("accept", "taken", "uptake", "accepts"),
    "home": ("urn", "unit", "establishment"),
    "provider": ("organisation", "company"),
    "hours": ("hrs", "hour's"),
    "ethnic": ("ethnicity", "ethnicgroup"),
}
STANDS_FOR = {word: kept for kept, words in _SAME.items() for word in words}
_FILLING = frozenset({
    *("the", "of", "a", "an", "was", "is", "were", "did", "does", "has", "have", "had", "been", "their", "this"),
    *("that", "on", "in", "at", "by", "for", "and", "yn", "y", "n"),
})  # fmt: skip
_PHRASES = {"to be": "", "young person": "child", "looked after": "care", "date of birth": "birth", "in care": "care",
            "return home interview": "interview", "return interview": "interview",
            "return home conversation": "interview", "local authority": "authority"}  # fmt: skip

# What columns of the contract are called, by table where it matters, else by column; its own name is always one.
WORDS: dict[str, tuple[str, ...]] = {
    "child_id": ("child id", "child", "missing child id", "missing child"),
    "child_a": ("child", "child 1", "first child"),
    "child_b": ("other child", "child 2", "second child", "associate"),
    "missing_episodes.start_date": (
        *("start date", "start", "missing date", "missing start", "missing start date", "date reported", "last seen"),
        *("episode start", "episode date", "missing episode start", "missing episode start date", "missing episode"),
        *(
            "date reported missing",
            "reported missing",
            "date child start missing",
            "date last seen",
            "missing episode date",
        ),
    ),
    "missing_episodes.end_date": (
        *("end date", "end", "return", "return date", "missing end date", "missing end", "missing return date"),
        *(
            "episode end",
            "episode end date",
            "missing episode end",
            "missing episode end date",
            "return home date",
            "return end place",
        ),
    ),
    "start_hour": (
        "time missing",
        "missing start",
        "start time",
        "missing start time",
        "time last seen",
        "episode time",
    ),
    "hours_away": ("hours missing", "missing hours", "hours away", "duration hours"),
    "missing_episodes.category": (
        *("missing or absent", "episode type", "type", "missing type", "missing episode type", "classification"),
    ),
    "episode_start_date": (
        *("episode date", "episode start", "episode start date", "missing date", "missing start", "missing start date"),
        *("missing episode start", "missing episode start date", "missing episode date", "missing episode", "episode"),
        *("last missing date", "last missing episode", "last missing episode date", "last missing episode start date"),
        *("date missing episode related interview", "most recent missing episode date", "latest missing episode date"),
    ),
    "offered": ("offered", "interview offered", "child offered interview", "interview offered child"),
    "accepted": ("accepted", "interview accepted", "child accepted interview", "interview accepted child"),
    "interview_date": ("interview date", "interview", "interview end", "interview end date", "date end"),
    "within_72h": ("within 72 hours", "72 hours", "interview within 72 hours", "interview 72 hours"),
    "home_id": ("home", "home id", "place home", "home place", "ofsted home", "home name id", "home number"),
    "placements.start_date": (
        *("start date", "start", "place start", "place start date", "start date most recent place", "date placed"),
        *("start date current place", "admission date", "admitted", "moved in", "date moved in", "arrival date"),
    ),
    "placements.end_date": (
        *("end date", "end", "place end", "place end date", "date end care", "end care", "discharge date", "moved out"),
        *("discharged", "date moved out", "departure date"),
    ),
    "placement_type": ("place type", "place"),
    "placements.provider": ("place provider", "provider", "place provider type"),
    "end_reason": ("reason end care", "reason end", "reason place change", "reason place end", "rec", "end reason"),
    "birth_date": ("date of birth", "birth", "birth date"),
    "sex": ("sex",),
    "ethnicity": ("ethnic", "ethnic type", "ethnic group"),
    "disability": ("child disability", "disability", "disabled"),
    "children.authority": (
        "authority",
        "placing authority",
        "responsible authority",
        "authority type",
        "home authority",
    ),
    "recorded_from": ("date start care", "start care", "recorded from"),
    "uasc_to": ("duc",),
    "distance_miles": ("place distance", "distance", "distance miles"),
}
SURE = 0.8
_TYPO = 0.9  # of 1, by which a header is a phrase misspelt
_BESIDE = frozenset({"child", "date", "time"})  # may stand beside a phrase without changing what it means
_MOMENTS = frozenset({"start", "end", "return", "date", "type"})  # what is told of an episode, not its number
_LONG = 3  # words of a phrase that may open a longer sentence: "… after their last missing episode (Y/N)?"


def nearness(header: str, table: str, column: str) -> float:
    """How sure it is, of 1, that a header means a column of a table; 0 if nothing says so."""
    return max(_likeness(header, phrase) for phrase in _phrases(table, column))


def own_words(header: str, column: str) -> int:
    """How many words of a column's own name stand in a header as they are."""
    return len(set(_plain(header)) & set(column.split("_")))


def _phrases(table: str, column: str) -> tuple[str, ...]:
    """What a column is called."""
    held = WORDS.get(f"{table}.{column}", WORDS.get(column, ()))
    return (*held, column.replace("_", " "))


@cache
def _likeness(header: str, phrase: str) -> float:
    said, asked = _words(header), _words(phrase)
    if not said or not asked:
        return 0.0
    if said == asked or "".join(_plain(header)) == "".join(_plain(phrase)):
        return 1.0
    beside = said - asked
    if asked < said:
        if beside <= _BESIDE | ({"episode"} if asked & _MOMENTS else set()):
            return 0.9
        opening = _words(" ".join(_plain(header)[: 2 * len(asked) + 2]))
        if len(asked) >= _LONG and asked <= opening and not asked <= _BESIDE | _MOMENTS:
            return 0.85
    close = difflib.SequenceMatcher(None, " ".join(_plain(header)), " ".join(_plain(phrase))).ratio()
    return SURE if close >= _TYPO else 0.0


def _plain(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9']+", " ", text.casefold().replace("’", "'")).split()


@cache
def _words(text: str) -> frozenset[str]:
    """The words of a header that say something, each as the one that stands for it."""
    plain = " ".join(_plain(text))
    for several, one in _PHRASES.items():
        plain = re.sub(rf"\b{several}\b", one, plain)
    said = [STANDS_FOR.get(word, word) for word in plain.split() if word not in _FILLING]
    return frozenset(said)


def known_headers() -> frozenset[str]:
    """What columns of the contract are called, in capitals, by which the line of column names is found."""
    every = ((table.name, column.name) for table in TABLES.values() for column in table.columns)
    return frozenset(phrase.upper() for table, column in every for phrase in _phrases(table, column))
