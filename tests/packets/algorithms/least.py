# SPDX-License-Identifier: Apache-2.0
"""least-connection, weighted-least-connection and adaptive: whoever has the least."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction

from tests.packets.algorithms.candidate import Candidate, NewFlow, R, Turn, members


def in_turn(there: Sequence[R], turn: Turn) -> list[R]:
    """From the one whose turn it is, once round."""
    first = turn.place if turn.place < len(there) else 0
    return [*there[first:], *there[:first]]


def pass_on(there: Sequence[R], chosen: R, turn: Turn) -> R:
    """The turn goes to the one behind ``chosen``."""
    turn.place = [id(real) for real in there].index(id(chosen)) + 1
    return chosen


class _Least(ABC):
    """The least by a measure; of equal ones the first in turn."""

    @abstractmethod
    def measure(self, real: Candidate) -> Fraction:
        """What is compared."""

    def choose(self, reals: Sequence[R], turn: Turn, flow: NewFlow) -> R | None:
        """Who gets the flow, or None."""
        there = members(reals)
        with_room = [real for real in in_turn(there, turn) if real.has_room()]
        if not with_room:
            return None
        return pass_on(there, min(with_room, key=self.measure), turn)


class LeastConnection(_Least):
    """By open connections."""

    def measure(self, real: Candidate) -> Fraction:
        """What is compared."""
        return Fraction(max(real.open, 0))


class WeightedLeastConnection(_Least):
    """By open connections in proportion to the weight."""

    def measure(self, real: Candidate) -> Fraction:
        """What is compared."""
        return Fraction(max(real.open, 0), real.weight)


class Adaptive(_Least):
    """By open and pending connections."""

    def measure(self, real: Candidate) -> Fraction:
        """What is compared."""
        return Fraction(max(real.open, 0) + max(real.pending, 0))
