"""Every calibration target measured on one data set, real or simulated."""

from __future__ import annotations

from collections.abc import Iterable

# imported for their effect: they enter their measures in the registry
from missingmodels.frame.published import homes as measures_homes  # noqa: F401
from missingmodels.frame.published import missing as measures_missing  # noqa: F401
from missingmodels.frame.published import response as measures_response  # noqa: F401
from missingmodels.frame.published.measure import MEASURES
from missingmodels.frame.published.observed_year import observed_year
from missingmodels.tables import Tables
from missingmodels.targets import Compared, Measured, targets


def measure_targets(tables: Tables) -> dict[str, Measured]:
    """The measure of every target by name; what the tables do not record has no value and says why."""
    year = observed_year(tables)
    found = {}
    for name, target in targets().items():
        if name in MEASURES:
            found[name] = MEASURES[name].function(year)
        else:
            found[name] = Measured(name=name, value=None, why=target.reason)
    return found


def compare(data_sets: Iterable[dict[str, Measured]]) -> list[Compared]:
    """Every target beside its measures, one a data set."""
    held = list(data_sets)
    return [
        Compared(
            target=target,
            definition=MEASURES[name].definition if name in MEASURES else "",
            measured=tuple(each[name] for each in held),
        )
        for name, target in targets().items()
    ]
