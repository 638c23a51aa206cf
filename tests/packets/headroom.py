# SPDX-License-Identifier: Apache-2.0
"""Programs that run before the one under test: one fills the headroom with 0xff, one takes it away.

The kernel clears the headroom of a test run, so a field of a new header that nobody sets would come
out as 0 and look right. Both go on to the program under test by a tail call.
"""

from __future__ import annotations

import os
import struct

from dsrlb.dataplane import bpf

POISONED = 208
"""Bytes in front of a frame: of 256 the kernel keeps those of struct xdp_frame for itself."""
TAKEN = 216
"""Bytes of metadata, which no header may be written over: all that there is."""

_TAIL_CALL, _ADJUST_HEAD, _ADJUST_META = 12, 44, 54  # enum bpf_func_id
_R0, _R1, _R2, _R3, _R6, _R7, _R8 = 0, 1, 2, 3, 6, 7, 8
_DATA, _DATA_END, _DATA_META = 0, 4, 8  # struct xdp_md


def _op(code: int, target: int = 0, source: int = 0, offset: int = 0, value: int = 0) -> bytes:
    """One instruction (struct bpf_insn)."""
    return struct.pack("<BBhi", code, source << 4 | target, offset, value)


def _set(register: int, value: int) -> bytes:
    return _op(0xB7, register, value=value)


def _copy(target: int, source: int) -> bytes:
    return _op(0xBF, target, source)


def _load(target: int, offset: int) -> bytes:
    """A field of the context, which is in r6."""
    return _op(0x61, target, _R6, offset)


def _call(helper: int) -> bytes:
    return _op(0x85, value=helper)


def _adjust(helper: int, by: int) -> bytes:
    return _copy(_R1, _R6) + _set(_R2, by) + _call(helper)


_ABORT = _set(_R0, bpf.XDP_ABORTED) + _op(0x95)


def _go_on(programs: int) -> bytes:
    """Tail call of the first program in a prog_array; XDP_ABORTED without one."""
    first = _op(0x18, _R2, 1, value=programs) + _op(0)  # ld_imm64 of a map
    return _copy(_R1, _R6) + first + _set(_R3, 0) + _call(_TAIL_CALL) + _ABORT


def _unless_zero(then: bytes) -> bytes:
    """``then`` is run when r0 is not 0."""
    return _op(0x15, _R0, offset=len(then) // 8) + then


def _poison(programs: int) -> bytes:
    code = _copy(_R6, _R1) + _adjust(_ADJUST_HEAD, -POISONED) + _unless_zero(_ABORT)
    code += _load(_R7, _DATA) + _load(_R8, _DATA_END)
    code += _copy(_R1, _R7) + _op(0x07, _R1, value=POISONED)
    code += _op(0xBD, _R1, _R8, 2) + _ABORT  # if r1 <= r8 skip
    code += b"".join(_op(0x7A, _R7, offset=at, value=-1) for at in range(0, POISONED, 8))
    return code + _adjust(_ADJUST_HEAD, POISONED) + _unless_zero(_ABORT) + _go_on(programs)


def _take(programs: int) -> bytes:
    code = _copy(_R6, _R1) + _adjust(_ADJUST_META, -TAKEN)
    return code + _unless_zero(_ABORT) + _go_on(programs)


class Headroom:
    """The two programs, in front of the program ``fd``."""

    def __init__(self, fd: int) -> None:
        self._programs = bpf.map_create(bpf.MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0, "under_test")
        bpf.map_update(self._programs, bytes(4), fd.to_bytes(4, "little"))
        self.poisoned = bpf.prog_load_xdp(_poison(self._programs), "poison")
        self.taken = bpf.prog_load_xdp(_take(self._programs), "take")

    def close(self) -> None:
        """Give everything back."""
        for fd in (self.taken, self.poisoned, self._programs):
            os.close(fd)
