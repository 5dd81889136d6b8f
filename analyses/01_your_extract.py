# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Your extract: from files to tables
#
# You hold SSDA903 returns of some years, perhaps lists of homes and a rota. This guide turns them into *Tables*, shows
# what became of every row, and takes the first look. Name your files in the next cell. While no return is named there,
# the guide makes files to practise on, for no real ones may be kept beside the code.
#
# It runs as it is: `python analyses/01_your_extract.py`, or as a notebook with jupytext. It defines nothing.

# %%
import os
from pathlib import Path

import missingmodels as mm

AUTHORITY = ""  # the code of your authority, for example "301"
RETURNS: list[Path] = []  # folders, zips, workbooks or XML files, of one or more years
LISTS: list[Path] = []  # lists of homes, as Ofsted publishes them or as you were given them; may stay empty
STAFF: list[Path] = []  # rotas, contracts or totals; may stay empty

WORK = Path(os.environ.get("YOUR_EXTRACT", "your-extract"))
TABLES = WORK / "tables"

# %% [markdown]
# ## 0. Files to practise on
#
# Twenty-four homes in two authorities for two years, made only where you name no files. `quirks` dirty the returns as
# real ones are: changes of legal status as rows of their own, a few blank URNs, spells amended a year later.
# `quirks.csv` keeps what was done.

# %%
if not RETURNS:
    scenario = mm.load_scenario("small")
    scenario = scenario.model_copy(
        update={"days": 730, "homes": scenario.homes.model_copy(update={"count": 24, "authorities": 2})}
    )
    world = mm.simulate_world(scenario, seed=1)
    quirks = {"legal_change_share": 0.3, "blank_urn_share": 0.02, "amended_share": 0.2}
    mm.export_files(world.tables, WORK / "files", quirks=quirks, seed=1, overwrite=True)
    AUTHORITY = sorted(world.tables["children"]["authority"].unique())[0]
    RETURNS = sorted(path for path in (WORK / "files" / "returns").iterdir() if AUTHORITY in path.name)
    LISTS = sorted((WORK / "files").glob("ofsted_homes_*.csv"))
    STAFF = [WORK / "files" / f"staff_{name}.csv" for name in ("contracts", "totals")]
[path.as_posix() for path in (*RETURNS, *LISTS, *STAFF)]

# %% [markdown]
# ## 1. Returns to tables
#
# Name the returns of all years at once: what a newer return tells again is merged by rules, and none of them is silent.
# The authority is not in the files, so you give its code. Whatever keeps the files from being returns is told in one
# error, with file, row and remedy, and nothing is written.
#
# On the command line: `missingmodels import ssda903 RETURN… --authority CODE -o TABLES`. There, `--key FILE` replaces
# child ids by keyed hashes on the way in, and `--dfe-rules` adds the department's own validation rules.

# %%
found = mm.read_ssda903(RETURNS, authority=AUTHORITY)
{name: len(frame) for name, frame in found.tables.frames.items()}

# %% [markdown]
# ## 2. The ledger: what became of every row
#
# *Used*, *merged* into another, *repaired* (with rule, before and after) or *set aside* with a reason. The rows add up
# to those of the files, or the import fails.

# %%
print(found.ledger.totals().to_string(index=False))
print(f"{len(found.ledger.repairs)} rows repaired")
print(*found.ledger.notes, sep="\n")

# %% [markdown]
# ## 3. Homes: places and sector
#
# An extract holds a home's URN only. Lists of homes, one for each date that you have, give its places, which bound how
# many children live there; without them nobody can say which peers you do not see.

# %%
tables, home_notes = found.tables, None
if LISTS:
    tables, home_notes = mm.add_homes(tables, [mm.read_ofsted_list(path) for path in LISTS])
    print(home_notes["flag"].value_counts().to_dict())

# %% [markdown]
# ## 4. Write it down, with the data-quality page
#
# `dq.html` counts rows by rule and year, says what each rule means and what to ask, shows what each choice changes (M
# only, or M and A; which home a move-day episode counts for), and how much of each home is seen. `dq.csv` has one line
# a flag. Read it with whoever keyed the data, before any model.

# %%
mm.write_import(tables, found.ledger, TABLES, home_notes=home_notes, overwrite=True)
sorted(path.name for path in TABLES.iterdir())

# %% [markdown]
# ## 5. Staffing
#
# A rota of shifts, contracts, or totals over periods: whichever your homes hold. Totals give staff ratio and agency
# share, contracts give turnover. Staff of homes that the extract does not know are set aside, and counted.

# %%
if STAFF:
    mm.write_staffing([table for path in STAFF for table in mm.read_staffing(path)], into=TABLES, overwrite=True)
tables = mm.read_tables(TABLES)
{name: len(frame) for name, frame in tables.frames.items() if name.startswith("staff")}

# %% [markdown]
# ## 6. Is it whole? The first look
#
# `check_tables` tells every fault at once; there should be none that counts as an error. Then what the data hold. Look
# at the rate and at coverage first: an authority sees only its own children.

# %%
errors = [finding for finding in mm.check_tables(tables) if finding.severity == "error"]
print(f"{len(errors)} errors")
plan = mm.load_plan("default")
first_look = mm.describe(tables, plan.frame)
for name, value in first_look.items():
    print(f"{name.replace('_', ' ')}: {value}")

# %% [markdown]
# ## 7. Where to go on
#
# * `missingmodels describe` sets these figures beside published ones.
# * A plan fixes outcome, exposure, formula, priors and decision rule before you look at any effect; `docs/plans.md` has
#   its keys. Where coverage is low, set `frame.coverage_rule` to `drop`, `bound` or `model` there, and say so.
# * `missingmodels fit TABLES --plan PLAN.toml -o RUN` answers it.
#
# ## 8. What could still be wrong
#
# * The ledger accounts for every row that was read. Of rows that were never written, nobody knows: an episode that no
#   one recorded, a return that was not sent.
# * A blank or a wrong URN puts children together who never met, or apart who lived together. Coverage does not show it.
# * Children whom other authorities placed are not in your return. A home that looks half empty may be full.
# * An amended return changes the past. What is fitted today need not be what is fitted after the next amendment: keep
#   the digests.
