# SPDX-License-Identifier: Apache-2.0
"""Places that packets may still read are not given out again at once."""

from __future__ import annotations

import pytest

from dsrlb.control.arena import QUARANTINE_SECONDS, Arena
from dsrlb.errors import StateError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_place_zero_is_never_given() -> None:
    arena = Arena("x", 4, Clock())
    assert [arena.allocate() for _ in range(3)] == [1, 2, 3]
    with pytest.raises(StateError, match="no room for 1 more"):
        arena.allocate()


def test_freed_places_rest_in_quarantine() -> None:
    clock = Clock()
    arena = Arena("x", 3, clock)
    first = arena.allocate(2)
    arena.free(first, 2)
    with pytest.raises(StateError):
        arena.allocate()
    clock.now += QUARANTINE_SECONDS
    assert arena.allocate(2) == first


def test_neighbours_merge() -> None:
    clock = Clock()
    arena = Arena("x", 11, clock)
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
