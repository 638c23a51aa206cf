# SPDX-License-Identifier: Apache-2.0
"""How the kernel's jiffies, the clock that costs a program least, stand to CLOCK_MONOTONIC."""

from __future__ import annotations

import os
import struct
import time

from dsrlb.dataplane import bpf
from dsrlb.errors import KernelError

_CLOCK_MONOTONIC_COARSE = 6
_JIFFIES64, _KTIME_GET_COARSE_NS = 118, 160  # helpers
_READ = (  # write both into the frame
    (0x61, 1, 6, 0, 0),  # r6 = data
    (0x61, 1, 1, 4, 0),  # r1 = data_end
    (0xBF, 6, 2, 0, 0),
    (0x07, 0, 2, 0, 16),  # r2 = r6 + 16
    (0x2D, 1, 2, 4, 0),  # if r2 > r1 goto the end
    (0x85, 0, 0, 0, _JIFFIES64),
    (0x7B, 0, 6, 0, 0),  # *(u64 *)r6 = r0
    (0x85, 0, 0, 0, _KTIME_GET_COARSE_NS),
    (0x7B, 0, 6, 8, 0),
    (0xB7, 0, 0, 0, bpf.XDP_DROP),
    (0x95, 0, 0, 0, 0),
)


def clock() -> dict[str, int]:
    """``jiffy_ns``, and ``jiffies_behind``: ns (modulo 2^64) that CLOCK_MONOTONIC has more than
    jiffies times that. They stay so until the next boot: the kernel counts jiffies by that clock
    (kernel/time/tick-sched.c, tick_do_update_jiffies64()). A jiffy is the resolution of the coarse
    clock. Raises KernelError."""
    jiffy = round(time.clock_getres(_CLOCK_MONOTONIC_COARSE) * 1e9)
    code = b"".join(
        struct.pack("<BBhi", operation, source << 4 | target, offset, value)
        for operation, source, target, offset, value in _READ
    )
    try:
        fd = bpf.prog_load_xdp(code, "dsrlb_clock")
        try:
            frame = bpf.prog_test_run(fd, bytes(64)).frame
        finally:
            os.close(fd)
    except OSError as error:
        raise KernelError(f"cannot read the kernel's clocks: {error.strerror}") from error
    jiffies, now = struct.unpack_from("=QQ", frame)
    return {"jiffy_ns": jiffy, "jiffies_behind": (now - jiffies * jiffy) % (1 << 64)}
