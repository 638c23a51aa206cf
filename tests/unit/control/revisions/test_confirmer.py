# SPDX-License-Identifier: Apache-2.0
"""Who takes back what nobody confirmed: in time, not before, again when that is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from dsrlb.control.revisions.confirm import boot_id, clock
from dsrlb.control.revisions.confirmer import Confirmer
from dsrlb.control.revisions.store import Revision


def waiting(seconds: float) -> Revision:
    """One that has to be confirmed within so many seconds from now."""
    now = clock()
    facts = (2, "", 0, "root", "", "apply f", "d", "waiting", "", 1, None)
    return Revision(*facts, 60, now + seconds, boot_id())


class Scene:
    """What waits, and when it was taken back."""

    def __init__(self, revision: Revision | None, refusals: int = 0) -> None:
        self.revision = revision
        self.refusals = refusals
        self.attempts = 0
        self.done = asyncio.Event()
        self.confirmer = Confirmer(lambda: self.revision, self._revert, retry=0.01)

    async def _revert(self) -> bool:
        self.attempts += 1
        self.confirmer.look()  # as every change does
        if self.attempts <= self.refusals:
            return False
        self.revision = None
        self.done.set()
        return True


def during(run: Callable[[], Coroutine[Any, Any, Scene]]) -> Scene:
    async def go() -> Scene:
        return await asyncio.wait_for(run(), 10)

    return asyncio.run(go())


async def _with(scene: Scene, then: Callable[[], Coroutine[Any, Any, None]]) -> Scene:
    task = asyncio.create_task(scene.confirmer.run())
    await then()
    task.cancel()
    return scene


def test_at_the_deadline_and_not_before() -> None:
    async def run() -> Scene:
        revision = waiting(0.2)
        scene = Scene(revision)
        await _with(scene, lambda: _until(scene.done))
        assert revision.deadline is not None
        assert clock() >= revision.deadline
        return scene

    assert during(run).attempts == 1


async def _until(event: asyncio.Event) -> None:
    await event.wait()


def test_one_that_comes_later() -> None:
    async def run() -> Scene:
        scene = Scene(None)

        async def change() -> None:
            await asyncio.sleep(0)
            scene.revision = waiting(0.05)
            scene.confirmer.look()
            await scene.done.wait()

        return await _with(scene, change)

    assert during(run).attempts == 1


def test_a_refusal_is_tried_again_after_a_pause() -> None:
    async def run() -> Scene:
        scene = Scene(waiting(-1), refusals=3)
        return await _with(scene, lambda: _until(scene.done))

    assert during(run).attempts == 4


def test_other_work_does_not_hurry_it() -> None:
    """The daemon has work some times a second; each attempt may be a revision."""

    async def run() -> Scene:
        scene = Scene(waiting(-1), refusals=1000)
        scene.confirmer._retry = 60.0

        async def work() -> None:
            while not scene.attempts:
                await asyncio.sleep(0)
            for _ in range(100):
                scene.confirmer.look()
                await asyncio.sleep(0)

        return await _with(scene, work)

    assert during(run).attempts == 1


def test_confirmed_in_time() -> None:
    async def run() -> Scene:
        scene = Scene(waiting(0.05))
        seen = asyncio.Event()
        was = scene.confirmer._waiting

        def look() -> Revision | None:
            seen.set()
            return was()

        scene.confirmer._waiting = look

        async def confirm() -> None:
            await seen.wait()
            scene.revision = None
            seen.clear()
            scene.confirmer.look()
            await seen.wait()

        return await _with(scene, confirm)

    assert during(run).attempts == 0


def test_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short ones until the deadline, for a timer does not count sleep; longer and longer ones
    behind it, as far as five minutes; and short ones again for the next one that waits."""
    pauses: list[float] = []
    late, in_time = waiting(-1), waiting(1000)

    async def run() -> Scene:
        scene = Scene(late, refusals=1000)
        scene.confirmer._retry = 100.0

        async def pause(seconds: float, waiting: Revision) -> None:
            pauses.append(seconds)
            if len(pauses) == 4:
                scene.revision = in_time
            elif len(pauses) == 5:
                scene.revision = late
            elif len(pauses) == 6:
                scene.done.set()
                await asyncio.Event().wait()

        monkeypatch.setattr(scene.confirmer, "_pause", pause)
        return await _with(scene, lambda: _until(scene.done))

    during(run)
    assert pauses == [100.0, 200.0, 300.0, 300.0, 1.0, 100.0]


def test_another_one_has_not_to_wait_for_that_pause() -> None:
    async def run() -> Scene:
        scene = Scene(waiting(-1), refusals=1)
        scene.confirmer._retry = 1000.0

        async def change() -> None:
            while not scene.attempts:
                await asyncio.sleep(0)
            scene.revision = waiting(0.01)
            scene.confirmer.look()
            await scene.done.wait()

        return await _with(scene, change)

    assert during(run).attempts == 2


def test_the_clock_goes_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "clock_gettime", {time.CLOCK_BOOTTIME: 7.0}.__getitem__)
    assert clock() == 7.0
