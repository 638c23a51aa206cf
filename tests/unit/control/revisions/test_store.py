# SPDX-License-Identifier: Apache-2.0
"""The store of revisions: what is written is there, whole or not at all, whatever happens."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dsrlb.control.revisions import store as revisions
from dsrlb.control.revisions.files import set_aside
from dsrlb.control.revisions.store import Corrupt, New, Newer, Outcome, Store
from dsrlb.errors import StateError

ROOT = Path(__file__).resolve().parents[4]


def new(way_back: int | None = None, **more: object) -> New:
    """A change by root."""
    return New(0, "root", "", "apply f", "0123456789ab", way_back, **more)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "revisions.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    yield opened
    opened.close()


def applied(store: Store, text: str, way_back: int | None = None, **more: object) -> int:
    """A revision that came through; returns its number."""
    number = store.add(new(way_back, **more), text).number
    store.record([Outcome(number, "applied")])
    return number


def test_a_new_one_is_private_and_durable(path: Path, store: Store) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert (store.running(), store.pending(), store.latest(), store.get(1)) == (
        None,
        None,
        [],
        None,
    )


def test_the_life_of_a_revision(store: Store) -> None:
    first = store.add(new(), "a = 1\n")
    assert (first.number, first.result, first.user) == (1, "pending", "root")
    assert first.time.endswith("+00:00")
    assert store.pending() == first
    assert store.running() is None
    store.record([Outcome(1, "applied")])
    assert store.pending() is None
    running = store.running()
    assert running is not None
    assert (running.number, running.result) == (1, "applied")
    store.add(new(1), "a = 2\n")
    store.record([Outcome(2, "failed", "the kernel refused")])
    assert store.running() == running
    assert [(row.number, row.result, row.reason) for row in store.latest()] == [
        (2, "failed", "the kernel refused"),
        (1, "applied", ""),
    ]
    assert [row.number for row in store.latest(1)] == [2]
    assert [store.text(number) for number in (1, 2)] == ["a = 1\n", "a = 2\n"]


def test_what_ends_a_waiting_reverts_it(store: Store) -> None:
    applied(store, "a")
    waiting = store.add(new(1, confirm_within=60, deadline=12.5, boot="x"), "b")
    store.record([Outcome(2, "waiting")])
    assert (waiting.confirm_within, waiting.deadline, waiting.boot) == (60, 12.5, "x")
    store.add(new(1, ends=2), "a")
    found = store.running()
    assert found is not None
    assert (found.number, found.result) == (2, "waiting")  # as long as 3 is pending
    store.record([Outcome(3, "applied")])
    assert [row.result for row in store.latest()] == ["applied", "reverted", "applied"]


def test_a_new_one_takes_the_place_of_a_pending_one(store: Store) -> None:
    store.add(new(), "a")
    store.add(new(), "b")
    assert [row.result for row in store.latest()] == ["pending", "failed"]


def test_outcomes_that_are_owed_are_written_with_the_next_one(store: Store) -> None:
    store.add(new(), "a")
    store.add(new(), "b", before=[Outcome(1, "applied")])
    assert [row.result for row in store.latest()] == ["pending", "applied"]


def test_equal_texts_are_kept_once(store: Store) -> None:
    for text in ("a", "b", "a"):
        applied(store, text)
    assert store._connection.execute("SELECT count(*) FROM text").fetchone() == (2,)


def test_the_history_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs and its way back stay, however many come behind them and fail."""
    monkeypatch.setattr(revisions, "KEPT", 5)
    for text in ("a", "b", "c"):
        applied(store, text)
    applied(store, "d", way_back=2)
    for count in range(20):
        store.add(new(4), f"bad {count}")
        number = store.latest(1)[0].number
        store.record([Outcome(number, "failed", "no")])
    assert [row.number for row in store.latest()] == [24, 23, 22, 21, 20, 4, 2]
    assert store._connection.execute("SELECT count(*) FROM text").fetchone() == (7,)
    assert store.text(2) == "b"
    assert applied(store, "e", way_back=4) == 25  # numbers are not used again
    store.add(new(25), "f")
    assert [row.number for row in store.latest()] == [26, 25, 24, 23, 22, 4]


_VICTIM = """
import os, signal, sys
from pathlib import Path
from dsrlb.control.revisions.store import New, Outcome, Store

left = int(sys.argv[2])
store = Store(Path(sys.argv[1]))
connection = store._connection

class Dying:
    in_transaction = property(lambda self: connection.in_transaction)

    def execute(self, *arguments):
        global left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return connection.execute(*arguments)

store._connection = Dying()
new = New(0, "root", "", "apply f", "0123456789ab", 1, ends=2)
number = store.add(new, "c").number
store.record([Outcome(number, "applied")])
"""


def test_killed_between_any_two_statements(path: Path) -> None:
    """Before, begun, or done; the next one to open it sees nothing in between."""
    seen, code, statement = [], -signal.SIGKILL, 0
    while code == -signal.SIGKILL:
        for file in path.parent.glob("revisions.db*"):
            file.unlink()
        fresh = Store(path)
        applied(fresh, "a")
        fresh.add(new(1, confirm_within=60), "b")
        fresh.record([Outcome(2, "waiting")])
        fresh.close()
        command = [sys.executable, "-c", _VICTIM, str(path), str(statement)]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        found = Store(path)
        seen.append([row.result for row in found.latest()][::-1])
        for row in found.latest():
            found.text(row.number)
        found.close()
        statement += 1
    assert code == 0
    before, begun = ["applied", "waiting"], ["applied", "waiting", "pending"]
    done = ["applied", "reverted", "applied"]
    assert [state for n, state in enumerate(seen) if n == 0 or state != seen[n - 1]] == [
        before,
        begun,
        done,
    ]
    assert statement > 8


def _spoil_header(path: Path) -> None:
    path.write_bytes(b"This is no database. " * 400)


def _spoil_pages(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[4096:] = os.urandom(len(raw) - 4096)
    path.write_bytes(raw)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("spoil", [_spoil_header, _spoil_pages, _cut])
def test_a_damaged_file_is_told_and_put_aside(path: Path, spoil: Callable[[Path], None]) -> None:
    store = Store(path)
    for count in range(50):
        applied(store, f"{count}")
    store.close()
    spoil(path)
    damaged = path.read_bytes()
    with pytest.raises(Corrupt, match=str(path)):
        Store(path)
    aside, again = set_aside(path), path
    assert aside.name.startswith("revisions.db.corrupt-")
    assert aside.read_bytes() == damaged
    again.write_bytes(b"x")
    assert set_aside(path) != aside
    store = Store(path)
    assert store.latest() == []
    store.close()


def test_a_damaged_text_is_told(path: Path, store: Store) -> None:
    applied(store, "a")
    store._connection.execute("UPDATE text SET content = zeroblob(20)")
    with pytest.raises(
        Corrupt, match=r"of revision 1 is damaged in .*revisions\.db \(Error -3 while"
    ) as told:
        store.text(1)
    assert "`dsrlb history` lists them" in told.value.hint
    store._connection.execute("UPDATE text SET content = ?", (zlib.compress(b"other"),))
    with pytest.raises(Corrupt, match=r"revision 1 is damaged .*it is not what was written"):
        store.text(1)
    store._connection.execute("UPDATE text SET content = 5")
    with pytest.raises(Corrupt, match="revision 1 is damaged"):
        store.text(1)


def test_a_newer_layout_is_refused(path: Path) -> None:
    store = Store(path)
    store._connection.execute("PRAGMA user_version = 7")
    store.close()
    with pytest.raises(Newer, match="layout 7, this version knows 1"):
        Store(path)
    with pytest.raises(Newer):
        Store(path, writable=False)


def test_a_full_disk_changes_nothing(path: Path, store: Store) -> None:
    """The write is refused as a whole, and works again when there is room."""
    applied(store, "a")
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    large = os.urandom(100_000).hex()
    with pytest.raises(StateError, match="full"):
        store.add(new(1), large, before=[Outcome(1, "reverted")])
    assert [row.result for row in store.latest()] == ["applied"]
    store._connection.execute("PRAGMA max_page_count = 1000000")
    assert store.add(new(1), large).number == 2


def test_a_file_that_cannot_grow(path: Path) -> None:
    """As above, by the kernel's own refusal (RLIMIT_FSIZE), in a process of its own."""
    script = (
        "import os, resource, signal, sys\n"
        "from pathlib import Path\n"
        "from dsrlb.control.revisions.store import New, Store\n"
        "from dsrlb.errors import StateError\n"
        "store = Store(Path(sys.argv[1]))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    store.add(New(0, 'root', '', 'f', 'd', 1), os.urandom(200_000).hex())\n"
        "except StateError as error:\n"
        "    print(type(error).__name__, [row.result for row in store.latest()])\n"
    )
    store = Store(path)
    applied(store, "a")
    store.close()
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], cwd=ROOT, capture_output=True, check=True
    )
    assert done.stdout.decode() == "StateError ['applied']\n"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_reading_alone(path: Path, store: Store) -> None:
    """Beside a writer; nothing can be written."""
    applied(store, "a")
    reader = Store(path, writable=False)
    assert [row.result for row in reader.latest()] == ["applied"]
    with pytest.raises(StateError, match="readonly"):
        reader.add(new(), "b")
    reader.close()


def test_there_is_nothing_to_read(path: Path) -> None:
    with pytest.raises(StateError, match=str(path)):
        Store(path, writable=False)
    path.touch()
    with pytest.raises(StateError, match="holds no revisions yet"):
        Store(path, writable=False)


def test_a_place_where_no_file_can_be(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="gone"):
        Store(tmp_path / "gone" / "revisions.db")
