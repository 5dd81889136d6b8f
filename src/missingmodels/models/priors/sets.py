"""The two sets of priors: ``weak``, the default, and ``informed`` by published figures, each prior with its source.

An informed prior of a coefficient is given per raw unit and converted.
"""

from __future__ import annotations

import math

from missingmodels.models.priors.law import Prior, PriorSet
from missingmodels.sources import card

# What "short staffing" means where a size is stated for it: staff per resident a quarter below the home's mean.
QUARTER_SHORT = math.log(4 / 3)


LOW_RISK_RATIO = 0.05


def weak() -> PriorSet:
    """Priors that leave the answer to the data: the default."""
    national = card("missing_rate_per_resident_year")
    return PriorSet(
        name="weak",
        intercept=Prior(
            law="normal",
            mean=math.log(national.value / 365.25),
            sd=1.5,
            reason=f"the ordinary day's rate lies within a factor of 20 of the national one, {national.value:g} a year",
            source=national.citation,
        ),
        coefficient=Prior(law="normal", sd=1.0, reason="a rate ratio between 1/7 and 7 with 95 % probability"),
        sigma_home=Prior(law="half_normal", sd=1.0, reason="homes of equal children differ by less than a factor of 7"),
        sigma_period=Prior(law="half_normal", sd=0.5, reason="a home's months differ by less than its homes"),
        frailty_shape=Prior(
            law="log_normal",
            mean=math.log(0.5),
            sd=1.0,
            reason="from nearly all onsets in a few children (0.07) to nearly none so (3.6)",
        ),
        frailty_sd_log=Prior(
            law="log_normal",
            mean=math.log(1.05),
            sd=0.5,
            reason="the coefficient of variation of the gamma's median shape; 95 % of it between 0.4 and 2.8",
        ),
        low_risk_share=_share(0.5, 0.5 / math.sqrt(5), "beta(2, 2): neither class is empty"),
        low_risk_ratio=Prior(
            law="fixed", mean=LOW_RISK_RATIO, reason="assumption: few onsets tell a small ratio from a smaller one"
        ),
        sigma_authority=Prior(law="half_normal", sd=0.5, reason="authorities differ by less than their homes"),
        sigma_owner=Prior(law="half_normal", sd=0.5, reason="owners differ by less than their homes"),
        sigma_peer_slope=Prior(
            law="half_normal", sd=0.5, reason="a peer rate ratio of 1.3 in the middle home is 0.5 to 3.5 in most others"
        ),
        sigma_sector=Prior(law="half_normal", sd=0.5, reason="what all homes share varies as a home's months do"),
        sigma_adult=Prior(
            law="half_normal", sd=0.5, reason="a shift of one adult differs from another's by less than a factor of 7"
        ),
    )


def _share(mean: float, sd: float, reason: str, source: str = "") -> Prior:
    return Prior(law="beta", mean=mean, sd=sd, reason=reason, source=source)


def _ratio(low: float, centre: float, high: float, reason: str, source: str, *, step: float = 1.0) -> Prior:
    """A normal prior on the log whose 95 % range spans that of a rate ratio over ``step`` raw units."""
    sd = (math.log(high) - math.log(low)) / (2 * 1.96)
    return Prior(law="normal", mean=math.log(centre) / step, sd=sd / step, reason=reason, source=source)


def informed() -> PriorSet:
    """Priors by what is published, where something is; else the weak ones."""
    base = weak()
    study = "range suggested for power studies; no English estimate is published"
    return PriorSet(
        name="informed",
        intercept=Prior(
            law="normal",
            mean=base.intercept.mean - 0.5,
            sd=0.5,
            reason="below the national rate, which history and peers raise",
            source=base.intercept.source,
        ),
        coefficient=Prior(law="normal", sd=0.3, reason="keeps rates below one a day and contagion subcritical"),
        sigma_home=Prior(
            law="half_normal",
            sd=0.4,
            reason="intraclass correlation of 0.05 to 0.20",
            source=card("home_sd_log").citation,
        ),
        sigma_period=Prior(law="half_normal", sd=0.3, reason="shared shocks no larger than differences between homes"),
        frailty_shape=Prior(
            law="log_normal",
            mean=math.log(0.3),
            sd=0.4,
            reason="a little less concentrated than annual counts",
            source=card("frailty_shape").citation,
        ),
        frailty_sd_log=Prior(
            law="log_normal",
            mean=0.5 * math.log(math.log1p(1 / card("frailty_shape").value)),
            sd=0.25,
            reason="the coefficient of variation of the gamma's median shape",
            source=card("frailty_shape").citation,
        ),
        low_risk_share=_share(0.4, 0.2, "assumption: below the share of residents who are missing in no year, 0.6"),
        low_risk_ratio=base.low_risk_ratio,
        sigma_authority=Prior(law="half_normal", sd=0.2, reason="half of the spread between homes"),
        sigma_owner=Prior(law="half_normal", sd=0.2, reason="half of the spread between homes"),
        sigma_peer_slope=Prior(
            law="half_normal", sd=0.2, reason="the middle home's rate ratio of 1.3 stays above 1 in nine of ten homes"
        ),
        sigma_sector=Prior(law="half_normal", sd=0.3, reason="what all homes share varies as a home's months do"),
        sigma_adult=Prior(law="half_normal", sd=0.3, reason="adults differ by no more than homes"),
        coefficients={
            "peer_presence": _ratio(1.0, 1.3, 2.2, "between a null and two positive studies", study),
            "peer_density": _ratio(0.8, 1.6, 4.0, "one recent peer of two or three", study),
            "peer_presence:short_staffing": _ratio(
                0.9,
                card("short_staffing_rate_ratio").value,
                1.6,
                "assumption: what staff a quarter below the home's mean do to the peers' rate ratio; 0.86 to 1.53 with "
                "95 % probability, as wide as the range of the source but about its middle",
                card("short_staffing_rate_ratio").citation,
                step=QUARTER_SHORT,
            ),
            "own_1_7": _ratio(
                1.2,
                1.8,
                3.0,
                "repeat timing that fixed heterogeneity cannot give",
                card("own_recent_rate_ratio").citation,
            ),
            "age_years": _ratio(
                1.08, 1.18, 1.28, "risk rises through the teens", card("age_rate_ratio_per_year").citation
            ),
            "out_of_area": _ratio(
                0.55,
                0.75,
                1.0,
                "in-area children go missing 1.33 times as often, a little less than unadjusted figures have it",
                "DfE and APPG figures, ratio 1.4 unadjusted",
            ),
            "exploitation_risk": _ratio(
                0.8, 1.5, 2.8, "exploited children go missing more often", "direction from several studies"
            ),
        },
    )
