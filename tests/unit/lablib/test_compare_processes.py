# SPDX-License-Identifier: Apache-2.0
"""Clients and a real server of the comparison, without a balancer between them."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lablib.compare.clients import outcomes
from lablib.compare.figures import times
from lablib.compare.load import arrivals
from lablib.shell import environment
from tests.waiting import wait_until

ADDRESS, SOURCES = "127.0.0.1", "127.0.84.0/24"
SEED, SECONDS, RATE = "1", "0.6", "140"


@pytest.fixture
def port() -> int:
    """One that nobody uses."""
    with socket.create_server((ADDRESS, 0)) as free:
        number: int = free.getsockname()[1]
    return number


@pytest.fixture
def server(port: int) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "lablib.compare.server", ADDRESS, str(port), "4"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, text=True, env=environment()) as process:
        wait_until("the server listens", lambda: _answers(port))
        yield process
        process.kill()


def _answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((ADDRESS, port)) == 0


def _clients(port: int) -> list[str]:
    argv = [sys.executable, "-m", "lablib.compare.clients", ADDRESS, str(port), SOURCES]
    done = subprocess.run(
        [*argv, SEED, SECONDS, RATE], capture_output=True, text=True, timeout=60, env=environment()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_question_is_answered(port: int, server: subprocess.Popen[str]) -> None:
    started, said = _clients(port)
    assert started == "started"
    ended = outcomes(said)
    load = arrivals(int(SEED), float(SECONDS), float(RATE))
    assert [at for at, *_ in ended] == [arrival.at for arrival in load]
    assert [answered for *_, answered in ended] == [len(one.questions) for one in load]
    for _, late, handshake, first, _ in ended:
        assert late >= 0
        assert handshake is not None and first is not None
        assert 0 < handshake < first


def test_a_slow_server_is_slow(port: int, server: subprocess.Popen[str]) -> None:
    assert server.stdin is not None
    server.stdin.write("10\n")
    server.stdin.flush()
    _, said = _clients(port)
    ended = outcomes(said)
    load = arrivals(int(SEED), float(SECONDS), float(RATE))
    for arrival, (_, _, _, first, _) in zip(load, ended, strict=True):
        assert first is not None
        assert first >= 10 * arrival.questions[0].work
    assert times(ended).failed == 0


def test_a_server_ends_with_its_commands(port: int, server: subprocess.Popen[str]) -> None:
    server.communicate(timeout=10)
    assert server.returncode == 0


def test_nobody_answers(port: int) -> None:
    """A connection that is refused is one that failed."""
    _, said = _clients(port)
    ended = outcomes(said)
    assert times(ended).answered == 0
    assert {handshake for _, _, handshake, _, _ in ended} == {None}
