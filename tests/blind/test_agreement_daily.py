"""The daily models of the package against the blind densities on single child-days, every argument off its default.

The package holds onsets by lag and adds quiet days up; the blind densities walk every day and every onset before it.
"""

from __future__ import annotations

import numpy as np
import pytest

from daily_cases import single_days, tables_of
from missingmodels.frame.daily import daily_design
from missingmodels.models.daily import daily_model
from missingmodels.models.priors.daily import daily_priors
from plain import daily_reference
from worlds import plan_of, small_world

from . import daily_drift, daily_exposure, daily_hawkes, daily_kernel, laws
from .agreement import columns_and_coefficients, natural, random_point, table
from .test_agreement import agree

MEMORY = 25
EFFECTS = {"home": ("home_z", "sigma_home"), "home_period": ("home_period_z", "sigma_period")}
REPLACE = {
    "intercept": {"mean": -3.5, "sd": 0.8},
    "need_score": {"fixed": -0.25},
    "male": {"mean": 0.2, "sd": 0.7},
}
BLIND = {"kernel": daily_kernel, "ornstein_uhlenbeck": daily_drift, "hawkes": daily_hawkes}
# kind, primary exposure, rows before the window, prior set; those of UNWITNESSED by who lives there
CASES = {
    "kernel, weak": ("kernel", "peer_presence", "joint", "weak"),
    "kernel, informed, conditional": ("kernel", "peer_presence", "conditional", "informed"),
    "drift beside a window, informed, conditional": ("ornstein_uhlenbeck", "peer_density", "conditional", "informed"),
    "drift beside a kernel, weak": ("ornstein_uhlenbeck", "peer_kernel", "joint", "weak"),
    "hawkes, weak": ("hawkes", "peer_presence", "joint", "weak"),
    "hawkes, informed, some residents unseen": ("hawkes", "peer_presence", "joint", "informed"),
}
UNWITNESSED = ("kernel, informed, conditional", "hawkes, weak")
ADDED = ("sigma_process", "process_days", "peer_kernel", "kernel_days")
EXCITED = ("own_branching", "peer_branching", "kernel_days", "frailty_sd_log")


def plan_for(kind, primary, initial, use, *, witnessed=True):
    return plan_of(
        models=["M0", "M1"],
        exposure={"primary": primary, "beside": [], "kernel_days": 4.0, "witnessed": witnessed},
        terms={"vulnerability": "age_years + male + need_score"},
        frame={"initial": initial, "burn_in_days": 30, "period_days": 20},
        priors={"use": use, "replace": REPLACE},
    )


def tables_for(label):
    if "unseen" not in label:
        return tables_of(n_homes=4, days=110)
    children = {"stay_scale": 0.3, "move_share": 0.7}
    recording = {"unseen_children_share": 0.3}
    return small_world(6, n_homes=5, days=110, children=children, recording=recording).tables


@pytest.fixture(scope="module", params=CASES, ids=list(CASES))
def case(request):
    plan = plan_for(*CASES[request.param], witnessed=request.param not in UNWITNESSED)
    tables = tables_for(request.param)
    kind = CASES[request.param][0]
    daily = daily_design(tables, plan, kind=kind, memory_days=MEMORY)
    priors = daily_priors(plan)
    model = daily_model(daily, priors).build()
    return daily, plan, priors, model, model.compile_logp(mode="FAST_COMPILE"), single_days(tables, plan, daily)


def data_of(daily, plan, priors, days, free):
    """The single days as the blind densities read them: who lived with whom, and every onset on record."""
    risk, design, child, day = days
    columns, coefficients, gain = columns_and_coefficients(daily, priors.base, free)
    # columns of single days, in the units that those of the collapsed design have
    unit = np.where([name in priors.base.coefficients for name in design.names], 1.0, daily.scale)
    columns = (design.matrix - daily.centre) / unit
    onset_child, onset_day = np.nonzero(risk.onset_anywhere)
    base = priors.base
    held = {name: getattr(base, name) for name in ("intercept", "coefficient", "sigma_home", "sigma_period")}
    held |= {"frailty_shape": base.frailty_shape} | base.coefficients | dict(priors.added)
    data = {
        # onsets of children without a day at risk are peers' onsets too, so children have the risk set's numbers
        "child": child, "children": len(risk.child_ids), "home": design.home, "day": day, "lives": risk.residence,
        "home_period": design.home * design.periods + day // plan.frame.period_days,
        "residents": risk.occupancy, "witnessed": plan.exposure.witnessed,
        "onset_child": onset_child, "onset_day": onset_day, "longest_lag": MEMORY,
        "columns": columns, "names": list(design.names), "onset": design.onsets,
        "days": design.days, "before": design.before_window, "cells": np.arange(daily.knots),
        "prior_set": plan.priors.use, "priors": table(held),
    }  # fmt: skip
    return data, coefficients, gain


def blind_at(case, point):
    daily, plan, priors, _, _, days = case
    held = {name: value for name, value in point.items() if name != "coefficients"}
    effects = {"home": EFFECTS["home"]} if daily.knot is not None else EFFECTS
    values, gain = natural(held, effects)
    data, values["coefficients"], of_units = data_of(daily, plan, priors, days, point["coefficients"])
    gain += of_units
    if daily.knot is not None:
        size, length = point["sigma_process"], values["process_days"]
        root = np.linalg.cholesky(daily_drift.covariance(data["cells"], abs(size), length))
        z = values.pop("home_period_z").reshape(len(daily.home_ids), daily.knots)
        values["home_process"] = np.sign(size) * z @ root.T
        gain += len(z) * np.log(np.diag(root)).sum()
    if daily.kind == "hawkes":  # children of the design, in the numbers of the risk set
        z = np.zeros(data["children"])
        z[np.searchsorted(days[0].child_ids, daily.child_ids)] = values.pop("child_z")
        values["child"] = z
        gain += 0.5 * (data["children"] - len(daily.child_ids)) * np.log(2 * np.pi)
    return values, data, gain


@pytest.mark.parametrize("seed", range(2))
def test_the_sampler_has_the_blind_density(case, seed):
    point = random_point(case[3], seed)
    point["intercept"] -= 3.0
    for name in ("kernel_days_log__", "process_days_log__"):
        if name in point:
            point[name] += 1.5
    values, data, gain = blind_at(case, point)
    expected = BLIND[case[0].kind].log_density(values, data) + gain
    assert float(case[4](point)) == pytest.approx(expected, rel=1e-9)


def test_the_case_moves_what_it_says(case):
    daily, plan, _, _, _, (risk, design, _, _) = case
    assert daily.onsets.sum() > 20
    assert daily.onsets.size < design.onsets.size
    assert design.before_window.any() == (plan.frame.initial == "conditional")
    if daily.kind == "hawkes" and plan.priors.use == "informed":
        visible = np.array([np.bincount(r[r >= 0], minlength=len(risk.home_ids)) for r in risk.residence.T]).T
        assert (risk.occupancy > visible).any()


def test_the_referees_have_the_blind_sums(case):
    """Onsets by lag, faded and shared out, and the paths of a drift."""
    daily, _, _, model, _, days = case
    values, data, _ = blind_at(case, random_point(model, 4))
    risk, _, child, day = days
    tau = 5.3
    fading = np.exp(-np.arange(1, MEMORY + 1) / tau)
    grids = {"residence": risk.residence, "onset": risk.onset_anywhere, "witnessed": data["witnessed"]}
    rows = np.linspace(0, len(day) - 1, 200).astype(int)
    some = data | {name: [data[name][row] for row in rows] for name in ("child", "day")}
    if daily.kind == "hawkes":
        shares = daily_reference.exponential_shares(time_scale=tau, memory=MEMORY)
        own, others = daily_exposure.own_and_peer_onsets(some, tau)
        at = [(int(child[row]), int(day[row])) for row in rows]
        found = [
            daily_reference.faded_own_onsets(onset=risk.onset_anywhere, child=i, day=d, fading=shares) for i, d in at
        ]
        assert own == pytest.approx(found, rel=1e-9)
        found = [
            daily_reference.faded_onsets_of_others(**grids, child=i, day=d, fading=shares, occupancy=risk.occupancy)
            for i, d in at
        ]
        assert others == pytest.approx(found, rel=1e-9)
        return
    found = [
        daily_reference.faded_onsets_of_others(**grids, child=int(child[row]), day=int(day[row]), fading=fading)
        for row in rows
    ]
    assert daily_exposure.faded_onsets_of_others(some, tau) == pytest.approx(found, rel=1e-9)
    if daily.knot is not None:
        size, length = values["sigma_process"], values["process_days"]
        blind = sum(
            daily_drift.log_density_of_process(path, data["cells"], size, length) for path in values["home_process"]
        )
        paths = values["home_process"]
        referee = daily_reference.drift_log_density(paths, sd=size, time_scale=length, step=daily.grid_days)
        assert referee == pytest.approx(blind, rel=1e-9)


@pytest.mark.parametrize("use", ["weak", "informed"])
def test_the_printed_priors_are_those_of_the_code(use):
    held = daily_priors(plan_of(priors={"use": use})).added
    agree({name: laws.DAILY[use][name] for name in ADDED}, table({name: held[name] for name in ADDED}))
    agree({name: laws.HAWKES[use][name] for name in EXCITED}, table({name: held[name] for name in EXCITED}))
