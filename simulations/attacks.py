"""Attacks on what is released of planted children: simulated data that are treated as real, searched byte by byte.

    python simulations/attacks.py --worlds 40 --output simulations/results

Each world is a sector of simulated homes, marked as a return, with a child planted in it for forty days: one who lived
in a new home of its own; the only one of its ethnicity, and the only one whose birth is known to the month; one with
thirty episodes; or one who lived in no home and had an episode there (``attack_children``). The world is described,
fitted by the fast engine and released under the default policy by the commands themselves (``attack_outputs``): the
release, what questions and scores it, figures, tables, methods, a summary to pool, a synthetic twin, a session for
SACRO, and what was printed, refused or left behind. An attack is one probe of one file, or of one pair of outputs. It
finds the child if an identifier, a place, a day of its stay, its group, a small count, its own time at risk, a cell
that follows from a margin, a quotient of exact counts, a line that is blocked with the child alone, or the difference
of two outputs gives it away. Nothing may be found. What the policy costs is told beside it: the share of outputs that
are blocked, and the change of the headline.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import re
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from attack_children import KINDS, PLAN, STAY_DAYS, Planted, planted
from attack_outputs import TWIN, commands, text_of
from attack_probes import digits, quotients, readers, statuses

from missingmodels.config import from_mapping
from missingmodels.disclosure.described import described
from missingmodels.disclosure.gate import gated_data
from missingmodels.disclosure.policy import load_policy
from missingmodels.disclosure.record import Judged
from missingmodels.errors import CannotAnswer
from missingmodels.evidence.counts import describe_risk
from missingmodels.frame.describe import describe
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows
from missingmodels.plan import Frame, Plan
from missingmodels.provenance import versions
from missingmodels.runs.register import register
from missingmodels.tables import Tables

POLICY = "generic"


def counted(tables: Tables) -> dict[str, bytes]:
    """What a description and the counts of evidence give, which no fit is needed for."""
    plan, policy = from_mapping(PLAN, Plan), load_policy(POLICY)
    risk = build_risk_set(tables, plan.frame)
    data = describe_risk(tables, risk, build_rows(tables, risk, plan))
    told = described(describe(tables, plan.frame), Judged(policy))
    counts = gated_data(data, Judged(policy)) if policy.active else data
    return {"describe.json": json.dumps(told).encode(), "counts.json": json.dumps({"data": counts}).encode()}


def texts(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Every file as text, and each by its own name."""
    for name, content in files.items():
        yield f"{name} (its name)", name
        yield name, text_of(name, content)


COUNT_FIELDS = re.compile(
    r"^(data|.*\.data)\.(homes|children|onsets|children_with_onset|same_day_repeats|joint_onsets|onsets_exposed|rows"
    r"|episodes\..*)$|^figures\.dose\.(onsets|all_onsets).*|^comparisons\.\d+\.(units|k_hat_bad|mended|linked)$"
    r"|^own_history\.(new_arrivals|k_hat_bad|mended)$|^(children|children_in_homes|homes|missing_episodes|onsets_in_homes"
    r"|episodes\..*|refits)$"
)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and text of a JSON value under its path."""
    if isinstance(value, dict):
        for name, held in value.items():
            yield from leaves(held, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for i, held in enumerate(value):
            yield from leaves(held, f"{path}.{i}")
    else:
        yield path, value


def records(files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """The numbers of every JSON file by path."""
    return {name: dict(leaves(json.loads(body))) for name, body in files.items() if name.endswith(".json")}


def attacks(
    seed: int, kind: str, costs: list[dict[str, float]] | None = None, *, figures: int | None = None
) -> Iterator[dict[str, Any]]:
    """Every attack on one planted child, and whether it found anything; the policy's cost goes into ``costs``.

    ``figures`` bounds how many of a run's figures and tables are made.
    """
    made = planted(seed, kind)
    files = commands(made.tables, made.plan, seed, policy=POLICY, figures=figures) | counted(made.tables)
    before = counted(made.without)
    for attack, target, found in readers(files.pop("modes.json")):
        yield _row(seed, kind, attack, target, found)
    cost = json.loads(files.pop("cost.json"))
    if costs is not None:
        costs.append(cost)
    for name, text in texts(files):
        for what, secret in made.secrets().items():
            if (name.startswith(TWIN) and "day" in what) or (name.startswith("left/") and what == "ethnicity"):
                continue
            seen = re.search(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", text) is not None
            yield _row(seed, kind, _surface(name), f"{what} in {name}", seen)
        if not name.startswith((TWIN, "left/")):
            shown = re.escape(f"{STAY_DAYS / 365.25:.4f}")
            seen = re.search(rf"(?<![\d.]){shown}\d*(?![\de])", text) is not None
            yield _row(seed, kind, _surface(name), f"years of the stay in {name}", seen)
    now, then = records(files), records(before)
    for name, held in now.items():
        for path, value in held.items():
            if COUNT_FIELDS.match(path) and isinstance(value, int | float):
                yield _row(seed, kind, "small count", f"{path} of {name}", 0 <= value < 10 or value % 5 != 0)
    yield from _counts_in_tables(seed, kind, files)
    yield from _numbers(made, seed, now, then)
    yield from _margins(seed, kind, now)
    yield from _differences(seed, kind, now, then)
    yield from _twins(seed, kind, made, files)
    yield from _second_output(seed, kind, made)


def _numbers(
    made: Planted, seed: int, now: Mapping[str, Mapping[str, Any]], then: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Attacks on numbers, by ``attack_probes``."""
    exact, policy = describe(made.tables, from_mapping(PLAN, Plan).frame), load_policy(POLICY)
    found: list[tuple[str, str, bool]] = []
    for name, held in now.items():
        if "describe" in name:
            found += quotients(name, held, exact, policy)
        if name in then:
            found += statuses(name, held, then[name], outside=made.kind == "in no home")
        if name == "likelihood.json":
            found += digits(name, held)
    for attack, target, one in found:
        yield _row(seed, made.kind, attack, target, one)


def _surface(name: str) -> str:
    """What of an output is searched."""
    if name.endswith("(its name)"):
        return "file name"
    for start, what in (("shown/", "printed"), ("left/", "left behind"), (TWIN, "twin"), ("session/", "session")):
        if name.startswith(start):
            return what
    return {"png": "picture metadata", "svg": "picture text", "pdf": "picture text"}.get(
        name.rsplit(".", 1)[-1], "text"
    )


COUNT_ROWS = ("homes", "children", "onsets", "episodes", "children with an onset")


def _counts_in_tables(seed: int, kind: str, files: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    """Whole numbers in a row or column of counts of a released table, which must be rounded."""
    for name, content in files.items():
        if not name.endswith(".csv") or name.startswith(TWIN) or "disclosure" in name:
            continue
        frame = pd.read_csv(io.BytesIO(content), dtype="string") if content.strip() else pd.DataFrame()
        for column in frame.columns[1:]:  # the first one has labels
            rows = frame[column].str.fullmatch(r"\d{1,3}(?:,\d{3})*").fillna(value=False).to_numpy(bool)
            label = frame.iloc[:, 0].fillna("").str.lower()
            counts = rows & (np.full(len(frame), column in COUNT_ROWS) | label.isin(COUNT_ROWS).to_numpy(bool))
            for at in np.flatnonzero(counts):
                value = int(str(frame[column].iloc[at]).replace(",", ""))
                found = value < 10 or value % 5 != 0
                yield _row(seed, kind, "small count", f"{column} {at} of {name}", found)


def _twins(seed: int, kind: str, made: Planted, files: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    """The scenario of a twin: whatever its rows could tell, it told. Nothing in it is a count that is not rounded, or a
    share of so few; and no twin has the planted child's home, stay or birth.
    """
    told = tomllib.loads(files["twin/scenario.toml"].decode())
    count = told.get("homes", {}).get("count", 40)
    yield _row(seed, kind, "twin", "homes of the scenario", count < 10 or count % 5 != 0)
    children = len(made.tables["children"])
    for name, value in leaves(told.get("children", {})):
        if name.endswith("_share"):
            parts = np.array([value * children, (1 - value) * children])
            yield _row(seed, kind, "twin", f"{name} of the scenario", bool((parts < 9).any()))
    births = pd.read_parquet(io.BytesIO(files["twin/children.parquet"]))
    yield _row(seed, kind, "twin", "births to the month", bool((births["birth_date_precision"] == "month").any()))
    stays = pd.read_parquet(io.BytesIO(files["twin/placements.parquet"]))
    same = (stays["start_date"] == made.first) & (stays["end_date"] == made.last)
    yield _row(seed, kind, "twin", "the very stay", bool(same.any()))
    origin = json.loads(files["twin/manifest.json"])["origin"]
    yield _row(seed, kind, "twin", "origin", set(origin) != {"kind", "of_what", "policy", "seed"})


def _margins(seed: int, kind: str, now: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A blocked cell that is alone among its siblings follows from their total."""
    for name, held in now.items():
        for stem in ("data.episodes", "episodes"):
            cells = [value for path, value in held.items() if path.startswith(f"{stem}.")]
            if cells:
                yield _row(seed, kind, "margin", f"{stem} of {name}", sum(value is None for value in cells) == 1)


def _differences(
    seed: int, kind: str, now: Mapping[str, Mapping[str, Any]], then: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """With and without the child: a difference that is its very contribution, in children, homes, days or years."""
    own = {1.0, float(STAY_DAYS), STAY_DAYS / 365.25}
    for name, held in now.items():
        for path, value in held.items():
            other = then.get(name, {}).get(path)
            if isinstance(value, int | float) and isinstance(other, int | float) and COUNT_FIELDS.match(path):
                apart = abs(float(value) - float(other))
                told = any(np.isclose(apart, size, rtol=0.02) for size in own)
                yield _row(seed, kind, "difference", f"{path} of {name}", told)


def _second_output(seed: int, kind: str, made: Planted) -> Iterator[dict[str, Any]]:
    """A second output of data without the child, after one with it, is refused."""
    policy, frame = load_policy(POLICY), Frame(burn_in_days=28)
    with tempfile.TemporaryDirectory() as room:
        beside = Path(room) / "tables"
        register(made.tables, frame, policy, beside=beside, what="with")
        register(made.tables, frame, policy, beside=beside, what="again")
        try:
            register(made.without, frame, policy, beside=beside, what="without")
        except CannotAnswer:
            yield _row(seed, kind, "second output", "refused", False)
        else:
            yield _row(seed, kind, "second output", "let through", True)


def _row(seed: int, kind: str, attack: str, target: str, found: bool) -> dict[str, Any]:
    return {"seed": seed, "kind": kind, "attack": attack, "target": target, "found": bool(found)}


def campaign(
    worlds: int, seed: int, kept: Path | None = None, minutes: float = float("inf")
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every attack and the cost, child by child; those of a child that is ``kept`` are read instead."""
    found, costs, end = [], [], time.monotonic() + 60 * minutes
    for index, kind in itertools.product(range(worlds), KINDS):
        path = None if kept is None else kept / f"{seed + index}-{KINDS.index(kind)}.json"
        if path is not None and path.is_file():
            held = json.loads(path.read_text())
        elif costs and time.monotonic() > end:
            continue
        else:
            cost: list[dict[str, float]] = []
            held = {"attacks": [*attacks(seed + index, kind, cost)], "costs": cost}
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(held))
        found += held["attacks"]
        costs += held["costs"]
    return pd.DataFrame(found), pd.DataFrame(costs)


def main() -> int:
    """Run the campaign; the exit code is 1 if a child was found."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--worlds", type=int, default=40)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kept", type=Path, help="folder in which finished worlds are kept, to go on from")
    options.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long; --kept goes on")
    options.add_argument("--output", type=Path, help="folder for attacks.json; nothing is written without")
    given = options.parse_args()
    if given.output is not None:
        given.output.mkdir(parents=True, exist_ok=True)
    found, costs = campaign(given.worlds, given.seed, given.kept, given.minutes)
    by_attack = found.groupby("attack")["found"].agg(["size", "sum"])
    summary = {
        "recipe": f"python simulations/attacks.py --worlds {given.worlds} --seed {given.seed}",
        "seed": given.seed,
        "worlds": given.worlds,
        "children": len(costs),
        "attacks": len(found),
        "found": int(found["found"].sum()),
        "by_attack": {name: {"attacks": int(n), "found": int(k)} for name, n, k in by_attack.itertuples()},
        "cost": {name: round(float(costs[name].mean()), 4) for name in costs},
        "versions": versions(),
    }
    print(json.dumps(summary, indent=1))
    for row in found[found["found"]].head(20).to_dict("records"):
        print(row)
    if given.output is not None:
        (given.output / "attacks.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return int(found["found"].any())


if __name__ == "__main__":
    raise SystemExit(main())
