# SPDX-License-Identifier: Apache-2.0
"""Schedules: the order in which a service's reals get new flows, for one whole cycle."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

LONGEST = 65_536
"""Entries in one service's sequence at most; larger weight sums are scaled down to it."""


def round_robin(count: int) -> npt.NDArray[np.uint32]:
    """Each of ``count`` reals once."""
    return np.arange(count, dtype=np.uint32)


def scale(weights: Sequence[int]) -> list[int]:
    """Divide the weights by their common divisor, and down to LONGEST in sum if need be.

    Scaling keeps each share within 1 / LONGEST of the exact one per real; a positive weight never
    becomes 0.
    """
    divisor = math.gcd(*weights) or 1
    reduced = [weight // divisor for weight in weights]
    total = sum(reduced)
    if total <= LONGEST:
        return reduced
    room = LONGEST - len(reduced)
    return [max(1, weight * room // total) if weight else 0 for weight in reduced]


def weighted_round_robin(weights: Sequence[int]) -> npt.NDArray[np.uint32]:
    """Smooth weighted round robin: real i stands weights[i] times in a cycle, evenly spread.

    Turn k of real i is due at (k + 1/2) / weight[i] of the cycle (earliest due date first; ties by
    order of the reals). Returns indices into ``weights``; empty when all weights are 0.
    """
    if not any(weights):
        return np.empty(0, np.uint32)
    scaled = scale(weights)
    real = np.repeat(np.arange(len(scaled), dtype=np.uint32), scaled)
    due = np.concatenate([(np.arange(weight) + 0.5) / weight for weight in scaled if weight])
    return real[np.argsort(due, kind="stable")]


def sequence(algorithm: str, weights: Sequence[int]) -> npt.NDArray[np.uint32]:
    """The sequence for ``algorithm`` over the usable reals with these (positive) weights."""
    if algorithm == "weighted-round-robin":
        return weighted_round_robin(weights)
    return round_robin(len(weights))
