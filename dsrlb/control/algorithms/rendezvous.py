# SPDX-License-Identifier: Apache-2.0
"""Tables by rendezvous hashing (Thaler and Ravishankar, 1998), weighted by turns.

Every real draws slots at random, one each turn, and a slot belongs to the first real that drew it.
What a real draws, and when, depends on its own address and weight alone. So one that goes leaves
its slots to others, one that comes or grows takes some, and no other slot changes hands.

A ring of points (Karger et al., 1997) has no place for a number of points that depends on a real's
own weight alone: 4,096 weights of up to 65,535 are too many. With 256 points each, its shares vary
more. What it does better: a table of another size moves fewer clients.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsrlb.control.algorithms.turns import Numbers, due, in_order, turns

Words = npt.NDArray[np.uint64]


def _random(seeds: Words, places: Words) -> Words:
    """The numbers at such places, from 0, of SplitMix64 (Steele et al., 2014) with such seeds."""
    word: Words = seeds + (places + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    word ^= word >> np.uint64(31)
    return word


def _drawn(seeds: Words, places: Words, size: int) -> Numbers:
    high = _random(seeds, places) >> np.uint64(32)
    return (high * np.uint64(size) >> np.uint64(32)).astype(np.int64)


def fill(identities: Words, weights: Numbers, size: int) -> Numbers:
    """Return the real of each of ``size`` slots.

    ``identities``: two random numbers of each real, shape (reals, 2), of which the first one is its
    seed. Of reals that draw a slot at the same time the first one has it.
    """
    table = np.full(size, -1, np.int64)
    begin = np.zeros_like(weights)
    draws = 0
    while (table < 0).any():
        draws += size
        end = due(weights, draws)
        real, turn = turns(begin, end)
        slot = _drawn(identities[real, 0], turn.astype(np.uint64), size)
        free = np.flatnonzero(table[slot] < 0)
        last_first = free[in_order(real[free], turn[free], weights)[::-1]]
        table[slot[last_first]] = real[last_first]  # of several the last one stays
        begin = end
    return table
