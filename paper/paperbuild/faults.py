"""One error for all that stops a build, told together."""

from __future__ import annotations

from collections.abc import Iterable


class PaperError(Exception):
    """A document that may not be built. ``faults`` names each place and what to do."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(self.faults))


def refuse(faults: Iterable[str]) -> None:
    """Nothing where there is no fault. Raises PaperError for any."""
    held = list(faults)
    if held:
        raise PaperError(held)
