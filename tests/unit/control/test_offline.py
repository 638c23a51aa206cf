# SPDX-License-Identifier: Apache-2.0
"""What is told of instances without a daemon, while others of them come and go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dsrlb.control import offline
from dsrlb.control.state import State
from dsrlb.dataplane import bpf, bpffs
from dsrlb.paths import for_instance


def test_another_instance_may_go_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the listing of its pins and their opening."""

    def gone(path: Path) -> int:
        raise FileNotFoundError(2, "No such file or directory", str(path))

    monkeypatch.setattr(bpffs, "locate", lambda: tmp_path)
    monkeypatch.setattr(bpf, "get_pinned", gone)
    paths = for_instance("main")
    assert offline._all_map_ids(paths) == set()
    (tmp_path / "dsrlb/other").mkdir(parents=True)
    (tmp_path / "dsrlb/other/flows4-01234567").touch()
    assert offline._all_map_ids(paths) == set()
    assert offline._own_map_ids(paths) == set()


def test_the_folder_goes_with_the_last_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bpffs, "locate", lambda: tmp_path)
    for name in ("main", "other"):
        (tmp_path / "dsrlb" / name).mkdir(parents=True)
        (tmp_path / "dsrlb" / name / "pin").touch()
    assert offline.remove_pins(for_instance("main")) == ["1 pinned maps in /sys/fs/bpf/dsrlb/main"]
    assert (tmp_path / "dsrlb/other/pin").exists()
    offline.remove_pins(for_instance("other"))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "dsrlb").mkdir()
    assert offline.remove_pins(for_instance("main")) == [], "nor one that was left empty"
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_that_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its program may be attached already, and forward nothing yet."""
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    monkeypatch.setattr(bpffs, "locate", lambda: None)
    daemon = State(for_instance("main"))
    daemon.lock()
    assert offline.describe("main").startswith(f"process {os.getpid()} starts it, or ends it")
    daemon.unlock()
    assert offline.describe("main").startswith("nothing of it is attached here")
    another = State(for_instance("other"))
    another.lock()
    assert offline.describe("main").startswith("nothing of it is attached here")
    another.unlock()
