# SPDX-License-Identifier: Apache-2.0
"""Where an instance keeps its socket, state and pins, and where the C sources are.

Nothing is global: every path below carries the instance's name, so that several balancers can
live on one host (each in a network namespace of its own, for example).

``DSRLB_CONFIG`` names the configuration file (default /etc/dsrlb/dsrlb.toml). ``DSRLB_ROOT``
prefixes the paths of /run, /var and /etc (not the pins); it exists for tests.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from dsrlb.errors import StateError

DEFAULT_INSTANCE = "main"
_INSTANCE = re.compile(r"[A-Za-z0-9_-]{1,48}")
_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Paths:
    """The places of one instance."""

    instance: str
    socket: Path
    state: Path
    pins: Path
    config_file: Path

    @property
    def saved_config(self) -> Path:
        """The last good configuration (TOML)."""
        return self.state / "config.toml"

    @property
    def lock(self) -> Path:
        """Whose process has the instance."""
        return self.state / "lock"

    @property
    def programs(self) -> Path:
        """Which programs were put into the maps (JSON)."""
        return self.state / "programs.json"

    @property
    def history(self) -> Path:
        """That there is one, in case that it is lost (JSON)."""
        return self.state / "history.json"

    @property
    def orders(self) -> Path:
        """What operators have said of real servers (JSON)."""
        return self.state / "admin.json"

    @property
    def revisions(self) -> Path:
        """Every accepted configuration (SQLite)."""
        return self.state / "revisions.db"


def _root(path: str) -> Path:
    prefix = os.environ.get("DSRLB_ROOT", "")
    return Path(prefix + path)


def for_instance(name: str = DEFAULT_INSTANCE) -> Paths:
    """Return the places of instance ``name``.

    Raises StateError for a name that cannot be a file name in bpffs (which forbids dots).
    """
    if not _INSTANCE.fullmatch(name):
        raise StateError(
            f"instance name {name!r} is not usable",
            hint="use 1 to 48 letters, digits, '_' or '-'",
        )
    named = os.environ.get("DSRLB_CONFIG")
    return Paths(
        instance=name,
        socket=_root(f"/run/dsrlb/{name}.sock"),
        state=_root(f"/var/lib/dsrlb/{name}"),
        pins=Path("/sys/fs/bpf/dsrlb") / name,
        config_file=Path(named) if named else _root("/etc/dsrlb/dsrlb.toml"),
    )


def bytecode_cache() -> Path:
    """Folder of compiled bytecode: $DSRLB_CACHE_DIR, systemd's $CACHE_DIRECTORY or /var/cache."""
    explicit = os.environ.get("DSRLB_CACHE_DIR") or os.environ.get("CACHE_DIRECTORY")
    return Path(explicit) if explicit else _root("/var/cache/dsrlb")


def systemd_units() -> Path:
    """Folder of the systemd units that an administrator, or a program for one, adds."""
    return _root("/etc/systemd/system")


def systemd_runs() -> bool:
    """Is this host run by systemd now? (sd_booted(3))"""
    return _root("/run/systemd/system").is_dir()


def ebpf_sources() -> Path:
    """Folder of the C sources: inside an installed package, or beside it in a checkout."""
    installed = _PACKAGE / "_ebpf"
    return installed if installed.is_dir() else _PACKAGE.parent / "ebpf"
