# SPDX-License-Identifier: Apache-2.0
"""Where the host's bpffs is looked for."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dsrlb.dataplane import bpffs


def test_hidden_ancestors_are_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under ProtectProc=invisible: /proc does not have the parent."""
    monkeypatch.setattr(os, "getppid", lambda: 1 << 30)  # the kernel's largest is 2^22
    assert list(bpffs._ancestors()) == []
    assert bpffs._foreign_ancestor() is None


# An instance that comes and goes, with one pin.
COMES_AND_GOES = """
import sys
from pathlib import Path
from dsrlb.dataplane import bpffs
from dsrlb.dataplane.maps import unpin_all
folder = Path(sys.argv[1])
for _ in range(int(sys.argv[2])):
    bpffs.make_folder(folder)
    (folder / "pin").touch()
    assert unpin_all(folder) == ["pin"]
    bpffs.remove_parent(folder)
"""


def test_instances_that_come_and_go_do_not_disturb_one_another(tmp_path: Path) -> None:
    """The folder of all of them is removed by the last one, and by nobody under another's feet."""
    folders = [tmp_path / "dsrlb" / name for name in "abc"]
    children = [
        subprocess.Popen([sys.executable, "-c", COMES_AND_GOES, str(folder), "500"])
        for folder in folders
    ]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "dsrlb/main"
    bpffs.make_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "pin").touch()
    bpffs.make_folder(folder)
    bpffs.remove_parent(folder)
    assert (folder / "pin").exists()


def test_without_a_file_system_there_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        bpffs.make_folder(tmp_path / "bpf/dsrlb/main")
