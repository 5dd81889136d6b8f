"""Commands without a network: none connects, and none writes beyond its output and the caches that are stated."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import missingmodels

PROGRAM = """
import sys
from missingmodels.cli import main
for words in {commands!r}:
    sys.argv = ["missingmodels", *words]
    try:
        main()
    except SystemExit as left:
        if left.code:
            raise
"""
TRACED = "connect,sendto,sendmsg,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat"
SECRET = "a-word-that-nobody-else-uses-5417"


def without_a_network() -> list[str]:
    """The start of a command line that takes the network away, where the system lets one."""
    way = ["unshare", "--map-root-user", "--net"]
    able = shutil.which("unshare") and subprocess.run([*way, "true"], capture_output=True).returncode == 0
    return way if able else []


@pytest.mark.slow
@pytest.mark.sampled
def test_nothing_connects_and_nothing_is_written_elsewhere(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed, which says what a process asks of the system")
    work, log = tmp_path / "work", tmp_path / "log"
    work.mkdir()
    (work / "tiny.toml").write_text('name = "tiny"\ndays = 150\n[homes]\ncount = 12\n[onset]\nrate_per_year = 6.0\n')
    plan = 'models = ["M0", "M1"]\nexposure.beside = []\nsampling.method = "laplace"\nsampling.draws = 250\n'
    (work / "plan.toml").write_text(plan + "gate.ess_min = 50\n")
    at = {name: str(work / name) for name in ("tiny.toml", "plan.toml", "tables", "run", "files")}
    gated = ("--disclosure", "generic")
    commands = [
        ["simulate", "--scenario", at["tiny.toml"], "-o", at["tables"]],
        ["check", at["tables"]],
        ["describe", at["tables"], *gated],
        ["fit", at["tables"], "--plan", at["plan.toml"], "-o", at["run"], *gated, "--allow-unconverged"],
        ["report", at["run"]],
        ["export", at["tables"], "-o", at["files"]],
    ]  # fmt: skip
    program = PROGRAM.format(commands=commands)
    home = Path.home()
    traced = ["strace", "-f", "-qq", "-e", f"trace={TRACED}", "-o", str(log)]
    environment = {**os.environ, "A_SECRET": SECRET, "OPENBLAS_NUM_THREADS": "1"}
    words = [*without_a_network(), *traced, sys.executable, "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=work, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = log.read_text(errors="replace").splitlines()
    assert [line for line in lines if "AF_INET" in line] == []
    caches = [
        home / ".cache", home / ".pytensor", home / ".config" / "matplotlib", Path(missingmodels.__file__).parent,
        Path(sys.prefix), Path(sys.base_prefix),
    ]  # fmt: skip
    allowed = [
        work,
        Path("/dev"),
        Path("/proc"),
        *caches,
        *map(Path, filter(None, [os.environ.get("NUMBA_CACHE_DIR")])),
    ]
    strange = {path for path in written(lines, work) if not any(path.is_relative_to(one) for one in allowed)}
    # what a library puts into the temporary folder is gone when it ends
    assert {path for path in strange if path.exists() or not path.is_relative_to("/tmp")} == set()
    for path in work.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


def written(lines: list[str], work: Path) -> set[Path]:
    """Every path that was opened for writing, made, or renamed to, and was not refused."""
    found = set()
    for line in lines:
        if re.search(r"= -1 ", line):
            continue
        call = re.search(r"\b(open|openat|creat|mkdir|mkdirat|rename|renameat|renameat2)\(", line)
        if call is None or (call[1].startswith("open") and not re.search(r"O_WRONLY|O_RDWR|O_CREAT", line)):
            continue
        found |= {(work / name).resolve() for name in re.findall(r'"([^"]+)"', line)[-1:]}
    return found
