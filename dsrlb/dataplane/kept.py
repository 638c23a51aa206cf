# SPDX-License-Identifier: Apache-2.0
"""Programs that a daemon before this one has put into stages[]: the same bytecode with the same
maps needs not be verified again.

The kernel tells the id of the program in a place. What was loaded under that id stands in a file:
of that the kernel tells a tag alone, which leaves out which map an instruction refers to.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import Program
from dsrlb.dataplane.linking import Maps
from dsrlb.dataplane.programs import program_fd

_STAGES = "stages"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Kept:
    """The file, as it was and as it is to be; None: nothing is kept."""

    def __init__(self, maps: Maps, file: Path | None) -> None:
        self._maps = maps
        self._file = file
        self._before = _read(file) if file is not None else {}
        self._now = dict(self._before)
        self._identities: dict[str, tuple[int, bool]] = {}

    def running(self, place: int, program: Program) -> int | None:
        """A descriptor of the program in a place, when it is this very one."""
        entry = self._before.get(program.name)
        if entry is None:
            return None
        number = self._in_place(place)
        return program_fd(number) if entry == [number, self._digest(program)] else None

    def note(self, program: Program, fd: int) -> None:
        """What was loaded is to be put in its place."""
        if self._file is not None:
            self._now[program.name] = [bpf.prog_info(fd).id, self._digest(program)]

    def save(self) -> None:
        """For the next daemon. Without the file that one loads every program."""
        if self._file is None or self._now == self._before:
            return
        new = self._file.with_name(f"{self._file.name}.new")
        with suppress(OSError):  # no room, or nobody has made the folder
            new.write_text(json.dumps({"boot": _boot(), "programs": self._now}))
            os.replace(new, self._file)
        self._before = dict(self._now)

    def _in_place(self, place: int) -> int | None:
        """The id of the program in a place."""
        found = bpf.map_lookup(self._maps.fd(_STAGES), struct.pack("=I", place), 4)
        return None if found is None else int(struct.unpack("=I", found)[0])

    def _digest(self, program: Program) -> str:
        """Of the bytecode, and of what link() puts into it."""
        used = [(at, *self._identity(name)) for at, name in program.maps]
        return hashlib.sha256(repr(used).encode() + program.code).hexdigest()

    def _identity(self, name: str) -> tuple[int, bool]:
        """Which map that is, and how it is looked up."""
        if name not in self._identities:
            number = bpf.map_info(self._maps.fd(name)).id
            self._identities[name] = number, self._maps.is_single(name)
        return self._identities[name]


def _boot() -> str:
    """Ids begin anew with every boot."""
    return _BOOT.read_text().strip()


def _read(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError):
        return {}  # absent, unreadable or cut short: load every program
    if not isinstance(data, dict) or data.get("boot") != _boot():
        return {}
    programs = data.get("programs")
    return programs if isinstance(programs, dict) else {}
