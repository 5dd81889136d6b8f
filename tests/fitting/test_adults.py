"""Adults on shift as people: rotas by hand, the fast engine's derivatives, PyMC's density, and who may be told of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytensor
import pytest

import missingmodels as mm
from missingmodels.errors import CannotAnswer, InputError
from missingmodels.fitting.children import stored
from missingmodels.fitting.fit import fit
from missingmodels.fitting.laplace import gaussian, point
from missingmodels.fitting.laplace.data import laplace_data, rotas_of
from missingmodels.fitting.laplace.mode import climb, start
from missingmodels.fitting.laplace.point import at_point
from missingmodels.fitting.laplace.scales import ScaleSpace
from missingmodels.fitting.stores.store import fit_bytes, fit_from_bytes
from missingmodels.frame.design_matrix import Membership
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.models.process import Process
from missingmodels.runs.answer import answer, prepare
from missingmodels.runs.write import write_run
from missingmodels.simulate import arrange
from missingmodels.simulate.adults import adult_days
from worlds import plan_of, scenario_of

ASKED = ("M1", "peer_presence")


def with_shifts(world):
    return world.tables.changed({"staff_shifts": pd.concat([*world.shifts()], ignore_index=True)})


def world_with(sd, *, seed=4, homes=6, days=250):
    return mm.simulate_world(scenario_of(n_homes=homes, days=days, staff={"adult_sd_log": sd}), seed=seed)


@pytest.fixture(scope="module")
def tables():
    return with_shifts(world_with(1.0))


def plan_with(draws=500, effects=(), **more):
    return plan_of(
        models=["M0", "M1"],
        exposure={"beside": []},
        effects={"adults": True, **dict(effects)},
        sampling={"method": "laplace", "draws": draws},
        **more,
    )


def design_of(tables, plan):
    return prepare(tables, plan, fits=[ASKED]).designs[ASKED]


# --- rotas by hand: the home of frame/test_shifts, s1 by day, s2 by night, s3 asleep ---


def by_hand(rows):
    """Home A and B, a child each, from 28 February 2022; ``rows`` (home, staff, day, hour, hours)."""
    first = pd.Timestamp("2022-02-28")
    child = {"authority": "301", "birth_date": "2008-03-01", "birth_date_precision": "day", "recorded_from": first}
    stay = {"start_date": first, "end_date": None, "placement_type": "K2", "start_is_truncated": False}
    gone = {"child_id": "a", "start_date": first + pd.Timedelta(days=40), "sequence": 0, "category": "M"}
    frames = {
        "children": pd.DataFrame([child | {"child_id": c} for c in "ab"]),
        "placements": pd.DataFrame([stay | {"child_id": c, "home_id": c.upper()} for c in "ab"]),
        "missing_episodes": pd.DataFrame([gone | {"end_date": gone["start_date"], "end_is_censored": False}]),
        "homes": pd.DataFrame([{"home_id": h, "valid_from": first, "weak_key": False} for h in "AB"]),
        "staff_shifts": pd.DataFrame(
            [
                {
                    "home_id": h,
                    "staff_id": s,
                    "start_time": first + pd.Timedelta(days=d, hours=begin),
                    "end_time": first + pd.Timedelta(days=d, hours=begin + hours),
                    "shift_type": kind,
                    "employment": "permanent",
                    "status": status,
                }
                for h, s, d, begin, hours, kind, status in rows
            ]
        ),
    }
    return mm.make_tables(frames, observed_from=first, observed_to=first + pd.Timedelta(days=56), all_residents=True)


ROTA = [
    *[("A", "s1", d, 8, 12, "day", "worked") for d in range(20)],
    *[("A", "s2", d, 20, 6, "waking_night", "worked") for d in range(15)],  # half of s1's hours, until day 15
    *[("A", "s3", d, 22, 9, "sleep_in", "worked") for d in range(20)],  # not on duty
    *[("A", "s4", d, 8, 6, "day", "worked") for d in range(5)],  # too few days
    *[("A", "s5", d, 8, 12, "day", "planned") for d in range(30)],  # never came
    *[("B", "s1", d, 8, 12, "day", "worked") for d in range(12)],  # the same person in another home
]


def rows_by_hand():
    tables = by_hand(ROTA)
    plan = plan_with()
    risk = build_risk_set(tables, plan.frame)
    return build_rows(tables, risk, plan, by_day=True)


def test_shares_of_hours_by_hand():
    """s1 and s2 in A, and s1 in B as another: of 24 hours on the first days, then 18, then 12, then no rota."""
    rows = rows_by_hand()
    held, frame = rows.adults, rows.frame
    assert held.ids == ("1", "2", "3")
    of_day = held.at(frame["rota"].to_numpy())
    found = of_day.taken(np.eye(3)).T  # (R, 3) weight of each adult
    at_a = frame["home"].to_numpy() == 0
    day = frame["day"].to_numpy()
    own = held.home
    first, second = (int(i) for i in np.flatnonzero(own == 0))
    s1, s2 = (first, second) if found[at_a & (day == 18), first][0] else (second, first)
    np.testing.assert_allclose(found[at_a & (day == 2)][0][[s1, s2]], [12 / 24, 6 / 24])
    np.testing.assert_allclose(found[at_a & (day == 9)][0][[s1, s2]], [12 / 18, 6 / 18])
    np.testing.assert_allclose(found[at_a & (day == 18)][0][[s1, s2]], [1, 0])
    assert (found[at_a & (day >= 20)] == 0).all()
    in_b = int(np.flatnonzero(own == 1)[0])
    np.testing.assert_allclose(found[~at_a & (day < 12)], np.eye(3)[[in_b] * 12])
    assert (frame["rota"][at_a & (day >= 20)] == -1).all()
    said = " ".join(rows.notes)
    assert "adults on fewer than 10 days, with 3.9% of hours on duty" in said  # 5 * 6/24 of 32 days with a rota
    assert "nobody is on record for" in said


def test_a_rota_of_nobody_is_refused():
    tables = by_hand(ROTA[:5])
    plan = plan_with()
    with pytest.raises(CannotAnswer, match="names 0 adults who work 10 days"):
        build_rows(tables, build_risk_set(tables, plan.frame), plan)


def test_rows_do_not_lose_a_day_or_an_onset(tables):
    plain = design_of(tables, plan_with(effects={"adults": False}))
    held = design_of(tables, plan_with())
    assert held.onsets.size > plain.onsets.size
    for name in ("onsets", "days", "days_at_risk"):
        assert getattr(held, name).sum() == pytest.approx(getattr(plain, name).sum())


# --- the world ---


def test_what_the_day_adds_is_the_mean_of_who_is_on_shift(monkeypatch):
    """Every day of every home, as one linear system in the effects of those whom the table names: solved exactly."""
    grids = []
    monkeypatch.setattr(arrange, "adult_days", lambda *given: grids.append(adult_days(*given)) or grids[-1])
    plain, acting = world_with(0.0), world_with(0.8)
    assert grids[0].size == 0
    grid = grids[-1][:, -250:]
    pd.testing.assert_frame_equal(pd.concat([*plain.shifts()]), pd.concat([*acting.shifts()]))
    shifts = with_shifts(acting)["staff_shifts"]
    worked = shifts[shifts["status"] == "worked"]
    first = pd.Timestamp(acting.tables.observed_from)
    day = (worked["start_time"].dt.normalize() - first).dt.days.to_numpy()
    homes = sorted(worked["home_id"].unique())
    home = np.searchsorted(homes, worked["home_id"].to_numpy(dtype=str))
    person = pd.factorize(worked["home_id"].astype(str) + " " + worked["staff_id"].astype(str))[0]
    inside = (day >= 0) & (day < 250)
    share = np.zeros((grid.size, person.max() + 1))
    np.add.at(share, (home[inside] * 250 + day[inside], person[inside]), 1.0)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1)
    assert grid.size > 5 * share.shape[1]
    effects = np.linalg.lstsq(share, grid.ravel(), rcond=None)[0]
    np.testing.assert_allclose(share @ effects, grid.ravel(), atol=1e-9)
    often = share.astype(bool).sum(axis=0) > 20
    assert effects[often].std() == pytest.approx(0.8, abs=0.15)  # of some 100 adults
    # and a child's first day in either world, when nothing else can differ, has just that
    both = plain.exposure_log.merge(acting.exposure_log, on=["child_id", "date"], suffixes=("", "_acting"))
    at = both.sort_values("date").groupby("child_id").head(1).merge(acting.tables["placements"], on="child_id")
    at = at[(at["start_date"] <= at["date"]) & ~(at["end_date"] <= at["date"])]
    change = (at["log_rate_acting"] - at["log_rate"]).to_numpy()
    where = np.searchsorted(homes, at["home_id"].to_numpy(dtype=str)), (at["date"] - first).dt.days.to_numpy()
    np.testing.assert_allclose(change, grid[where], atol=1e-9)


# --- the fast engine ---


EFFECTS = {
    "periods": {},
    "no periods": {"home_process": "none"},
    "a sector too": {"sector_process": "drift"},
    "both drift": {"home_process": "drift", "sector_process": "drift"},
}


def engine_of(tables, effects):
    plan = plan_with(effects=effects)
    design, priors = design_of(tables, plan), plan_priors(plan)
    process = Process.of(plan, design.periods)
    data = laplace_data(design, priors, 0 if process is None else process.sector.shape[1])
    space = ScaleSpace(priors, "gamma", process, data.rotas)
    return plan, design, data, space


def test_cells_of_rotas_hold_what_the_rows_hold(tables):
    _, design, data, _ = engine_of(tables, {})
    rotas, cell = rotas_of(design)
    held = design.groups["adult"]
    assert isinstance(held, Membership)
    weight = held.shares.toarray()[held.index]  # (R, G)
    for r in np.random.default_rng(1).integers(0, cell.size, 50):
        mine = np.flatnonzero(held.home == design.home[r])
        np.testing.assert_array_equal(rotas.weight[design.home[r], cell[r], rotas.place[mine]], weight[r, mine])
        assert rotas.time[design.home[r], cell[r]] == design.period[r]
    assert data.cells == rotas.time.shape[1]
    values = np.random.default_rng(2).standard_normal((*rotas.time.shape, 2))
    over = np.random.default_rng(3).standard_normal((len(rotas.time), rotas.times, 2))
    assert (rotas.on_cells(over) * values).sum() == pytest.approx((over * rotas.over_time(values)).sum())
    normals = np.random.default_rng(4).standard_normal((len(rotas.time), rotas.size, 2))
    assert (rotas.of_adults(normals) * values).sum() == pytest.approx((normals * rotas.to_adults(values)).sum())


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("effects", EFFECTS.values(), ids=EFFECTS)
def test_gradient_and_curvature_agree_with_differences(tables, effects, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(gaussian, "kernels", None)
        monkeypatch.setattr(point, "kernels", None)
    _, _, data, space = engine_of(tables, effects)
    scales = space.scales(space.first()[0])
    assert scales.sigma_adult > 0.1
    mode = climb(data, scales, *start(data, scales), tolerance=1e-8)
    rng = np.random.default_rng(1)
    b = mode.b + 0.05 * rng.standard_normal(mode.b.size)
    z = mode.z + 0.05 * rng.standard_normal(mode.z.shape)
    here, step = at_point(data, scales, b, z), 1e-5
    along_b, along_z = rng.standard_normal(b.size), rng.standard_normal(z.shape)
    up, down = (at_point(data, scales, b + s * along_b, z + s * along_z) for s in (step, -step))
    slope = here.gradient_b @ along_b + (here.gradient_z * along_z).sum()
    assert (up.value - down.value) / (2 * step) == pytest.approx(slope, rel=1e-6)
    bend = [(down.gradient_b - up.gradient_b) / (2 * step), (down.gradient_z - up.gradient_z) / (2 * step)]
    back_b, back_z = gaussian.factorise(data, scales, here).solve(*bend)
    np.testing.assert_allclose(back_b, along_b, atol=1e-6)
    np.testing.assert_allclose(back_z, along_z, atol=1e-6)


@pytest.mark.parametrize("effects", EFFECTS.values(), ids=EFFECTS)
def test_the_model_of_pymc_has_the_density_of_the_fast_engine(tables, effects):
    """At two points, the difference: what each leaves out is the same at both."""
    plan, design, data, space = engine_of(tables, effects)
    model, process, rotas = mm.build_model(design, plan), space.process, data.rotas
    scalars = [v for v in model.free_RVs if v.name.startswith(("sigma", "frailty"))]
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        logp = model.compile_logp(vars=[*model.free_RVs, *model.observed_RVs], sum=True)
        prior = model.compile_logp(vars=scalars)
    gaps = []
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        scales = space.scales(space.first()[0] * rng.uniform(0.7, 1.3, len(space.free)))
        b, z = start(data, scales)
        b, z = b + 0.2 * rng.standard_normal(b.size), 0.5 * rng.standard_normal(z.shape)
        used = np.zeros(z.shape, dtype=bool)
        used[:, : z.shape[1] - rotas.size] = True
        used[rotas.home, z.shape[1] - rotas.size + rotas.place] = True
        z = np.where(used, z, 0.0)  # places of adults whom a home does not have are of their prior alone
        columns = data.linear.size
        named = {"intercept": b[0], "coefficients": b[1:columns], "home_z": z[:, 0]}
        named |= {"frailty_shape_log__": np.log(scales.frailty_shape), "sigma_home": scales.sigma_home}
        named |= {"adult_z": z[rotas.home, z.shape[1] - rotas.size + rotas.place], "sigma_adult": scales.sigma_adult}
        if effects.get("home_process") != "none":
            named |= {"home_period_z": z[:, 1 : z.shape[1] - rotas.size].ravel(), "sigma_period": scales.sigma_period}
        if process is not None and process.sector.size:
            named |= {"sector_z": b[columns:], "sigma_sector": scales.sigma_sector}
        gaps.append(logp(named) - prior(named) - at_point(data, scales, b, z).value)
    assert gaps[0] == pytest.approx(gaps[1], abs=1e-6)


@pytest.fixture(scope="module")
def found(tables):
    plan = plan_with(draws=1000)
    return fit(design_of(tables, plan), plan, model="M1", exposure="peer_presence", seed=1)


def test_draws_are_of_adults_and_their_rates_follow(found, tables):
    """log_rate of the draws is what the terms by hand make of the first draw; and frailties are drawn given that."""
    p, design = found.parameters, found.design
    held = design.groups["adult"]
    effect = p.effects["adult"]
    assert effect.values.shape == (p.draws, len(held.ids))
    # a quarter of the adults' draws lie beyond a normal's quartile of the sd that goes with them
    scaled = effect.values / p.further["sigma_adult"][:, None]
    assert np.mean(np.abs(scaled) < 0.6745) == pytest.approx(0.5, abs=0.1)
    weight = held.shares.toarray()[held.index]
    by_hand = p.intercept[0] + design.matrix @ np.array([p.coefficient(n)[0] for n in design.names])
    by_hand += p.home[0][design.home] + p.home_period[0][design.home, design.period] + weight @ effect.values[0]
    np.testing.assert_allclose(design.log_rate(p[:1])[0], by_hand, rtol=1e-9, atol=1e-9)


def test_without_weights_adults_are_their_prior(tables):
    """Rows on which nobody is on record say nothing of adults: the deviation is drawn from its half-normal."""
    plan = plan_with()
    design = design_of(tables, plan)
    held = design.groups["adult"]
    nobody = replace(design, groups={"adult": replace(held, index=np.full(held.index.size, -1))})
    drawn = fit(nobody, plan, model="M1", exposure="peer_presence", seed=1, with_children=False)
    sd = drawn.parameters.further["sigma_adult"]
    # half-normal of 0.5: median 0.337, mean 0.399
    assert np.median(sd) == pytest.approx(0.337, abs=0.03)
    assert sd.mean() == pytest.approx(0.399, abs=0.03)


@pytest.mark.slow
def test_both_engines_agree(tables):
    """Medians and ends of the deviation between adults, within Monte Carlo error of 4,000 draws of each."""
    plan = plan_with(draws=1000)
    design = design_of(tables, plan)
    fast = fit(design, plan, model="M1", exposure="peer_presence", seed=1, with_children=False)
    slow = fit(design, plan, model="M1", exposure="peer_presence", seed=2, method="nuts", with_children=False)
    for name in ("sigma_adult", "sigma_home", "sigma_period"):
        one, two = (np.quantile(f.parameters.scalar(name), (0.05, 0.5, 0.95)) for f in (fast, slow))
        np.testing.assert_allclose(one, two, atol=0.06)
    both = [f.parameters.coefficient("peer_presence") for f in (fast, slow)]
    assert both[0].mean() == pytest.approx(both[1].mean(), abs=0.1 * both[1].std())


# --- all the way ---


@pytest.fixture(scope="module")
def run(tables, few_refits, tmp_path_factory):
    plan = plan_with(draws=250, gate={"ess_min": 100})
    place = tmp_path_factory.mktemp("adults") / "run"
    made = answer(tables, plan, seed=1, allow_unconverged=True)
    write_run(made, place, overwrite=False, tables=Path("elsewhere"))
    return made, place


@pytest.mark.sampled
def test_no_identifier_of_an_adult_is_in_a_run(run, tables):
    """Neither names nor pseudonyms, in any file of the run, private ones too, nor in what Python shows of a fit."""
    made, place = run
    staff = set(tables["staff_shifts"]["staff_id"])
    held = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert len(staff) > 30
    assert not [name for name in staff if name.encode() in held]
    for found in made.fits:
        shown = repr(found) + found.summary().to_string() + str(found.to_datatree()["posterior"].coords)
        assert not [name for name in staff if name in shown]


@pytest.mark.sampled
def test_evidence_says_how_adults_differ_and_names_none(run):
    made, _ = run
    rows = [row for row in made.evidence.rows if "adult" in row.name and row.model == "M1"]
    assert {(row.name, row.estimand) for row in rows} == {
        ("sigma_adult", "sd_log"),
        ("adult", "median_rate_ratio"),
        ("adult", "share"),
    }
    p = made.fits[1].parameters
    by_name = {row.estimand: row for row in rows}
    sd = p.further["sigma_adult"]
    assert by_name["median_rate_ratio"].median == pytest.approx(np.median(np.exp(0.95387 * sd)), rel=1e-4)
    share = sd**2 / (sd**2 + p.sigma_home**2)
    assert by_name["share"].median == pytest.approx(np.median(share))
    assert by_name["share"].probability_above_null == pytest.approx((share > 0.5).mean())
    # half-normals of 0.5 and 1.0: the ratio of their squares is 0.25 in the middle
    assert "20% by the plan's priors alone" in by_name["share"].remark


@pytest.mark.sampled
def test_a_fit_comes_back_from_its_file(found):
    again = fit_from_bytes(fit_bytes(stored(found, keep_children=True)))
    np.testing.assert_array_equal(again.parameters.effects["adult"].values, found.parameters.effects["adult"].values)
    rates = [held.design.log_rate(held.parameters[:5]) for held in (again, found)]
    np.testing.assert_array_equal(*rates)


@pytest.mark.sampled
@pytest.mark.parametrize("part", ["members", "weight", "home"])
def test_a_file_whose_rotas_point_elsewhere_is_refused(found, part):
    held = found.design.groups["adult"]
    changed = getattr(held, part).copy()
    changed.ravel()[-1] = np.nan if part == "weight" else 10_000
    broken = replace(found.design, groups={"adult": replace(held, **{part: changed})})
    with pytest.raises(InputError, match="adult"):
        fit_from_bytes(fit_bytes(stored(replace(found, design=broken), keep_children=True)))


@pytest.mark.parametrize("name", ["weak", "informed"])
def test_a_plan_may_replace_the_prior(name):
    plan = plan_with(priors={"use": name, "replace": {"sigma_adult": {"mean": 0, "sd": 0.2}}})
    assert plan_priors(plan).sigma_adult.sd == 0.2
