# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # H1: do peers' recent missing episodes raise a child's own rate?
#
# From the question to a verdict and its limits, in the order in which a referee would want it: what is asked and by
# which rule it is answered, before any data; the data; the model and whether it fits; the answer; every way in which
# the answer could be wrong, with how often each check is wrong itself; what this design cannot show.
#
# The data are simulated on the spot, so the truth is known and stands in the last section. For an extract of your own
# change one line, marked below; the guide `01_your_extract.py` makes its tables.
#
# It runs as it is, in about three minutes, as `python analyses/02_peers.py` or as a notebook with jupytext;
# `SCENARIO=tiny` makes a quick look of it. It defines nothing.

# %%
import os
from pathlib import Path

import pandas as pd

import missingmodels as mm

WORK = Path(os.environ.get("PEERS", "peers"))
pd.set_option("display.width", 160, "display.max_columns", 20, "display.max_colwidth", 90)

# %% [markdown]
# ## 1. The question
#
# Practitioners say that missing episodes spread: a child who lives with others who have just been missing is more
# likely to go (Waring et al. 2026 list it as a question left open). Three things look the same from afar:
#
# * **influence**: a peer's episode itself raises the child's rate;
# * **selection**: children who go missing often are placed together;
# * **a shared cause**: something in the home, a bad month, makes all of them go.
#
# H1 is the first. The quantity is the **rate ratio**: how many times as high a child's daily rate is when one or more
# children went missing in the last seven days while they lived with it, against none, for the same child in the same
# home and month.
#
# ## 2. The plan, fixed before the data
#
# A plan is one file. It fixes outcome, exposure, columns, priors and the rule of decision; its digest goes into every
# result, so a plan changed after the fact shows. `M0` holds history and vulnerability; `M1` adds peers; `M3` adds
# staffing and mix as well, and answers. Peers' density stands beside as a second way to count.

# %%
plan = mm.Plan(name="peers", models=("M0", "M1", "M2", "M3"), sampling={"method": "auto"})
print("plan", plan.digest[:23])
print(plan.decision.model_dump())
print("M1 adds:", plan.exposure.primary, f"over {plan.exposure.window_days} days")

# %% [markdown]
# Fits here are by the fast engine, which is behind the same gate of diagnostics as the sampler. For the final fit of a
# paper set `method` to `nuts`, or `auto`.
#
# How many homes would this question need? A rate ratio of 1.3 is found in four of five studies with about 200 homes
# watched for a year (`docs/error_rates.md`); with fewer, *the data cannot say* is the likely verdict whatever is
# true, and an effect that is found is exaggerated. `missingmodels power` answers for your own design.
#
# ## 3. The data
#
# **With an extract of your own, make the last line of the next cell** `tables = mm.read_tables("your-extract/tables")`.

# %%
world = mm.simulate_world(mm.load_scenario(os.environ.get("SCENARIO", "small")), seed=2)
tables = world.tables

# %%
errors = [finding for finding in mm.check_tables(tables) if finding.severity == "error"]
print(f"{len(errors)} errors in the tables")
for name, value in mm.describe(tables, plan.frame).items():
    print(f"{name.replace('_', ' ')}: {value}")

# %% [markdown]
# Read three figures first. *Coverage*: an authority that sees only its own children does not see all peers; then set
# `frame.coverage_rule`. *Share of days at risk beside a recent peer*: all contrast comes from these days. *Onsets per
# missing child*: few children make most of the episodes, so children are not exchangeable.
#
# ## 4. The model
#
# Each child has a rate per day, a product of what is known of the child (age, sex, needs, risk of exploitation, out of
# area), of its own recent episodes and time since arrival, of what is not known of it (a gamma frailty, integrated out
# exactly), of the home, and of the home's 28-day period. The last two matter here: whatever a home's children share,
# always or in a given month, is not counted as influence. Equations are in `docs/models.md`.
#
# What do the priors alone expect, before any outcome is seen?

# %%
prepared = mm.prepare(tables, plan)
print("M0:", prepared.designs["M0", ""].formula)
for check in mm.check_priors(prepared.designs["M3", plan.exposure.primary], plan, seed=1):
    print(check.sentence)
print(*prepared.rows.notes, sep="\n")

# %% [markdown]
# ## 5. Does it fit?
#
# A fit that does not pass the gate raises an error and shows no number. `predictive.png` sets the observed share of
# children with 0, 1, 2–5 … episodes beside replicated ones; `dose.png` episodes beside those expected by the model
# *without* peers, by number of recently missing peers.

# %%
answer = mm.answer(tables, plan, seed=1)
evidence = answer.evidence
gate = ["model", "exposure", "k_hat", "importance_ess", "tail_share_max", "passed"]
print(evidence.to_frame("fits")[gate].round(3).to_string(index=False))
predictive = evidence.figures["predictive"]
shares = {"episodes": predictive["bins"], "observed": predictive["observed"]}
shares |= {end: predictive["replicated"][end] for end in ("low", "median", "high")}
print(pd.DataFrame(shares).round(3).to_string(index=False))
report = mm.write_report(evidence, WORK / "report.html")
print("report:", report, "with", *sorted(path.name for path in (WORK / "figures").iterdir()))

# %%
mm.figures.predictive(evidence)

# %%
dose = evidence.figures["dose"]
table = {"recent peers": dose["bins"], "episodes": dose["onsets"], "days at risk": dose["days_at_risk"]}
table |= {f"observed / expected, {end}": dose["ratio"][end] for end in ("low", "median", "high")}
print(pd.DataFrame(table).round(2).to_string(index=False))

# %%
mm.figures.dose(evidence)

# %% [markdown]
# ## 6. The answer
#
# One table has every estimate. The row of role *primary* answers. M1 beside it says whether staffing and mix change the
# answer; density whether the way of counting does.

# %%
print(evidence.rule)
rows = evidence.to_frame()
ratios = rows[(rows["hypothesis"] == "H1") & (rows["estimand"] == "rate_ratio")]
measured = ["median", "interval_low", "interval_high"]
shown = ["model", "exposure", "role", *measured, "probability_above_null", "verdict"]
print(ratios[shown].round(3).to_string(index=False))

# %%
mm.figures.forest(evidence)

# %% [markdown]
# How much would be gone? The *one-step* share of episodes would not have started had nobody's peers been missing
# lately. The *dynamic* share lives the year again within the observed placements and staffing, so that a prevented
# episode also prevents what it would have caused. Both read the whole association as influence.

# %%
gone = rows[rows["estimand"].str.startswith("attributable_fraction") & (rows["role"] == "primary")]
print(gone[["label", *measured]].round(3).to_string(index=False))
print(*gone["remark"], sep="\n")

# %% [markdown]
# Do peers help to predict the episodes of a child left out? That is a weaker question, and a difference within two
# standard errors of zero says little. `k_hat_bad` children could not be left out by weights alone, their Pareto k above
# 0.7; those not `mended` by a fit without them make the difference indicative only.

# %%
scores = evidence.to_frame("comparisons")
told = ["model", "against", "unit", "difference", "standard_error", "k_hat_max", "k_hat_bad", "mended"]
print(scores.loc[scores["hypothesis"] == "H1", told].round(2).to_string(index=False))

# %% [markdown]
# ## 7. Robustness: is it something else?
#
# Each check asks the question in another way, or asks something that influence could not bring about and another cause
# would (an *alarm*). None is proof. What makes them worth reading is the last column: how often each line says yes in
# simulated sectors whose truth is set, without influence and with it. That was measured with `M1`, so `M1` is what is
# questioned here. `missingmodels robustness RUN` does the same to the model that answers, and adds the specification
# curve.

# %%
found = mm.robustness(tables, plan, model="M1", seed=1, permutations=199, curve=False)
print(*found.sentences(), sep="\n")

# %%
lines = found.to_frame()
asked = lines[(lines["kind"] != "size") & lines[["estimate", "p_value"]].notna().any(axis=1)]
for line in asked.itertuples():
    ratio = "" if pd.isna(line.estimate) else f"{line.estimate:.2f} ({line.low:.2f} to {line.high:.2f})"
    sure = f"P {line.probability:.3f}" if pd.isna(line.p_value) else f"p {line.p_value:.3f}"
    print(f"{line.title}: {line.line}. {ratio} {sure}: {line.verdict}")
    print(f"    cannot {line.cannot}")
    print(f"    how often it says so where the truth is set: {line.how_often}")

# %%
for line in lines[lines["kind"] == "size"].itertuples():
    print(f"{line.line}: {line.verdict}; {line.remark}")
found.write_figures(WORK / "figures")
lines.to_csv(WORK / "robustness.csv", index=False)
print(f"worlds whose truth is set: {'; '.join(found.worlds)}")

# %% [markdown]
# ## 8. The frontier: which shared shocks would this design call influence?
#
# A shock that a home's children share for about as long as the window of exposure imitates influence best. The frontier
# says, for data as precise as these, which shocks by length and size would be called influence, and how often.

# %%
print(found.frontier)

# %% [markdown]
# ## 9. The truth
#
# Only a simulated sector has one; **leave this section out with an extract of your own.** The same function that gave
# the answer gives the truth.

# %%
truth = float(mm.rate_ratio(world.truth, {plan.exposure.primary: 1.0})[0])
held = ratios[ratios["role"] == "primary"].iloc[0]
inside = held["interval_low"] <= truth <= held["interval_high"]
print(f"rate ratio set: {truth:.2f}; the {held['interval_mass']:.0%} interval {'holds' if inside else 'misses'} it")

# %% [markdown]
# ## 10. What could still be wrong, and what this design cannot show
#
# * A shared shock that is not of the home's own making is told from influence by no line above, whatever its length:
#   the 28-day periods take up a part of it, and the more homes there are, the more often the rest is called influence.
#   The frontier says how large it would have to be. Records of such events would tell.
# * It says nothing of *how*: talk, imitation, going together, or what staff do after an episode. Children who leave
#   together on one day are left out of influence altogether, since dates do not say who went first.
# * The dynamic share holds placements as they were. If episodes end placements, an effect that runs through moves is
#   not in it; nor are influence beyond the home, and absences whose length depends on who left.
# * Recorded episodes are not episodes. A home that begins to report after one child's episode makes others' appear.
# * It is about what drives episodes in homes. It is never for scoring individual children or ranking homes.
