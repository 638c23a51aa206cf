# SPDX-License-Identifier: Apache-2.0
"""Slow start: who begins with a part, and how it grows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from dsrlb.control.desired.contents import RealId
from dsrlb.control.health.condition import WHOLE, Condition
from dsrlb.control.health.ramps import Ramps
from tests.unit.control.health import services as s

SLOW = 'slow_start = "40s"'


class Clock:
    """Seconds, as the test says."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


def follow(
    ramps: Ramps,
    lines: str,
    before: Mapping[RealId, Condition],
    after: Mapping[RealId, Condition],
) -> bool:
    """A change from one state to another."""
    given = s.config(lines)
    return ramps.follow(given, s.wanted(given, after), s.installed(s.wanted(given, before)))


def test_who_comes_back_starts_slowly(clock: Clock) -> None:
    ramps = Ramps(clock)
    assert follow(ramps, SLOW, {s.R12: s.DOWN}, {})
    assert [ramps.share(one) for one in (s.R11, s.R12, s.R13)] == [WHOLE, 1, WHOLE]
    shares = []
    for _ in range(21):
        shares.append(ramps.share(s.R12))
        clock.now += 2
    assert shares == [*range(1, 21), 20]


def test_how_far_it_is_and_since_when(clock: Clock) -> None:
    ramps = Ramps(clock)
    follow(ramps, SLOW, {s.R12: s.DOWN}, {})
    share, words, since = ramps.told(s.R12)
    assert (share, words) == (1, "slow start, 38 s left")
    assert datetime.now(UTC) - datetime.fromisoformat(since) < timedelta(seconds=60)
    clock.now += 16.5
    assert ramps.told(s.R12) == (9, "slow start, 22 s left", since)
    clock.now += 21.5
    assert ramps.told(s.R12) == ramps.told(s.R11) == (WHOLE, "", "")


def test_the_next_daemon_knows_since_when(clock: Clock) -> None:
    ramps = Ramps(clock)
    shares = {s.R11: Condition(share=11)}
    ramps.take_over(s.config(SLOW), s.installed(s.wanted(s.config(SLOW), shares)))
    passed = datetime.now(UTC) - datetime.fromisoformat(ramps.told(s.R11)[2])
    assert timedelta(seconds=19) < passed < timedelta(seconds=60)


def test_steps(clock: Clock) -> None:
    ramps = Ramps(clock)
    assert ramps.next_step() is None
    follow(ramps, SLOW, {s.R12: s.DOWN}, {})
    clock.now += 0.5
    assert ramps.next_step() == pytest.approx(1.5)
    clock.now += 39
    assert not follow(ramps, SLOW, {}, {})
    assert ramps.next_step() is None


def test_it_ends_with_who_goes_again(clock: Clock) -> None:
    ramps = Ramps(clock)
    follow(ramps, SLOW, {s.R12: s.DOWN}, {})
    assert not follow(ramps, SLOW, {}, {s.R12: s.DOWN})
    assert ramps.share(s.R12) == WHOLE
    clock.now += 5
    assert follow(ramps, SLOW, {s.R12: s.DOWN}, {})
    assert ramps.share(s.R12) == 1


def test_nobody_starts_slowly_where_nobody_was(clock: Clock) -> None:
    ramps = Ramps(clock)
    all_down = {s.R11: s.DOWN, s.R12: s.DOWN, s.R13: s.DOWN}
    assert not follow(ramps, SLOW, all_down, {})
    sorry = f'{SLOW}\nall_down = "sorry"\nsorry = {{ address = "10.0.0.99" }}'
    assert not follow(ramps, sorry, all_down, {})


def test_without_the_key_nobody_does(clock: Clock) -> None:
    ramps = Ramps(clock)
    assert not follow(ramps, "", {s.R12: s.DOWN}, {})
    assert ramps.share(s.R12) == WHOLE


@pytest.mark.parametrize("algorithm", ["round-robin", "weighted-round-robin", "maglev"])
def test_the_next_daemon_goes_on(clock: Clock, algorithm: str) -> None:
    """With the shares in the maps; each begins at its last step anew."""
    given = s.config(f'{SLOW}\nalgorithm = "{algorithm}"')
    shares = {s.R11: Condition(share=7), s.R12: Condition(share=1)}
    ramps = Ramps(clock)
    ramps.take_over(given, s.installed(s.wanted(given, shares)))
    assert [ramps.share(one) for one in (s.R11, s.R12, s.R13)] == [7, 1, WHOLE]
    clock.now += 4
    assert [ramps.share(one) for one in (s.R11, s.R12, s.R13)] == [9, 3, WHOLE]
    clock.now += 40
    assert [ramps.share(one) for one in (s.R11, s.R12, s.R13)] == [WHOLE] * 3


@pytest.mark.parametrize("algorithm", ["round-robin", "weighted-round-robin", "maglev"])
@pytest.mark.parametrize("lines", [SLOW, ""])
def test_the_next_daemon_has_nobody_begin_who_was_there(
    clock: Clock, algorithm: str, lines: str
) -> None:
    """Whatever their weights are, and also where nobody starts slowly."""
    given = s.config(f'{lines}\nalgorithm = "{algorithm}"', weights=(5, 10, 15))
    ramps = Ramps(clock)
    ramps.take_over(given, s.installed(s.wanted(given)))
    assert [ramps.share(one) for one in (s.R11, s.R12, s.R13)] == [WHOLE] * 3


def test_weights_of_another_algorithm_are_no_shares(clock: Clock) -> None:
    """The file was changed while no daemon ran."""
    weighted = s.config('algorithm = "weighted-round-robin"', weights=(5, 10, 15))
    ramps = Ramps(clock)
    ramps.take_over(s.config(f'{SLOW}\nalgorithm = "round-robin"'), s.installed(s.wanted(weighted)))
    assert [ramps.share(one) for one in (s.R11, s.R12, s.R13)] == [WHOLE] * 3


def test_a_share_of_a_weight_goes_on(clock: Clock) -> None:
    given = s.config(f'{SLOW}\nalgorithm = "weighted-round-robin"', weights=(30, 1, 1))
    ramps = Ramps(clock)
    ramps.take_over(given, s.installed(s.wanted(given, {s.R11: Condition(share=3)})))
    assert [ramps.share(one) for one in (s.R11, s.R12, s.R13)] == [3, WHOLE, WHOLE]


def test_a_daemon_that_was_killed_between_two_writes(clock: Clock) -> None:
    """The real server's weight is written before the schedule that has it."""
    text = f'{SLOW}\nalgorithm = "weighted-round-robin"'
    given = s.config(text, weights=(2, 1, 1))
    there = s.installed(s.wanted(given, {s.R11: Condition(share=3)}))
    there.reals[s.R11].content = s.wanted(s.config(text, weights=(90, 1, 1))).reals[s.R11]
    ramps = Ramps(clock)
    ramps.take_over(given, there)
    assert [ramps.share(one) for one in (s.R11, s.R12, s.R13)] == [1, WHOLE, WHOLE]
    assert ramps.next_step() == pytest.approx(2)
