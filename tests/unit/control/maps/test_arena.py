# SPDX-License-Identifier: Apache-2.0
"""Places that packets may still read are not given out again at once."""

from __future__ import annotations

import pytest

from dsrlb.control.maps.arena import QUARANTINE_SECONDS, Arena
from dsrlb.errors import StateError
from tests.unit.control.places import Clock


def arena_of(size: int) -> tuple[Arena, Clock]:
    clock = Clock()
    return Arena("x", size, clock, clock.sleep), clock


def test_place_zero_is_never_given() -> None:
    arena = Arena("x", 4, Clock())
    assert [arena.allocate() for _ in range(3)] == [1, 2, 3]
    with pytest.raises(StateError, match="no room for 1 more"):
        arena.allocate()


def test_freed_places_rest_in_quarantine() -> None:
    arena, clock = arena_of(5)
    first = arena.allocate(2)
    arena.free(first, 2)
    assert arena.allocate(2) == first + 2
    clock.now += QUARANTINE_SECONDS
    assert arena.allocate(2) == first
    assert clock.slept == 0


def test_where_there_are_no_others_they_are_waited_for() -> None:
    arena, clock = arena_of(7)
    places = [arena.allocate(2) for _ in range(3)]
    arena.free(places[1], 2)
    clock.now += QUARANTINE_SECONDS / 4
    arena.free(places[0], 2)
    assert arena.allocate(4) == places[0]  # both of them
    assert clock.slept == QUARANTINE_SECONDS
    with pytest.raises(StateError, match="no room for 1 more"):
        arena.allocate()
    assert clock.slept == QUARANTINE_SECONDS


def test_the_place_that_fits_best_is_given() -> None:
    arena, clock = arena_of(20)
    places = [arena.allocate(length) for length in (4, 1, 2, 1)]
    arena.free(places[0], 4)
    arena.free(places[2], 2)
    clock.now += QUARANTINE_SECONDS
    assert [arena.allocate(2), arena.allocate(4)] == [places[2], places[0]]


def test_neighbours_merge() -> None:
    arena, clock = arena_of(11)
    places = [arena.allocate(2) for _ in range(5)]
    for place in places:
        arena.free(place, 2)
    clock.now += QUARANTINE_SECONDS
    assert arena.allocate(10) == 1


def test_reserved_ranges_are_taken_and_conflicts_are_told() -> None:
    arena = Arena("x", 10, Clock())
    arena.reserve([(4, 2), (1, 1)])
    assert arena.allocate(2) == 2
    assert arena.allocate(2) == 6
    with pytest.raises(StateError, match="twice"):
        arena.reserve([(4, 1)])


def test_many_places_of_one_at_once() -> None:
    """As from one call after the other: the smallest ranges first, then what rests."""
    arena, clock = arena_of(10)
    arena.reserve([(3, 1), (6, 1)])
    assert arena.allocate_each(4) == [1, 2, 4, 5]
    arena.free(1, 2)
    assert sorted(arena.allocate_each(5)) == [1, 2, 7, 8, 9]
    assert clock.slept == QUARANTINE_SECONDS
    assert arena.allocate_each(0) == []


def test_of_too_many_at_once_none_is_taken() -> None:
    arena, clock = arena_of(5)
    with pytest.raises(StateError, match="no room for 5 more"):
        arena.allocate_each(5)
    assert arena.allocate_each(4) == [1, 2, 3, 4]
    assert clock.slept == 0
