"""Ours beside the answers of established software on public data: posterior means and sds, and maxima of likelihoods.

    python simulations/reference_answers.py --reference ../shared/reference --output simulations/results

Bayesian answers under the same likelihood and priors must agree within the Monte Carlo errors of both sides; answers of
maximum likelihood are met by maximising the same likelihood, in units of their standard error. Where law or likelihood
differ the table says what must agree all the same, within which part of a standard deviation, and why.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from reference_evidence import log_marginal_likelihood
from reference_maxima import cox_rows, maximum, patient_totals

from missingmodels.fitting.families.rows import fit_rows
from missingmodels.fitting.fit import Fit
from missingmodels.plan import Sampling
from missingmodels.provenance import versions

COVARIATES = "treat + inherit + age10 + steroids + propylac"
SLOPES = ("treat[rIFN-g]", "inherit[autosomal]", "age10", "steroids", "propylac")
PIECES = tuple(f"C(piece)[{i}]" for i in range(2, 7))
PRIORS = {"intercept": "normal(0, 5)", "coefficients": "normal(0, 2.5)", "sigma_child": "exponential(1)"}
SAME = "same likelihood and priors"
LAW = "another law of frailty, which hardly moves a slope"


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """A Bayesian answer: where it stands, what we fit, and what has to agree.

    ``loose`` gives, for estimates that need not agree within Monte Carlo error, the part of their posterior sd allowed;
    None means that they may differ freely.
    """

    data: str
    file: str
    answer: str
    question: Mapping[str, str]
    priors: Mapping[str, str]
    names: Mapping[str, str]
    loose: Mapping[str, float | None] = field(default_factory=dict)
    why: str = SAME


CBPP = {f"C(period)[{i}]": f"period{i}" for i in range(2, 5)} | {"intercept": "Intercept", "sigma_child": "sd_herd"}
CGD = {"intercept": "Intercept", "sigma_child": "sd_id", "sigma_home": "sd_center"}
CGD |= {name: f"piece{i}" for i, name in enumerate(PIECES, start=2)}
CGD |= {name: name.replace("[", "").replace("]", "") for name in SLOPES}
PEM = {"formula": f"status ~ C(piece) + {COVARIATES}", "child": "id", "home": "center", "exposure": "exposure"}
HERDS = {"formula": "incidence ~ C(period)", "child": "herd", "trials": "size"}
WITH_HOME = PRIORS | {"sigma_home": "exponential(1)"}
# A gamma frailty has mean 1, the others' median is 1: intercepts differ by sd²/2, and the sds are of different things.
GAMMA = dict.fromkeys((*SLOPES, *PIECES, "sigma_home"), 0.15) | {"intercept": None, "sigma_child": None}

POSTERIORS = {
    f"{data} {law} {tool}": Posterior(
        data=data,
        file=file,
        answer=key + tool,
        question=question | {"frailty": law},
        priors=priors,
        names=names,
        loose=GAMMA if law == "gamma" else {},
        why=LAW if law == "gamma" else SAME,
    )
    for data, file, key, question, priors, names, laws in (
        ("cbpp", "data.csv", "", HERDS, PRIORS, CBPP, ("normal",)),
        ("cgd", "data_pem.csv", "pem_id_center_", PEM, WITH_HOME, CGD, ("normal", "gamma")),
    )
    for law in laws
    for tool in ("rstanarm", "brms")
}


def fit_case(reference: Path, case: Posterior, *, draws: int, tune: int = 1500, seed: int = 1) -> Fit:
    """Our fit of a case."""
    sampling = Sampling(draws=draws, tune=tune, target_accept=0.95)
    frame = pd.read_csv(reference / case.data / case.file)
    return fit_rows(frame, **case.question, priors=case.priors, seed=seed, sampling=sampling)


def answers(reference: Path, data: str) -> dict:
    """What established software said."""
    return json.loads((reference / data / "answers.json").read_text(encoding="utf-8"))


def compare(found: Fit, case: Posterior, theirs: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """One row an estimate: both means and sds, and their differences in Monte Carlo standard errors of both sides.

    The Monte Carlo error of an sd is that of a normal sample of the tail's effective size, for their side; ours is
    ArviZ's.
    """
    ours = found.summary()
    sd_errors = _sd_errors(found.draws)
    rows = []
    for name, key in case.names.items():
        other = theirs[key if key in theirs else key.replace("-", "M")]
        line = ours.loc[name]
        error = math.hypot(line["mcse_mean"], other["mcse_mean"])
        size = min(other["ess_bulk"], other["ess_tail"])
        sd_error = math.hypot(sd_errors[name] / line["sd"], 1 / math.sqrt(2 * size))
        part = case.loose.get(name, 0.0)
        must = "nothing" if part is None else "within 3 Monte Carlo errors" + (f" and {part:g} sd" if part else "")
        row = {"theirs": other["est"], "ours": line["mean"], "their_error": other["mcse_mean"]}
        row |= {"our_error": line["mcse_mean"], "difference": line["mean"] - other["est"]}
        row |= {"in_errors": (line["mean"] - other["est"]) / error, "unit": "Monte Carlo standard errors"}
        row |= {"in_their_sd": (line["mean"] - other["est"]) / other["sd"]}
        row |= {"sd_ratio": line["sd"] / other["sd"], "sd_in_errors": math.log(line["sd"] / other["sd"]) / sd_error}
        rows.append({"estimate": name} | row | {"must_agree": must, "why": _why(case, name)})
    return pd.DataFrame(rows)


def compare_evidence(found: Fit, answer: Mapping[str, Mapping[str, float]], seed: int = 1) -> pd.DataFrame:
    """Rows on the fit as a whole: the log marginal likelihood and the leave-one-row-out density, where they are given.

    Their Monte Carlo errors are not known: a bridge repeated on the same draws hides most of its own.
    """
    rows = []
    if "log_marginal_likelihood" in answer:
        value = log_marginal_likelihood(found, rng=np.random.default_rng(seed))
        row = {"estimate": "log marginal likelihood", "theirs": answer["log_marginal_likelihood"]["median"]}
        rows.append(row | {"ours": value, "must_agree": "within 0.1", "why": SAME + ", every constant in"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pareto k above 0.7 in a few rows, as theirs
        tree = {"/posterior": found.draws[["intercept"]], "/log_likelihood": found.draws[["log_density"]]}
        loo = az.loo(xr.DataTree.from_dict(tree))
    row = {"estimate": "elpd of PSIS-LOO by row", "theirs": answer["psis_loo"]["elpd"], "ours": float(loo.elpd)}
    rows.append(row | {"must_agree": "within 1", "why": SAME + "; k above 0.7 in rows of cbpp on both sides"})
    table = pd.DataFrame(rows)
    return table.assign(difference=table["ours"] - table["theirs"], unit="itself")


def _why(case: Posterior, name: str) -> str:
    if case.loose.get(name, 0.0) is not None:
        return case.why
    what = "intercept at mean 1 of the frailty, not at its median" if name == "intercept" else "sd of u, not of log u"
    return f"another law of frailty: {what}"


def _sd_errors(draws: xr.Dataset) -> dict[str, float]:
    kept = draws[[n for n in ("intercept", "coefficients", "sigma_child", "sigma_home") if n in draws]]
    found = az.mcse(xr.DataTree.from_dict({"/posterior": kept}), method="sd")
    data = found["posterior"].to_dataset() if "posterior" in found else found.to_dataset()
    names = {"intercept": ["intercept"], "sigma_child": ["sigma_child"], "sigma_home": ["sigma_home"]}
    names |= {"coefficients": [str(c) for c in draws["column"].to_numpy()]}
    return {
        label: float(value)
        for variable in kept.data_vars
        for label, value in zip(names[str(variable)], data[variable].to_numpy().ravel(), strict=True)
    }


@dataclass(frozen=True, kw_only=True)
class Maximum:
    """A maximum likelihood answer and the part of its standard error by which ours may differ, with the reason."""

    data: str
    path: tuple[str, ...]
    law: str
    names: Mapping[str, str]
    part: float
    why: str
    sigma: tuple[str, ...] = ()
    sigma_form: str = "sd"
    log_likelihood: float | None = None


EXACT = "same likelihood, maximised"
TIES = "same partial likelihood but for ties: ours is Breslow's, theirs Efron's; 76 events at 70 times"
LAPLACE = "their Laplace approximation overstates the sd here; slopes hardly move"
COX = {name: name.replace("[", "").replace("]", "") for name in SLOPES}
CGD_ML = {k: v for k, v in CGD.items() if not k.startswith("sigma")}
CBPP_ML = {k: v for k, v in CBPP.items() if not k.startswith("sigma")}
MAXIMA = {
    "cgd totals glm.nb": Maximum(
        data="cgd",
        path=("nb_totals",),
        law="gamma",
        names={"intercept": "Intercept", "treat[rIFN-g]": "treatrIFN-g"},
        part=1e-5,
        why=EXACT + ": with one row a child, an integrated gamma frailty is the negative binomial",
        sigma=("theta",),
        sigma_form="shape",
        log_likelihood=-125.49745585,
    ),
    "cgd coxph no frailty": Maximum(
        data="cgd", path=("cox", "andersen_gill"), law="none", names=COX, part=0.03, why=TIES
    ),
    "cgd coxph gamma frailty": Maximum(
        data="cgd",
        path=("cox", "gamma_frailty"),
        law="gamma",
        names=COX,
        part=0.03,
        why=TIES,
        sigma=("frailty", "theta"),
        sigma_form="variance",
    ),
    "cgd coxph gamma frailty of centre": Maximum(
        data="cgd",
        path=("cox", "gamma_frailty_center"),
        law="gamma",
        names=COX,
        part=0.03,
        why=TIES,
        sigma=("frailty", "theta"),
        sigma_form="variance",
    ),
    "cgd glmer aghq25": Maximum(
        data="cgd",
        path=("ml", "pem_id_aghq25"),
        law="normal",
        names=CGD_ML,
        part=1e-5,
        why=EXACT + " by quadrature",
        sigma=("re_sd", "id"),
        log_likelihood=-296.906341,
    ),
    "cgd glmer laplace": Maximum(
        data="cgd", path=("ml", "pem_id_laplace"), law="normal", names=CGD_ML, part=0.1, why=LAPLACE
    ),
    "cgd glmmTMB laplace": Maximum(
        data="cgd", path=("ml", "pem_id_glmmTMB"), law="normal", names=CGD_ML, part=0.1, why=LAPLACE
    ),
    "cbpp glmer aghq25": Maximum(
        data="cbpp",
        path=("ml", "aghq25"),
        law="normal",
        names=CBPP_ML,
        part=1e-5,
        why=EXACT + " by quadrature",
        sigma=("re_sd", "herd"),
        log_likelihood=-91.983369,
    ),
}


def compare_maximum(reference: Path, name: str) -> pd.DataFrame:
    """One row an estimate of a maximum likelihood answer, in units of its standard error."""
    case = MAXIMA[name]
    at = answers(reference, case.data)
    for key in case.path:
        at = at[key]
    found = maximum(_frame_of(reference, name), **_question_of(name), frailty=case.law)
    rows = []
    for ours, key in case.names.items():
        held = at["fixed"][key]
        estimate, se = held.get("est", held.get("coef")), held.get("se", held.get("se.coef."))
        row = {"estimate": ours, "theirs": estimate, "ours": found.estimates[ours], "their_error": se}
        rows.append(
            row | {"in_errors": (row["ours"] - estimate) / se, "must_agree": f"within {case.part:g} of their SE"}
        )
    if case.sigma:
        for key in case.sigma:
            at = at[key]
        value = {"sd": found.sigma, "variance": found.sigma**2, "shape": found.sigma**-2.0}[case.sigma_form]
        must = f"within {max(case.part, 1e-5):g} of itself"
        row = {"estimate": f"frailty {case.sigma_form}", "theirs": at, "ours": value, "their_error": at}
        rows.append(row | {"in_errors": value / at - 1, "must_agree": must})
    if case.log_likelihood is not None:
        row = {"estimate": "log likelihood", "theirs": case.log_likelihood, "ours": found.log_likelihood}
        rows.append(row | {"their_error": 1.0, "in_errors": found.log_likelihood - case.log_likelihood})
        rows[-1]["must_agree"] = "within 1e-5"
    table = pd.DataFrame(rows)
    table["difference"] = table["ours"] - table["theirs"]
    return table.assign(unit="their standard errors", why=case.why)


def _frame_of(reference: Path, name: str) -> pd.DataFrame:
    case = MAXIMA[name]
    if case.path == ("nb_totals",):
        return patient_totals(pd.read_csv(reference / "cgd" / "data.csv"))
    if case.path[0] == "cox":
        return cox_rows(pd.read_csv(reference / "cgd" / "data.csv"))
    return pd.read_csv(reference / case.data / ("data_pem.csv" if case.data == "cgd" else "data.csv"))


def _question_of(name: str) -> dict[str, str]:
    case = MAXIMA[name]
    if case.path == ("nb_totals",):
        return {"formula": "events ~ treat", "child": "id", "exposure": "hundred_days"}
    if case.path[0] == "cox":
        cluster = "center" if case.path[1].endswith("center") else "id"
        return {"formula": f"status ~ C(at) + {COVARIATES}", "child": cluster}
    if case.data == "cbpp":
        return dict(HERDS)
    return {k: v for k, v in PEM.items() if k != "home"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, default=Path("../shared/reference"))
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--output", type=Path, default=Path("simulations/results"))
    options = parser.parse_args()
    tables, fits = [], {}
    for name, case in POSTERIORS.items():
        key = (case.data, case.question["frailty"])
        if key not in fits:
            fits[key] = fit_case(options.reference, case, draws=options.draws)
        theirs = answers(options.reference, case.data)["bayes"][case.answer]
        tables.append(compare(fits[key], case, theirs["posterior"]).assign(data=case.data, answer=name))
        if case.question["frailty"] == "normal":
            tables.append(compare_evidence(fits[key], theirs).assign(data=case.data, answer=name))
    for name, maximised in MAXIMA.items():
        tables.append(compare_maximum(options.reference, name).assign(data=maximised.data, answer=name))
    table = pd.concat(tables, ignore_index=True)
    first = [
        "data",
        "answer",
        "estimate",
        "theirs",
        "ours",
        "their_error",
        "our_error",
        "difference",
        "in_errors",
        "unit",
    ]
    table = table[[*first, "in_their_sd", "sd_ratio", "sd_in_errors", "must_agree", "why"]]
    options.output.mkdir(parents=True, exist_ok=True)
    table.round(6).to_csv(options.output / "reference_answers.csv", index=False)
    strict = table[(table["unit"] == "Monte Carlo standard errors") & (table["why"] == SAME)]
    about = {
        "recipe": f"python simulations/reference_answers.py --draws {options.draws}",
        "means_compared": len(strict),
        "largest_difference_of_means_in_errors": round(float(strict["in_errors"].abs().max()), 2),
        "root_mean_square_of_them": round(float((strict["in_errors"] ** 2).mean() ** 0.5), 2),
        "largest_difference_of_sds_in_errors": round(float(strict["sd_in_errors"].abs().max()), 2),
        "diagnostics": {" ".join(key): found.diagnostics.as_dict() for key, found in fits.items()},
        "versions": versions(),
    }
    (options.output / "reference_answers.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
