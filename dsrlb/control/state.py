# SPDX-License-Identifier: Apache-2.0
"""Files of an instance: the last accepted configuration, what was changed on interfaces, a lock."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from dsrlb.control.reserve import Reserve
from dsrlb.errors import StateError
from dsrlb.paths import Paths


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``, complete or not at all, also across a power failure."""
    written = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".new-", delete=False) as new:
            written = Path(new.name)
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        os.replace(new.name, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        if written is not None:
            written.unlink(missing_ok=True)
        raise StateError(f"cannot write {path}: {error.strerror}") from error


class State:
    """The state directory of an instance."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._lock: int | None = None
        self.reserve = Reserve(paths.state / "reserve")

    def lock(self) -> None:
        """Make sure that this is the only daemon of the instance; StateError if it is not."""
        path = self._paths.state / "lock"
        try:
            self._paths.state.mkdir(parents=True, exist_ok=True, mode=0o750)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateError(f"cannot open {path}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = path.read_text().strip() or "unknown"
            os.close(descriptor)
            raise StateError(
                f"instance {self._paths.instance} is already run by process {owner}",
                hint="`dsrlb status` asks it; another balancer needs another --instance",
            ) from error
        with suppress(OSError):  # no room: it is locked all the same
            os.truncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        self._lock = descriptor

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

    def save_config(self, text: str) -> None:
        """Keep a configuration that was applied."""
        write_atomically(self._paths.saved_config, text)

    def remember_source(self, path: Path) -> None:
        """Keep which file the configuration came from (status compares it)."""
        write_atomically(self._paths.state / "source", f"{path.resolve()}\n")

    def source(self) -> Path | None:
        """The file that `run -c` or `apply` was last given, or None."""
        try:
            return Path((self._paths.state / "source").read_text().strip())
        except FileNotFoundError:
            return None

    def _write(self, name: str, text: str) -> None:
        """A file that the way back may need, in the room that is kept for it if there is no other.
        Raises StateError."""
        path = self._paths.state / name
        try:
            write_atomically(path, text)
        except StateError:
            if not self.reserve.spend():
                raise
            write_atomically(path, text)

    def features(self) -> dict[str, dict[str, bool]]:
        """Interface features as they were before dsrlb changed them, by interface name."""
        try:
            loaded: dict[str, dict[str, bool]] = json.loads(
                (self._paths.state / "features.json").read_text()
            )
        except FileNotFoundError:
            return {}
        return loaded

    def save_features(self, features: Mapping[str, Mapping[str, bool]]) -> None:
        """Keep what has to be restored by `detach`."""
        self._write("features.json", json.dumps(features, indent=1))

    def groups(self) -> list[tuple[str, str]]:
        """(interface, MAC address) of the multicast groups that dsrlb joined, sorted."""
        try:
            loaded = json.loads((self._paths.state / "groups.json").read_text())
        except FileNotFoundError:
            return []
        return [(str(name), str(mac)) for name, mac in loaded]

    def save_groups(self, groups: Sequence[tuple[str, str]]) -> None:
        """Keep what has to be left by `detach`."""
        self._write("groups.json", json.dumps(groups, indent=1))
