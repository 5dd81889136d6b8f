"""Sums over earlier onsets, as the daily models have them.

`data`: `day` (R,), the calendar day d of every row; `child` (R,); `lives` (children, days), the home of a child on a
day, -1 for none; `onset_child` and `onset_day`, one entry for every onset on record, those before the window among
them; `residents` (homes, days), n; `longest_lag`, L, 60 days unless given; `witnessed`, by which definition.
A row that stands for several days has no onset of W_i (in the Hawkes model: none of its own either) within L days of
any of them.
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


def onsets_of_others(data, child, day):
    """W_i: d − s and n of each onset that child i is exposed to on day d."""
    lives, longest, lag, size = data["lives"], data.get("longest_lag", 60), [], []
    for other, start in zip(data["onset_child"], data["onset_day"], strict=True):
        if other == child or not 1 <= day - start <= longest:
            continue
        on = start if data["witnessed"] else day  # the day on which the two must live together
        if lives[other, on] == lives[child, on] != -1:
            lag.append(day - start)
            size.append(data["residents"][lives[child, on], on])
    return np.array(lag, dtype=int), np.array(size, dtype=float)


def faded_onsets_of_others(data, tau):
    """K_i(d; τ) = Σ_{(s, n) ∈ W_i} exp(−(d − s) / τ) of every row."""
    total = []
    for child, day in zip(data["child"], data["day"], strict=True):
        lag, _ = onsets_of_others(data, child, day)
        total.append(np.sum(np.exp(-lag / tau)))
    return np.array(total)


def offspring_shares(tau, longest=60):
    """g(m) for m = 1 … L."""
    weight = np.exp(-np.arange(1, longest + 1) / tau)
    return weight / weight.sum()


def own_and_peer_onsets(data, tau):
    """E_own and E_peer = Σ_{(s, n) ∈ W_i} g(d − s) / (n − 1) of every row."""
    share = np.concatenate([[0.0], offspring_shares(tau, data.get("longest_lag", 60))])
    own, others = [], []
    for child, day in zip(data["child"], data["day"], strict=True):
        own.append(share[lags(data, {child}, day).astype(int)].sum())
        lag, size = onsets_of_others(data, child, day)
        others.append(np.sum(share[lag] / (size - 1)))
    return np.array(own), np.array(others)
