# SPDX-License-Identifier: Apache-2.0
"""round-robin and weighted-round-robin: exact, and smooth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.packets.algorithms import smooth
from tests.packets.choosing import Clients, real, service, table
from tests.packets.harness import Program
from tests.packets.steps import V4, Family

WEIGHTS = [(1,), (1, 1), (3, 1), (2, 3), (5, 1, 1), (1, 2, 3, 4), (7, 7, 2, 1, 1), (10, 1, 10, 1)]


def furthest(turns: Sequence[int], shares: Sequence[Fraction]) -> list[Fraction]:
    """By how much each was furthest from its share of the turns so far, at any moment."""
    had, most = [0] * len(shares), [Fraction(0)] * len(shares)
    for count, who in enumerate(turns, 1):
        had[who] += 1
        off = [abs(mine - count * share) for mine, share in zip(had, shares, strict=True)]
        most = [max(pair) for pair in zip(most, off, strict=True)]
    return most


def in_a_window(turns: Sequence[int], who: int, size: int) -> int:
    """The most turns that somebody had among ``size`` in a row."""
    marks = [turn == who for turn in turns]
    return max(sum(marks[at : at + size]) for at in range(len(marks) - size + 1))


def bound(count: int) -> Fraction:
    """How far somebody among ``count`` may be from its share at any moment (Tijdeman 1980)."""
    return 1 - Fraction(1, max(2 * count - 2, 1))


def shares_of(weights: Sequence[int]) -> list[Fraction]:
    return [Fraction(weight, sum(weights)) for weight in weights]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
def test_round_robin_is_exact(program: Program, v: Family, count: int) -> None:
    """After any number of flows no real server has had two more than another."""
    numbers = list(range(1, count + 1))
    program.configure(service("round-robin", map(real, numbers)))
    went = Clients(program, v).many(3 * count + count // 2)
    assert went == [numbers[turn % count] for turn in range(len(went))]


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_weighted_is_exact(program: Program, v: Family, weights: tuple[int, ...]) -> None:
    """Any cycle, wherever it begins, has each as often as its weight says; and nobody is ever a
    turn away from its share: of two, not more than half a turn."""
    reals = [real(number, weight) for number, weight in enumerate(weights, 1)]
    program.configure(service("weighted-round-robin", reals))
    cycle = sum(weights)
    went = Clients(program, v).many(3 * cycle)
    for at in range(2 * cycle + 1):
        assert Counter(went[at : at + cycle]) == dict(enumerate(weights, 1))
    turns = [number - 1 for number in went if isinstance(number, int)]
    assert max(furthest(turns, shares_of(weights))) <= bound(len(weights))


@pytest.mark.parametrize("weights", [(65535, 1), (1000, 333, 77), (256,) * 5, (0, 6, 3)], ids=str)
def test_long_cycles(program: Program, v: Family, weights: tuple[int, ...]) -> None:
    """The table is the model's cycle."""
    reals = [real(number, weight) for number, weight in enumerate(weights, 1)]
    program.configure(service("weighted-round-robin", reals))
    there = {number: weight for number, weight in enumerate(weights, 1) if weight}
    expected = smooth(tuple(there.values()))
    assert table(program, v) == [list(there)[who] for who in expected]


def test_two_never_burst() -> None:
    """However many turns in a row: no more than the share of them, rounded up."""
    for one, other in product(range(1, 9), repeat=2):
        turns = smooth((one, other)) * 3
        for who, share in enumerate(shares_of((one, other))):
            for size in range(1, 2 * len(turns) // 3):
                assert in_a_window(turns, who, size) <= -(-size * share // 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=12))
def test_many_are_within_the_bound(weights: list[int]) -> None:
    """And in a row of turns, less than two above the share."""
    turns, shares = smooth(tuple(weights)), shares_of(weights)
    assert max(furthest(turns, shares)) <= bound(len(weights))
    for who, share in enumerate(shares):
        for size in (2, 3, len(turns) // 2 or 1):
            assert in_a_window(turns * 2, who, size) < size * share + 2


@pytest.mark.parametrize("light", [2, 10, 30])
def test_a_heavy_one_among_light_ones(program: Program, light: int) -> None:
    """It has every other turn, and never three in a row."""
    reals = [real(1, light), *(real(number) for number in range(2, 2 + light))]
    program.configure(service("weighted-round-robin", reals))
    went = Clients(program, V4).many(6 * light)
    row = "".join("x" if number == 1 else "." for number in went)
    assert row.count("x") == 3 * light
    assert "xxx" not in row
    assert "..." not in row
