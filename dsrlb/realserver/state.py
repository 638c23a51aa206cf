# SPDX-License-Identifier: Apache-2.0
"""What setup has changed, so that undo can restore exactly that.

One file per network namespace, named by the namespace's device and inode. An inode may be used
again, and a reboot undoes everything, hence the file also holds the boot's id and the namespace's
cookie (Linux 5.14), which are never used again; a file with others is of the past. Files of the
past and of namespaces that are gone are removed with the next change.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from dsrlb import paths
from dsrlb.errors import StateError
from dsrlb.realserver.namespaces import identity, living
from dsrlb.realserver.request import DSR
from dsrlb.realserver.steps import IPAddress

_SO_NETNS_COOKIE = 71
_VERSION = 3
_FILE = re.compile(r"real-server-(\d+)-(\d+)\.json")


@dataclass(frozen=True, slots=True)
class Entry:
    """One VIP by one method. ``reals``: the host's own addresses that packets to it come to, and
    ``interfaces`` where; ``rules``: there may be nftables rules of it."""

    vip: str
    method: str = "l2dsr"
    reals: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    gue_port: int = 0
    rules: bool = False

    @property
    def address(self) -> IPAddress:
        """The VIP."""
        return ip_address(self.vip)

    def joined(self, earlier: Entry) -> Entry:
        """This one and what an earlier setup of the same VIP and method has left."""
        return replace(
            self,
            reals=tuple(dict.fromkeys((*earlier.reals, *self.reals))),
            interfaces=tuple(dict.fromkeys((*earlier.interfaces, *self.interfaces))),
            rules=self.rules or earlier.rules,
        )

    @classmethod
    def read(cls, content: dict[str, Any]) -> Entry:
        """From the file. Raises KeyError, TypeError, ValueError."""
        lists = {name: tuple(_texts(content[name])) for name in ("reals", "interfaces")}
        found = cls(**{**content, **lists})
        _texts([found.vip, found.method])
        ip_address(found.vip)
        if type(found.gue_port) is not int or type(found.rules) is not bool:
            raise TypeError(f"gue_port {found.gue_port!r}, rules {found.rules!r}")
        return found


@dataclass(slots=True)
class Changed:
    """Values are texts, as /proc/sys has them; addresses in their canonical form."""

    entries: list[Entry] = field(default_factory=list)
    """What was set up, whether or not it was there before."""
    added: list[str] = field(default_factory=list)
    """VIPs that setup put onto lo itself."""
    sysctls: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Key -> (value before, value that setup wrote)."""
    lo_was_down: bool = False
    ports: list[str] = field(default_factory=list)
    """UDP ports that setup made the kernel open GUE packets on: "inet 6080", "inet6 6080"."""

    routes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Family -> the default route before setup ("": none), then all that setup wrote."""

    @property
    def vips(self) -> list[str]:
        """Those of all entries."""
        return list(dict.fromkeys(entry.vip for entry in self.entries))

    @property
    def local(self) -> list[str]:
        """Those that have to be on lo."""
        return list(dict.fromkeys(entry.vip for entry in self.entries if entry.method in DSR))

    def enter(self, entry: Entry) -> None:
        """Note a setup."""
        for at, earlier in enumerate(self.entries):
            if (earlier.vip, earlier.method) == (entry.vip, entry.method):
                self.entries[at] = entry.joined(earlier)
                return
        self.entries.append(entry)


def state_file() -> Path:
    """The file of this network namespace."""
    device, inode = identity(Path("/proc/self/ns/net"))
    folder = paths.for_instance().state.parent
    return folder / f"real-server-{device}-{inode}.json"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _life() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            cookie = probe.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8)
        except OSError:  # before Linux 5.14
            cookie = b""
    return f"{_boot()}/{int.from_bytes(cookie, 'little')}"


def load() -> Changed:
    """Read the state; empty when there is none of this boot and namespace. Raises StateError."""
    path = state_file()
    try:
        content = json.loads(path.read_text())
        if content["version"] not in (1, 2, _VERSION):
            raise StateError(f"{path}: version {content['version']} is not known here")
        if content["life"] != _life():
            return Changed()
        return _changed(content)
    except FileNotFoundError:
        return Changed()
    except OSError as error:
        hint = "run as root" if isinstance(error, PermissionError) else ""
        raise StateError(f"{path}: {error.strerror}", hint=hint) from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        hint = "move it away; what setup changed must then be undone by hand"
        raise StateError(f"{path} cannot be read: {error}", hint=hint) from error


def _changed(content: dict[str, Any]) -> Changed:
    """Version 1 knew l2dsr alone, version 2 no routes."""
    if content["version"] == 1:
        entries = [Entry(vip) for vip in _texts(content["vips"])]
    else:
        entries = [Entry.read(entry) for entry in content["entries"]]
    return Changed(
        entries=entries,
        added=_texts(content["added"]),
        sysctls={key: _pair(values) for key, values in content["sysctls"].items()},
        lo_was_down=bool(content["lo_was_down"]),
        ports=_texts(content.get("ports", [])),
        routes={
            family: tuple(_texts(texts)) for family, texts in content.get("routes", {}).items()
        },
    )


def _texts(value: Any) -> list[str]:
    """A list of strings. Raises TypeError."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{value!r:.40} where a list of texts belongs")
    return value


def _pair(value: Any) -> tuple[str, str]:
    """Raises TypeError, ValueError."""
    old, new = _texts(value)
    return old, new


def _purge() -> None:
    """Remove the files of other boots, and of namespaces that there are no more."""
    own = state_file()
    others = {path: _FILE.fullmatch(path.name) for path in own.parent.iterdir() if path != own}
    named = {path: (int(match[1]), int(match[2])) for path, match in others.items() if match}
    there = living() if named else None
    boot = f"{_boot()}/"
    for path, namespace in named.items():
        if (there is not None and namespace not in there) or not _life_in(path).startswith(boot):
            path.unlink(missing_ok=True)


def _life_in(path: Path) -> str:
    """The life that a state file tells of; this boot's where it cannot be read."""
    try:
        return str(json.loads(path.read_text())["life"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return f"{_boot()}/"


def save(changed: Changed) -> None:
    """Write the state atomically, or remove it when nothing is left to undo. Raises StateError."""
    path = state_file()
    try:
        _purge()
        if changed.entries:
            _write(path, changed)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from error


def _write(path: Path, changed: Changed) -> None:
    temporary = path.with_suffix(f".{os.getpid()}")
    content = {"version": _VERSION, "life": _life(), **asdict(changed)}
    temporary.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(temporary, path)


@contextmanager
def locked() -> Iterator[None]:
    """Keep a second setup or undo out. Raises StateError where the state cannot be kept."""
    folder = state_file().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # before anything is changed
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        hint = "run as root" if isinstance(error, PermissionError) else ""
        raise StateError(f"{folder}: {error.strerror}", hint=hint) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
