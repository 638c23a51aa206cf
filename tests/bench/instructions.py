# SPDX-License-Identifier: Apache-2.0
"""How large each program of the fast path is: as compiled, as the kernel rewrites it, as machine
code; and how many instructions the verifier went through. None of it depends on the machine's mood.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import FIRST, build, part
from dsrlb.dataplane.loader import load_program
from dsrlb.dataplane.maps import MapSet
from tests.bench import report
from tests.bench.cases import BUILD

_CAPACITY = 1_000
_OTHERS = ("probe", "reaper")  # programs that are no stages
_INFO_BYTES = 232
_JITED = 16  # place of jited_prog_len in struct bpf_prog_info
_INSTRUCTION = 8  # bytes
COUNTS = ("instructions", "translated_bytes", "jited_bytes", "verified_instructions")
"""The fields that are counts."""


def _jited_bytes(fd: int) -> int:
    info = ctypes.create_string_buffer(_INFO_BYTES)
    bpf.call(bpf.OBJ_INFO_BY_FD, struct.pack("<IIQ", fd, _INFO_BYTES, ctypes.addressof(info)))
    (size,) = struct.unpack_from("<I", info.raw, _JITED)
    return int(size)


def measure() -> Iterator[dict[str, Any]]:
    """A row for each program. Raises CompileError or LoadError."""
    first = build()
    maps = MapSet(first, None, _CAPACITY)
    named = {FIRST: first.programs[FIRST]}
    for name in (*first.stages, *_OTHERS):
        named[f"{FIRST}_{name}"] = build(part(name)).programs[f"{FIRST}_{name}"]
    for name, program in named.items():
        fd = load_program(program, maps)
        info = bpf.prog_info(fd)
        yield {
            "case": "program",
            "program": name,
            "build": BUILD,
            "instructions": len(program.code) // _INSTRUCTION,
            "translated_bytes": info.translated_bytes,
            "jited_bytes": _jited_bytes(fd),
            "verified_instructions": info.verified_instructions,
        }
        os.close(fd)
    maps.close()


_COLUMNS = report.columns("program") | {name.replace("_", " "): name for name in COUNTS}


def table(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """For a terminal."""
    yield from report.table(rows, _COLUMNS)


def markdown(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """For RESULTS.md."""
    yield from report.markdown(rows, _COLUMNS)
