"""Fit: the posterior of one model, whatever its family."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from missingmodels.fitting.diagnostics import Diagnostics
from missingmodels.fitting.drawn import Drawn, labelled
from missingmodels.models.priors.law import FURTHER
from missingmodels.parameters import Array, Effect, Parameters
from missingmodels.plan import Decision, kept_plan
from missingmodels.vocabulary import fit_name

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Family = Literal["onset", "rows", "daily", "outcome", "official"]
ADDED = ("authority", "owner", "adult", "peer_slope")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One posterior: S draws of the quantities that are reported.

    Attributes
    ----------
    family : onset, rows, daily, outcome or official
    model : M0 … M3, an outcome's name, or a formula
    exposure : the peer exposure it holds, empty for none
    design : what it was fitted to
    values : (S, …) draws by name, on the scale of the raw columns, chains one after the other: ``intercept``,
        ``coefficients`` (P,), scales and other scalars, effects of homes and other units on the log rate, and by child
        ``frailty`` and ``log_density`` (log L_i), where they were asked for; ``docs/notation.md`` has the rest
    dims, labels : names of the dimensions after the first, by value, and the labels of those that have some
    chains : number of chains; draws of a chain lie together
    certificate : plan, own settings, seed, digests of plan and data, engine, versions, seconds, diagnostics
    sample_stats : (chains, draws) statistics of the draws by name; of the fast engine ``proposal``, of which each is a
        copy, and ``log_weight``
    """

    family: Family
    model: str
    exposure: str = ""
    design: Any
    values: Mapping[str, Array]
    dims: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, tuple[str, ...]]
    chains: int
    diagnostics: Diagnostics
    certificate: Mapping[str, Any]
    sample_stats: Mapping[str, Array] = field(default_factory=dict)

    def __repr__(self) -> str:
        draws = next(iter(self.values.values())).shape[0]
        failed = "; ".join(self.diagnostics.failed)
        passed = f"FAILED the gate: {failed}" if failed else "passed the gate"
        units = ", ".join(f"{len(ids):,} {_several(dim.removesuffix('_index'))}" for dim, ids in self.labels.items())
        how = f"{draws:,} draws by {self.certificate.get('method', 'an unrecorded method')}"
        name = fit_name(self.model, self.exposure)
        return f"Fit of {name}, family {self.family}: {how}, {passed}\n  {units}\n  more: summary(), to_datatree()"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>{self.summary().round(3).to_html()}"

    @property
    def decision(self) -> Decision:
        """The plan's rule: mass of intervals, and probabilities from which a direction is told."""
        return Decision(**self.certificate["plan"].get("decision", {}))

    @property
    def log_density(self) -> Array:
        """(S, C) log L_i of every child; (S, 0) where children were not asked for."""
        return self.values.get("log_density", np.zeros((self.values["intercept"].size, 0)))

    @cached_property
    def draws(self) -> xr.Dataset:
        """The draws by chain and draw, under labels."""
        return labelled(self.values, self.chains, self.dims, self.labels)

    @cached_property
    def parameters(self) -> Parameters:
        """The draws of an onset model in the form that a simulated world's truth has too."""
        held, labels = self.values, self.labels
        draws = held["intercept"].size
        nothing = np.zeros((draws, 0))
        own = self.certificate.get("own_terms", {})
        further = (*FURTHER, *(name for _, *scalars in own.values() for name in scalars))
        effects = {
            name: Effect(ids=labels[self.dims[name][0]], values=held[name]) for name in (*ADDED, *own) if name in held
        }
        return Parameters(
            intercept=held["intercept"],
            coefficients=dict(zip(labels.get("column", ()), held.get("coefficients", nothing).T, strict=True)),
            home_ids=labels["home_index"],
            home=held["home"],
            home_period=held["home_period"],
            child_ids=labels["child"] if "frailty" in held else (),
            frailty=held.get("frailty", nothing),
            sigma_home=held["sigma_home"],
            sigma_period=held["sigma_period"],
            frailty_shape=held["frailty_shape"],
            frailty_law=str(self.certificate["frailty"]),
            further={name: held[name] for name in further if name in held},
            effects=effects,
            shared=held.get("sector"),
            period_of=self._period_of(held["home_period"].shape[2]),
        )

    def _period_of(self, cells: int) -> Array | None:
        """(T,) period of each cell of time, where the fit's plan has several cells in a home's period."""
        from missingmodels.models.process import Process

        plan = kept_plan(self.certificate["plan"])
        process = Process.of(plan, cells)
        return None if process is None else process.period

    def to_datatree(self) -> xr.DataTree:
        """The fit as ArviZ knows one, so that ``az.summary``, ``az.loo``, ``az.compare``, ``az.psense`` and its plots
        run on it as it comes.

        Groups ``posterior`` (chain, draw, …) under labels, ``sample_stats``, ``log_likelihood`` by child or row,
        ``log_prior`` by parameter, ``observed_data`` and ``constant_data``, each where the fit has it. Draws of the
        fast engine weigh alike: ``sample_stats`` has the ``log_weight`` and number of the ``proposal`` that each is a
        copy of, and copies lie together, so that effective sample sizes count what they are worth.
        """
        from missingmodels.fitting.stores.natives import to_datatree

        return to_datatree(self)

    def summary(self) -> pd.DataFrame:
        """One line a quantity, by term: median, ``low`` and ``high`` of the plan's equal-tailed interval, and more.

        Of an outcome ratios, shares and spreads with ``measure`` and ``direction``, the posterior mass above no effect;
        of the others draws as they are, with mean, its Monte Carlo error, sd, effective sample sizes and R-hat.
        """
        from missingmodels.fitting import told

        return told.table(self)

    def sentences(self) -> list[str]:
        """What the fit says in plain words, where its family has such words."""
        from missingmodels.fitting import told

        return told.sentences(self)

    def probabilities(self) -> dict[str, float]:
        """Posterior probabilities that go with the sentences, where its family has some."""
        from missingmodels.fitting.families.daily_words import probabilities

        return probabilities(self.draws) if self.family == "daily" else {}


def _several(unit: str) -> str:
    return {"child": "children", "authority": "authorities"}.get(unit, f"{unit}s")


def fit_of(drawn: Drawn, certificate: Mapping[str, Any], design: Any) -> Fit:
    """The fit of draws that are already as they are reported; its family and model are those of the certificate."""
    return Fit(
        family=certificate["family"],
        model=certificate["model"],
        exposure=certificate["exposure"],
        design=design,
        values=drawn.values,
        dims=drawn.dims,
        labels=drawn.labels,
        chains=drawn.chains,
        diagnostics=drawn.diagnostics,
        certificate=certificate,
        sample_stats=drawn.sample_stats,
    )
