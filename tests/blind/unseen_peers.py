"""Unseen peers: the chain that fills hidden places, and what an imputed history makes of the visible onsets."""

import numpy as np


def filled_share(occupied, visible):
    """F = (O − v̄) / (1 − v̄), cut to [0, 1]."""
    return float(np.clip((occupied - visible) / (1 - visible), 0, 1))


def chances(share, stay):
    """Chances a day e of an empty place filled, 1/L of leaving, and b of a place filled again on the day it is left.

    e = min(F / ((1 − F) L), 1) and b = max(1 − (1 − F) L / F, 0), L at least 1.
    """
    stay = max(stay, 1.0)
    if share == 1:
        return 1.0, 1 / stay, 1.0
    if share == 0:
        return 0.0, 1 / stay, 0.0
    return min(share / ((1 - share) * stay), 1.0), 1 / stay, max(1 - (1 - share) * stay / share, 0.0)


def log_weight(y, n, eta, exposure, alone, delta, kappa):
    """Σ_id y g − n Λ exp(g), g = δ p(z) + κ a(z), over the visible child-days of a home; up to a constant in z.

    `y`, `n`, `eta`, `exposure`, `alone` are arrays of one length: onset, days, log Λ, p_id(z), a_id(z).
    """
    y, n, eta, exposure, alone = (np.asarray(part, dtype=float) for part in (y, n, eta, exposure, alone))
    g = delta * exposure + kappa * alone
    return float(np.sum(y * g - n * np.exp(eta + g)))
