"""A study on a cluster under SLURM: the script that submits it, a job array for each look and the sum at the end."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from missingmodels.studies.questions.grid import Grid

_SCRIPT = r"""#!/bin/bash
# Submits the study {name} to SLURM: run it where sbatch is, as often as you like. What is computed is kept, so a
# task that is stopped costs its unfinished batch alone.
set -euo pipefail
tasks={tasks}        # of each array
minutes=240     # of a task; one that is stopped goes on with the next array
memory=2G       # of a task
study={study}
folder={folder}
python={python}
mkdir -p "$folder-log"
after=()
# One array a look: a cell that has not met its target by then has more worlds in the next. One without work ends.
for look in $(seq 1 {looks}); do
  job=$(sbatch --parsable --job-name={job} --array="1-$tasks" --cpus-per-task=1 --mem="$memory" --time="$minutes" \
    --output="$folder-log/%A-%a.txt" "${{after[@]}}" \
    --wrap="$(printf '%q -m missingmodels power %q -o %q --workers 1 --array ' "$python" "$study" "$folder")\
\$SLURM_ARRAY_TASK_ID/$tasks")
  after=(--dependency="afterany:${{job%%;*}}")
done
sbatch --parsable --job-name={job} --cpus-per-task=1 --mem="$memory" --time="$minutes" \
  --output="$folder-log/%j.txt" "${{after[@]}}" \
  --wrap="$(printf '%q -m missingmodels power %q -o %q --collect' "$python" "$study" "$folder")"
"""


def slurm_script(grid: Grid, study: Path, folder: Path, tasks: int) -> str:
    """The script for a study's file and folder, as both are seen from every node."""
    settings = grid.study.replicates
    looks = 1 + -(-(settings.at_most - settings.at_least) // settings.step)
    job = "".join(c if c.isalnum() else "-" for c in grid.study.name.lower()) or "study"
    return _SCRIPT.format(
        name=" ".join(grid.study.name.split()),
        tasks=tasks,
        study=shlex.quote(str(study.absolute())),
        folder=shlex.quote(str(folder.absolute())),
        python=shlex.quote(sys.executable),
        looks=looks,
        job=shlex.quote(job),
    )
