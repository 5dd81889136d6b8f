"""Rows of one's own, official statistics and unseen peers against the blind densities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pytensor.compile.mode import Mode
from scipy.special import gammaln

from missingmodels.evidence.unseen.assumptions import history_weights
from missingmodels.frame.design_matrix import EventRows, Group
from missingmodels.frame.own_rows.asked import Asked
from missingmodels.frame.own_rows.counts import build_counts
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.unseen import filled_share, turnover_chances, visible_residents
from missingmodels.models.official import PRIORS, official_model
from missingmodels.models.priors.of_rows import row_priors
from missingmodels.models.rows import rows_model
from plain import reference
from plain.official_reference import official_log_density
from worlds import plan_of, small_world

from . import laws, official, unseen_peers
from . import rows as blind_rows
from .agreement import natural, random_point, table
from .test_agreement import agree

QUICK = Mode(linker="py", optimizer=None)
# question, the child's and homes' priors
ROWS = {
    "gamma": ({"exposure": "span", "frailty": "gamma"}, {"frailty_shape": "log_normal(0.2, 0.8)"}),
    "lognormal": ({"exposure": "span", "frailty": "lognormal"}, {"sigma_child": "normal(0, 0.9)"}),
    "trials": ({"trials": "size", "frailty": "normal"}, {"sigma_child": "half_normal(0.7)"}),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_ones_own(name):
    question, texts = ROWS[name]
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({
        "who": rng.integers(0, 6, 40), "place": rng.integers(0, 3, 40), "team": rng.integers(0, 4, 40),
        "dose": rng.gamma(2, 3, 40), "span": rng.uniform(0.2, 6, 40), "size": rng.integers(4, 15, 40),
    })  # fmt: skip
    frame["events"] = np.minimum(rng.poisson(1.2, 40), frame["size"])
    counted = build_counts(frame, Asked(formula="events ~ dose", child="who", home=("place", "team"), **question))
    texts = {
        "intercept": "normal(-0.4, 1.7)", "dose": "normal(0.2, 0.3)", "sigma_home": "half_normal(0.6)",
        "sigma_home[team]": "half_normal(0.4)", **texts,
    }  # fmt: skip
    frailty = question["frailty"]
    model = rows_model(counted, row_priors(texts, counted, frailty), frailty).build()
    point = random_point(model, 3)
    homes = {f"home{i}": (f"home{i}_z", f"sigma_home{i}") for i in range(2)}
    held, gain = natural(point, homes | {"child": ("child_z", "sigma_child")})
    values = {
        "coefficients": [held["intercept"], held["coefficients"][0] / counted.scale[0]],
        "home": {"place": held["home0"], "team": held["home1"]},
        "sigma_home": {"place": held["sigma_home0"], "team": held["sigma_home1"]},
        **{key: held[key] for key in ("frailty_shape", "sigma_child") if key in held},
    }  # fmt: skip
    if "child" in held:
        values["child"] = held["child"] - (held["sigma_child"] ** 2 / 2 if frailty == "lognormal" else 0.0)
    # the formula's rows come in an order of their own, and the intercept stands at the column's mean
    order = pd.Index(counted.further["rows"])
    rows = frame.loc[order]
    place_of = {key: pd.factorize(rows[key].astype(str), sort=True)[0] for key in ("who", "place", "team")}
    child_prior = {"gamma": ("log-normal", np.exp(0.2), 0.8), "lognormal": ("half-normal", 0.9)}
    data = {
        "outcome": rows["events"], "columns": np.column_stack([np.ones(40), rows["dose"] - rows["dose"].mean()]),
        "child": place_of["who"], "home": {"place": place_of["place"], "team": place_of["team"]}, "frailty": frailty,
        ("trials" if name == "trials" else "exposure"): rows["size" if name == "trials" else "span"].to_numpy(),
        "priors": {
            "coefficients": [("normal", -0.4, 1.7), ("normal", 0.2, 0.3)],
            "frailty_shape" if frailty == "gamma" else "sigma_child": child_prior.get(name, ("half-normal", 0.7)),
        },
    }  # fmt: skip
    of_homes = laws.half_normal(held["sigma_home0"], 0.6) + laws.half_normal(held["sigma_home1"], 0.4)
    expected = blind_rows.log_density(values, data) + of_homes + gain - np.log(counted.scale[0])
    assert float(model.compile_logp(mode=QUICK)(point)) == pytest.approx(expected, rel=1e-9)
    if frailty == "gamma":
        y, n = np.asarray(data["outcome"], float), data["exposure"]
        eta = data["columns"] @ values["coefficients"]
        eta = eta + sum(np.asarray(v)[data["home"][g]] for g, v in values["home"].items())
        referee = reference.onset_log_density_by_child(
            onsets=y, days=n, eta=eta, child=data["child"], n_children=6, frailty_shape=values["frailty_shape"],
            before_window=np.zeros(40, bool),
        ).sum()  # fmt: skip
        referee += np.sum(y * np.log(n) - gammaln(y + 1))
        assert referee == pytest.approx(blind_rows.log_likelihood(values, data), rel=1e-9)


def test_official_statistics():
    rng = np.random.default_rng(8)
    n, low = 24, rng.integers(0, 40, 24).astype(float)
    high = low + rng.choice([0, 0, 4, np.inf], n)
    low[5], high[5] = 0.0, np.inf
    matrix = np.column_stack([rng.normal(15, 4, n), rng.integers(0, 2, n)])
    authority = np.repeat(np.arange(8), 3)
    units = {
        "authority": Group(index=authority, ids=tuple("abcdefgh")),
        "region": Group(index=authority % 3, ids=tuple("xyz")),
        "year": Group(index=np.tile(np.arange(3), 8), ids=("2021", "2022", "2023")),
    }
    design = EventRows(
        outcome="incidents", names=("turnover_between", "turnover_unrecorded"), matrix=matrix,
        centre=matrix.mean(axis=0), scale=np.array([matrix[:, 0].std(), 1.0]), y=low, size=rng.uniform(100, 400, n),
        units=units, further={"high": high},
    )  # fmt: skip
    data = {"low": low, "high": high, "children": design.size} | {name: unit.index for name, unit in units.items()}
    data |= {"columns": (matrix - matrix.mean(axis=0)) / design.scale, "priors": table(PRIORS)}
    model = official_model(design).build()
    for seed in range(2):
        point = random_point(model, seed)
        held = {name: value for name, value in point.items() if name != "sigma_region_log__"}
        values, gain = natural(held, {})
        values["sigma_region"] = np.exp(point["sigma_region_log__"])
        values["region"] = values["sigma_region"] * values.pop("region_z")
        gain += point["sigma_region_log__"] * (1 + 3)
        expected = official.log_density(values, data) + gain
        assert float(model.compile_logp(mode=QUICK)(point)) == pytest.approx(expected, rel=1e-9)
    means, shape = rng.uniform(5, 60, n), 2.3
    blind = [official.log_interval(a, b, mean, shape) for a, b, mean in zip(low, high, means, strict=True)]
    assert official_log_density(mean=means, size=shape, low=low, high=high) == pytest.approx(blind, rel=1e-9)
    agree(laws.OFFICIAL, table(PRIORS))


def test_unseen_peers():
    for share in (0.0, 0.3, 0.9, 0.97, 0.999, 1.0):
        for stay in (0.5, 1.0, 20.0, 300.0):
            enter, leave, again = unseen_peers.chances(share, stay)
            assert turnover_chances(share, stay) == pytest.approx((leave, enter, again))
    tables = small_world(3, n_homes=6, days=60, recording={"unseen_children_share": 0.4}).tables
    risk = build_risk_set(tables, plan_of().frame)
    used = risk.occupancy_recorded & (visible_residents(risk) > 0)
    seen = visible_residents(risk)[used].sum() / risk.occupancy[used].sum()
    for occupancy in (0.01, 0.8, 0.95, 1.0):
        assert filled_share(risk, occupancy) == pytest.approx(unseen_peers.filled_share(occupancy, seen))
    rng = np.random.default_rng(1)
    home, y, n = rng.integers(0, 3, 30), rng.integers(0, 2, 30), rng.uniform(0.5, 1, 30)
    eta, exposure, alone = rng.normal(-3, 1, 30), rng.uniform(0, 2, 30), rng.integers(0, 2, 30)
    found = history_weights(home, y, n * np.exp(eta), 0.4 * exposure - 0.2 * alone, 3)
    for h in range(3):
        own = home == h
        blind = unseen_peers.log_weight(y[own], n[own], eta[own], exposure[own], alone[own], 0.4, -0.2)
        assert found[h] == pytest.approx(blind, rel=1e-9)
