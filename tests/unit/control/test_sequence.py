# SPDX-License-Identifier: Apache-2.0
"""Schedules are exact per cycle, smooth, and bounded in length."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from dsrlb.control.sequence import LONGEST, scale, sequence, weighted_round_robin


def test_round_robin_ignores_weights() -> None:
    assert sequence("round-robin", [5, 1, 1]).tolist() == [0, 1, 2]


def test_weighted_cycle_is_smooth() -> None:
    assert weighted_round_robin([3, 1]).tolist() == [0, 0, 1, 0]
    assert weighted_round_robin([2, 2]).tolist() == [0, 1]
    assert weighted_round_robin([5, 1, 1]).tolist() == [0, 0, 0, 1, 2, 0, 0]


def test_no_weight_no_schedule() -> None:
    assert weighted_round_robin([]).tolist() == []
    assert weighted_round_robin([0, 0]).tolist() == []


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_exact_per_cycle(weights: list[int]) -> None:
    turns = weighted_round_robin(weights).tolist()
    divisor = math.gcd(*weights)
    assert [turns.count(i) for i in range(len(weights))] == [w // divisor for w in weights]


@given(st.lists(st.integers(1, 20), min_size=2, max_size=8))
def test_never_far_from_the_share(weights: list[int]) -> None:
    """After k turns a real has had its share of k, give or take one and the ties before it."""
    turns = weighted_round_robin(weights).tolist()
    total = len(turns)
    scaled = scale(weights)
    for real, weight in enumerate(scaled):
        had = 0
        for k, turn in enumerate(turns, start=1):
            had += turn == real
            assert abs(had - k * weight / total) <= 1 + len(weights) / 2


def test_large_weights_are_scaled_down_and_nobody_is_dropped() -> None:
    weights = [65535, 65534, 1]
    turns = weighted_round_robin(weights)
    assert len(turns) <= LONGEST
    counts = [int((turns == i).sum()) for i in range(3)]
    assert min(counts) >= 1
    assert abs(counts[0] / len(turns) - 65535 / 131070) < 1e-3
