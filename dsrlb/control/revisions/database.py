# SPDX-License-Identifier: Apache-2.0
"""The database's file, and a note beside it: one that is damaged, lost or replaced is told of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from dsrlb.control import smallfiles
from dsrlb.control.reserve import Reserve
from dsrlb.control.revisions.files import set_aside
from dsrlb.control.revisions.store import Corrupt, Newer, Store
from dsrlb.errors import StateError
from dsrlb.paths import Paths

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Note:
    """The number of the last revision; what was lost and no daemon has told yet."""

    last: int = 0
    lost: str = ""


def _parsed(raw: bytes) -> _Note:
    """Raises one of smallfiles.DAMAGE."""
    content = json.loads(raw)
    return _Note(smallfiles.number(content["last"]), smallfiles.text(content["lost"]))


class Database:
    """Opens the store, and again where that has to be. ``tell`` is told of what is lost, and
    ``lost`` keeps it."""

    def __init__(self, paths: Paths, reserve: Reserve, tell: Callable[[str], None]) -> None:
        self._path = paths.revisions
        self._note_path = paths.history
        self._reserve = reserve
        self._tell = tell
        self.store: Store | None = None
        self.trouble: StateError | None = None
        """Why the store that is open is only to be read."""
        without = "whether a history was lost before cannot be told"
        self._note = smallfiles.read(self._note_path, _parsed, without, tell) or _Note()
        self.lost = self._note.lost
        if self.lost:
            tell(self.lost)

    def open(self) -> Store:
        """Open it, or make one; a damaged one is renamed, and a new one begun. Raises StateError,
        and Newer, which is one."""
        noted = self._note.last
        lost = self._missing() if noted else ""
        try:
            store = _readable(self._opened())
        except Corrupt as error:
            aside = set_aside(self._path)
            lost = f"{error.message}; what is left is {aside}"
            store = Store(self._path)
        self.store = store
        last = store.last()
        if lost:
            self._lose(f"the history was lost: {lost}")
        elif last < noted:
            self._lose(
                f"a part of the history was lost: {self._path} ends with revision {last}, and "
                f"there was {noted}: it is an earlier one"
            )
        self.note(last)
        return store

    def _missing(self) -> str:
        """Why there is nothing to open, where there was something."""
        noted = f", and there were revisions up to {self._note.last}"
        try:
            return "" if self._path.stat().st_size else f"{self._path} is empty{noted}"
        except OSError:
            return f"{self._path} is not there{noted}"

    def _opened(self) -> Store:
        """Only to be read where there is no room for what SQLite has beside it."""
        try:
            self.trouble = None
            return self.in_kept_room(lambda: Store(self._path))
        except (Corrupt, Newer):
            raise
        except StateError as error:
            self.trouble = error
            return Store(self._path, writable=False)

    def in_kept_room(self, work: Callable[[], T]) -> T:
        """Open or write the database, in the room that is kept for it if there is no other. Raises
        StateError."""
        try:
            return work()
        except (Corrupt, Newer):
            raise
        except StateError:
            if not self._reserve.spend():
                raise
            return work()

    @property
    def moved(self) -> bool:
        """Is the file not the one any more that is open?"""
        return self.store is not None and not self.store.in_place()

    def writable(self, store: Store) -> Store:
        """The store that is open, fit to record something. Raises StateError."""
        if not store.in_place():
            return self._put_back(store)
        if not store.writable:
            self.store = self.in_kept_room(lambda: Store(self._path))
            self.trouble = None
            store.close()
        return self.store or store

    def _put_back(self, store: Store) -> Store:
        """Somebody removed, emptied or replaced the file. What is open has all of it, mostly."""
        what = self._missing().partition(",")[0] or f"{self._path} was replaced"
        copy = Path(f"{self._path}.copy")
        lost = ""
        with suppress(OSError):  # which copy() tells
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        try:
            store.copy(copy)
            _readable(Store(copy)).close()
        except Corrupt as error:
            lost = error.message
            copy.unlink(missing_ok=True)
        aside = set_aside(self._path, "aside")
        self.store = None
        store.close()
        kept = f"; what was there is {aside}" if aside.exists() else ""
        try:
            for suffix in () if kept else ("-wal", "-shm"):  # of what is open: copied
                Path(f"{aside}{suffix}").unlink(missing_ok=True)
            if not lost:
                os.replace(copy, self._path)
        except OSError as error:
            raise StateError(f"cannot put back {self._path}: {error.strerror}") from error
        if lost:
            self._lose(f"the history was lost: {what} while a daemon had it open, {lost}{kept}")
        else:
            self._tell(f"{what} while a daemon had it open: written anew, with all of it{kept}")
        self.store = Store(self._path)
        return self.store

    def _lose(self, message: str) -> None:
        self.lost = "; ".join(filter(None, (self.lost, message)))
        self._note = _Note(self._note.last, self.lost)
        self._tell(message)

    def told(self) -> None:
        """A daemon that runs has told what was lost; the next one need not."""
        self._write(_Note(self._note.last))

    def note(self, last: int) -> None:
        """The number of the last revision, for the next start."""
        self._write(_Note(last, self._note.lost))

    def _write(self, note: _Note) -> None:
        """Not worth to wait for the disk: an older one says as much."""
        self._note = note
        new = self._note_path.with_name(f"{self._note_path.name}.new")
        with suppress(OSError):
            new.write_text(json.dumps(asdict(note)))
            os.replace(new, self._note_path)

    def close(self) -> None:
        """What is committed is on the disk anyhow."""
        if self.store is not None:
            self.store.close()


def _readable(store: Store) -> Store:
    """The store, with what a start needs of it. Raises Corrupt."""
    try:
        for found in (store.running(), store.pending()):
            if found is not None:
                store.text(found.number)
    except Corrupt:
        store.close()
        raise
    return store
