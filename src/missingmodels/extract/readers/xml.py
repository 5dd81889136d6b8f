"""The SSDA903 return as XML: root EXPSSDA903, one CHILD with one HEADER, missing rows within it, and EPISODEs.

Source: the collection's 2021 schema as open validators implement it. Elements that the Tables do not need are
left unread, as in CSV.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from missingmodels.errors import ImportFault
from missingmodels.extract.readers.source_table import SourceTable, frame_of
from missingmodels.provenance import digest_bytes

ROOT = "EXPSSDA903"
MAX_DEPTH = 16  # of elements; a return has four levels
# Element name to column name, by table. The record has no DOB in AMISSING: it is the header's.
HEADER = {"CHILDID": "CHILD", "SEX": "SEX", "DOB": "DOB", "ETHNIC": "ETHNIC"}
EPISODE = {
    **{name: name for name in ("DECOM", "RNE", "LS", "CIN", "PL_POST", "HOME_POST", "URN", "PLACE_PROVIDER")},
    **{"PL": "PLACE", "DEC": "DEC", "REC": "REC", "REASON_PLACE_CHANGE": "REASON_PLACE_CHANGE"},
}
MISSING = {"MISSING": "MISSING", "MIS_START": "MIS_START", "MIS_END": "MIS_END"}
UASC = {"UASC": "UASC_FLAG", "DUC": "DUC"}
# table: (element counted by row, columns)
TABLES = {
    "header": ("HEADER", [*HEADER.values()]),
    "episodes": ("EPISODE", ["CHILD", *EPISODE.values()]),
    "missing": ("AMISSING", ["CHILD", "DOB", *MISSING.values()]),
    "uasc": ("HEADER", ["CHILD", "SEX", "DOB", *UASC.values()]),
}
COUNTED = {"CHILD", *(element for element, _ in TABLES.values())}

Record = tuple[int, list[str]]


def read_xml903(path: Path) -> list[SourceTable]:
    """The header, episodes, missing and uasc tables of an XML return.

    ``row`` counts the elements of a table's name in the file, the first is 1. A child stands in uasc if its flag
    is anything but 0 or blank, or if it has a DUC.

    Raises ImportFault if the file is no well-formed EXPSSDA903, declares a document type or an entity (nothing
    in a return needs one; they serve attacks), or has a CHILD without exactly one HEADER.
    """
    content = path.read_bytes()
    records: dict[str, list[Record]] = {name: [] for name in TABLES}
    try:
        for number, child in enumerate(_children(content, where=path.name), start=1):
            _read_child(child, records, where=f"{path.name}, CHILD element {number}")
    except ParseError as error:
        raise ImportFault(
            f"the file is not well-formed XML ({error})", where=path.name, remedy="export or copy it again"
        ) from error
    except DefusedXmlException as error:
        raise ImportFault(
            f"the file declares a document type or an entity ({type(error).__name__}), which a return never does",
            where=path.name,
            remedy="do not use this file; export the return again",
        ) from error
    except (ValueError, LookupError) as error:
        raise ImportFault(
            f"the file's encoding cannot be read ({error})", where=path.name, remedy="export it in UTF-8"
        ) from error
    return [_table(path, content, name, records[name]) for name in TABLES]


def _children(content: bytes, *, where: str) -> Iterator[Element]:
    """CHILD elements one by one; each is dropped once read, so that a national file does not fill the memory."""
    root: Element | None = None
    depth = 0
    for event, element in iterparse(io.BytesIO(content), events=("start", "end"), forbid_dtd=True):
        if event == "start":
            depth += 1
            if depth > MAX_DEPTH:
                raise ImportFault(
                    f"its elements are nested more than {MAX_DEPTH} deep",
                    where=where,
                    remedy="a return has four levels; export it again",
                )
            if root is None:
                root = element
                _require_root(root, where=where)
            continue
        depth -= 1
        if depth == 1 and root is not None:
            if _tag(element) == "CHILD":
                yield element
            else:
                _require_placed(element, expected=0, where=f"{where}, in {_tag(element)}")
            root.clear()


def _require_placed(parent: Element, *, expected: int, where: str) -> None:
    """Records that stand where the schema has none would be passed over without a word."""
    found = [_tag(element) for element in parent.iter() if _tag(element) in COUNTED]
    if len(found) != expected:
        raise ImportFault(
            f"{', '.join(sorted(set(found)))} elements stand where none may be",
            where=where,
            remedy="export the return again: HEADER and EPISODE belong in CHILD, AMISSING in HEADER",
        )


def _require_root(root: Element, *, where: str) -> None:
    if _tag(root) != ROOT:
        raise ImportFault(
            f"the root element is {_tag(root)}, not {ROOT}",
            where=where,
            remedy="name the SSDA903 return's XML; other collections have other roots",
        )


def _read_child(child: Element, records: dict[str, list[Record]], *, where: str) -> None:
    headers = _all(child, "HEADER")
    if len(headers) != 1:
        raise ImportFault(
            f"it has {len(headers)} HEADER elements, one is needed", where=where, remedy="export the return again"
        )
    header = headers[0]
    absences, episodes = _all(header, "AMISSING"), _all(child, "EPISODE")
    # CHILD and HEADER themselves are two.
    _require_placed(child, expected=2 + len(absences) + len(episodes), where=where)
    facts = dict(zip(HEADER.values(), _values(header, HEADER, where=where), strict=True))
    records["header"].append((len(records["header"]) + 1, [*facts.values()]))
    flag, duc = _values(header, UASC, where=where)
    if flag not in ("", "0") or duc:
        records["uasc"].append((len(records["header"]), [facts["CHILD"], facts["SEX"], facts["DOB"], flag, duc]))
    for absence in absences:
        row = len(records["missing"]) + 1
        values = _values(absence, MISSING, where=f"{where}, AMISSING element {row}")
        records["missing"].append((row, [facts["CHILD"], facts["DOB"], *values]))
    for episode in episodes:
        row = len(records["episodes"]) + 1
        values = _values(episode, EPISODE, where=f"{where}, EPISODE element {row}")
        records["episodes"].append((row, [facts["CHILD"], *values]))


def _values(parent: Element, names: dict[str, str], *, where: str) -> list[str]:
    """Text of the elements named, in their order; absent and empty ones are blank."""
    found: dict[str, str] = {}
    for element in parent:
        name = _tag(element)
        if name not in names:
            continue
        if name in found:
            raise ImportFault(f"{name} occurs twice", where=where, remedy="keep one in the source and export again")
        found[name] = (element.text or "").strip()
    return [found.get(name, "").strip() for name in names]


def _table(path: Path, content: bytes, table: str, records: list[Record]) -> SourceTable:
    element, columns = TABLES[table]
    # The uasc table is another view of the headers; the ledger needs a name of its own for it.
    name = f"{path.name}, {element}" + (" (uasc)" if table == "uasc" else "")
    return SourceTable(
        name=name,
        label=table,
        encoding="XML",
        digest=digest_bytes(content),
        frame=frame_of(
            {column: [values[at] for _, values in records] for at, column in enumerate(columns)},
            [row for row, _ in records],
        ),
        unit="element",
        notes=(f"{name}: rows are numbered by {element} elements, the first in the file is 1",),
    )


def _all(parent: Element, name: str) -> list[Element]:
    return [element for element in parent if _tag(element) == name]


def _tag(element: Element) -> str:
    """The element's name in capitals, without a namespace."""
    return str(element.tag).rpartition("}")[2].upper()
