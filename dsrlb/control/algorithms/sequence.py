# SPDX-License-Identifier: Apache-2.0
"""Smooth sequences: the order in which reals get new flows by weight, for one whole cycle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np

from dsrlb.control.algorithms.turns import Numbers, turns

LONGEST = 65_536
"""Entries in one service's sequence at most; larger weight sums are scaled down to it."""


def scale(weights: Sequence[int], longest: int = LONGEST) -> list[int]:
    """Divide the weights by their common divisor, and down to ``longest`` in sum if need be.

    Scaling keeps each share within 1 / ``longest`` of the exact one per real; a positive weight
    never becomes 0, so there may be no more than ``longest`` of them.
    """
    divisor = math.gcd(*weights) or 1
    reduced = [weight // divisor for weight in weights]
    total = sum(reduced)
    if total <= longest:
        return reduced
    room = longest - len(reduced)
    return [max(1, weight * room // total) if weight else 0 for weight in reduced]


def weighted_round_robin(weights: Sequence[int], longest: int = LONGEST) -> Numbers:
    """Smooth weighted round robin: real i stands weights[i] times in a cycle, evenly spread.

    R. Tijdeman, The chairman assignment problem (Discrete Mathematics 32, 1980): at no place of the
    cycle has one of n reals had a whole turn more or less than its share. With c = 1 / (2n - 2),
    turn k (from 0) of a real may come from (k + c) / share on, places being counted from 1, and is
    due at (k + 1 - c) / share. Of the turns that may come, each place takes the one that is due
    first; of equals that of the first real.

    Returns indices into ``weights``; empty when all weights are 0.
    """
    if not any(weights):
        return np.empty(0, np.int64)
    scaled = np.array(scale(weights, longest), np.int64)
    total = int(scaled.sum())
    real, turn = turns(np.zeros_like(scaled), scaled)
    parts = max(2 * sum(weight > 0 for weight in weights) - 2, 1)
    by_due = np.argsort((parts * (turn + 1) - 1) / scaled[real], kind="stable")
    rank = np.empty_like(by_due)
    rank[by_due] = np.arange(total)
    begins = -(-(parts * turn + 1) * total // (parts * scaled[real]))
    by_begin = np.argsort(begins, kind="stable")
    counts = np.bincount(begins, minlength=total + 1)[1:].tolist()
    coming = iter(rank[by_begin].tolist())
    waiting: list[int] = []
    chosen = []
    for count in counts:
        for _ in range(count):
            heappush(waiting, next(coming))
        chosen.append(heappop(waiting))
    return real[by_due[chosen]]
