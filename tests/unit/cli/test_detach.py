# SPDX-License-Identifier: Apache-2.0
"""`dsrlb detach`, with a daemon and without."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dsrlb.control import offline
from tests.unit.api.fake import FakeController
from tests.unit.cli.conftest import Run


def test_detach_by_the_daemon(run: Run, daemon: FakeController) -> None:
    result = run("detach")
    assert result.stdout == "XDP program 7 on eth0\n12 pinned maps\n"
    assert daemon.calls == [("status",), ("detach",)]


def test_detach_waits_for_the_daemons_end(run: Run, daemon: FakeController) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    daemon.pid = child.pid
    detach = daemon.detach

    async def detach_and_end() -> list[str]:
        assert child.stdin is not None
        child.stdin.close()
        return await detach()

    daemon.detach = detach_and_end  # type: ignore[method-assign]
    assert run("detach").exit_code == 0
    assert child.wait(timeout=0) is not None


def test_detach_without_a_daemon(
    run: Run, no_daemon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline, "detach", lambda instance: [f"pins of {instance}"])
    result = run("--instance", "b", "detach")
    assert result.stdout == "pins of b\n"


def test_detach_of_nothing(run: Run, no_daemon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "detach", lambda instance: [])
    result = run("detach")
    assert (result.exit_code, result.stdout) == (0, "nothing to detach\n")
