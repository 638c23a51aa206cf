# SPDX-License-Identifier: Apache-2.0
"""A disk that is full: changes are refused, the way back never is, and its record has room."""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dsrlb.control import reserve
from dsrlb.control.reserve import Reserve
from dsrlb.control.revisions import confirm, history
from dsrlb.control.revisions.store import Store
from dsrlb.control.revisions.wayback import applied_view
from dsrlb.errors import KernelError, StateError
from tests.unit.control.logs import ALICE, Logs

FULL = "database or disk is full"
CHANGES: Any = {"hash_before": "x", "hash_after": "y", "changes": [], "affects_flows": False}


class Disk:
    """Has room; or but what is kept; or (somebody took that as well) none."""

    def __init__(self, logs: Logs) -> None:
        self.logs = logs
        self.full = False
        self.taken = False

    def refuses(self) -> bool:
        """Not even a page?"""
        return self.full and (self.taken or self.logs.state.reserve.held)


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    found = Logs()
    found.apply("a")
    yield found
    found.open.close()


@pytest.fixture
def disk(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> Disk:
    found = Disk(logs)
    writing, hold = Store._writing, Reserve.hold

    @contextmanager
    def written(store: Store) -> Iterator[None]:
        if found.refuses():
            raise StateError(FULL)
        with writing(store):
            yield

    def held(kept: Reserve) -> None:
        if found.full and not kept.held:
            raise StateError("no room")
        hold(kept)

    monkeypatch.setattr(Store, "_writing", written)
    monkeypatch.setattr(Reserve, "hold", held)
    return found


def late(monkeypatch: pytest.MonkeyPatch) -> None:
    now = confirm.clock()
    monkeypatch.setattr(confirm, "clock", lambda: now + 1e6)


def go_back(logs: Logs) -> None:
    """As the daemon does, and without it."""
    target = logs.open.target(None)
    text = logs.open.text(target.number)
    revision = logs.begin(text, to=target, ends_waiting=True, what=f"rollback to {target.number}")
    logs.open.applied(revision, text)


def test_every_change_keeps_room(logs: Logs) -> None:
    path = logs.paths.state / "reserve"
    assert path.stat().st_size == reserve.BYTES
    path.unlink()
    assert logs.open.behind
    logs.apply("b")
    assert path.stat().st_size == reserve.BYTES
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"cut short")
    assert not Reserve(path).held
    logs.open.catch_up()
    assert path.stat().st_size == reserve.BYTES


def test_a_change_without_room_for_its_way_back_is_refused(logs: Logs, disk: Disk) -> None:
    (logs.paths.state / "reserve").unlink()
    disk.full = True
    for within in (None, 60):
        with pytest.raises(StateError, match="cannot be recorded: no room") as refused:
            logs.begin("b", confirm_within=within)
        assert "nothing was changed" in refused.value.hint
    assert logs.results() == ["applied"]


def test_a_reserve_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = Reserve(tmp_path / "file" / "reserve")
    with pytest.raises(StateError, match=r"reserve: Not a directory \(128 KiB are kept"):
        kept.hold()
    assert not kept.spend()


def test_a_reserve_that_the_disk_refuses_takes_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StateError, match="reserve: No space left on device"):
        Reserve(tmp_path / "reserve").hold()
    assert list(tmp_path.iterdir()) == []


def test_a_reserve_is_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, whatever was there before, and given back at once."""
    synced: list[str] = []

    def sync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", sync)
    path = tmp_path / "reserve"
    path.write_bytes(bytes(2 * reserve.BYTES))
    kept = Reserve(path)
    kept.hold()
    assert kept.held
    assert len(zlib.compress(path.read_bytes())) >= reserve.BYTES
    assert kept.spend()
    assert synced == [str(path), str(tmp_path)]


def test_the_way_back_is_recorded_in_the_room_that_is_kept(logs: Logs, disk: Disk) -> None:
    logs.apply("b", confirm_within=60)
    disk.full = True
    with pytest.raises(StateError, match=FULL):
        logs.begin("c", ends_waiting=True)
    go_back(logs)
    assert logs.results() == ["applied", "reverted", "applied"]
    running = logs.again().running  # a crash
    assert running is not None
    assert running.number == 3
    assert logs.state.saved_config() == "a"
    disk.full = False
    logs.open.catch_up()
    assert logs.state.reserve.held


def test_a_confirmation_is_written_in_it_too(logs: Logs, disk: Disk) -> None:
    logs.apply("b", confirm_within=60)
    disk.full = True
    logs.open.confirm(ALICE)
    assert logs.again().waiting is None
    assert logs.results() == ["applied", "applied"]


def test_without_any_room_it_goes_back_and_that_is_owed(logs: Logs, disk: Disk) -> None:
    logs.apply("b")
    disk.full = disk.taken = True
    go_back(logs)
    assert logs.open.running is not None
    assert logs.open.text(logs.open.running.number) == "a"
    assert logs.open.target(None).number == 2
    owed = "the return to revision 1 is in force and not recorded yet: a start before that begins"
    assert any(message.startswith(owed) for message in logs.told())
    trouble = history.glance(logs.open)["trouble"]
    assert trouble == f"{logs.open.owing}; {FULL}"
    assert applied_view(CHANGES, logs.open, "")["revision"] is None
    logs.open.catch_up()
    assert logs.open.behind
    disk.full = disk.taken = False
    logs.open.catch_up()
    assert logs.results() == ["applied", "applied", "applied"]
    assert (logs.open.text(3), logs.open.get(3).what) == ("a", "rollback to 1")
    assert "recorded now: rollback to 1, revision 3" in logs.told()
    assert history.glance(logs.open)["trouble"] == ""
    assert applied_view(CHANGES, logs.open, "")["revision"] == 3
    running = logs.again().running
    assert running is not None
    assert (running.number, running.way_back) == (3, 2)


def test_what_it_ends_is_over_all_the_same(
    logs: Logs, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until that is recorded a start goes back once more."""
    logs.apply("b", confirm_within=60)
    disk.full = disk.taken = True
    late(monkeypatch)
    go_back(logs)
    assert logs.open.waiting is None
    assert logs.results() == ["applied", "reverted"]
    log = logs.again()
    assert log.waiting is not None
    assert confirm.expired(log.waiting)
    go_back(logs)
    disk.full = disk.taken = False
    assert logs.apply("c") == 4  # which records what is owed
    assert logs.results() == ["applied", "reverted", "applied", "applied"]
    assert logs.open.get(4).way_back == 3


def test_there_and_back_without_room(logs: Logs, disk: Disk) -> None:
    """The last one counts."""
    logs.apply("b", confirm_within=60)
    disk.full = disk.taken = True
    go_back(logs)
    target = logs.open.get(2)
    logs.open.applied(logs.begin("b", to=target, ends_waiting=True, what="rollback to 2"), "b")
    assert "begins with revision 2" in logs.open.owing
    disk.full = disk.taken = False
    logs.open.catch_up()
    assert logs.results() == ["applied", "reverted", "applied"]
    assert (logs.open.text(3), logs.open.get(3).what) == ("b", "rollback to 2")


def test_a_way_back_that_fails_is_not_owed(logs: Logs, disk: Disk) -> None:
    logs.apply("b")
    disk.full = disk.taken = True
    target = logs.open.target(None)
    revision = logs.begin("a", to=target, ends_waiting=True)
    logs.open.failed(revision, KernelError("eth0 said no"))
    assert logs.open.owing == ""
    assert logs.open.running is not None
    assert logs.open.running.number == 2
    disk.full = disk.taken = False
    logs.apply("c")
    assert logs.open.owing == ""
    logs.open.catch_up()
    assert logs.results() == ["applied", "applied", "applied"]


def test_a_result_that_was_owed_is_written_with_the_way_back(logs: Logs, disk: Disk) -> None:
    revision = logs.begin("b")
    disk.full = disk.taken = True
    logs.open.applied(revision, "b")
    go_back(logs)
    disk.full = disk.taken = False
    logs.open.catch_up()
    assert logs.results() == ["applied", "applied", "applied"]
    assert not logs.open.behind


def test_a_confirmation_pays_what_was_owed(logs: Logs, disk: Disk) -> None:
    """Whatever is written behind it, it holds."""
    revision = logs.begin("b", confirm_within=60)
    disk.full = disk.taken = True
    logs.open.applied(revision, "b")
    assert logs.results() == ["applied", "waiting"]
    disk.full = disk.taken = False
    logs.open.confirm(ALICE)
    logs.open.failed(logs.begin("c"), KernelError("eth0 said no"))
    assert logs.again().waiting is None
    assert logs.results() == ["applied", "applied", "failed"]


def test_one_that_has_to_be_confirmed_is_a_change(logs: Logs, disk: Disk) -> None:
    logs.apply("b")
    disk.full = disk.taken = True
    with pytest.raises(StateError, match="cannot be recorded"):
        logs.begin("a", to=logs.open.target(None), ends_waiting=True, confirm_within=60)


def test_a_start_that_can_open_nothing_for_writing(
    logs: Logs, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ran goes on, the way back is known, and it is written later."""
    logs.apply("b")
    logs.open.close()
    connect = Store._connect

    def connected(store: Store, writable: bool) -> Any:
        if writable and disk.refuses():
            raise StateError(FULL)
        return connect(store, writable)

    monkeypatch.setattr(Store, "_connect", connected)
    disk.full = disk.taken = True
    log = logs.again()
    assert (log.running, log.trouble) == (log.get(2), FULL)
    go_back(logs)
    assert "not recorded yet" in log.owing
    disk.full = disk.taken = False
    log.catch_up()
    assert (logs.results(), log.trouble) == (["applied", "applied", "applied"], "")
    assert log.text(3) == "a"
