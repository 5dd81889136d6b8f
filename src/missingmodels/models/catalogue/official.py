"""The model of official statistics in the catalogue."""

from __future__ import annotations

from missingmodels.models.catalogue.records import ModelRecord
from missingmodels.models.catalogue.terms import GATE
from missingmodels.models.official import OFFICIAL_TERMS, PRIORS

OFFICIAL = ModelRecord(
    name="official",
    title="Official statistics of authorities",
    asks="Do authorities, and years of one, with more missing incidents differ in workforce, stability and homes?",
    code="models.official.official_model",
    terms=OFFICIAL_TERMS,
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
