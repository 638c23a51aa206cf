# SPDX-License-Identifier: Apache-2.0
"""Which network namespaces there are, and which one is the host's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dsrlb.realserver import namespaces
from dsrlb.realserver.namespaces import identity, living, outermost


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc of the host's PID namespace with one process: a mount, a descriptor."""
    root = tmp_path / "processes"
    (root / "7/ns").mkdir(parents=True)
    (root / "7/fd").mkdir()
    (root / "7/ns/net").touch()
    (root / "7/ns/mnt").touch()
    (root / "7/mountinfo").write_text(
        "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "95 30 0:4 net:[4026530002] /run/netns/a rw shared:1 - nsfs nsfs rw\n"
        "96 30 0:4 uts:[4026530003] /run/utsns/a rw - nsfs nsfs rw\n"
    )
    (root / "7/opened").touch()
    (root / "7/fd/3").symlink_to("/dev/null")
    (root / "7/fd/4").symlink_to("net:[4026530004]")
    (root / "7/fd/net:[4026530004]").symlink_to("../opened")  # where the kernel needs nothing
    (root / "self").symlink_to("7")
    (root / "7/ns/pid").touch()
    monkeypatch.setattr(namespaces, "_INITIAL_PIDS", (root / "7/ns/pid").stat().st_ino)
    return root


def test_namespaces_live_by_process_mount_or_descriptor(processes: Path) -> None:
    assert living(processes) == {
        identity(processes / "7/ns/net"),
        (4, 4026530002),
        identity(processes / "7/fd/4"),
    }


def test_a_process_that_ends_meanwhile_is_no_harm(processes: Path) -> None:
    (processes / "8").mkdir()
    assert living(processes) is not None


def test_namespaces_that_cannot_all_be_told(
    processes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From another PID namespace, or without the right to look into a process."""
    stat = Path.stat

    def refuse(path: Path, **options: bool) -> os.stat_result:
        if path == processes / "7/ns/net":
            raise PermissionError(13, "Permission denied")
        return stat(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", refuse)
        assert living(processes) is None
    monkeypatch.setattr(namespaces, "_INITIAL_PIDS", 1)
    assert living(processes) is None


@pytest.fixture
def family(tmp_path: Path) -> Path:
    """A /proc of three generations: process 1, 7 and 9, which asks. Each has another namespace."""
    root = tmp_path / "family"
    for pid, parent in ((1, 0), (7, 1), (9, 7)):
        (root / f"{pid}/ns").mkdir(parents=True)
        (root / f"{pid}/ns/net").touch()
        (root / f"{pid}/stat").write_text(f"{pid} (a) b) S {parent} 0 0\n")
    (root / "self").symlink_to("9")
    return root


def test_the_outermost_namespace_is_that_of_process_1(family: Path) -> None:
    assert outermost(family) == identity(family / "1/ns/net")


@pytest.mark.parametrize(
    ("hidden", "outer"), [(["1/ns/net"], 7), (["1/stat", "1/ns/net", "7/ns/net"], 9)]
)
def test_where_process_1_may_not_be_looked_into_the_oldest_that_may_counts(
    family: Path, hidden: list[str], outer: int
) -> None:
    for name in hidden:
        (family / name).unlink()
    assert outermost(family) == identity(family / f"{outer}/ns/net")
