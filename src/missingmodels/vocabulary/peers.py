"""Quantities of peers, in the home and beyond it."""

from __future__ import annotations

from missingmodels.vocabulary.quantity import named as _q

PEERS = (
    _q(
        "peer_presence",
        "p",
        "",
        "0 or 1",
        "a recently missing peer",
        "there is a recent peer",
        axis="none or any",
        one_unit="one or more recently missing peers against none",
        subject="A peer with a recent episode, against none,",
    ),
    _q(
        "peer_count",
        "p",
        "children",
        "≥ 0",
        "recently missing peers",
        "recent peers, several onsets of one child being one",
        axis="number of peers",
        one_unit="one more recently missing peer",
        subject="Each peer with a recent episode",
    ),
    _q(
        "peer_density",
        "p",
        "share",
        "≥ 0",
        "share of peers recently missing",
        "Σ 1 / (n − 1) over recent peers, n the home's occupancy on the day when each left; above 1 only where "
        "residents change within the window",
        axis="share of peers",
        one_unit="all peers recently missing against none",
        subject="Having recent episodes of all peers, against none,",
    ),
    _q(
        "peer_network",
        "p",
        "share",
        "≥ 0",
        "tie strength to recent peers",
        "Σ over recent peers of the share that each, on the day when it left, had of the strength of ties in the home",
        axis="share of tie strength",
        one_unit="all tie strength to recently missing peers against none",
        subject="Having all strength of ties with recently missing peers, against none,",
    ),
    _q(
        "peer_kernel",
        "p",
        "",
        "≥ 0",
        "peers' fading onsets",
        "Σ exp(−(d − s)/τ) over the witnessed onsets s < d: with τ fixed by the plan of all on record, with τ "
        "estimated, in a daily model, of those on the 60 days before",
        axis="onsets, fading",
        one_unit="one peer's onset, at its full weight, against none",
    ),
    _q("no_peers", "p", "", "0 or 1", "no peers", "nobody else lives in the home"),
    _q(
        "peers_unseen",
        "p",
        "",
        "0 or 1",
        "a peer is unseen",
        "an onset may be lacking that would count: a day of the window lies before the record, or before that of a "
        "child who lived there, or a resident is not in the data",
    ),
    _q(
        "kernel_unseen",
        "p",
        "",
        "0 or 1",
        "a peer is unseen to the kernel",
        "as `peers_unseen`, over the 3 τ days before, when an onset has faded to 5 %; τ is the plan's `kernel_days`, "
        "also where it is estimated",
    ),
)
PEERS_NOTE = """\
A window is the days d − w … d − 1. A child witnesses an onset if it lives in one home with the child who has it on that
day, missing or not, neither on a temporary absence; a recent peer is a child of whom an onset in the window was
witnessed, wherever either lives by now. With `exposure.witnessed = false` it is another resident of today with an onset
in the window, wherever it lived then, and shares are of today's residents and ties (specification, section 3).
"""
OUTSIDE = (
    _q(
        "outside_presence",
        "p",
        "",
        "0 or 1",
        "a recently missing outside peer",
        "any tied child who lives in another home that day, and is no recent peer, had an onset in the window before",
        one_unit="one or more recently missing peers beyond the home against none",
    ),
    _q(
        "outside_count",
        "p",
        "children",
        "≥ 0",
        "recently missing outside peers",
        "tied children in other homes with an onset in the window before who are no recent peers",
        one_unit="one more recently missing peer beyond the home",
    ),
    _q(
        "outside_density",
        "p",
        "share",
        "0 to 1",
        "share of outside peers recently missing",
        "recent outside peers over tied children in other homes; 0 without any",
        one_unit="all tied peers beyond the home recently missing against none",
    ),
    _q(
        "outside_network",
        "p",
        "share",
        "0 to 1",
        "tie strength to recent outside peers",
        "share of tie strength to children in other homes that goes to recent ones",
        one_unit="all tie strength beyond the home to recently missing peers against none",
    ),
    _q("no_outside_ties", "p", "", "0 or 1", "no ties beyond the home", "no tied child lives in another home that day"),
    _q(
        "outside_unseen",
        "p",
        "",
        "0 or 1",
        "an outside peer is unseen",
        "the record of a tied child in another home is shorter than the window",
    ),
)
