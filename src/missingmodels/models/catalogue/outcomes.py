"""The outcomes beside onset in the catalogue. The lines of their likelihoods are those of the notation page."""

from __future__ import annotations

from dataclasses import replace

from missingmodels.models.catalogue.records import ModelRecord, Term
from missingmodels.models.catalogue.terms import GAMMA, GATE, HOMES, PERIODS, both_sets
from missingmodels.models.outcomes.priors import outcome_priors
from missingmodels.vocabulary import OUTCOME_EQUATIONS

_CHILDREN = Term(
    name="children",
    code="child",
    equation="a_i ~ Normal(0, σ_child²)",
    parameters=("sigma_child",),
    meaning="children of equal covariates differ; sampled, since no law of theirs integrates out",
)
_DISPERSION = Term(
    name="spread",
    code="dispersion_shape",
    equation="variance of y = mean + mean² / φ",
    parameters=("dispersion_shape",),
    meaning="episodes of one home in one month come in runs",
)
_UNITS = (
    "Indicators stand as they are, every other column about its mean over the rows of the model, and α where these are "
    "at 0 and at their means. A coefficient's prior is of one unit of an indicator and of one standard deviation over "
    "those rows of any other column."
)
_BUILDERS = {"joint": "joint", "recording": "recording"}


def _record(
    name: str, title: str, asks: str, terms: tuple[Term, ...], estimands: tuple[str, ...], refused: tuple[str, ...]
) -> ModelRecord:
    equation, meaning = OUTCOME_EQUATIONS[name]
    likelihood = Term(name="likelihood", code="rows", equation=equation, meaning=meaning)
    return ModelRecord(
        name=name,
        title=title,
        asks=asks,
        code=f"models.outcomes.{_BUILDERS.get(name, 'linear')}.build_model",
        reference=f"models.outcomes.reference.{name}_log_density",
        terms=(likelihood, *terms),
        priors=both_sets(lambda use: outcome_priors(name, use)),
        units="" if name == "recording" else _UNITS,
        estimands=estimands,
        fitted=("`nuts`: the sampler, from `fit_outcome` and `missingmodels fit-outcome`.",),
        refused=(*refused, f"{GATE}."),
    )


def _level(equation: str, meaning: str) -> Term:
    return Term(name="level", code="intercept", equation=equation, parameters=("intercept",), meaning=meaning)


OUTCOME_RECORDS: tuple[ModelRecord, ...] = (
    _record(
        "counts",
        "Episodes of a home in a month",
        "How do episodes per resident-day differ between homes and months?",
        (
            _level("η_{hm} = α + x'β + v_h", "log episodes per resident-day where indicators are 0, others at means"),
            HOMES,
            _DISPERSION,
        ),
        ("Rate ratios per unit of `private_sector`, `places`, `summer`, `trend_years`.",),
        ("Data without an episode in a home.",),
    ),
    _record(
        "return",
        "Days to return",
        "What keeps a child who is missing away for longer?",
        (
            _level("η_{jt} = α + b_t'β + x'γ + a_i + v_h", "log of minus log of the chance to stay away on day 0"),
            HOMES,
            _CHILDREN,
        ),
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
        (
            _level("logit P = α + x'β + a_i + v_h", "log odds where indicators are 0, others at their means"),
            HOMES,
            _CHILDREN,
        ),
        ("Odds ratios; time away stands on the way from cause to harm and is in only if asked for.",),
        ("Data that do not say what was serious, or where all episodes or none were.",),
    ),
    _record(
        "joint",
        "Joint departures",
        "Do residents of a home leave on one day more often than independence has it?",
        (
            _level("ℓ_id = log e_id + α + x'β + a_i + v_h + w_ht", "log odds of leaving on a day when nobody does"),
            Term(
                name="leaving along",
                code="log_joint",
                equation="odds_j given that i leaves = exp(ℓ_jd + θ)",
                parameters=("log_joint",),
                meaning="0 is independence; it may be below, so that the posterior can speak against an excess",
            ),
            HOMES,
            replace(
                PERIODS,
                code="period",
                meaning="a shock over weeks makes chance meetings likelier and is no joint departure",
            ),
            _CHILDREN,
        ),
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
            _level("η_r = α + g'β + o γ_1 + h γ_2 + v_h", "log onsets per day at risk before any return on record"),
            Term(
                name="interview",
                code="held",
                equation="h = 1 from the day after it was held, for 28 days or to the next onset",
                meaning="days before it count as without one, so no time is immortal; acceptance is no term, since an "
                "interview overtaken by the next onset is not held",
            ),
            Term(
                name="offer",
                code="offered",
                equation="o = 1 from the return, for 28 days or to the next onset",
                meaning="an offer has no date in the record, so it stands from the return on. A child gone again "
                "before one was made counts as not offered, so that offers look protective whatever they do: γ_1 keeps "
                "returns with an offer and without apart beside h, and is no effect of offering",
            ),
            HOMES,
            replace(GAMMA, meaning="children who go often have short gaps with or without an interview"),
        ),
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
        (
            _level("log mean N_c = log n_c + α", "log episodes per resident-day, seen or not"),
            replace(
                _DISPERSION,
                equation="g_c ~ Gamma(φ, φ), integrated out",
                meaning="an authority's children in a home differ from those elsewhere",
            ),
            Term(
                name="sources",
                code="report",
                equation="logit P_A = μ_A + s_A + r_A; logit P_B = μ_B + s_B + r_B",
                parameters=("report_a", "report_b"),
                meaning="given authority and home, one source's holding an episode says nothing of the other's; where "
                "they hold the same kinds of episode, what neither holds comes out too low",
            ),
            Term(
                name="authorities",
                code="authority",
                equation="s_A ~ Normal(0, σ_A²); s_B ~ Normal(0, σ_B²)",
                parameters=("sigma_authority_a", "sigma_authority_b"),
                meaning="authorities record differently; the effects of the two sources are independent",
            ),
            Term(
                name="homes that report",
                code="home",
                equation="r_A ~ Normal(0, ω_A²); r_B ~ Normal(0, ω_B²)",
                parameters=("sigma_report_a", "sigma_report_b"),
                meaning="homes report differently; the effects of the two sources are independent",
            ),
        ),
        ("Shares of what happened that each source holds; episodes per resident-year; the number that neither holds.",),
        ("One source alone, whatever its size: a rare event and one seldom written down look the same.",),
    ),
)
