# SPDX-License-Identifier: Apache-2.0
"""The table of hash: rendezvous hashing (Thaler and Ravishankar, 1998), weighted by turns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heapify, heapreplace
from math import lcm

from tests.packets.algorithms.maglev import identity

_64 = (1 << 64) - 1


def _draws(address: str, size: int) -> Iterator[int]:
    """The places that a real server draws, one after the other: by SplitMix64."""
    state = int.from_bytes(identity(address)[:8], "little")
    while True:
        state = state + 0x9E3779B97F4A7C15 & _64
        word = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _64
        word = (word ^ word >> 27) * 0x94D049BB133111EB & _64
        word ^= word >> 31
        yield (word >> 32) * size >> 32


def rendezvous_table(weights: Mapping[str, int], size: int) -> list[str]:
    """Address by place; ``weights``: by address. A place belongs to whoever draws it first.
    Somebody of weight w draws at 1/2, 3/2, 5/2 ... of 1/w; those that draw together go by identity.
    """
    order = sorted((name for name, weight in weights.items() if weight), key=identity)
    draws = {name: _draws(name, size) for name in order}
    table: dict[int, str] = {}
    whole = lcm(*(weights[name] for name in order))  # half a turn of weight 1
    due = [(whole // weights[name], at) for at, name in enumerate(order)]
    heapify(due)
    while due and len(table) < size:
        time, at = due[0]
        name = order[at]
        table.setdefault(next(draws[name]), name)
        heapreplace(due, (time + 2 * whole // weights[name], at))
    return [table[place] for place in range(size)] if table else []
