"""Each quantity of the specification once: code name, symbol, unit, support and meaning."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One named quantity. ``label`` is a few words for tables and figures."""

    name: str
    symbol: str
    unit: str
    support: str
    label: str
    meaning: str


def _q(name: str, symbol: str, unit: str, support: str, label: str, meaning: str) -> Quantity:
    return Quantity(name=name, symbol=symbol, unit=unit, support=support, label=label, meaning=meaning)


OUTCOME = (
    _q("onset", "y", "", "0 or 1", "onset", "a missing episode of the child starts on the day"),
    _q(
        "days_at_risk",
        "e",
        "days",
        "0, ½, 1",
        "days at risk",
        "resident and not missing at the day's start; ½ on a return day",
    ),
    _q("days", "n", "days", "≥ 0", "days", "likelihood exposure Σ e (1 − y/2): a day with an onset counts half"),
)
PARAMETERS = (
    _q("intercept", "α", "log per day", "real", "intercept", "log intensity where every column is 0"),
    _q("sigma_home", "σ_home", "log rate", "≥ 0", "sd between homes", "standard deviation of home effects v"),
    _q(
        "sigma_period",
        "σ_period",
        "log rate",
        "≥ 0",
        "sd between a home's periods",
        "standard deviation of home-period effects w",
    ),
    _q(
        "frailty_shape",
        "k",
        "",
        "> 0",
        "frailty shape",
        "gamma shape of child frailty u, mean 1; small = few children, most onsets",
    ),
    _q(
        "frailty_sd_log",
        "s",
        "log rate",
        "> 0",
        "sd of log frailty",
        "standard deviation of the log of a log-normal child frailty u, mean 1",
    ),
    _q("low_risk_share", "π", "share", "0 to 1", "share at low risk", "share of children of the low-risk class"),
    _q(
        "low_risk_ratio",
        "ρ",
        "",
        "0 to 1",
        "rate ratio at low risk",
        "rate of the low-risk class over that of the others; fixed unless the plan gives it a prior",
    ),
    _q(
        "sigma_authority",
        "σ_authority",
        "log rate",
        "≥ 0",
        "sd between authorities",
        "standard deviation of effects a of the authority that a home stands in",
    ),
    _q(
        "sigma_owner",
        "σ_owner",
        "log rate",
        "≥ 0",
        "sd between owners",
        "standard deviation of effects o of the provider that runs a home",
    ),
    _q(
        "sigma_peer_slope",
        "σ_slope",
        "log rate",
        "≥ 0",
        "sd of the peer effect between homes",
        "standard deviation of b, a home's own part in the effect of the peer exposure",
    ),
)
VULNERABILITY = (
    _q("age_years", "x", "years", "≥ 0", "age", "age at the start of the period"),
    _q("male", "x", "", "0 or 1", "male", "recorded sex is male"),
    _q("need_score", "x", "sd", "real", "need score", "needs profile; higher = greater need"),
    _q("exploitation_risk", "x", "", "0 or 1", "exploitation risk", "known risk of exploitation at entry"),
    _q("out_of_area", "x", "", "0 or 1", "out of area", "placed outside the responsible authority"),
    _q("disability", "x", "", "0 or 1", "disability", "recorded disability"),
    _q(
        "uasc",
        "x",
        "",
        "0 or 1",
        "unaccompanied asylum seeking",
        "unaccompanied asylum-seeking child at the period's start",
    ),
    _q("emergency", "x", "", "0 or 1", "emergency entry", "came to the home unplanned"),
)
HISTORY = (
    _q("own_1_7", "q", "", "0 or 1", "own onset 1–7 days ago", "the child's own onset on one of the 7 days before"),
    _q("own_8_28", "q", "", "0 or 1", "own onset 8–28 days ago", "the child's own onset 8 to 28 days before"),
    _q(
        "arrival_band",
        "q",
        "days",
        "0-6, 7-27, 28-89, 90+",
        "days since arrival",
        "band of days since arrival in the home",
    ),
    _q(
        "history_unknown",
        "q",
        "",
        "0 or 1",
        "history unknown",
        "fewer than 28 days of the child's record lie before the day",
    ),
)
PEERS = (
    _q(
        "peer_presence",
        "p",
        "",
        "0 or 1",
        "a recently missing peer",
        "any other resident had an onset in the window before",
    ),
    _q(
        "peer_count",
        "p",
        "children",
        "≥ 0",
        "recently missing peers",
        "other residents with an onset in the window before",
    ),
    _q(
        "peer_density",
        "p",
        "share",
        "0 to 1",
        "share of peers recently missing",
        "recent peers over occupancy − 1; 0 with no peers",
    ),
    _q(
        "peer_network",
        "p",
        "share",
        "0 to 1",
        "tie strength to recent peers",
        "share of tie strength in the home that goes to recent peers",
    ),
    _q(
        "peer_kernel",
        "p",
        "",
        "≥ 0",
        "peers' fading onsets",
        "Σ exp(−(d − s)/τ) over the onsets s < d of other residents; τ fixed by the plan, or estimated",
    ),
    _q("no_peers", "p", "", "0 or 1", "no peers", "nobody else lives in the home"),
    _q(
        "peers_unseen",
        "p",
        "",
        "0 or 1",
        "a peer is unseen",
        "a peer's record is shorter than the window, or a resident is not in the data",
    ),
    _q(
        "kernel_unseen",
        "p",
        "",
        "0 or 1",
        "a peer is unseen to the kernel",
        "as `peers_unseen`, with a record shorter than 3 τ, when an onset has faded to 5 %",
    ),
)
OUTSIDE = (
    _q(
        "outside_presence",
        "p",
        "",
        "0 or 1",
        "a recently missing outside peer",
        "any tied child who lives in another home that day had an onset in the window before",
    ),
    _q(
        "outside_count",
        "p",
        "children",
        "≥ 0",
        "recently missing outside peers",
        "tied children in other homes with an onset in the window before",
    ),
    _q(
        "outside_density",
        "p",
        "share",
        "0 to 1",
        "share of outside peers recently missing",
        "recent outside peers over tied children in other homes; 0 without any",
    ),
    _q(
        "outside_network",
        "p",
        "share",
        "0 to 1",
        "tie strength to recent outside peers",
        "share of tie strength to children in other homes that goes to recent ones",
    ),
    _q("no_outside_ties", "p", "", "0 or 1", "no ties beyond the home", "no tied child lives in another home that day"),
    _q(
        "outside_unseen",
        "p",
        "",
        "0 or 1",
        "an outside peer is unseen",
        "the record of a tied child in another home is shorter than the window",
    ),
)
STRUCTURE = (
    _q(
        "staff_ratio",
        "z",
        "log",
        "real",
        "staff on duty per resident",
        "log of mean care staff on duty over mean residents, period before",
    ),
    _q(
        "turnover",
        "z",
        "per year",
        "≥ 0",
        "staff turnover",
        "permanent care leavers over mean headcount, 365 days before",
    ),
    _q(
        "agency_share",
        "z",
        "share",
        "0 to 1",
        "agency share of hours",
        "agency and bank hours over hours worked, period before",
    ),
    _q(
        "mix_need",
        "z",
        "sd",
        "real",
        "mean need of the other residents",
        "mean need score of the others, self left out",
    ),
    _q(
        "mix_spread",
        "z",
        "sd",
        "≥ 0",
        "spread of needs in the home",
        "standard deviation of need scores, self included",
    ),
    _q(
        "mix_age_spread", "z", "years", "≥ 0", "spread of ages in the home", "standard deviation of ages, self included"
    ),
    _q(
        "mix_out_of_area",
        "z",
        "share",
        "0 to 1",
        "out-of-area share of the others",
        "share of the others placed out of area",
    ),
    _q("new_admission_7d", "z", "", "0 or 1", "a new resident", "another child arrived in the last 7 days"),
    _q("size", "z", "children", "≥ 1", "number of residents", "occupancy of the home"),
)
MODERATION = (
    _q(
        "short_staffing",
        "p × z",
        "log",
        "real",
        "short staffing",
        "how far the staff ratio lies below the home's mean, −`staff_ratio_within`; it multiplies the peer exposure",
    ),
)
CALENDAR = (
    _q("season", "c", "", "winter, spring, summer, autumn", "season", "season of the day"),
    _q("weekend", "c", "", "0 or 1", "weekend", "Saturday or Sunday"),
    _q("trend_years", "c", "years", "≥ 0", "trend", "years since the first observed day, at the period's start"),
)
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
    _q("sigma_process", "σ", "log rate", "≥ 0", "sd of the home process", "stationary standard deviation of v_h(t)"),
    _q(
        "process_days",
        "ℓ",
        "days",
        "> 0",
        "time scale of the home process",
        "days apart at which two values of v_h(t) correlate by 37 %",
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
        "spectral radius of a home's offspring matrix; below 1 one onset's descendants die out",
    ),
)
DAILY_EQUATIONS = """\
Sums over s run over the onsets on the L days before d (L = 60 unless set), P_i(d) are the children who live with i on
day d, and n_h(d) is the home's occupancy. What the onset model has and is not named stays as it is.

* `kernel`: log λ_id = … + δ Σ_{j ∈ P_i(d)} Σ_s exp(−(d − s)/τ), with τ estimated.
* `ornstein_uhlenbeck`: log λ_id = … + v_h(⌊d/7⌋), Cov(v_h(a), v_h(b)) = σ² exp(−7 |a − b| / ℓ), in place of home ×
  28-day effects; constant within a cell of 7 days, an AR(1) with φ = exp(−7/ℓ) from one to the next.
* `hawkes`: λ_id = u_i exp(α + x_i'β + … + v_h + w_{h,period}) + α_own Σ_s g(d − s) over the child's own onsets
  + Σ_{j ∈ P_i(d)} α_peer / (n_h(d) − 1) Σ_s g(d − s) over those of j, with g(m) = exp(−m/τ) / Σ_{m'=1..L} exp(−m'/τ),
  which sums to 1 over m = 1 … L. It holds no own onsets in windows. An onset brings α_own onsets of the same child and,
  in a home with others, α_peer of the others together (α_peer / (n − 1) of each), as long as they stay and are at risk:
  days away and moves lower both. Every column of a home's offspring matrix sums to α_own + α_peer, which is
  therefore its spectral radius. Excitation adds to the rate and is not multiplied by u_i, so that an onset brings
  equally many whoever has it; a gamma frailty would no longer integrate out, so u_i is log-normal with mean 1, and
  sampled.
"""
UNSEEN = (
    _q("visible", "V", "children", "≥ 0", "visible residents", "residents of a home on a day who are in the data"),
    _q("hidden", "c", "places", "≥ 0", "hidden places", "registered places that no visible child holds"),
    _q("coverage", "V / (V + c)", "share", "0 to 1", "coverage", "visible residents over places"),
    _q("filled_share", "ρ", "share", "0 to 1", "share filled", "hidden places that hold a child, of all of them"),
    _q("stay_days", "L", "days", "> 0", "mean stay", "resident-days over the ends of stays"),
)
UNSEEN_EQUATION = """\
One authority sees its own children only. Each of the c_hd hidden places of home h on day d holds a child or not, a
two-state chain in days that is left with probability 1/L and entered with ρ / ((1 − ρ) L), so that a share ρ is filled.
With o the share of all places in England that are filled, and v̄ the visible residents over all places,

    ρ = (o − v̄) / (1 − v̄),   cut to [0, 1]

An unseen child j in a hidden place has the model's own intensity,

    log λ_jd = m_j + q_jd'γ + δ p_jd + κ a_jd + v_h + w_{h,period} + log u_j,    u_j ~ Gamma(k, k)

where m_j is intercept and covariates of a day of a visible child of the same home, drawn at random, q_jd its own
simulated history, p_jd the exposure to visible and unseen peers, and a_jd is 1 if it lives alone (κ: `no_peers`). Its
onsets are latent. Given one draw θ of the parameters, K histories z of a home's unseen are drawn forward, and one is
kept with probability in proportion to what it makes of the visible onsets,

    Π_{i, d} exp(y_id g_id(z) − n_id Λ_id exp g_id(z)),    g_id(z) = δ p_id(z) + κ a_id(z)

with Λ_id the visible child's intensity without g. So an imputed history is a draw given the outcome, without which δ
would be drawn towards 0. The model is then fitted to the completed data, θ drawn anew, and so on (data augmentation;
Tanner and Wong 1987, J. Am. Stat. Assoc. 82); the posterior mixes the last fits of M such chains, by Rubin's rules. The
chains start from the fit in which nobody unseen is ever recent. *Bounds*: every hidden place is filled, and those in
them are never recent, or always. Assumed: unseen children are like the visible ones of their home, the unseen are
missing for a short time beside their stay, and K is enough for homes as small as these.
"""
GROUPS = {
    "Outcome and exposure to risk": OUTCOME,
    "Parameters": PARAMETERS,
    "Vulnerability": VULNERABILITY,
    "History": HISTORY,
    "Peers (H1)": PEERS,
    "Ties beyond the home": OUTSIDE,
    "Structure (H2)": STRUCTURE,
    "Moderation (A3)": MODERATION,
    "Calendar": CALENDAR,
    "Other outcomes": OTHER_OUTCOMES,
    "Columns of the other outcomes": OUTCOME_COLUMNS,
    "Daily models": DAILY,
    "Unseen peers": UNSEEN,
}
EQUATIONS = {"Unseen peers": UNSEEN_EQUATION}
QUANTITIES = {q.name: q for group in GROUPS.values() for q in group}


def column_label(name: str) -> str:
    """A few words for a design column, whatever suffix or level it carries; the name itself if it is not known.

    The factors of an interaction are joined by ×.
    """
    if name.startswith("bs("):
        variable, part = name[3:].partition(",")[0], int(name.rpartition("[")[2].rstrip("]")) + 1
        return f"{column_label(variable)}, curve, part {part}"
    if ":" in name:
        return " × ".join(column_label(part) for part in name.split(":"))
    stem, _, level = name.partition("[")
    for suffix, words in (
        ("_between", ", between homes"),
        ("_within", ", within a home"),
        ("_unrecorded", " unrecorded"),
    ):
        if stem.removesuffix(suffix) != stem and stem.removesuffix(suffix) in QUANTITIES:
            return QUANTITIES[stem.removesuffix(suffix)].label + words
    if stem not in QUANTITIES:
        return name
    return QUANTITIES[stem].label + (f" {level.rstrip(']')}" if level else "")


def notation_page() -> str:
    """The notation page as Markdown."""
    lines = ["# Notation", "", "Made from `missingmodels.vocabulary`; code uses these names.", ""]
    for title, group in GROUPS.items():
        lines += [f"## {title}", "", "| code | symbol | unit | values | meaning |", "|---|---|---|---|---|"]
        lines += [f"| `{q.name}` | {q.symbol} | {q.unit} | {q.support} | {q.meaning} |" for q in group]
        lines += ["", EQUATIONS[title]] if title in EQUATIONS else [""]
    lines += ["## Equations of the other outcomes", "", "Symbols as above; a_i ~ Normal(0, σ_child²).", ""]
    for name, (equation, meaning) in OUTCOME_EQUATIONS.items():
        lines += [f"* `{name}`: {equation}", f"  ({meaning})"]
    return "\n".join([*lines, "", "## Equations of the daily models", "", DAILY_EQUATIONS])
