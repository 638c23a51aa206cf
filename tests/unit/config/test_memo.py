# SPDX-License-Identifier: Apache-2.0
"""What is remembered of an object is so as long as it lives, and for no other one."""

from __future__ import annotations

import weakref

from dsrlb.config.memo import ByIdentity


class Thing:
    """Equal to all others."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def test_it_is_made_once_for_each() -> None:
    made: list[str] = []

    def make(thing: Thing) -> str:
        made.append(thing.name)
        return thing.name

    names = ByIdentity[Thing, str](make)
    one, other = Thing("one"), Thing("other")
    assert [names(each) for each in (one, other, one, other)] == ["one", "other"] * 2
    assert made == ["one", "other"]


def test_nothing_stays_of_what_is_gone() -> None:
    names = ByIdentity[Thing, str](lambda thing: thing.name)
    for count in range(100):
        assert names(Thing(str(count))) == str(count)
    assert names._known == {}


def test_who_comes_to_the_place_of_another_is_not_taken_for_it() -> None:
    """Whether that is known to be gone before or behind it."""
    names = ByIdentity[Thing, str](lambda thing: thing.name)
    one, other = Thing("one"), Thing("other")
    gone = weakref.ref(one)
    names._known[id(other)] = gone, "one"
    assert names(other) == "other"
    names._forget(id(other), gone)
    assert names._known[id(other)][1] == "other"
