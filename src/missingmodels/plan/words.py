"""What a plan may name: exposures, variables of structure, engines, models."""

from __future__ import annotations

from typing import Literal, get_args

EVERYWHERE = "all"  # whose calendar of school holidays stands where an authority has none of its own
MISSING = "missing"  # the event that the missing episodes are
OUTSIDE = ("outside_presence", "outside_count", "outside_density", "outside_network")
STRUCTURE = (
    "staff_ratio",
    "turnover",
    "agency_share",
    "mix_need",
    "mix_spread",
    "mix_age_spread",
    "mix_out_of_area",
    "new_admission_7d",
    "size",
)
Method = Literal["nuts", "laplace", "auto"]
Tie = Literal["ties", "same_sex", "age_gap"]
TIES: tuple[Tie, ...] = ("same_sex", "age_gap")  # that no table holds
WORD = r"[a-z][a-z0-9_]*"
METHODS: tuple[Method, ...] = ("nuts", "laplace", "auto")
ModelName = Literal["M0", "M1", "M2", "M3"]
PeerExposure = Literal[
    "peer_presence",
    "peer_count",
    "peer_density",
    "peer_network",
    "peer_kernel",
]
EXPOSURES: tuple[str, ...] = get_args(PeerExposure)
OutsideExposure = Literal["outside_presence", "outside_count", "outside_density", "outside_network"]
COUNTED = ("peer_presence", "peer_count", "peer_density")  # exposures that counts of peers give
