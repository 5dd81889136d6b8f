"""The model of anybody's rows in the catalogue."""

from __future__ import annotations

from missingmodels.models.catalogue.records import ModelRecord
from missingmodels.models.rows import ROWS_TERMS

ROWS = ModelRecord(
    name="rows",
    title="Rows of one's own",
    asks="What do the columns of anybody's rows of counts or trials say, clustered in children and homes?",
    code="models.rows.rows_model",
    terms=ROWS_TERMS,
    priors={},
    priors_elsewhere="The prior sets, and how one is written, stand in [rows.md](rows.md).",
    estimands=("Coefficients, standard deviations of clusters and, where asked, each cluster's effect.",),
    fitted=("`nuts`, behind the same diagnostics gate as the onset model.",),
    refused=(
        "A formula or prior that does not read, an improper posterior, and rows with unrecorded values unless they are "
        "to be dropped.",
    ),
)
