# SPDX-License-Identifier: Apache-2.0
"""Ranges of pools: shared, found again, and never overwritten while a flow may name them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

import numpy as np
import pytest

from dsrlb.control.maps.pools import REST_SECONDS, PoolTable, PoolUse, Range, addresses_in
from dsrlb.dataplane.keys import IPAddress
from dsrlb.errors import StateError
from tests.unit.control.fakemaps import SMALL, FakeMaps

SIZE = SMALL["MAX_POOL_ADDRESSES"]


def pool(count: int, first: int = 1) -> tuple[IPAddress, ...]:
    """IPv4 addresses in a row."""
    return tuple(ip_address(f"192.0.2.{number}") for number in range(first, first + count))


SIX = tuple(ip_address(f"2001:db8::{number:x}") for number in range(1, 4))


@dataclass
class Clock:
    """Time that a test moves on."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Table(PoolTable):
    """A table with a clock, and what the last scan saw."""

    def __init__(self, maps: FakeMaps, *named: Range) -> None:
        self.time = Clock()
        super().__init__(maps, named, self.time)
        self.maps = maps

    def scan(self, *places: int) -> None:
        """A scan that begins now and finds flows that name these places."""
        seen = np.zeros(SIZE, np.bool_)
        seen[list(places)] = True
        use = PoolUse(self.time.now, seen)
        self.use = lambda: use

    def rest(self) -> None:
        """As long as it takes, and a little more."""
        self.time.now += REST_SECONDS + 1


@pytest.fixture
def table() -> Table:
    """An empty one."""
    return Table(FakeMaps())


def test_place_0_is_never_given(table: Table) -> None:
    assert table.range_of(pool(2)) == 1
    assert table.range_of(SIX) == 3
    assert addresses_in(table.maps, 1, 2) == pool(2)
    assert addresses_in(table.maps, 3, 3) == SIX
    assert not table.maps["pools"].array[0]["word_be"].any()


def test_equal_pools_have_one_range(table: Table) -> None:
    assert table.range_of(pool(3)) == table.range_of(pool(3))
    assert table.range_of(pool(3, first=2)) == 4
    table.maps.writes.clear()
    table.range_of(pool(3))
    assert table.maps.writes == []


def test_a_range_is_found_again_however_long_it_rested(table: Table) -> None:
    first = table.range_of(pool(3))
    table.collect([])
    table.rest()
    table.scan()
    assert table.range_of(pool(2, first=100)) == first + 3
    table.maps.writes.clear()
    assert table.range_of(pool(3)) == first
    assert table.maps.writes == []


def full(table: Table) -> None:
    """No place that never had an address."""
    table.range_of(pool(SIZE - 1))


def test_a_named_range_is_given_to_nobody(table: Table) -> None:
    full(table)
    table.collect([(1, SIZE - 1)])
    table.rest()
    table.scan()
    with pytest.raises(StateError, match="pools: no room for 3 more addresses"):
        table.range_of(SIX)


def test_before_the_first_scan_nothing_is_given_away(table: Table) -> None:
    full(table)
    table.collect([])
    table.rest()
    with pytest.raises(StateError) as refused:
        table.range_of(SIX)
    assert "when the flows that have them end" in refused.value.hint


def test_flows_keep_their_places(table: Table) -> None:
    full(table)
    table.collect([])
    table.rest()
    table.scan(*(place for place in range(1, SIZE) if place not in (7, 8, 20, 21, 22)))
    before = {place: addresses_in(table.maps, place, 1) for place in range(1, SIZE)}
    assert table.range_of(SIX) == 20
    assert addresses_in(table.maps, 20, 3) == SIX
    for place in before.keys() - {20, 21, 22}:
        assert addresses_in(table.maps, place, 1) == before[place]


def test_a_scan_that_began_too_early_tells_nothing(table: Table) -> None:
    """A flow may have been made by the record of before, behind the part that was scanned."""
    full(table)
    table.collect([])
    table.time.now += REST_SECONDS - 1
    table.scan()
    with pytest.raises(StateError):
        table.range_of(SIX)
    table.time.now += 2
    with pytest.raises(StateError):
        table.range_of(SIX)
    table.scan()
    assert table.range_of(SIX) == 1


def test_what_rested_before_this_daemon_rests_anew(table: Table) -> None:
    full(table)
    later = Table(table.maps, (1, 2))
    later.scan()
    with pytest.raises(StateError):
        later.range_of(SIX)
    later.rest()
    later.scan()
    assert later.range_of(SIX) == 3
    assert addresses_in(later.maps, 1, 2) == pool(2)


def test_a_range_that_was_given_and_not_named_yet_is_not_given_again(table: Table) -> None:
    """Several services change at once; records come after the ranges."""
    full(table)
    table.collect([])
    table.rest()
    table.scan()
    first = table.range_of(SIX)
    assert table.range_of(pool(2, first=200)) == first + len(SIX)


def test_a_pool_larger_than_what_is_free_in_a_row(table: Table) -> None:
    table.range_of(pool(SIZE - 3))
    with pytest.raises(StateError, match=f"3 more addresses .of {SIZE}"):
        table.range_of(SIX)
    assert table.range_of(SIX[:2]) == SIZE - 2


def test_a_half_written_range_is_taken_for_no_pool(table: Table) -> None:
    """A daemon was killed: what it wrote is no pool, and stays until the places are needed."""
    maps = table.maps

    class Killed(Exception):
        pass

    def watch(_: str) -> None:
        if len(maps.writes) == 3:
            raise Killed

    maps.watch = watch
    with pytest.raises(Killed):
        table.range_of(SIX)
    maps.watch = None
    later = Table(maps)
    assert later.range_of(SIX) == 3
    assert addresses_in(maps, 3, 3) == SIX
