"""Terms that several models have."""

from __future__ import annotations

from missingmodels.models.term import GroupEffect, Term

HOMES = GroupEffect(
    name="homes",
    code="home",
    unit="home",
    equation="v_h ~ Normal(0, σ_home²)",
    parameters=("sigma_home",),
    meaning="homes of equal children differ",
)
PERIODS = GroupEffect(
    name="periods of a home",
    code="home_period",
    unit="cell",
    equation="w_ht ~ Normal(0, σ_period²)",
    parameters=("sigma_period",),
    meaning="a shock that a home's children share would else pass for influence",
)
GAMMA_EQUATION = (
    "u_i ~ Gamma(k, k): log L_i = Σ y η + lgamma(k + Y) − lgamma(k) + k log k − (k + Y) log(k + Λ), "
    "Y = Σ y, Λ = Σ n exp(η)"
)
GAMMA_MEANING = "few children have most episodes; integrated out exactly, drawn again as Gamma(k + Y, k + Λ)"
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
# Σ (y log n − log y!) holds no parameter; which densities have it is told wherever they are written.
CONSTANTS_OUT = "Σ (y log n − log y!), which holds no parameter, is left out"
