# SPDX-License-Identifier: Apache-2.0
"""What is made of an object that never changes, made once."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class ByIdentity(Generic[K, V]):
    """A function that remembers its results as long as its arguments live. They are told apart by
    which object they are: to hash a configuration takes longer than most of what is made of it."""

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make
        self._known: dict[int, tuple[weakref.ref[K], V]] = {}

    def __call__(self, of: K) -> V:
        """The result for an object that can be referred to weakly."""
        known = self._known.get(id(of))
        if known is not None and known[0]() is of:
            return known[1]
        made = self._make(of)
        place = id(of)
        self._known[place] = weakref.ref(of, lambda gone: self._forget(place, gone)), made
        return made

    def _forget(self, place: int, gone: weakref.ref[K]) -> None:
        known = self._known.get(place)
        if known is not None and known[0] is gone:
            del self._known[place]
