"""Commands that are killed at random moments: what is found then, what the next start makes of it, what is left.

    python simulations/interruptions.py --kills 20 --output simulations/results

Each command runs once undisturbed on a world of six homes. Then, ``--kills`` times, a fresh copy is begun and ended by
SIGKILL or SIGTERM in turn, at a moment drawn from the named stream between its start and 1.05 times the undisturbed
time, sampling included. What is found must be all old, all new, nothing, or what a journal completes; the command run
again must give what the undisturbed run gave, byte by byte of what does not hold a time; and nothing may lie about.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from missingmodels.provenance import digest_arrays, digest_bytes, digest_file, digest_json, stream, versions

YEAR = 'name = "year"\ndays = 365\n[homes]\ncount = 6\n'
# no own history and no forecast, and short chains: fits of which no file would be another
PLAN = (
    'models = ["M0", "M1"]\nterms.history = "arrival_band"\nscores.last_days = 0\n'
    "exposure.beside = []\nsampling.draws = 250\nsampling.tune = 200\nsampling.chains = 2\ngate.ess_min = 50\n"
)
STUDY = """
name = "six homes"
seed = 7
[scenario]
set = { days = 100, "onset.rate_per_year" = 8.0, "onset.frailty_shape" = 1.0 }
[plan]
set = { "exposure.beside" = [], "sampling.draws" = 50, "gate.ess_min" = 20, "gate.k_hat_max" = 1.0 }
[axes]
"homes.count" = [6]
"contagion.log_rate_ratio" = [0.3]
[ask]
model = "M1"
[replicates]
batch = 2
at_least = 4
step = 2
at_most = 8
target_error = 0.17
"""
WAIT_SECONDS = 3600.0
ROUNDING = 1e-3  # relative, by which two short runs of a sampler differ: rounding is magnified by the ranks of R-hat
OLD = b"old"
ADDRESS = "INTERRUPTIONS_SCHEDULER"  # where a dask scheduler answers


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command's words, with ``BASE`` and ``PLACE`` in them, and the names that it renews in a run that is there.

    A command without such names writes its folder anew.
    """

    words: str
    renews: tuple[str, ...] = ()
    resumes: bool = False  # the same command again goes on; others that write a folder anew take --overwrite
    samples: bool = False  # two runs of it agree to all but the last digits

    def on(self, base: Path, place: Path) -> list[str]:
        """The words on one place."""
        words = self.words.replace("BASE", str(base)).replace("PLACE", str(place))
        return words.replace("ADDRESS", os.environ.get(ADDRESS, "")).split()

    def again(self, base: Path, place: Path) -> list[str]:
        """The words of the next try."""
        return [*self.on(base, place), *([] if self.renews or self.resumes else ["--overwrite"])]


REPORT = tuple(f"release/{name}" for name in ("report.html", "figures/forest.png", "figures/predictive.png"))
COMMANDS = {
    "simulate": Command(words="simulate --scenario BASE/year.toml -o PLACE"),
    "export": Command(words="export BASE/tables -o PLACE"),
    "import": Command(words="import ssda903 BASE/files/returns/SIM_2024-25 --authority SIM -o PLACE"),
    "fit": Command(words="fit BASE/tables --plan BASE/plan.toml --method laplace -o PLACE"),
    "fit_sampled": Command(words="fit BASE/tables --plan BASE/plan.toml --allow-unconverged -o PLACE", samples=True),
    "report": Command(words="report PLACE", renews=REPORT),
    "compare": Command(
        words="compare PLACE --refits 2", renews=(*REPORT, "release/evidence.json", "private/evidence.json")
    ),
    "robustness": Command(
        words="robustness PLACE --permutations 39 --no-curve",
        renews=("release/robustness.csv", "release/robustness.html"),
    ),
    "power": Command(words="power BASE/study.toml -o PLACE --workers 2", resumes=True),
    "power_dask": Command(words="power BASE/study.toml -o PLACE --scheduler ADDRESS", resumes=True),
}


def missingmodels(*words: str | Path) -> list[str]:
    """The command line as a program of its own."""
    return [sys.executable, "-m", "missingmodels", *map(str, words)]


def finished(words: list[str]) -> subprocess.CompletedProcess[str]:
    """A command that is left alone."""
    return subprocess.run(missingmodels(*words), capture_output=True, text=True, timeout=WAIT_SECONDS)


def make_base(base: Path, commands: list[str]) -> None:
    """World, files, plan, study and run that the commands stand on."""
    for name, text in {"year.toml": YEAR, "plan.toml": PLAN, "study.toml": STUDY}.items():
        (base / name).write_text(text)
    wanted = {"tables": "simulate", "files": "export", "run": "fit"}
    for name, command in wanted.items():
        if name == "run" and not any(COMMANDS[c].renews for c in commands):
            continue
        done = finished(COMMANDS[command].on(base, base / name))
        if done.returncode:
            raise SystemExit(f"the base cannot be made by {command}: {done.stderr}")


def prepared(command: Command, base: Path, place: Path) -> None:
    """The place as the command finds it: a run with recognisably old files, or nothing."""
    place.parent.mkdir(parents=True)
    if command.renews:
        shutil.copytree(base / "run", place)
        for name in command.renews:
            if not name.endswith(".json"):
                (place / name).write_bytes(OLD)


def visible(place: Path) -> list[Path]:
    """Files of a place that are not hidden."""
    found = (path for path in sorted(place.rglob("*")) if path.is_file())
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(place).parts)]


def content(place: Path, whole: Path | None = None) -> dict[str, str]:
    """Digest of what each file says, times left out; pages of fits hold times and are judged by their presence.

    Numbers that differ from those of a ``whole`` run by no more than rounding count as those.
    """
    found = {path.relative_to(place).as_posix(): path for path in visible(place)}
    twins = {name: path if whole is None else whole / name for name, path in found.items()}
    return {name: _digest(twins[name] if _near(path, twins[name]) else path) for name, path in found.items()}


def _near(path: Path, twin: Path) -> bool:
    if path == twin or not twin.is_file() or path.suffix not in (".json", ".nc"):
        return False
    if path.suffix == ".json":
        return _agree(*(_timeless(json.loads(one.read_text(encoding="utf-8"))) for one in (path, twin)))
    pairs = list(itertools.zip_longest(_arrays(path), _arrays(twin)))
    return all(a is not None and b is not None and _agree(a.tolist(), b.tolist()) for a, b in pairs)


def _agree(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_agree(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_agree, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING) or (one != one and other != other)
    return bool(one == other)


def _digest(path: Path) -> str:
    if path.suffix == ".json":
        return digest_json(_timeless(json.loads(path.read_text(encoding="utf-8"))))
    if path.suffix == ".nc":
        return digest_arrays(_arrays(path))
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
        return digest_bytes(frame.drop(columns="seconds", errors="ignore").to_csv(index=False).encode())
    if path.suffix == ".html":
        return "old" if path.read_bytes() == OLD else "a page"
    return digest_file(path)


def _timeless(value: Any) -> Any:
    """Without times and without digests of files that hold times: each file named is compared itself."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if "seconds" not in k and k not in ("tables", "manifest_digest")}
        return {k: sorted(v) if k == "files" else _timeless(v) for k, v in kept.items()}
    return [_timeless(v) for v in value] if isinstance(value, list) else value


def _arrays(path: Path) -> Iterator[np.ndarray]:
    held: list[np.ndarray] = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: held.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    yield from (array for array in map(np.asarray, held) if array.dtype.kind in "biuf")


def hidden(folder: Path) -> list[str]:
    """Everything hidden below a folder."""
    return [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.name.startswith(".")]


def state(place: Path, command: Command, old: dict[str, str], new: dict[str, str], whole: Path | None = None) -> str:
    """What stands at a place: nothing, old, new, or a mixture; a power study grows batch by batch."""
    if not place.exists():
        return "nothing"
    held = content(place, whole)
    if held in (old, new):
        return "old" if held == old else "new"
    if not command.renews and all(new.get(name) == digest for name, digest in held.items()):
        return "a part of new" if "manifest.json" in held and (place / "batches").is_dir() else "MIXED"
    journal = any(name.endswith("journal.json") for name in map(str, place.parent.rglob("*")))
    return "completed by a journal" if journal else "MIXED"


def one(name: str, base: Path, place: Path, moment: float, number: int, undisturbed: Path) -> dict[str, Any]:
    """One interruption, and what became of it beside an undisturbed run."""
    command = COMMANDS[name]
    new, whole = content(undisturbed), undisturbed if command.samples else None
    prepared(command, base, place)
    old = content(place) if place.exists() else {}
    words = command.on(base, place)
    started = subprocess.Popen(missingmodels(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(moment)
    started.send_signal(number)
    _, told = started.communicate(timeout=WAIT_SECONDS)
    found = state(place, command, old, new, whole)
    left = [name for name in hidden(place.parent) if name not in told]  # finished fits are kept, and said to be
    again = finished(command.again(base, place))
    end = content(place, whole) if place.exists() else {}
    return {
        "command": name,
        "signal": signal.Signals(number).name,
        "moment_seconds": round(moment, 3),
        "code": started.returncode,
        "traceback": "Traceback" in told,
        "found": found,
        "hidden_found": len(left),
        "again": again.returncode,
        "same": end == new,
        "differs": ";".join(sorted(k for k in end.keys() | new.keys() if end.get(k) != new.get(k))),
        "told": "stopped" in again.stderr,
        "hidden_left": len(hidden(place.parent)),
    }


def faults(row: dict[str, Any]) -> list[str]:
    """What is wrong with one interruption; empty if nothing is."""
    ended = {signal.SIGKILL.name: (-9, 0), signal.SIGTERM.name: (143, -15, 0)}[row["signal"]]
    rules = {
        "code": row["code"] in ended,
        "traceback": not row["traceback"],
        "mixed": row["found"] != "MIXED",
        "left by SIGTERM": row["signal"] == signal.SIGKILL.name or not row["hidden_found"],
        "again": row["again"] == 0,
        "same": row["same"],
        "left": not row["hidden_left"],
    }
    return [rule for rule, kept in rules.items() if not kept]


@contextlib.contextmanager
def cluster(names: list[str]) -> Iterator[None]:
    """Two dask workers, if a command asks for them; they outlive the commands that are killed."""
    if "power_dask" not in names:
        yield
        return
    import distributed  # of the extra ``cluster``

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as held:
        os.environ[ADDRESS] = held.scheduler_address
        yield


def campaign(names: list[str], kills: int, seed: int, work: Path) -> pd.DataFrame:
    """Every interruption of every command, one row each."""
    base = work / "base"
    base.mkdir()
    make_base(base, names)
    rows = []
    for name in names:
        place = work / name / "undisturbed" / "out"
        prepared(COMMANDS[name], base, place)
        begin = time.monotonic()
        done = finished(COMMANDS[name].on(base, place))
        seconds = time.monotonic() - begin
        if done.returncode:
            raise SystemExit(f"{name} does not end well undisturbed: {done.stderr}")
        draws = stream(seed, "interruptions", name).uniform(0.0, 1.05 * seconds, kills)
        for index, moment in enumerate(draws):
            number = signal.SIGKILL if index % 2 == 0 else signal.SIGTERM
            row = one(name, base, work / name / str(index) / "out", float(moment), number, place)
            rows.append(row | {"faults": "; ".join(faults(row))})
            shutil.rmtree(work / name / str(index))
            print(
                *(f"{k}={row[k]}" for k in ("command", "signal", "moment_seconds", "code", "found")), rows[-1]["faults"]
            )
    return pd.DataFrame(rows)


def main() -> int:
    """Run the campaign; the exit code is 1 if anything was wrong."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--kills", type=int, default=25, help="interruptions of each command")
    options.add_argument("--seed", type=int, default=20)
    options.add_argument("--commands", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    options.add_argument("--output", type=Path, help="folder for interruptions.csv and .json; nothing is kept without")
    given = options.parse_args()
    if given.output is not None:
        # before the work, so that one that cannot be made is told at once
        given.output.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="interruptions-") as work, cluster(given.commands):
        found = campaign(given.commands, given.kills, given.seed, Path(work))
    if given.output is not None:
        found = kept(found, given.output / "interruptions.csv")
    summary = summarised(found, given.kills, given.seed)
    if given.output is not None:
        (given.output / "interruptions.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(summary, indent=1))
    return int(summary["wrong"] > 0)


def kept(found: pd.DataFrame, path: Path) -> pd.DataFrame:
    """All rows on record, those of a command that was run again in place of its earlier ones."""
    if path.is_file():
        earlier = pd.read_csv(path, keep_default_na=False)
        found = pd.concat([earlier[~earlier["command"].isin(found["command"])], found], ignore_index=True)
    found = found.sort_values("command", key=lambda names: names.map([*COMMANDS].index), kind="stable")
    found.to_csv(path, index=False, lineterminator="\n")
    return found


def summarised(found: pd.DataFrame, kills: int, seed: int) -> dict[str, Any]:
    """How many interruptions went wrong, by command."""
    counts = found.assign(wrong=found["faults"] != "").groupby("command", sort=False)["wrong"].agg(["size", "sum"])
    return {
        "recipe": f"python simulations/interruptions.py --kills {kills} --seed {seed}",
        "seed": seed,
        "interruptions": len(found),
        "wrong": int((found["faults"] != "").sum()),
        "by_command": {
            str(name): {"of": int(row["size"]), "wrong": int(row["sum"])} for name, row in counts.iterrows()
        },
        "found": {str(k): int(v) for k, v in found["found"].value_counts().items()},
        "versions": versions(),
    }


if __name__ == "__main__":
    sys.exit(main())
