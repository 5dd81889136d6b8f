"""Unseen peers: the chain that fills hidden places, and what an imputed history makes of the visible onsets."""

import numpy as np


def filled_share(occupied, visible):
    """ρ = (o − v̄) / (1 − v̄), cut to [0, 1]."""
    return float(np.clip((occupied - visible) / (1 - visible), 0, 1))


def chances(share, stay):
    """Chances a day of entering and of leaving a hidden place, ρ / ((1 − ρ) L) and 1 / L."""
    return share / ((1 - share) * stay), 1 / stay


def log_weight(y, n, eta, exposure, alone, delta, kappa):
    """Σ_id y g − n Λ exp(g), g = δ p(z) + κ a(z), over the visible child-days of a home; up to a constant in z.

    `y`, `n`, `eta`, `exposure`, `alone` are arrays of one length: onset, days, log Λ, p_id(z), a_id(z).
    """
    y, n, eta, exposure, alone = (np.asarray(part, dtype=float) for part in (y, n, eta, exposure, alone))
    g = delta * exposure + kappa * alone
    return float(np.sum(y * g - n * np.exp(eta + g)))
