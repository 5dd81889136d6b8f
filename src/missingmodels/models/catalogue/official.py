"""The model of official statistics in the catalogue."""

from __future__ import annotations

from missingmodels.models.catalogue.records import ModelRecord, Term
from missingmodels.models.catalogue.terms import GATE
from missingmodels.models.official import PRIORS

OFFICIAL = ModelRecord(
    name="official",
    title="Official statistics of authorities",
    asks="Do authorities, and years of one, with more missing incidents differ in workforce, stability and homes?",
    code="models.official.build_official_model",
    reference="models.official_reference.official_log_density",
    terms=(
        Term(
            name="likelihood",
            code="incidents",
            equation="P(low_lt ≤ y_lt ≤ high_lt), y_lt ~ NegativeBinomial(mean μ_lt, shape φ), variance μ + μ²/φ",
            parameters=("dispersion_shape",),
            meaning=(
                "incidents of authority l in year t. A published count has low = high, a rounded or suppressed one its "
                "interval, both ends included; a count without an upper end has P(low ≤ y), one that is not known at "
                "all 1. All constants are in the density"
            ),
        ),
        Term(
            name="level",
            code="intercept",
            equation="log μ_lt = log n_lt + log R + α + c_t + x_lt'β + r_g + a_l",
            parameters=("intercept",),
            meaning=(
                "n the children looked after during the year; R the pooled rate: incidents over children of all "
                "authority-years with an upper end, an interval counting as its middle, one incident at least. "
                "The intercept that is reported is log R + α"
            ),
        ),
        Term(
            name="years",
            code="year",
            equation="c_t, 0 in the first year",
            parameters=("year",),
            meaning="what moves all authorities alike, changes of recording among it",
        ),
        Term(
            name="columns",
            code="coefficients",
            equation="x'β, a mean of each authority and the deviation from it",
            meaning=(
                "turnover, agency share and caseload of social workers on 30 September before the year; instability of "
                "the same year; size and sector of the homes that stand there (a mean alone). Unrecorded values "
                "stand at a mean beside an indicator"
            ),
        ),
        Term(
            name="regions",
            code="region",
            equation="r_g ~ Normal(0, σ_region²)",
            parameters=("sigma_region",),
            meaning="regions differ, in police practice too",
        ),
        Term(
            name="authorities",
            code="authority",
            equation="a_l ~ Normal(0, σ_authority²)",
            parameters=("sigma_authority",),
            meaning="authorities of one region differ",
        ),
    ),
    priors={"only": PRIORS},
    units=(
        "Columns stand about their mean over authority-years. A coefficient's prior is of one standard deviation of a "
        "column over these, of one unit of an indicator of unrecorded values."
    ),
    estimands=(
        "Rate ratios over stated steps of each column, between authorities and within one; no verdict, as associations "
        "of authorities say nothing of homes and children.",
    ),
    fitted=("`nuts`, from `missingmodels official`.",),
    refused=("Fewer than 20 authorities with a count.", f"{GATE}."),
)
