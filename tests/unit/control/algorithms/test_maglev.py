# SPDX-License-Identifier: Apache-2.0
"""Maglev tables are those of the paper, slot by slot, and keep clients where they are."""

from __future__ import annotations

from fractions import Fraction
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsrlb.control.algorithms.tables import SIZES, build
from dsrlb.dataplane.keys import IPAddress
from tests.bench.spread import Case, moves, share_errors

Weighted = dict[IPAddress, int]
PRIMES = (2, 3, 5, 7, 13, 31, 101, 251)
ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address)
REALS = st.dictionaries(
    ADDRESSES, st.integers(1, 9) | st.integers(1, 65_535), min_size=1, max_size=12
)


def by_the_paper(weights: Weighted, size: int) -> list[IPAddress]:
    """Everybody's list of preferences written out, and one turn after the other."""
    identities = {one: blake2b(one.packed, digest_size=16).digest() for one in weights}
    lists = {}
    for one, identity in identities.items():
        offset = int.from_bytes(identity[:8], "little") % size
        skip = int.from_bytes(identity[8:], "little") % (size - 1) + 1
        lists[one] = [(offset + place * skip) % size for place in range(size)]
    turns = dict.fromkeys(weights, 0)
    table: dict[int, IPAddress] = {}
    while len(table) < size:
        next_one = min(
            weights,
            key=lambda one: (Fraction(2 * turns[one] + 1, 2 * weights[one]), identities[one]),
        )
        turns[next_one] += 1
        table[next(slot for slot in lists[next_one] if slot not in table)] = next_one
    return [table[slot] for slot in range(size)]


@settings(deadline=None)
@given(REALS, st.sampled_from(PRIMES))
def test_as_in_the_paper(weights: Weighted, size: int) -> None:
    names = list(weights)
    table = build("maglev", list(weights.items()), size)
    assert [names[position] for position in table] == by_the_paper(weights, size)


def test_as_in_the_paper_at_full_size() -> None:
    weights: Weighted = {IPv4Address(0x0A000001 + at): 1 + at % 3 for at in range(20)}
    names = list(weights)
    table = build("maglev", list(weights.items()), SIZES[0])
    assert [names[position] for position in table] == by_the_paper(weights, SIZES[0])


@pytest.mark.parametrize(
    "case",
    [
        Case("equal", (1,) * 41),
        Case("equal", (1,) * 1_310),
        Case("equal", (1,) * 4_096),
        Case("1 to 10", tuple(1 + at % 10 for at in range(100))),
        Case("one of 50", (50, *(1,) * 99)),
        Case("far apart", (65_535, 7)),
    ],
    ids=lambda case: f"{len(case.weights)} reals, {case.name}",
)
def test_shares_are_within_two_per_cent_of_the_weights(case: Case) -> None:
    table = build("maglev", case.reals(), case.size)
    assert np.abs(share_errors(table, case.weights)).max() <= 0.02


def test_whoever_goes_of_100_moves_few_of_the_others_clients() -> None:
    case = Case("equal", (1,) * 100)
    assert max(moves("maglev", case.reals(), case.size, range(100))) <= 0.01
