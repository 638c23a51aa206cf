# SPDX-License-Identifier: Apache-2.0
"""Tables: large enough, the same wherever they are built, and kept."""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsrlb.control.algorithms.sequence import LONGEST
from dsrlb.control.algorithms.tables import SIZES, Cache, Table, build, table_entries, table_size
from dsrlb.dataplane.keys import IPAddress

WITHOUT = ("round-robin", "least-connection", "fastest-response-time", "adaptive")
SEQUENCES = ("weighted-round-robin", "weighted-least-connection")
REALS: list[tuple[IPAddress, int]] = [
    *((IPv4Address(0x0A000001 + at), 1 + at % 3) for at in range(8)),
    *((IPv6Address((0x20010DB8 << 96) + at), 1 + at % 3) for at in range(8)),
]


@pytest.mark.parametrize(
    ("weights", "size"),
    [
        ([], 65_537),
        ([0, 0], 65_537),
        ([1], 65_537),
        ([7] * 655, 65_537),
        ([1] * 1_310, 65_537),
        ([1] * 1_311, 262_147),
        ([1] * 4_096, 262_147),
        ([1] * 5_243, 524_309),
        ([100, 1], 65_537),
        ([65_535, 1], 524_309),
        ([100, 0], 65_537),
        ([100] * 1_310 + [0], 262_147),
    ],
)
def test_size(weights: list[int], size: int) -> None:
    assert table_size(weights) == size


def test_a_pinned_size_stays() -> None:
    assert table_size([1] * 4_096, 4_093) == 4_093


@given(st.lists(st.integers(1, 65_535), min_size=1, max_size=50), st.randoms())
def test_a_real_that_is_drained_does_not_make_the_table_larger(
    weights: list[int], random: Random
) -> None:
    drained = [*weights]
    drained[random.randrange(len(weights))] = 0
    assert table_size(drained) <= table_size(weights)


@pytest.mark.parametrize("algorithm", ["hash", "maglev"])
def test_order_does_not_matter(algorithm: str) -> None:
    expected = [REALS[position] for position in build(algorithm, REALS, 4_093)]
    shuffled = [*REALS]
    for seed in range(5):
        Random(seed).shuffle(shuffled)
        table = build(algorithm, shuffled, 4_093)
        assert [shuffled[position] for position in table] == expected


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [("hash", "fb99ee92d294caef"), ("maglev", "82f37f23dae66555")],
)
def test_every_balancer_builds_the_same(algorithm: str, digest: str) -> None:
    table = build(algorithm, REALS, 4_093)
    assert blake2b(table.astype("<u2").tobytes(), digest_size=8).hexdigest() == digest


@pytest.mark.parametrize("algorithm", ["hash", "maglev", *SEQUENCES])
def test_without_weight_without_entries(algorithm: str) -> None:
    reals: list[tuple[IPAddress, int]] = [(one, weight % 3) for one, weight in REALS]
    table = build(algorithm, reals, 4_093)
    assert {reals[position][1] for position in np.unique(table)} == {1, 2}
    assert build(algorithm, [(one, 0) for one, _ in REALS], 4_093).tolist() == []
    assert build(algorithm, [], 4_093).tolist() == []
    assert table_entries(algorithm, [0, 0], 4_093) == 0


@pytest.mark.parametrize("algorithm", ["hash", "maglev"])
def test_a_single_real_has_all_entries(algorithm: str) -> None:
    assert build(algorithm, REALS[:1], 4_093).tolist() == [0] * 4_093


@pytest.mark.parametrize("algorithm", WITHOUT)
def test_algorithms_without_a_table(algorithm: str) -> None:
    assert build(algorithm, REALS, 4_093).tolist() == []
    assert table_entries(algorithm, [1, 2], 4_093) == 0


def test_sequences() -> None:
    reals: list[tuple[IPAddress, int]] = [(REALS[0][0], 6), (REALS[1][0], 2)]
    assert build("weighted-round-robin", reals, 0).tolist() == [0, 0, 1, 0]
    assert build("weighted-least-connection", reals, 0).tolist() == [0, 0, 1, 0]
    equal: list[tuple[IPAddress, int]] = [(REALS[0][0], 2), (REALS[1][0], 2)]
    assert build("weighted-round-robin", equal, 0).tolist() == [0, 1]
    assert build("weighted-least-connection", equal, 0).tolist() == []


def test_longest_sequences() -> None:
    reals: list[tuple[IPAddress, int]] = [(REALS[0][0], 65_535), (REALS[1][0], 65_534)]
    assert 0.99 * LONGEST < len(build("weighted-round-robin", reals, 0)) <= LONGEST
    assert 0.99 * 4_096 < len(build("weighted-least-connection", reals, 0)) <= 4_096


@settings(deadline=None)
@given(
    st.sampled_from(("hash", "maglev", *SEQUENCES)),
    st.lists(st.integers(0, 9) | st.integers(0, 65_535), min_size=1, max_size=len(REALS)),
    st.integers(0, 2 ** len(REALS) - 1),
)
def test_entries_are_enough_for_any_of_the_reals(
    algorithm: str, weights: list[int], usable: int
) -> None:
    reals = [(one, weight) for (one, _), weight in zip(REALS, weights, strict=False)]
    some = [real for at, real in enumerate(reals) if usable >> at & 1]
    assert len(build(algorithm, some, 251)) <= table_entries(algorithm, weights, 251)


def test_tables_are_kept_and_cannot_be_changed() -> None:
    table = build("maglev", REALS, 4_093)
    assert build("maglev", [*REALS], 4_093) is table
    assert build("hash", REALS, 4_093) is not table
    assert build("maglev", REALS, 251) is not table
    assert build("maglev", REALS[1:], 4_093) is not table
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


def test_what_was_used_last_is_kept() -> None:
    made = []

    def make(name: int) -> Table:
        made.append(name)
        return np.full(1_000, name, np.uint16)

    cache = Cache(3 * 2_600)
    for name in (1, 2, 3, 1, 4, 1, 3, 2):
        assert cache.get(bytes([name]), partial(make, name))[0] == name
    assert made == [1, 2, 3, 4, 2]


def test_a_table_that_is_too_large_is_not_kept() -> None:
    cache = Cache(100)
    tables = [cache.get(b"", lambda: np.zeros(1_000, np.uint16)) for _ in range(2)]
    assert tables[0] is not tables[1]


def test_sizes_are_primes() -> None:
    for size in SIZES:
        assert all(size % factor for factor in range(2, 725))
