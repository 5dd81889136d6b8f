# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Variables of your own
#
# A provider knows things that no return holds: a diagnosis, attendance at school, incidents in the home, key-worker
# sessions. This
# chapter takes one yes/no of the child, one number with a date, and one kind of event all the way: into the tables,
# into the formula, to an estimate
# with a contrast that you state beforehand.
#
# The variables are made up here, and made to have **no** effect, so that you see what nothing looks like. With your
# own, replace
# the three frames. It runs in about a minute; `SCENARIO=tiny` makes a quick look of it. It defines nothing.

# %%
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import missingmodels as mm

pd.set_option("display.width", 160, "display.max_columns", 20, "display.max_colwidth", 90)

# %% [markdown]
# ## 1. What kind of variable is it?
#
# * One value for a child, a stay or a home goes into a **column** of that table.
# * A value with a date goes into **measures**; in a formula it is `measure(attendance)`, the last value that was known
#   *before* the day.
# * What happens on a day goes into **events**; in a formula it is `event(incident, 1, 3)`, one to three days ago.
#
# Nothing of today or later ever enters a column, whatever is in the file.

# %%
world = mm.simulate_world(mm.load_scenario(os.environ.get("SCENARIO", "small")), seed=1)
random = np.random.default_rng(7)
children = world.tables["children"]["child_id"]
homes = world.tables["homes"]["home_id"].unique()
adhd = pd.DataFrame({"child_id": children, "adhd": random.random(len(children)) < 0.3})

# %%
months = pd.date_range(world.tables.observed_from, periods=12, freq="28D")
attendance = pd.DataFrame(
    [("attendance", child, day, random.beta(6, 2)) for child in children for day in months],
    columns=["name", "child_id", "known_date", "value"],
)
days = [world.tables.observed_from + pd.Timedelta(days=int(day)) for day in random.integers(28, 365, 8 * len(homes))]
incidents = pd.DataFrame({"kind": "incident", "home_id": np.repeat(homes, 8), "day": days})
print(adhd.head(3), attendance.head(3), incidents.head(3), sep="\n\n")

# %% [markdown]
# ## 2. Declare them, with the direction that you expect
#
# A declaration says what a variable is, in words that every report repeats, and which way you expect it to act. Leave
# the direction out if you expect
# nothing: there is then an estimate and no verdict. Deciding on a direction after the estimate is the commonest way
# to be wrong.

# %%
tables = (
    world.tables.with_columns(
        children=adhd, declare={"adhd": {"kind": "yes/no", "meaning": "a diagnosis of ADHD", "direction": "above"}}
    )
    .with_measures(
        attendance, declare={"attendance": {"meaning": "share of school sessions attended", "direction": "below"}}
    )
    .with_events(incidents, declare={"incident": {"meaning": "an incident in the home", "direction": "above"}})
)
problems = [finding for finding in mm.check_tables(tables) if finding.severity == "error"]
print(f"{len(problems)} errors")

# %% [markdown]
# ## 3. Name them in the plan, with the contrast that you want to know

# %%
plan = mm.Plan(
    name="own variables",
    models=("M0", "M1"),
    exposure={"beside": ()},
    sampling={"method": "laplace"},
    terms={"vulnerability": "age_years + male + adhd + measure(attendance) + event(incident, 1, 3)"},
    contrast={"adhd": (0, 1), "measure(attendance)": (0.5, 0.9), "event(incident, 1, 3)": (0, 1)},
)
fit = mm.fit(tables, plan, model="M1", seed=1, allow_unconverged=True)
print("gate passed:", fit.diagnostics.passed)
own = fit.summary().loc[list(plan.contrast)]
step = pd.Series({name: high - low for name, (low, high) in plan.contrast.items()})
ratios = np.exp(own[["median", "low", "high"]].mul(step, axis=0))
print(ratios.round(2).to_string())

# %% [markdown]
# The contrast is stated in the plan, so that nobody can choose the unit after the fact: from half to nine tenths of the
# school sessions attended, not "per standard deviation". `mm.answer(tables, plan)` gives the same rows with a verdict
# by the plan's rule, where you stated a direction, and writes them into the report.

# %%
figure, axes = plt.subplots(figsize=(8, 2.6), layout="constrained")
places = range(len(ratios), 0, -1)
axes.hlines(places, ratios["low"], ratios["high"], color="#D55E00", linewidth=1.6)
axes.plot(ratios["median"], places, "o", color="#D55E00")
axes.axvline(1.0, color="#777777", linewidth=0.8)
axes.set_yticks(places, ratios.index)
axes.set(xscale="log", xlabel="rate ratio of the contrast, 90 % interval (none of them has an effect here)")

# %% [markdown]
# Each interval should hold 1, but one in ten would not. Three variables give three chances of a finding that is none.
#
# ## 4. Does it change the answer on peers?

# %%
without = mm.fit(
    tables, plan.changed({"terms.vulnerability": "age_years + male", "contrast": {}}), seed=1, allow_unconverged=True
)
for label, one in (("with", fit), ("without", without)):
    row = np.exp(one.summary().loc["peer_presence", ["median", "low", "high"]].astype(float))
    print(f"{label} variables of your own: {row['median']:.2f} ({row['low']:.2f} to {row['high']:.2f})")

# %% [markdown]
# ## 5. What could still be wrong
#
# * A variable that answers to episodes (a plan made after the first one, attendance that falls because the child was
#   away) takes up a
#   part of the effect that you look for. That it lies before the day does not make it a cause.
# * What is recorded for some children and not for others is a variable of recording. `mm.check_tables` says which is
#   blank or never varies.
# * An incident is recorded by the staff who record episodes. A diligent home has more of both.
# * Joined to simulated tables your rows make them *mixed*: nobody can say then that they are of no real child.
