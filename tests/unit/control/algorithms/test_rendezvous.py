# SPDX-License-Identifier: Apache-2.0
"""Tables of hash: a slot belongs to the first that draws it, and to nobody else's change."""

from __future__ import annotations

from fractions import Fraction
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address
from itertools import count

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dsrlb.control.algorithms.tables import SIZES, build
from dsrlb.dataplane.keys import IPAddress
from tests.bench.spread import Case, moves, share_errors

Weighted = dict[IPAddress, int]
ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address)
WEIGHT = st.integers(1, 9) | st.integers(1, 65_535)
REALS = st.dictionaries(ADDRESSES, WEIGHT, min_size=2, max_size=12)
_64 = (1 << 64) - 1


def owners(weights: Weighted, size: int) -> list[IPAddress]:
    """By slot."""
    names = list(weights)
    return [names[position] for position in build("hash", list(weights.items()), size)]


def splitmix(seed: int, place: int) -> int:
    """The number at a place, from 0, of SplitMix64."""
    word = (seed + (place + 1) * 0x9E3779B97F4A7C15) & _64
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & _64
    word = (word ^ word >> 27) * 0x94D049BB133111EB & _64
    return word ^ word >> 31


def first_draws(identity: bytes, size: int) -> dict[int, int]:
    """When a real draws each slot for the first time."""
    seed = int.from_bytes(identity[:8], "little")
    found: dict[int, int] = {}
    for draw in count():
        found.setdefault((splitmix(seed, draw) >> 32) * size >> 32, draw)
        if len(found) == size:
            return found
    raise AssertionError


def test_splitmix() -> None:
    """The first numbers with seed 1234567 that other programs have."""
    assert [splitmix(1234567, place) for place in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


@settings(deadline=None)
@given(REALS, st.integers(1, 60))
def test_the_first_to_draw_a_slot_has_it(weights: Weighted, size: int) -> None:
    identities = {one: blake2b(one.packed, digest_size=16).digest() for one in weights}
    draws = {one: first_draws(identity, size) for one, identity in identities.items()}

    def date(one: IPAddress, slot: int) -> tuple[Fraction, bytes]:
        return Fraction(2 * draws[one][slot] + 1, 2 * weights[one]), identities[one]

    expected = [min(weights, key=lambda one: date(one, slot)) for slot in range(size)]
    assert owners(weights, size) == expected


@settings(deadline=None)
@given(REALS, st.integers(2, 500))
def test_who_goes_leaves_the_others_theirs(weights: Weighted, size: int) -> None:
    """Read backwards: who comes takes, and moves nobody else."""
    before = owners(weights, size)
    gone = next(iter(weights))
    after = owners({one: weight for one, weight in weights.items() if one != gone}, size)
    assert [slot for slot in range(size) if before[slot] != after[slot]] == [
        slot for slot in range(size) if before[slot] == gone
    ]


@settings(deadline=None)
@given(REALS, WEIGHT, st.integers(2, 500))
def test_who_grows_only_takes(weights: Weighted, more: int, size: int) -> None:
    """Read backwards: who shrinks only gives."""
    before = owners(weights, size)
    grown = next(iter(weights))
    after = owners({**weights, grown: weights[grown] + more}, size)
    assert {after[slot] for slot in range(size) if before[slot] != after[slot]} <= {grown}


@settings(deadline=None)
@given(REALS, st.integers(2, 50), st.integers(2, 500))
def test_only_the_weights_ratio_counts(weights: Weighted, factor: int, size: int) -> None:
    small = {one: weight % 1_000 + 1 for one, weight in weights.items()}
    large = {one: weight * factor for one, weight in small.items()}
    assert owners(small, size) == owners(large, size)


def test_whoever_goes_of_100_moves_none_of_the_others_clients() -> None:
    case = Case("equal", (1,) * 100)
    assert max(moves("hash", case.reals(), case.size, range(100))) == 0


def test_shares_vary_as_if_each_slot_was_drawn_by_lot() -> None:
    for weights in ((1,) * 100, tuple(1 + at % 10 for at in range(100)), (65_535, 300, 7)):
        case = Case("", weights)
        table = build("hash", case.reals(), case.size)
        share = np.array(weights) / sum(weights)
        by_lot = np.sqrt((1 - share) / (share * case.size))
        assert np.sqrt(np.mean((share_errors(table, weights) / by_lot) ** 2)) < 1.3
    assert case.size == SIZES[-1]
