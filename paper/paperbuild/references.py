"""References: whether each is complete, cited, and may be cited as fact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

NEEDED = {
    "article": ("author", "title", "journal", "year"),
    "book": ("author", "title", "publisher", "year"),
    "incollection": ("author", "title", "booktitle", "publisher", "year"),
    "techreport": ("author", "title", "institution", "year"),
    "misc": ("author", "title", "howpublished", "year"),
    "unpublished": ("author", "title", "note", "year"),
}
FOUND_BY = ("doi", "url", "volume", "number", "howpublished", "note", "institution", "publisher")
# V read at the source, D derived from such figures, S stated by a source text, M a method, cited for no figure. R is
# recalled and never cited.
STATUSES = ("V", "D", "S", "M")


def read_bibtex(text: str) -> dict[str, dict[str, str]]:
    """Entries by key; each field's text, and the entry's type as ``type``. Raises ValueError for a key given twice."""
    entries: dict[str, dict[str, str]] = {}
    for kind, key, body in re.findall(r"@(\w+)\{([^,\s]+),\n(.*?)\n\}", text, re.S):
        if key in entries:
            raise ValueError(f"references.bib: {key} is given twice")
        fields = re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", body, re.M)
        entries[key] = {"type": kind.lower(), **{name.lower(): value for name, value in fields}}
    return entries


def incomplete(entries: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Entries that lack what their type needs, a place to find them, or a status that may be cited."""
    faults = []
    for key, entry in entries.items():
        if entry["type"] not in NEEDED:
            faults.append(f"references.bib: {key}: type {entry['type']} is not one of {', '.join(NEEDED)}")
            continue
        lacks = [name for name in NEEDED[entry["type"]] if not entry.get(name)]
        lacks += [] if any(entry.get(name) for name in FOUND_BY) else [" or ".join(FOUND_BY[:3])]
        if lacks:
            faults.append(f"references.bib: {key} lacks {', '.join(lacks)}")
        if not re.fullmatch(r"\d{4}", entry.get("year", "")):
            faults.append(f"references.bib: {key}: the year is “{entry.get('year', '')}”")
        if entry.get("status") not in STATUSES:
            faults.append(f"references.bib: {key}: status “{entry.get('status', '')}” may not be cited as fact")
    return faults


def dead(entries: Mapping[str, object], documents: Mapping[str, Iterable[str]]) -> list[str]:
    """Citations without an entry, by document, and entries that no document cites."""
    faults = [
        f"{name}: @{key} is not in references.bib"
        for name, keys in documents.items()
        for key in keys
        if key not in entries
    ]
    cited = {key for keys in documents.values() for key in keys}
    return faults + [f"references.bib: {key} is cited nowhere" for key in entries if key not in cited]


def to_complete(entries: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Entries whose details nobody has given yet, which a submission must."""
    return [f"references.bib: {key}: {entry['todo']}" for key, entry in entries.items() if "todo" in entry]
