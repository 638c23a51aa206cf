# SPDX-License-Identifier: Apache-2.0
"""What one client can send, and how long, does not keep others from being served."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from dsrlb.api import peer, server
from tests.unit.api.fake import served

GET = b"GET /macs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "main.sock"


def connected(path: Path) -> socket.socket:
    """To the API."""
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.settimeout(10)
    found.connect(str(path))
    return found


def asked(path: Path, wire: bytes) -> bytes:
    """All that comes back."""
    with connected(path) as client:
        answer = b""
        with suppress(BrokenPipeError, ConnectionResetError):  # it does not want all of it
            client.sendall(wire)
        with suppress(ConnectionResetError):
            while piece := client.recv(65536):
                answer += piece
        return answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET /reals?service=" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /macs HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET /macs HTTP/1.1\r\nHost: x\r\n" + b"X-Many: 1\r\n" * 20_000 + b"\r\n",
    ],
)
def test_a_head_that_is_too_long(path: Path, head: bytes) -> None:
    with served(path) as api:
        assert asked(path, head)[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")
        assert api.controller.calls == []
        assert asked(path, GET).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /macs HTTP/1.1\r\nHost:",
        b"POST /plan HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        GET.replace(b"Connection: close\r\n", b"") + b"GET /macs",
    ],
)
def test_a_request_that_does_not_come(
    path: Path, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection is closed; one whose request was whole has had its answer."""
    monkeypatch.setattr(peer, "_REQUEST_SECONDS", 0.2)
    with served(path), connected(path) as slow:
        slow.sendall(begun)
        answer = b""
        while piece := slow.recv(65536):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200 ") == begun.endswith(b"\r\n\r\nGET /macs")


def test_too_many_connections(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes beyond that is told to come again, and is served when others have gone."""
    monkeypatch.setattr(server, "_CONNECTIONS", 4)
    with served(path):
        with ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(connected(path))
            assert asked(path, GET).startswith(b"HTTP/1.1 503 ")
        answers = (asked(path, GET) for _ in range(100))
        assert any(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)


def test_the_folder_is_open_whatever_the_umask(path: Path) -> None:
    """The socket's own mode says who may."""
    before = os.umask(0o077)
    try:
        with served(path):
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_folder_that_is_there_stays_as_it_is(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with served(path):
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
