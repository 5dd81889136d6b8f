"""The help of the command line: commands under headings, those to start with first."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

_WHOLE = 10_000  # characters: a first sentence is wrapped, never cut


class Grouped(TyperGroup):
    """Lists commands under the heading that each was given as its help panel, headings in the order in which they come.

    The library does so by itself only in boxes and colours, which a log or a plain terminal does not show.
    """

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
