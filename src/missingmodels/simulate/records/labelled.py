"""Draws that belong to a label: an episode's, a child's or a home's number is the same whatever else is drawn.

A stream hands out numbers in order, so leaving one row out moves the draws of all rows after it. What is written of a
world must not do that: one authority's view, or a world with one more child, must meet the same fates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd


def uniforms(labels: Iterable[str], seed: int, *names: str | int) -> np.ndarray:
    """One number in (0, 1) a label, from the seed, the named use and the label alone."""
    key = hashlib.sha256("/".join(map(str, (seed, *names))).encode()).digest()
    digests = (hashlib.blake2b(str(label).encode(), key=key, digest_size=8).digest() for label in labels)
    words = np.frombuffer(b"".join(digests), dtype="<u8")
    # 52 bits and a half: neither 0 nor 1 can come out, so a share of 0 hits nobody and a share of 1 everybody
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def choose(u: np.ndarray, codes: Sequence[str], shares: Sequence[float]) -> np.ndarray:
    """(N,) the code of each uniform number, by shares that sum to 1."""
    edges = np.cumsum(np.asarray(shares, dtype=float))
    return np.array(codes, dtype=object)[np.minimum(np.searchsorted(edges, u, side="right"), len(codes) - 1)]


def row_labels(frame: pd.DataFrame, *columns: str) -> pd.Series:
    """A label a row from its key columns; dates as YYYY-MM-DD."""
    parts = [frame[c].dt.strftime("%Y-%m-%d") if frame[c].dtype.kind == "M" else frame[c].astype(str) for c in columns]
    joined = parts[0].astype(object)
    for part in parts[1:]:
        joined = joined + "/" + part.astype(object)
    return joined
