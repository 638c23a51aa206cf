# SPDX-License-Identifier: Apache-2.0
"""The socket: its mode, what may stand in its place, its end."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
from functools import partial
from pathlib import Path

import pytest

from dsrlb.api import server
from dsrlb.api.app import create_app
from dsrlb.api.server import listen, serve
from dsrlb.control.revisions.authors import of_uid
from dsrlb.errors import StateError
from tests.unit.api.fake import FakeController, served
from tests.waiting import wait_until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "main.sock"


def request(path: Path, raw: bytes) -> bytes:
    """Send bytes, return all that comes back until the other side closes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(raw)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        return answer


def test_it_answers_over_the_socket(path: Path) -> None:
    with served(path):
        answer = request(path, b"GET /config HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'interfaces = [\n    "eth0",\n]' in answer


def test_only_root_may_use_it(path: Path) -> None:
    with served(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_kernel_says_who_asks() -> None:
    """Whatever name the client gives; root can have another user ask, others ask themselves."""
    uid = 65534 if os.geteuid() == 0 else os.geteuid()
    with tempfile.TemporaryDirectory() as folder:  # tmp_path is root's alone
        Path(folder).chmod(0o755)
        path = Path(folder, "main.sock")
        with served(path) as api:
            path.chmod(0o666)
            command = ["curl", "-sS", "--unix-socket", str(path), "-d", '{"behind": "root"}']
            command += ["-H", "Content-Type: application/json", "http://dsrlb/confirm"]
            answer = subprocess.run(command, user=uid, capture_output=True, timeout=10, check=True)
    assert b"0123456789ab" in answer.stdout
    assert api.controller.calls == [("confirm", of_uid(uid, "root"))]


def test_the_mode_is_right_before_anyone_can_connect(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []

    class Watched(socket.socket):
        def listen(self, *backlog: int) -> None:
            modes.append(stat.S_IMODE(path.stat().st_mode))
            super().listen(*backlog)

    monkeypatch.setattr(socket, "socket", Watched)
    listen(path).close()
    assert modes == [0o600]


def test_a_dead_daemons_socket_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    with served(path):
        assert request(path, b"GET /macs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


def test_a_live_one_is_not(path: Path) -> None:
    with served(path) as first:
        with pytest.raises(StateError, match=r"listens on .* already"), served(path):
            pass
        assert path.is_socket()
        request(path, b"GET /macs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert first.controller.calls == [("macs",)]


def test_a_file_in_the_way_is_not_removed(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("precious")
    with pytest.raises(StateError, match="not a socket"):
        listen(path)
    assert path.read_text() == "precious"


def test_a_path_that_is_too_long_is_an_error_to_read(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot listen on"):
        listen(tmp_path / ("x" * 120))


def test_the_socket_is_gone_at_the_end(path: Path) -> None:
    with served(path):
        assert path.is_socket()
    assert not path.exists()


def test_a_successors_socket_stays(path: Path) -> None:
    with served(path):
        path.unlink()
        successor = listen(path)
    assert path.is_socket()
    successor.close()


def test_a_socket_that_is_removed_is_made_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with its folder; who is connected stays so."""
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.01)
    with served(path), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as before:
        before.connect(str(path))
        for remove in (path.unlink, partial(shutil.rmtree, path.parent)):
            remove()
            wait_until("it is there again", path.is_socket)
            assert path.stat().st_mode & 0o777 == 0o600
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as after:
                after.connect(str(path))
                for client in (before, after):
                    client.sendall(b"GET /macs HTTP/1.1\r\nHost: x\r\n\r\n")
                    answer = b""
                    while not answer.endswith(b"\r\n0\r\n\r\n"):
                        answer += client.recv(65536)
                    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert not path.exists()


def test_what_stands_in_its_place_is_left_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told of once; and when it is gone the socket is there again."""
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.01)
    with served(path):
        path.unlink()
        path.write_text("a file")
        wait_until("it is told", lambda: "it is not a socket" in caplog.text)
        path.unlink()
        wait_until("it is there again", path.is_socket)
    assert caplog.text.count("is in the way") == 1


def test_an_idle_connection_does_not_hold_up_the_end(path: Path) -> None:
    with served(path), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as idle:
        idle.connect(str(path))
        idle.sendall(b"GET /macs HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(65536)
        # served() stops here, with the connection open, and asserts that it ends


def test_signals_stay_the_daemons(path: Path) -> None:
    assert threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    async def run() -> None:
        stop = asyncio.Event()

        def ready() -> None:
            seen.append(signal.getsignal(signal.SIGTERM))
            stop.set()

        await serve(create_app(FakeController()), path, ready, stop)

    asyncio.run(run())
    assert seen == [before]
