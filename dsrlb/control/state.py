# SPDX-License-Identifier: Apache-2.0
"""Files of an instance: the last accepted configuration, what was changed on interfaces, a lock."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from dsrlb.control import smallfiles
from dsrlb.control.reserve import Reserve
from dsrlb.errors import StateError
from dsrlb.observe.events import EventLog
from dsrlb.paths import Paths
from dsrlb.printable import printable

T = TypeVar("T")


class State:
    """The state directory of an instance."""

    def __init__(self, paths: Paths, events: EventLog | None = None) -> None:
        self._paths = paths
        self._events = events or EventLog()
        self.damage: list[str] = []
        """What was told of damaged files."""
        self._lock: int | None = None
        self.reserve = Reserve(paths.state / "reserve")

    def lock(self) -> None:
        """Make sure that this is the only daemon of the instance; StateError if it is not."""
        path = self._paths.lock
        try:
            self._paths.state.mkdir(parents=True, exist_ok=True, mode=0o750)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateError(f"cannot open {path}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = path.read_text(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise StateError(
                f"instance {self._paths.instance} is already run by process {owner}",
                hint="`dsrlb status` asks it; another balancer needs another --instance",
            ) from error
        with suppress(OSError):  # no room: it is locked all the same
            os.truncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        self._lock = descriptor
        smallfiles.sweep(path.parent)

    def unlock(self) -> None:
        """Let another one begin."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def saved_path(self) -> Path:
        """Where the last good configuration is."""
        return self._paths.saved_config

    def saved_config(self) -> str | None:
        """The text of the last good configuration, or None. Raises StateError."""
        path = self._paths.saved_config
        try:
            return path.read_text()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"cannot read {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise StateError(f"cannot read {path}: {error}") from error

    def has_saved(self, text: str) -> bool:
        """Is that the last good configuration? What cannot be read is not."""
        try:
            return self.saved_config() == text
        except StateError:
            return False

    def save_config(self, text: str) -> None:
        """Keep a configuration that was applied."""
        smallfiles.write_atomically(self._paths.saved_config, text)

    def remember_source(self, path: Path) -> Path:
        """Keep which file the configuration came from (status compares it); returns it as it is
        kept. Raises StateError."""
        try:
            name = str(path.resolve())
        except (OSError, RuntimeError, ValueError) as error:  # links in a circle; a 0 byte
            raise StateError(f"{printable(str(path))} is not remembered: {error}") from error
        if not name.isprintable():
            raise StateError(f"{printable(name)} is not remembered: it has control characters")
        smallfiles.write_atomically(self._paths.state / "source", f"{name}\n")
        return Path(name)

    def source(self) -> Path | None:
        """The file that `run -c` or `apply` was last given, or None."""
        without = "no file is compared with what runs, until `apply` names one"
        return self._read("source", smallfiles.file, without)

    def _read(self, name: str, parse: Callable[[bytes], T], without: str) -> T | None:
        return smallfiles.read(self._paths.state / name, parse, without, self._tell_damage)

    def _tell_damage(self, message: str) -> None:
        self.damage.append(message)
        self._events.add("state", message, "error")

    def _write(self, name: str, text: str) -> None:
        """A file that the way back may need, in the room that is kept for it if there is no other.
        Raises StateError."""
        path = self._paths.state / name
        try:
            smallfiles.write_atomically(path, text)
        except StateError:
            if not self.reserve.spend():
                raise
            smallfiles.write_atomically(path, text)

    def features(self) -> dict[str, dict[str, bool]]:
        """Interface features as they were before dsrlb changed them, by interface name."""
        without = "`detach` leaves offloads that were turned off before that as they are"
        return self._read("features.json", smallfiles.features, without) or {}

    def save_features(self, features: Mapping[str, Mapping[str, bool]]) -> None:
        """Keep what has to be restored by `detach`."""
        self._write("features.json", json.dumps(features, indent=1))

    def groups(self) -> list[tuple[str, str]]:
        """(interface, MAC address) of the multicast groups that dsrlb joined, sorted."""
        without = "groups that were joined before that and are not wanted now are not left"
        return self._read("groups.json", smallfiles.groups, without) or []

    def save_groups(self, groups: Sequence[tuple[str, str]]) -> None:
        """Keep what has to be left by `detach`."""
        self._write("groups.json", json.dumps(groups, indent=1))
