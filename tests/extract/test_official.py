"""Official statistics: symbols and rounding as intervals worked by hand, joins, and faults with file and row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.published.statistics import _by_authority, name_key, read_official
from missingmodels.extract.published.symbols import rounding_unit, to_intervals
from official import CHILDREN, COUNTS, INCIDENTS, WORKFORCE, count, homes_list, made_up, row, write


def folder_of(tmp_path, rows):
    write(tmp_path, "missing.csv", COUNTS, rows)
    return tmp_path


def both(code, incidents, children, **place):
    return [count(2024, INCIDENTS, incidents, code=code, **place), count(2024, CHILDREN, children, code=code, **place)]


def test_suppressed_counts_are_bounded_by_their_regions_total(tmp_path):
    # the region's total, 130 to the nearest 10, is 125 to 135; others make 100 or 120, so 5 to 15 and 1 to 35 are left
    rows = [*both("A", 100, 50), *both("B", "c", 40), count(2024, INCIDENTS, 110, region="R1")]
    rows += [*both("C", 97, 60, region="R2"), *both("D", "c", 30, region="R2"), *both("E", "c", 20, region="R2")]
    rows += [count(2024, INCIDENTS, 130, region="R2"), *both("F", "c", 10, region="R3"), *both("G", "z", "z")]
    # rounding is found from figures, and twenty must agree
    rows += [count(2024, INCIDENTS, 10 * n, region=f"X{n}") for n in range(1, 25)]
    panel = read_official(folder_of(tmp_path, rows)).panel.set_index("authority")
    spans = {code: (panel.at[code, "incidents_low"], panel.at[code, "incidents_high"]) for code in "ABCDEFG"}
    assert spans["A"] == (100, 100)
    assert spans["B"] == (5, 15)  # 105 to 115, less 100
    assert spans["C"] == (97, 97)
    # 125 to 135 less 97 leaves 28 to 38 for two of at least 1 each; the other of them is unbounded
    assert spans["D"][0] == spans["E"][0] == 1
    assert spans["D"][1] == 37
    assert spans["F"] == (1, np.inf)
    assert spans["G"] == (0, np.inf)
    assert panel.loc["A", "children_low"] == panel.loc["A", "children_high"] == 50


def test_symbols_and_rounding():
    text = pd.Series(["120", "c", "k", "z", "", "1,240", "0"])
    low, high = to_intervals(text, unit=10, where="f")
    assert low.tolist() == [115, 1, 1, 0, 0, 1235, 0]
    assert high.tolist() == [125, np.inf, 5, np.inf, np.inf, 1245, 5]
    low, high = to_intervals(pd.Series(["12.5", "low", "x"]), unit=0, where="f")
    assert (low.tolist(), high.tolist()) == ([12.5, 0, 0], [12.5, 0, np.inf])
    assert rounding_unit(pd.Series([str(10 * n) for n in range(1, 30)])) == 10
    assert rounding_unit(pd.Series([str(5 * n) for n in range(1, 30)])) == 5
    assert rounding_unit(pd.Series([str(10 * n) for n in range(1, 30)] + ["7"])) == 1
    assert rounding_unit(pd.Series(["10", "20"])) == 1, "two round figures say nothing"


@pytest.mark.parametrize("cell", ["12a", "-3", "many", "inf"])
def test_a_cell_that_is_neither_figure_nor_symbol_is_told_with_file_and_row(tmp_path, cell):
    rows = [*both("A", 10, 5), *both("B", cell, 5)]
    with pytest.raises(ImportFault, match=r"missing\.csv: row 4") as told:
        read_official(folder_of(tmp_path, rows))
    assert repr(cell) in str(told.value)


def test_other_faults(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_official(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no file holds"):
        read_official(tmp_path)
    with pytest.raises(ImportFault, match="rows 2, 4 speak of the same"):
        read_official(folder_of(tmp_path, [*both("A", 10, 5), *both("A", 11, 5)]))
    with pytest.raises(ImportFault, match="not a year"):
        read_official(folder_of(tmp_path, [row("last", "Local authority", "R1", CLA_group=INCIDENTS, number=3)]))
    folder_of(tmp_path, both("A", 10, 5))
    (tmp_path / "again.csv").write_bytes((tmp_path / "missing.csv").read_bytes())
    with pytest.raises(ImportFault, match=r"two files hold the same table: again\.csv, missing\.csv"):
        read_official(tmp_path)
    (tmp_path / "again.csv").unlink()
    text = (tmp_path / "missing.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "missing.csv").write_text(text + "2024,too,short\n")
    with pytest.raises(ImportFault, match="row 4 has 3 cells"):
        read_official(tmp_path)


def test_workforce_of_two_authorities_and_homes_by_name(tmp_path):
    folder_of(tmp_path, [*both("A", 10, 5), *both("B", 11, 5)])
    rates = {"turnover_rate_fte": 12.5, "agency_rate_fte": "x", "caseload_fte": 15}
    write(
        tmp_path, "w.csv", WORKFORCE, [row(2023, "Local authority", "R1", new_la_code="A / B", la_name="both", **rates)]
    )
    home = {"Provision type": "Children's home", "Registration status": "Active", "Registration date": "01/01/2020"}
    home |= {"Local authority": "town of A", "Sector": "Private"}
    homes = [home | {"URN": f"100000{n}", "Places": n} for n in (2, 4)]
    homes += [home | {"URN": "1000009", "Places": 9, "Short-break-only children's home": "Yes"}]
    homes_list(tmp_path, 2025, [*homes, home | {"URN": "1000008", "Places": 1, "Local authority": "Nowhere"}])
    found = read_official(tmp_path)
    panel = found.panel.set_index(["authority", "year"])
    assert panel.loc[[("A", 2023), ("B", 2023)], "turnover"].tolist() == [12.5, 12.5]
    assert panel["agency"].isna().all()
    assert panel.loc[("A", 2024), ["homes", "mean_places", "private_share"]].tolist() == [2, 3, 1]
    assert panel.loc[("B", 2024), "homes"] == 0
    assert any("Nowhere" in note for note in found.notes)
    assert any("2024 by the list of 2025" in note for note in found.notes)


def test_names_of_authorities():
    pairs = [("Bristol, City of", "Bristol"), ("County Durham", "Durham"), ("St. Helens", "St Helens")]
    pairs += [("Bournemouth, Christchurch & Poole", "Bournemouth, Christchurch and Poole")]
    pairs += [("Southend-on-Sea", "Southend on Sea"), ("Herefordshire, County of", "Herefordshire")]
    assert all(name_key(a) == name_key(b) for a, b in pairs)
    assert name_key("Derby") != name_key("Derbyshire")


def test_a_made_up_folder_is_read_whole(tmp_path):
    made_up(tmp_path, authorities=25)
    panel = read_official(tmp_path).panel
    counted = panel.dropna(subset=["incidents"])
    assert len(counted) == 25 * 5
    assert (counted["incidents"] == "c").sum() > 3
    assert counted["incidents_low"].le(counted["incidents_high"]).all()
    assert panel[panel["year"] == 2019]["turnover"].notna().all()


def test_the_published_files(shared):
    folder = shared / "data" / "official"
    if not folder.is_dir():
        pytest.skip("the published files are not there")
    found = read_official(folder)
    panel = found.panel.dropna(subset=["incidents"])
    assert len(panel) == 775
    assert panel["authority"].nunique() == 155
    exact = panel[(panel["incidents_low"] == panel["incidents_high"])]
    # national totals of the same publication, to the nearest 10; its own sum of authorities may differ by rounding
    national = pd.read_csv(folder / "dfe_cla_missing_la_2020_2024.csv", dtype=str, encoding="utf-8-sig")
    national = national[(national["geographic_level"] == "National") & (national["CLA_group"] == INCIDENTS)]
    for year, total in zip(national["time_period"].astype(int), national["number"].astype(int), strict=True):
        known = exact.loc[exact["year"] == year, "incidents_low"].sum()
        most = known + panel.loc[(panel["incidents"] == "c") & (panel["year"] == year), "incidents_high"].sum()
        assert known - 5 <= total <= most + 5
    suppressed = panel[panel["incidents"] == "c"]
    assert np.isfinite(suppressed["incidents_high"]).all()


def test_two_columns_of_one_name_are_told(tmp_path):
    path = tmp_path / "counts.csv"
    write(tmp_path, "counts.csv", COUNTS, both("A", 100, 50))
    lines = path.read_text("utf-8-sig").splitlines()
    path.write_text("\n".join(f"{line},{line.split(',')[-1]}" for line in lines))
    with pytest.raises(ImportFault, match="two columns named 'number'"):
        read_official(tmp_path)


@pytest.mark.parametrize("year", ["1e999", "inf", "2023.5", "2023/24", ""])
def test_what_is_no_year_is_told_with_its_row(year):
    table = pd.DataFrame(
        {"geographic_level": "Local authority", "time_period": ["2023", year], "new_la_code": "E1"}, index=[2, 3]
    )
    with pytest.raises(ImportFault, match=r"row 3: time_period '.*' is not a year"):
        _by_authority(table, "Local authority", "missing.csv")
    assert _by_authority(table.iloc[:1], "Local authority", "missing.csv")["year"].tolist() == [2023]
