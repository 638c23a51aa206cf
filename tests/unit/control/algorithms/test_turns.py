# SPDX-License-Identifier: Apache-2.0
"""Turns come as they are due, by exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dsrlb.control.algorithms.turns import due, first_turns

WEIGHTS = st.lists(st.integers(1, 9) | st.integers(1, 65_535), min_size=1, max_size=8)


def in_fractions(weights: list[int], count: int) -> list[int]:
    """All turns that could be among the first ``count`` ones, sorted."""
    ends = Fraction(count + len(weights), sum(weights))
    dates = [
        (Fraction(2 * turn + 1, 2 * weight), real)
        for real, weight in enumerate(weights)
        for turn in range(int(weight * ends) + 2)
    ]
    return [real for _, real in sorted(dates)[:count]]


def test_written_out() -> None:
    assert first_turns(np.array([3, 1]), 8).tolist() == [0, 0, 1, 0, 0, 0, 1, 0]
    assert first_turns(np.array([2, 2]), 3).tolist() == [0, 1, 0]
    assert first_turns(np.array([1]), 2).tolist() == [0, 0]


@settings(deadline=None)
@given(WEIGHTS, st.integers(0, 200))
def test_as_by_fractions(weights: list[int], count: int) -> None:
    assert first_turns(np.array(weights), count).tolist() == in_fractions(weights, count)


@given(WEIGHTS, st.integers(0, 10_000_000))
def test_as_many_are_due_as_have_a_date_till_then(weights: list[int], count: int) -> None:
    now = Fraction(count, sum(weights))
    for weight, turns in zip(weights, due(np.array(weights), count).tolist(), strict=True):
        assert turns == 0 or Fraction(2 * turns - 1, 2 * weight) <= now
        assert Fraction(2 * turns + 1, 2 * weight) > now


@settings(deadline=None)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=8), st.integers(50, 100))
def test_shares_are_within_two_per_cent(weights: list[int], entries: int) -> None:
    """Of whoever has 50 turns or more: that is what a table's size is chosen for."""
    total = sum(weights)
    count = -(-entries * total // min(weights))
    turns = np.bincount(first_turns(np.array(weights), count))
    assert max(abs(turns * total / (count * np.array(weights)) - 1)) <= 0.02
