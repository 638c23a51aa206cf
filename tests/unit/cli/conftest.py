# SPDX-License-Identifier: Apache-2.0
"""The command line against a fake daemon, or against none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsrlb.cli.main import cli
from dsrlb.config import HostFacts, LinkFact
from dsrlb.control import offline
from dsrlb.net import host
from dsrlb.paths import for_instance
from tests.unit.api.fake import FakeController, served
from tests.unit.api.fakerows import TOML

Run = Callable[..., Result]
HEAVIER = TOML.replace('address = "10.0.0.12"', 'address = "10.0.0.12"\nweight = 4')


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where /run, /var and /etc are."""
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


@pytest.fixture
def run() -> Run:
    """Run `dsrlb` with arguments and, if it matters, standard input."""

    def invoke(*arguments: str, given: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(cli, arguments, given, prog_name="dsrlb")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def daemon(root: Path) -> Iterator[FakeController]:
    """A fake daemon of instance main."""
    with served(for_instance("main").socket) as api:
        yield api.controller


@pytest.fixture
def no_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No daemon, but its fast path at work."""
    monkeypatch.setattr(offline, "describe", lambda instance: f"traffic of {instance} still flows")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration with another weight than the fake daemon's."""
    path = tmp_path / "new.toml"
    path.write_text(HEAVIER)
    return path


@pytest.fixture
def eth0(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with eth0, and without any address."""
    link = LinkFact(ifindex=2, kind="", mac="02:00:00:00:00:01", mtu=1500, up=True)
    monkeypatch.setattr(host, "host_facts", lambda: HostFacts({"eth0": link}, {}))
