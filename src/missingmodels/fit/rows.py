"""``fit_rows``: the onset likelihood on anybody's rows of counts, so that published data sets can be run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from missingmodels.fit.by_nuts import doubled, kept_stats
from missingmodels.fit.chains import diagnose
from missingmodels.fit.diagnostics import Diagnostics, require_passed
from missingmodels.fit.nuts import TARGET_ACCEPT, Progress, Sampled, compiled_once, draw
from missingmodels.fit.rows_draws import gate_view, natural_rows, summary
from missingmodels.fit.threads import one_blas_thread
from missingmodels.frame.counts import Counts, build_counts
from missingmodels.frame.counts_asked import ask
from missingmodels.models.row_priors import RowPriors, row_priors
from missingmodels.models.rows import build_rows_model, rows_data, rows_shape
from missingmodels.plan import Gate, Sampling
from missingmodels.provenance import digest_arrays, seed_of, stream, versions


@dataclass(frozen=True, kw_only=True)
class RowsFit:
    """The posterior of one model of rows.

    Attributes
    ----------
    draws : by chain and draw, all as reported: ``intercept`` where every column is 0, ``coefficients`` (P,) of the
        columns as they are, ``sigma_home`` (one for each home column), ``sigma_child`` (the standard deviation of a
        gamma frailty, or of the log of the others) with ``frailty_shape`` where it is gamma, ``home`` and
        ``child_effect`` on the log rate, ``log_density`` (C,) of each child's rows, constants included (of each row
        if there are no clusters of children or their effects are sampled; left out where that is too much to hold)
    family : poisson or binomial
    frailty : gamma, lognormal, normal or none
    certificate : seed, digest of the data, priors as written, versions, seconds
    """

    counts: Counts
    draws: xr.Dataset
    family: Literal["poisson", "binomial"]
    frailty: str
    priors: Mapping[str, str]
    diagnostics: Diagnostics
    certificate: Mapping[str, Any]
    sample_stats: Mapping[str, np.ndarray]

    def table(self) -> pd.DataFrame:
        """One line a parameter: mean, its Monte Carlo error, sd, median, 90 % equal-tailed interval, ESS, R-hat."""
        # with a prior on sigma the shape 1 / sigma² has no mean worth a line
        hidden = () if "frailty_shape" in self.priors else ("frailty_shape",)
        return summary(self.draws.drop_vars(hidden, errors="ignore"))


@one_blas_thread
def fit_rows(
    frame: pd.DataFrame,
    *,
    formula: str,
    child: str | None = None,
    home: str | Sequence[str] | None = None,
    exposure: str | None = None,
    trials: str | int | None = None,
    family: str | None = None,
    frailty: Literal["gamma", "lognormal", "normal", "none"] | None = None,
    priors: str | Mapping[str, str] = "weak",
    unrecorded: Literal["refuse", "drop"] = "refuse",
    seed: int = 1,
    sampling: Sampling | None = None,
    gate: Gate | None = None,
    allow_unconverged: bool = False,
    progress: Progress | None = None,
) -> RowsFit:
    """Fit counts in clusters, or recurrent events split into rows, with the likelihood of the onset model.

    Parameters
    ----------
    frame : one row an observation; a dict of columns is one too
    formula : ``outcome ~ terms``, with the operators and functions below and no others, and nothing else is called;
        the intercept is always in. Group terms stay out: ``(1 | id)`` is ``child="id"`` or ``home="id"``
    child : column of clusters whose frailty is by default gamma and integrated out
    home : column, or columns, of clusters with a normal effect on the log rate
    exposure : column of exposures n ≥ 0, in any unit; its logarithm is the offset
    trials : column of trials, or their number in every row (1 for a binary outcome); the outcome is then binomial on
        the logit scale, with normal effects only
    family : left out, what ``trials`` says: ``poisson`` (log), or ``binomial`` and ``bernoulli`` (logit; trials of 1).
        There is no other: an overdispersed count is a Poisson with an effect of every row, so number the rows and give
        that column as ``child`` (the negative binomial, its shape ``frailty_shape``) or as ``home`` (a normal effect)
    frailty : ``gamma`` (default for counts), ``lognormal`` (mean 1), ``normal`` (median 1, as lme4, glmmTMB, rstanarm
        and brms have it; default for trials) or ``none``
    priors : ``weak``, ``rstanarm`` or ``brms`` (their defaults), or texts by key, see ``models.row_priors``; those not
        given are ``weak``'s, or those of the preset named by the key ``use``. The intercept's prior speaks of the row
        at the mean of every column
    unrecorded : refuse rows with an unrecorded value, or drop them; either way they are named

    Raises RowsInvalid with every fault of rows, question and priors, DiagnosticsFailed if the draws do not pass the
    gate, unless ``allow_unconverged``.
    """
    table, asked = ask(
        frame,
        formula=formula,
        child=child,
        home=home,
        exposure=exposure,
        trials=trials,
        family=family,
        frailty=frailty,
        unrecorded=unrecorded,
    )
    counts = build_counts(table, asked)
    kind = asked.frailty if counts.child is not None else "none"
    likelihood: Literal["poisson", "binomial"] = "poisson" if counts.trials is None else "binomial"
    chosen = row_priors(priors, counts, kind)
    settings, limits = sampling or Sampling(target_accept=0.95), gate or Gate()
    sampled, draws, diagnostics, about = _drawn(counts, chosen, kind, settings, limits, seed, progress)
    require_passed(diagnostics, model=formula, allow=allow_unconverged)
    certificate = {
        "formula": formula,
        "child": child,
        "home": list(asked.homes()),
        "exposure": exposure,
        "trials": asked.trials,
        "family": likelihood,
        "frailty": kind,
        "priors": dict(chosen.written),
        "rows": len(counts.y),
        "rows_dropped": [str(label) for label in counts.dropped],
        "notes": list(counts.notes),
        "seed": seed,
        "data_digest": _digest(counts),
        **about,
        "versions": versions(),
        "diagnostics": diagnostics.as_dict(),
    }
    return RowsFit(
        counts=counts,
        draws=draws,
        family=likelihood,
        frailty=kind,
        priors=chosen.written,
        diagnostics=diagnostics,
        certificate=certificate,
        sample_stats=kept_stats(sampled.tree),
    )


def _drawn(
    counts: Counts,
    priors: RowPriors,
    frailty: str,
    settings: Sampling,
    gate: Gate,
    seed: int,
    progress: Progress | None,
) -> tuple[Sampled, xr.Dataset, Diagnostics, dict[str, Any]]:
    """Draws that passed the gate, or the last ones; as for the onset model they are doubled, never chosen."""
    data = rows_data(counts, priors, frailty)
    build: Callable[[], Any] = lambda: build_rows_model(counts, priors, frailty)  # noqa: E731
    compiled, compile_seconds = compiled_once(rows_shape(counts, priors, frailty), build, data)
    sample_seconds = 0.0
    for doubling in range(settings.doublings + 1):
        # smaller steps too: with few clusters the sd's corner near 0 diverges, whatever the number of draws
        accept = 1 - (1 - (settings.target_accept or TARGET_ACCEPT)) / 2**doubling
        now = doubled(settings, doubling).model_copy(update={"target_accept": accept})
        sampled = draw(compiled, compile_seconds, now, seed=seed_of(seed, "rows", doubling), progress=progress)
        sample_seconds += sampled.sample_seconds
        draws = natural_rows(counts, priors, frailty, sampled.tree, stream(seed, "rows", "frailty", doubling))
        found = diagnose(gate_view(draws, frailty), sampled.tree["sample_stats"].to_dataset(), gate)
        if found.passed:
            break
    about = {
        "method": "nuts/nutpie",
        "chains": now.chains,
        "draws": now.draws,
        "tune": now.tune,
        "target_accept": now.target_accept,
        "doublings": doubling,
        "compile_seconds": round(compile_seconds, 2),
        "sample_seconds": round(sample_seconds, 2),
    }
    return sampled, draws, found, about


def _digest(counts: Counts) -> str:
    """Digest of all that the likelihood sees."""
    groups = [g.index for g in ((counts.child,) if counts.child else ()) + counts.homes]
    trials = [] if counts.trials is None else [counts.trials]
    return digest_arrays([counts.matrix, counts.y, counts.exposure, *trials, *groups])
