# SPDX-License-Identifier: Apache-2.0
"""Commands of who is not root: by the socket, if it is open to him (balancer.socket_group)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dsrlb import paths
from tests.unit.api.fake import FakeController
from tests.unit.cli.conftest import Run

BY_SOCKET = [
    ("status",),
    ("events", "--json"),
    ("flows",),
    ("flows", "drop", "--all"),
    ("history",),
    ("diff", "1", "2"),
    ("config", "show"),
    ("config", "show", "1"),
    ("service", "set", "web", "--algorithm", "maglev"),
    ("real", "drain", "web", "10.0.0.11"),
    ("rollback",),
    ("confirm",),
    ("detach",),
]


@pytest.fixture(autouse=True)
def not_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user than root."""
    monkeypatch.delenv("DSRLB_ROOT")
    monkeypatch.setattr(paths, "_root", lambda path: Path(f"{root}{path}"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.mark.parametrize("arguments", BY_SOCKET)
def test_who_has_the_socket(run: Run, daemon: FakeController, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_who_has_the_socket_and_a_file(
    run: Run, daemon: FakeController, file: Path, verb: str
) -> None:
    result = run(verb, str(file))
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [("run",), ("backup", "x.tar"), ("restore", "x.tar")])
def test_what_goes_by_no_socket(
    run: Run, daemon: FakeController, arguments: tuple[str, ...]
) -> None:
    result = run(*arguments)
    told = f"error: `dsrlb {arguments[0]}` needs root; run it with sudo\n"
    assert (result.exit_code, result.stderr) == (1, told)


@pytest.mark.parametrize(
    "arguments", [("history",), ("config", "show", "1"), ("rollback",), ("confirm",), ("detach",)]
)
def test_a_socket_without_a_daemon(
    run: Run, root: Path, no_daemon: None, arguments: tuple[str, ...]
) -> None:
    """Who may use the daemon may not read what it has kept, nor write into its maps."""
    socket = paths.for_instance("main").socket
    socket.parent.mkdir(parents=True)
    socket.touch()
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith(" needs root; run it with sudo\n")
    assert result.stderr.count("\n") == 1
