"""Quantities and equations of the outcomes beside onset."""

from __future__ import annotations

from missingmodels.vocabulary.quantity import named as _q

OTHER_OUTCOMES = (
    _q("sigma_child", "σ_child", "log hazard or odds", "≥ 0", "sd between children", "sd of normal child effects a"),
    _q(
        "dispersion_shape",
        "φ",
        "",
        "> 0",
        "shape of counts",
        "gamma shape of what one home-month adds; large = Poisson",
    ),
    _q("log_joint", "θ", "log odds", "real", "leaving along", "log odds ratio of leaving on a day when a peer leaves"),
    _q(
        "report_a",
        "ρ_A",
        "log odds",
        "real",
        "reporting by source A",
        "log odds that source A holds an episode, in an average authority and home",
    ),
    _q("report_b", "ρ_B", "log odds", "real", "reporting by source B", "the same of source B"),
    _q("sigma_authority_a", "τ_A", "log odds", "≥ 0", "sd between authorities, A", "sd of authority effects s on ρ_A"),
    _q("sigma_authority_b", "τ_B", "log odds", "≥ 0", "sd between authorities, B", "sd of authority effects s on ρ_B"),
    _q("sigma_report_a", "ω_A", "log odds", "≥ 0", "sd between homes, A", "sd of home effects r on ρ_A"),
    _q("sigma_report_b", "ω_B", "log odds", "≥ 0", "sd between homes, B", "sd of home effects r on ρ_B"),
)
OUTCOME_COLUMNS = (
    _q("days_away", "b", "days", "0, 1, 2-6, 7-27, 28+", "days since onset", "band of whole days since the onset"),
    _q("category_away", "x", "", "0 or 1", "recorded as A", "away without authorisation, not missing"),
    _q("helped_before", "x", "", "0 or 1", "helped before", "an interview held in the 28 days before the onset"),
    _q("sanctioned_before", "x", "", "0 or 1", "sanctioned before", "the child's last return met a sanction"),
    _q("log_hours_away", "x", "log h", "real", "log hours away", "log of the hours from leaving to return"),
    _q(
        "since_return",
        "g",
        "days",
        "0-7, 8-28, 29-89, 90+",
        "days since return",
        "band of days since the last return; none on record is the reference",
    ),
    _q("offered", "o", "", "0 or 1", "interview offered", "an interview was offered after the last return"),
    _q("held", "h", "", "0 or 1", "interview held", "an interview was held on an earlier day since the last return"),
    _q("held_within_72h", "h", "", "0 or 1", "held within 72 h", "it was held within 72 hours of the return"),
    _q("held_quality", "h", "share", "0 to 1", "quality of the interview", "share of good-practice items that it met"),
    _q("private_sector", "x", "", "0 or 1", "private home", "the home's owner is private"),
    _q("places", "x", "places", "≥ 1", "registered places", "registered places of the home"),
    _q("summer", "c", "", "0 or 1", "summer", "June, July or August"),
)
# One equation an outcome: the line of the likelihood, then what stands in it.
OUTCOME_EQUATIONS = {
    "counts": (
        "y_{hm} ~ NegativeBinomial(mean n_{hm} exp(α + x'β + v_h), shape φ)",
        "episodes of home h in month m; n resident-days",
    ),
    "return": (
        "P(T_j = t | T_j ≥ t) = 1 − exp(−exp(α + b_t'β + x'γ + a_i + v_h)),  t = 0, 1, 2, … whole days",
        "T_j = t says that the return lies between the starts of days t and t + 1 after the day of onset, so dates "
        "are interval-censored exactly; an open or unrecorded end is known to exceed its last seen day only; b_t is "
        "the band of days since onset",
    ),
    "serious": (
        "P(s_j = 1) = logit⁻¹(α + x'β + a_i + v_h)",
        "episode j of child i, from home h",
    ),
    "joint": (
        "P(S_{hd} = S) = exp(Σ_{i∈S} ℓ_id + θ (|S| − 1)⁺) / (1 + e^{−θ} (Π_i (1 + exp(ℓ_id + θ)) − 1)),  "
        "ℓ_id = log e_id + α + x'β + a_i + v_h + w_{h,t}",
        "S the set of residents who leave home h on day d; given that one leaves, each other's odds are multiplied by "
        "exp(θ); θ = 0 is independence, and θ < 0 fewer joint departures than that",
    ),
    "interview": (
        "y_r ~ Poisson(n_r exp(α + g_d'β + o_d γ_1 + h_d γ_2 + v_h) u_i)",
        "onsets by band g of days since the last return; o says that an interview was offered after it, h that one was "
        "held on an earlier day, at most 28 days ago: until then the child's days count as without",
    ),
    "recording": (
        "(N_11, N_10, N_01)_c ~ Poisson(n_c exp(α) g_c × (π_A π_B, π_A (1 − π_B), (1 − π_A) π_B)),  "
        "g_c ~ Gamma(φ, φ),  logit π_A = ρ_A + s_A + r_A, logit π_B likewise",
        "episodes of cell c (an authority's children in a home) held by both sources, by A alone, by B alone; given "
        "authority and home one source's holding an episode says nothing of the other's; N_00 is never seen",
    ),
}
