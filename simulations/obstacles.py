"""Commands that meet what stands in their way: a full disk, a read-only folder, a file that goes, their own double.

    python simulations/obstacles.py --output simulations/results

Of every command of ``interruptions.py``. It may fail, with exit 2 and a message, or end well; what stands there then is
all old, all new, nothing or what a resumed study goes on from; and once the obstacle is gone the same command gives
what an undisturbed run gives, with nothing left about. Disks are small tmpfs mounts in a mount namespace of its own, so
it needs Linux and the right to make one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from interruptions import (
    COMMANDS,
    WAIT_SECONDS,
    Command,
    cluster,
    content,
    finished,
    hidden,
    kept,
    make_base,
    missingmodels,
    prepared,
    state,
)

from missingmodels.provenance import versions

ROOM = (0.05, 0.25, 0.5, 0.75, 0.95)  # share of what an undisturbed command adds that a full disk has
MOMENTS = (0.35, 0.7)  # of the undisturbed time, at which a file goes
LEAST_BYTES = 16_384  # of a tmpfs, whose inodes take pages too
GOES = {  # what a command reads, below the base or its place
    "simulate": "BASE/year.toml",
    "export": "BASE/tables/placements.parquet",
    "import": "BASE/files/returns/SIM_2024-25",
    "fit": "BASE/tables/placements.parquet",
    "fit_sampled": "BASE/tables/placements.parquet",
    "report": "PLACE/private/evidence.json",
    "compare": "PLACE/private/fits/M0.nc",
    "robustness": "PLACE/manifest.json",
    "power": "BASE/study.toml",
    "power_dask": "BASE/study.toml",
}
RUNNING = "MISSINGMODELS_OBSTACLES_NAMESPACE"


class Case:
    """One command on one place of its own, with its own copy of what it reads."""

    def __init__(self, name: str, work: Path, base: Path) -> None:
        self.command: Command = COMMANDS[name]
        self.name, self.folder = name, work
        self.base, self.place = work / "base", work / "disk" / "out"
        shutil.copytree(base, self.base)
        (work / "disk").mkdir()

    def prepare(self) -> dict[str, str]:
        """Put there what the command finds; what it says."""
        self.place.parent.rmdir()
        prepared(self.command, self.base, self.place)
        return content(self.place) if self.place.exists() else {}

    def start(self) -> subprocess.Popen[str]:
        """The command, begun."""
        words = missingmodels(*self.command.on(self.base, self.place))
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


Outcome = list[tuple[int, str]]  # exit code and what was said, of each process


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def _ended(*running: subprocess.Popen[str]) -> Outcome:
    return [(each.returncode, told) for each in running for told in [each.communicate(timeout=WAIT_SECONDS)[1]]]


def _bytes(place: Path) -> int:
    files = [path for path in place.rglob("*") if path.is_file()] if place.exists() else []
    return sum(-(-path.stat().st_size // 4096) * 4096 + 4096 for path in files)


def full_disk(case: Case, share: float, added: int) -> tuple[dict[str, str], Outcome, Callable[[], None]]:
    """On a disk that has room for a share of what the command adds."""
    _mount("-t", "tmpfs", "-o", "size=256m", "tmpfs", str(case.place.parent))
    old = _on_disk(case)
    size = _bytes(case.place.parent) + LEAST_BYTES + int(share * added)
    _mount("-o", f"remount,size={size}", str(case.place.parent))
    told = _ended(case.start())
    return old, told, lambda: _mount("-o", "remount,size=256m", str(case.place.parent))


def _on_disk(case: Case) -> dict[str, str]:
    """As ``Case.prepare``, on a mount that is there."""
    away = case.folder / "away" / "out"
    prepared(case.command, case.base, away)
    if away.exists():
        shutil.copytree(away, case.place)
    shutil.rmtree(away.parent)
    return content(case.place) if case.place.exists() else {}


def read_only(case: Case) -> tuple[dict[str, str], Outcome, Callable[[], None]]:
    """Where nothing can be written."""
    old, disk = case.prepare(), str(case.place.parent)
    _mount("--bind", disk, disk)
    _mount("-o", "remount,ro,bind", disk)
    return old, _ended(case.start()), lambda: _mount("-o", "remount,rw,bind", disk)


def file_goes(case: Case, moment: float, seconds: float) -> tuple[dict[str, str], Outcome, Callable[[], None]]:
    """What it reads is renamed while it runs."""
    old = case.prepare()
    path = Path(GOES[case.name].replace("BASE", str(case.base)).replace("PLACE", str(case.place)))
    aside = case.folder / "aside"
    running = case.start()
    time.sleep(moment * seconds)
    gone = path.exists()
    if gone:
        path.rename(aside)

    def back() -> None:
        if gone and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.rename(path)

    return old, _ended(running), back


def twice(case: Case) -> tuple[dict[str, str], Outcome, Callable[[], None]]:
    """Two of the same on one place at once."""
    old = case.prepare()
    return old, _ended(case.start(), case.start()), lambda: None


def faults(codes: list[int], told: list[str], found: str, again: int, same: bool, left: list[str]) -> list[str]:
    """What is wrong with one obstacle; empty if nothing is."""
    rules = {
        "code": set(codes) <= {0, 2},
        "both failed": len(codes) == 1 or 0 in codes,
        "traceback": not any("Traceback" in each for each in told),
        "nothing said": all(each.strip() for code, each in zip(codes, told, strict=True) if code),
        "mixed": found != "MIXED",
        "again": again == 0,
        "same": same,
        "left": not left,
    }
    return [rule for rule, kept in rules.items() if not kept]


def one(case: Case, obstacle: str, begun: Any, undisturbed: Path) -> dict[str, Any]:
    """One command and one obstacle, and what became of it beside an undisturbed run."""
    old, ended, clear = begun
    new, whole = content(undisturbed), undisturbed if case.command.samples else None
    codes, told = [code for code, _ in ended], [said for _, said in ended]
    clear()  # a file that was taken out of the place itself would look as if the command had left it out
    found = state(case.place, case.command, old, new, whole)
    again = finished(case.command.again(case.base, case.place))
    end = content(case.place, whole) if case.place.exists() else {}
    left = [name for name in hidden(case.place.parent) if name != "."]
    wrong = faults(codes, told, found, again.returncode, end == new, left)
    lines = [line for said in told for line in said.strip().splitlines()[-2:]]
    said = " / ".join(lines).replace(str(case.folder), "")[-220:] if any(codes) else ""
    row = {"command": case.name, "obstacle": obstacle, "codes": " ".join(map(str, codes)), "found": found}
    return row | {"said": said, "again": again.returncode, "faults": "; ".join(wrong)}


def obstacles(name: str, work: Path, base: Path) -> list[dict[str, Any]]:
    """Every obstacle in the way of one command."""
    undisturbed = Case(name, _fresh(work), base)
    undisturbed.prepare()
    before, begin = _bytes(undisturbed.place.parent), time.monotonic()
    ((code, said),) = _ended(undisturbed.start())
    seconds = time.monotonic() - begin
    if code:
        raise SystemExit(f"{name} does not end well undisturbed: {said}")
    added = max(_bytes(undisturbed.place.parent) - before, 65_536)
    tries: dict[str, Callable[[Case], Any]] = {"read-only": read_only, "twice": twice}
    tries |= {f"full at {s:.0%}": lambda case, s=s: full_disk(case, s, added) for s in ROOM}
    tries |= {f"gone at {m:.0%}": lambda case, m=m: file_goes(case, m, seconds) for m in MOMENTS}
    rows = []
    for obstacle, begin_it in tries.items():
        case = Case(name, _fresh(work), base)
        rows.append(one(case, obstacle, begin_it(case), undisturbed.place))
        print(*(f"{key}={value}" for key, value in rows[-1].items()), flush=True)
        while not subprocess.run(["umount", str(case.place.parent)], capture_output=True).returncode:
            pass
        shutil.rmtree(case.folder)
    return rows


def _fresh(work: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=work))


def main() -> int:
    """Run what is asked; the exit code is 1 if anything was wrong."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--commands", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    options.add_argument("--output", type=Path, help="folder for obstacles.csv and .json; nothing is kept without")
    given = options.parse_args()
    if given.output is not None:
        # before the work, so that one that cannot be made is told at once
        given.output.mkdir(parents=True, exist_ok=True)
    if RUNNING not in os.environ:
        os.environ[RUNNING] = "1"
        os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="obstacles-") as folder, cluster(given.commands):
        base = Path(folder) / "base"
        base.mkdir()
        make_base(base, given.commands)
        found = pd.DataFrame([row for name in given.commands for row in obstacles(name, Path(folder), base)])
    if given.output is not None:
        found = kept(found, given.output / "obstacles.csv")
    summary = {
        "recipe": "python simulations/obstacles.py",
        "commands": [*dict.fromkeys(found["command"])],
        "obstacles": len(found),
        "wrong": int((found["faults"] != "").sum()),
        "found": {str(k): int(v) for k, v in found["found"].value_counts().items()},
        "versions": versions(),
    }
    if given.output is not None:
        (given.output / "obstacles.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(summary, indent=1))
    return int(summary["wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
