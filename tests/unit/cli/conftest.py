# SPDX-License-Identifier: Apache-2.0
"""The command line against a fake daemon, or against none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsrlb.cli.main import cli
from dsrlb.control import offline
from dsrlb.paths import for_instance
from tests.unit.api.fake import FakeController, served

Run = Callable[..., Result]


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
