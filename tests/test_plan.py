"""Plans, scenarios and cards: every fault is told with its place, and what ships with the package loads."""

from __future__ import annotations

import csv
import inspect
import math
from importlib.resources import files

import pytest

import missingmodels as mm
from missingmodels.cli.models import fit_rows
from missingmodels.cli.reading.official import official
from missingmodels.config import from_mapping, preset, read_toml
from missingmodels.errors import ConfigInvalid
from missingmodels.fitting.diagnostics import broken_by_weights
from missingmodels.plan import Exposure, Frame, Gate, Plan, Terms, kept_plan
from missingmodels.presets import load_plan
from missingmodels.scenario import Scenario, kept_scenario
from missingmodels.sources import STATUSES, card, cards


def fault(values, kind=Plan):
    with pytest.raises(ConfigInvalid) as caught:
        from_mapping(values, kind)
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "place", "suggestion"),
    [
        ({"exposur": {}}, "exposur", "exposure"),
        ({"exposure": {"window_day": 7}}, "exposure.window_day", "window_days"),
        ({"frame": {"burnin_days": 7}}, "frame.burnin_days", "burn_in_days"),
        ({"sampling": {"chain": 4}}, "sampling.chain", "chains"),
        ({"priors": {"replace": {"intercept": {"fix": 0.0}}}}, "priors.replace.intercept", ""),
    ],
)
def test_a_misspelt_key_is_named_with_its_place_and_the_nearest_known_one(values, place, suggestion):
    message = fault(values)
    assert f"{place}" in message
    assert suggestion in message
    assert "unknown key" in message


def test_a_misspelt_structure_variable_gets_a_suggestion():
    message = fault({"terms": {"structure": ["staff_ration"]}})
    assert "terms" in message
    assert "'staff_ration'" in message
    assert "did you mean 'staff_ratio'" in message


def test_several_faults_are_told_at_once():
    message = fault(
        {
            "model": ["M0"],
            "exposure": {"primary": "peer_pressure", "window_days": 0},
            "frame": {"boundary": "both"},
            "sampling": {"chains": 1, "draws": "many"},
        }
    )
    assert "6 faults" in message
    for place in ("model:", "exposure.primary:", "exposure.window_days:", "frame.boundary:", "sampling.chains:"):
        assert place in message
    assert "sampling.draws:" in message
    assert "'peer_pressure'" in message


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        ({"models": ["M1", "M3"]}, Plan, "M0"),
        ({"exposure": {"window_days": 30}}, Plan, "burn_in_days"),
        ({"frame": {"burn_in_days": 3}}, Plan, "window_days"),
        ({"exposure": {"primary": "peer_kernel", "kernel_days": 9.4}}, Plan, "kernel_days"),
        ({"exposure": {"moderation": "staff_ratio_within"}, "models": ["M0", "M1"]}, Plan, "M3"),
        ({"exposure": {"outside": "outside_count"}, "models": ["M0", "M2"]}, Plan, "M1"),
        ({"exposure": {"moderation": "staff_ratio_within"}, "terms": {"structure": ["size"]}}, Plan, "staff_ratio"),
        (
            {"frame": {"coverage_rule": "model"}, "exposure": {"primary": "peer_kernel"}},
            Plan,
            "to be one of peer_presence",
        ),
        ({"frame": {"coverage_rule": "bound"}, "exposure": {"moderation": "staff_ratio_within"}}, Plan, "moderation"),
        ({"frame": {"coverage_rule": "model"}, "exposure": {"outside": "outside_count"}}, Plan, "exposure.outside"),
        ({"frame": {"coverage_rule": "bound"}, "effects": {"owner": True}}, Plan, "effects.owner"),
        ({"priors": {"replace": {"male": {"mean": 0.1}}}}, Plan, "or fixed"),
        ({"priors": {"replace": {"male": {"mean": 0.1, "sd": 1.0, "fixed": 0.0}}}}, Plan, "or fixed"),
        ({"priors": {"replace": {"male": {}}}}, Plan, "or fixed"),
        ({"homes": {"place_shares": [0.5, 0.4]}}, Scenario, "sum to 1"),
        ({"homes": {"place_shares": [1.5, -0.5]}}, Scenario, "place_shares"),
        ({"children": {"stay_band_shares": [0.5, 0.5]}}, Scenario, "8 shares"),
    ],
)
def test_values_that_contradict_each_other(values, kind, words):
    assert words in fault(values, kind)


@pytest.mark.parametrize("more", [{"mean": 0.2}, {"sd": 1.0}])
def test_a_fixed_prior_with_half_a_normal_one_beside_it_contradicts_itself(more):
    assert "or fixed" in fault({"priors": {"replace": {"male": {"fixed": 0.0} | more}}})


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"days": 28}, "days"),
        ({"homes": {"count": 0}}, "homes.count"),
        ({"homes": {"occupancy": 1.0}}, "homes.occupancy"),
        ({"staff": {"agency_cover_share": 1.5}}, "staff.agency_cover_share"),
        ({"children": {"male_share": 1.2}}, "children.male_share"),
        ({"onset": {"frailty_shape": 0}}, "onset.frailty_shape"),
        ({"onset": {"home_sd": -0.1}}, "onset.home_sd"),
        ({"onset": {"peer_presence": 0.3}}, "onset.peer_presence"),
        ({"contagion": {"log_rate_ratio": 5}}, "contagion.log_rate_ratio"),
        ({"contagion": {"exposure": "peer_kernels"}}, "contagion.exposure"),
        ({"start_date": "1 April"}, "start_date"),
    ],
)
def test_a_scenario_out_of_range_is_told_with_its_place(values, place):
    assert f"{place}: " in fault(values, Scenario)


def test_a_file_that_is_not_toml_is_named(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text('name = "x"\n[exposure\nwindow_days = 7\n')
    with pytest.raises(ConfigInvalid) as caught:
        read_toml(path, Plan)
    assert str(path) in str(caught.value)
    assert "line 2" in str(caught.value)


@pytest.mark.parametrize("content", [b"name = \xff\xfe", None])
def test_a_file_that_is_not_text_or_not_there_is_named(tmp_path, content):
    path = tmp_path / "plan.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigInvalid, match=r"plan\.toml"):
        read_toml(path, Plan)
    with pytest.raises(ConfigInvalid):
        read_toml(tmp_path, Plan)


def test_the_faults_of_a_file_carry_its_name(tmp_path):
    path = tmp_path / "typo.toml"
    path.write_text("[frame]\nperiod_day = 28\n")
    with pytest.raises(ConfigInvalid) as caught:
        read_toml(path, Plan)
    assert caught.value.where == str(path)
    assert "period_days" in str(caught.value)


def test_a_file_reads_as_it_is_written(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(
        'models = ["M0", "M1"]\n[exposure]\nprimary = "peer_density"\nbeside = []\nwindow_days = 10\n'
        "[priors.replace.peer_density]\nmean = 0.1\nsd = 0.2\n[priors.replace.sigma_home]\nfixed = 0.5\n"
    )
    plan = read_toml(path, Plan)
    assert plan.models == ("M0", "M1")
    assert (plan.exposure.primary, plan.exposure.beside, plan.exposure.window_days) == ("peer_density", (), 10)
    change = plan.priors.replace["peer_density"]
    assert (change.mean, change.sd, change.fixed) == (0.1, 0.2, None)
    assert plan.priors.replace["sigma_home"].fixed == 0.5


def test_a_plan_cannot_be_changed_once_made():
    with pytest.raises(ValueError, match="frozen"):
        Plan().exposure.window_days = 3


@pytest.mark.parametrize(("folder", "kind"), [("plans", Plan), ("scenarios", Scenario)])
def test_presets_load_under_their_own_name(folder, kind):
    names = [path.name.removesuffix(".toml") for path in files("missingmodels").joinpath(folder).iterdir()]
    assert len(names) >= 2
    for name in names:
        assert preset(folder, name, kind).name == name


def test_an_unknown_preset_gets_a_suggestion():
    with pytest.raises(ConfigInvalid, match="did you mean 'small'"):
        preset("scenarios", "smal", Scenario)


def test_a_kept_plan_means_what_it_meant_and_a_file_what_is_meant_today(tmp_path):
    """A run, a fit or a study wrote every key that there was; a user's file leaves keys out."""
    whole = Plan().model_dump(mode="json")
    assert kept_plan(whole) == Plan()
    del whole["exposure"]["witnessed"], whole["terms"]["structure_means"], whole["gate"]["tail_share_max"]
    before = kept_plan(whole)
    assert not before.exposure.witnessed
    assert before.terms.structure_means == "window"
    assert Plan().terms.structure_means == "past"
    assert before.tail_share_limit == 0.05
    same = {"exposure": Exposure(), "terms": Terms(), "gate": Gate()}
    assert before.model_copy(update=same) == Plan()
    assert "witnessed" not in whole["exposure"], "what was read is left as it was"
    assert not kept_plan({}).exposure.witnessed
    old = {"exposure.witnessed": False, "terms.structure_means": "window", "gate.tail_share_max": 0.05}
    assert kept_plan(Plan().changed(old).model_dump()) == before
    path = tmp_path / "plan.toml"
    path.write_text('name = "mine"\n[exposure]\nwindow_days = 3\n', encoding="utf-8")
    assert load_plan(path).exposure.witnessed
    with pytest.raises(ConfigInvalid, match=r"(?s)here: .*exposure"):
        kept_plan({"exposure": 7}, where="here")


def test_a_kept_scenario_means_what_it_meant():
    whole = Scenario().model_dump(mode="json")
    assert kept_scenario(whole) == Scenario()
    del whole["contagion"]["witnessed"]
    assert not kept_scenario(whole).contagion.witnessed


def test_the_defaults_are_those_of_the_specification():
    plan = Plan()
    # section 6: primary exposure peer_presence over 7 days, peer_density beside it; section 7: 28-day periods
    assert (plan.exposure.primary, plan.exposure.window_days) == ("peer_presence", 7)
    assert plan.exposure.beside == ("peer_density",)
    assert plan.frame.period_days == 28
    assert (plan.decision.supported_probability, plan.decision.negligible_probability) == (0.975, 0.90)
    assert plan.decision.negligible_ratio == 1.1


def test_every_card_is_complete_and_says_how_sure_it_is():
    found = cards()
    text = files("missingmodels").joinpath("sources.csv").read_text(encoding="utf-8")
    assert len(found) == len(text.strip().splitlines()) - 1, "two cards have one name"
    for name, one in found.items():
        assert one.status in STATUSES, name
        assert one.values, name
        assert all(math.isfinite(value) for value in one.values), name
        for field in ("name", "unit", "population", "citation"):
            assert getattr(one, field).strip(), (name, field)
        # a figure that somebody measured has a year; an assumption has none
        assert one.year.isdigit() or (one.status == "assumption" and not one.year), name
        assert None not in vars(one), name
    assert set(next(csv.reader(text.splitlines()))) == {
        "name", "value", "unit", "population", "year", "citation", "status",
    }  # fmt: skip


def test_cards_that_are_shares_add_up():
    shares = card("home_places_shares").values
    assert sum(shares) == pytest.approx(1, abs=0.005)
    # the mean of the shares, nine standing for nine or more, is that of the card beside it
    mean = sum(places * share for places, share in enumerate(shares, start=1))
    assert mean == pytest.approx(card("home_places_mean").value, abs=0.1)
    bands = [card(f"duration_{band}_share").value for band in ("same_day", "1_2_days", "3_7_days")]
    assert 0.9 < sum(bands) < 1
    for name, one in cards().items():
        if "share" in name and len(one.values) == 1:
            assert 0 <= one.value <= 1, name


def test_a_list_card_has_no_single_value_and_an_unknown_card_is_named():
    with pytest.raises(ValueError, match="home_places_shares"):
        _ = card("home_places_shares").value
    with pytest.raises(KeyError, match="no_such_card"):
        card("no_such_card")


def test_scenario_defaults_that_speak_of_the_world_are_their_cards():
    scenario = Scenario()
    expected = {
        ("homes", "place_shares"): card("home_places_shares").values,
        ("homes", "occupancy"): card("occupancy").value,
        ("homes", "sector_shares"): card("home_sector_shares").values,
        ("staff", "people_per_place"): card("staff_per_place").value,
        ("staff", "turnover_per_year"): card("staff_turnover_annual").value,
        ("children", "male_share"): card("residents_male_share").value,
        ("children", "out_of_area_share"): card("residents_out_of_area_share").value,
        ("children", "emergency_share"): card("emergency_admission_share").value,
        ("children", "stay_band_shares"): card("placement_length_bands").values,
        ("children", "well_matched_share"): card("well_matched_share").value,
        ("children", "social_worker_changes_per_year"): card("social_worker_changes_per_year").value,
        ("away", "median_hours"): card("hours_away_median").value,
        ("away", "sd_log"): card("hours_away_sd_log").value,
        ("aftermath", "accepted_share"): card("interview_take_up_share").value,
        ("onset", "age_years"): math.log(card("age_rate_ratio_per_year").value),
        ("onset", "own_1_7"): math.log(card("own_recent_rate_ratio").value),
        ("onset", "home_sd"): card("home_sd_log").value,
        ("onset", "frailty_shape"): card("frailty_shape").value,
        ("contagion", "log_rate_ratio"): math.log(card("peer_effect_rate_ratio").value),
    }
    for (part, name), value in expected.items():
        assert getattr(getattr(scenario, part), name) == value, name


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"models": ["M0", "M2"], "effects": {"peer_slope_by_home": True}}, "needs a model with peers"),
        ({"effects": {"frailty": "log_normal"}, "frame": {"initial": "conditional"}}, "needs frame.initial = 'joint'"),
        ({"effects": {"frailty": "lognormal"}}, "effects.frailty"),
        ({"effects": {"home_process": "weeks"}}, "effects.home_process"),
    ],
)
def test_effects_that_cannot_be_are_refused(values, said):
    assert said in fault(values)


def test_a_bad_record_in_python_is_told_as_from_a_file() -> None:
    with pytest.raises(ConfigInvalid, match=r"exposure\.windw_days: unknown key; did you mean 'window_days'") as said:
        Plan(exposure={"windw_days": 7}, sampling={"draws": 1}, models=("M1",))
    assert "3 faults" in said.value.what or "2 faults" in said.value.what  # the last is judged where parts are sound
    assert "sampling.draws" in said.value.what
    with pytest.raises(ConfigInvalid, match="window_days"):
        Exposure(window_days=0)
    with pytest.raises(ConfigInvalid, match="window_days is longer"):
        Plan(exposure=Exposure(window_days=14), frame=Frame(burn_in_days=7))
    with pytest.raises(ConfigInvalid, match=r"exposure\.primary: Input should be"):
        Plan.model_validate({"exposure": {"primary": "peers"}})
    for text, words in (
        ("{", "Invalid JSON"),
        ('{"exposure": {"primary": "peers"}}', r"exposure\.primary: Input should be"),
    ):
        with pytest.raises(ConfigInvalid, match=words):
            Plan.model_validate_json(text)
    with pytest.raises(ConfigInvalid, match="unknown key"):
        Plan().changed({3: 1})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda tables: mm.answer(tables, "demo", seed=1), "the name 'demo' is given where a plan belongs"),
        (lambda tables: mm.prepare(tables, None), "NoneType is given where a plan belongs"),
        (lambda tables: mm.fit(tables, {"name": "x"}, model="M0"), "dict is given where a plan belongs"),
        (lambda tables: mm.simulate_world(mm.load_scenario("tiny"), seed=-1), "the seed -1 is no whole number"),
        (lambda tables: mm.simulate_world(mm.load_scenario("tiny"), seed=1.5), r"the seed 1\.5 is no whole number"),
    ],
)
def test_what_is_no_plan_or_seed_is_told_where_it_is_given(call, words) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        call(None)


@pytest.mark.parametrize("command", [fit_rows, official])
def test_commands_without_a_plan_show_the_intervals_that_a_plan_would(command):
    assert inspect.signature(command).parameters["interval_mass"].default == Plan().decision.interval_mass == 0.95


def test_the_tail_that_a_fit_may_have_is_what_its_intervals_leave_out_on_one_side():
    assert Plan().tail_share_limit == pytest.approx(0.025)
    assert Plan().changed({"decision.interval_mass": 0.9}).tail_share_limit == pytest.approx(0.05)
    assert Plan().changed({"gate.tail_share_max": 0.04}).tail_share_limit == 0.04
    found = {"k_hat": 0.1, "importance_ess": 4000.0, "tail_share_max": 0.03, "edge_loss": 0.0}
    (said,) = broken_by_weights(found, Plan(), 4000)
    assert said.startswith("3.0% of a coefficient's posterior")
    assert said.endswith("above 2.5%")
    assert broken_by_weights(found, Plan().changed({"decision.interval_mass": 0.9}), 4000) == ()
