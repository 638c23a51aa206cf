# SPDX-License-Identifier: Apache-2.0
"""What systemd is told, and when it is not told any more that the daemon is alive."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsrlb.control.systemd import keep_alive, notify, watchdog_seconds


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """systemd's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield channel


def test_a_message(heard: socket.socket) -> None:
    notify("READY=1")
    assert heard.recv(100) == b"READY=1"


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")


@pytest.mark.parametrize(
    ("micros", "pid", "seconds"),
    [
        ("30000000", "", 30.0),
        ("30000000", "own", 30.0),
        ("30000000", "1", None),
        ("", "", None),
        ("0", "", None),
        ("soon", "", None),
    ],
)
def test_how_often(
    monkeypatch: pytest.MonkeyPatch, micros: str, pid: str, seconds: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", micros)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)
    assert watchdog_seconds() == seconds


def run_for(busy: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as there are numbers of seconds that the present work has taken."""
    monkeypatch.setenv("WATCHDOG_USEC", "3000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    done = asyncio.Event()

    def seconds() -> float:
        if len(busy) == 1:
            done.set()
        return busy.pop(0) if len(busy) > 1 else busy[0]

    async def main() -> None:
        alive = asyncio.create_task(keep_alive(seconds))
        await done.wait()
        await asyncio.sleep(0)
        alive.cancel()
        await asyncio.gather(alive, return_exceptions=True)

    asyncio.run(main())


def test_alive(heard: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    run_for([0.0, 10.0, 0.0], monkeypatch)
    assert [heard.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3


def test_work_that_never_ends_is_told_by_silence(
    heard: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_for([0.0, 1e6, 1e6, 1e6], monkeypatch)
    notify("end")
    assert [heard.recv(100) for _ in range(2)] == [b"WATCHDOG=1", b"end"]
