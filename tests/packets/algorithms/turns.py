# SPDX-License-Identifier: Apache-2.0
"""round-robin and weighted-round-robin: everybody gets the next flow in turn."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import gcd

from tests.packets.algorithms.candidate import NewFlow, R, Turn, members

ATTEMPTS = 16
"""Turns that pass to the next one when a real server is full."""


@lru_cache(maxsize=1024)
def smooth(weights: tuple[int, ...]) -> tuple[int, ...]:
    """A cycle: who (index into ``weights``, which are positive) has which turn.

    R. Tijdeman, The chairman assignment problem (Discrete Mathematics 32, 1980): of those that are
    at least 1/(2n - 2) of a turn short of their share, the one that would soonest be more than all
    but that of a turn short; of two that would at the same time, the one that is named first. Then
    nobody is ever a turn or more away from its share.
    """
    shares = [Fraction(weight, sum(weights)) for weight in weights]
    least = Fraction(1, max(2 * len(weights) - 2, 1))
    had = [0] * len(weights)
    cycle = []
    for turn in range(1, sum(weights) // (gcd(*weights) or 1) + 1):
        short = [who for who, share in enumerate(shares) if turn * share - had[who] >= least]
        chosen = min(short, key=lambda who: (1 - least + had[who]) / shares[who])
        had[chosen] += 1
        cycle.append(chosen)
    return tuple(cycle)


def _take_turns(cycle: Sequence[R], turn: Turn) -> R | None:
    if not cycle:
        return None
    for _ in range(ATTEMPTS):
        real = cycle[turn.place % len(cycle)]
        turn.place += 1
        if real.has_room():
            return real
    left = [real for real in {id(real): real for real in cycle}.values() if real.has_room()]
    assert not left, "behind so many full ones the flow tables' hash decides, which is secret"
    return None


class RoundRobin:
    """One after the other, whatever their weights."""

    def choose(self, reals: Sequence[R], turn: Turn, flow: NewFlow) -> R | None:
        """Who gets the flow, or None."""
        return _take_turns(members(reals), turn)


class WeightedRoundRobin:
    """In proportion to the weights, evenly spread."""

    def choose(self, reals: Sequence[R], turn: Turn, flow: NewFlow) -> R | None:
        """Who gets the flow, or None."""
        there = members(reals)
        order = smooth(tuple(real.weight for real in there))
        return _take_turns([there[who] for who in order], turn)
