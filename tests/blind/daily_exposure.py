"""Sums over earlier onsets, as the daily models have them.

`data`: `day` (R,), the calendar day d of every row; `child` (R,); `peers`, a list of R lists, P_i(d), the children who
live with i on day d; `onset_child` and `onset_day`, one entry for every onset on record, those before the window
among them; `longest_lag`, L, 60 days unless given. A row that stands for several days has no onset of a peer (in the
Hawkes model: none of its own either) within L days of any of them; its `peers` may be empty.
"""

import numpy as np


def lags(data, children, day):
    """d − s for every onset s of these children with 1 ≤ d − s ≤ L."""
    longest = data.get("longest_lag", 60)
    found = []
    for child, start in zip(data["onset_child"], data["onset_day"], strict=True):
        if child in children and 1 <= day - start <= longest:
            found.append(day - start)
    return np.array(found, dtype=float)


def faded_onsets_of_others(data, tau):
    """K_i(d; τ) = Σ_{j ∈ P_i(d)} Σ_s exp(−(d − s) / τ) of every row."""
    total = []
    for day, peers in zip(data["day"], data["peers"], strict=True):
        total.append(np.sum(np.exp(-lags(data, set(peers), day) / tau)))
    return np.array(total)


def offspring_shares(tau, longest=60):
    """g(m) for m = 1 … L."""
    weight = np.exp(-np.arange(1, longest + 1) / tau)
    return weight / weight.sum()


def own_and_peer_onsets(data, tau):
    """E_own and E_peer of every row; `data["occupancy"]` (R,) is n_h(d). E_peer is 0 where nobody else lives."""
    share = np.concatenate([[0.0], offspring_shares(tau, data.get("longest_lag", 60))])
    own, others = [], []
    for row, day in enumerate(data["day"]):
        own.append(share[lags(data, {data["child"][row]}, day).astype(int)].sum())
        size = data["occupancy"][row]
        of_peers = share[lags(data, set(data["peers"][row]), day).astype(int)].sum()
        others.append(of_peers / (size - 1) if size > 1 else 0.0)
    return np.array(own), np.array(others)
