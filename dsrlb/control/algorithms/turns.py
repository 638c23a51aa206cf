# SPDX-License-Identifier: Apache-2.0
"""Turns of reals of different weight: turn k (from 0) of real i is due at (k + 1/2) / weight[i].

Reals whose turns are due at the same time have them in their own order. With weights of 16 bits and
some ten million turns that is exact: different due dates differ by more than a float's last bit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


def turns(begin: Numbers, end: Numbers) -> tuple[Numbers, Numbers]:
    """The turns from ``begin`` to before ``end`` of each real, one real after the other.

    Returns (real, turn) of each.
    """
    counts = end - begin
    real = np.repeat(np.arange(len(counts)), counts)
    shift = counts.cumsum() - counts - begin
    return real, np.arange(len(real)) - np.repeat(shift, counts)


def in_order(real: Numbers, turn: Numbers, weights: Numbers) -> npt.NDArray[np.intp]:
    """The places of such turns, which stand in order of reals, as they are due."""
    return np.argsort((turn + 0.5) / weights[real], kind="stable")


def due(weights: Numbers, count: int) -> Numbers:
    """How many turns of each real are due by count / sum(weights); together ``count``, give or take
    half a turn for each."""
    total = int(weights.sum())
    return (2 * weights * count + total) // (2 * total)


def first_turns(weights: Numbers, count: int) -> Numbers:
    """The reals whose turns the first ``count`` ones are, in order. No weight is 0."""
    end = due(weights, count + len(weights))
    real, turn = turns(np.zeros_like(end), end)
    return real[in_order(real, turn, weights)[:count]]
