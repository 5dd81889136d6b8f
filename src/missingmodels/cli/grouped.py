"""The help of the command line: commands under headings, those to start with first."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperGroup

_FILE = re.compile(r"\.(toml|json|csv)\b|TOML file")
_OF_FILES = ("plan", "scenario", "policy", "mapping")
_WHOLE = 10_000  # characters: a first sentence is wrapped, never cut


class Grouped(TyperGroup):
    """Lists commands under the heading that each was given as its help panel, headings in the order in which they come.

    The library does so by itself only in boxes and colours, which a log or a plain terminal does not show.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for; a file given where none is expected is told which option takes one."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            _, extra, given = str(getattr(error, "message", "")).partition("unexpected extra argument")
            command = getattr(getattr(error, "ctx", None), "command", None)
            if extra and command is not None and _FILE.search(given):
                files = [p for p in command.params if _FILE.search(p.help or "") or p.name in _OF_FILES]
                takers = [p.opts[0] for p in files if p.opts[0].startswith("--")]
                if takers:
                    error.message += f"; a file is named by an option: {' or '.join(takers)}"  # type: ignore[attr-defined]
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands under the headings of their groups."""
        shown = [(name, self.commands[name]) for name in self.list_commands(ctx) if not self.commands[name].hidden]
        headings: dict[str, list[tuple[str, str]]] = {}
        for name, command in shown:
            heading = getattr(command, "rich_help_panel", None)
            row = (name, command.get_short_help_str(_WHOLE))
            headings.setdefault(heading if isinstance(heading, str) else "Commands", []).append(row)
        for heading, rows in headings.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
