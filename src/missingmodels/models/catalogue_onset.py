"""The onset model in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from missingmodels.models.priors import SCALES, Prior, prior_set
from missingmodels.models.records import ModelRecord, Term
from missingmodels.plan import Priors


def _priors() -> Mapping[str, Mapping[str, Prior]]:
    found = {}
    for use in ("weak", "informed"):
        held = prior_set(Priors(use=use))
        named = {name: getattr(held, name) for name in ("intercept", *SCALES)}
        found[use] = {"intercept": named.pop("intercept"), "any other column": held.coefficient}
        found[use] |= {**held.coefficients, **named}
    return found


ONSET = ModelRecord(
    name="onset",
    title="Onset of missing episodes",
    asks="Do peers' recent episodes, staffing and mix raise the rate at which a child goes missing?",
    code="models.onset.build_model",
    reference="models.reference.joint_log_density",
    terms=(
        Term(
            name="likelihood",
            code="onset",
            equation="y_r ~ Poisson(n_r exp(η_r) u_i)",
            meaning="days of equal covariates added up; a day with an onset counts half",
        ),
        Term(
            name="intensity",
            code="log_rate",
            equation="η = α + x'β + q'γ + p'δ + z'ζ + c'κ + v_h + w_{h,t}",
            parameters=("intercept",),
            meaning="log rate per day of an ordinary child",
        ),
        Term(
            name="homes",
            code="home",
            equation="v_h ~ Normal(0, σ_home²)",
            parameters=("sigma_home",),
            meaning="homes of equal children differ",
        ),
        Term(
            name="periods of a home",
            code="home_period",
            equation="w_{h,t} ~ Normal(0, σ_period²)",
            parameters=("sigma_period",),
            meaning="a shock that a home's children share would else pass for influence",
        ),
        Term(
            name="children",
            code="frailty",
            equation="u_i ~ Gamma(k, k), integrated out",
            parameters=("frailty_shape",),
            meaning="few children have most episodes",
        ),
    ),
    priors=_priors(),
    estimands=("`rate_ratio`: exp of a contrast between two stated exposures.",),
    fitted=("`nuts`: the sampler.",),
    refused=("A fit that does not pass the plan's diagnostics gate.",),
)
