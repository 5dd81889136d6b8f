"""Checklists of reporting: each item, and the section of the methods that answers it; the others are the authors'.

STROBE: von Elm et al. 2007, PLoS Med 4:e296 (cohort studies). RECORD: Benchimol et al. 2015, PLoS Med 12:e1001885.
BARG: Kruschke 2021, Nat Hum Behav 5:1282. Items are put in few words; the sources have them whole.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One item: its number, what it asks, and the keys of sections that tell it."""

    code: str
    asks: str
    told_in: tuple[str, ...] = ()


CHECKLISTS: dict[str, tuple[Item, ...]] = {
    "STROBE and RECORD": (
        Item("1", "design in the title or abstract; an informative abstract"),
        Item("RECORD 1.1–1.3", "type and name of the data, region and time frame, linkage, in title or abstract"),
        Item("2", "scientific background and rationale"),
        Item("3", "objectives and prespecified hypotheses", ("design",)),
        Item("4", "key elements of the design", ("design",)),
        Item("5", "setting, locations, dates of recruitment and follow-up", ("data",)),
        Item("6", "eligibility, sources and selection of participants, follow-up", ("data",)),
        Item("RECORD 6.1–6.3", "codes by which the population was selected, their validation, and flow of linkage"),
        Item("7", "outcomes, exposures, predictors, confounders, effect modifiers", ("exposure", "model")),
        Item("RECORD 7.1", "complete list of codes and algorithms", ("exposure",)),
        Item("8", "sources of data and methods of assessment", ("data", "exposure")),
        Item("9", "efforts to address bias", ("model", "withstood")),
        Item("10", "how the study size was arrived at"),
        Item("11", "handling of quantitative variables", ("exposure", "priors")),
        Item("12", "statistical methods: confounding, subgroups, absent data, loss, sensitivity", ("model", "rule")),
        Item("RECORD 12.1–12.3", "access to the data, cleaning, linkage"),
        Item("13", "numbers at each stage, and reasons for exclusion", ("data",)),
        Item("RECORD 13.1", "selection of persons in the study, filtering by quality and availability", ("data",)),
        Item("14", "characteristics of participants, absent data, follow-up time", ("data",)),
        Item("15", "numbers of outcome events over time", ("data",)),
        Item("16", "estimates with their precision, adjusted for what, absolute risk", ("results",)),
        Item("17", "other analyses: subgroups, interactions, sensitivity", ("withstood", "priors")),
        Item("18", "key results with reference to objectives", ("results",)),
        Item("19", "limitations, sources of bias, direction and magnitude", ("limits", "withstood")),
        Item("RECORD 19.1", "implications of using data not collected for the question; recording", ("limits",)),
        Item("20", "cautious overall interpretation"),
        Item("21", "generalisability"),
        Item("22", "funding and the role of funders"),
        Item("RECORD 22.1", "how to access protocol, raw data, code", ("software",)),
    ),
    "BARG": (
        Item("Preamble A", "why Bayesian"),
        Item("Preamble B", "goals of the analysis", ("design",)),
        Item("1A", "data: dependent variables and predictors", ("data", "exposure")),
        Item("1B", "likelihood and parameters", ("model",)),
        Item("1C", "prior, justified", ("priors",)),
        Item("1D", "formal specification of the model", ("model",)),
        Item("1E", "prior predictive check (`missingmodels check-priors`)"),
        Item("2A", "software", ("software",)),
        Item("2B", "convergence of chains", ("engine",)),
        Item("2C", "resolution of chains: effective sample size", ("engine",)),
        Item("2D", "if not MCMC, what instead", ("engine",)),
        Item("3A", "posterior predictive check (figure `predictive`)"),
        Item("3B", "posterior summarised: central tendency and limits", ("results",)),
        Item("3C", "Bayes factor with its prior, if one is used"),
        Item("4A", "decision: loss or criterion", ("rule",)),
        Item("4B", "decision by limits of practical equivalence", ("rule",)),
        Item("5A", "sensitivity to the prior", ("priors",)),
        Item("5B", "sensitivity of Bayes factors and decisions", ("priors", "withstood")),
        Item("6A", "software, versions and operating system", ("software",)),
        Item("6B", "script and data made available"),
        Item("6C", "reproducibility: seeds, and chains of pseudorandom numbers", ("software",)),
    ),
}
