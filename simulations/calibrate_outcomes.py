"""Simulation-based calibration of the outcomes beside onset: ranks of true values among posterior draws.

Parameters are drawn from the ``informed`` priors, outcomes on a small fixed design in plain NumPy (written from the
equations of docs/notation.md, apart from the models), each is fitted by the sampler, compiled once, and every truth is
ranked among 99 thinned draws. Uniform ranks are the sign of a model that says what it means. Ranks are added to a file
after every fit; the same command goes on from those that are there.

    python simulations/calibrate_outcomes.py --replicates 200 --store FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from ranks import BINS, RANKED, ranked, run, summary, verdict

from missingmodels.fitting.families.outcomes import fit_design
from missingmodels.frame.design_matrix import EventRows, Group
from missingmodels.frame.outcomes.design import outcome_rows
from missingmodels.models.outcomes.priors import SCALARS, model_priors, outcome_priors
from missingmodels.plan import Gate, Plan, Sampling
from missingmodels.provenance import stream, versions

SAMPLING = Sampling(draws=500, tune=500, chains=2, doublings=0, target_accept=0.95)
# of poor mixing alone: what a thinned rank needs
GATE = Gate(ess_min=1, rhat_max=1.05, rhat_effects_max=1.05, bfmi_min=0, tree_depth_share_max=1)
SEED = 20_000
Truth = dict[str, np.ndarray]


def groups(count: int, index: np.ndarray, letter: str) -> Group:
    """``count`` clusters, all named, whichever occur."""
    return Group(ids=tuple(f"{letter}{i}" for i in range(count)), index=index)


def truth_of(outcome: str, names: tuple[str, ...], scale: np.ndarray, rng: np.random.Generator) -> Truth:
    """One draw from the priors; coefficients per unit of the columns as they are."""
    priors = outcome_priors(outcome, "informed")
    found: Truth = {}
    for name in SCALARS[outcome]:
        prior, z = priors[name], rng.standard_normal()
        value = {"normal": prior.mean + prior.sd * z, "half_normal": abs(prior.sd * z)}
        found[name] = np.array(value.get(prior.law, np.exp(prior.mean + prior.sd * z)))
    at = model_priors(outcome, priors, names, scale).columns
    found["coefficients"] = (at.mean + at.sd * rng.standard_normal(len(names))) / scale
    return found


def home_and_child(truth: Truth, homes: int, children: int, rng: np.random.Generator) -> None:
    """Draw the effects that ``truth`` has scales of."""
    truth["home"] = truth["sigma_home"] * rng.standard_normal(homes)
    if "sigma_child" in truth:
        truth["child"] = truth["sigma_child"] * rng.standard_normal(children)


def counts(rng: np.random.Generator) -> tuple[EventRows, Truth]:
    """15 homes by 12 months."""
    homes, months = 15, 12
    home, month = np.divmod(np.arange(homes * months), months)
    fixed = np.random.default_rng(1)
    matrix = np.column_stack([home % 3 == 0, fixed.normal(4.0, 1.5, homes)[home], np.isin(month, (5, 6, 7))])
    matrix = matrix.astype(float)
    days = fixed.uniform(60, 150, home.size)
    names = ("private_sector", "places", "summer")
    scale = np.array([1.0, matrix[:, 1].std(), 1.0])
    truth = truth_of("counts", names, scale, rng)
    home_and_child(truth, homes, 0, rng)
    eta = truth["intercept"] + (matrix - [0, matrix[:, 1].mean(), 0]) @ truth["coefficients"] + truth["home"][home]
    phi = truth["dispersion_shape"]
    y = rng.poisson(days * np.exp(eta) * rng.gamma(phi, 1 / phi, home.size))
    rows = outcome_rows("counts", names, matrix, y=y, size=days, units={"home": groups(homes, home, "h")})
    return rows, truth


def returns(rng: np.random.Generator) -> tuple[EventRows, Truth]:
    """100 episodes of 20 children in 5 homes, seen for 3 to 50 days; each is followed day by day."""
    episodes, children, homes, edges = 100, 20, 5, (0, 1, 2, 7, 28)
    fixed = np.random.default_rng(2)
    child = fixed.integers(0, children, episodes)
    home, away = child % homes, fixed.integers(0, 2, episodes)
    seen = fixed.integers(3, 51, episodes)
    names = ("days_away[1]", "days_away[2-6]", "days_away[7-27]", "days_away[28+]", "out_of_area")
    truth = truth_of("return", names, np.ones(5), rng)
    home_and_child(truth, homes, children, rng)
    lines = []
    for j in range(episodes):
        for day in range(seen[j]):
            band = sum(day >= edge for edge in edges) - 1
            x = [float(band == k) for k in (1, 2, 3, 4)] + [float(away[j])]
            eta = truth["intercept"] + x @ truth["coefficients"] + truth["home"][home[j]] + truth["child"][child[j]]
            back = rng.random() < 1 - np.exp(-np.exp(eta))
            lines.append([*x, child[j], home[j], back])
            if back:
                break
    held = np.array(lines, dtype=float)
    rows = outcome_rows(
        "return",
        names,
        held[:, :5],
        y=held[:, 7].astype(np.int64),
        size=np.ones(len(held)),
        units={
            "child": groups(children, held[:, 5].astype(int), "c"),
            "home": groups(homes, held[:, 6].astype(int), "h"),
        },
    )
    return rows, truth


def serious(rng: np.random.Generator) -> tuple[EventRows, Truth]:
    """300 episodes of 25 children in 6 homes."""
    episodes, children, homes = 300, 25, 6
    fixed = np.random.default_rng(3)
    child = fixed.integers(0, children, episodes)
    matrix = np.column_stack([fixed.integers(0, 2, episodes), fixed.normal(14.5, 1.5, episodes)]).astype(float)
    names = ("out_of_area", "age_years")
    truth = truth_of("serious", names, np.array([1.0, matrix[:, 1].std()]), rng)
    home_and_child(truth, homes, children, rng)
    centred = matrix - [0, matrix[:, 1].mean()]
    eta = truth["intercept"] + centred @ truth["coefficients"] + truth["home"][child % homes] + truth["child"][child]
    y = (rng.random(episodes) < 1 / (1 + np.exp(-eta))).astype(np.int64)
    rows = outcome_rows(
        "serious",
        names,
        matrix,
        y=y,
        size=np.ones(episodes),
        units={"child": groups(children, child, "c"), "home": groups(homes, child % homes, "h")},
    )
    return rows, truth


def interview(rng: np.random.Generator) -> tuple[EventRows, Truth]:
    """40 children in 8 homes for 400 days, lived day by day: onset, return, offer, interview or the next onset."""
    children, homes, days = 40, 8, 400
    names = ("since_return[0-7]", "since_return[8-28]", "since_return[29-89]", "since_return[90+]", "offered", "held")
    truth = truth_of("interview", names, np.ones(6), rng)
    home_and_child(truth, homes, 0, rng)
    k = truth["frailty_shape"]
    frailty, home = rng.gamma(k, 1 / k, children), np.arange(children) % homes
    returned, offer = np.full(children, -10_000), np.zeros(children, dtype=bool)
    held_on = np.full(children, 10_000)
    lines = []
    for day in range(days):
        away, since, after = returned > day, day - returned, day - held_on
        band = [(since >= a) & (since < b) for a, b in ((0, 8), (8, 29), (29, 90), (90, 5000))]
        x = np.column_stack([*band, offer & (since <= 28), (after > 0) & (after <= 28)]).astype(float)
        part = np.where(since == 0, 0.5, 1.0)  # a return day is half a day at risk
        rate = np.exp(truth["intercept"] + x @ truth["coefficients"] + truth["home"][home]) * frailty
        onset = ~away & (rng.random(children) < -np.expm1(-part * rate))
        lines.append(np.column_stack([x, np.arange(children), home, onset, part * (1 - onset / 2)])[~away])
        back = day + rng.integers(1, 4, children)
        accepts = rng.random(children) < 0.6
        returned = np.where(onset, back, returned)
        offer = np.where(onset, rng.random(children) < 0.8, offer)
        held_on = np.where(onset, np.where(offer & accepts, back + rng.integers(0, 6, children), 10_000), held_on)
    frame = pd.DataFrame(np.concatenate(lines), columns=[*names, "child", "home", "y", "n"])
    added = frame.groupby([*names, "child", "home"], as_index=False).sum()
    rows = outcome_rows(
        "interview",
        names,
        added[list(names)].to_numpy(),
        y=added["y"].to_numpy().astype(np.int64),
        size=added["n"].to_numpy(),
        units={
            "child": groups(children, added["child"].to_numpy().astype(int), "c"),
            "home": groups(homes, added["home"].to_numpy().astype(int), "h"),
        },
    )
    return rows, truth


def joint(rng: np.random.Generator) -> tuple[EventRows, Truth]:
    """8 homes of 4 residents over 10 periods of 28 days. Who leaves is drawn from the list of all sets of residents."""
    homes, residents, periods, length = 8, 4, 10, 28
    fixed = np.random.default_rng(4)
    kinds = homes * periods
    kind = np.repeat(np.arange(kinds), residents)
    home, period = kind // periods, kind
    child = home * residents + np.tile(np.arange(residents), kinds)
    matrix = fixed.integers(0, 2, (kind.size, 1)).astype(float)
    truth = truth_of("joint", ("own_1_7",), np.ones(1), rng)
    home_and_child(truth, homes, homes * residents, rng)
    truth["period"] = truth["sigma_period"] * rng.standard_normal(kinds)
    eta = truth["intercept"] + matrix @ truth["coefficients"] + truth["home"][home] + truth["child"][child]
    eta = (eta + truth["period"][period]).reshape(kinds, residents)
    sets = np.array([[code >> i & 1 for i in range(residents)] for code in range(2**residents)])
    weight = eta @ sets.T + truth["log_joint"] * np.maximum(sets.sum(axis=1) - 1, 0)
    chance = np.exp(weight - np.logaddexp.reduce(weight, axis=1)[:, None])
    drawn = np.stack([rng.multinomial(length, p) for p in chance])
    extra = int((drawn @ np.maximum(sets.sum(axis=1) - 1, 0)).sum())
    rows = outcome_rows(
        "joint",
        ("own_1_7",),
        matrix,
        size=np.ones(kind.size),
        y=(drawn @ sets).ravel(),
        further={"kind": kind, "home_days": np.full(kinds, length), "extra": np.array(extra)},
        units={
            "home": groups(homes, home, "h"),
            "period": groups(kinds, period, "p"),
            "child": groups(homes * residents, child, "c"),
        },
    )
    return rows, truth


def recording(rng: np.random.Generator) -> tuple[EventRows, Truth]:
    """12 homes with children of 4 authorities: episodes happen, and each source writes down what it does."""
    homes, authorities = 12, 4
    fixed = np.random.default_rng(5)
    home, authority = np.divmod(np.arange(homes * authorities), authorities)
    days = fixed.uniform(200, 900, home.size)
    truth = truth_of("recording", (), np.ones(0), rng)
    phi = truth["dispersion_shape"]
    happened = rng.poisson(days * np.exp(truth["intercept"]) * rng.gamma(phi, 1 / phi, home.size))
    chance = {}
    for s in ("a", "b"):
        truth[f"authority_{s}"] = truth[f"sigma_authority_{s}"] * rng.standard_normal(authorities)
        truth[f"home_{s}"] = truth[f"sigma_report_{s}"] * rng.standard_normal(homes)
        odds = truth[f"report_{s}"] + truth[f"authority_{s}"][authority] + truth[f"home_{s}"][home]
        chance[s] = 1 / (1 + np.exp(-odds))
    held = rng.binomial(happened, chance["a"])
    both, only_b = rng.binomial(held, chance["b"]), rng.binomial(happened - held, chance["b"])
    rows = outcome_rows(
        "recording",
        (),
        np.zeros((home.size, 0)),
        y=held + only_b,
        size=days,
        units={"home": groups(homes, home, "h"), "authority": groups(authorities, authority, "a")},
        further={"both": both, "only_a": held - both, "only_b": only_b},
    )
    return rows, truth


WORLDS: Mapping[str, Callable[[np.random.Generator], tuple]] = {
    "counts": counts,
    "return": returns,
    "serious": serious,
    "joint": joint,
    "interview": interview,
    "recording": recording,
}


def replicate(outcome: str, number: int) -> list[dict[str, object]]:
    """Ranks of every scalar, every coefficient and the first of each kind of effect, in one made-up data set."""
    rows, truth = WORLDS[outcome](stream(SEED, "outcomes", outcome, number))
    start = time.process_time()
    found = fit_design(
        rows,
        outcome_priors(outcome, "informed", names=rows.names),
        Plan(sampling=SAMPLING, gate=GATE),
        seed=SEED + number,
        allow_unconverged=True,
    )
    held = {"model": outcome, "replicate": number, "passed": found.diagnostics.passed}
    held |= {"rhat_max": found.diagnostics.rhat_max, "divergences": found.diagnostics.divergences}
    held["cpu_seconds"] = round(time.process_time() - start, 2)
    lines = []
    for name in (n for n in truth if n in found.draws):
        values = found.draws[name].to_numpy()
        values = values.reshape(values.shape[0] * values.shape[1], -1)
        shown = range(values.shape[1]) if name == "coefficients" else (0,)
        for i in shown:
            effect = name if truth[name].ndim == 0 else f"{name}[0]"
            parameter = rows.names[i] if name == "coefficients" else effect
            lines.append(held | {"parameter": parameter} | ranked(values[:, i], float(np.ravel(truth[name])[i])))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--outcomes", nargs="+", choices=list(WORLDS), default=list(WORLDS))
    parser.add_argument("--store", type=Path, required=True, help="folder of ranks so far, one file an outcome")
    parser.add_argument("--output", type=Path, default=Path("simulations/results"))
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    table = summary(run(given.store, replicate, given.outcomes, given.replicates))
    table.round(4).to_csv(given.output / "sbc_outcomes.csv", index=False)
    sampling = SAMPLING.model_dump()
    recipe = f"python simulations/calibrate_outcomes.py --replicates {given.replicates}"
    body = {
        "recipe": recipe,
        "study": "sbc_outcomes",
        "seed": SEED,
        "ranked": RANKED,
        "bins": BINS,
        "priors": "informed",
    }
    body |= {"verdict": verdict(table), "sampling": sampling, "gate": GATE.model_dump(), "versions": versions()}
    (given.output / "sbc_outcomes.json").write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    print(table.round(3).to_string())


if __name__ == "__main__":
    main()
