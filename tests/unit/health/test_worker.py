# SPDX-License-Identifier: Apache-2.0
"""The process as the daemon sees it: by its socket."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dsrlb.health.loop import Loop
from dsrlb.health.protocol import (
    Check,
    Lines,
    Orders,
    State,
    States,
    Target,
    encode,
    to_daemon,
)
from dsrlb.health.worker import Worker
from tests.checking import ROOT, Process
from tests.unit.health.asked import free_port, serving, until_closed
from tests.waiting import wait_until


@pytest.fixture
def process() -> Iterator[Process]:
    made = Process()
    yield made
    made.close()


def _target(name: str, port: int, kind: Any = "tcp", **more: Any) -> Target:
    check = Check(kind, **{"interval": 200, "timeout": 100, **more})
    return Target(name, name, "127.0.0.1", port, check)


def test_a_conversation(process: Process) -> None:
    wait_until("it is ready", lambda: process.read().ready)
    assert process.ready == process.process.pid
    with serving(until_closed) as port:
        process.send(encode(Orders((_target("a", port), _target("b", free_port())))))
        wait_until("both were asked", lambda: process.verdict("a") and process.verdict("b"))
        assert process.states["a"] == State("a", True, "ok")
        assert process.states["b"] == State("b", False, "port-closed", "connection refused")
        process.send(b'{"ask":17}\n')
        wait_until("it answers", lambda: process.read().tallies)
        (told,) = process.tallies
        assert told.ask == 17
        tallies = {tally.id: tally for tally in told.tallies}
        assert tallies["a"].sent >= 1 and tallies["a"].failed == 0
        assert tallies["b"].sent == tallies["b"].failed >= 1
        process.send(encode(Orders(drop=("b",))) + encode(Orders(drop=("nobody",))))
        process.send(b'{"ask":18}\n')
        wait_until("it answers", lambda: len(process.read().tallies) == 2)
        assert [tally.id for tally in process.tallies[1].tallies] == ["a"]
    wait_until("the server's end is seen", lambda: process.verdict("a") == "port-closed")
    wait_until("it is down", lambda: not process.read().states["a"].up)
    assert process.close() == 0


def test_the_last_detail_is_told(process: Process) -> None:
    """Without news: a server that fails in another way than before."""
    answers = iter(range(500, 600))

    def failing(channel: socket.socket) -> None:
        channel.recv(1000)
        channel.sendall(f"HTTP/1.1 {next(answers)} No\r\n\r\n".encode())

    with serving(failing) as port:
        process.send(encode(Orders((_target("a", port, "http"),))))
        wait_until("it is down", lambda: process.verdict("a") == "wrong-answer")
        assert process.states["a"] == State(
            "a", False, "wrong-answer", "status 500, 200-399 wanted", quiet=False
        )
        first = process.states["a"].detail
        wait_until("that is the past", lambda: process.read().states["a"].detail != first)
        assert process.states["a"].quiet and not process.states["a"].up


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"sett":[]}\n', b'{"set":[{}]}\n'])
def test_what_is_no_message(process: Process, line: bytes) -> None:
    process.send(line)
    assert process.process.wait(10) == 1
    assert process.process.stderr is not None
    errors = process.process.stderr.read()
    assert errors.startswith("dsrlb.health: ") and errors.count("\n") == 1


def test_it_says_that_it_goes_on(process: Process) -> None:
    """Also when it has nothing to do."""
    wait_until("it has said so twice", lambda: process.read().beats >= 2)


def test_it_ends_with_the_socket(process: Process) -> None:
    process.send(encode(Orders((_target("a", free_port()),))))
    assert process.close() == 0


def test_without_a_socket() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dsrlb.health", "--fd", "99"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "dsrlb.health: [Errno 9] Bad file descriptor\n"


def test_a_daemon_that_does_not_read(process: Process) -> None:
    """What is told waits, is bounded, and is the newest in the end."""
    many = [_target(str(number), free_port(), fall=1, rise=1) for number in range(500)]
    process.send(encode(Orders(tuple(many))))
    with serving(until_closed) as port:
        for number in range(30):
            there = port if number % 2 else many[0].port
            moved = [Target(one.id, one.name, one.address, there, one.check) for one in many]
            process.send(encode(Orders(tuple(moved))))
            time.sleep(0.05)  # lets checks happen between two changes; nothing depends on it
        wait_until(
            "the newest is told",
            lambda: all(process.verdict(one.id) == "ok" for one in many),
        )
    assert process.close() == 0


def test_many_states_are_several_messages() -> None:
    """Encoding all of 65,536 in one would keep it from saying that it goes on."""
    ours, theirs = socket.socketpair()
    loop = Loop()
    worker = Worker(loop, theirs.detach(), 100)
    targets = tuple(_target(str(number), 9, interval=60000) for number in range(1500))
    worker._follow(Orders(targets))
    for watch in worker._watches.values():
        worker._changed(watch, quiet=False)
    loop._run_after()
    told = [to_daemon(line) for line in Lines().add(ours.recv(1 << 20))]
    counts = [len(message.states) for message in told if isinstance(message, States)]
    assert counts == [1024, 476]
    worker.close()
    worker._channel._socket.close()
    loop.close()
    ours.close()


def test_news_that_waited_go_with_whatever_is_sent_next() -> None:
    """Where the daemon reads again just then, no event of the socket tells so."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    loop = Loop()
    worker = Worker(loop, theirs.detach(), 100)
    worker._follow(Orders((_target("a", 9, interval=60000),)))
    channel = worker._channel
    while not channel.busy:
        channel.send(b"\n" * 65536)
    worker._changed(worker._watches["a"], quiet=False)
    loop._run_after()
    assert worker._news
    told = b""
    for _ in range(100):
        with suppress(BlockingIOError):
            told += ours.recv(1 << 20)
        channel.send(b"")
    assert b'"states"' in told.strip() and not worker._news
    worker.close()
    channel._socket.close()
    loop.close()
    ours.close()


def test_what_it_may() -> None:
    """It is nobody, with CAP_NET_RAW at most, when it was started by root."""
    process = Process()
    wait_until("it is ready", lambda: process.read().ready)
    status = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{process.ready}/status").read_text().splitlines()
        if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    net_raw = 1 << 13
    for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb"):
        bits = int(status[name], 16)
        assert bits in (0, net_raw), name
    if os.geteuid() == 0:
        assert int(status["CapEff"], 16) == net_raw
        assert set(status["Uid"].split()) == {"65534"} and status["Groups"].strip() == ""
    assert process.close() == 0


def test_it_is_light() -> None:
    """None of the heavy modules of the daemon is there."""
    heavy = ("pydantic", "numpy", "asyncio", "bcc", "pyroute2", "dsrlb.config")
    program = f"import sys, dsrlb.health.worker; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert json.loads(done.stdout.replace("'", '"')) == []
