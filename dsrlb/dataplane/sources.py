# SPDX-License-Identifier: Apache-2.0
"""The files that programs are compiled from, as they were at one moment.

A daemon compiles some programs when a configuration first needs them. Whoever has installed another
version by then, and not restarted the daemon, must not get a program of that one among those that
run: it would take the maps for something else.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from dsrlb import paths
from dsrlb.errors import CompileError, SourcesChanged

COMPILER = Path(__file__).with_name("compile.py")
"""What is run to compile."""


class Sources:
    """All C files, and what compiles them, as they are when this is made. Raises CompileError."""

    def __init__(self) -> None:
        files = [*paths.ebpf_sources().glob("*.[ch]"), COMPILER]
        try:
            self._digests = {path: _digest(path.read_bytes()) for path in files}
        except OSError as error:
            raise CompileError(f"{error.filename}: {error.strerror}") from error

    def read(self, path: Path) -> str:
        """The text of one of them. Raises SourcesChanged where it is another by now."""
        try:
            found = path.read_bytes()
        except OSError as error:
            raise SourcesChanged(path, error.strerror or str(error)) from error
        if self._digests.get(path) != _digest(found):
            raise SourcesChanged(path, "it is another file now")
        return found.decode()


def _digest(found: bytes) -> bytes:
    return hashlib.sha256(found).digest()
