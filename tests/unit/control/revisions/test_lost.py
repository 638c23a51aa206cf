# SPDX-License-Identifier: Apache-2.0
"""A history that is lost, or not the one that was there, is told of: always, and once."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dsrlb.control.revisions import offline
from dsrlb.control.revisions.store import Corrupt, Store
from dsrlb.errors import StateError
from tests.unit.control.logs import ALICE, Logs


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    found = Logs()
    for text in ("a", "b"):
        found.apply(text)
    yield found
    found.open.close()


def _emptied(logs: Logs) -> None:
    os.truncate(logs.paths.revisions, 0)


def _removed(logs: Logs) -> None:
    logs.paths.revisions.unlink()


def _damaged(logs: Logs) -> None:
    logs.paths.revisions.write_bytes(b"no database at all " * 500)


@pytest.mark.parametrize(
    ("lose", "says"),
    [
        (_emptied, "is empty, and there were revisions up to 2"),
        (_removed, "is not there, and there were revisions up to 2"),
        (_damaged, "file is not a database; what is left is "),
    ],
)
def test_between_two_daemons(logs: Logs, lose: Callable[[Logs], None], says: str) -> None:
    logs.open.close()
    lose(logs)
    log = logs.again()
    assert "the history was lost: " in log.lost
    assert says in log.lost
    assert logs.told() == [log.lost]
    assert logs.again().lost == log.lost  # the start that came before this one was refused
    logs.open.told()
    assert logs.again().lost == ""


def test_what_was_lost_twice_is_told_as_such(logs: Logs) -> None:
    """Nobody told of the first loss before the second one."""
    logs.open.close()
    _damaged(logs)
    first = logs.again().lost
    logs.apply("c")
    logs.open.close()
    _removed(logs)
    lost = logs.again().lost
    assert lost.startswith(f"{first}; the history was lost: ")
    assert logs.told()[-1] == lost.removeprefix(f"{first}; ")


def test_a_loss_takes_no_room(logs: Logs) -> None:
    """What is kept for the way back makes nothing of it better."""
    logs.open.close()
    _damaged(logs)
    logs.again()
    assert logs.state.reserve.held


def test_an_interrupted_one_that_cannot_be_read(logs: Logs) -> None:
    logs.begin("c")
    _spoil(logs.paths.revisions, 3)
    assert "of revision 3 is damaged" in logs.again().lost


def test_what_an_offline_command_put_aside(logs: Logs) -> None:
    """It names the loss, and the next start does, too."""
    logs.open.close()
    _damaged(logs)
    with pytest.raises(StateError, match="no earlier configuration: the history was lost: "):
        offline.rollback("main", None, False, ALICE, lambda _: None)
    log = logs.again()
    assert "what is left is " in log.lost
    assert log.lost in logs.told()


def test_an_earlier_one_in_its_place(logs: Logs) -> None:
    logs.open.close()
    aside = logs.paths.state / "aside"
    shutil.copy(logs.paths.revisions, aside)
    logs.again()
    logs.apply("c")
    logs.open.close()
    aside.replace(logs.paths.revisions)
    log = logs.again()
    assert "a part of the history was lost: " in log.lost
    assert "ends with revision 2, and there was 3: it is an earlier one" in log.lost
    log.told()
    assert logs.again().lost == ""


def test_nothing_is_lost_where_there_was_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first start, and one that was killed before there were tables."""
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path / "other"))
    logs = Logs()
    assert logs.open.lost == ""
    logs.open.close()
    logs.paths.revisions.unlink()
    logs.paths.revisions.touch()
    assert logs.again().lost == ""
    assert logs.told() == []
    logs.open.close()


@pytest.mark.parametrize("note", [b"", b"[]", b"{}", b'{"last": "2", "lost": ""}', b"\xff"])
def test_a_damaged_note(logs: Logs, note: bytes) -> None:
    logs.open.close()
    logs.paths.history.write_bytes(note)
    assert logs.again().lost == ""
    assert "whether a history was lost before cannot be told" in logs.told()[0]
    logs.again()
    assert logs.told() == []
    logs.open.close()
    _removed(logs)
    assert "revisions up to 2" in logs.again().lost


def _spoil(path: Path, number: int) -> None:
    """The text of a revision."""
    with closing(sqlite3.connect(path)) as other:
        other.execute(
            "UPDATE text SET content = zeroblob(9) WHERE hash = "
            "(SELECT hash FROM revision WHERE number = ?)",
            (number,),
        )
        other.commit()


def _with_its_logs(logs: Logs) -> None:
    for path in logs.paths.state.glob("revisions.db*"):
        path.unlink()


def _replaced(logs: Logs) -> None:
    _with_its_logs(logs)
    with closing(sqlite3.connect(logs.paths.revisions)) as other:
        other.execute("CREATE TABLE something (else_ TEXT)")


@pytest.mark.parametrize(
    ("lose", "says"),
    [(_removed, "is not there"), (_with_its_logs, "is not there"), (_replaced, "was replaced")],
)
def test_under_a_daemon_it_is_put_back(logs: Logs, lose: Callable[[Logs], None], says: str) -> None:
    """With what waits, and the way back from it: nothing is lost."""
    logs.apply("c", confirm_within=60)
    lose(logs)
    logs.open.catch_up()
    (message,) = logs.told()
    assert f"revisions.db {says} while a daemon had it open: written anew, with all" in message
    assert ("; what was there is " in message) is (lose is _replaced)
    assert not logs.open.behind
    logs.apply("b", to=logs.open.target(None), ends_waiting=True)
    log = logs.again()
    assert log.lost == ""
    assert logs.results() == ["applied", "applied", "reverted", "applied"]
    assert log.text(4) == "b"
    names = {path.name.partition("-")[0] for path in logs.paths.state.glob("revisions.db*")}
    assert names == {"revisions.db", *({"revisions.db.aside"} if lose is _replaced else ())}
    assert logs.paths.revisions.stat().st_mode & 0o777 == 0o600


def test_the_whole_folder_is_put_back(logs: Logs) -> None:
    shutil.rmtree(logs.paths.state)
    assert logs.apply("c") == 3
    assert logs.again().text(3) == "c"
    assert logs.results() == ["applied"] * 3
    assert logs.paths.state.stat().st_mode & 0o777 == 0o750


def test_a_change_finds_it_first(logs: Logs) -> None:
    _removed(logs)
    assert logs.apply("c") == 3
    assert logs.again().text(3) == "c"
    assert logs.results() == ["applied"] * 3


def test_what_cannot_be_put_back_begins_anew(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what runs, and it is told of."""
    _emptied(logs)

    def refuse(store: Store, path: Path) -> None:
        raise Corrupt("the file is no database")

    monkeypatch.setattr(Store, "copy", refuse)
    assert logs.apply("c", before="b") == 2
    assert "is empty while a daemon had it open, the file is no database" in logs.open.lost
    assert logs.open.lost in logs.told()
    assert [logs.open.text(number) for number in (1, 2)] == ["b", "c"]
    assert logs.open.lost in logs.again().lost


def test_what_is_put_back_can_be_read(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy without what runs is none."""
    _removed(logs)
    copy = Store.copy

    def spoiled(store: Store, path: Path) -> None:
        copy(store, path)
        _spoil(path, 2)

    monkeypatch.setattr(Store, "copy", spoiled)
    assert logs.apply("c", before="b") == 2
    assert "of revision 2 is damaged" in logs.open.lost
    assert [logs.open.text(number) for number in (1, 2)] == ["b", "c"]
    assert not list(logs.paths.state.glob("*.copy*"))


def test_emptied_under_a_daemon(logs: Logs) -> None:
    """Whatever is left of it, that is told, and what runs is in it."""
    _emptied(logs)
    logs.apply("c", before="b")
    assert any("is empty while a daemon had it open" in message for message in logs.told())
    log = logs.again()
    assert log.running is not None
    assert log.text(log.running.number) == "c"
    assert log.running.way_back is not None
    assert log.text(log.running.way_back) == "b"


def test_no_room_to_put_it_back(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change is refused, and what is open stays so."""
    _removed(logs)

    def refuse(store: Store, path: Path) -> None:
        raise StateError("disk full")

    with monkeypatch.context() as full:
        full.setattr(Store, "copy", refuse)
        with pytest.raises(StateError, match="cannot be recorded: disk full"):
            logs.begin("c")
    assert logs.apply("c") == 3
