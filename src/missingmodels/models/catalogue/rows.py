"""The model of anybody's rows in the catalogue."""

from __future__ import annotations

from missingmodels.models.catalogue.records import ModelRecord, Term

ROWS = ModelRecord(
    name="rows",
    title="Rows of one's own",
    asks="What do the columns of anybody's rows of counts or trials say, clustered in children and homes?",
    code="models.rows.build_rows_model",
    reference="models.reference.onset_log_density_by_child",
    terms=(
        Term(
            name="counts",
            code="outcome",
            equation="y_r ~ Poisson(n_r exp(η_r) u_i)",
            chosen="outcome ~ terms",
            meaning="events over an exposure n, 1 if none is named; all constants are in the density",
        ),
        Term(
            name="trials",
            code="trials",
            equation="y_r ~ Binomial(m_r, logit⁻¹(η_r + log u_i))",
            chosen="trials",
            meaning="events out of a known number",
        ),
        Term(
            name="columns and homes",
            code="formula, home",
            equation="η = α + x'β + Σ_g v_g, v_g ~ Normal(0, σ_g²)",
            meaning="the formula's columns, and an effect of each cluster of every home column g",
        ),
        Term(
            name="gamma child",
            code="child, gamma",
            equation="u_i ~ Gamma(k, k), integrated out, 1/√k its sd",
            chosen='frailty = "gamma"',
            meaning="counts only; the prior is of `sigma_child`, 1/√k, or where it is given of `frailty_shape`, k",
        ),
        Term(
            name="log-normal child",
            code="child, lognormal",
            equation="log u_i ~ Normal(−σ²/2, σ²)",
            chosen='frailty = "lognormal"',
            meaning="mean 1",
        ),
        Term(
            name="normal child",
            code="child, normal",
            equation="log u_i ~ Normal(0, σ²)",
            chosen='frailty = "normal"',
            meaning="median 1, as rstanarm, brms, lme4 and glmmTMB have it",
        ),
    ),
    priors={},
    priors_elsewhere="The prior sets, and how one is written, stand in [rows.md](rows.md).",
    estimands=("Coefficients, standard deviations of clusters and, where asked, each cluster's effect.",),
    fitted=("`nuts`, behind the same diagnostics gate as the onset model.",),
    refused=(
        "A formula or prior that does not read, an improper posterior, and rows with unrecorded values unless they are "
        "to be dropped.",
    ),
)
