# SPDX-License-Identifier: Apache-2.0
"""The program's clock, made of jiffies, is CLOCK_MONOTONIC, by which user space goes."""

from __future__ import annotations

import os
import struct
import time

from dsrlb.dataplane import bpf, jiffies

JIFFIES64 = 118
READ = struct.pack("<BBhi", 0x85, 0, 0, JIFFIES64) + struct.pack("<BBhi", 0x95, 0, 0, 0)


ROUNDING = 1_000
"""ns: timekeeping adds cycles up, and their nanoseconds are no whole ones."""


def _jiffies() -> int:
    """Bits 0-31 of them."""
    fd = bpf.prog_load_xdp(READ, "test_jiffies")
    try:
        return bpf.prog_test_run(fd, bytes(64)).code
    finally:
        os.close(fd)


def test_jiffies_are_the_coarse_clock() -> None:
    clock = jiffies.clock()
    jiffy, behind = clock["jiffy_ns"], clock["jiffies_behind"]
    behind -= 1 << 64 if behind >> 63 else 0
    lap = jiffy << 32  # we have 32 bits of them
    assert 1_000_000 <= jiffy <= 10_000_000
    for _ in range(20):
        begun = time.clock_gettime_ns(6)  # CLOCK_MONOTONIC_COARSE
        now = _jiffies()
        ended = time.clock_gettime_ns(6)
        assert (now * jiffy + behind - begun + ROUNDING) % lap <= ended - begun + 2 * ROUNDING
        time.sleep(jiffy / 3e9)  # beginning, middle and end of a jiffy
    again = jiffies.clock()
    assert again["jiffy_ns"] == jiffy
    assert abs(again["jiffies_behind"] - clock["jiffies_behind"]) <= ROUNDING
