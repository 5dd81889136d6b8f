"""``fit_rows``: the onset likelihood on anybody's rows of counts, so that published data sets can be run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from missingmodels.config import require_seed
from missingmodels.fitting.certificate import certificate, parts
from missingmodels.fitting.diagnostics import ROWS_KNOBS, require_passed
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.drive import Job, draw_until_passed
from missingmodels.fitting.families.rows_draws import again, gate_view, natural_rows
from missingmodels.fitting.nuts.sample import compiled_once
from missingmodels.fitting.result import Fit, fit_of
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.frame.design_matrix import EventRows
from missingmodels.frame.own_rows.asked import ask
from missingmodels.frame.own_rows.counts import build_counts
from missingmodels.models.priors.of_rows import row_priors
from missingmodels.models.rows import rows_model
from missingmodels.plan import INTERVAL_MASS, Gate, Sampling
from missingmodels.provenance import digest_arrays, stream


@one_blas_thread
def fit_rows(  # noqa: PLR0913
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
    interval_mass: float = INTERVAL_MASS,
    allow_unconverged: bool = False,
    progress: Progress | None = None,
) -> Fit:
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
    interval_mass : of the equal-tailed intervals in its table

    Draws, all as reported: ``intercept`` where every column is 0, ``coefficients`` (P,) of the columns as they are,
    ``sigma_home`` (one for each home column), ``sigma_child`` (the standard deviation of a gamma frailty, or of the log
    of the others) with ``frailty_shape`` where it is gamma, ``home`` and ``child_effect`` on the log rate,
    ``log_density`` (C,) of each child's rows, constants included (of each row if there are no clusters of children or
    their effects are sampled; left out where that is too much to hold).

    Raises RowsInvalid with every fault of rows, question and priors, DiagnosticsFailed if the draws do not pass the
    gate, unless ``allow_unconverged``.
    """
    require_seed(seed)
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
    kind = asked.frailty if "child" in counts.units else "none"
    likelihood: Literal["poisson", "binomial"] = "binomial" if counts.trials else "poisson"
    chosen = row_priors(priors, counts, kind)
    model = rows_model(counts, chosen, kind)
    settings, limits = sampling or Sampling(target_accept=0.95), gate or Gate()
    job = Job(
        compiled=lambda: compiled_once(model),
        natural=lambda draws, doubling: natural_rows(model, draws, stream(seed, "rows", "frailty", doubling)),
        judged=lambda draws: gate_view(draws, kind),
        streams=("rows",),
    )
    drawn = draw_until_passed(job, settings, limits, seed=seed, stage="rows", progress=progress)
    require_passed(
        drawn.diagnostics,
        model=formula,
        allow=allow_unconverged,
        accept=drawn.record["target_accept"],
        knobs=ROWS_KNOBS,
    )
    held = certificate(
        parts(settings, limits, interval_mass),
        drawn,
        family="rows",
        model=formula,
        seed=seed,
        data_digest=_digest(counts),
        own={
            "formula": formula,
            "child": child,
            "home": list(asked.homes()),
            "exposure_column": exposure,
            "trials": asked.trials,
            "likelihood": likelihood,
            "frailty": kind,
            "priors": dict(chosen.written),
            "rows": len(counts.y),
            "rows_dropped": [str(label) for label in counts.dropped],
            "notes": list(counts.notes),
        },
    )
    return fit_of(drawn, held, counts)


def of_children(found: Fit) -> Fit:
    """A fit from a file with its densities and, where frailties are integrated out, the log of them given the rest."""
    rng = stream(found.certificate["seed"], "rows", "frailty", found.certificate["doublings"])
    held, dims = again(found.design, found.values, rng)
    child = found.design.units.get("child")
    return replace(
        found,
        values={**found.values, **held},
        dims={**found.dims, **dims},
        labels=found.labels if child is None else {**found.labels, "child": child.ids},
    )


def _digest(counts: EventRows) -> str:
    """Digest of all that the likelihood sees."""
    groups = [group.index for group in counts.units.values()]
    exposure = np.ones(counts.y.size) if counts.trials else counts.size
    trials = [counts.size.astype(np.int64)] if counts.trials else []
    return digest_arrays([counts.matrix, counts.y, exposure, *trials, *groups])
