# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Robustness: is it influence, or something that looks like it?
#
# `02_peers.py` ends with an answer. This chapter takes an answer apart. Each check asks the question in another way,
# or asks
# something that influence could not bring about and another cause would. None of them is proof. What makes a check
# worth
# reading is how often it says the same in sectors whose truth is set, and that stands beside every line.
#
# The sector is simulated with a rate ratio of 1.30, so that you can see what each check makes of a true effect in few
# homes. It
# runs in about two minutes; `SCENARIO=tiny` makes a quick look of it. It defines nothing.

# %%
import os

import matplotlib.pyplot as plt
import pandas as pd

import missingmodels as mm

pd.set_option("display.width", 180, "display.max_columns", 20, "display.max_colwidth", 80)

# %% [markdown]
# ## 1. The answer that is to be questioned
#
# The plan is fixed first. The battery fits nothing that the plan does not name, but for the one thing that each line
# changes.

# %%
world = mm.simulate_world(mm.load_scenario(os.environ.get("SCENARIO", "small")), seed=3)
plan = mm.Plan(name="robustness", models=("M0", "M1"), exposure={"beside": ()}, sampling={"method": "laplace"})
found = mm.robustness(world.tables, plan, model="M1", seed=1, permutations=99, curve=False)
print(*found.sentences(), sep="\n")

# %% [markdown]
# ## 2. Every line, with how often it is wrong
#
# *Influence* lines should say yes if influence is there; an *alarm* should stay silent. A line without an estimate is a
# randomisation test: the same data with peers or days turned round.

# %%
lines = found.to_frame()
shown = lines[lines["estimate"].notna()]
print(shown[["title", "line", "estimate", "low", "high", "verdict"]].round(2).to_string(index=False))

# %% [markdown]
# One picture of the same: each line's rate ratio with its interval, in the order of the battery. Lines agree where
# the choice that
# each of them changes does not matter. A single line far from the others is a question, not an answer.

# %%
figure, axes = plt.subplots(figsize=(8, 0.28 * len(shown) + 1.2), layout="constrained")
places = range(len(shown), 0, -1)
axes.hlines(places, shown["low"], shown["high"], color="#0072B2", linewidth=1.4)
axes.plot(shown["estimate"], places, "o", color="#0072B2", markersize=4)
axes.axvline(1.0, color="#777777", linewidth=0.8)
axes.set_yticks(places, [f"{row.title}: {row.line}"[:70] for row in shown.itertuples()], fontsize=8)
axes.set(xscale="log", xlabel="rate ratio, 90 % interval")

# %% [markdown]
# What each line cannot show matters as much as what it says.

# %%
for line in lines.drop_duplicates("title").itertuples():
    print(f"{line.title}: shows {line.shows}; cannot {line.cannot}")

# %% [markdown]
# ## 3. The frontier: which shared shocks would be called influence?
#
# For data as precise as these. The whole specification curve, the answer under every combination of window, period
# and way of counting, is
# drawn by `missingmodels robustness RUN`; it takes as many fits as there are combinations.

# %%
print(found.frontier)

# %% [markdown]
# ## 4. How often does a line say so?

# %%
for line in lines[lines["how_often"] != ""].head(8).itertuples():
    print(f"{line.title}: {line.line}\n    {line.how_often}")

# %% [markdown]
# ## 5. What could still be wrong
#
# * A shock that the home's children share for about as long as the window is told from influence by none of these
#   lines. The
#   frontier says how large it would have to be; your knowledge of the homes says whether it could be.
# * Lines are not independent: ten that agree are not ten pieces of evidence. They share the data, the model of the
#   child, and the
#   recording.
# * How often a line is wrong was measured in simulated sectors of a stated size and kind. A sector unlike those has
#   rates of its
#   own; `missingmodels power` measures them for your design.
# * A battery that is run until one line pleases is worth nothing. The plan's digest says which question came first.
