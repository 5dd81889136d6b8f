"""Every figure of the report with its caption and its description for those who cannot see it."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from missingmodels.evidence.record import Evidence
from missingmodels.evidence.robustness.frontier import frontier, frontier_is_whole, frontier_sentence
from missingmodels.plan import kept_plan
from missingmodels.report import words
from missingmodels.report.checks import home_effects, predictive_check, traces
from missingmodels.report.dose import dose_response
from missingmodels.report.forest import forest
from missingmodels.report.frontier import frontier_figure
from missingmodels.report.lines import Line, headline, lines
from missingmodels.report.network import network_week
from missingmodels.report.style import png
from missingmodels.tables import is_simulated
from missingmodels.writing import write_together

FIGURES = ("forest", "dose", "homes", "network", "predictive", "diagnostics", "frontier")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure as PNG, with its words."""

    png: bytes
    alt: str
    caption: str
    converged: bool = True

    @property
    def data_uri(self) -> str:
        """The image inside the page itself, so that the page needs nothing else."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


def draw(evidence: Evidence) -> dict[str, Figure]:
    """The figures that this evidence can fill, by name."""
    held, found = evidence.figures, lines(evidence)
    drawers: dict[str, Callable[[], Figure]] = {
        "forest": lambda: forest(found),
        "dose": lambda: dose_response(held["dose"], held["curves"]),
        "homes": lambda: home_effects(held["homes"]),
        "network": lambda: network_week(held["network"]),
        "predictive": lambda: predictive_check(held["predictive"]),
        "diagnostics": lambda: traces(held["diagnostics"]),
        "frontier": lambda: frontier_figure(frontier(), homes=int(evidence.data["homes"])),
    }
    has = {name: bool(held.get(name)) for name in FIGURES} | _has(evidence, found)
    return {name: drawers[name]() for name in FIGURES if has[name]}


def _has(evidence: Evidence, found: tuple[Line, ...]) -> dict[str, bool]:
    """Figures that stand on rows instead of arrays of their own."""
    return {
        # contrasts that a plan states have verdicts, too, and a table of their own
        "forest": any(headline(found, hypothesis) for hypothesis in ("H1", "H2")),
        # a home day by day: never one that may be real, whatever an earlier version drew
        "network": bool(evidence.figures.get("network")) and is_simulated(evidence.origin),
        "frontier": bool(headline(found, "H1")) and frontier_is_whole(frontier()),
    }


def pictures(evidence: Evidence) -> dict[str, Picture]:
    """The figures as PNG with captions and descriptions."""
    text, failed = _words(evidence), set(evidence.unconverged)
    return {
        name: Picture(
            png=png(figure),
            alt=text[name][0],
            caption=text[name][1],
            converged=not failed & _models(evidence.figures, name),
        )
        for name, figure in draw(evidence).items()
    }


def write_figures(evidence: Evidence, folder: Path) -> list[Path]:
    """Write every figure as PNG into the folder: all of them, or none."""
    files = {f"{name}.png": picture.png for name, picture in pictures(evidence).items()}
    write_together(folder, files)
    return [Path(folder) / name for name in files]


def _models(figures: Mapping[str, Any], name: str) -> set[str]:
    """The models behind a figure that does not itself mark those that failed."""
    if name == "dose":
        return {figures["dose"]["model"], *(curve["model"] for curve in figures["curves"])}
    return {figures[name]["model"]} if name in ("homes", "predictive") else set()


def _words(evidence: Evidence) -> dict[str, tuple[str, str]]:
    """Description and caption of each figure; both from the evidence alone."""
    found = lines(evidence)
    makers: dict[str, Callable[[Evidence, tuple[Line, ...]], tuple[str, str]]] = {
        "forest": _forest_words,
        "dose": _dose_words,
        "homes": _home_words,
        "network": _network_words,
        "predictive": _predictive_words,
        "diagnostics": _trace_words,
        "frontier": _frontier_words,
    }
    has = _has(evidence, found)
    return {name: make(evidence, found) for name, make in makers.items() if has.get(name, evidence.figures.get(name))}


def _forest_words(evidence: Evidence, found: tuple[Line, ...]) -> tuple[str, str]:
    shown = headline(found, "H1") + headline(found, "H2")
    counts = Counter(line.row.verdict for line in shown)
    said = "; ".join(f"{verdict}: {n}" for verdict, n in counts.items())
    row = shown[0].row
    alt = f"Forest plot of {len(shown)} rate ratios on a log axis with intervals. Verdicts: {said}."
    caption = (
        f"Rate ratios with their verdicts. Points are posterior medians, lines {words.interval_name(row)}s; the "
        f"shaded region, {words.ratio(row.rope_low or 1)} to {words.ratio(row.rope_high or 1)}, counts as practically "
        "no effect. The pointer at the plot’s edge shows the side that the hypothesis states, P(side) the probability "
        "of that side. H2 ratios are over the range in brackets."
    )
    return alt, caption


def _dose_words(evidence: Evidence, found: tuple[Line, ...]) -> tuple[str, str]:
    dose = evidence.figures["dose"]
    bars = "; ".join(
        f"{label} peers: {words.ratio(median)} ({words.ratio(low)} to {words.ratio(high)})"
        for label, median, low, high in zip(
            dose["bins"], *(dose["ratio"][k] for k in ("median", "low", "high")), strict=True
        )
    )
    shown = f"It shows {sum(dose['onsets']):,.0f} of {dose['all_onsets']:,.0f} onsets. " if "all_onsets" in dose else ""
    alt = f"Onsets observed over expected by number of recently missing peers. {bars}. Right: fitted rate ratios."
    caption = (
        f"Left: onsets observed over those that model {dose['model']}, which knows no peers, expects from each "
        "child’s history and each home’s own level and shared shocks, by number of peers missing in the last "
        f"{_window(evidence)} days; the days at risk below show how thin a bin is. "
        f"{shown}Days alone or beside an unseen peer are left out, numbers of peers beside which "
        "fewer than five onsets are expected share a bin, and the ratios are drawn towards 1, as that model was "
        "fitted to these onsets too. "
        "Right: rate ratio of each exposure against none, as the models with peers fit it. "
        f"Bars and bands: {words.mass(dose['ratio']['mass'])} equal-tailed intervals."
    )
    return alt, caption


def _home_words(evidence: Evidence, found: tuple[Line, ...]) -> tuple[str, str]:
    homes = evidence.figures["homes"]
    mass, sigma = words.mass(homes["effect"]["mass"]), homes["sigma"]
    alt = f"Effects of {len(homes['years_at_risk'])} unlabelled homes on the rate, against resident-years at risk."
    caption = (
        "What each home multiplies the rate with, once children’s histories and the model’s covariates are allowed "
        f"for (model {homes['model']}), against the resident-years it rests on. Lines: {mass} equal-tailed intervals; "
        f"band: ± one standard deviation between homes, {sigma['median'][0]:.2f} ({mass} equal-tailed "
        f"interval {sigma['low'][0]:.2f} to {sigma['high'][0]:.2f}) on the log scale. Homes with few "
        "resident-years are drawn towards 1. The homes carry no labels: this is never a ranking."
    )
    return alt, caption


def _network_words(evidence: Evidence, found: tuple[Line, ...]) -> tuple[str, str]:
    week = evidence.figures["network"]
    out = sum(bool(child["onset_days"]) for child in week["children"])
    onsets = sum(len(child["onset_days"]) for child in week["children"])
    alt = (
        f"Network of {len(week['children'])} residents with {len(week['ties'])} ties, and their week day by day: "
        f"{onsets} episodes start, by {out} children."
    )
    caption = (
        "The home and week with most episodes in these synthetic data. Left: ties between residents, wider where "
        "stronger. Right: each child’s days in the home, starts of episodes, and days away. It was picked because it "
        "is busy, so it shows what the data look like and is evidence of nothing."
    )
    return alt, caption


def _predictive_words(evidence: Evidence, found: tuple[Line, ...]) -> tuple[str, str]:
    check = evidence.figures["predictive"]
    pairs = zip(check["bins"], check["observed"], check["replicated"]["median"], strict=True)
    said = "; ".join(f"{b} episodes: {words.percent(o, 1)} against {words.percent(r, 1)}" for b, o, r in pairs)
    alt = f"Share of children by number of episodes, observed against replicated. {said}."
    caption = (
        "Share of children by number of episodes: observed (dots, in per cent) against data replicated by model "
        f"{check['model']} with new frailties on the observed exposures (bars: "
        f"{words.mass(check['replicated']['mass'])} equal-tailed intervals). A dot far outside its bar is a feature of "
        "the data that the model does not reproduce."
    )
    return alt, caption


def _trace_words(evidence: Evidence, found: tuple[Line, ...]) -> tuple[str, str]:
    fits: Any = evidence.figures["diagnostics"]
    chains = max((len(v) for f in fits for v in f["traces"].values()), default=0)
    by = "by chain" if chains > 1 else "draws of the fast engine, which have no chains"
    alt = f"Traces of the scales of {len(fits)} fits, {by}. The table beside it holds the gate values."
    colour = ", one colour for each chain" if chains > 1 else ""
    return alt, f"Thinned traces of the scales and of each exposure’s coefficient{colour}."


def _frontier_words(evidence: Evidence, found: tuple[Line, ...]) -> tuple[str, str]:
    row = headline(found, "H1")[0].row
    plan = kept_plan(evidence.plan)
    carried = frontier_sentence(row.interval_low, row.interval_high, plan, row.model)
    alt = f"Maps of false confidence by length and size of a shared shock, one a model. {carried}"
    caption = (
        "Which shared shocks a design like this calls influence: measured in simulated sectors without any influence. "
        f"{carried} `missingmodels robustness` asks the same data in many other ways."
    )
    return alt, caption


def _window(evidence: Evidence) -> int:
    return int(evidence.plan["exposure"]["window_days"])
