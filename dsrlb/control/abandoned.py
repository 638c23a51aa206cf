# SPDX-License-Identifier: Apache-2.0
"""What a start of a later release has left that was killed before a program of its own ran.

Its pins would have the release refused that runs yet (mapnames.py). They can go where that one's
own maps are there, and no interface has a program that uses one of the later release's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dsrlb.dataplane import bpf, generation
from dsrlb.dataplane.artifact import build
from dsrlb.dataplane.mapnames import LAYOUTS, PRIVATE, STAGES, PinNames, marked
from dsrlb.dataplane.programs import is_ours
from dsrlb.errors import KernelError
from dsrlb.net import links

_FIRST = bytes(4)
_KNOWN = PRIVATE | generation.EXTRA | {LAYOUTS}


def _kind(path: Path) -> str:
    return path.name.rpartition("-")[0]


def forget(folder: Path) -> bool:
    """Remove it; False, and nothing is touched, where a later release runs, or may. Raises
    KernelError, CompileError."""
    names = PinNames(build())
    own = [path for path in folder.iterdir() if names.maps.get(path.name) == STAGES]
    if not own or (folder / generation.DRAINED).is_dir():
        return False
    pins = [path for path in folder.iterdir() if not path.is_dir()]
    private = [path for path in pins if _kind(path) in PRIVATE and path.name not in names.maps]
    aside = [path for path in generation.files_in(folder) if path not in pins]
    try:
        if _moved(aside) or _runs([*private, *aside]):
            return False
    except OSError as error:
        raise KernelError(f"cannot read the pins in {folder}: {error.strerror}") from error
    generation.forget(folder)
    known = _KNOWN | set(names.maps.values())
    unknown = [path for path in pins if _kind(path) not in known and not marked(path)]
    newer = [path for path in pins if marked(path) > names.release]
    for path in (*private, *unknown, *newer):  # while a mark is there, a start comes here again
        path.unlink()
    return True


def _moved(pins: Iterable[Path]) -> bool:
    """Would packets go by tables that are pinned there?"""
    return any(_word(path) != bytes(8) for path in pins if _kind(path) == generation.MOVED)


def _word(path: Path) -> bytes | None:
    fd = bpf.get_pinned(path)
    try:
        return bpf.map_lookup(fd, _FIRST, 8)
    finally:
        os.close(fd)


def _runs(pins: Iterable[Path]) -> bool:
    """Does a program on an interface use one of these maps?"""
    found = {_number(path) for path in pins}
    return any(is_ours(link.xdp_program, found) for link in links.list_links().values())


def _number(path: Path) -> int:
    fd = bpf.get_pinned(path)
    try:
        return bpf.map_info(fd).id
    finally:
        os.close(fd)
