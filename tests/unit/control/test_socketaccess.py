# SPDX-License-Identifier: Apache-2.0
"""Who may use the API's socket."""

from __future__ import annotations

import grp
import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from dsrlb.config import parse
from dsrlb.config.models import Balancer
from dsrlb.config.source import read
from dsrlb.control.socketaccess import grant, open_to_group, unknown_group
from dsrlb.errors import ConfigError, StateError
from dsrlb.observe.events import EventLog

TEXT = '[balancer]\ninterfaces = ["eth0"]\n'


def wanted(mode: str, group: str = "") -> Balancer:
    """What the configuration says."""
    lines = f'socket_mode = "{mode}"\nsocket_group = "{group}"\n'
    return parse(TEXT + lines, "test.toml").balancer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A socket of mode 0600."""
    found = tmp_path / "main.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(found))
    found.chmod(0o600)
    return found


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> int:
    """The group "ops" is that of this process, so nobody has to be root."""
    gid = os.getgid()
    groups = {"ops": gid, "root": gid}

    def getgrnam(name: str) -> SimpleNamespace:
        return SimpleNamespace(gr_gid=groups[name])

    monkeypatch.setattr(grp, "getgrnam", getgrnam)
    return gid


def test_a_group_may(path: Path, own: int) -> None:
    grant(path, wanted("0660", "ops"))
    found = path.stat()
    assert (found.st_mode & 0o7777, found.st_gid) == (0o660, own)
    grant(path, wanted("0600", "ops"))
    assert path.stat().st_mode & 0o7777 == 0o600


def test_nobody_may_meanwhile(path: Path, own: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group changes while nobody but root may."""
    path.chmod(0o660)
    modes: list[int] = []

    def chown(found: Path, uid: int, gid: int, *, follow_symlinks: bool) -> None:
        modes.append(found.stat().st_mode & 0o7777)
        assert (uid, gid, follow_symlinks) == (-1, own + 1, False)

    monkeypatch.setattr(os, "chown", chown)
    monkeypatch.setattr(grp, "getgrnam", lambda _: SimpleNamespace(gr_gid=own + 1))
    grant(path, wanted("0660", "ops"))
    assert modes == [0o600]
    assert path.stat().st_mode & 0o7777 == 0o660


def test_what_is_so_stays_untouched(path: Path, own: int, monkeypatch: pytest.MonkeyPatch) -> None:
    grant(path, wanted("0660", "ops"))
    monkeypatch.setattr(os, "chown", None)
    grant(path, wanted("0660", "ops"))


def test_there_is_no_socket_yet(tmp_path: Path, own: int) -> None:
    events = EventLog()
    open_to_group(tmp_path / "none.sock", wanted("0660", "ops"), events)
    assert events.since(0) == []


def test_a_group_that_went(path: Path, own: int) -> None:
    """It is told, and nobody has got more than before."""
    with pytest.raises(StateError, match="there is no group 'gone'"):
        grant(path, wanted("0660", "gone"))
    events = EventLog()
    open_to_group(path, wanted("0660", "gone"), events)
    assert [event.level for event in events.since(0)] == ["error"]
    assert path.stat().st_mode & 0o7777 == 0o600


def test_an_unknown_group_is_wrong(own: int) -> None:
    config, origin = read(TEXT + 'socket_group = "nosuch"\n', "test.toml")
    (problem,) = (clash.problem(origin) for clash in unknown_group(config))
    assert (problem.line, problem.key, problem.value) == (3, "balancer.socket_group", '"nosuch"')
    assert "no such group" in problem.message
    for right in (TEXT + 'socket_group = "ops"\n', TEXT):
        assert list(unknown_group(read(right, "test.toml")[0])) == []


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ('socket_mode = "0666"', "'0600' or '0660'"),
        ("socket_mode = 660", "'0600' or '0660'"),
        ('socket_group = "a b"', "up to 32 small letters, digits, '_' or '-'"),
    ],
)
def test_what_is_refused(line: str, right: str) -> None:
    with pytest.raises(ConfigError, match=rf"balancer\.socket_.*{right}"):
        parse(TEXT + line, "test.toml")
