# SPDX-License-Identifier: Apache-2.0
"""Text of files: no more of them than a configuration may have, and nothing that keeps waiting."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from dsrlb.errors import ConfigError, Problem

LARGEST = 16 << 20
"""Bytes of a configuration file at most."""


def text_of(path: Path, *, pipes: bool = False) -> str:
    """A file's text; as bytes_of()."""
    return decoded(bytes_of(path, pipes=pipes), str(path))


def bytes_of(path: Path, *, pipes: bool = False) -> bytes:
    """What a file holds. ``pipes``: it may be something else than a regular file, which is waited
    for.

    Raises ConfigError when it cannot be had.
    """
    try:
        raw = _beginning(path, pipes)
    except OSError as error:
        problem = Problem(str(path), None, "file", str(path), error.strerror or "cannot be read")
        raise ConfigError([problem]) from error
    return bounded(raw, str(path))


def _beginning(path: Path, pipes: bool) -> bytes:
    """At most one byte more than a file may have: what is asked may have no end."""
    waiting = 0 if pipes else os.O_NONBLOCK
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | waiting), "rb") as file:
        kind = os.fstat(file.fileno()).st_mode
        if not pipes and not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise OSError(0, "not a regular file")
        return file.read(LARGEST + 1)


def bounded(raw: bytes, filename: str) -> bytes:
    """The same; ConfigError when they are too many."""
    if len(raw) > LARGEST:
        raise ConfigError([Problem(filename, None, "file", f"{len(raw)} bytes", "over 16 MiB")])
    return raw


def decoded(raw: bytes, filename: str) -> str:
    """Bytes as text; ConfigError when they are none."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError([Problem(filename, line, "file", filename, "not UTF-8 text")]) from error
