"""What must not matter: labels, the order of rows, spans cut in two, homes and children without residents' days."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from missingmodels.frame.design import build_design
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.plan import STRUCTURE
from missingmodels.tables import check_tables, require_valid
from worlds import Point, log_density_by_child, plan_of, remade, small_world


def world_frames():
    """A world with what real extracts hold beside: absences, moving-day episodes, gaps in staffing, mixed stays."""
    tables = small_world(
        2,
        n_homes=10,
        onset={"rate_per_year": 15.0},
        children={"stay_scale": 0.2, "move_share": 0.8},
    ).tables
    rng = np.random.default_rng(12)
    frames = {name: frame.copy() for name, frame in tables.frames.items()}
    stays = frames["placements"]
    stays["out_of_area"] = pd.array(rng.random(len(stays)) < 0.5, dtype="boolean")  # by stay, not by child
    stays.loc[rng.random(len(stays)) < 0.1, "out_of_area"] = pd.NA
    # a week of temporary absence in the middle of every fifth long stay
    long = stays[(stays["end_date"].fillna(tables.observed_to) - stays["start_date"]).dt.days > 60].iloc[::5]
    leave = long["start_date"] + pd.Timedelta(days=40)
    away = long.assign(start_date=leave, end_date=leave + pd.Timedelta(days=7), home_id=pd.NA, placement_type="T1")
    back = long.assign(start_date=leave + pd.Timedelta(days=7))
    stays.loc[long.index, "end_date"] = leave
    frames["placements"] = pd.concat([stays, away, back], ignore_index=True)
    episodes = frames["missing_episodes"]
    episodes["category"] = np.where(rng.random(len(episodes)) < 0.2, "A", "M")
    # a same-day episode on the day that a stay ends, where the child is not missing already
    ended = stays[stays["end_date"] < tables.observed_to - pd.Timedelta(days=2)][["child_id", "end_date"]]
    ended = ended[ended["end_date"] > tables.observed_from].rename(columns={"end_date": "start_date"})
    joined = ended.merge(episodes[["child_id", "start_date", "end_date"]], on="child_id", suffixes=("", "_of_other"))
    inside = (joined["start_date_of_other"] <= joined["start_date"]) & ~(joined["end_date"] < joined["start_date"])
    taken = joined.loc[inside, ["child_id", "start_date"]].assign(taken=True).drop_duplicates()
    moving = ended.merge(taken, how="left", on=["child_id", "start_date"])
    moving = moving[moving["taken"].isna()].drop(columns="taken")
    moving = moving.assign(end_date=moving["start_date"], sequence=0, category="M", end_is_censored=False)
    again = episodes[episodes["end_date"] == episodes["start_date"]].iloc[:4].assign(sequence=1)
    frames["missing_episodes"] = pd.concat([episodes, moving, again], ignore_index=True)
    people = frames["children"]
    people.loc[::7, "need_score"] = np.nan
    people["disability"] = pd.array(rng.random(len(people)) < 0.3, dtype="boolean")
    people.loc[::5, "uasc_from"] = tables.observed_from - pd.Timedelta(days=100)
    people.loc[::10, "uasc_to"] = tables.observed_from + pd.Timedelta(days=70)
    people.loc[::6, "recorded_from"] = tables.observed_from + pd.Timedelta(days=50)
    # the registration of every other home changed before the span, of every third in the middle of it
    homes = frames["homes"]
    change = pd.Series(tables.observed_from - pd.Timedelta(days=300), index=homes.index)
    change[::3] = tables.observed_from + pd.Timedelta(days=90)
    old = homes.iloc[::2].assign(valid_to=change[::2], places=homes["places"].iloc[::2] + 2)
    homes.loc[old.index, "valid_from"] = change[::2]
    frames["homes"] = pd.concat([old, homes], ignore_index=True)
    staff = frames["staff_periods"]
    lost = (staff["home_id"] == "home00001") & (staff["start_date"] < tables.observed_from)
    staff.loc[lost, "agency_hours"] = np.nan
    staff["permanent_headcount"] = 4.0 + rng.integers(0, 5, len(staff))
    staff["permanent_leavers"] = rng.integers(0, 2, len(staff)).astype(float)
    return tables, frames


@cache
def example(all_residents=True, spells=True):
    tables, frames = world_frames()
    changed = remade(tables, frames, all_residents=all_residents)
    if not spells:
        changed = remade(changed, {"staff_spells": changed["staff_spells"].iloc[:0]})
    require_valid(changed)
    return changed


def plan_under(**frame):
    return plan_of(
        exposure={
            "beside": ["peer_count", "peer_density", "peer_network", "peer_kernel"],
            "outside": "outside_network",
            "moderation": "staff_ratio_within",
        },
        terms={
            "structure": list(STRUCTURE),
            "vulnerability": "age_years + male + need_score + exploitation_risk + out_of_area"
            " + disability + uasc + emergency",
            "calendar": "weekend + season + trend_years",
        },
        frame=frame,
    )


def relabelled(tables):
    """Other names, in another order, for homes, children and staff."""

    def renamer(letter, labels):
        order = np.random.default_rng(5).permutation(len(labels))
        return {label: f"{letter}{at:05d}" for label, at in zip(sorted(labels), order, strict=True)}

    names = renamer("h", tables["homes"]["home_id"].unique()) | renamer("c", tables["children"]["child_id"].unique())
    staff = {label for frame in tables.frames.values() if "staff_id" in frame for label in frame["staff_id"].dropna()}
    names |= renamer("s", staff)
    frames = {}
    for table, frame in tables.frames.items():
        columns = [c for c in ("home_id", "child_id", "child_a", "child_b", "staff_id") if c in frame]
        frames[table] = frame.assign(**{c: frame[c].map(names) for c in columns})
    return remade(tables, frames), {new: old for old, new in names.items()}


def shuffled(tables):
    rng = np.random.default_rng(7)
    return remade(tables, {name: f.iloc[rng.permutation(len(f))] for name, f in tables.frames.items()}), {}


def reversed_rows(tables):
    return remade(tables, {name: frame.iloc[::-1] for name, frame in tables.frames.items()}), {}


def cut(frame, share, end_of_open):
    """Two touching rows for each of the rows chosen by ``share``, at a day inside the span."""
    rng = np.random.default_rng(17)
    length = (frame["end_date"].fillna(end_of_open) - frame["start_date"]).dt.days
    chosen = frame[(length > 1) & (rng.random(len(frame)) < share)]
    offset = 1 + np.floor(rng.random(len(chosen)) * (length[chosen.index] - 1))
    day = chosen["start_date"] + pd.to_timedelta(offset, unit="D")
    part = (offset / length[chosen.index]).to_numpy()
    return chosen, day.astype(frame["start_date"].dtype), part


def placements_cut(tables):
    """Every stay cut once at random, and once more on the day of an onset if it holds one."""
    stays = tables["placements"]
    chosen, day, _ = cut(stays, 0.8, tables.observed_to)
    stays = pd.concat([stays.assign(end_date=stays["end_date"].where(~stays.index.isin(chosen.index), day)),
                       chosen.assign(start_date=day)], ignore_index=True)  # fmt: skip
    pairs = stays.reset_index().merge(tables["missing_episodes"][["child_id", "start_date"]], on="child_id")
    inside = (pairs["start_date_x"] < pairs["start_date_y"]) & ~(pairs["end_date"] <= pairs["start_date_y"])
    onset = pairs[inside].groupby("index")["start_date_y"].min()
    assert len(onset) > 20
    second = stays.loc[onset.index].assign(start_date=onset)
    first = stays.assign(end_date=stays["end_date"].where(~stays.index.isin(onset.index), onset.reindex(stays.index)))
    return remade(tables, {"placements": pd.concat([first, second], ignore_index=True)}), {}


def staff_periods_cut(tables):
    staff = tables["staff_periods"]
    chosen, day, part = cut(staff, 0.7, tables.observed_to)
    totals = ["worked_hours", "agency_hours", "permanent_leavers"]
    first, second = staff.copy(), chosen.assign(start_date=day)
    first.loc[chosen.index, "end_date"] = day
    first.loc[chosen.index, totals] = chosen[totals].mul(part, axis=0)
    second[totals] = chosen[totals].mul(1 - part, axis=0)
    return remade(tables, {"staff_periods": pd.concat([first, second], ignore_index=True)}), {}


def ties_cut(tables):
    ties = tables["ties"]
    chosen, day, _ = cut(ties, 0.5, tables.observed_to)
    first = ties.assign(end_date=ties["end_date"].where(~ties.index.isin(chosen.index), day))
    turned = chosen.assign(start_date=day, child_a=chosen["child_b"], child_b=chosen["child_a"])
    return remade(tables, {"ties": pd.concat([first, turned], ignore_index=True)}), {}


def registrations_cut(tables):
    homes = tables["homes"]
    day = homes["valid_from"] + pd.Timedelta(days=31)
    second = homes.assign(valid_from=day)
    return remade(tables, {"homes": pd.concat([homes.assign(valid_to=day), second], ignore_index=True)}), {}


def empty_home_added(tables):
    """A home with places and staff but nobody in it, first in order of labels."""
    home = {"home_id": "aaa", "valid_from": pd.Timestamp("2010-01-01"), "places": 6, "weak_key": False}
    one = tables["staff_periods"]["home_id"].unique()[0]
    frames = {"homes": pd.concat([tables["homes"], pd.DataFrame([home])], ignore_index=True)}
    for name in ("staff_periods", "staff_spells"):
        frame = tables[name]
        frames[name] = pd.concat([frame, frame[frame["home_id"] == one].assign(home_id="aaa")], ignore_index=True)
    return remade(tables, frames), {}


def child_without_home_added(tables):
    """A fostered child with episodes and ties, and a child whose stay ended before the observed span."""
    before = tables.observed_from - pd.Timedelta(days=200)
    people = tables["children"].iloc[:2].assign(child_id=["aaa", "bbb"])
    stays = (
        tables["placements"]
        .iloc[:2]
        .assign(
            child_id=["aaa", "bbb"],
            start_date=before,
            end_date=[tables.observed_to, before + pd.Timedelta(days=100)],
            home_id=[pd.NA, tables["placements"]["home_id"].dropna().iloc[0]],
            placement_type=["U1", "K2"],
        )
    )
    episode = tables["missing_episodes"].iloc[:1].assign(child_id="aaa")
    tie = tables["ties"].iloc[:1].assign(child_a="aaa")
    extra = {"children": people, "placements": stays, "missing_episodes": episode, "ties": tie}
    return remade(tables, {n: pd.concat([tables[n], f], ignore_index=True) for n, f in extra.items()}), {}


CHANGES = (
    relabelled,
    shuffled,
    reversed_rows,
    placements_cut,
    staff_periods_cut,
    ties_cut,
    registrations_cut,
    empty_home_added,
    child_without_home_added,
)


def canonical(design, before, names):
    """The design as one table under the first labels, in an order of its own.

    Rows whose columns agree to rounding are added up, as the likelihood does with them anyway (section 1).
    """
    table = pd.DataFrame(design.matrix, columns=design.names)[names].round(9) + 0.0
    table.insert(0, "child", [before.get(design.child_ids[i], design.child_ids[i]) for i in design.child])
    table.insert(1, "home", [before.get(design.home_ids[i], design.home_ids[i]) for i in design.home])
    table.insert(2, "period", design.period)
    table.insert(3, "before_window", design.before_window)
    key = list(table)
    sums = ("onsets", "days", "days_at_risk")
    return table.assign(**{name: getattr(design, name) for name in sums}).groupby(key, as_index=False).sum()


def design_of(tables, plan, exposure="peer_presence"):
    rows = build_rows(tables, build_risk_set(tables, plan.frame), plan)
    conditional = plan.frame.initial == "conditional"
    formula = " + ".join(
        [model_terms(plan, "M3", exposure), "peer_count", "peer_density", "peer_network", "peer_kernel"]
    )
    return build_design(rows, formula, conditional=conditional)


@cache
def design_before(all_residents, spells, **frame):
    return design_of(example(all_residents, spells), plan_under(**frame))


def assert_the_same(change, *, all_residents=True, spells=True, **frame):
    tables = example(all_residents, spells)
    changed, before = change(tables)
    assert [f for f in check_tables(changed) if f.severity == "error"] == []
    one = design_before(all_residents, spells, **frame)
    other = design_of(changed, plan_under(**frame))
    assert set(one.names) == set(other.names)
    expected, found = canonical(one, {}, sorted(one.names)), canonical(other, before, sorted(one.names))
    pd.testing.assert_frame_equal(found, expected, rtol=1e-8, atol=1e-8)
    at = [other.names.index(name) for name in one.names]
    np.testing.assert_allclose(other.centre[at], one.centre, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(other.scale[at], one.scale, rtol=1e-9)
    point = Point(1)
    densities = log_density_by_child(one, point, frailty_shape=0.7)
    again = log_density_by_child(other, point, frailty_shape=0.7, relabel=before)
    again = {before.get(child, child): value for child, value in again.items()}
    assert again == pytest.approx(densities, rel=1e-9, abs=1e-9)
    assert len(set(densities.values())) > 20


@pytest.mark.parametrize("change", CHANGES)
def test_under_the_default_plan(change):
    assert_the_same(change)


@pytest.mark.parametrize("boundary", ["starting", "drop"])
@pytest.mark.parametrize("change", [reversed_rows, placements_cut])
def test_under_other_boundary_rules(change, boundary):
    assert_the_same(change, boundary=boundary, initial="conditional")


@pytest.mark.parametrize("change", [relabelled, shuffled, registrations_cut, staff_periods_cut])
def test_where_one_authority_sees_only_its_own_and_staff_come_as_totals(change):
    # periods of 30 days cut across those of the staffing totals
    assert_the_same(change, all_residents=False, spells=False, initial="conditional", period_days=30)


def test_the_example_holds_what_the_changes_are_about():
    tables = example()
    design = design_before(True, True)
    moving = build_risk_set(tables, plan_under().frame).notes["episodes on a moving day (rule: ending)"]
    assert moving > 10
    assert (tables["placements"]["placement_type"] == "T1").sum() >= 5
    assert tables["placements"].groupby("child_id")["out_of_area"].nunique().max() == 2
    wanted = {f"{name}_{part}" for name in STRUCTURE for part in ("between", "within")}
    assert wanted - set(design.names) <= {"mix_spread_within"}
    assert {"peer_network", "peers_unseen", "uasc", "weekend", "trend_years"} <= set(design.names)
    new = {"peer_kernel", "outside_network", "no_outside_ties", "outside_unseen", "peer_presence:short_staffing"}
    assert new <= set(design.names)


def test_staff_hours_unrecorded_in_one_span_say_nothing_of_others():
    """Agency hours of home00001 are unrecorded before day 0: its later periods keep their share."""
    tables, frames = world_frames()
    staff = frames["staff_periods"]
    kept = ~((staff["home_id"] == "home00001") & (staff["start_date"] < tables.observed_from))
    plan = plan_under()
    found = design_of(remade(tables, frames), plan).column("agency_share_within")
    expected = design_of(remade(tables, frames | {"staff_periods": staff[kept]}), plan).column("agency_share_within")
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_out_of_area_is_that_of_the_home_the_child_is_in():
    """On a moving day with an onset the rule ``ending`` keeps the child in the home left, with that stay's values."""
    tables = example()
    plan = plan_under(boundary="ending")
    risk = build_risk_set(tables, plan.frame)
    made = build_rows(tables, risk, plan)
    rows = made.frame
    stays = tables["placements"].dropna(subset=["home_id"])
    # Each child and home has one value as long as nobody comes back to a home; the others are left aside.
    values = stays.groupby(["child_id", "home_id"])["out_of_area"].agg(["nunique", "first", "count", "size"])
    clear = values[(values["nunique"] == 1) & (values["count"] == values["size"])]["first"].astype(float)
    keys = list(zip(np.array(made.child_ids)[rows["child"]], np.array(made.home_ids)[rows["home"]], strict=True))
    known = np.array([key in clear.index for key in keys])
    expected = np.array([clear.get(key, np.nan) for key in keys])
    assert known.mean() > 0.6
    np.testing.assert_array_equal(rows["out_of_area"].to_numpy()[known], expected[known])
