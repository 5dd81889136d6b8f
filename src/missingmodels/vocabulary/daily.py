"""Quantities and equations of the models of child-days."""

from __future__ import annotations

from missingmodels.vocabulary.quantity import named as _q

DAILY = (
    _q(
        "kernel_days",
        "τ",
        "days",
        "> 0",
        "time scale of influence",
        "days after which an onset's influence is down to 37 %, where it is estimated",
    ),
    _q("half_life_days", "τ ln 2", "days", "> 0", "half-life of influence", "days after which it is halved"),
    _q(
        "peer_ratio",
        "exp(δ …)",
        "",
        "> 0",
        "rate ratio of peers",
        "of one unit of the plan's exposure; with a kernel, the day after one co-resident's onset, exp(δ e^(−1/τ))",
    ),
    _q(
        "peer_ratio_week",
        "exp(δ …)",
        "",
        "> 0",
        "rate ratio over a week",
        "geometric mean over days 1 to 7 after one co-resident's onset, with a kernel",
    ),
    _q("sigma_process", "σ", "log rate", "≥ 0", "sd of the home process", "stationary standard deviation of ξ_h(t)"),
    _q(
        "process_days",
        "ℓ",
        "days",
        "> 0",
        "time scale of the home process",
        "days apart at which two values of ξ_h(t) correlate by 37 %",
    ),
    _q(
        "own_branching",
        "α_own",
        "onsets",
        "≥ 0",
        "own branching ratio",
        "further onsets of the same child that one onset brings, while resident and at risk",
    ),
    _q(
        "peer_branching",
        "α_peer",
        "onsets",
        "≥ 0",
        "peers' branching ratio",
        "onsets that one brings among all others of the home together, whatever their number",
    ),
    _q(
        "total_branching",
        "α_own + α_peer",
        "onsets",
        "≥ 0",
        "total branching ratio",
        "spectral radius of the offspring matrix of a home with others; below 1 one onset's descendants die out",
    ),
)
DAILY_EQUATIONS = """\
Sums over s run over the onset days on the L days before d (L = 60 unless set), several onsets of one day counting once;
W_i are the onsets (s, n) of others that i witnessed, as under "Peers": s the day, n the occupancy on s of the home in
which it was, hidden residents among it where places are recorded; with `exposure.witnessed = false` those of i's peers
on day d, and n the occupancy of i's home on d. d counts from the first observed day, the burn-in among them. What the
onset model has and is not named stays as it is, home × 28-day effects and gamma frailty among it; `kernel_unseen` takes
the place of `peers_unseen`. Other `[effects]` of a plan are refused. With `frame.initial = "conditional"` rows before
the window have every effect that rows in it have; `hawkes` refuses it.

* `kernel`: log λ_id = … + δ Σ_{(s, n) ∈ W_i} exp(−(d − s)/τ), with τ estimated.
* `ornstein_uhlenbeck`: log λ_id = … + v_h + ξ_h(⌊d/7⌋), Cov(ξ_h(a), ξ_h(b)) = σ² exp(−7 |a − b| / ℓ), ξ_h in place of
  home × 28-day effects, beside v_h; constant within a cell of 7 days, an AR(1) with coefficient exp(−7/ℓ) from one to
  the next. Every home has a value in every cell that the record touches, whether or not it has rows there.
* `hawkes`: λ_id = u_i exp(α + x_i'β + … + v_h + w_ht) + α_own Σ_s g(d − s) over the child's own onsets
  + Σ_{(s, n) ∈ W_i} α_peer / (n − 1) g(d − s), with g(m) = exp(−m/τ) / Σ_{m'=1..L} exp(−m'/τ), which sums to 1 over
  m = 1 … L. It holds no onsets in windows, the child's or peers'; arrival bands and
  `history_unknown` stay. An onset brings α_own onsets of the same child and, in a home with others, α_peer of the
  others together (α_peer / (n − 1) of each), as long as they stay and are at risk: days away and moves lower both.
  A day holds one onset at most, with chance 1 − exp(−λ), which lowers them further: where λ is 0.1 a day, by a tenth.
  Every column of the offspring matrix of a home with others sums to α_own + α_peer, which is therefore its spectral
  radius; that of one child alone is α_own. Excitation adds to the rate and is not multiplied by u_i, so that an onset
  brings equally many whoever has it; a gamma frailty would no longer integrate out, so u_i is log-normal with mean 1,
  and sampled.
"""
