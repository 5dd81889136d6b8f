"""A child's log-normal frailty given the rest: its density integrated out, and exact draws. Plain arrays.

With u = exp(s z - s²/2) and z ~ Normal(0, 1), a child of Y onsets over an expectation E at u = 1 has

    f(z) = Y (s z - s²/2) - E exp(s z - s²/2) - z²/2 - log(2π)/2,

which is concave: -z²/2 plus a concave part. So it lies below f(ẑ) - (z - ẑ)²/2 about its mode ẑ, which bounds its
tails, and makes a Normal(ẑ, 1) an envelope that rejection sampling draws from exactly.
"""

from __future__ import annotations

import numpy as np

from missingmodels.fitting.exponential import exponential
from missingmodels.fitting.laplace.child import ChildLaw, log_normal_mode
from missingmodels.parameters import Array


def integrated(onsets: Array, expected: Array, sd: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """(C, S) log of the integral of exp f, a draw of u, and its mean, from (C, S) Y and E, and (S,) s."""
    sd = np.broadcast_to(sd, expected.shape)
    law = ChildLaw("log_normal", {"frailty_sd_log": sd})
    density = law.log_density(onsets, expected)
    mean = np.exp(law.log_density(onsets + 1, expected) - density)
    of = (onsets, expected * np.exp(-(sd**2) / 2), sd)
    mode = log_normal_mode(*of)
    drawn = _drawn(mode, _log_density(mode, *of), of, rng)
    return density, np.exp(sd * drawn - sd**2 / 2), mean


def _log_density(z: Array, onsets: Array, level: Array, sd: Array) -> Array:
    """f without its constants -Y s²/2 and -log(2π)/2; ``level`` is E exp(-s²/2)."""
    return np.asarray(onsets * sd * z - level * exponential(sd * z) - z**2 / 2)


def _drawn(mode: Array, peak: Array, of: tuple[Array, Array, Array], rng: np.random.Generator) -> Array:
    """Draws of z by rejection from Normal(ẑ, 1), those refused drawn again."""
    out = np.empty(mode.size)
    held = [np.ravel(part) for part in (mode, peak, *of)]
    at = np.arange(mode.size)
    while at.size:
        middle, top, *rest = held
        step = rng.standard_normal(at.size)
        taken = np.log(rng.random(at.size)) < _log_density(middle + step, *rest) - top + step**2 / 2
        out[at[taken]] = (middle + step)[taken]
        at, held = at[~taken], [part[~taken] for part in held]
    return out.reshape(mode.shape)
