"""A variable of a researcher's own in a world: drawn of each child or home, and acting on onset or not."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from missingmodels.config import Config
from missingmodels.scenario.fields import effect, share


class OwnDrawn(Config):
    """A column of ``children`` or ``homes``: of ``yes/no``, a share has it; a ``number`` is standard normal."""

    table: Literal["children", "homes"] = Field(default="children", description="whose it is")
    kind: Literal["yes/no", "number"] = Field(default="yes/no", description="what its values are")
    recorded_share: float = share(1.0, "of values that are written down; those of the others act as well")
    log_rate_ratio: float = effect(0.0, "of having it, or per standard deviation")
    meaning: str = Field(default="", max_length=300, description="a few words; its name if left out")
    direction: Literal["", "above", "below"] = Field(default="", description="what is expected, for a verdict")
    share: float = share(0.3, "of children or homes that have it")
