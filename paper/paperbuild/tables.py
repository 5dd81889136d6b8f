"""Tables of the documents, each from one tracked result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from paperbuild.numbers import beside_error, one_row, rows_where, table, written
from paperbuild.results import Result

Results = Mapping[str, Result]
Rows = list[list[str]]

WORLDS = {"null": "none", "homophily_only": "like with like", "shocks_only": "shared shocks", "small": "influence"}
QUANTITIES = {
    "peer_presence": "a recently missing peer (H1)",
    "staff_ratio_within": "staff per resident, within a home",
    "staff_ratio_between": "staff per resident, between homes",
    "turnover_within": "staff turnover, within a home",
    "turnover_between": "staff turnover, between homes",
    "mix_need_within": "needs of the others, within a home",
    "mix_need_between": "needs of the others, between homes",
}


def with_error(row: Mapping[str, str], column: str, error: str, form: str = ".2f") -> str:
    """A cell's figure and its Monte Carlo error in brackets; a dash where there is none."""
    if row[column] == "":
        return "–"
    # in a narrow column the error goes to a line of its own
    return beside_error(written(float(row[column]), form), written(float(row[error]), form), between=" ")


def power(results: Results) -> Rows:
    """Power of each hypothesis by number of homes."""
    rows = table(results["power_homes_needed"].folder / "power_homes_needed.csv")
    sizes = sorted({int(row["homes.count"]) for row in rows})
    lines = [["effect", "rate ratio set", *(f"{size} homes" for size in sizes)]]
    for name, label in QUANTITIES.items():
        of = [one_row(rows, {"quantity": name, "homes.count": size}) for size in sizes]
        truth = sum(float(row["truth"]) for row in of) / len(of)
        lines.append(
            [label, written(2.718281828459045**truth, ".2f"), *(written(float(r["power"]), ".2f") for r in of)]
        )
    return lines


def battery(results: Results) -> Rows:
    """How often each line says influence in four kinds of world."""
    rows = table(results["battery"].folder / "battery.csv")
    asked = {
        "headline: model M3": "M3, home and home-period effects",
        "primary: as the plan asks": "M1, the same effects",
        "periods: home effects only": "M1, home effects only",
        "periods: home × 91 days": "M1, home and quarter",
        "periods: home × 7 days": "M1, home and week",
    }
    lines = [["model", *WORLDS.values()]]
    for key, label in asked.items():
        check, line = key.split(": ")
        cells = [one_row(rows, {"check": check, "line": line, "world": world}) for world in WORLDS]
        lines.append([label, *(with_error(cell, "said", "mc_error", ".1%") for cell in cells)])
    return lines


def own_history(results: Results) -> Rows:
    """Verdicts on own history against stable differences, by what is true."""
    truths = {"state": "own history", "frailty": "stable differences", "both": "both"}
    lines = [["true", "homes", "own history", "stable differences", "both", "cannot tell"]]
    for row in table(results["own_history"].folder / "own_history.csv"):
        said = [with_error(row, name, f"{name}_error") for name in ("history", "vulnerability", "both", "cannot_tell")]
        lines.append([truths[row["kind"]], row["homes"], *said])
    return lines


def recovery(results: Results) -> Rows:
    """Bias and coverage of the estimands that answer, in 40 and in 160 homes."""
    rows = table(results["estimand_recovery"].folder / "estimand_recovery.csv")
    asked = {
        "rate_ratio: peer_presence": "rate ratio of a recent peer",
        "rate_ratio: own_1_7": "rate ratio of an own episode in the last week",
        "rate_ratio: staff_ratio_within": "rate ratio of staff per resident, within",
        "rate_ratio: turnover_within": "rate ratio of staff turnover, within",
        "attributable_fraction: one step": "attributable fraction, one step",
        "attributable_fraction: dynamic": "attributable fraction, dynamic",
        "expected_rate: as observed": "episodes per resident-year",
        "variance_explained: homes": "share of variance between homes explained",
    }
    sizes = ("small", "160 homes")
    head = [f"{measure}, {homes} homes" for homes in (40, 160) for measure in ("bias", "coverage")]
    lines = [["estimand", *head]]
    for name, label in asked.items():
        cells = []
        for size in sizes:
            row = one_row(rows, {"size": size, "model": "M3", "estimand": name})
            cells += [with_error(row, "bias", "bias_error", ".3f"), with_error(row, "coverage_90", "coverage_90_error")]
        lines.append([label, *cells])
    return lines


def unseen(results: Results) -> Rows:
    """Error and coverage of the peers' log rate ratio where half of the children are not in the data."""
    rows = rows_where(
        table(results["unseen_peers"].folder / "unseen_peers.csv"), {"share_unseen": 0.5, "rate_ratio": 1.5}
    )
    names = {"all seen": "every child seen", "naive": "as recorded", "restricted": "days of high coverage alone"}
    names |= {"always recent": "unseen peers always recent", "model": "unseen peers drawn from the model"}
    lines = [["treatment", "bias of the log rate ratio", "coverage"]]
    for row in (row for row in rows if row["variant"] in names):
        cells = [with_error(row, "bias_log", "bias_mc_error"), with_error(row, "coverage_90", "coverage_mc_error")]
        lines.append([names[row["variant"]], *cells])
    return lines


def dynamic(results: Results) -> Rows:
    """The attributable fraction of the world itself, and what the dynamic and one-step estimands make of it."""
    lines = [["world", "in the world", "dynamic less world", "one step less world"]]
    for row in table(results["dynamic_counterfactual"].folder / "dynamic_counterfactual.csv"):
        cells = [
            with_error(row, name, f"{name}_error", ".3f")
            for name in ("world", "dynamic_minus_world", "one_step_minus_world")
        ]
        lines.append([row["case"].replace("_", " "), *cells])
    return lines


def processes(results: Results) -> Rows:
    """False effects of peers under shared shocks, by what the model holds of the home."""
    lines = [["world", "model of the home", "error of the log rate ratio", "supported"]]
    for row in table(results["home_process"].folder / "home_process.csv"):
        cells = [with_error(row, "mean_error", "mean_error_mc"), with_error(row, "supported", "supported_mc")]
        lines.append([row["cell"], row["model"].replace("Ornstein-", "Ornstein–"), *cells])
    return lines


# Each with the result that it is made of, and the shares of the page's width.
TABLES: Mapping[str, tuple[str, Callable[[Results], Rows], Sequence[int]]] = {
    "power": ("power_homes_needed", power, (28, 12, 12, 12, 12, 12, 12)),
    "battery": ("battery", battery, (32, 16, 17, 18, 17)),
    "own_history": ("own_history", own_history, (20, 10, 17, 19, 17, 17)),
    "recovery": ("estimand_recovery", recovery, (32, 18, 16, 18, 16)),
    "unseen": ("unseen_peers", unseen, (40, 32, 28)),
    "dynamic": ("dynamic_counterfactual", dynamic, (28, 24, 24, 24)),
    "processes": ("home_process", processes, (28, 26, 26, 20)),
}


def markdown(rows: Rows, widths: Sequence[int]) -> str:
    """A pipe table; its lines of dashes give the widths of columns where cells are long."""
    head, *body = rows
    lines = [f"| {' | '.join(head)} |", "|" + "|".join(":" + "-" * width for width in widths) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in body)])
