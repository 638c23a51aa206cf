# SPDX-License-Identifier: Apache-2.0
"""Timers go by the monotonic clock alone; descriptors are told of once they are ready."""

from __future__ import annotations

import os
import time
from functools import partial

import pytest

from dsrlb.health.loop import READ, Loop


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_timers_in_their_order() -> None:
    clock, told = Clock(), list[int]()
    loop = Loop(clock)
    for number in (3, 1, 2):
        loop.later(number, partial(told.append, number))
    cancelled = loop.later(1.5, lambda: told.append(99))
    loop.cancel(cancelled)
    loop.run_due()
    assert told == []
    clock.now += 2
    loop.run_due()
    assert told == [1, 2]
    clock.now += 1
    loop.run_due()
    assert told == [1, 2, 3]
    loop.close()


def test_cancelled_timers_are_not_kept() -> None:
    loop = Loop(Clock())
    for _ in range(100_000):
        loop.cancel(loop.later(3600, lambda: None))
    assert len(loop._timers) < 5000
    loop.close()


def test_cancelling_twice_and_what_is_over() -> None:
    clock, told = Clock(), list[str]()
    loop = Loop(clock)
    one = loop.later(0, lambda: told.append("one"))
    loop.run_due()
    loop.cancel(one)
    loop.cancel(one)
    assert told == ["one"] and loop._cancelled == 0
    loop.close()


def test_the_wall_clock_is_nothing_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It jumps by a year, forth and back."""
    loop, told = Loop(), list[str]()
    loop.later(0.05, lambda: told.append("soon"))
    loop.later(3600, lambda: told.append("late"))
    real = time.time
    for jump in (366 * 86400, -366 * 86400):
        monkeypatch.setattr(time, "time", lambda jump=jump: real() + jump)
        begin = time.monotonic()
        while time.monotonic() < begin + 0.1:
            loop.step(0.02)
    assert told == ["soon"]
    loop.close()


def _add(told: list[str], name: str, events: int) -> None:
    told.append(name)


def test_descriptors() -> None:
    loop, told = Loop(), list[str]()
    ends = [os.pipe() for _ in range(2)]
    for (reader, _), name in zip(ends, "ab", strict=True):
        loop.watch(reader, READ, partial(_add, told, name))
    loop.step(0)
    assert told == []
    for _, writer in ends:
        os.write(writer, b"x")
    loop.forget(ends[0][0])
    loop.forget(ends[0][0])
    loop.step(1)
    assert told == ["b"] and loop.watched == 1
    loop.forget(ends[1][0])
    for pair in ends:
        for one in pair:
            os.close(one)
    loop.close()


def test_a_descriptor_that_is_forgotten_meanwhile() -> None:
    """Both are ready at once; the first one's function ends the other."""
    loop, told = Loop(), list[int]()
    readers = []
    for _ in range(2):
        reader, writer = os.pipe()
        os.write(writer, b"x")
        os.close(writer)
        readers.append(reader)

    def ready(own: int, other: int, events: int) -> None:
        told.append(own)
        loop.forget(own)
        loop.forget(other)
        loop.afterwards(lambda: told.append(0))

    for own, other in (readers, readers[::-1]):
        loop.watch(own, READ, partial(ready, own, other))
    loop.step(1)
    assert len(told) == 2 and told[1] == 0
    for reader in readers:
        os.close(reader)
    loop.close()


def test_all_that_is_ready_comes_before_what_is_late() -> None:
    """Also more than epoll tells at once: after a pause nobody is late whose answer is there."""
    loop, told = Loop(), list[str]()
    pairs = [os.pipe() for _ in range(3000)]
    for reader, writer in pairs:
        os.write(writer, b"x")
        loop.watch(reader, READ, partial(_take, loop, told, reader))
    loop.later(0, lambda: told.append("late"))
    loop.step(1)
    assert told == ["ready"] * 3000 + ["late"]
    for pair in pairs:
        for one in pair:
            os.close(one)
    loop.close()


def _take(loop: Loop, told: list[str], reader: int, events: int) -> None:
    loop.forget(reader)
    told.append("ready")


def test_what_is_done_regularly_comes_between_two_others() -> None:
    """However many of them are due, and when none is."""
    clock, told = Clock(), list[str]()
    loop = Loop(clock)

    def work() -> None:
        told.append(".")
        clock.now += 0.4

    loop.every(1, lambda: told.append("!"))
    for _ in range(6):
        loop.later(0, work)
    loop.step(0)
    assert "".join(told) == "...!...!"
    clock.now += 0.9
    loop.step(0)
    assert "".join(told[8:]) == ""
    clock.now += 0.1
    loop.step(5)
    assert "".join(told[8:]) == "!"
    loop.close()


def test_stop() -> None:
    loop = Loop()
    loop.later(0, loop.stop)
    loop.run()
    loop.close()
