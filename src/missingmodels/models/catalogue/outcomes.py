"""The outcomes beside onset in the catalogue. The lines of their likelihoods are those of the notation page."""

from __future__ import annotations

from missingmodels.models.catalogue.records import ModelRecord
from missingmodels.models.catalogue.terms import GATE, both_sets
from missingmodels.models.outcomes.priors import outcome_priors
from missingmodels.models.outcomes.terms import LIKELIHOODS, PREDICTORS

_UNITS = (
    "Indicators stand as they are, every other column about its mean over the rows of the model, and α where these are "
    "at 0 and at their means. A coefficient's prior is of one unit of an indicator and of one standard deviation over "
    "those rows of any other column."
)


def _record(name: str, title: str, asks: str, estimands: tuple[str, ...], refused: tuple[str, ...]) -> ModelRecord:
    predictors = PREDICTORS[name].values()
    return ModelRecord(
        name=name,
        title=title,
        asks=asks,
        code="models.outcomes.models.outcome_model",
        terms=(LIKELIHOODS[name], *(term for terms in predictors for term in terms)),
        priors=both_sets(lambda use: outcome_priors(name, use)),
        units="" if name == "recording" else _UNITS,
        estimands=estimands,
        fitted=("`nuts`: the sampler, from `fit_outcome` and `missingmodels fit-outcome`.",),
        refused=(*refused, f"{GATE}."),
    )


OUTCOME_RECORDS: tuple[ModelRecord, ...] = (
    _record(
        "counts",
        "Episodes of a home in a month",
        "How do episodes per resident-day differ between homes and months?",
        ("Rate ratios per unit of `private_sector`, `places`, `summer`, `trend_years`.",),
        ("Data without an episode in a home.",),
    ),
    _record(
        "return",
        "Days to return",
        "What keeps a child who is missing away for longer?",
        (
            "Hazard ratios of return of `out_of_area`, `age_years`, `male`, `category_away`, `helped_before` (an "
            "interview held in the 28 days before the onset) and `sanctioned_before`, where the tables hold them. "
            "A trusted adult is in no table of the contract, so it is no term.",
        ),
        ("Data without a recorded return.",),
    ),
    _record(
        "serious",
        "Serious episodes",
        "Given an episode, what makes serious harm likelier?",
        ("Odds ratios; time away stands on the way from cause to harm and is in only if asked for.",),
        ("Data that do not say what was serious, or where all episodes or none were.",),
    ),
    _record(
        "joint",
        "Joint departures",
        "Do residents of a home leave on one day more often than independence has it?",
        (
            "Odds ratio exp(θ); pairs that leave on one day over those of independent residents; the "
            "chance that a co-resident leaves along. What the home shares on that very day counts as leaving along.",
        ),
        ("Data without an onset, or without two children at risk in one home on one day.",),
    ),
    _record(
        "interview",
        "Interview to next gap",
        "Does a return home interview lower the rate of the next onset?",
        (
            "Rate ratios of `held` and, if asked for, `held_within_72h` and `held_quality` on top of it. That of "
            "`offered` is reported beside them, and cannot show what offering does.",
        ),
        ("Data without the date of an interview that was held.",),
    ),
    _record(
        "recording",
        "Recording by two sources",
        "How many episodes happen, and how many does each source hold?",
        ("Shares of what happened that each source holds; episodes per resident-year; the number that neither holds.",),
        ("One source alone, whatever its size: a rare event and one seldom written down look the same.",),
    ),
)
