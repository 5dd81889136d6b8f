"""One page of a power study for a grant panel, as HTML and as Markdown, from the same plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from missingmodels.report.pages.study_page import number
from missingmodels.report.templates import inside, rendered


def explained_page(said: Mapping[str, Any]) -> str:
    """The page's text; all but the style sheet is escaped."""
    picture = said["picture"]
    source = "" if picture is None else inside(picture["png"])
    return rendered("explained.html", said=said, source=source, worlds=worlds_rows(said["worlds"]))


def worlds_rows(rows: Any) -> list[dict[str, str]]:
    """Worlds that are not the model's, a row each: what is wrong, the effect, shares supported and covered."""
    return [
        {
            "world": row["world"],
            "effect": number(row["effect"]),
            "supported": _share(row["power"]),
            "coverage": _share(row["coverage"]),
        }
        for row in rows
    ]


def _share(measure: Mapping[str, Any]) -> str:
    if measure["value"] is None:
        return str(measure.get("why", "no world speaks of it"))
    return f"{measure['value']:.0%} (± {measure['error']:.0%})"


def explained_markdown(said: Mapping[str, Any]) -> str:
    """The same words without the picture."""
    lines = [f"# {_plain(said['name'])}", "", _plain(said["question"]), ""]
    if not said["complete"]:
        lines += ["**Not complete: some worlds are still to be computed.**", ""]
    lines += [f"**{_plain(one)}**\n" for one in said["answer"]]
    for title, part in (("How this is known", "how"), ("What could go wrong", "risks"), ("Cost", "cost")):
        if said[part]:
            lines += [f"## {title}", "", *(f"- {_plain(one)}" for one in said[part]), ""]
    lines += ["## If the world is not the model's", ""]
    if said["worlds"]:
        lines += ["| world | effect | supported | interval holds the truth |", "|---|---|---|---|"]
        lines += [
            f"| {r['world']} | {r['effect']} | {r['supported']} | {r['coverage']} |"
            for r in worlds_rows(said["worlds"])
        ]
    else:
        lines.append("Not measured: run the study with `--misspecified`.")
    return "\n".join([*lines, "", _plain(said["small_print"]), ""])


def _plain(text: str) -> str:
    """Words of a study's file as text: nothing in them is markup."""
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
