"""Words that stand in cells in place of a value, for every reader of files. They compare casefolded."""

from __future__ import annotations

# Written where a value is unrecorded: by people, spreadsheets, SQL servers, Python, R, SAS.
NULL_WORDS = frozenset({
    *("", "-", "--", ".", "n/a", "#n/a", "na", "n.a.", "null", "(null)", "<null>", "[null]", "none", "nan", "nat"),
    *("<na>", "nil", r"\n"),
})  # fmt: skip
# Of these, none can be an identifier. A child, home or person may well be called NA or None by a case system.
NO_ID = frozenset({"", "-", "--", ".", "n/a", "#n/a", "null", "(null)", "<null>", "[null]", "<na>", r"\n"})
