# SPDX-License-Identifier: Apache-2.0
"""A disk that is full: the backup before stays, and a restore changes nothing."""

from __future__ import annotations

import errno
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dsrlb.control.revisions import backup
from dsrlb.control.state import State
from dsrlb.errors import StateError
from dsrlb.paths import Paths
from tests.unit.control.revisions.backups import OTHER, content


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_no_backup(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "b"
    file.write_text("older")
    monkeypatch.setattr(os, step, full)
    with pytest.raises(StateError, match=r"cannot write .*/b: No space left on device"):
        backup.save("main", file)
    assert file.read_text() == "older"
    assert not list(tmp_path.glob(".new-*"))


@pytest.mark.parametrize("step", ["mkdtemp", "fsync", "link"])
def test_a_full_disk_restores_nothing(
    paths: Paths, saved: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    State(paths).save_config(OTHER)
    before = content(paths.state)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile if step == "mkdtemp" else os, step, full)
    with pytest.raises(StateError, match=r"cannot write to .*: No space left on device"):
        backup.restore("main", saved)
    monkeypatch.undo()
    assert content(paths.state) == before


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Writes beyond this fail, as on a disk that is full (EFBIG)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_room_in_earnest(paths: Paths, saved: Path, tmp_path: Path) -> None:
    """Where the kernel refuses the bytes themselves, in the middle of a file."""
    State(paths).save_config(OTHER + "# more than SQLite's files have\n" * 2000)
    before = content(paths.state)
    with largest_file(50_000), pytest.raises(StateError, match=r"cannot write .*/c\.tar: File too"):
        backup.save("main", tmp_path / "c.tar")
    with largest_file(1000), pytest.raises(StateError, match=r"cannot write to .*: File too large"):
        backup.restore("main", saved)
    assert not (tmp_path / "c.tar").exists()
    assert not list(tmp_path.glob(".new-*"))
    assert content(paths.state) == before
