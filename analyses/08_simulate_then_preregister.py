# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Simulate, then preregister
#
# A plan that was tried on simulated data before the real ones arrive has met its own mistakes. This chapter writes a
# plan, tries it on sectors
# with and without the effect, changes it while that is still honest, freezes it by its digest, and shows how a
# departure is seen afterwards.
#
# It runs in about two minutes; `SCENARIO=tiny` makes a quick look of it. It defines nothing.

# %%
import json
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import missingmodels as mm

WORK = Path(os.environ.get("PREREGISTER", "preregistration"))
WORK.mkdir(parents=True, exist_ok=True)
pd.set_option("display.width", 160, "display.max_columns", 20, "display.max_colwidth", 90)

# %% [markdown]
# ## 1. A first plan
#
# Outcome, exposure, columns, priors, rule and engine are all in it. What is not in it is not fixed.

# %%
first = mm.Plan(
    name="H1, first", models=("M0", "M1"), exposure={"beside": ()}, sampling={"method": "laplace", "draws": 800}
)
print(
    first.digest[:23], first.exposure.primary, first.exposure.window_days, "days;", first.decision.supported_probability
)

# %% [markdown]
# ## 2. Try it where the truth is known
#
# Three sectors with influence and three without. So few say nothing of power (`06_power_for_your_grant.py` does);
# they show whether the plan runs,
# whether its gate passes, and what a report of it would say.

# %%
base = mm.load_scenario(os.environ.get("SCENARIO", "small"))
values = base.model_dump()
scenarios = {}
for ratio, size in ((1.0, 0.0), (1.6, 0.47)):
    scenarios[ratio] = mm.Scenario(**{**values, "contagion": {**values["contagion"], "log_rate_ratio": size}})
tried = []
for ratio, scenario in scenarios.items():
    for seed in (11, 12, 13):
        fit = mm.fit(mm.simulate_world(scenario, seed=seed).tables, first, model="M1", seed=1, allow_unconverged=True)
        row = fit.summary().loc["peer_presence"]
        draws = fit.values["coefficients"][:, list(fit.design.names).index("peer_presence")]
        sure = (draws > 0).mean() >= first.decision.supported_probability
        told = {name: np.exp(row[name]) for name in ("median", "low", "high")}
        tried.append({"rate ratio set": ratio, "seed": seed, **told, "supported": sure})
trials = pd.DataFrame(tried)
print(trials.round(2).to_string(index=False))

# %%
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
places = range(len(trials), 0, -1)
colours = ["#777777" if ratio == 1 else "#0072B2" for ratio in trials["rate ratio set"]]
axes.hlines(places, trials["low"], trials["high"], color=colours, linewidth=1.6)
axes.scatter(trials["median"], places, color=colours, s=22, zorder=3)
axes.plot(trials["rate ratio set"], places, "|", color="#D55E00", markersize=12)
axes.set_yticks(places, [f"seed {seed}" for seed in trials["seed"]])
axes.set(xscale="log", xlabel="rate ratio, 90 % interval; strokes: what was set")

# %% [markdown]
# ## 3. Change it while it is honest
#
# Seen on simulated data: the home's periods could be shorter, the window longer, the rule stricter. Changing them now
# costs nothing. Here the
# rule is made stricter, because the answer will be read by people who act on it.

# %%
plan = first.changed({"name": "H1", "decision.supported_probability": 0.985})
print(plan.digest == first.digest, plan.digest[:23])

# %% [markdown]
# ## 4. Freeze it
#
# The digest is of everything in the plan. Put it, the date and the version where others can see them: a registry, an
# e-mail to your funder, a
# signed commit. The file is the plan; the digest shows that it is this one.

# %%
record = {"plan": plan.model_dump(mode="json"), "digest": plan.digest, "frozen": "before any outcome was read"}
frozen = WORK / "plan.json"
frozen.write_text(json.dumps(record, indent=1), encoding="utf-8")
again = mm.Plan(**json.loads(frozen.read_text(encoding="utf-8"))["plan"])
print("the file holds the same plan:", again.digest == record["digest"])

# %% [markdown]
# ## 5. Afterwards: as planned, or departed from
#
# Every result carries the plan by which it was found. A departure is no crime; one that is not told is.

# %%
found = plan.changed({"exposure.window_days": 14})
planned, used = plan.model_dump(), found.model_dump()
departures = [
    f"{part}.{name}: {planned[part][name]} was planned, {value} was used"
    for part in used
    if isinstance(used[part], dict)
    for name, value in used[part].items()
    if value != planned[part][name]
]
print(*departures or ["as planned"], sep="\n")

# %% [markdown]
# ## 6. What could still be wrong
#
# * A frozen plan can be a bad plan. Freezing keeps you from fooling yourself, not from being wrong.
# * The simulated sectors hold what their makers thought of. Real extracts will surprise; decide beforehand what you
#   will do with rows that no rule foresees,
#   and report the ledger.
# * A plan frozen after somebody looked at the outcomes is a description. Say who saw what, and when.
# * Six sectors are six. That they went well says that the plan runs.
