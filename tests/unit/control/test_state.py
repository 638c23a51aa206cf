# SPDX-License-Identifier: Apache-2.0
"""The state directory: whole files or none, and one daemon per instance."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dsrlb.control.smallfiles import write_atomically
from dsrlb.control.state import State
from dsrlb.errors import StateError
from dsrlb.paths import Paths, for_instance


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """An instance in a temporary place."""
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    return for_instance("main")


def test_write_and_replace(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, "one")
    write_atomically(path, "two")
    assert path.read_text() == "two"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("step", ["replace", "fsync"])
def test_a_failed_write_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    write_atomically(path, "one")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(StateError, match=r"cannot write .*file: No space left on device"):
        write_atomically(path, "two")
    assert path.read_text() == "one"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_it_is_on_the_disk_before_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        steps.append("fsync")
        sync(descriptor)

    def replaced(old: str, new: Path) -> None:
        steps.append("replace")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    write_atomically(tmp_path / "file", "one")
    assert steps == ["fsync", "replace", "fsync"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot write"):
        write_atomically(tmp_path / "file" / "below", "x")


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "a\x1bb"])
def test_a_file_s_name_that_cannot_be_kept_damages_nothing(paths: Paths, name: str) -> None:
    state = State(paths)
    state.remember_source(Path("/etc/one"))
    with pytest.raises(StateError, match=r"is not remembered") as told:
        state.remember_source(Path(f"/etc/{name}"))
    assert told.value.message.isprintable()
    assert (state.source(), state.damage) == (Path("/etc/one"), [])


def test_a_second_daemon_is_refused_with_the_first_one_s_process(paths: Paths) -> None:
    first, second = State(paths), State(paths)
    first.lock()
    with pytest.raises(StateError, match=f"main is already run by process {os.getpid()}$") as told:
        second.lock()
    assert "--instance" in told.value.hint
    with pytest.raises(StateError, match=f"process {os.getpid()}$"):
        second.lock()


def test_another_instance_has_its_own_lock(paths: Paths) -> None:
    State(paths).lock()
    State(for_instance("other")).lock()


def test_a_longer_process_id_of_a_dead_daemon_is_overwritten(paths: Paths) -> None:
    paths.state.mkdir(parents=True)
    (paths.state / "lock").write_text("123456789012\n")
    State(paths).lock()
    assert (paths.state / "lock").read_text() == f"{os.getpid()}\n"


def test_saved_configuration(paths: Paths) -> None:
    state = State(paths)
    assert state.saved_config() is None
    state.save_config("a = 1\n")
    assert State(paths).saved_config() == "a = 1\n"


def test_source(paths: Paths, tmp_path: Path) -> None:
    state = State(paths)
    assert state.source() is None
    state.remember_source(tmp_path / "x" / ".." / "dsrlb.toml")
    assert state.source() == tmp_path / "dsrlb.toml"


def test_features(paths: Paths) -> None:
    state = State(paths)
    assert state.features() == {}
    state.save_features({"eth0": {"gro": True}})
    assert State(paths).features() == {"eth0": {"gro": True}}


def test_a_disk_that_is_full(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the way back may need has room; a daemon that cannot write its number runs all the
    same."""
    state = State(paths)
    paths.state.mkdir(parents=True)
    state.reserve.hold()
    sync = os.fsync

    def fail(descriptor: int) -> None:
        if state.reserve.held:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    state.save_groups([("eth0", "33:33:ff:00:00:10")])
    assert State(paths).groups() == [("eth0", "33:33:ff:00:00:10")]

    def write(descriptor: int, text: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    state.lock()
    with pytest.raises(StateError, match="process unknown"):
        State(paths).lock()


def test_what_the_killed_have_left(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that they had begun to write goes; no other one does."""
    state = State(paths)
    state.save_config("one")

    class Killed(BaseException):
        """Nothing comes behind it."""

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", kill)
        with pytest.raises(Killed):
            state.save_config("two")
    assert len(list(paths.state.iterdir())) == 2
    state.lock()
    assert {entry.name for entry in paths.state.iterdir()} == {"config.toml", "lock"}
    state.unlock()
