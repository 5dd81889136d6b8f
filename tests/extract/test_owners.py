"""Owners from lists of homes reach the rows of models, where the plan gives owners effects."""

from __future__ import annotations

import re

import pytest

from missingmodels.errors import CannotAnswer
from missingmodels.export.files import export_files
from missingmodels.extract.ofsted.homes import add_homes
from missingmodels.extract.ofsted.lists import read_ofsted_list
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.runs.answer import prepare
from missingmodels.runs.fitted import fit
from worlds import plan_of, small_world


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """An import, and the same with the owners, types and short-break marks that a list gives its homes."""
    folder = tmp_path_factory.mktemp("owners") / "export"
    world = small_world(3, n_homes=12, days=365, onset={"rate_per_year": 20.0})
    export_files(world.tables, folder)
    for path in folder.glob("ofsted_homes_*.csv"):  # eleven private homes of three owners
        path.write_text(re.sub(r"owner(\d+)", lambda m: f"owner{int(m[1]) % 3}", path.read_text()))
    returns = sorted((folder / "returns").iterdir())
    found = read_ssda903(returns, authority="LA000").tables
    lists = [read_ofsted_list(path) for path in sorted(folder.glob("ofsted_homes_*.csv"))]
    return found, add_homes(found, lists)[0]


def test_an_import_without_a_list_has_no_owners_and_says_so(imported):
    with pytest.raises(CannotAnswer, match="owner"):
        prepare(imported[0], plan_of(models=["M0", "M1"], effects={"owner": True}))


def test_a_list_of_homes_lets_owners_have_effects(imported):
    tables = imported[1]
    owned = tables["homes"].dropna(subset=["owner"]).groupby("owner")["home_id"].nunique()
    assert (owned > 1).sum() >= 2  # several owners of several homes each
    plan = plan_of(models=["M0", "M1"], effects={"owner": True})
    design = next(made for (model, _), made in prepare(tables, plan).designs.items() if model == "M0")
    groups = design.groups["owner"]
    assert set(groups.ids) <= set(owned.index)
    listed = tables["homes"].groupby("home_id")["owner"].last()
    of_rows = [listed[design.home_ids[at]] for at in design.home]
    assert [groups.ids[at] for at in groups.index] == of_rows


@pytest.mark.slow
def test_owners_of_an_import_are_fitted(imported):
    plan = plan_of(models=["M0"], effects={"owner": True}, sampling={"draws": 500, "tune": 500, "chains": 4})
    found = fit(imported[1], plan, model="M0", method="nuts", seed=1)
    assert found.diagnostics.passed
    summary = found.summary()
    assert 0 < summary.loc["sigma_owner", "median"] < 2
