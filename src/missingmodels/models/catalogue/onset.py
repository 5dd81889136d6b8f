"""The onset model in the catalogue."""

from __future__ import annotations

from missingmodels.models.catalogue.records import ModelRecord
from missingmodels.models.catalogue.terms import GATE, UNITS, Use, both_sets
from missingmodels.models.onset import ONSET_TERMS
from missingmodels.models.priors.law import FURTHER, SCALES, Prior
from missingmodels.models.priors.of_plan import prior_set
from missingmodels.plan import Priors


def _priors(use: Use) -> dict[str, Prior]:
    held = prior_set(Priors(use=use))
    scalars = {name: getattr(held, name) for name in (*SCALES, *FURTHER)}
    return {"intercept": held.intercept, "any other column": held.coefficient, **held.coefficients, **scalars}


ONSET = ModelRecord(
    name="onset",
    title="Onset of missing episodes",
    asks=(
        "Do peers' recent episodes (H1), staffing and placement mix (H2) raise the rate at which a child goes missing? "
        "`M0` holds vulnerability, history and calendar; `M1` adds peers, `M2` structure, `M3` both."
    ),
    code="models.onset.onset_model",
    terms=ONSET_TERMS,
    priors=both_sets(_priors),
    units=UNITS,
    estimands=(
        "`rate_ratio`: exp of a contrast between two stated exposures; of a peer exposure with slopes by home, in the "
        "middle home.",
        "`attributable_fraction`: share of expected episodes that would not start with the peer exposure held at 0, "
        "every home with its own slope.",
        "`attributable_fraction_dynamic`: the same with the window lived again day by day within the observed "
        "residence and staffing, u, v and w at their draws, so that a prevented episode prevents what it would have "
        "caused: own history, peers' recency and days away follow the episodes drawn; days away are resampled from "
        "those observed; onsets before the window, outside homes or on days left out by a rule stay as they were.",
        "`expected_rate`: episodes per resident-year at risk, as observed and with one column held on every day in "
        "every home: no recently missing peers, or a structure variable at the quartile that H2 says is better; "
        "`rate_difference`: that less the rate as observed.",
        "`variance_explained`: share of the variance between homes that structure explains, of σ_home² + "
        "σ_authority² + σ_owner² and what it explains; share of that between home-periods, of σ_period² and what it "
        "explains; and share of that of log rates between children that vulnerability explains, of ψ′(k), s², or ψ′(k) "
        "+ π (1 − π) log² ρ and what it explains. Stated under a flat prior of the share: draws are weighed by one "
        "over the density that the plan's priors give to it, unless the Pareto k of the weights is above 1.",
        "`variance_drop`: σ_home² of M0 less that of M2, their draws independent; it may be negative.",
        "`median_rate_ratio`: the same child in two homes drawn at random, of other authorities and owners.",
        "Of adults on shift `median_rate_ratio`: the same child in the care of two drawn at random, each alone on "
        "shift, exp(0.954 σ_adult); and `share`: σ_adult² of σ_adult² + σ_home² + σ_authority² + σ_owner², whether the "
        "adult makes more of a difference than the home and its practice.",
        "`slope_spread`: exp(1.28 σ_slope), the peer rate ratio that a tenth of homes lie above, over that of the "
        "middle home.",
        "`elpd_difference`: per child left out, its u integrated out: in closed form for the gamma and the low-risk "
        "class, for the log-normal by the trapezoid rule, its 48 nodes spread over where each child's own integrand is "
        "above exp(−34) of its peak; and per home, all rows of every child who ever lived there, "
        "v_h and w_ht integrated over their law at every draw by importance sampling about their mode. Weights of PSIS "
        "move the rest; where their k of a child is above 0.7 the effects of the home where it was at risk longest are "
        "integrated out too, and where it is above still, or a home's, a fit without the unit, bridged to the whole, "
        "takes their place. Onsets left out still stand in others' covariates.",
        "`bayes_factor`: Savage-Dickey, prior over posterior density of one coefficient at 0, times E[new prior / old "
        "prior] over the posterior for every other width.",
    ),
    fitted=(
        "`nuts`: every term. Effects are sampled as standard normals times their scale; a child's log-normal effect is "
        "sampled itself where data know more of it than its prior.",
        "`laplace`: any law of frailty with homes, their periods and adults on shift. `auto` leaves authorities, "
        "owners and slopes to `nuts`.",
        "Frailties are drawn again given the rest, exactly: from a gamma, from a class and its gamma, or by rejection "
        "from a log-normal.",
    ),
    refused=(
        f"{GATE}, effects and children among what is judged.",
        "`laplace` where the plan asks for what it cannot fit.",
        "An effect of authorities or owners where the homes table names fewer than two; of adults where the rota names "
        "fewer than two who work ten days in one home.",
        '`peer_slope_by_home` without a model with peers; a log-normal frailty with `frame.initial = "conditional"`.',
        "A replaced prior of a parameter that no model of the plan has.",
    ),
)
