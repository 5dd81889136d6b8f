"""Where data come from: rows of other files make simulated data mixed, which every guard takes for real."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from examples import valid_tables

from missingmodels.errors import InputError
from missingmodels.evidence.figures.network_day import network_day
from missingmodels.evidence.figures.network_week import network_week
from missingmodels.extract.mapped.mapping import read_mapping
from missingmodels.extract.mapped.to_table import into_tables, read_mapped
from missingmodels.extract.ofsted.homes import add_homes
from missingmodels.extract.ofsted.lists import read_ofsted_list
from missingmodels.extract.staff.staffing import read_staffing
from missingmodels.extract.staff.tables import add_staff
from missingmodels.frame.riskset import build_risk_set
from missingmodels.plan import Frame
from missingmodels.report.sentences import origin_words
from missingmodels.tables import is_simulated, joined_origin, kind_of


@pytest.fixture
def simulated():
    held = valid_tables()
    frames = {
        name: frame.assign(home_id=frame["home_id"].str.upper()) if "home_id" in frame else frame
        for name, frame in held.frames.items()
    }
    return dataclasses.replace(held, frames=frames, origin={"kind": "simulated", "seed": 1})


def mapped(tables, folder):
    child = tables["children"]["child_id"].iloc[0]
    (folder / "log.csv").write_text(f"child,start,end\n{child},03/06/2023,04/06/2023\n")
    columns = {"child_id": 'from = "child"', "start_date": 'from = "start"', "end_date": 'from = "end"'}
    columns |= {"sequence": "count = true", "category": 'value = "M"', "end_is_censored": "value = false"}
    body = "".join(f"[tables.columns.{name}]\n{what}\n" for name, what in columns.items())
    (folder / "m.toml").write_text(f'[[tables]]\ntable = "missing_episodes"\nfile = "log.csv"\n{body}')
    mapping = read_mapping(folder / "m.toml")
    return into_tables(read_mapped(mapping), mapping, tables, replace=True)[0]


def staffed(tables, folder):
    home = tables["homes"]["home_id"].iloc[0]
    path = folder / "rota.csv"
    path.write_text(f"Home URN,Staff ID,Start,End\n{home},A1,01/06/2023 08:00,01/06/2023 16:00\n")
    return add_staff(tables, read_staffing(path, status="worked"), replace=True)[0]


def listed(tables, folder):
    path = folder / "list.csv"
    path.write_text("URN,Provision type,Places\nSC999999,Children's Home,4\n")
    return add_homes(tables, [read_ofsted_list(path, list_date="2024-03-31")])[0]


@pytest.mark.parametrize("bring_in", [mapped, staffed, listed])
def test_rows_of_other_files_make_simulated_data_mixed(simulated, tmp_path, bring_in):
    made = bring_in(simulated, tmp_path)
    assert made.origin["kind"] == "mixed"
    assert made.origin["seed"] == 1
    assert not made.simulated
    with pytest.raises(InputError, match="simulated data only"):
        network_day(made, pd.Timestamp("2023-06-01"))
    assert network_week(made, build_risk_set(made, Frame(burn_in_days=0))) is None
    assert "treated as real" in origin_words(made.origin)


def test_what_an_earlier_version_left_simulated_is_mixed_all_the_same():
    for name in ("mapped", "staffing", "home_lists"):
        origin = {"kind": "simulated", name: {}}
        assert not is_simulated(origin)
        assert kind_of(origin) == "mixed"
        assert "No real child" not in origin_words(origin)


@pytest.mark.parametrize("kind", ["ssda903", "mapping", "mixed", None])
def test_other_kinds_stay_and_are_never_simulated(kind):
    made = joined_origin({"kind": kind}, mapped={})
    assert made["kind"] == kind
    assert not is_simulated(made)
