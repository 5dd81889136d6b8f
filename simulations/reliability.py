"""Mutated inputs over every reader: none may end in a foreign exception, hang, crash, or lose a row in silence.

    python simulations/reliability.py --per-reader 3000 --quick 11500 --store FOLDER --write

Readers that take less than 0.05 s of a processor a case have ``--quick`` cases, the others ``--per-reader``. Each case
is drawn from a stream named by reader and number, so that any runs alone: ``--case xml:17``. Cases run in worker
processes: one that dies, takes over 20 s of a processor or waits so long is a finding, and the rest go on. What is
done stays in the store; run again to go on, or with more per reader.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing as mp
import os
import tempfile
import time
import traceback
import warnings
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pandas as pd
import reliability_readers as readers

from missingmodels.errors import MissingModelsError
from missingmodels.provenance import stream, versions
from missingmodels.tables.csv_out import frame_csv

SEED = 20261129
CHUNK = 100
LONGEST_SECONDS = 20.0  # of a processor, or of waiting for nothing
STARTING_SECONDS = 900.0  # a worker imports the package, and the first may have to fit its seeds
RESULTS = Path(__file__).parent / "results"
OUTCOMES = ("refused", "read", "foreign", "hang", "crash", "lost")


def run_case(name: str, index: int, seeds: Path, place: Path) -> dict[str, Any]:
    """One case: what became of it, and of whom the exception was."""
    reader = readers.READERS[name]
    readers.clear(place)
    reader.make(seeds, place, stream(SEED, "reliability", name, index))
    started = time.perf_counter()
    outcome, detail = "read", ""
    try:
        account = reader.read(place, index)
        if account is not None and account[0] != account[1]:
            outcome, detail = "lost", f"{account[0]} rows stand there, {account[1]} are accounted for"
    except MissingModelsError:
        outcome = "refused"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)
        own = next((f for f in reversed(last) if "missingmodels" in f.filename), last[-1])
        outcome = "foreign"
        detail = f"{type(error).__name__}: {str(error)[:150]} ({Path(own.filename).name}:{own.lineno})"
    return {"case": f"{name}:{index}", "outcome": outcome, "detail": detail, "seconds": time.perf_counter() - started}


def warm(name: str, seeds: Path, place: Path) -> None:
    """Read a reader's seed as it is, drawing included, so that imports and fonts do not count as a case's seconds."""
    reader = readers.READERS[name]
    for each, content in reader.files(seeds).items():
        (place / each).parent.mkdir(parents=True, exist_ok=True)
        (place / each).write_bytes(content)
    if not place.with_suffix(f".{name}").exists():
        place.with_suffix(f".{name}").touch()
        reader.read(place, 0)


def work(pipe: Connection, seeds: Path) -> None:
    """A worker: takes (reader, first, end), says before each case that it starts, and after it what came of it."""
    warnings.simplefilter("ignore")
    readers.SEEDS[:] = [seeds]
    place = Path(tempfile.mkdtemp(prefix="case-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        while (task := pipe.recv()) is not None:
            name, first, end = task
            warm(name, seeds, place / "seed")
            for index in range(first, end):
                pipe.send(("start", index))
                pipe.send(("done", run_case(name, index, seeds, place / "case")))
            pipe.send(("end", None))
    finally:
        readers.shutil.rmtree(place, ignore_errors=True)


class Worker:
    """A process and what it is at."""

    def __init__(self, seeds: Path) -> None:
        self.seeds = seeds
        self.start()

    def start(self) -> None:
        context = mp.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, self.seeds), daemon=True)
        self.process.start()
        theirs.close()

    def chunk(self, name: str, first: int, end: int) -> list[dict[str, Any]]:
        """Results of some cases; a worker that dies or hangs is replaced, and the case that it was at is a finding."""
        found: list[dict[str, Any]] = []
        while first < end:
            at: int | None = None
            used = 0.0
            try:
                self.pipe.send((name, first, end))
                while True:
                    if not self.pipe.poll(STARTING_SECONDS if at is None else LONGEST_SECONDS):
                        if at is not None and self.waits_for_a_processor(used):
                            continue
                        found.append(_ended(name, first if at is None else at, "hang"))
                        break
                    what, held = self.pipe.recv()
                    if what == "end":
                        return found
                    if what == "start":
                        at, used = held, self.used()[1]
                    else:
                        found.append(held)
            except (EOFError, OSError):
                found.append(_ended(name, first if at is None else at, "crash"))
            self.stop()
            first = (first if at is None else at) + 1
            self.start()
        return found

    def used(self) -> tuple[str, float]:
        """The worker's state as Linux tells it, and its processor seconds; elsewhere neither is known."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return "", 0.0
        return fields[0], (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def waits_for_a_processor(self, before: float) -> bool:
        """On a busy machine a case may take long and be at work for a moment of it: that is no hang."""
        state, now = self.used()
        return state in ("R", "D") and now - before < LONGEST_SECONDS

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _ended(name: str, index: int, outcome: str) -> dict[str, Any]:
    return {"case": f"{name}:{index}", "outcome": outcome, "detail": "", "seconds": LONGEST_SECONDS}


def campaign(wanted: Mapping[str, int], store: Path, *, chunk: int = CHUNK) -> pd.DataFrame:
    """Run what the store does not hold yet of so many cases by reader, in whole chunks; returns the table of results.

    All readers come equally far on the way to theirs, so that a campaign that is cut short has tried each.
    """
    seeds = store / "seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    log = store / "chunks.jsonl"
    done = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    held = {(entry["reader"], entry["first"], entry["end"]) for entry in done}
    worker = Worker(seeds)
    try:
        tasks = [(name, first, first + chunk) for name, cases in wanted.items() for first in range(0, cases, chunk)]
        for task in sorted(tasks, key=lambda task: task[1] / wanted[task[0]]):
            if task in held:
                continue
            done.append(json.loads(json.dumps(_entry(task, worker.chunk(*task)))))
            with log.open("a") as file:
                file.write(json.dumps(done[-1]) + "\n")
    finally:
        worker.stop()
    return table([e for e in done if e["first"] < wanted.get(e["reader"], 0)])


def _entry(task: tuple[str, int, int], found: list[dict[str, Any]]) -> dict[str, Any]:
    """What the store keeps of a chunk."""
    return {
        "reader": task[0],
        "first": task[1],
        "end": task[2],
        "counts": collections.Counter(case["outcome"] for case in found),
        "seconds": sum(case["seconds"] for case in found),
        "findings": [case for case in found if case["outcome"] not in ("refused", "read")],
    }


def table(done: list[dict[str, Any]]) -> pd.DataFrame:
    """One line a reader: cases tried, by what became of them, and the seconds that reading took."""
    lines: dict[str, collections.Counter[str]] = {}
    for entry in done:
        line = lines.setdefault(entry["reader"], collections.Counter())
        line.update(entry["counts"] | {"tried": sum(entry["counts"].values())})
        line["seconds"] += entry["seconds"]
    rows = [
        {"reader": n, "tried": c["tried"], **{o: c[o] for o in OUTCOMES}, "seconds": c["seconds"]}
        for n, c in lines.items()
    ]
    return pd.DataFrame(rows).round({"seconds": 1})


def findings(store: Path) -> list[dict[str, Any]]:
    """Every case that was neither read nor refused."""
    return [f for line in (store / "chunks.jsonl").read_text().splitlines() for f in json.loads(line)["findings"]]


def main() -> None:
    """Run the campaign, or one case."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--per-reader", type=int, default=3000)
    asked.add_argument("--quick", type=int, default=11500)
    asked.add_argument("--readers", nargs="+", default=[*readers.READERS], choices=[*readers.READERS])
    asked.add_argument("--store", type=Path, default=Path("reliability-store"))
    asked.add_argument("--case", help="one case alone, READER:NUMBER, with its traceback; its files stay in the store")
    asked.add_argument("--write", action="store_true", help=f"write the results into {RESULTS.name}/")
    given = asked.parse_args()
    if given.case:
        name, _, index = given.case.partition(":")
        seeds = given.store / "seeds"
        seeds.mkdir(parents=True, exist_ok=True)
        readers.SEEDS[:] = [seeds]
        place = given.store / "case"
        print(run_case(name, int(index), seeds, place))
        print(f"files: {place}")
        readers.READERS[name].read(place, int(index))
        return
    wanted = {name: given.quick if name in readers.QUICK else given.per_reader for name in given.readers}
    found = campaign(wanted, given.store)
    print(found.to_string(index=False))
    for case in findings(given.store):
        print(case)
    if given.write:
        (RESULTS / "reliability.csv").write_text(frame_csv(found))
        record = {
            "seed": SEED,
            "recipe": f"python simulations/reliability.py --per-reader {given.per_reader} --quick {given.quick}",
            "tried": int(found["tried"].sum()),
            "findings": findings(given.store),
            "versions": versions(),
        }
        (RESULTS / "reliability.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
