# SPDX-License-Identifier: Apache-2.0
"""Save what an instance would need after the loss of its state directory, and put it back.

Saved are the last accepted configuration, which file it came from, the revisions, and which real
servers are drained or disabled; not what
`detach` has to give back to this host's interfaces, which is of this host and this boot.

A restore is refused while the daemon runs: it has the revisions open, and its maps follow a
configuration that would no longer be the one that is saved. Stopping it leaves traffic untouched,
and the next start brings the maps to what was restored. Who wants but the configuration under
traffic has `apply`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dsrlb.config import Config, digest, parse
from dsrlb.control.revisions import archive
from dsrlb.control.revisions.archive import CONFIG, ORDERS, REVISIONS, SOURCE, Backup
from dsrlb.control.state import State
from dsrlb.errors import StateError
from dsrlb.paths import Paths, for_instance

_LOGS = ("-wal", "-shm")
"""What SQLite keeps beside a database, and would apply to the next one of that name."""


def save(instance: str, file: Path) -> tuple[str, ...]:
    """Make a backup, with or without a running daemon; returns the names of what it holds.
    Raises StateError."""
    paths = for_instance(instance)
    members = {}
    for name in (CONFIG, SOURCE, ORDERS):
        content = _read(paths.state / name)
        if content is not None:
            members[name] = content
    if CONFIG not in members:
        raise StateError(
            f"instance {instance} has no saved configuration ({paths.saved_config})",
            hint="`dsrlb run` saves one when it starts; --instance names another",
        )
    revisions = paths.state / REVISIONS
    if revisions.exists():
        members[REVISIONS] = _copied(revisions)
    archive.write(file, Backup(instance, archive.now(), members))
    return tuple(members)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from error


def _copied(path: Path) -> bytes:
    """A database as it is at one moment, whoever writes to it."""
    try:
        with (
            closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database,
            closing(sqlite3.connect(":memory:")) as copy,
        ):
            database.backup(copy)
            return copy.serialize()
    except sqlite3.Error as error:
        raise StateError(f"cannot read {path}: {error}") from error


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    config: Config
    time: str
    """Of the backup."""
    members: tuple[str, ...]
    aside: Path | None
    """Where what was there before is now."""


def restore(
    instance: str, file: Path, way_back: Callable[[Path], object] = lambda _: None
) -> Restored:
    """Put a backup in the place of what an instance has. All of it is verified before anything is
    changed; what was there is kept, and ``way_back`` is told where before that. Raises StateError,
    also while a daemon runs, and ConfigError for a configuration that this version does not
    accept."""
    backup = archive.read(file)
    if backup.instance != instance:
        raise StateError(
            f"{file} is of instance {backup.instance!r}, and this is {instance!r}",
            hint="a running daemon takes the configuration alone: "
            f"tar -xOf {file} {CONFIG} | dsrlb --instance {instance} apply -",
        )
    config = _configuration(backup, file)
    paths = for_instance(instance)
    with _alone(paths, file), _staged(paths, backup.members) as staged:
        if REVISIONS in backup.members:
            _sound(staged / REVISIONS, file)
        aside = _kept(paths)
        if aside is not None:
            way_back(aside)
        _put(paths, staged, backup.members)
    return Restored(config, backup.time, tuple(backup.members), aside)


def _configuration(backup: Backup, file: Path) -> Config:
    try:
        text = backup.members[CONFIG].decode()
    except UnicodeDecodeError as error:
        raise StateError(f"{file}: {CONFIG} is not UTF-8 text") from error
    return parse(text, f"{file}({CONFIG})")


@contextmanager
def _alone(paths: Paths, file: Path) -> Iterator[None]:
    """No daemon runs meanwhile, and none starts."""
    state = State(paths)
    try:
        state.lock()
    except StateError as error:
        raise StateError(
            f"{error.message}; a restore is for when it does not run",
            hint="stop it (traffic goes on), restore, start it; or take the configuration alone, "
            f"under traffic: tar -xOf {file} {CONFIG} | dsrlb apply -",
        ) from error
    try:
        yield
    finally:
        state.unlock()


@contextmanager
def _staged(paths: Paths, members: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder beside the files that they will replace, with the new ones, on the disk."""
    folder = None
    try:
        folder = Path(tempfile.mkdtemp(prefix=".restore-", dir=paths.state))
        for name, content in members.items():
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as new:
                new.write(content)
                new.flush()
                os.fsync(new.fileno())
        yield folder
    except OSError as error:
        raise StateError(f"cannot write to {paths.state}: {error.strerror}") from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _sound(path: Path, file: Path) -> None:
    """Is it a database, and whole?"""
    try:
        with closing(sqlite3.connect(path)) as database:
            (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise StateError(f"{file}: {REVISIONS} is damaged: {error}") from error
    if answer != "ok":
        raise StateError(f"{file}: {REVISIONS} is damaged: {answer}")


def _kept(paths: Paths) -> Path | None:
    """Give what is there a second name, in a folder of its own."""
    names = [CONFIG, SOURCE, ORDERS, REVISIONS, *(REVISIONS + suffix for suffix in _LOGS)]
    there = [paths.state / name for name in names if (paths.state / name).exists()]
    if not there:
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = Path(tempfile.mkdtemp(prefix=f"before-restore-{stamp}-", dir=paths.state))
    try:
        for path in there:
            os.link(path, folder / path.name)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _sync(folder)
    _sync(paths.state)
    return folder


def _put(paths: Paths, staged: Path, members: Mapping[str, bytes]) -> None:
    """Take the new files into use; the configuration last: until then the old one stands."""
    for suffix in _LOGS:
        (paths.state / f"{REVISIONS}{suffix}").unlink(missing_ok=True)
    paths.history.unlink(missing_ok=True)  # of the revisions that were there
    for name in (REVISIONS, SOURCE, ORDERS, CONFIG):
        if name in members:
            os.replace(staged / name, paths.state / name)
        else:
            (paths.state / name).unlink(missing_ok=True)
    _sync(paths.state)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def summary(restored: Restored) -> str:
    """In one line, what the next start begins with."""
    return f"configuration {digest(restored.config)} of {restored.time}"
