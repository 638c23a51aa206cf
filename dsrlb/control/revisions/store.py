# SPDX-License-Identifier: Apache-2.0
"""The store of configuration revisions: one SQLite file per instance, and nothing but SQLite.

A revision is written as ``pending`` before the maps change and gets its result behind that. What
runs is the newest one that is ``applied`` or ``waiting`` (for confirmation). Every write is one
transaction, on the disk when it returns.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dsrlb.control.revisions.files import identity
from dsrlb.control.revisions.packed import Packer
from dsrlb.errors import StateError

SCHEMA = 1
"""The layout of the tables (PRAGMA user_version)."""
KEPT = 1000
"""Revisions that are kept; what runs and its way back are kept beyond that."""

RUNNING = ("applied", "waiting")
_TABLES = """
CREATE TABLE text (hash TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE revision (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    uid INTEGER NOT NULL,
    user TEXT NOT NULL,
    said TEXT NOT NULL,
    what TEXT NOT NULL,
    digest TEXT NOT NULL,
    result TEXT NOT NULL
        CHECK (result IN ('pending', 'waiting', 'applied', 'failed', 'reverted')),
    reason TEXT NOT NULL,
    way_back INTEGER,
    ends INTEGER,
    confirm_within INTEGER,
    deadline REAL,
    boot TEXT,
    hash TEXT NOT NULL REFERENCES text (hash)
);
"""


class Corrupt(StateError):
    """The file is no database, or a damaged one."""


class Newer(StateError):
    """The file was written by a newer version."""


@dataclass(frozen=True, slots=True)
class New:
    """What is known of a revision before it is applied."""

    uid: int  # as the kernel said
    user: str  # the name of that uid
    said: str  # who the client said to act for; empty: nobody
    what: str  # the command or file
    digest: str
    way_back: int | None  # the revision that a rollback from this one goes to
    ends: int | None = None  # the one whose waiting for confirmation ends with this one
    confirm_within: int | None = None  # seconds
    deadline: float | None = None  # seconds of CLOCK_BOOTTIME, in the boot that ``boot`` names
    boot: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision. ``result``: pending, waiting, applied, failed or reverted."""

    number: int
    time: str  # ISO 8601, UTC
    uid: int
    user: str
    said: str
    what: str
    digest: str
    result: str
    reason: str
    way_back: int | None
    ends: int | None
    confirm_within: int | None
    deadline: float | None
    boot: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a revision."""

    number: int
    result: str
    reason: str = ""


_COLUMNS = ", ".join(field.name for field in fields(Revision))
_NEW = [field.name for field in fields(New)]
_INSERT = (
    f"INSERT INTO revision (time, {', '.join(_NEW)}, result, reason, hash) "
    f"VALUES (?, {', '.join('?' * len(_NEW))}, ?, '', ?)"
)
_DATABASE_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Store:
    """The open database. Not for two threads at a time.

    Every method raises StateError for what SQLite refuses (a full disk, a file that cannot be
    written), and Corrupt, which is one, for a damaged file.
    """

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        """Open it, or make a new one; without ``writable`` it has to be there. To be read it needs
        no room, unless a writer was killed before it had any.

        Raises StateError also for a database of a newer version.
        """
        self._path = path
        self.writable = writable
        self._packer = Packer()
        with self._told():
            self._connection = self._connect(writable)
        try:
            self._prepare(writable)
        except StateError:
            self._connection.close()
            raise
        self._identity = identity(path)

    def in_place(self) -> bool:
        """Is the file of that name the one that is open, and not emptied?"""
        return self._identity is not None and identity(self._path) == self._identity

    def copy(self, path: Path) -> None:
        """Write all of it, as it is now, to another file. Raises StateError; it is removed then."""
        path.unlink(missing_ok=True)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            with self._told(), closing(sqlite3.connect(path)) as other:
                self._connection.backup(other)
        except (OSError, StateError) as error:
            path.unlink(missing_ok=True)
            if isinstance(error, StateError):
                raise
            raise StateError(f"{path}: {error.strerror}") from error

    def _connect(self, writable: bool) -> sqlite3.Connection:
        if writable:  # not to be read by others from its first moment
            try:
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            except OSError as error:
                raise StateError(f"{self._path}: {error.strerror}") from error
        mode = "rw" if writable else "ro"
        log = Path(f"{self._path}-wal")
        if not writable and not (log.exists() and log.stat().st_size):
            mode += "&immutable=1"  # all of it is in the file: none of SQLite's others is needed
        return sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=5.0,
        )

    def _prepare(self, writable: bool) -> None:
        with self._told():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA:
                raise Newer(
                    f"{self._path} has layout {version}, this version knows {SCHEMA}",
                    hint="it was written by a newer dsrlb: start that one, or move the file away "
                    "(the history is lost then; config.toml stays)",
                )
            if not writable and version == 0:
                raise StateError(f"{self._path} holds no revisions yet")
            if writable:
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.execute("PRAGMA foreign_keys = ON")
            if writable and version < SCHEMA:
                self._make_tables()
            (found,) = self._connection.execute("PRAGMA quick_check('revision')").fetchone()
            if found != "ok":
                raise Corrupt(f"{self._path} is damaged: {found}")

    def _make_tables(self) -> None:
        with self._writing():
            for statement in _TABLES.split(";"):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {SCHEMA}")

    def close(self) -> None:
        """Close it; what is committed is on the disk anyhow."""
        self._connection.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's errors as ours."""
        try:
            yield
        except sqlite3.Error as error:
            kind = Corrupt if _is_damage(error) else StateError
            raise kind(f"{self._path}: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all of the block, or nothing."""
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _rows(self, rest: str, *values: Any) -> list[Revision]:
        with self._told():
            found = self._connection.execute(f"SELECT {_COLUMNS} FROM revision {rest}", values)
            return [Revision(*row) for row in found.fetchall()]

    def get(self, number: int) -> Revision | None:
        """The revision of that number; None: there is none (any more)."""
        return next(iter(self._rows("WHERE number = ?", number)), None)

    def last(self) -> int:
        """The highest number so far; 0: none."""
        return max((revision.number for revision in self.latest(1)), default=0)

    def latest(self, limit: int | None = None) -> list[Revision]:
        """The newest ones, newest first."""
        return self._rows("ORDER BY number DESC LIMIT ?", -1 if limit is None else limit)

    def span(self) -> tuple[int, int]:
        """The numbers of the oldest and of the latest one; 0: there is none."""
        wanted = "SELECT ifnull(min(number), 0), ifnull(max(number), 0) FROM revision"
        with self._told():
            first, last = self._connection.execute(wanted).fetchone()
        return first, last

    def running(self) -> Revision | None:
        """What runs; None: nothing was applied yet."""
        wanted = "WHERE result IN (?, ?) ORDER BY number DESC LIMIT 1"
        return next(iter(self._rows(wanted, *RUNNING)), None)

    def pending(self) -> Revision | None:
        """What was begun and has no result: the daemon was killed meanwhile."""
        wanted = "WHERE result = 'pending' ORDER BY number DESC LIMIT 1"
        return next(iter(self._rows(wanted)), None)

    def text(self, number: int) -> str:
        """The configuration of a revision that is there."""
        wanted = "SELECT hash, content FROM revision JOIN text USING (hash) WHERE number = ?"
        with self._told():
            row = self._connection.execute(wanted, (number,)).fetchone()
        try:
            digest, text = row[0], zlib.decompress(row[1])
        except (TypeError, zlib.error) as error:
            raise self._damaged(number, str(error)) from error
        if hashlib.sha256(text).hexdigest() != digest:
            raise self._damaged(number, "it is not what was written")
        return text.decode()

    def _damaged(self, number: int, why: str) -> Corrupt:
        return Corrupt(
            f"the configuration of revision {number} is damaged in {self._path} ({why})",
            hint="that of others may be whole: `dsrlb history` lists them, `dsrlb rollback NUMBER` "
            "goes to one, `dsrlb apply FILE` makes a new one",
        )

    def add(
        self, new: New, text: str, result: str = "pending", before: Sequence[Outcome] = ()
    ) -> Revision:
        """Keep a revision; returns it with its number. ``before``: outcomes of earlier ones that
        are written with it. Another one that is pending has failed by that, and what it ends is
        over if it runs already."""
        raw = text.encode()
        digest = hashlib.sha256(raw).hexdigest()
        with self._writing():
            self._write(before)
            self._connection.execute(
                "INSERT OR IGNORE INTO text VALUES (?, ?)", (digest, self._packer.pack(text))
            )
            added = self._connection.execute(_INSERT, (_now(), *astuple(new), result, digest))
            number = added.lastrowid
            if result in RUNNING and number is not None:
                self._write([Outcome(number, result)])
            self._connection.execute(
                "UPDATE revision SET result = 'failed', reason = ? "
                "WHERE result = 'pending' AND number < ?",
                (f"not finished; revision {number} came instead", number),
            )
            self._prune()
        return self._rows("WHERE number = ?", number)[0]

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Write what became of revisions."""
        with self._writing():
            self._write(outcomes)

    def _write(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self._connection.execute(
                "UPDATE revision SET result = ?, reason = ? WHERE number = ?",
                (outcome.result, outcome.reason, outcome.number),
            )
            if outcome.result in RUNNING:
                self._connection.execute(
                    "UPDATE revision SET result = 'reverted', reason = ? "
                    "WHERE number = (SELECT ends FROM revision WHERE number = ?)",
                    (f"by revision {outcome.number}", outcome.number),
                )

    def _prune(self) -> None:
        """Forget the oldest ones, but never what runs, its way back, and what is pending."""
        running = "SELECT max(number) FROM revision WHERE result IN ('applied', 'waiting')"
        removed = self._connection.execute(
            "DELETE FROM revision WHERE result != 'pending' "
            "AND number <= (SELECT max(number) FROM revision) - ? "
            f"AND number != ifnull(({running}), 0) AND number != ifnull("
            f"(SELECT way_back FROM revision WHERE number = ({running})), 0)",
            (KEPT,),
        )
        if removed.rowcount:
            self._connection.execute(
                "DELETE FROM text WHERE hash NOT IN (SELECT hash FROM revision)"
            )


def _is_damage(error: sqlite3.Error) -> bool:
    """Is the file at fault, and not the disk or who asks?"""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DATABASE_DAMAGED
