"""The other outcomes' models against the blind densities, every argument off its default.

Counts, returns, joint departures and interviews go all the way: the package makes its added-up rows of tables, the
blind densities get single home-months, episodes, home-days and child-days by plain loops.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pytensor.compile.mode import Mode

from missingmodels.frame.design_matrix import Group
from missingmodels.frame.outcomes.counts import counts_rows
from missingmodels.frame.outcomes.design import outcome_rows
from missingmodels.frame.outcomes.episodes import return_rows
from missingmodels.frame.outcomes.interview import interview_rows
from missingmodels.frame.outcomes.joint import joint_rows
from missingmodels.frame.riskset import build_risk_set
from missingmodels.intervals import to_day
from missingmodels.models.outcomes.models import outcome_model
from missingmodels.models.outcomes.priors import SCALARS, outcome_priors
from missingmodels.models.priors.law import Prior
from plain import outcome_reference
from worlds import plan_of, remade, small_world

from . import (
    counts,
    days_to_return,
    exposure,
    interview,
    joint_departures,
    laws,
    serious,
)
from . import (
    recording as blind_recording,
)
from .agreement import natural, random_point, table
from .test_agreement import agree

QUICK = Mode(linker="py", optimizer=None)
EFFECTS = {
    "home": ("home_z", "sigma_home"),
    "child": ("child_z", "sigma_child"),
    "home_period": ("period_z", "sigma_period"),
    **{f"authority_{s}": (f"authority_{s}_z", f"sigma_authority_{s}") for s in "ab"},
    **{f"home_{s}": (f"home_{s}_z", f"sigma_report_{s}") for s in "ab"},
}
CHANGES = {"coefficient": Prior(law="normal", mean=0.1, sd=0.7), "intercept": Prior(law="normal", mean=-1.2, sd=0.8)}
PRIOR_SETS = {
    "counts": laws.COUNTS, "return": laws.RETURN, "serious": laws.SERIOUS, "joint": laws.JOINT,
    "interview": laws.INTERVIEW, "recording": laws.RECORDING,
}  # fmt: skip
USES = pytest.mark.parametrize("use", ["weak", "informed"])


def day_of(date):
    """Days since 1970-01-01, None for no date."""
    return None if pd.isna(date) else (pd.Timestamp(date) - pd.Timestamp("1970-01-01")).days


def agreed(model, blind, data, priors, *, seed=1, bands=0, shift=-1.5):
    """The sampler's density at a random point is the blind one's, absolutely; ``bands`` columns are days away."""
    point = random_point(model, seed)
    point["intercept"] += shift
    values, gain = natural(point, EFFECTS)
    if bands:
        values |= {"days_away": values["coefficients"][:bands], "coefficients": values["coefficients"][bands:]}
    expected = blind.log_density(values, data | {"priors": table(priors)}) + gain
    assert float(model.compile_logp(mode=QUICK)(point)) == pytest.approx(expected, rel=1e-9)
    return values


def in_units(matrix):
    """Indicators as they are, other columns about their mean over the model's rows and in standard deviations."""
    plain = [set(np.unique(column)) <= {0.0, 1.0} for column in matrix.T]
    centre = np.where(plain, 0.0, matrix.mean(axis=0))
    return centre, np.where(plain, 1.0, matrix.std(axis=0))


@pytest.fixture(scope="module")
def world():
    tables = small_world(4, n_homes=4, days=130, onset={"rate_per_year": 25.0}, children={"stay_scale": 0.4}).tables
    plan = plan_of(frame={"burn_in_days": 30})
    return tables, plan, build_risk_set(tables, plan.frame)


def places_of(ids, held):
    """Place of each label among those that a model holds."""
    return [held.index(one) for one in ids]


def with_repeats(tables):
    """Every fourth episode that ended on its own day happens twice on that day."""
    episodes = tables["missing_episodes"]
    again = episodes[episodes["start_date"] == episodes["end_date"]].iloc[::4]
    both = pd.concat([episodes, again.assign(sequence=again["sequence"] + 1)], ignore_index=True)
    return remade(tables, {"missing_episodes": both})


@USES
def test_counts(world, use):
    tables, plan, _ = world
    tables = with_repeats(tables)
    risk = build_risk_set(tables, plan.frame)
    assert risk.same_day_repeats.sum() > 3
    rows = counts_rows(tables, plan, ("summer", "trend_years"))
    priors = outcome_priors("counts", use, CHANGES)
    episodes = tables["missing_episodes"]
    started = pd.MultiIndex.from_arrays([episodes["child_id"], to_day(episodes["start_date"]) - risk.first_day])
    starts, first = started.value_counts(), {}
    for i, d in zip(*np.nonzero((risk.residence >= 0) & ~risk.before_window), strict=True):
        date = pd.Timestamp("1970-01-01") + pd.Timedelta(days=int(d) + risk.first_day)
        cell = first.setdefault((risk.residence[i, d], date.year, date.month), [0, 0])
        cell[0] += 1
        if risk.days_at_risk[i, d] > 0:
            cell[1] += int(starts.get((risk.child_ids[i], d), 0))
    begin = pd.Timestamp("1970-01-01") + pd.Timedelta(days=risk.first_day)
    cells = sorted(first)
    raw = [[month in (6, 7, 8), (12 * (year - begin.year) + month - begin.month) / 12] for _, year, month in cells]
    matrix = np.array(raw, dtype=float)
    centre, scale = in_units(matrix)
    data = {
        "episodes": [first[cell][1] for cell in cells], "days": [first[cell][0] for cell in cells],
        "home": places_of([risk.home_ids[h] for h, *_ in cells], rows.units["home"].ids),
        "columns": ((matrix - centre) / scale)[:, [("summer", "trend_years").index(name) for name in rows.names]],
    }  # fmt: skip
    assert sum(data["episodes"]) > 20
    values = agreed(outcome_model(rows, priors).build(), counts, data, priors)
    eta = values["intercept"] + rows.standardised @ values["coefficients"] + values["home"][rows.units["home"].index]
    referee = outcome_reference.counts_log_density(rows.y, rows.size, eta, values["dispersion_shape"])
    assert referee == pytest.approx(counts.log_likelihood(values, data), rel=1e-9)


@USES
def test_return(world, use):
    tables, plan, risk = world
    rows = return_rows(tables, plan, ("male",))
    bands = len(rows.names) - 1  # those that an episode reaches
    names = [f"days_away[{band}]" for band in days_to_return.BANDS[:bands]]
    assert list(rows.names) == [*names, "male"]
    assert bands >= 3
    male = (tables["children"].set_index("child_id")["sex"] == "M").astype(float)
    assert 0 < rows.facts["right-censored"] < rows.facts["episodes"]
    data = {name: [] for name in ("days_away", "returned", "child", "home", "columns")}
    for episode in tables["missing_episodes"].itertuples():
        day = day_of(episode.start_date) - risk.first_day
        if episode.child_id not in risk.child_ids or not 0 <= day < risk.days or episode.category != "M":
            continue
        i = risk.child_ids.index(episode.child_id)
        if risk.before_window[day] or risk.days_at_risk[i, day] == 0 or risk.residence[i, day] < 0:
            continue
        end = day_of(episode.end_date)
        back = end is not None and not episode.end_is_censored and end < tables.end_day
        known = tables.end_day if end is None else min(end, tables.end_day)
        data["days_away"].append(known - risk.first_day - day)
        data["returned"].append(back)
        data["child"].append(rows.units["child"].ids.index(episode.child_id))
        data["home"].append(rows.units["home"].ids.index(risk.home_ids[risk.residence[i, day]]))
        data["columns"].append([male[episode.child_id]])
    assert len(data["days_away"]) == rows.facts["episodes"]
    priors = outcome_priors("return", use, CHANGES)
    agreed(outcome_model(rows, priors).build(), days_to_return, data, priors, bands=bands)


@USES
def test_serious(use):
    rng = np.random.default_rng(3)
    matrix = np.column_stack([rng.integers(0, 2, 30), rng.normal(14, 2, 30)]).astype(float)
    home, child = rng.integers(0, 3, 30), rng.integers(0, 7, 30)
    y, ids = rng.integers(0, 2, 30), tuple("abcdefg")
    units = {"home": Group(ids=ids[:3], index=home), "child": Group(ids=ids, index=child)}
    rows = outcome_rows("serious", ("male", "age_years"), matrix, y=y, size=np.ones(30), units=units)
    centre, scale = in_units(matrix)
    data = {"serious": y, "child": child, "home": home, "columns": (matrix - centre) / scale}
    priors = outcome_priors("serious", use, CHANGES)
    values = agreed(outcome_model(rows, priors).build(), serious, data, priors)
    eta = values["intercept"] + data["columns"] @ values["coefficients"] + values["child"][child] + values["home"][home]
    assert outcome_reference.serious_log_density(y, eta) == pytest.approx(serious.log_likelihood(values, data))


@USES
def test_joint_departures(world, use):
    tables, plan, risk = world
    rows = joint_rows(tables, plan, ("own_1_7", "peer_presence"))
    child, day = np.nonzero((risk.days_at_risk > 0) & ~risk.before_window)
    home = risk.residence[child, day]
    recent = np.array([risk.onset_anywhere[:, max(d - 7, 0) : d].any(axis=1) for d in range(risk.days)]).T
    lived = {"home": risk.residence, "onset": risk.onset_anywhere, "window": 7}
    peers = [bool(exposure.recent_peers(lived, i, d)) for i, d in zip(child, day, strict=True)]
    period = [f"{risk.home_ids[h]} {d // plan.frame.period_days}" for h, d in zip(home, day, strict=True)]
    data = {
        "home_day": home * risk.days + day, "onset": risk.onset[child, day].astype(int),
        "days_at_risk": risk.days_at_risk[child, day],
        "child": np.array(places_of([risk.child_ids[i] for i in child], rows.units["child"].ids)),
        "home": np.array(places_of([risk.home_ids[h] for h in home], rows.units["home"].ids)),
        "home_period": np.array(places_of(period, rows.units["period"].ids)),
        "columns": np.column_stack([recent[child, day], peers]).astype(float),
    }  # fmt: skip
    assert rows.facts["home-days with two or more"] > 0
    assert (data["days_at_risk"] == 0.5).any()
    priors = outcome_priors("joint", use, CHANGES)
    agreed(outcome_model(rows, priors).build(), joint_departures, data, priors)


@USES
def test_interview(world, use):
    tables, plan, risk = world
    rows = interview_rows(tables, plan)
    met = tables["interviews"].set_index(["child_id", "episode_start_date", "sequence"])
    back = {}
    for episode in tables["missing_episodes"].itertuples():
        end = day_of(episode.end_date)
        if end is None or episode.end_is_censored:
            continue
        key = (episode.child_id, episode.start_date, episode.sequence)
        line = met.loc[key] if key in met.index else None
        offered = line is not None and bool(line["offered"])
        held = None if line is None else day_of(line["interview_date"])
        start = day_of(episode.start_date)
        back.setdefault(episode.child_id, []).append((end, max(end, start + 1), offered, held))
    child, day = np.nonzero((risk.days_at_risk > 0) & ~risk.before_window)
    columns = []
    for i, d in zip(child, day + risk.first_day, strict=True):
        known = [one for one in sorted(back.get(risk.child_ids[i], []), key=lambda one: one[0]) if one[1] <= d]
        end, _, offered, held = known[-1] if known else (None, None, False, None)
        band = interview.since_return(d, end)
        held_now = interview.held(d, held)
        columns.append([*(band == np.arange(4)), offered and d - end <= 28, held_now])
    onset = risk.onset[child, day].astype(int)
    names = [*(f"since_return[{band}]" for band in interview.SINCE_RETURN), "offered", "held"]
    data = {
        "onset": onset, "days": risk.days_at_risk[child, day] * (1 - onset / 2),
        "child": np.array(places_of([risk.child_ids[i] for i in child], rows.units["child"].ids)),
        "home": np.array(places_of([risk.home_ids[h] for h in risk.residence[child, day]], rows.units["home"].ids)),
        "columns": np.array(columns, dtype=float)[:, [names.index(name) for name in rows.names]],
    }  # fmt: skip
    assert {"offered", "held"} <= set(rows.names)
    assert rows.y.size < onset.size
    priors = outcome_priors("interview", use, CHANGES)
    model = outcome_model(rows, priors).build()
    # rows added up hold other constants than single days: Σ (y log n − log y!) of each
    child, home = (rows.units[name].index for name in ("child", "home"))
    collapsed = {
        "onset": rows.y, "days": rows.size, "child": child, "home": home, "columns": rows.matrix,
    }  # fmt: skip
    values = agreed(model, interview, collapsed, priors)
    other = agreed_values(model, seed=2)
    gaps = [interview.log_density(v, data) - interview.log_density(v, collapsed) for v in (values, other)]
    assert gaps[0] == pytest.approx(gaps[1], rel=1e-9)
    eta = values["intercept"] + rows.matrix @ values["coefficients"] + values["home"][home]
    referee = outcome_reference.interview_log_density(rows.y, rows.size, eta, child, values["frailty_shape"])
    assert referee == pytest.approx(interview.log_likelihood(values, collapsed), rel=1e-9)


def agreed_values(model, seed):
    """Values at another point."""
    return natural(random_point(model, seed), EFFECTS)[0]


@USES
def test_recording(use):
    rng = np.random.default_rng(2)
    home, authority = np.divmod(np.arange(6), 2)
    held = {name: rng.poisson(mean, 6) for name, mean in (("both", 3), ("only_a", 2), ("only_b", 1))}
    groups = {"home": Group(ids=("h", "i", "j"), index=home), "authority": Group(ids=("k", "l"), index=authority)}
    size = rng.uniform(5, 30, 6)
    rows = outcome_rows("recording", (), np.zeros((6, 0)), y=sum(held.values()), size=size, units=groups, further=held)
    data = {**held, "days": size, "home": home, "authority": authority}
    priors = outcome_priors("recording", use)
    values = agreed(outcome_model(rows, priors).build(), blind_recording, data, priors, shift=0.0)
    logit = [values[f"report_{s}"] + values[f"authority_{s}"][authority] + values[f"home_{s}"][home] for s in "ab"]
    referee = outcome_reference.recording_log_density(
        *held.values(), size, np.full(6, values["intercept"]), *logit, values["dispersion_shape"]
    )
    assert referee == pytest.approx(blind_recording.log_likelihood(values, data), rel=1e-9)


@USES
@pytest.mark.parametrize("outcome", SCALARS)
def test_the_printed_priors_are_those_of_the_code(outcome, use):
    held = table(outcome_priors(outcome, use))
    agree({name: figures for name, figures in PRIOR_SETS[outcome][use].items() if name in held}, held)
