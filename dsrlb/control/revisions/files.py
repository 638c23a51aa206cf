# SPDX-License-Identifier: Apache-2.0
"""A database as files: which one it is, and renamed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from dsrlb.errors import StateError


def set_aside(path: Path, kind: str = "corrupt") -> Path:
    """Rename a database and its log, for whoever wants to look; returns the new name.

    Raises StateError when that is refused.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside, count = Path(f"{path}.{kind}-{stamp}"), 1
    while aside.exists():
        count += 1
        aside = Path(f"{path}.{kind}-{stamp}-{count}")
    try:
        for suffix in ("-wal", "-shm", ""):  # the database last: until then it is found again
            old = Path(f"{path}{suffix}")
            if os.path.lexists(old):
                os.replace(old, f"{aside}{suffix}")
    except OSError as error:
        raise StateError(f"cannot rename {path}: {error.strerror}") from error
    return aside


def identity(path: Path) -> tuple[int, int] | None:
    """Which file that is; None: none, or an empty one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None
