# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # PyMC, ArviZ, and a term of your own
#
# The package ends where you want to go on by yourself: a model of its parts in PyMC, a fit as ArviZ knows it, a term
# that nobody foresaw. This chapter adds an
# effect of districts to the onset model, samples it, looks at it with ArviZ's own functions, and draws its own plot.
#
# It samples, so it takes two to three minutes; the sector is small and says nothing. It defines nothing.

# %%
import warnings

import arviz as az
import matplotlib.pyplot as plt
import numpy as np
import pymc as pm

import missingmodels as mm

# %% [markdown]
# ## 1. A term is one object
#
# What it reads, its unknowns, what it adds to the log rate, its draws as reported, and its equation. An effect of
# units that the package does not know
# is an `mm.GroupEffect`, which is an `mm.Term`; anything else is a subclass with the methods that it needs
# (`docs/terms.md`).

# %%
world = mm.simulate_world(mm.load_scenario("tiny"), seed=4)
homes = sorted(world.tables["homes"]["home_id"].unique())
districts = mm.GroupEffect(
    name="districts",
    code="district",
    of_home={home: f"district {place % 4 + 1}" for place, home in enumerate(homes)},
    equation="d_k ~ Normal(0, σ_district²)",
    parameters=("sigma_district",),
    priors={"sigma_district": mm.Prior(law="half_normal", sd=0.4)},
)
print(isinstance(districts, mm.Term), districts.equation)

# %% [markdown]
# ## 2. The model in PyMC, before any draw
#
# `mm.build_model` hands over the PyMC model itself, with named dimensions and its observed outcomes. What do the
# priors expect?

# %%
plan = mm.Plan(
    name="districts",
    models=("M0", "M1"),
    exposure={"beside": ()},
    effects={"sector_process": "none"},
    sampling={"method": "nuts", "draws": 300, "tune": 400, "chains": 2},
    gate={"ess_min": 50, "rhat_max": 1.05, "rhat_effects_max": 1.1},
)
prepared = mm.prepare(world.tables, plan, terms=[districts])
design = prepared.designs["M1", plan.exposure.primary]
model = mm.build_model(design, plan, terms=[districts])
print(*sorted(variable.name for variable in model.free_RVs), sep=", ")
with model:
    prior = pm.sample_prior_predictive(draws=200, random_seed=1, var_names=["sigma_district", "sigma_home"])
print(az.summary(prior["prior"].to_dataset(), kind="stats").to_string())

# %% [markdown]
# ## 3. Sample it, and see whether it may be believed
#
# The same term goes into an answer or a fit. The gate judges the draws; here it is widened, because a chapter is not
# a study.

# %%
found = mm.fit(prepared, plan, model="M1", seed=1, terms=[districts], allow_unconverged=True)
tree = found.to_datatree()
print(found.summary().head(8).round(3).to_string())

# %%
names = [
    name for name in ("sigma_home", "sigma_period", "sigma_district", "frailty_shape") if name in tree["posterior"]
]
print(az.summary(tree, var_names=names).to_string())

# %% [markdown]
# ArviZ's leave-one-out by child, from the same object: `log_likelihood` is by child, as children are what a new home
# brings. In so small a sector a few children cannot be left out by weights alone, and ArviZ warns of them; the table of
# Pareto k below counts them. The package refits without such children (`mm.answer`).

# %%
with warnings.catch_warnings(action="ignore", category=UserWarning):
    scores = az.loo(tree)
print(scores)

# %% [markdown]
# ## 4. Your own plot
#
# Draws are arrays with names. The posterior of the districts' spread beside its prior says what twelve homes teach of
# four districts: little.

# %%
after = np.asarray(tree["posterior"]["sigma_district"]).ravel()
before = np.asarray(prior["prior"]["sigma_district"]).ravel()
figure, axes = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
bins = np.linspace(0, 1.6, 33)
axes.hist(np.abs(before), bins=bins, density=True, color="#C9D8E4", label="prior")
axes.hist(np.abs(after), bins=bins, density=True, histtype="step", color="#D55E00", linewidth=1.6, label="posterior")
axes.set(xlabel="standard deviation between districts, log rate", yticks=[])
axes.legend(frameon=False)

# %% [markdown]
# ## 5. What could still be wrong
#
# * A term that the data say nothing of returns its prior, and looks like an estimate. Draw both, always.
# * Adding to the PyMC model by hand is free; the verdicts of this package do not know of it.
# * The districts are made up by counting homes, so their true spread is none. A real grouping goes with much that is
#   not in the model.
# * Few effective draws make intervals wrong at their ends first. The gate is widened here and must not be in a study.
