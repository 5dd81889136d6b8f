"""The other outcomes fitted: what was set in a world comes back; what does not mix or cannot be said is refused."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.optimize import minimize
from typer.testing import CliRunner

from missingmodels.disclosure.policy import load_policy
from missingmodels.errors import CannotAnswer, ConfigInvalid, DiagnosticsFailed, InputError
from missingmodels.fitting.families.outcomes import fit_outcome
from missingmodels.fitting.families.outcomes_summary import outcome_sentences, outcome_table
from missingmodels.fitting.stores.store import read_fit
from missingmodels.frame.outcomes.episodes import DAY_BANDS, home_episodes, return_rows
from missingmodels.models.outcomes.models import DESIGNS
from missingmodels.models.outcomes.priors import SCALARS, outcome_priors
from missingmodels.models.priors.law import Prior
from missingmodels.plan import Decision, Gate, Plan, Sampling
from missingmodels.recording import Recording
from missingmodels.runs.fit_folder import write_fit_folder
from missingmodels.simulate.records.recording import record
from missingmodels.simulate.world import simulate_world
from missingmodels.tables import write_tables
from worlds import remade, scenario_of, small_world

QUICK = Plan(sampling=Sampling(draws=400, tune=400, chains=2), gate=Gate(ess_min=100, rhat_max=1.03))
SEEDS = range(4)  # each world has its own numbers of children and homes, so each fit compiles anew


def fitted(world, outcome, **more):
    return fit_outcome(world.tables, more.pop("plan", QUICK), outcome=outcome, seed=1, **more)


def z_of(fit, name, truth):
    """How many posterior sds the truth lies from the mean."""
    draws = fit.draws["coefficients"].sel(column=name) if name in fit.design.names else fit.draws[name]
    values = draws.to_numpy().ravel()
    return (values.mean() - truth) / values.std()


# refusals and what is written


def test_what_is_not_known_is_refused_before_anything_is_fitted():
    tables = small_world(1).tables
    with pytest.raises(ConfigInvalid, match="known outcomes"):
        fit_outcome(tables, outcome="onset")
    with pytest.raises(ConfigInvalid, match="takes one record"):
        fit_outcome(tables, outcome="counts", other=tables)
    with pytest.raises(ConfigInvalid, match="no setting"):
        fit_outcome(tables, outcome="counts", effect_days=3)
    with pytest.raises(ConfigInvalid, match="known terms"):
        fit_outcome(tables, outcome="return", terms=("trusted_adult",))
    with pytest.raises(ConfigInvalid, match="not in the model"):
        fit_outcome(tables, outcome="counts", changes={"sigma_child": Prior(law="half_normal")})
    with pytest.raises(ConfigInvalid, match="give one of law half_normal"):
        fit_outcome(tables, outcome="counts", changes={"sigma_home": Prior(law="normal")})


def test_one_source_cannot_tell_what_happens_from_what_is_written():
    with pytest.raises(CannotAnswer, match="one source"):
        fit_outcome(small_world(1).tables, outcome="recording")


def test_every_prior_has_its_reason():
    for outcome in DESIGNS:
        for use in ("weak", "informed"):
            held = outcome_priors(outcome, use)
            assert set(held) - {"coefficient"} == set(SCALARS[outcome])
            assert ("coefficient" in held) == (outcome != "recording")
            assert all(prior.reason for prior in held.values())


@pytest.mark.sampled
def test_a_fit_is_told_written_and_refused_where_it_does_not_mix(tmp_path):
    world = small_world(3)
    found = fitted(world, "counts", terms=("summer",), changes={"summer": Prior(law="fixed", mean=0.2)})
    table = found.summary()
    assert table.loc["summer", ["median", "low", "high"]].to_numpy() == pytest.approx(np.exp(0.2))
    assert table.loc["sigma_home", "low"] < table.loc["sigma_home", "median"] < table.loc["sigma_home", "high"]
    path = write_fit_folder(found, tmp_path / "fit", policy=load_policy("none"), origin=world.tables.origin)[0]
    assert pd.read_csv(path, index_col=0).index.tolist() == table.index.tolist()
    certificate = json.loads((tmp_path / "fit" / "manifest.json").read_text(encoding="utf-8"))["certificate"]
    assert certificate["priors"]["summer"]["law"] == "fixed"
    with xr.open_datatree(tmp_path / "fit" / "private" / "draws.nc") as tree:
        assert set(tree["constant_data"]["fixed_coefficients"]["covariate"].to_numpy()) == {"summer"}
    kept = read_fit(tmp_path / "fit")
    # a file names the homes, too, by their design
    xr.testing.assert_identical(kept.draws.drop_vars("home_effect"), found.draws)
    np.testing.assert_array_equal(kept.design.matrix, found.design.matrix)
    assert kept.sentences() == found.sentences()
    assert kept.design.units["home"].ids == tuple(f"home {i}" for i in range(1, 1 + len(kept.design.units["home"].ids)))
    assert certificate["plan"] == QUICK.model_dump(mode="json")
    fixed = {"summer": Prior(law="fixed", mean=0.2)}
    once = QUICK.sampling.model_copy(update={"doublings": 0})
    strict = QUICK.model_copy(update={"gate": Gate(ess_min=1e6), "sampling": once})
    with pytest.raises(DiagnosticsFailed, match="counts"):
        fitted(world, "counts", terms=("summer",), changes=fixed, plan=strict)
    again = fitted(world, "counts", terms=("summer",), changes=fixed)
    xr.testing.assert_identical(again.draws, found.draws)


@pytest.mark.parametrize("outcome", [name for name in DESIGNS if name != "recording"])
def test_every_outcome_has_a_design_and_a_gate(outcome, monkeypatch):
    """The gate stands in one place; here it is shown to be in every outcome's way."""
    import missingmodels.fitting.drive as drive
    import missingmodels.fitting.families.outcomes as module

    world = simulate_world(scenario_of(away={"serious_share": 0.3}), seed=2)

    def drawn(compiled, settings, *, seed, progress):
        raise RuntimeError("reached the sampler")

    monkeypatch.setattr(module, "compiled_once", lambda model: (None, 0.0))
    monkeypatch.setattr(drive, "draw", drawn)
    with pytest.raises(RuntimeError, match="reached the sampler"):
        fitted(world, outcome)


def test_sentences_say_higher_lower_or_that_the_data_cannot_say():
    rng = np.random.default_rng(1)
    coefficients = np.stack([rng.normal(m, 0.1, (2, 500)) for m in (0.5, -0.5, 0.0)], axis=-1)
    draws = xr.Dataset(
        {
            "coefficients": (("chain", "draw", "column"), coefficients),
            "sigma_home": (("chain", "draw"), np.ones((2, 500))),
        },
        coords={"column": ["out_of_area", "held", "male"]},
    )
    table = outcome_table("return", draws)
    assert table["direction"].tolist()[:2] == [1.0, 0.0]
    assert np.isnan(table.loc["sigma_home", "direction"])
    assert table.loc["held", "median"] == pytest.approx(np.exp(-0.5), rel=0.02)
    facts = {"facts": {"episodes": 1200}, "notes": ["x was left out"]}
    first, *said, note = outcome_sentences("return", facts, table)
    assert first == "return: 1,200 episodes."
    assert [text.rpartition("; ")[2].split(" (")[0] for text in said] == [
        "higher",
        "lower",
        "the data cannot say which way",
    ]
    assert note == "Note: x was left out."
    # 97.9 % of the mass lies above no effect: enough for a rule of 0.95, not for one of 0.99
    nearly = draws.assign(coefficients=draws["coefficients"] * 0 + rng.normal(0.2, 0.2 / 2.034, (2, 500, 1)))
    for sure, side in ((0.95, "higher"), (0.99, "the data cannot say which way")):
        rule = Decision(supported_probability=sure, interval_mass=0.5)
        half = outcome_table("return", nearly, rule)
        assert outcome_sentences("return", facts, half, rule)[1].rpartition("; ")[2].split(" (")[0] == side
        assert "(50 % interval" in outcome_sentences("return", facts, half, rule)[1]
    values = np.exp(nearly["coefficients"].to_numpy()[..., 0].ravel())
    assert half.loc["male", ["low", "high"]].to_numpy() == pytest.approx(np.quantile(values, [0.25, 0.75]))


def test_the_command_hands_its_options_on_and_writes_the_fit(tmp_path, monkeypatch):
    import missingmodels.fitting.families.outcomes as fits
    import missingmodels.runs.fit_folder as fit_folder
    from missingmodels.cli import app

    tables, asked = small_world(1).tables, {}
    write_tables(tables, tmp_path / "t")
    table = pd.DataFrame({"measure": ["rate ratio"], "median": [1.2]}, index=pd.Index(["held"], name="term"))
    found = SimpleNamespace(summary=lambda: table, sentences=lambda: ["A sentence."], certificate={})
    monkeypatch.setattr(fits, "fit_outcome", lambda held, plan, **more: asked.update(more) or found)
    shown = SimpleNamespace(table=table, sentences=found.sentences())
    monkeypatch.setattr(fit_folder, "write_fit_folder", lambda fit, folder, **_: (folder / "outcome.csv", shown))
    words = ["interview", str(tmp_path / "t"), "-o", str(tmp_path / "f"), "--term", "held", "--effect-days", "14"]
    done = CliRunner().invoke(app, ["fit-outcome", *words])
    assert done.exit_code == 0, done.output
    assert "A sentence." in done.output
    assert (asked["outcome"], asked["terms"], asked["effect_days"], asked["other"]) == (
        "interview",
        ("held",),
        14,
        None,
    )
    assert "tolerance_days" not in asked
    found = CliRunner().invoke(app, ["fit-outcome", "recording", str(tmp_path / "none"), "-o", str(tmp_path / "f")])
    assert isinstance(found.exception, InputError)


# recovery


def together(zs):
    """No truth is far off, and there is no drift over worlds: a mean of n standard errors has sd 1 / sqrt(n)."""
    zs = np.asarray(zs)
    assert np.abs(zs).max() < 3.5, zs
    assert abs(zs.mean()) < 2.6 / np.sqrt(zs.size), zs


@pytest.mark.slow
@pytest.mark.sampled
def test_counts_recover_what_homes_and_months_were_given():
    zs = []
    for seed in SEEDS:
        world = small_world(
            seed,
            n_homes=60,
            days=393,
            mechanisms={"summer": 0.6},
            contagion={"log_rate_ratio": 0.0},
            onset={"own_1_7": 0.0, "own_8_28": 0.0, "rate_per_year": 4.0},
        )
        zs.append(z_of(fitted(world, "counts", terms=("summer",)), "summer", 0.6))
    together(zs)


def hazard_truth(ratio):
    """What the proportional-hazards model aims at where hours away are log-normal: its fit to 400 homes by ML."""
    world = small_world(77, n_homes=400, days=800, away={"out_of_area": ratio})
    rows = return_rows(world.tables, Plan(), ("out_of_area",))
    columns = np.column_stack([np.ones(rows.y.size), rows.matrix])

    def minus(beta):
        hazard = np.exp(columns @ beta)
        return -(rows.y * np.log(-np.expm1(-hazard)) - (rows.size - rows.y) * hazard).sum()

    return minimize(minus, np.zeros(columns.shape[1]), method="BFGS").x[-1]


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize("ratio", [1.0, 1.8])
def test_returns_recover_how_long_children_out_of_area_stay_away(ratio):
    truth = hazard_truth(ratio)
    assert truth == pytest.approx(0.0, abs=0.05) if ratio == 1.0 else truth < -0.2
    worlds = [small_world(seed, n_homes=40, days=393, away={"out_of_area": ratio}) for seed in SEEDS]
    together([z_of(fitted(world, "return", terms=("out_of_area",)), "out_of_area", truth) for world in worlds])


@pytest.mark.slow
@pytest.mark.sampled
def test_serious_episodes_recover_the_log_odds():
    away = {"serious_share": 0.15, "serious_out_of_area": 0.7, "serious_exploitation": 0.5, "serious_log_hours": 0.0}
    worlds = [small_world(seed, n_homes=40, days=393, away=away) for seed in SEEDS]
    fits = [fitted(world, "serious", terms=("out_of_area", "exploitation_risk")) for world in worlds]
    together([z_of(fit, "out_of_area", 0.7) for fit in fits])
    together([z_of(fit, "exploitation_risk", 0.5) for fit in fits])


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize("effect", [0.0, -0.9])
def test_an_interview_recovers_its_effect_on_the_next_gap(effect):
    """With none, immortal time or a same-day return taken as history would show as an effect."""
    worlds = [small_world(seed, n_homes=40, days=393, mechanisms={"interview": effect}) for seed in SEEDS]
    fits = [fitted(world, "interview", terms=("offered", "held_quality")) for world in worlds]
    together([z_of(fit, "held_quality", effect) for fit in fits])


@pytest.mark.slow
@pytest.mark.sampled
def test_joint_departures_are_seen_where_there_are_any_and_only_there():
    parts = {"n_homes": 30, "days": 393, "onset": {"rate_per_year": 4.0}}
    # effects of hundreds of home-periods: these need the plan's own sampling, doublings included
    none = [fitted(small_world(seed, **parts), "joint", plan=Plan()) for seed in SEEDS]
    together([z_of(fit, "log_joint", 0.0) for fit in none])
    big = small_world(5, **(parts | {"n_homes": 200}), contagion={"joint_share": 0.15})
    truth = leaves_along(big.tables)
    some = fitted(small_world(1, **parts, contagion={"joint_share": 0.15}), "joint", plan=Plan())
    assert some.summary().loc["log_joint", "direction"] > 0.99
    along = some.summary().loc["leaves_along"]
    assert along["low"] * 0.8 < truth < along["high"] * 1.25  # homes differ in how tied their residents are


def leaves_along(tables):
    """Share of co-residents at risk who leave on the day when a resident does, counted over a large sector."""
    from missingmodels.frame.riskset import build_risk_set

    risk = build_risk_set(tables, Plan().frame)
    pairs = others = 0
    for home in range(len(risk.home_ids)):
        at_risk = (risk.residence == home) & (risk.days_at_risk > 0)
        left = (at_risk & risk.onset).sum(axis=0)
        pairs += (left * (left - 1)).sum()
        others += (left * (at_risk.sum(axis=0) - 1)).sum()
    return pairs / others


@pytest.mark.slow
@pytest.mark.sampled
def test_two_records_tell_what_happens_from_what_is_written():
    zs = {"report_a": [], "report_b": []}
    for seed in SEEDS:
        happened = small_world(seed, n_homes=30, days=393).tables
        a = record(happened, Recording(reported_log_odds=1.2, reported_home_sd=0.4), seed=10 + seed).tables
        b = record(happened, Recording(reported_log_odds=0.0, reported_home_sd=0.4), seed=90 + seed).tables
        fit = fit_outcome(a, QUICK, outcome="recording", other=b, seed=1)
        zs["report_a"].append(z_of(fit, "report_a", 1.2))
        zs["report_b"].append(z_of(fit, "report_b", 0.0))
    together(zs["report_a"])
    together(zs["report_b"])


def test_a_world_written_down_twice_links_to_itself():
    """Both records whole: every episode is in both, and the order of rows does not matter."""
    from missingmodels.frame.outcomes.recording import two_sources

    tables = small_world(4).tables
    turned = remade(tables, {"missing_episodes": tables["missing_episodes"].iloc[::-1]})
    found = two_sources(tables, turned).episodes
    assert found["in_a"].all()
    assert found["in_b"].all()
    assert len(found) == len(tables["missing_episodes"])


def test_bands_cover_all_days():
    """A simulated world's returns add up over bands to its episodes' own."""
    world = small_world(6)
    episodes, _ = home_episodes(world.tables, Plan())
    rows = return_rows(world.tables, Plan(), ())
    known, returned = episodes["known_days"], episodes["returned"]
    assert rows.y.sum() == returned.sum()
    assert rows.size.sum() == (known + returned).sum()
    reached = [float(rows.size[rows.matrix[:, i] == 1].sum()) for i in range(rows.matrix.shape[1])]
    last = (known + returned).to_numpy()
    later = itertools.pairwise((*DAY_BANDS[1:], 10**6))
    expected = [float(np.clip(np.minimum(last, high) - low, 0, None).sum()) for low, high in later]
    assert reached == expected[: len(reached)]
    assert not any(expected[len(reached) :])
