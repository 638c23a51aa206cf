# SPDX-License-Identifier: Apache-2.0
"""When a target is asked, and what is told: with a clock, and checks, that a test moves."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from dsrlb.health.checks.probe import OK, Outcome, wrong
from dsrlb.health.protocol import State
from dsrlb.health.watch import Watch
from tests.unit.health.scene import Scene

CLOSED = Outcome("port-closed", "connection refused")
LATE = Outcome("no-answer", "nothing came", late=True)


@pytest.fixture
def scene() -> Iterator[Scene]:
    random.seed(7)
    made = Scene()
    yield made
    made.loop.close()


def test_the_first_checks_are_spread(scene: Scene) -> None:
    """Over half a second, or the interval where that is less."""
    for number in range(200):
        scene.watch(str(number))
    counts = []
    for _ in range(6):
        scene.go(0.1)
        counts.append(len(scene.asker.asked))
    assert all(later - earlier > 15 for earlier, later in pairwise(counts[:5]))
    assert counts[4:] == [200, 200]


def test_the_first_checks_of_a_short_interval(scene: Scene) -> None:
    for number in range(50):
        scene.watch(str(number), interval=100, timeout=50)
    scene.go(0.1)
    assert len({probe.target.id for probe in scene.asker.asked}) == 50


@pytest.mark.parametrize("seconds", [0.01, 0.9])
def test_the_interval_is_from_one_beginning_to_the_next(scene: Scene, seconds: float) -> None:
    """However long the answer takes."""
    scene.watch(interval=2000)
    begun: list[float] = []
    for _ in range(4):
        while len(scene.asker.asked) == len(begun):
            scene.go(0.01)
        begun.append(scene.clock.now)
        scene.go(seconds)
        scene.answer(OK)
    for earlier, later in pairwise(begun):
        assert later - earlier == pytest.approx(2, abs=0.02)


def test_jitter(scene: Scene) -> None:
    begun: list[float] = []
    scene.watch(interval=1000, jitter=20)
    for _ in range(300):
        while len(scene.asker.asked) == len(begun):
            scene.go(0.01)
        begun.append(scene.clock.now)
        scene.answer(OK)
    pauses = [later - earlier for earlier, later in pairwise(begun)]
    assert 0.79 < min(pauses) < 0.85 and 1.15 < max(pauses) < 1.22
    assert 0.97 < sum(pauses) / len(pauses) < 1.04


def test_the_timeout_is_the_checks(scene: Scene) -> None:
    scene.watch(timeout=300)
    while not scene.asker.asked:
        scene.go(0.01)
    scene.go(0.28)
    assert scene.told == []
    scene.go(0.04)
    assert scene.told == [State("1", False, "no-answer", "nothing came within 300 ms")]


def test_a_process_that_had_no_time_itself(scene: Scene) -> None:
    """It stood still for longer than the timeout: what is on its way by then is waited for."""
    scene.watch(timeout=300)
    while not scene.asker.asked:
        scene.go(0.01)
    scene.clock.now += 2
    scene.loop.step(0)
    assert scene.told == []
    scene.go(0.2)
    scene.answer(OK)
    assert scene.told == [State("1", True, "ok")]
    before = len(scene.asker.asked)
    while len(scene.asker.asked) == before:
        scene.go(0.01)
    scene.clock.now += 2
    for seconds, told in ((0, 1), (0.28, 1), (0.04, 2)):  # not for ever
        scene.loop.step(0)
        scene.go(seconds)
        assert len(scene.told) == told


def test_the_first_state_is_told_and_then_what_changes(scene: Scene) -> None:
    scene.watch()
    scene.next(OK, OK, CLOSED, CLOSED, CLOSED, CLOSED, OK, OK, OK)
    assert [(state.up, state.verdict) for state in scene.told] == [
        (True, "ok"),
        (True, "port-closed"),
        (False, "port-closed"),
        (False, "ok"),
        (True, "ok"),
    ]
    assert scene.asker.states == [True] * 5 + [False] * 3 + [True]


def test_in_grace_nothing_is_told(scene: Scene) -> None:
    scene.watch(startup_grace=4)
    scene.next(CLOSED, CLOSED)
    assert scene.told == []
    scene.next(CLOSED)
    assert [state.up for state in scene.told] == [False]


def test_damping_is_told(scene: Scene) -> None:
    scene.watch(up=True, rise=1, fall=1, flap_count=3, flap_hold=5)
    scene.next(CLOSED, OK, CLOSED, OK, OK, OK, OK)
    assert [(state.up, state.held) for state in scene.told] == [
        (False, False), (True, False), (False, True), (False, True), (True, False)
    ]  # fmt: skip


def test_what_could_not_be_asked_does_not_count(scene: Scene) -> None:
    watch = scene.watch()
    unasked = Outcome("no-answer", "could not be asked: Too many open files", asked=False)
    scene.next(*[unasked] * 10)
    assert [(state.up, state.verdict) for state in scene.told] == [(True, "no-answer")]
    assert set(scene.silences) == {""}
    tally = watch.tally()
    assert (tally.sent, tally.failed) == (10, 0)
    assert tally.detail == "could not be asked: Too many open files"


def test_silence_and_what_is_found(scene: Scene) -> None:
    watch = scene.watch()
    scene.next(LATE)
    assert scene.silences == ["1"]
    watch.found("vip-missing", "it is alive")
    scene.next(LATE)
    assert scene.silences == ["1", "1"]
    scene.next(CLOSED)
    watch.found("unreachable", "too late")
    scene.next(LATE)
    assert [(state.verdict, state.detail) for state in scene.told] == [
        ("no-answer", "nothing came"),
        ("vip-missing", "it is alive"),
        ("port-closed", "connection refused"),
        ("no-answer", "nothing came"),
    ]


def test_a_warning_beside_up(scene: Scene) -> None:
    watch = scene.watch(rise=1)
    watch.warn("02:00:00:00:00:0b answers")
    assert scene.told == []
    scene.next(OK, CLOSED, CLOSED, CLOSED, OK)
    watch.warn("")
    assert [(state.up, state.verdict) for state in scene.told] == [
        (True, "vip-answers-arp"),
        (True, "port-closed"),
        (False, "port-closed"),
        (True, "vip-answers-arp"),
        (True, "ok"),
    ]


def test_the_tally(scene: Scene) -> None:
    watch = scene.watch()
    assert watch.tally().ms is None and watch.tally().sent == 0
    while not scene.asker.asked:
        scene.go(0.01)
    scene.go(0.25)
    scene.answer(wrong("status 503"))
    tally = watch.tally()
    assert (tally.sent, tally.failed, tally.detail) == (1, 1, "status 503")
    assert tally.ms == pytest.approx(250, abs=5)


def test_replaced_by_the_same(scene: Scene) -> None:
    watch = scene.watch()
    scene.go(1)
    watch.replace(replace(watch.target, up=False))
    scene.answer(OK)
    assert len(scene.asker.asked) == 1 and scene.told == [State("1", True, "ok")]


def test_who_is_held_stays_so(scene: Scene) -> None:
    """Of one that is known to be held, and however often that is said."""
    watch = scene.watch(up=False, held=True, rise=1, flap_hold=4)
    watch.replace(replace(watch.target, held=False, up=True))
    scene.next(OK, OK, OK)
    assert [(state.up, state.held) for state in scene.told] == [(False, True), (True, False)]


def test_replaced_with_another_address(scene: Scene) -> None:
    """It is asked there, soon, and what is known of it stays."""
    watch = scene.watch()
    scene.next(CLOSED)
    watch.replace(replace(watch.target, address="198.18.0.2"))
    scene.go(0.5)
    assert scene.asker.asked[-1].target.address == "198.18.0.2"
    scene.answer(OK)
    assert [state.up for state in scene.told] == [False, False]


def test_replaced_while_it_is_asked(scene: Scene) -> None:
    """The old question is forgotten, a new one is asked, and there is no third one."""
    watch = scene.watch(interval=60000)
    scene.go(1)
    old = scene.asker.asked[-1]
    watch.replace(replace(watch.target, port=81))
    old.finish(CLOSED)
    scene.next(OK)
    scene.go(10)
    assert len(scene.asker.asked) == 2
    assert scene.told == [State("1", True, "ok")]


@pytest.mark.parametrize("up", [True, False, None])
def test_replaced_with_another_check(scene: Scene, up: bool | None) -> None:
    """It begins from what is said with it, and is told anew."""
    watch = scene.watch()
    scene.next(CLOSED)
    watch.replace(replace(watch.target, up=up, check=replace(watch.target.check, rise=1)))
    assert watch.standing.up is (up is not False)
    scene.next(OK)
    assert [state.up for state in scene.told] == [False, True]


def test_stopped(scene: Scene) -> None:
    watch = scene.watch()
    scene.go(1)
    old = scene.asker.asked[-1]
    watch.stop()
    old.finish(OK)
    scene.go(10)
    assert len(scene.asker.asked) == 1 and scene.told == []


def test_turns() -> None:
    """Two at once; who waits comes when one is done, in the order of coming."""
    scene = Scene(most=2)
    watches = [scene.watch(str(number), timeout=1000) for number in range(5)]
    scene.go(0.6)
    assert len(scene.asker.asked) == 2
    waiting = [watch for watch in watches if not _asked(scene, watch)]
    waiting[1].stop()
    for probe in list(scene.asker.asked):
        probe.finish(OK)
    scene.go(0.01)
    assert len(scene.asker.asked) == 4
    assert not _asked(scene, waiting[1])
    watches[0].stop()
    scene.loop.close()


def _asked(scene: Scene, watch: Watch) -> bool:
    return any(probe.target is watch.target for probe in scene.asker.asked)


def test_another_detail_is_told_quietly(scene: Scene) -> None:
    """What is shown is what the last check said, and no news."""
    scene.watch(up=True, fall=2)
    busy, gone = wrong("status 503"), wrong("status 404")
    scene.next(OK, busy, busy, gone, gone, busy, OK)
    assert [(state.up, state.detail, state.quiet) for state in scene.told] == [
        (True, "", False),
        (True, "status 503", False),
        (False, "status 503", False),
        (False, "status 404", True),
        (False, "status 503", True),
        (False, "", False),
    ]
