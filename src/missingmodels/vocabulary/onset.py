"""Quantities of the onset model."""

from __future__ import annotations

from missingmodels.vocabulary.quantity import named as _q

OUTCOME = (
    _q(
        "onset",
        "y",
        "",
        "0 or 1",
        "onset",
        "a missing episode of the child starts on the day; several of one day count once",
    ),
    _q(
        "days_at_risk",
        "e",
        "days",
        "0, ½, 1",
        "days at risk",
        "resident, and neither missing at the day's start nor on a temporary absence; ½ on a return day, which may "
        "hold a new onset",
    ),
    _q("days", "n", "days", "≥ 0", "days", "likelihood exposure Σ e (1 − y/2): a day with an onset counts half"),
)
PARAMETERS = (
    _q(
        "intercept",
        "α",
        "log per day",
        "real",
        "intercept",
        "log intensity where every column is 0; its prior speaks of every column at its mean",
    ),
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
    _q(
        "sigma_sector",
        "σ_sector",
        "log rate",
        "≥ 0",
        "sd over time of what all homes share",
        "standard deviation of s, the process that all homes share",
    ),
)
# Scalars in the order in which they are told, and the estimand that each is.
SCALARS = {
    "sigma_home": "sd_log",
    "sigma_period": "sd_log",
    "sigma_authority": "sd_log",
    "sigma_owner": "sd_log",
    "sigma_peer_slope": "sd_log",
    "sigma_sector": "sd_log",
    "frailty_shape": "shape",
    "frailty_sd_log": "sd_log",
    "low_risk_share": "share",
    "low_risk_ratio": "ratio",
}
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
