"""The explorer's page from its numbers and words: one file with its script in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from missingmodels.report.templates import rendered, resource


def explorer_html(data: Mapping[str, Any], **said: Any) -> str:
    """The page's text: ``data`` is what its script reads, ``said`` what its template shows, all of it escaped."""
    return rendered(
        "explorer.html",
        # nothing in it can end the script: it is numbers and the package's own words
        data=json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
        script=resource("explorer.js"),
        **said,
    )
