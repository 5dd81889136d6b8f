"""Every figure that evidence can fill: when it can, how it is drawn, of which data, and what is said of it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from missingmodels.evidence.record import Evidence
from missingmodels.evidence.robustness.frontier import frontier, frontier_is_whole
from missingmodels.report.figures import captions, frames
from missingmodels.report.figures.checks import home_effects, predictive_check, traces
from missingmodels.report.figures.dose import PEERS, dose_response
from missingmodels.report.figures.forest import forest
from missingmodels.report.figures.frontier import frontier_figure
from missingmodels.report.figures.network import network_week
from missingmodels.report.figures.ranks import ranks, sampled
from missingmodels.report.figures.rates import changes, rates_figure
from missingmodels.report.figures.style import picture
from missingmodels.report.lines import headline, lines
from missingmodels.report.templates import inside
from missingmodels.side_by_side import each
from missingmodels.tables import is_simulated
from missingmodels.vocabulary import worded
from missingmodels.writing import write_together

FAR = 20.0  # a log rate ratio beyond it is no world's


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One figure of evidence.

    Attributes
    ----------
    title : what it shows, in a few words
    has : whether evidence can fill it
    draw : the figure; into axes of the caller's if it has one panel, and some are given
    data : what it shows, one row a mark
    words : its description for those who cannot see it, and its caption
    models : the models behind it, where it does not itself mark those that failed
    one_panel : whether it can be drawn into axes of the caller's
    """

    title: str
    has: Callable[[Evidence], bool]
    draw: Callable[[Evidence, Axes | None], Figure]
    data: Callable[[Evidence], pd.DataFrame]
    words: Callable[[Evidence], captions.Words]
    models: Callable[[Evidence], set[str]] = lambda _: set()
    one_panel: bool = False


def truths(evidence: Evidence) -> dict[str, float]:
    """The rate ratio of peers that a simulated world was given, by the exposure it acts through; empty where the data
    may be real, or the plan asks for another exposure or window than the world has.
    """
    scenario = evidence.origin.get("scenario")
    acts = scenario.get("contagion") if isinstance(scenario, Mapping) and is_simulated(evidence.origin) else None
    if not isinstance(acts, Mapping) or not {"exposure", "log_rate_ratio", "window_days"} <= set(acts):
        return {}
    if acts["window_days"] != evidence.plan["exposure"]["window_days"]:
        return {}
    effect = acts["log_rate_ratio"]
    if not isinstance(effect, int | float) or abs(effect) > FAR:
        return {}
    return {str(acts["exposure"]): math.exp(effect)}


def _held(name: str) -> Callable[[Evidence], bool]:
    return lambda evidence: bool(evidence.figures.get(name))


def _model(name: str) -> Callable[[Evidence], set[str]]:
    return lambda evidence: {evidence.figures[name]["model"]}


def _dose_models(evidence: Evidence) -> set[str]:
    held = evidence.figures
    return {held["dose"]["model"], *(curve["model"] for curve in held.get("curves", ()))}


def _dose(evidence: Evidence, _: Any) -> Figure:
    held = evidence.figures
    return dose_response(held["dose"], held.get("curves", ()), peers=worded(PEERS, evidence.data.get("asked")))


SHOWN: dict[str, Shown] = {
    "rates": Shown(
        title="What each change would amount to",
        has=lambda evidence: bool(changes(evidence)),
        draw=lambda evidence, ax: rates_figure(changes(evidence), ax=ax),
        data=frames.rates,
        words=captions.rate_words,
        one_panel=True,
    ),
    "forest": Shown(
        title="Every effect with its verdict",
        # contrasts that a plan states have verdicts, too, and a table of their own
        has=lambda evidence: any(headline(lines(evidence), hypothesis) for hypothesis in ("H1", "H2")),
        draw=lambda evidence, ax: forest(lines(evidence), ax=ax, truth=truths(evidence)),
        data=frames.effects,
        words=captions.forest_words,
        one_panel=True,
    ),
    "dose": Shown(
        title="Onsets by number of recently missing peers",
        has=_held("dose"),
        draw=_dose,
        data=frames.dose,
        words=captions.dose_words,
        models=_dose_models,
    ),
    "homes": Shown(
        title="Differences between homes",
        has=_held("homes"),
        draw=lambda evidence, ax: home_effects(evidence.figures["homes"], ax=ax),
        data=frames.homes,
        words=captions.home_words,
        models=_model("homes"),
        one_panel=True,
    ),
    "network": Shown(
        title="One home's busiest week",
        # a home day by day: never one that may be real, whatever an earlier version drew
        has=lambda evidence: bool(evidence.figures.get("network")) and is_simulated(evidence.origin),
        draw=lambda evidence, _: network_week(evidence.figures["network"]),
        data=frames.network,
        words=captions.network_words,
    ),
    "predictive": Shown(
        title="Episodes of a child, observed and replicated",
        has=_held("predictive"),
        draw=lambda evidence, ax: predictive_check(evidence.figures["predictive"], ax=ax),
        data=frames.predictive,
        words=captions.predictive_words,
        models=_model("predictive"),
        one_panel=True,
    ),
    "diagnostics": Shown(
        title="Traces of the scales",
        has=_held("diagnostics"),
        draw=lambda evidence, _: traces(evidence.figures["diagnostics"]),
        data=frames.diagnostics,
        words=captions.trace_words,
    ),
    "ranks": Shown(
        title="Ranks of the draws by chain",
        has=lambda evidence: bool(sampled(evidence.figures.get("diagnostics") or [])),
        draw=lambda evidence, _: ranks(evidence.figures["diagnostics"]),
        data=frames.diagnostics,
        words=captions.rank_words,
    ),
    "frontier": Shown(
        title="Which shared shocks such a design calls influence",
        # a policy of disclosure may block the number of homes, which the map is drawn for
        has=lambda evidence: (
            evidence.data.get("homes") is not None
            and bool(headline(lines(evidence), "H1"))
            and frontier_is_whole(frontier())
        ),
        draw=lambda evidence, _: frontier_figure(frontier(), homes=int(evidence.data["homes"])),
        data=lambda evidence: frames.frontier_cells(frontier(), int(evidence.data["homes"])),
        words=captions.frontier_words,
    ),
}
FIGURES = tuple(SHOWN)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure as PNG, with its words."""

    png: bytes
    title: str
    alt: str
    caption: str
    converged: bool = True

    @property
    def source(self) -> str:
        """The image itself, for a page to hold."""
        return inside(self.png)


def draw(evidence: Evidence) -> dict[str, Figure]:
    """The figures that this evidence can fill, by name."""
    return {name: one.draw(evidence, None) for name, one in SHOWN.items() if one.has(evidence)}


def pictures(evidence: Evidence, told: Callable[[int, int], None] | None = None) -> dict[str, Picture]:
    """The figures as PNG with captions and descriptions; drawn side by side where ``side_by_side`` allows.

    ``told`` hears how many are drawn, of how many and the page.
    """
    names = [name for name, one in SHOWN.items() if one.has(evidence)]
    made: dict[str, Picture] = {}
    for name, drawn in zip(names, each(functools.partial(_picture, evidence), names), strict=True):
        made[name] = drawn
        if told is not None:
            told(len(made), len(names) + 1)
    return made


def _picture(evidence: Evidence, name: str) -> Picture:
    one = SHOWN[name]
    alt, caption = one.words(evidence)
    failed: Any = set(evidence.unconverged) & one.models(evidence)
    title = worded(one.title, evidence.data.get("asked"))
    drawn = picture(one.draw(evidence, None), title=title, alt=alt)
    return Picture(png=drawn, title=title, alt=alt, caption=caption, converged=not failed)


def write_figures(evidence: Evidence, folder: Path) -> list[Path]:
    """Write every figure as PNG into the folder: all of them, or none."""
    files = {f"{name}.png": picture.png for name, picture in pictures(evidence).items()}
    write_together(folder, files)
    return [Path(folder) / name for name in files]
