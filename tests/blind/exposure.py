"""Exposures to peers, child by child and day by day, from who lived where and who left when.

`data`: `home` (children, days), which home a child lives in on a day, -1 for none; `onset` of that shape; `occupancy`
and `recorded` (homes, days); `record_starts` (children,), the first day on which a child's onsets are recorded;
`window`, w; `tau`; `ties`, a list of (a, b, first day, day after the last, strength). Days count from the first of the
record.
"""

import math


def saw(data, i, j, day):
    """Was i there when j left on that day?"""
    return i != j and data["onset"][j, day] and data["home"][i, day] == data["home"][j, day] != -1


def days_back(day, longest):
    """Days of the record among the `longest` before `day`."""
    return range(max(day - longest, 0), day)


def recent_peers(data, i, day):
    """Every j whom i saw leave in the window, with the last day on which it did."""
    found = {}
    for t in days_back(day, data["window"]):
        for j in range(len(data["home"])):
            if saw(data, i, j, t):
                found[j] = t
    return found


def tie(data, a, b, day):
    """Strength of all ties of the two that day."""
    ties = [s for x, y, first, after, s in data["ties"] if {x, y} == {a, b} and first <= day < after]
    return sum(ties)


def others(data, i, day):
    """Who else lives where i does."""
    return [j for j in range(len(data["home"])) if j != i and data["home"][j, day] == data["home"][i, day]]


def witnessed(data, i, day):
    """All exposures of child i, in a home on `day`."""
    peers = recent_peers(data, i, day)
    density, network, kernel = 0.0, 0.0, 0.0
    for j, t in peers.items():
        density += 1 / (data["occupancy"][data["home"][i, t], t] - 1)
        strength = sum(tie(data, i, k, t) for k in others(data, i, t))
        network += tie(data, i, j, t) / strength if tie(data, i, j, t) else 0.0
    for t in range(day):
        kernel += sum(math.exp(-(day - t) / data["tau"]) for j in range(len(data["home"])) if saw(data, i, j, t))
    lived = [t for t in days_back(day, data["window"]) if data["home"][i, t] != -1]
    if any(not data["recorded"][data["home"][i, t], t] for t in lived):
        density = math.nan
    return {
        "peer_presence": float(len(peers) > 0),
        "peer_count": len(peers),
        "peer_density": density,
        "peer_network": network,
        "peer_kernel": kernel,
        "no_peers": float(nobody_else(data, i, day)),
        "peers_unseen": float(may_lack(data, i, day)),
    }


def nobody_else(data, i, day):
    """Nobody else lives there."""
    home = data["home"][i, day]
    return data["recorded"][home, day] and data["occupancy"][home, day] == 1


def may_lack(data, i, day):
    """Could an onset that counts be missing from the data?"""
    if day < data["window"] or has_strangers(data, data["home"][i, day], day):
        return True
    for t in days_back(day, data["window"]):
        if data["home"][i, t] == -1:
            continue
        if has_strangers(data, data["home"][i, t], t) or any(data["record_starts"][j] > t for j in others(data, i, t)):
            return True
    return False


def has_strangers(data, home, day):
    """Does anybody live there who is not in the data, as far as one knows?"""
    visible = sum(data["home"][j, day] == home for j in range(len(data["home"])))
    return not data["recorded"][home, day] or data["occupancy"][home, day] > visible


def outside(data, i, day):
    """Presence, count, density and network over ties beyond the home, of those whom i did not see leave."""
    seen = recent_peers(data, i, day)
    tied = [j for j in range(len(data["home"])) if j != i and tie(data, i, j, day)]
    tied = [j for j in tied if data["home"][j, day] not in (-1, data["home"][i, day])]
    left = [j for j in tied if j not in seen and any(data["onset"][j, t] for t in days_back(day, data["window"]))]
    strength = sum(tie(data, i, j, day) for j in tied)
    return {
        "outside_presence": float(len(left) > 0),
        "outside_count": len(left),
        "outside_density": len(left) / len(tied) if tied else 0.0,
        "outside_network": sum(tie(data, i, j, day) for j in left) / strength if tied else 0.0,
    }
