"""What several models of the catalogue share: sentences, and the sets of their priors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from missingmodels.models.priors.law import Prior

Use = Literal["weak", "informed"]

GATE = "A fit that does not pass the plan's diagnostics gate"
UNITS = (
    "Columns stand about their mean over days at risk, and α where all are at theirs. A coefficient's prior is of one "
    "unit of an indicator or of a peer exposure, and of one standard deviation of any other column, a curve's among "
    "them; the prior of a column that is named is of one unit of it as it is."
)


def both_sets(of: Callable[[Use], Mapping[str, Prior]]) -> Mapping[str, Mapping[str, Prior]]:
    """The two sets by name."""
    return {"weak": of("weak"), "informed": of("informed")}
