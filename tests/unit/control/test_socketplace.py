# SPDX-License-Identifier: Apache-2.0
"""What may be at the place of the socket when a daemon starts, and what ends it at once."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsrlb.control import start
from dsrlb.control.socketplace import look
from dsrlb.errors import StateError
from dsrlb.paths import for_instance


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    return for_instance("main").socket


def _file(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("precious")


def _folder(path: Path) -> None:
    path.mkdir(parents=True)


def _dangling(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to("nowhere")


def _no_folder(path: Path) -> None:
    path.parent.parent.mkdir(parents=True)
    path.parent.write_text("a file")


@pytest.mark.parametrize(
    ("put", "says", "hint"),
    [
        (_file, r"main\.sock is in the way: it is not a socket", "move it away"),
        (_folder, r"main\.sock is in the way: it is not a socket", "move it away"),
        (_dangling, r"main\.sock is in the way: it is not a socket", "move it away"),
        (_no_folder, r"cannot listen in .*run/dsrlb: Not a directory", "a folder that root"),
    ],
)
def test_nothing_is_begun(
    path: Path, monkeypatch: pytest.MonkeyPatch, put: Callable[[Path], None], says: str, hint: str
) -> None:
    put(path)

    def begin(*_: Any) -> Any:
        raise AssertionError("it goes on")

    monkeypatch.setattr(start, "RevisionLog", begin)
    with pytest.raises(StateError, match=says) as refused:
        start.main("main", Path("/x.toml"), begin)
    assert hint in refused.value.hint


def test_a_path_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path / ("x" * 100)))
    with pytest.raises(StateError, match=r"\d+ bytes, and a socket's path has 107") as refused:
        look(for_instance("main").socket)
    assert "DSRLB_ROOT" in refused.value.hint
    assert not (tmp_path / ("x" * 100)).exists()


def test_the_longest_path(tmp_path: Path) -> None:
    path = tmp_path / ("x" * (107 - len(str(tmp_path)) - 1))
    look(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bound:
        bound.bind(str(path))
    with pytest.raises(StateError, match="108 bytes, and a socket's path has 107"):
        look(path.with_name(f"{path.name}x"))


def test_a_folder_that_is_made_is_for_all_and_another_stays_as_it_is(path: Path) -> None:
    """The socket's own mode says who may use it."""
    before = os.umask(0o077)
    try:
        look(path)
    finally:
        os.umask(before)
    assert path.parent.stat().st_mode & 0o777 == 0o755
    path.parent.chmod(0o710)
    look(path)
    assert path.parent.stat().st_mode & 0o777 == 0o710


def test_a_folder_that_nobody_can_write_to(path: Path) -> None:
    with pytest.raises(StateError, match="cannot listen in /proc/self:"):
        look(Path("/proc/self/main.sock"))


def test_what_is_no_obstacle(path: Path) -> None:
    """Nothing, and the sockets of those that are gone."""
    look(path)
    assert path.parent.stat().st_mode & 0o777 == 0o755
    assert not list(path.parent.iterdir())
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    look(path)
    assert path.is_socket()


def test_one_that_listens(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as live:
        live.bind(str(path))
        live.listen()
        with pytest.raises(StateError, match=r"a daemon listens on .*main\.sock already"):
            look(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        path.unlink()
        other.bind(str(path))
        with pytest.raises(StateError, match=r"cannot listen on .*main\.sock: Protocol wrong type"):
            look(path)
