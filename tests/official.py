"""Made-up official statistics in the layout of the published files, with the truth behind them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

YEARS = (2020, 2021, 2022, 2023, 2024)
PLACE = ["time_period", "time_identifier", "geographic_level", "country_code", "country_name"]
AREA = ["region_code", "region_name", "old_la_code"]
COUNTS = [*PLACE, *AREA, "la_name", "new_la_code", "CLA_group", "number"]
STABILITY = [*PLACE, *AREA, "la_name", "new_la_code", "cla_group", "placement_stability", "number", "percentage"]
WORKFORCE = [*PLACE, *AREA, "new_la_code", "la_name", "turnover_rate_fte", "agency_rate_fte", "caseload_fte"]
INCIDENTS = "Number of missing incidents during the year"
CHILDREN = "Children looked after during the year"
HOMES = ["URN", "Provision type", "Registration date", "Registration status", "Local authority", "Sector", "Places"]
HOMES += ["Short-break-only children's home", "Multi-building children's home"]


def write(folder: Path, name: str, columns: list[str], rows: list[dict], *, encoding: str = "utf-8-sig") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(year: int, level: str, region: str, **values: object) -> dict:
    """A row of any file: place and time, then what is given."""
    head = {"time_period": year, "time_identifier": "Reporting year", "geographic_level": level}
    return head | {"region_code": region, "region_name": f"region {region}"} | values


def count(year: int, measure: str, number: object, *, code: str = "", region: str = "R1") -> dict:
    level = "Local authority" if code else "Regional"
    place = {"la_name": f"Town {code}", "new_la_code": code} if code else {}
    return row(year, level, region, CLA_group=measure, number=number, **place)


def homes_list(folder: Path, year: int, rows: list[dict]) -> Path:
    """Ofsted's published layout: three lines of title, names in line 4."""
    path = folder / f"homes_{year}.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        plain = csv.writer(file)
        plain.writerows([[f"Provider level as at 31 March {year}"], ["One table"], ["Some cells are empty"]])
        writer = csv.DictWriter(file, HOMES, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def made_up(folder: Path, *, authorities: int = 60, seed: int = 1, effects: dict[str, float] | None = None) -> dict:
    """A folder of five years with known effects, one count in twelve suppressed; returns the truth."""
    rng = np.random.default_rng(seed)
    truth = {"turnover_between": 0.02, "turnover_within": 0.03, "sigma_authority": 0.3, "size": 10.0} | (effects or {})
    mean = rng.normal(15, 5, authorities)
    level = rng.normal(0, truth["sigma_authority"], authorities)
    counts, stability, workforce, homes = [], [], [], []
    totals: dict[tuple[int, str], int] = {}
    turnover = {y: np.maximum(mean + rng.normal(0, 4, authorities), 0).round(1) for y in range(2019, 2024)}
    average = np.mean([turnover[year - 1] for year in YEARS], axis=0)
    for at in range(authorities):
        code, region = f"E{at:08d}", f"R{at % 5}"
        children = int(rng.integers(150, 900))
        for year in YEARS:
            off = turnover[year - 1][at] - average[at]
            rate = truth["turnover_between"] * (average[at] - 15) + truth["turnover_within"] * off + level[at]
            mu = children * np.exp(rate - 0.3)
            n = int(rng.negative_binomial(truth["size"], truth["size"] / (truth["size"] + mu)))
            hidden = rng.random() < 1 / 12
            counts.append(count(year, INCIDENTS, "c" if hidden else n, code=code, region=region))
            counts.append(count(year, CHILDREN, children, code=code, region=region))
            totals[year, region] = totals.get((year, region), 0) + n
            values = {"la_name": f"Town {code}", "new_la_code": code, "cla_group": "CLA on 31 March"}
            values |= {"placement_stability": "With 3 or more placements during the year"}
            values["percentage"] = round(rng.uniform(5, 15))
            stability.append(row(year, "Local authority", region, **values))
        for year, rates in turnover.items():
            values = {"la_name": f"Town {code}", "new_la_code": code, "turnover_rate_fte": rates[at]}
            values |= {"agency_rate_fte": round(rng.uniform(5, 30), 1), "caseload_fte": round(rng.uniform(12, 20), 1)}
            workforce.append(row(year, "Local authority", region, **values))
        for number in range(int(rng.integers(0, 6))):
            home = {"URN": f"{at * 10 + number + 1000000}", "Provision type": "Children's home"}
            home |= {"Registration status": "Active", "Registration date": "01/02/2015", "Places": rng.integers(1, 8)}
            home |= {"Local authority": f"Town {code}", "Sector": "Private" if rng.random() < 0.8 else "Voluntary"}
            homes.append(home)
    counts += [count(year, INCIDENTS, round(n, -1), region=region) for (year, region), n in totals.items()]
    counts += [count(year, CHILDREN, 10, region=f"R{at}") for year in YEARS for at in range(5)]
    write(folder, "missing.csv", COUNTS, counts)
    write(folder, "stability.csv", STABILITY, stability)
    write(folder, "workforce.csv", WORKFORCE, workforce, encoding="utf-8")
    homes_list(folder, 2024, homes)
    return truth
