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
        "Σ exp(−(d − s)/τ) over the onsets s < d of other residents; τ fixed by the plan",
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
    "Unseen peers": UNSEEN,
}
EQUATIONS = {"Unseen peers": UNSEEN_EQUATION}
QUANTITIES = {q.name: q for group in GROUPS.values() for q in group}


def column_label(name: str) -> str:
    """A few words for a design column, whatever suffix or level it carries; the name itself if it is not known.

    The factors of an interaction are joined by ×.
    """
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
    return "\n".join(lines)
