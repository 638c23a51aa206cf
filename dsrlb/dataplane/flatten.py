# SPDX-License-Identifier: Apache-2.0
"""Join the project's own includes into one text.

bcc rewrites map calls in the main file only; a map call in an included header fails to load.
``#line`` marks keep the compiler's messages on the real file and line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from dsrlb.errors import CompileError

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"\s*$')


Read = Callable[[Path], str]
"""Returns a file's text, or raises CompileError."""


def from_disk(path: Path) -> str:
    """The text that a file has now. Raises CompileError."""
    try:
        return path.read_text()
    except OSError as error:
        raise CompileError(f"{path}: {error.strerror}") from error


def flatten(main: Path, instead: Mapping[str, str] | None = None, read: Read = from_disk) -> str:
    """Return ``main`` with every ``#include "x.h"`` replaced by that file's text, once each.

    ``instead``: texts that take the place of files, by their names. Raises CompileError for an
    include that is not there.
    """
    others = instead or {}

    def text(path: Path) -> str:
        return others[path.name] if path.name in others else read(path)

    seen: set[Path] = set()
    out: list[str] = []
    _append(main, seen, out, text)
    return "".join(out)


def _append(path: Path, seen: set[Path], out: list[str], read: Read) -> None:
    seen.add(path)
    lines = read(path).splitlines(keepends=True)
    out.append(f'#line 1 "ebpf/{path.name}"\n')
    for number, line in enumerate(lines, start=1):
        match = _INCLUDE.match(line) if "include" in line else None
        if match is None:
            out.append(line)
            continue
        included = path.parent / match[1]
        if included not in seen:
            _append(included, seen, out, read)
            out.append(f'#line {number + 1} "ebpf/{path.name}"\n')
        else:
            out.append("\n")
