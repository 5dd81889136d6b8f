"""What several models of the catalogue share: terms, sentences, and the sets of their priors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from missingmodels.models.catalogue.records import Term
from missingmodels.models.priors import Prior

Use = Literal["weak", "informed"]

HOMES = Term(
    name="homes",
    code="home",
    equation="v_h ~ Normal(0, σ_home²)",
    parameters=("sigma_home",),
    meaning="homes of equal children differ",
)
PERIODS = Term(
    name="periods of a home",
    code="home_period",
    equation="w_ht ~ Normal(0, σ_period²)",
    parameters=("sigma_period",),
    meaning="a shock that a home's children share would else pass for influence",
)
GAMMA = Term(
    name="children, gamma",
    code="frailty",
    equation=(
        "u_i ~ Gamma(k, k): log L_i = Σ y η + lgamma(k + Y) − lgamma(k) + k log k − (k + Y) log(k + Λ), "
        "Y = Σ y, Λ = Σ n exp(η)"
    ),
    parameters=("frailty_shape",),
    meaning="few children have most episodes; integrated out exactly, drawn again as Gamma(k + Y, k + Λ)",
)
LOG_NORMAL = Term(
    name="children, log-normal",
    code="child",
    equation="log u_i = s z_i − s²/2, z_i ~ Normal(0, 1)",
    parameters=("frailty_sd_log",),
    meaning="mean 1, sampled: in an additive intensity no gamma integrates out",
)
BEFORE = Term(
    name="before the window",
    code="before_window",
    equation="L_i of all rows over L_i of the rows before",
    chosen='frame.initial = "conditional"',
    meaning=(
        "known history updates the child's u and class. Rows before have every term that rows in the window have, "
        "their own home and period among them; not for a frailty that is sampled"
    ),
)
GATE = "A fit that does not pass the plan's diagnostics gate"
# Σ (y log n − log y!) holds no parameter; which densities have it is told wherever they are written.
CONSTANTS_OUT = "Σ (y log n − log y!), which holds no parameter, is left out"
UNITS = (
    "Columns stand about their mean over days at risk, and α where all are at theirs. A coefficient's prior is of one "
    "unit of an indicator or of a peer exposure, and of one standard deviation of any other column, a curve's among "
    "them; the prior of a column that is named is of one unit of it as it is."
)


def both_sets(of: Callable[[Use], Mapping[str, Prior]]) -> Mapping[str, Mapping[str, Prior]]:
    """The two sets by name."""
    return {"weak": of("weak"), "informed": of("informed")}
