"""Named streams and digests: the same name gives the same numbers, whatever else is drawn."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import pytest

from missingmodels import provenance


def test_a_stream_is_the_same_each_time_and_free_of_order():
    first = provenance.stream(1, "children", 3).random(5)
    provenance.stream(1, "staff").random(100)
    np.testing.assert_array_equal(provenance.stream(1, "children", 3).random(5), first)


def test_a_stream_keeps_its_numbers_between_versions():
    # Frozen: a change here means that every published simulation would come out differently.
    assert provenance.stream(20240401, "children").integers(0, 1000, 4).tolist() == FROZEN
    assert provenance.seed_of(20240401, "children") == FROZEN_SEED


FROZEN = [751, 861, 977, 302]
FROZEN_SEED = 1613344260


@pytest.mark.parametrize(
    ("one", "other"),
    [((1, "a"), (2, "a")), ((1, "a"), (1, "b")), ((1, "a"), (1, "a", 0)), ((1, "a", 0), (1, "a", 1)), ((1,), (1, "a"))],
)
def test_another_seed_or_name_is_another_stream(one, other):
    assert not np.array_equal(provenance.stream(*one).random(4), provenance.stream(*other).random(4))
    assert provenance.seed_of(*one) != provenance.seed_of(*other)


def test_streams_of_neighbouring_replicates_are_uncorrelated():
    draws = np.array([provenance.stream(7, "replicate", i).standard_normal(2000) for i in range(30)])
    apart = np.corrcoef(draws)[np.triu_indices(30, k=1)]
    # 435 correlations of standard error 1/sqrt(2000) = 0.022: beyond 5 of them once in about 4,000 such tests.
    assert np.abs(apart).max() < 5 / np.sqrt(2000)


def test_seeds_are_31_bit():
    seeds = [provenance.seed_of(1, "replicate", i) for i in range(200)]
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert len(set(seeds)) == 200


def test_digests(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    plain = "sha256:" + hashlib.sha256(b"abc").hexdigest()
    assert provenance.digest_bytes(b"abc") == provenance.digest_file(tmp_path / "a") == plain
    assert provenance.digest_json({"a": 1, "b": [2]}) == provenance.digest_json({"b": [2], "a": 1})
    assert provenance.digest_json({"a": 1}) != provenance.digest_json({"a": 2})


def test_digests_of_arrays_tell_types_shapes_and_borders_apart():
    a = np.arange(6)
    cases = [[a], [a.astype(np.int32)], [a.reshape(2, 3)], [a[:3], a[3:]], [a[:4], a[4:]], [a[::-1]], []]
    digests = [provenance.digest_arrays(case) for case in cases]
    assert len(set(digests)) == len(cases)
    assert provenance.digest_arrays([np.arange(12)[::2]]) == provenance.digest_arrays([np.arange(0, 12, 2).copy()])
    assert all(one != other for one, other in pairwise(digests))


def test_versions_name_what_runs():
    found = provenance.versions()
    assert found["missingmodels"] == provenance.package_version()
    assert found["numpy"] == np.__version__


def test_versions_leave_absent_packages_out(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package-here"))
    assert set(provenance.versions()) == {"model", "engine", "missingmodels", "python", "numpy"}
