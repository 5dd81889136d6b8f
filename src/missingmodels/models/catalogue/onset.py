"""The onset model in the catalogue."""

from __future__ import annotations

from dataclasses import replace

from missingmodels.models.catalogue.records import ModelRecord, Term
from missingmodels.models.catalogue.terms import (
    BEFORE,
    CONSTANTS_OUT,
    GAMMA,
    GATE,
    HOMES,
    LOG_NORMAL,
    PERIODS,
    UNITS,
    Use,
    both_sets,
)
from missingmodels.models.priors import FURTHER, SCALES, Prior, prior_set
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
    code="models.onset.build_model",
    reference="models.reference.joint_log_density",
    terms=(
        Term(
            name="likelihood",
            code="onset",
            equation="y_r | u_i ~ Poisson(n_r exp(η_r) u_i)",
            meaning=f"rows r of equal child, home, period and columns; an onset day counts half. {CONSTANTS_OUT}",
        ),
        Term(
            name="linear predictor",
            code="log_rate",
            equation="η = α + x'β + q'γ + p'δ + z'ζ + c'κ + v_h + w_ht + a_l + o_j + b_h p",
            parameters=("intercept",),
            meaning="log rate per day at u = 1; each part below, if the plan has it",
        ),
        Term(
            name="vulnerability",
            code="terms.vulnerability",
            equation="x'β",
            meaning="what the child brings: age, sex, needs, exploitation risk, placement out of area",
        ),
        Term(
            name="a curve of age",
            code="bs(age_years, df=4)",
            equation="Σ_m B_m(age) β_m, B_m cubic B-splines with knots at quantiles of the days at risk",
            chosen="terms.vulnerability",
            meaning="risk may rise and fall with age; splitting a row moves no knot",
        ),
        Term(
            name="history",
            code="terms.history",
            equation="q'γ",
            meaning="the child's own onsets lately and days since arrival: state dependence beside lasting differences",
        ),
        Term(
            name="peers",
            code="exposure.primary",
            equation="p'δ",
            chosen="models with M1 or M3",
            meaning=(
                "recent onsets of those the child lives with, at least a day earlier (H1), with `no_peers` and "
                "`peers_unseen`, of a kernel `kernel_unseen`"
            ),
        ),
        Term(
            name="structure",
            code="terms.structure",
            equation="z'ζ, a mean of each home and the deviation from it",
            chosen="models with M2 or M3",
            meaning="staffing and mix of the period before (H2)",
        ),
        Term(
            name="moderation",
            code="short_staffing",
            equation="δ_s p (−z_staff,within)",
            chosen="exposure.moderation, in M3",
            meaning="short staffing may steepen the peers' effect (A3), beside what either does alone",
        ),
        Term(name="calendar", code="terms.calendar", equation="c'κ", meaning="season, weekend, trend, where asked for"),
        HOMES,
        replace(PERIODS, chosen='effects.home_process = "periods"'),
        Term(
            name="authorities",
            code="authority",
            equation="a_l ~ Normal(0, σ_authority²), l the authority that the home stands in",
            parameters=("sigma_authority",),
            chosen="effects.authority",
            meaning="police, placing and recording differ by place; 0 for a home whose authority is unrecorded",
        ),
        Term(
            name="owners",
            code="owner",
            equation="o_j ~ Normal(0, σ_owner²), j the provider that runs the home in the period",
            parameters=("sigma_owner",),
            chosen="effects.owner",
            meaning="providers bring their practice to all their homes; 0 where the owner is unrecorded",
        ),
        Term(
            name="peer slope by home",
            code="peer_slope",
            equation="b_h ~ Normal(0, σ_slope²), b_h times the fit's peer exposure p, in its own unit and not centred",
            parameters=("sigma_peer_slope",),
            chosen="effects.peer_slope_by_home",
            meaning=(
                "homes may spread episodes more or less; δ is then that of the middle home. Where peers are unseen p "
                "is the lower bound that the column holds"
            ),
        ),
        replace(GAMMA, chosen='effects.frailty = "gamma"'),
        replace(
            LOG_NORMAL,
            chosen='effects.frailty = "log_normal"',
            meaning=(
                "a longer tail of very frequent episodes and fewer children near none; mean 1. Sampled as z_i, or as "
                "s z_i where E (1 + Y) / (1 + E) > 3, with E the child's days times the onsets per day of all rows"
            ),
        ),
        Term(
            name="children, low-risk class",
            code="low_risk",
            equation=(
                "u_i = g_i m_i / (π ρ + 1 − π), g_i ~ Gamma(k, k), m_i = ρ with probability π, else 1: "
                "log L_i = log[π L(ρ) + (1 − π) L(1)], L(m) the gamma's with rates times m / (π ρ + 1 − π)"
            ),
            parameters=("frailty_shape", "low_risk_share", "low_risk_ratio"),
            chosen='effects.frailty = "low_risk"',
            meaning="some children hardly ever go missing; mean 1 over both classes, which are summed over exactly",
        ),
        BEFORE,
    ),
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
        "`slope_spread`: exp(1.28 σ_slope), the peer rate ratio that a tenth of homes lie above, over that of the "
        "middle home.",
        "`elpd_difference`: per child left out, its u integrated out: in closed form for the gamma and the low-risk "
        "class, for the log-normal by the trapezoid rule, its 48 nodes spread over where each child's own integrand is "
        "above exp(−34) of its peak; and per home, all rows of every child who ever lived there, "
        "v_h and w_ht integrated over their law at every draw by importance sampling about their mode. Weights of PSIS "
        "move the rest; where their k is above 0.7 a fit without the unit, bridged to the whole, takes their place. "
        "Onsets left out still stand in others' covariates.",
        "`bayes_factor`: Savage-Dickey, prior over posterior density of one coefficient at 0, times E[new prior / old "
        "prior] over the posterior for every other width.",
    ),
    fitted=(
        "`nuts`: every term. Effects are sampled as standard normals times their scale; a child's log-normal effect is "
        "sampled itself where data know more of it than its prior.",
        "`laplace`: any law of frailty with homes and their periods. `auto` leaves authorities, owners and slopes to "
        "`nuts`.",
        "Laws of frailty and effects beyond the default are held against `models.reference_frailty`.",
        "Frailties are drawn again given the rest, exactly: from a gamma, from a class and its gamma, or by rejection "
        "from a log-normal.",
    ),
    refused=(
        f"{GATE}, effects and children among what is judged.",
        "`laplace` where the plan asks for what it cannot fit.",
        "An effect of authorities or owners where the homes table names fewer than two.",
        '`peer_slope_by_home` without a model with peers; a log-normal frailty with `frame.initial = "conditional"`.',
        "A replaced prior of a parameter that no model of the plan has.",
    ),
)
