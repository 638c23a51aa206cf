# SPDX-License-Identifier: Apache-2.0
"""Compile C with bcc, in a process of its own: ``python -m dsrlb.dataplane.compile``.

LLVM can abort() the process and never gives its memory back, so the daemon starts this module as
a child, which imports nothing else of dsrlb: a first start waits for it. Request (JSON on stdin):
text, cflags, kernel_source. Answer (JSON on stdout): bytecode of every program with its map
references by name, and the layout of every map. bcc's exceptions omit the compiler's words; those
go to stderr, which the parent keeps.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import re
import struct
import sys
from typing import Any

_PROGRAM = re.compile(r"^int (\w+)\(struct xdp_md \*\w+\)", re.MULTILINE)
"""The functions with external linkage are the programs."""
_LD_IMM64 = 0x18
_PSEUDO_MAP_FD = 1


def _relocate(code: bytes, names: dict[int, str]) -> tuple[bytes, list[tuple[int, str]]]:
    """Take the map descriptors out of the bytecode; return it with (instruction, map) pairs."""
    out = bytearray(code)
    references = []
    for offset in range(0, len(code), 8):
        opcode, registers, _, immediate = struct.unpack_from("<BBhi", code, offset)
        if opcode == _LD_IMM64 and registers >> 4 == _PSEUDO_MAP_FD:
            references.append((offset // 8, names[immediate]))
            struct.pack_into("<i", out, offset + 4, 0)
    return bytes(out), references


def _describe_map(bpf: Any, lib: Any, name: str) -> dict[str, Any]:
    table = bpf[name]
    key = lib.bpf_table_key_desc(bpf.module, name.encode())
    leaf = lib.bpf_table_leaf_desc(bpf.module, name.encode())
    leaf_size = lib.bpf_table_leaf_size(bpf.module, name.encode())
    return {
        "kind": table.ttype,
        "key_size": lib.bpf_table_key_size(bpf.module, name.encode()),
        "value_size": leaf_size,
        "max_entries": table.max_entries,
        "flags": table.flags,
        "key": json.loads(key),
        "value": json.loads(leaf),
    }


def compile_text(text: str, cflags: list[str]) -> dict[str, Any]:
    """Compile; needs BCC_KERNEL_SOURCE in the environment."""
    import bcc
    from bcc.libbcc import lib

    for function in (lib.bpf_table_key_size, lib.bpf_table_leaf_size):
        function.restype = ctypes.c_size_t
        function.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    lib.bpf_table_name.restype = ctypes.c_char_p
    lib.bpf_table_name.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    bpf = bcc.BPF(text=text, cflags=cflags)
    count = lib.bpf_num_tables(bpf.module)
    tables = [lib.bpf_table_name(bpf.module, number).decode() for number in range(count)]
    names = {bpf[name].map_fd: name for name in tables}
    programs = {}
    for name in _PROGRAM.findall(text):
        code, references = _relocate(bpf.dump_func(name), names)
        programs[name] = {"code": base64.b64encode(code).decode(), "maps": references}
    maps = {name: _describe_map(bpf, lib, name) for name in tables}
    return {"bcc": bcc.__version__, "programs": programs, "maps": maps}


def main() -> int:
    """Serve one request."""
    request = json.load(sys.stdin)
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever LLVM prints belongs to the log, not into the answer
    os.environ["BCC_KERNEL_SOURCE"] = request["kernel_source"]
    json.dump(compile_text(request["text"], request["cflags"]), answer)
    answer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
