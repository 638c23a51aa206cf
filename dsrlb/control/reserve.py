# SPDX-License-Identifier: Apache-2.0
"""Room on the disk that is kept for the way back, which is recorded also when the disk is full."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from dsrlb.errors import StateError

BYTES = 128 << 10
"""What SQLite needs to open a database (32 KiB) and to write a revision whose text is there, and
what small files need, several times over."""


class Reserve:
    """A file that is removed when the room is needed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def held(self) -> bool:
        """Is it there?"""
        try:
            return self._path.stat().st_size == BYTES
        except OSError:
            return False

    def hold(self) -> None:
        """Have it, on the disk. Raises StateError when there is no room for it."""
        if self.held:
            return
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(os.urandom(BYTES))  # no file system makes less of it
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._path.unlink()
            raise StateError(
                f"{self._path}: {error.strerror} ({BYTES >> 10} KiB are kept for the way back)"
            ) from error

    def spend(self) -> bool:
        """Give it away; False: it was not there."""
        try:
            self._path.unlink()
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        with suppress(OSError):  # with it a journalling file system has the room for others
            os.fsync(folder)
        os.close(folder)
        return True
