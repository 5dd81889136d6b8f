"""Quantities and equation of peers who are not in the data."""

from __future__ import annotations

from missingmodels.vocabulary.quantity import named as _q

UNSEEN = (
    _q("visible", "V", "children", "≥ 0", "visible residents", "residents of a home on a day who are in the data"),
    _q("hidden", "C", "places", "≥ 0", "hidden places", "registered places that no visible child holds"),
    _q("coverage", "V / (V + C)", "share", "0 to 1", "coverage", "visible residents over places"),
    _q("filled_share", "F", "share", "0 to 1", "share filled", "hidden places that hold a child, of all of them"),
    _q("stay_days", "L", "days", "> 0", "mean stay", "resident-days over the ends of stays"),
)
UNSEEN_EQUATION = """\
One authority sees its own children only. Each of the C_hd hidden places of home h on day d holds a child or not, a
two-state chain in days. A child leaves with chance 1/L a day; an empty place is filled with chance e a day, and one
that is left is filled again on that very day with chance b, so that a share F is filled:

    e = min(F / ((1 − F) L), 1),   b = max(1 − (1 − F) L / F, 0)

b is above 0 only where an empty place filled within a day is not enough, F > L / (L + 1); at F = 1 it is 1. L is 1 at
least. With O the share of all places that are filled (`frame.occupancy`; that of England if it is left out), and v̄ the
visible residents over the places of all homes of the data, on all days, as a home is fuller than others when it holds a
visible child,

    F = (O − v̄) / (1 − v̄),   cut to [0, 1]

An unseen child j in a hidden place has the model's own intensity,

    log λ_jd = m_j + q_jd'γ + δ p_jd + κ a_jd + v_h + w_{h,period} + log u_j,    u_j by the model's law of frailty

where m_j is intercept and covariates of a day of a visible child of the same home, drawn at random, q_jd its own
simulated history, p_jd the exposure to visible and unseen peers, and a_jd is 1 if it lives alone (κ: `no_peers`). Its
onsets are latent. Given one draw θ of the parameters, K histories z of a home's unseen are drawn forward, and one is
kept with probability in proportion to what it makes of the visible onsets,

    Π_{i, d} exp(y_id g_id(z) − n_id Λ_id exp g_id(z)),    g_id(z) = δ p_id(z) + κ a_id(z)

with Λ_id the visible child's intensity without g; θ holds every visible child's u_i, and so does Λ_id. So an imputed
history is a draw given the outcome, without which δ would be drawn towards 0. The model is then fitted to the completed
data, θ drawn anew, and so on (data augmentation; Tanner and Wong 1987, J. Am. Stat. Assoc. 82); the posterior mixes the
last fits of M such chains, by Rubin's rules. The chains start from the fit in which nobody unseen is ever recent. The
same with F = 1 stands beside it. *Two extreme assumptions*: every hidden place is filled, and those in them are never
recent, or always. They do not bound the estimate that all residents seen would give: each misplaces recent peers, so
both are drawn towards 1. Days in homes whose places are not recorded are left out of all this, and their share is told.
Assumed: unseen children are like the visible ones of their home, the unseen are missing for a short time beside their
stay, and K is enough for homes as small as these.
"""
