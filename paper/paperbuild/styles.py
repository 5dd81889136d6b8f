"""Word's styles: pandoc's reference document with a serif face, black headings and ruled tables."""

from __future__ import annotations

import io
import re
import zipfile

NAME = "Liberation Serif"
FACE = "<w:rFonts " + " ".join(f'w:{kind}="{NAME}"' for kind in ("ascii", "hAnsi", "eastAsia", "cs")) + " />"

# In twentieths of a point: A4 with an inch on each side, which leaves 9026 for the text.
PAGE = (
    '<w:pgSz w:w="11906" w:h="16838" />'
    '<w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="709" w:footer="709" w:gutter="0" />'
)
EQUATION = (
    '<w:style w:type="paragraph" w:customStyle="1" w:styleId="Equation"><w:name w:val="Equation" />'
    '<w:basedOn w:val="Normal" /><w:pPr><w:tabs><w:tab w:val="center" w:pos="4513" />'
    '<w:tab w:val="right" w:pos="9026" /></w:tabs></w:pPr></w:style>'
)


def restyled(document: bytes) -> bytes:
    """The document with its styles changed; all else, dates among it, as it was."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as held, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for item in held.infolist():
            content = held.read(item)
            if item.filename == "word/styles.xml":
                content = styles(content.decode("utf-8")).encode("utf-8")
            elif item.filename == "word/document.xml":
                content = content.decode("utf-8").replace("</w:sectPr>", f"{PAGE}</w:sectPr>").encode("utf-8")
            made.writestr(item, content)
    return out.getvalue()


def styles(xml: str) -> str:
    """One face throughout, headings and titles in black."""
    xml = re.sub(r"<w:rFonts\s[^>]*Theme[^>]*/>", FACE, xml)
    xml = re.sub(r"<w:color\s[^>]*themeColor[^>]*/>", '<w:color w:val="000000" />', xml)
    return xml.replace("</w:styles>", f"{EQUATION}</w:styles>")
