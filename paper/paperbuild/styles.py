"""Word's styles: pandoc's reference document with a serif face, black headings and ruled tables."""

from __future__ import annotations

import io
import re
import zipfile

NAME = "Liberation Serif"
FACE = "<w:rFonts " + " ".join(f'w:{kind}="{NAME}"' for kind in ("ascii", "hAnsi", "eastAsia", "cs")) + " />"


def restyled(document: bytes) -> bytes:
    """The document with its styles changed; all else, dates among it, as it was."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as held, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for item in held.infolist():
            content = held.read(item)
            if item.filename == "word/styles.xml":
                content = styles(content.decode("utf-8")).encode("utf-8")
            made.writestr(item, content)
    return out.getvalue()


def styles(xml: str) -> str:
    """One face throughout, headings and titles in black."""
    xml = re.sub(r"<w:rFonts\s[^>]*Theme[^>]*/>", FACE, xml)
    return re.sub(r"<w:color\s[^>]*themeColor[^>]*/>", '<w:color w:val="000000" />', xml)
