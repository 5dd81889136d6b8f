"""The script for SLURM, run by bash against an sbatch that takes only what the real one takes."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from missingmodels.studies.computing.slurm import slurm_script
from studies import grid_of

# Options as `man sbatch` has them; a job that is depended on must have been submitted.
SBATCH = r"""#!{python}
import argparse, json, os, re, sys
a = argparse.ArgumentParser(allow_abbrev=False)
a.add_argument("--parsable", action="store_true")
for name in ("job-name", "array", "cpus-per-task", "mem", "time", "output", "dependency", "wrap"):
    a.add_argument("--" + name)
given = vars(a.parse_args())
assert given["parsable"] and given["wrap"] and int(given["cpus_per_task"]) == 1 and int(given["time"]) > 0
assert re.fullmatch(r"\d+[KMGT]", given["mem"])
assert os.path.isdir(os.path.dirname(given["output"]))
log = os.environ["SUBMITTED"]
jobs = open(log).read().splitlines() if os.path.exists(log) else []
if given["dependency"]:
    assert re.fullmatch(r"afterany:\d+", given["dependency"]) and int(given["dependency"][9:]) == 100 + len(jobs) - 1
open(log, "a").write(json.dumps(given) + chr(10))
print(str(100 + len(jobs)) + ";cluster")
"""


@pytest.fixture
def submitted(tmp_path):
    place = tmp_path / "bin"
    place.mkdir()
    sbatch = place / "sbatch"
    sbatch.write_text(SBATCH.replace("{python}", sys.executable))
    sbatch.chmod(0o755)

    def submit(script):
        env = {**os.environ, "PATH": f"{place}{os.pathsep}{os.environ['PATH']}", "SUBMITTED": str(tmp_path / "log")}
        done = subprocess.run(["bash"], input=script, env=env, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]

    return submit


def test_an_array_a_look_and_the_sum_after_the_last(tmp_path, submitted):
    """At least 4 worlds, 2 more a look, 8 at most: three looks. A folder's name may hold what a shell would read."""
    study, folder = tmp_path / "my study.toml", tmp_path / "it's $HOME"
    jobs = submitted(slurm_script(grid_of(name="Six homes"), study, folder, 5))
    assert [job["array"] for job in jobs] == ["1-5"] * 3 + [None]
    assert [job["dependency"] for job in jobs] == [None, "afterany:100", "afterany:101", "afterany:102"]
    assert {job["job_name"] for job in jobs} == {"six-homes"}
    command = [sys.executable, "-m", "missingmodels", "power", str(study), "-o", str(folder)]
    for job in jobs[:3]:
        assert shlex.split(job["wrap"]) == [*command, "--workers", "1", "--array", "$SLURM_ARRAY_TASK_ID/5"]
    assert shlex.split(jobs[3]["wrap"]) == [*command, "--collect"]


def test_the_names_of_a_script_cannot_end_its_lines(tmp_path, submitted):
    """A study's name stands in a comment and in a job's name."""
    script = slurm_script(grid_of(name="a\nrm -rf $HOME; `id`"), tmp_path / "s.toml", tmp_path / "out", 1)
    assert not re.search(r"^rm ", script, flags=re.M)
    assert {job["job_name"] for job in submitted(script)} == {"a-rm--rf--home---id-"}
