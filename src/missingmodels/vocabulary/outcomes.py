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
        "gamma shape of what one home-month, cell of two sources or authority-year adds; large = Poisson",
    ),
    _q("log_joint", "θ", "log odds", "real", "leaving along", "log odds ratio of leaving on a day when a peer leaves"),
    _q(
        "pair_ratio",
        "",
        "",
        "> 0",
        "pairs that leave on one day",
        "expected pairs of residents who leave on one day, over those of independent residents who leave as often",
    ),
    _q(
        "leaves_along",
        "",
        "share",
        "0 to 1",
        "co-residents who leave along",
        "chance that a co-resident at risk leaves on the day when another does",
    ),
    _q(
        "share_a",
        "",
        "share",
        "0 to 1",
        "episodes that the first source holds",
        "episodes on record in source A over all that are expected",
    ),
    _q("share_b", "", "share", "0 to 1", "episodes that the second source holds", "the same of source B"),
    _q(
        "unseen",
        "",
        "episodes",
        "≥ 0",
        "episodes that neither source holds",
        "expected number, given those that are seen",
    ),
    _q(
        "rate_per_resident_year",
        "",
        "per year",
        "> 0",
        "episodes that happen",
        "expected per resident-year, whether or not a source holds them",
    ),
    _q(
        "report_a",
        "μ_A",
        "log odds",
        "real",
        "reporting by source A",
        "log odds that source A holds an episode, in an average authority and home",
    ),
    _q("report_b", "μ_B", "log odds", "real", "reporting by source B", "the same of source B"),
    _q("sigma_authority_a", "σ_A", "log odds", "≥ 0", "sd between authorities, A", "sd of authority effects s on μ_A"),
    _q("sigma_authority_b", "σ_B", "log odds", "≥ 0", "sd between authorities, B", "sd of authority effects s on μ_B"),
    _q("sigma_report_a", "ω_A", "log odds", "≥ 0", "sd between homes, A", "sd of home effects r on μ_A"),
    _q("sigma_report_b", "ω_B", "log odds", "≥ 0", "sd between homes, B", "sd of home effects r on μ_B"),
)
OUTCOME_COLUMNS = (
    _q(
        "days_away",
        "b",
        "days",
        "0, 1, 2-6, 7-27, 28+",
        "days since onset",
        "band of whole days since the onset; day 0 is the reference",
    ),
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
        "band of days since the last return, that day being 0; none on record is the reference",
    ),
    _q(
        "offered",
        "o",
        "",
        "0 or 1",
        "interview offered",
        "an interview was offered after the last return, at most 28 days ago; an offer has no date",
    ),
    _q("held", "h", "", "0 or 1", "interview held", "an interview was held since the last return, 1 to 28 days ago"),
    _q("held_within_72h", "h", "", "0 or 1", "held within 72 h", "it was held within 72 hours of the return"),
    _q("held_quality", "h", "share", "0 to 1", "quality of the interview", "share of good-practice items that it met"),
    _q("private_sector", "x", "", "0 or 1", "private home", "the home's owner is private"),
    _q("places", "x", "places", "≥ 1", "registered places", "registered places of the home", needs="homes.places"),
    _q("summer", "c", "", "0 or 1", "summer", "June, July or August"),
)
# One equation an outcome: the line of the likelihood, then what stands in it.
OUTCOME_EQUATIONS = {
    "counts": (
        "y_{hm} ~ NegativeBinomial(mean n_{hm} exp(α + x'β + v_h), shape φ)",
        "episodes that start in home h in calendar month m while at risk, several of one child on one day among them; "
        "n all resident-days on record, days missing among them; all constants are in the density",
    ),
    "return": (
        "P(T_j = t | T_j ≥ t) = 1 − exp(−exp(α + b_t'β + x'γ + a_i + v_h)),  t = 0, 1, 2, … whole days",
        "T_j = t says that the return lies between the starts of days t and t + 1 after the day of onset, so dates "
        "are interval-censored exactly. An episode of open or unrecorded end, or seen to the end of the window only, "
        "is away at the start of day t: T_j ≥ t, with days 0 to t − 1 survived. Episodes that start in the window "
        "count, one already open does not; b_t is the band of days since onset, day 0 the reference; days of an "
        "episode come in an order, so that there is no binomial coefficient",
    ),
    "serious": (
        "P(s_j = 1) = logit⁻¹(α + x'β + a_i + v_h)",
        "episode j of child i, from home h; episodes that start in the window, no binomial coefficient",
    ),
    "joint": (
        "P(S_{hd} = S) = exp(Σ_{i∈S} ℓ_id + θ (|S| − 1)⁺) / (1 + e^{−θ} (Π_i (1 + exp(ℓ_id + θ)) − 1)),  "
        "ℓ_id = log e_id + α + x'β + a_i + v_h + w_ht",
        "S the set of residents at risk who leave home h on day d; given that one leaves, each other's odds are "
        "multiplied by exp(θ); θ = 0 is independence, and θ < 0 fewer joint departures than that. Every day with "
        "somebody at risk counts, also with one alone; e = ½ halves the odds; the density is normalised",
    ),
    "interview": (
        "y_r ~ Poisson(n_r exp(α + g_d'β + o_d γ_1 + h_d γ_2 + v_h) u_i)",
        "onsets by band g of days since the last return, n their days at risk, a day with an onset counting half; o "
        "says that an interview was offered after it, at most 28 days ago, h that one was held 1 to 28 days ago: until "
        "then the child's days count as without. Σ (y log n − log y!) is in the density",
    ),
    "recording": (
        "(N_11, N_10, N_01)_c ~ Poisson(n_c exp(α) g_c × (P_A P_B, P_A (1 − P_B), (1 − P_A) P_B)),  "
        "g_c ~ Gamma(φ, φ),  logit P_A = μ_A + s_A + r_A, logit P_B likewise",
        "episodes of cell c (an authority's children in a home) held by both sources, by A alone, by B alone; given "
        "authority and home one source's holding an episode says nothing of the other's, and s and r of A and B are "
        "independent; n resident-days on which both record; N_00 is never seen; all constants are in the density",
    ),
}
