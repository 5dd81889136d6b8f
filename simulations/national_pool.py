"""Writes made-up national returns of five years, to time the importer on: sizes as of England, contents invented.

python simulations/national_pool.py FOLDER [--children 90000] [--years 5]

About 90,000 children and 400,000 episode rows a return: England had 83,630 children looked after on 31 March 2024, and
more in the year (Department for Education, Children looked after in England including adoptions, 2024). Episodes that
are open on 31 March come back with the next return, spells too. Each year is a folder of CSV files; one authority, so
that nothing but the size differs from a real return.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from missingmodels.provenance import stream

FIRST_YEAR = 2021
EPISODES_A_CHILD = 4.4  # in a year, changes of legal status and temporary absences included
LEAVING = 0.35  # of the children of a year leave care in it
SPELLS_A_CHILD = 0.9
PLACES = np.array(["U4", "U6", "U1", "K2", "K2", "P1", "K3", "R1", "T1"])
HOMES = 3500


def write_pool(folder: Path, *, children: int = 90_000, years: int = 5, seed: int = 1) -> Path:
    """Returns in ``folder/903_<end year>``; about ``children`` a year. Returns the folder."""
    rng = stream(seed, "national pool")
    present = np.zeros(0, dtype=np.int64)
    next_child, carried = 1_000_000, pd.DataFrame()
    births: dict[str, np.ndarray] = {"child": np.zeros(0, dtype=np.int64), "days": np.zeros(0, dtype=np.int64)}
    for year in range(FIRST_YEAR, FIRST_YEAR + years):
        entering = children - present.size
        new = np.arange(next_child, next_child + entering)
        next_child += entering
        births["child"] = np.concatenate([births["child"], new])
        births["days"] = np.concatenate([births["days"], rng.integers(3 * 365, 14 * 365, entering)])
        episodes, carried, present = _year(rng, year, np.concatenate([present, new]), carried)
        _write(folder / f"903_{year}", year, episodes, births, rng)
    return folder


def _year(
    rng: np.random.Generator, year: int, held: np.ndarray, carried: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """One return's episodes, those open at its end, and the children who stay."""
    first = np.datetime64(f"{year - 1}-04-01").astype("int64")
    count = np.maximum(rng.poisson(EPISODES_A_CHILD - 1, held.size) + 1, 1)
    child = np.repeat(held, count)
    nth = np.arange(child.size) - np.repeat(np.cumsum(count) - count, count)
    # Starts are ordered days of the year without repeats, so that episodes touch and none is empty.
    step = np.maximum(360 // (count + 1), 1)
    start = first + np.repeat(step, count) * (nth + 1) + rng.integers(0, 2, child.size)
    end = np.append(start[1:], 0)
    last = np.append(child[1:] != child[:-1], True)
    leaves = np.repeat(rng.random(held.size) < LEAVING, count)
    frame = pd.DataFrame(
        {
            "CHILD": child,
            "start": start,
            "end": np.where(last, np.where(leaves, np.minimum(start + 2, first + 364), -1), end),
            "RNE": np.where(nth == 0, "S", rng.choice(["P", "L", "L", "T"], child.size)),
            "place": rng.integers(0, PLACES.size, child.size),
            "home": rng.integers(0, HOMES, child.size),
            "REC": np.where(last, np.where(leaves, "E4A", ""), "X1"),
        }
    )
    same = (frame["RNE"] == "L").to_numpy()
    at = np.where(same, 0, np.arange(len(frame)))
    np.maximum.accumulate(at, out=at)
    frame["place"], frame["home"] = frame["place"].to_numpy()[at], frame["home"].to_numpy()[at]
    if len(carried):
        begins = frame.groupby("CHILD")["start"].min()
        back = carried.assign(end=begins.reindex(carried["CHILD"]).to_numpy(), REC="X1")
        frame.loc[frame["CHILD"].isin(back["CHILD"]) & (frame["RNE"] == "S"), "RNE"] = "P"
        frame = pd.concat([back, frame], ignore_index=True).sort_values(["CHILD", "start"], ignore_index=True)
    still = frame["end"] < 0
    return frame, frame[still], frame.loc[still, "CHILD"].to_numpy()


def _write(
    folder: Path, year: int, episodes: pd.DataFrame, births: dict[str, np.ndarray], rng: np.random.Generator
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    born = pd.Series(np.datetime64("2006-04-01").astype("int64") + births["days"], index=births["child"])
    place = PLACES[episodes["place"]]
    home = episodes["home"].to_numpy()
    urn = np.char.add("SC", np.char.zfill(home.astype(str), 6))
    post = np.char.add("AB", np.char.add((home % 90 + 10).astype(str), np.where(home % 2 == 0, " 1AA", " 2BB")))
    temporary = np.char.startswith(place, "T")
    out = pd.DataFrame({"CHILD": episodes["CHILD"], "DECOM": _text(episodes["start"]), "RNE": episodes["RNE"]})
    out = out.assign(LS="C2", CIN="N1", PLACE=place, PLACE_PROVIDER=np.where(temporary, "", "PR4"))
    out = out.assign(DEC=_text(episodes["end"]), REC=episodes["REC"], REASON_PLACE_CHANGE="", HOME_POST="AB1 1AA")
    out.assign(PL_POST=post, URN=np.where(temporary, "", urn)).to_csv(folder / "episodes.csv", index=False)
    children = episodes["CHILD"].unique()
    header = pd.DataFrame({"CHILD": children, "SEX": np.where(children % 2, "1", "2")})
    header = header.assign(DOB=_text(born.reindex(children)), ETHNIC="WBRI", UPN="UN1", MOTHER="", MC_DOB="")
    header.to_csv(folder / "header.csv", index=False)
    stays = episodes[~temporary].sample(frac=SPELLS_A_CHILD * children.size / len(episodes), random_state=rng)
    first = np.datetime64(f"{year - 1}-04-01").astype("int64")
    start = np.maximum(stays["start"].to_numpy() + 1, first)
    away = rng.geometric(0.6, start.size) - 1
    end = np.minimum(start + away, first + 364)
    spells = pd.DataFrame({"CHILD": stays["CHILD"], "DOB": _text(born.reindex(stays["CHILD"]))})
    spells = spells.assign(MISSING=rng.choice(["M", "M", "A"], start.size))
    spells.assign(MIS_START=_text(start), MIS_END=_text(end)).to_csv(folder / "missing.csv", index=False)


def _text(days: object) -> np.ndarray:
    """Days since 1970 as DD/MM/YYYY; blank below 0."""
    values = np.asarray(days, dtype="int64")
    text = pd.Series(values.astype("datetime64[D]")).dt.strftime("%d/%m/%Y")
    return text.where(values >= 0, "").to_numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--children", type=int, default=90_000)
    parser.add_argument("--years", type=int, default=5)
    options = parser.parse_args()
    write_pool(options.folder, children=options.children, years=options.years)


if __name__ == "__main__":
    main()
