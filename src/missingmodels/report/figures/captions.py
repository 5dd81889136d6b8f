"""What is said of each figure: a description for those who cannot see it, and a caption."""

from __future__ import annotations

from collections import Counter
from typing import Any

from missingmodels.evidence.record import Evidence
from missingmodels.evidence.robustness.frontier import frontier_sentence
from missingmodels.plan import kept_plan
from missingmodels.report import words
from missingmodels.report.figures.dose import PEERS
from missingmodels.report.figures.ranks import sampled
from missingmodels.report.figures.rates import changes
from missingmodels.report.lines import headline, lines
from missingmodels.vocabulary import worded

Words = tuple[str, str]


def forest_words(evidence: Evidence) -> Words:
    """Of the forest."""
    found = lines(evidence)
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


def dose_words(evidence: Evidence) -> Words:
    """Of dose and response."""
    dose = evidence.figures["dose"]
    bars = "; ".join(
        f"{label} peers: {words.ratio(median)} ({words.ratio(low)} to {words.ratio(high)})"
        for label, median, low, high in zip(
            dose["bins"], *(dose["ratio"][k] for k in ("median", "low", "high")), strict=True
        )
    )
    shown = (
        f"It shows {sum(dose['onsets']):,.0f} of {dose['all_onsets']:,.0f} onsets. "
        if dose.get("all_onsets") is not None
        else ""
    )
    asked, days = evidence.data.get("asked"), int(evidence.plan["exposure"]["window_days"])
    whose = f"peers missing in the last {days} days" if not asked else worded(PEERS, asked)
    alt = f"Onsets observed over expected by number of {worded(PEERS, asked)}. {bars}. Right: fitted rate ratios."
    caption = (
        f"Left: onsets observed over those that model {dose['model']}, which knows no peers, expects from each "
        "child’s history and each home’s own level and shared shocks, by number of "
        f"{whose}; the days at risk below show how thin a bin is. "
        f"{shown}Days alone or beside an unseen peer are left out, numbers of peers beside which "
        "fewer than five onsets are expected share a bin, and the ratios are drawn towards 1, as that model was "
        "fitted to these onsets too. "
        "Right: rate ratio of each exposure against none, as the models with peers fit it. "
        f"Bars and bands: {words.mass(dose['ratio']['mass'])} equal-tailed intervals."
    )
    return alt, caption


def home_words(evidence: Evidence) -> Words:
    """Of home effects."""
    homes = evidence.figures["homes"]
    mass, sigma = words.mass(homes["effect"]["mass"]), homes["sigma"]
    alt = f"Effects of {len(homes['years_at_risk'])} unlabelled homes on the rate, against resident-years at risk."
    caption = (
        "How far each home’s rate lies from the middle home’s, once children’s histories and the model’s covariates "
        f"are allowed for (model {homes['model']}), against the resident-years it rests on. Lines: {mass} "
        f"equal-tailed intervals; band: ± one standard deviation between homes, {sigma['median'][0]:.2f} ({mass} "
        f"equal-tailed interval {sigma['low'][0]:.2f} to {sigma['high'][0]:.2f}) on the log scale. Homes with few "
        "resident-years are drawn towards 1. The homes carry no labels: this is never a ranking."
    )
    return alt, caption


def network_words(evidence: Evidence) -> Words:
    """Of a home's week."""
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


def predictive_words(evidence: Evidence) -> Words:
    """Of the predictive check."""
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


def trace_words(evidence: Evidence) -> Words:
    """Of traces."""
    fits: Any = evidence.figures["diagnostics"]
    chains = max((len(v) for f in fits for v in f["traces"].values()), default=0)
    by = "by chain" if chains > 1 else "draws of the fast engine, which have no chains"
    alt = f"Traces of the scales of {len(fits)} fits, {by}. The table beside it holds the gate values."
    colour = ", one colour for each chain" if chains > 1 else ""
    return alt, f"Thinned traces of the scales and of each exposure’s coefficient{colour}."


def rank_words(evidence: Evidence) -> Words:
    """Of ranks."""
    fits: Any = sampled(evidence.figures["diagnostics"])
    alt = f"Ranks of the draws of {len(fits)} sampled fits, by chain. The table beside it holds the gate values."
    caption = (
        "How each chain’s draws rank among those of all, less what even ranks would give, of the scales and of each "
        "exposure’s coefficient: chains that mix run level, and black marks where they differ by more than chance."
    )
    return alt, caption


def frontier_words(evidence: Evidence) -> Words:
    """Of the frontier."""
    row = headline(lines(evidence), "H1")[0].row
    plan = kept_plan(evidence.plan)
    carried = frontier_sentence(row.interval_low, row.interval_high, plan, row.model)
    alt = f"Maps of false confidence by length and size of a shared shock, one a model. {carried}"
    caption = (
        "Which shared shocks a design like this calls influence: measured in simulated sectors without any influence. "
        f"{carried} The robustness page asks the same data in many other ways."
    )
    return alt, caption


def rate_words(evidence: Evidence) -> Words:
    """Of the changes in episodes per ten children a year."""
    found = changes(evidence)
    said = "; ".join(
        f"{one.label}: {words.signed(one.median, 1)} ({words.signed(one.low, 1)} to {words.signed(one.high, 1)})"
        for one in found
    )
    now = next((one.as_observed for one in found if one.as_observed), "")
    alt = f"Change in episodes per 10 children a year, with intervals. {said}."
    caption = (
        f"Episodes per 10 children in residence for a year{f', {now} as observed' if now else ''}: the change that "
        f"each model expects if one thing were so in every home on every day and all else stayed. Points are posterior "
        f"medians, lines {found[0].interval} intervals. A change is an effect only as far as the association is one."
    )
    return alt, caption
