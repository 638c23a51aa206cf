# SPDX-License-Identifier: Apache-2.0
"""Sequences are exact per cycle, smooth, and bounded in length."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from dsrlb.control.algorithms.sequence import LONGEST, scale, weighted_round_robin


def test_written_out() -> None:
    assert weighted_round_robin([3, 1]).tolist() == [0, 0, 1, 0]
    assert weighted_round_robin([2, 2]).tolist() == [0, 1]
    assert weighted_round_robin([5, 1, 1]).tolist() == [0, 0, 1, 0, 0, 2, 0]
    assert weighted_round_robin([4, 2, 2]).tolist() == [0, 1, 2, 0]
    assert weighted_round_robin([7]).tolist() == [0]


def test_no_weight_no_turn() -> None:
    assert weighted_round_robin([]).tolist() == []
    assert weighted_round_robin([0, 0]).tolist() == []
    assert weighted_round_robin([0, 3, 0, 1]).tolist() == [1, 1, 3, 1]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_those_without_weight_change_nothing(weights: list[int]) -> None:
    places = [place for place, weight in enumerate(weights) if weight]
    turns = weighted_round_robin([weights[place] for place in places])
    assert weighted_round_robin(weights).tolist() == [places[turn] for turn in turns]


def test_light_ones_do_not_come_all_at_once() -> None:
    """One real with half of the weight among many: twice in a row at most, also over the end."""
    for count in (10, 30, 300):
        turns = weighted_round_robin([count] + [1] * count).tolist()
        rows = [len(list(row)) for real, row in groupby(turns + turns) if real == 0]
        assert max(rows) <= 2


@settings(deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_exact_per_cycle(weights: list[int]) -> None:
    turns = weighted_round_robin(weights).tolist()
    divisor = math.gcd(*weights)
    assert [turns.count(i) for i in range(len(weights))] == [w // divisor for w in weights]


@settings(deadline=None)
@given(st.lists(st.integers(1, 9) | st.integers(1, 200), min_size=2, max_size=12))
def test_never_a_whole_turn_off_the_share(weights: list[int]) -> None:
    turns = weighted_round_robin(weights).tolist()
    had = [0] * len(weights)
    most = 1 - Fraction(1, 2 * len(weights) - 2)
    for place, turn in enumerate(turns, start=1):
        had[turn] += 1
        for real, weight in enumerate(weights):
            assert abs(had[real] - Fraction(place * weight, sum(weights))) <= most


def by_the_rule(weights: list[int]) -> list[int]:
    """Tijdeman's rule, place by place."""
    shares = [Fraction(weight, sum(weights)) for weight in weights]
    least = Fraction(1, max(2 * len(weights) - 2, 1))
    had = [0] * len(weights)
    turns = []
    for place in range(1, sum(weights) // math.gcd(*weights) + 1):
        may = [real for real, share in enumerate(shares) if place * share - had[real] >= least]
        chosen = min(may, key=lambda real: (had[real] + 1 - least) / shares[real])
        had[chosen] += 1
        turns.append(chosen)
    return turns


@settings(deadline=None)
@given(st.lists(st.integers(1, 9) | st.integers(1, 200), min_size=1, max_size=8))
def test_as_by_the_rule(weights: list[int]) -> None:
    assert weighted_round_robin(weights).tolist() == by_the_rule(weights)


@given(st.lists(st.integers(0, 65_535), min_size=1, max_size=40), st.sampled_from((4_096, LONGEST)))
def test_large_weights_are_scaled_down_and_nobody_is_dropped(
    weights: list[int], longest: int
) -> None:
    scaled = scale(weights, longest)
    assert sum(scaled) <= longest
    for weight, reduced in zip(weights, scaled, strict=True):
        assert (reduced > 0) == (weight > 0)
        if weight:
            off = reduced / sum(scaled) - weight / sum(weights)
            assert abs(off) <= len(weights) / longest


def test_the_longest_cycle() -> None:
    turns = weighted_round_robin([65_535, 65_534, 1])
    counts = [int((turns == i).sum()) for i in range(3)]
    assert counts == scale([65_535, 65_534, 1])
    assert counts[2] == 1
    assert sum(counts) <= LONGEST
