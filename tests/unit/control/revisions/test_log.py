# SPDX-License-Identifier: Apache-2.0
"""The log of revisions over daemons that end anywhere: what runs, the way back, what is owed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dsrlb.control.revisions import confirm
from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.store import Newer
from dsrlb.errors import KernelError, StateError, UnknownRevision
from tests.unit.control.logs import ALICE, ROOT, Logs


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    found = Logs()
    yield found
    found.open.close()


def full(logs: Logs, is_full: bool = True) -> None:
    """No page more; or room again."""
    store = logs.open._database.store
    assert store is not None
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0] if is_full else 1 << 30
    store._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_pending_then_applied_then_the_file(logs: Logs) -> None:
    revision = logs.begin("a", author=ALICE)
    assert (revision.result, revision.uid, revision.user) == ("pending", 1000, "alice")
    assert logs.open.running is None
    assert logs.state.saved_config() is None
    logs.open.applied(revision, "a")
    assert logs.results() == ["applied"]
    assert logs.state.saved_config() == "a"
    running = logs.again().running
    assert running is not None
    assert (running.number, running.way_back) == (1, None)


def test_what_forges_no_line(logs: Logs) -> None:
    revision = logs.begin("a", what="apply /tmp/\x1b[31mred\n2026 FAKE")
    assert revision.what == r"apply /tmp/\x1b[31mred\n2026 FAKE"
    logs.open.failed(revision, StateError("no\nroom"))
    (kept,) = logs.open.latest(1)
    assert (kept.what, kept.reason) == (revision.what, r"no\nroom")


def test_a_refusal_leaves_what_runs(logs: Logs) -> None:
    logs.apply("a")
    logs.open.failed(logs.begin("b"), KernelError("eth0 said no"))
    assert logs.results() == ["applied", "failed"]
    assert logs.open.latest(1)[0].reason == "eth0 said no"
    assert logs.open.running == logs.open.get(1)
    assert logs.state.saved_config() == "a"
    assert logs.apply("c") == 3
    assert logs.open.get(3).way_back == 1


def test_what_changes_nothing_is_no_revision(logs: Logs) -> None:
    logs.apply("a")
    assert logs.begin("a", before="a") == logs.open.running
    assert logs.results() == ["applied"]


def test_what_was_interrupted_is_found(logs: Logs) -> None:
    logs.apply("a")
    logs.begin("b")
    log = logs.again()
    running, interrupted = log.running, log.interrupted
    assert running is not None
    assert interrupted is not None
    assert (running.number, interrupted.number) == (1, 2)
    assert log.target(None).number == 1  # from what was interrupted, to what ran before
    revision = logs.begin("b", revision=interrupted)
    log.applied(revision, "b")
    assert logs.again().interrupted is None
    assert logs.results() == ["applied", "applied"]


def test_an_interrupted_one_is_rolled_back(logs: Logs) -> None:
    for text in ("a", "b"):
        logs.apply(text)
    logs.begin("c")
    log = logs.again()
    to = log.target(None)
    logs.apply("b", "b", to=to, ends_waiting=True)
    assert logs.results() == ["applied", "applied", "reverted", "applied"]
    assert log.get(4).way_back == 1


def test_targets(logs: Logs) -> None:
    with pytest.raises(StateError, match="no earlier configuration"):
        logs.open.target(None)
    logs.apply("a")
    with pytest.raises(StateError, match="no earlier configuration"):
        logs.open.target(None)
    logs.apply("b")
    assert logs.open.target(None).number == 1
    with pytest.raises(StateError, match="revision 2 is what runs"):
        logs.open.target(2)
    with pytest.raises(UnknownRevision, match="there is no revision 3"):
        logs.open.target(3)
    logs.apply("a", to=logs.open.target(None), ends_waiting=True)
    assert logs.open.target(None).number == 2  # a second rollback takes the first one back


def test_confirmed(logs: Logs) -> None:
    logs.apply("a")
    logs.apply("b", confirm_within=60)
    log = logs.open
    assert log.waiting is not None
    assert 59 < confirm.seconds_left(log.waiting) <= 60
    assert logs.state.saved_config() == "a"
    with pytest.raises(StateError, match="revision 2 waits for confirmation") as refused:
        log.refuse_untimely(Change(ROOT, "apply f"))
    assert "dsrlb rollback" in refused.value.hint
    log.refuse_untimely(Change(ROOT, "rollback to 1", ends_waiting=True))
    assert log.confirm(ALICE).result == "applied"
    assert logs.state.saved_config() == "b"
    assert log.get(2).reason == "confirmed by alice"
    with pytest.raises(StateError, match="nothing waits"):
        log.confirm(ALICE)


def test_what_waits_is_no_way_back(logs: Logs) -> None:
    for text in ("a", "b"):
        logs.apply(text)
    logs.apply("c", confirm_within=60)
    logs.apply("b", to=logs.open.target(None), ends_waiting=True)
    assert logs.results() == ["applied", "applied", "reverted", "applied"]
    assert logs.open.get(4).way_back == 1
    logs.apply("c", confirm_within=60)
    logs.apply("a", to=logs.open.target(1), ends_waiting=True)
    assert logs.open.get(6).way_back == 4


def test_a_way_back_that_has_to_be_confirmed_has_one(logs: Logs) -> None:
    """To what it is itself: nobody confirmed anything else."""
    logs.apply("a")
    logs.apply("b", confirm_within=60)
    logs.apply("a", to=logs.open.target(None), ends_waiting=True, confirm_within=60)
    assert logs.open.get(3).way_back == 1


def test_deadlines(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same boot, by a clock that nobody sets."""
    logs.apply("a")
    logs.apply("b", confirm_within=60)
    waiting = logs.again().waiting
    assert waiting is not None
    assert not confirm.expired(waiting)
    now = confirm.clock()
    monkeypatch.setattr(confirm, "clock", lambda: now + 61)
    assert confirm.expired(waiting)
    monkeypatch.setattr(confirm, "clock", lambda: now)
    assert not confirm.expired(waiting)
    monkeypatch.setattr(confirm, "boot_id", lambda: "another")
    assert confirm.expired(waiting)
    assert not confirm.expired(logs.open.get(1))


def test_a_full_disk_refuses_a_change(logs: Logs) -> None:
    logs.apply("a")
    full(logs)
    large = os.urandom(50_000).hex()
    with pytest.raises(StateError, match=r"cannot be recorded: .*full") as refused:
        logs.begin(large)
    assert "nothing was changed" in refused.value.hint
    assert "full" in logs.open.trouble
    assert any("changes cannot be recorded" in message for message in logs.told())
    assert logs.results() == ["applied"]
    full(logs, is_full=False)
    assert logs.apply(large) == 2
    assert logs.open.trouble == ""


def test_what_cannot_be_written_behind_a_change_is_owed(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs; that is told with the next write, and until then known here."""
    logs.apply("a")
    revision = logs.begin("b")
    store = logs.open._database.store

    def refuse(outcomes: object) -> None:
        raise StateError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(store, "record", refuse)
        logs.open.applied(revision, "b")
    assert "changes cannot be recorded: disk I/O error" in logs.told()
    with closing(sqlite3.connect(logs.paths.revisions)) as beside:
        rows = beside.execute("SELECT result FROM revision ORDER BY number").fetchall()
    assert rows == [("applied",), ("pending",)]
    assert logs.results() == ["applied", "applied"]
    assert logs.open.running is not None
    assert logs.open.running.number == 2
    assert logs.begin("c").way_back == 2
    with closing(sqlite3.connect(logs.paths.revisions)) as beside:
        rows = beside.execute("SELECT result FROM revision ORDER BY number").fetchall()
    assert rows == [("applied",), ("applied",), ("pending",)]


def test_a_file_that_cannot_be_written(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = logs.paths.saved_config
    saved.mkdir()
    (saved / "in the way").touch()
    logs.apply("a")
    assert any("the last good configuration: cannot write" in message for message in logs.told())
    (saved / "in the way").unlink()
    saved.rmdir()
    logs.apply("b")
    assert logs.state.saved_config() == "b"


def test_a_last_good_configuration_that_is_damaged_is_written_anew(logs: Logs) -> None:
    logs.apply("a")
    logs.state.saved_path.write_bytes(b"\xff")
    logs.apply("b")
    assert (logs.state.saved_config(), logs.told()) == ("b", [])


def test_config_toml_of_before_is_the_first_revision(logs: Logs) -> None:
    logs.apply("new", before="old", what="run -c f")
    first, second = logs.open.get(1), logs.open.get(2)
    assert (first.what, first.result) == ("config.toml", "applied")
    assert (logs.open.text(1), logs.open.text(2)) == ("old", "new")
    assert second.way_back == 1


def test_a_damaged_database_is_put_aside(logs: Logs) -> None:
    logs.apply("a")
    logs.damage(lambda raw: b"no database at all " * 500)
    log = logs.again()
    assert "the history was lost" in log.lost
    assert log.lost in logs.told()
    assert log.running is None
    assert len(list(logs.paths.state.glob("revisions.db.corrupt-*"))) == 1
    logs.apply("b", before="a")
    assert "the history was lost" in log.get(1).what
    assert log.get(2).way_back == 1


def test_a_damaged_text_of_what_runs_counts_as_well(logs: Logs) -> None:
    logs.apply("a")
    store = logs.open._database.store
    assert store is not None
    store._connection.execute("UPDATE text SET content = zeroblob(9)")
    logs.open.close()
    assert "the history was lost" in logs.again().lost


def test_a_newer_database_stays_as_it_is(logs: Logs) -> None:
    logs.apply("a")
    store = logs.open._database.store
    assert store is not None
    store._connection.execute("PRAGMA user_version = 2")
    logs.open.close()
    with pytest.raises(Newer):
        logs.again()
    assert not list(logs.paths.state.glob("revisions.db.corrupt-*"))


def test_a_database_that_cannot_be_opened(logs: Logs) -> None:
    """Nothing is refused but changes; what ran meanwhile becomes a revision when it can be."""
    logs.apply("a")
    logs.open.close()
    aside = logs.paths.state / "aside"
    logs.paths.revisions.rename(aside)
    logs.paths.revisions.mkdir()
    log = logs.again()
    assert "revisions.db" in log.trouble
    assert log.begin(Change(ROOT, "config.toml", unrecorded=True), "x", "d", None) is None
    log.applied(None, "x")
    with pytest.raises(StateError, match="cannot be recorded"):
        logs.begin("b", before="x")
    with pytest.raises(StateError):
        log.latest(None)
    with pytest.raises(StateError, match="cannot be recorded"):
        log.target(None)
    logs.paths.revisions.rmdir()
    aside.rename(logs.paths.revisions)
    assert len(log.latest(None)) == 1  # looking does not make it what runs
    assert logs.apply("b", before="x") == 3
    assert [log.text(number) for number in (1, 2, 3)] == ["a", "x", "b"]
    assert [row.way_back for row in log.latest(None)] == [2, 1, None]
    assert log.trouble == ""
