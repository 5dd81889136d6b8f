"""The analysis of official statistics from files to page: known effects come back, and what it cannot say is said."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from missingmodels.errors import CannotAnswer
from missingmodels.extract.published.statistics import read_official
from missingmodels.frame.published.official import build_official
from missingmodels.plan import Sampling
from missingmodels.runs.official import analyse_official, write_official
from official import made_up


def test_design_by_hand(tmp_path):
    made_up(tmp_path, authorities=25)
    panel = read_official(tmp_path).panel
    design = build_official(panel)
    assert design.matrix.shape == (125, len(design.names))
    code, year = design.units["authority"].ids[3], 2022
    years = design.units["year"]
    at = (design.units["authority"].index == 3) & (years.index == years.ids.index(str(year)))
    own = panel[panel["authority"] == code].set_index("year")["turnover"]
    mean = own.loc[2019:2023].mean()  # the years before 2020 to 2024
    columns = dict(zip(design.names, design.matrix[at][0], strict=True))
    assert columns["turnover_between"] == pytest.approx(mean)
    assert columns["turnover_within"] == pytest.approx(own.loc[2021] - mean)
    with pytest.raises(CannotAnswer, match="only 6 authorities"):
        build_official(panel[panel["authority"].isin(panel["authority"].unique()[:6])])


@pytest.mark.sampled
def test_from_files_to_page(tmp_path):
    made_up(tmp_path / "files", authorities=24)
    sampling = Sampling(draws=60, tune=120, chains=2, doublings=0)
    found = analyse_official(tmp_path / "files", seed=1, sampling=sampling, allow_unconverged=True)
    text = write_official(found, tmp_path / "out", overwrite=False).read_text(encoding="utf-8")
    for words in (
        "ecological",
        "not of care staff in homes",
        "bounded by the totals of their regions",
        "Not converged",
    ):
        assert words in text
    record = json.loads((tmp_path / "out" / "official.json").read_text())
    assert set(record["files"]) == {"missing.csv", "stability.csv", "workforce.csv", "homes_2024.csv"}
    assert len(pd.read_csv(tmp_path / "out" / "estimates.csv")) == len(found.rows)
    columns = [name for name in found.fit.design.names if not name.endswith("_unrecorded")]
    assert [row["column"] for row in found.rows] == columns


@pytest.mark.slow
def test_known_effects_come_back(tmp_path):
    truth = made_up(tmp_path, authorities=70, seed=3)
    sampling = Sampling(draws=400, tune=400, chains=2, doublings=0)
    found = analyse_official(tmp_path, seed=1, sampling=sampling, allow_unconverged=True)
    rows = {row["column"]: row for row in found.rows}
    for name in ("turnover_between", "turnover_within"):
        row, expected = rows[name], np.exp(10 * truth[name])
        sd = np.log(row["high"] / row["low"]) / 3.29
        assert abs(np.log(row["median"] / expected)) < 3 * sd
        assert sd < 0.25, "the test says something"
    assert rows["turnover_within"]["above"] > 0.9
    scales = {row["label"].split()[0]: row for row in found.scales}
    assert scales["shape"]["median"] == pytest.approx(truth["size"], rel=0.35)
