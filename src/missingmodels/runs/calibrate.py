"""Calibration runs: worlds simulated seed after seed, measured, and written beside the published figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from missingmodels.frame.published.calibration import compare, measure_targets
from missingmodels.provenance import digest_json, versions
from missingmodels.report.figures.of_many.calibration import calibration_figure
from missingmodels.report.figures.style import png
from missingmodels.report.pages.calibration_page import calibration_page
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.tables.csv_out import records_csv
from missingmodels.tables.manifest import write_manifest
from missingmodels.targets import Compared, tally
from missingmodels.writing import whole_folder, write_whole

FORMAT = "missingmodels-calibration"
FIGURE = "calibration.png"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Every target beside its measures, and what was measured: scenario, seeds and versions."""

    compared: tuple[Compared, ...]
    provenance: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The JSON record."""
        return {
            "format": FORMAT,
            "provenance": dict(self.provenance),
            "tally": tally(self.compared),
            "targets": [c.as_dict() | {"by_data_set": [m.value for m in c.measured]} for c in self.compared],
        }


def calibrate_world(
    scenario: Scenario, seeds: Sequence[int], *, report: Callable[[int, int], None] | None = None
) -> Calibration:
    """Simulate the scenario once a seed and measure each world; one world is held at a time.

    ``report`` is called with the worlds finished and in all.
    """
    measured = []
    for done, seed in enumerate(seeds, start=1):
        measured.append(measure_targets(simulate_world(scenario, seed=seed, log_exposures=False).tables))
        if report is not None:
            report(done, len(seeds))
    settings = scenario.model_dump(mode="json")
    provenance = {
        "kind": "simulated",
        "scenario": settings,
        "scenario_digest": digest_json(settings),
        "seeds": list(seeds),
        "versions": versions(),
    }
    return Calibration(compared=tuple(compare(measured)), provenance=provenance)


def with_homes(scenario: Scenario, count: int | None) -> Scenario:
    """The scenario with another number of homes; None leaves it as it is."""
    if count is None:
        return scenario
    return scenario.model_copy(update={"homes": scenario.homes.model_copy(update={"count": count})})


def write_calibration(found: Calibration, folder: Path, *, overwrite: bool) -> Path:
    """Write table, record, figure and page; the folder appears whole or not at all. Returns the page's path."""
    picture = png(calibration_figure(found.compared))
    page = calibration_page(found.compared, found.provenance, picture)
    with whole_folder(folder, kind=FORMAT, overwrite=overwrite) as scratch:
        (scratch / "calibration.csv").write_text(_table_csv(found.compared), encoding="utf-8")
        (scratch / "calibration.json").write_text(json.dumps(found.as_dict(), indent=1) + "\n", encoding="utf-8")
        (scratch / FIGURE).write_bytes(picture)
        (scratch / "calibration.html").write_text(page, encoding="utf-8")
        write_manifest(scratch, FORMAT, found.provenance)
    return folder / "calibration.html"


def write_calibration_figure(compared: Sequence[Compared], folder: Path) -> Path:
    """Write the figure of one data set into a folder. Returns its path."""
    return write_whole(Path(folder) / FIGURE, png(calibration_figure(compared, measured="here")))


def _table_csv(compared: Sequence[Compared]) -> str:
    """Every target and its measure as CSV, one row a target."""
    return records_csv([c.as_dict() for c in compared])
