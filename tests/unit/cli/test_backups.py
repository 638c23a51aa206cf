# SPDX-License-Identifier: Apache-2.0
"""dsrlb backup and restore: what they print, and exit codes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dsrlb.config import dump, parse
from dsrlb.control.revisions import backup as restoring
from dsrlb.control.state import State
from dsrlb.errors import StateError
from dsrlb.paths import for_instance
from tests.unit.api.fakerows import TOML
from tests.unit.cli.conftest import Run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the backup goes; there is a configuration to save."""
    State(for_instance("main")).save_config(dump(parse(TOML, "x")))
    return tmp_path / "b.tar.gz"


def test_there_and_back(run: Run, file: Path) -> None:
    result = run("backup", str(file))
    assert (result.exit_code, result.stdout) == (0, f"{file}: config.toml of instance main\n")
    result = run("restore", str(file))
    assert (result.exit_code, result.stderr) == (0, "")
    first, second, third = result.stdout.splitlines()
    kept = for_instance("main").state / "before-restore-"
    assert first.startswith(f"way back: what was there is in {kept}")
    assert second.startswith("restored config.toml: configuration ")
    assert third == "`dsrlb run` starts with it"


def test_the_way_back_is_told_first(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("backup", str(file))

    def broken(*_: object) -> None:
        raise StateError("the disk is gone")

    monkeypatch.setattr(restoring, "_put", broken)
    result = run("restore", str(file))
    assert (result.exit_code, result.stdout.count("way back: what was there is in ")) == (1, 1)


def test_while_a_daemon_runs(run: Run, file: Path) -> None:
    run("backup", str(file))
    daemon = State(for_instance("main"))
    daemon.lock()
    result = run("restore", str(file))
    daemon.unlock()
    assert result.exit_code == 1
    assert result.stderr == (
        f"error: instance main is already run by process {os.getpid()}; a restore is for when it "
        "does not run\n  hint: stop it (traffic goes on), restore, start it; or take the "
        f"configuration alone, under traffic: tar -xOf {file} config.toml | dsrlb apply -\n"
    )


def test_refusals(run: Run, file: Path) -> None:
    assert run("--instance", "b", "backup", str(file)).exit_code == 1
    file.write_bytes(b"nothing")
    result = run("restore", str(file))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {file} is no backup of dsrlb")


def test_without_root(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DSRLB_ROOT")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for command in ("backup", "restore"):
        result = run(command, str(file))
        assert (result.exit_code, "needs root" in result.stderr) == (1, True)
