"""The XML return: what becomes a row, which row it is, and what is refused."""

from __future__ import annotations

import pytest
from containers903 import to_xml
from returns903 import absences, fates, read, write_return

from missingmodels.errors import ImportFault


def xml_of(tmp_path, old="", new="", **rows):
    path = to_xml(write_return(tmp_path, **rows))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


def test_elements_empty_absent_lower_case_and_in_a_namespace(tmp_path):
    plain = read(xml_of(tmp_path, missing=[{"MIS_END": ""}]))
    assert absences(plain) == [("2022-06-10", None, 0, "M", False)]
    for old, new in (
        ("<MIS_END />", ""),
        ("<MIS_END />", "<MIS_END> </MIS_END>"),
        ("<MIS_END />", "<!-- none --><mis_end></mis_end>"),
        ("<EXPSSDA903>", '<EXPSSDA903 xmlns="http://example.org/903">'),
    ):
        again = read(xml_of(tmp_path, old, new, missing=[{"MIS_END": ""}]))
        assert absences(again) == absences(plain)
    path = xml_of(tmp_path)
    path.write_bytes(path.read_text().replace("us-ascii", "windows-1252").replace("AB1", "ÀB1").encode("cp1252"))
    assert len(read(path).tables["placements"]) == 3


@pytest.mark.parametrize(
    ("flag", "fate", "since"),
    [
        ("<UASC>1</UASC><DUC>15/06/2024</DUC>", ("used", ""), "2022-05-01"),
        ("<UASC>1</UASC>", ("used", ""), "2022-05-01"),
        ("<UASC>0</UASC><DUC>15/06/2024</DUC>", ("set_aside", "uasc_flag_not_1"), None),
        ("<UASC />", None, None),
        ("<UASC>0</UASC>", None, None),
        ("<UASC>yes</UASC>", ("set_aside", "uasc_flag_not_1"), None),
    ],
)
def test_the_flag_decides_who_is_unaccompanied(tmp_path, flag, fate, since):
    imported = read(xml_of(tmp_path, "<UASC />", flag))
    assert fates(imported, "uasc", 5) == ([] if fate is None else [fate])
    child = imported.tables["children"].set_index("child_id").loc["c1"]
    assert (None if child.isna()["uasc_from"] else str(child["uasc_from"].date())) == since


def test_a_row_is_the_number_of_its_element(tmp_path):
    rows = {"header": [{}, {"CHILD": "c2"}], "episodes": [{"CHILD": "c2"}, {"DEC": "01/05/2022"}]}
    imported = read(xml_of(tmp_path, missing=[{"CHILD": "c2", "MISSING": "X"}], uasc=[{"CHILD": "c2"}], **rows))
    frame = imported.ledger.frame
    # Children come in the header's order: c1's episode is the first in the file.
    assert frame.query("reason == 'epi_zero_length'")[["file", "row"]].to_numpy().tolist() == [
        ["return.xml, EPISODE", 1]
    ]
    assert frame.query("table == 'uasc'")[["file", "row"]].to_numpy().tolist() == [["return.xml, HEADER (uasc)", 2]]
    assert "return.xml, EPISODE: rows are numbered by EPISODE elements, the first in the file is 1" in (
        imported.ledger.notes
    )


BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<EXPSSDA903>", f"{BOMB}<EXPSSDA903>", "declares a document type or an entity"),
        (
            "<EXPSSDA903>",
            '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><EXPSSDA903>',
            "declares a document type",
        ),
        ("<EXPSSDA903>", '<!DOCTYPE x SYSTEM "http://localhost/x.dtd"><EXPSSDA903>', "declares a document type"),
        ("<RNE>S</RNE>", "<RNE>&who;</RNE>", "not well-formed XML"),
        ("</EXPSSDA903>", "", "not well-formed XML"),
        ("us-ascii", "klingon-7", "cannot be read|not well-formed"),
        ("<CHILDID>c1", "<DOB>01/01/2001</DOB><CHILDID>c1", r"CHILD element 1: DOB occurs twice"),
        ("<RNE>S</RNE>", "<RNE>S</RNE><DECOM />", r"CHILD element 1, EPISODE element 1: DECOM occurs twice"),
        ("</HEADER>", "</HEADER><HEADER />", r"CHILD element 1: it has 2 HEADER elements"),
        ("<CHILD>", "<CHILD></CHILD><CHILD>", r"CHILD element 1: it has 0 HEADER elements"),
        ("</HEADER>", "</HEADER><AMISSING />", r"CHILD element 1: .*AMISSING.* elements stand where none may be"),
        ("</HEADER>", "<EPISODE /></HEADER>", r"CHILD element 1: .*EPISODE.* elements stand where none may be"),
        ("<EXPSSDA903>", "<EXPSSDA903><EPISODE />", r"in EPISODE: EPISODE elements stand where none may be"),
        ("<EXPSSDA903>", "<EXPSSDA903><YEAR><CHILD /></YEAR>", r"in YEAR: CHILD elements stand where none may be"),
    ],
)
def test_what_is_refused(tmp_path, old, new, message):
    with pytest.raises(ImportFault, match=message) as caught:
        read(xml_of(tmp_path, old, new))
    assert "return.xml" in str(caught.value)
    assert caught.value.remedy


def test_another_collections_xml(tmp_path):
    path = tmp_path / "cin.xml"
    path.write_text("<Message><Header /></Message>")
    with pytest.raises(ImportFault, match=r"cin\.xml: the root element is MESSAGE, not EXPSSDA903"):
        read(path)
