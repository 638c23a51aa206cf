# SPDX-License-Identifier: Apache-2.0
"""The daemon's end of the process that checks: with the real one, on loopback, without root."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest

from dsrlb.control.health import checker as module
from dsrlb.control.health.checks import NOTHING
from dsrlb.health.protocol import State, States, encode
from tests.unit.control.health import services as s
from tests.unit.control.health.world import World, checks


def test_up_down_and_nobody(
    tmp_path: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process comes with the first check and goes with the last."""
    monkeypatch.setenv("TOKEN_OF_THE_DAEMON", "s3cret")
    world = World(tmp_path, NOTHING)

    async def work() -> None:
        await asyncio.sleep(0)
        assert world.checker.pid is None
        world.want(checks(server.getsockname()[1]))
        await world.until("it is up", lambda: world.conditions.known(s.R11))
        environment = Path(f"/proc/{world.checker.pid}/environ").read_bytes()
        assert b"PATH=" in environment and b"s3cret" not in environment
        server.close()
        await world.until("it is down", lambda: world.conditions.known(s.R11) is False)
        assert world.conditions.of(s.R11).verdict == "port-closed"
        assert world.changes == 1
        world.want(NOTHING)
        await world.until("the process is gone", lambda: world.checker.pid is None)

    world.run(work)
    assert len(world.told()) == 1


def test_many_short_messages_let_others_have_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though what there is already is read without a wait."""
    world = World(tmp_path, checks(1))
    state = State("t", up=False, verdict="slow", detail="", held=False)
    gaps = []

    def note(real: object, state: State) -> bool:
        time.sleep(0.002)
        return False

    async def watch() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0)
            gaps.append(time.monotonic() - began)

    async def work() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(encode(States((state,))) * 300)
        reader.feed_eof()
        task = asyncio.create_task(watch())
        await asyncio.sleep(0)
        await world.checker._hear(reader)
        task.cancel()

    monkeypatch.setattr(world.conditions, "note", note)
    asyncio.run(work())
    assert len(gaps) >= 20
    assert max(gaps) < 0.2


def test_a_process_that_is_killed_is_followed_by_another(
    tmp_path: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins with what the one before knew."""
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.01)
    world = World(tmp_path, checks(server.getsockname()[1]))

    async def work() -> None:
        await world.until("it is up", lambda: world.conditions.known(s.R11))
        server.close()
        await world.until("it is down", lambda: world.conditions.known(s.R11) is False)
        first = world.checker.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await world.until("another one", lambda: world.checker.pid not in (None, first))
        await world.until("that is told", lambda: len(world.told()) == 2)
        assert world.conditions.known(s.R11) is False

    world.run(work)
    assert "ended (signal 9); another in 0.01 s" in world.told()[1]


def test_who_is_held_is_so_for_the_next_process(tmp_path: Path, server: socket.socket) -> None:
    world = World(tmp_path, checks(server.getsockname()[1]))
    world.conditions.note(s.R11, State("t", up=False, verdict="ok", held=True))

    async def work() -> None:
        await world.until("it was asked", lambda: world.conditions.of(s.R11).verdict)
        await asyncio.sleep(0.5)
        assert world.conditions.held(s.R11) and not world.conditions.known(s.R11)

    world.run(work)
    assert world.told() == ["web: 10.0.0.11 is down: it changed too often and is held down"]


def test_one_that_hangs_is_killed_and_followed_by_another(
    tmp_path: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is told while it is so, and what is known of real servers stays."""
    monkeypatch.setattr(module, "_ROUND_SECONDS", 0.2)
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.01)
    world = World(tmp_path, checks(server.getsockname()[1]))

    async def work() -> None:
        await world.until("it is up", lambda: world.conditions.known(s.R11))
        first = world.checker.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        await world.until("that is told", lambda: world.conditions.trouble)
        assert "has said nothing for " in world.conditions.trouble
        assert world.conditions.known(s.R11) and world.checker.pid == first
        server.close()
        await world.until("another one", lambda: world.checker.pid not in (None, first))
        await world.until("it is down", lambda: world.conditions.known(s.R11) is False)
        assert world.conditions.trouble == ""

    world.run(work)
    assert world.told()[:2] == [
        "the process that checks real servers has said nothing for 3 s: it hangs, and is killed",
        "the process that checks real servers ended (signal 9); another in 0.01 s",
    ]


class Stuck(subprocess.Popen[bytes]):
    """It waits for a disk: no signal ends it, as long as it is said to be stuck."""

    stuck = True
    made: ClassVar[list[Stuck]] = []

    def wait(self, timeout: float | None = None) -> int:
        self.made.append(self)
        if self.stuck:
            raise subprocess.TimeoutExpired("stuck", timeout or 0)
        return super().wait(timeout)

    def poll(self) -> int | None:
        return None if self.stuck else super().poll()


def test_one_that_cannot_be_killed_keeps_nobody(
    tmp_path: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the daemon's end, above all. Another one is started when it is gone."""
    monkeypatch.setattr(module, "_ROUND_SECONDS", 0.05)
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(subprocess, "Popen", Stuck)
    world = World(tmp_path, checks(server.getsockname()[1]))
    told = "was killed, and the kernel does not let it go"

    async def kept() -> None:
        await world.until("it is killed", lambda: told in world.conditions.trouble)

    async def work() -> None:
        await kept()
        monkeypatch.setattr(module, "_ROUND_SECONDS", 1.0)
        monkeypatch.setattr(Stuck, "stuck", False)
        await world.until("another one", lambda: world.checker.pid and not world.conditions.trouble)

    world.run(kept)
    world.conditions.trouble = ""
    world.run(work)
    for process in tuple(Stuck.made):  # which wait() adds to
        process.wait()
    assert sum(told in text for text in world.told()) == 2


def test_a_daemon_that_had_no_time_takes_nobody_for_hanging(
    tmp_path: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said meanwhile is there to be read."""
    monkeypatch.setattr(module, "_ROUND_SECONDS", 0.3)
    world = World(tmp_path, checks(server.getsockname()[1]))

    async def work() -> None:
        await world.until("it is up", lambda: world.conditions.known(s.R11))
        first = world.checker.pid
        time.sleep(5)
        await asyncio.sleep(1)
        assert world.checker.pid == first and not world.conditions.trouble

    world.run(work)
    assert world.told() == []


def test_one_that_takes_long_to_begin_is_waited_for(
    tmp_path: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four times as long as one that has said something."""
    monkeypatch.setattr(module, "_ROUND_SECONDS", 0.1)
    slow = tmp_path / "slow"
    slow.write_text(f'#!/bin/sh\nsleep 2.5\nexec {sys.executable} "$@"\n')
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    world = World(tmp_path, checks(server.getsockname()[1]))

    async def work() -> None:
        await world.until("that is told", lambda: "has said nothing" in world.conditions.trouble)
        await world.until("it speaks", lambda: not world.conditions.trouble)
        monkeypatch.setattr(module, "_ROUND_SECONDS", 1.0)
        await world.until("it is up", lambda: world.conditions.known(s.R11))

    world.run(work)
    assert world.told() == []


def test_one_that_does_not_even_begin_is_tried_ever_later(
    tmp_path: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    world = World(tmp_path, checks(server.getsockname()[1]))

    async def work() -> None:
        await world.until("it is tried again", lambda: len(world.told()) >= 4)

    world.run(work)
    assert [text.rpartition("; ")[2] for text in world.told()[:4]] == [
        f"another in {pause:g} s" for pause in (0.01, 0.02, 0.04, 0.08)
    ]
    assert "exit code 1" in world.told()[0]


def test_one_that_lasted_was_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is soon there again; and that there is none is no trouble with nobody to ask."""
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(module, "_LASTED_SECONDS", 0.0)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    world = World(tmp_path, checks(1))

    async def work() -> None:
        await world.until("it is tried again", lambda: len(world.told()) >= 4)
        assert world.conditions.trouble
        world.want(NOTHING)
        await world.until("that is over", lambda: not world.conditions.trouble)

    world.run(work)
    assert {text.rpartition("; ")[2] for text in world.told()} == {"another in 0.01 s"}


def test_the_next_one_may_take_as_long_to_begin(
    tmp_path: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the one before has said something."""
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.01)
    world = World(tmp_path, checks(server.getsockname()[1]))
    slow = tmp_path / "slow"
    slow.write_text(f'#!/bin/sh\nsleep 2.5\nexec {sys.executable} "$@"\n')
    slow.chmod(0o755)

    async def work() -> None:
        await world.until("it is up", lambda: world.conditions.known(s.R11))
        first = world.checker.pid
        assert first is not None
        monkeypatch.setattr(module, "_ROUND_SECONDS", 0.1)
        monkeypatch.setattr(sys, "executable", str(slow))
        os.kill(first, signal.SIGKILL)
        await world.until("it is silent", lambda: "said nothing" in world.conditions.trouble)
        await world.until("it speaks", lambda: not world.conditions.trouble)
        monkeypatch.setattr(module, "_ROUND_SECONDS", 1.0)

    world.run(work)
    assert [text for text in world.told() if "hangs" in text] == []


def test_a_daemon_that_is_busy_with_what_was_said_takes_nobody_for_hanging(
    tmp_path: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ROUND_SECONDS", 0.01)
    monkeypatch.setattr(module, "_START_ROUNDS", 10_000)
    world = World(tmp_path, checks(server.getsockname()[1]))
    noted = asyncio.Event()

    async def note(*told: object) -> None:
        monkeypatch.setattr(module, "_DOUBT_ROUNDS", 1)
        for _ in range(100):
            await asyncio.sleep(0.01)
            assert not world.conditions.trouble
        monkeypatch.setattr(module, "_DOUBT_ROUNDS", 10_000)
        monkeypatch.setattr(module, "_HUNG_ROUNDS", 10_000)
        noted.set()

    monkeypatch.setattr(world.checker, "_note", note)
    world.run(lambda: world.until("it is noted", noted.is_set))
    assert world.told() == []


def test_what_is_said_ends_the_silence(tmp_path: Path) -> None:
    """Else many short ones would be a long one, in the end."""
    world = World(tmp_path, checks(1))

    async def work() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(encode(States(())))
        world.checker._silent = 7
        assert await world.checker._line(reader)
        assert world.checker._silent == 0

    asyncio.run(work())


def test_one_that_hangs_ends_with_the_daemon(
    tmp_path: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_END_SECONDS", 0.1)
    world = World(tmp_path, checks(server.getsockname()[1]))
    pids: list[int] = []

    async def work() -> None:
        await world.until("it is up", lambda: world.conditions.known(s.R11))
        assert world.checker.pid is not None
        pids.append(world.checker.pid)
        os.kill(pids[0], signal.SIGSTOP)

    world.run(work)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
