# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Power for your grant
#
# How many homes, for how long? A power study simulates whole sectors at the effect that you believe in, analyses each
# by your plan,
# and counts how often your rule says *supported*. This chapter runs a small one, reads it, and writes the sentence
# for the application.
#
# It is a toy in size alone: ten sectors a cell, so that it takes two minutes. Give it two hundred before you quote
# anything. It defines nothing.

# %%
import os
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import missingmodels as mm

WORK = Path(os.environ.get("POWER", "power-for-your-grant"))
WORK.mkdir(parents=True, exist_ok=True)
WORLDS = int(os.environ.get("WORLDS", "10"))
pd.set_option("display.width", 160, "display.max_columns", 30)

# %% [markdown]
# ## 1. The question, as a file
#
# A study is one TOML file: the world, the plan, what is asked, and the axes over which it is asked. The effect is an
# assumption, and the file
# says so. No English estimate of peers' influence is published; 1.3 is the middle of a range that was suggested for
# power studies.

# %%
plan = mm.Plan(name="grant", models=("M0", "M1"), exposure={"beside": ()})
study = f"""
name = "grant"
question = "How many homes, watched for a year, show a rate ratio of 1.3 for a recently missing peer?"
seed = 20260101

[scenario]
use = "small"
[scenario.set]
"contagion.log_rate_ratio" = 0.262

[plan.set]
"exposure.beside" = []
"models" = ["M0", "M1"]
"sampling.draws" = 300

[ask]
model = "M1"
quantities = ["peer_presence"]

[axes]
"homes.count" = [20, 40, 80]

[replicates]
batch = 5
at_least = {WORLDS}
at_most = {WORLDS}
"""
file = WORK / "grant.toml"
file.write_text(study, encoding="utf-8")

# %% [markdown]
# ## 2. Run it
#
# The command stops and goes on at any time: what was computed is kept. `--json` and a cluster are for larger ones.

# %%
command = [sys.executable, "-m", "missingmodels", "power", str(file), "-o", str(WORK / "study"), "--workers", "2"]
done = subprocess.run(command, capture_output=True, text=True, check=False)
print(done.stdout or done.stderr[-2000:])
cells = pd.read_csv(WORK / "study" / "cells.csv")
shown = ["homes.count", "replicates", "power", "power_error", "type_m", "type_m_error", "coverage", "failed"]
print(cells[shown].round(3).to_string(index=False))

# %% [markdown]
# ## 3. Read it
#
# *Power* is the share of sectors in which the rule says supported; a fit that failed its gate counts as not. *Type M*
# says by how much what is
# found exaggerates: a small study that finds something has found too much. Each number has a Monte Carlo error, and
# with ten sectors
# it is large.

# %%
figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
axes.errorbar(cells["homes.count"], cells["power"], yerr=cells["power_error"], marker="o", color="#0072B2", capsize=3)
axes.axhline(0.8, color="#777777", linewidth=0.8, linestyle="--")
axes.set(xlabel="homes, each watched for a year", ylabel="power", ylim=(0, 1))

# %% [markdown]
# ## 4. The sentence for the application

# %%
last = cells.iloc[-1]
rule = f"the pre-specified rule (posterior probability of at least {plan.decision.supported_probability})"
print(
    f"In {last['replicates']:.0f} simulated sectors of {last['homes.count']:.0f} homes watched for a year, with a rate "
    f"ratio of 1.3 for a recently missing peer, {rule} supported the hypothesis in {last['power']:.0%} (Monte Carlo "
    f"error {last['power_error']:.0%})."
)

# %% [markdown]
# ## 5. What could still be wrong
#
# * The effect is an assumption. Give it a prior (`[prior]` in the study) and quote assurance, power averaged over what
#   you believe.
# * The sector shares no shocks here. A design for one that does must say which shocks its answer withstands, and needs
#   more homes for it.
# * Homes drop out, extracts come late, a third of the children are placed by somebody else: set `occupancy`, `coverage`
#   and the quirks
#   in the scenario, and see what is left of the power.
# * Clustering, attrition and recording are simulated as this package knows them. The one thing that no power study
#   finds is what nobody put in.
