# SPDX-License-Identifier: Apache-2.0
"""Whether the file that a configuration came from says something else by now."""

from __future__ import annotations

import hashlib
from pathlib import Path
from threading import Lock

from dsrlb.config import Config, digest
from dsrlb.config.files import bytes_of, decoded
from dsrlb.config.source import Origin, included, read
from dsrlb.errors import DsrlbError

_Hashes = dict[str, bytes]
"""Of the contents of files, by name, in the order in which they are read."""


class SourceFile:
    """Validates a file again only where it, or what it includes, has other bytes: with thousands of
    services that takes seconds, and to compare it milliseconds. Usable from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._hashes: _Hashes = {}
        self._patterns: tuple[str, ...] = ()
        self._digest = ""

    def differs(self, file: Path | None, config: Config) -> bool:
        """Does the file say something else than what runs? One that cannot be read does, whatever
        it holds: revisions are the truth, and a file that nobody applies ends no start."""
        if file is None:
            return False
        try:
            with self._lock:
                return self._digest_of(file) != digest(config)
        except (DsrlbError, OSError, ValueError, RecursionError, MemoryError):
            return True

    def learn(self, file: Path, text: str, origin: Origin, config: Config) -> None:
        """Somebody has validated a text that he read in that file. He does not wait for who does so
        just now, which may take seconds."""
        if origin.includes or not self._lock.acquire(blocking=False):
            return  # what others held is not known here
        try:
            self._hashes = {str(file): hashlib.sha256(text.encode()).digest()}
            self._patterns, self._digest = (), digest(config)
        finally:
            self._lock.release()

    def _digest_of(self, file: Path) -> str:
        if self._is_as_it_was(file):
            return self._digest
        hashes: _Hashes = {}

        def text(path: Path) -> str:
            raw = bytes_of(path)
            hashes[str(path)] = hashlib.sha256(raw).digest()
            return decoded(raw, str(path))

        config, origin = read(text(file), str(file), file.parent, text)
        self._hashes, self._patterns, self._digest = hashes, origin.includes, digest(config)
        return self._digest

    def _is_as_it_was(self, file: Path) -> bool:
        if str(file) not in self._hashes:
            return False
        files = [file, *included(self._patterns, file.parent, Origin(str(file)))]
        now = ((str(path), hashlib.sha256(bytes_of(path)).digest()) for path in files)
        return list(now) == list(self._hashes.items())
