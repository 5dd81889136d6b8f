# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # What official statistics can say, and what not
#
# Published statistics of authorities and years are real, open and free: missing incidents, children looked after,
# turnover and caseload of social
# workers, and the homes of each area. This chapter fits them, and reads the result as narrowly as it must be read.
#
# The files are not part of this package. Set `OFFICIAL` to a folder that holds them (`docs/commands.md`,
# `missingmodels official`, says which);
# without it the chapter says so and shows nothing. It takes about three minutes with them. It defines nothing.

# %%
import json
import os
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import missingmodels as mm

FOLDER = Path(os.environ.get("OFFICIAL", "official-statistics"))
WORK = Path(os.environ.get("OFFICIAL_WORK", "official-work"))
HERE = FOLDER.is_dir()
pd.set_option("display.width", 160, "display.max_columns", 20, "display.max_colwidth", 100)
print(
    f"Statistics in {FOLDER.name}, read by missingmodels {Path(mm.__file__).parent.name}."
    if HERE
    else "Skipped: there is no folder of official statistics here. Set OFFICIAL to one; the cells below then run."
)

# %% [markdown]
# ## 1. The question that they can answer
#
# Do authorities, and years of one authority, with more turnover among social workers, more agency posts, larger
# caseloads, less stable placements
# or other homes in their area report more missing incidents for each looked-after child?
#
# That is not H2. H2 is of care staff in a home and the children who live there. A social worker is not a care worker,
# two thirds of the
# incidents are not from homes, and an association between authorities need not hold for a child, in size or in sign.

# %%
if HERE:
    command = [sys.executable, "-m", "missingmodels", "official", str(FOLDER), "-o", str(WORK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout[-2500:] or done.stderr[-2000:])

# %% [markdown]
# ## 2. Counts that are intervals
#
# Small counts are suppressed and others rounded. A rounded count is known to lie in an interval, and its likelihood
# is the probability of
# that interval; nothing is imputed, and nothing is dropped for being small.

# %%
if HERE:
    panel = pd.read_csv(WORK / "panel.csv")
    known = panel.dropna(subset=["incidents_low"])
    inexact = (known["incidents_low"] != known["incidents_high"]).sum()
    print(f"{len(known)} authority-years with incidents, {inexact} of them known as an interval only")

# %% [markdown]
# ## 3. The associations
#
# *Between* compares authorities; *within* follows one over its years. They disagree where authorities differ in what
# is not measured.

# %%
if HERE:
    rows = pd.read_csv(WORK / "estimates.csv")
    figure, axes = plt.subplots(figsize=(9, 0.36 * len(rows) + 1), layout="constrained")
    places = range(len(rows), 0, -1)
    axes.hlines(places, rows["low"], rows["high"], color="#009E73", linewidth=1.6)
    axes.plot(rows["median"], places, "o", color="#009E73", markersize=4)
    axes.axvline(1.0, color="#777777", linewidth=0.8)
    axes.set_yticks(places, [f"{row.label} ({row.part})" for row in rows.fillna("").itertuples()], fontsize=7.5)
    axes.set(xscale="log", xlabel="ratio of incidents per child, 90 % interval")

# %% [markdown]
# ## 4. What the page says, in its own words

# %%
if HERE:
    record = json.loads((WORK / "official.json").read_text(encoding="utf-8"))
    print(*record["statement"], sep="\n\n")

# %% [markdown]
# ## 5. What could still be wrong
#
# * Everything that differs between authorities and goes with staffing: deprivation, distance, police, thresholds, how
#   complete the return is.
# * Recording: an authority that loses its staff may record less, or more.
# * Placement stability is of the same year as the incidents and may follow from them.
# * Ten associations give ten chances of one that stands out. None has a verdict here, and none should get one in your
#   text.
