# SPDX-License-Identifier: Apache-2.0
"""The program's clock, made of jiffies, is CLOCK_MONOTONIC, by which user space goes."""

from __future__ import annotations

import os
import struct
import time

from dsrlb.dataplane import bpf, jiffies

JIFFIES64 = 118
READ = struct.pack("<BBhi", 0x85, 0, 0, JIFFIES64) + struct.pack("<BBhi", 0x95, 0, 0, 0)


def _jiffies() -> int:
    """Bits 0-31 of them."""
    fd = bpf.prog_load_xdp(READ, "test_jiffies")
    try:
        return bpf.prog_test_run(fd, bytes(64)).code
    finally:
        os.close(fd)


ROUNDED = 1_000
"""ns by which the coarse clock, which is rounded and goes by NTP, may be off meanwhile."""


def _clock() -> tuple[int, int]:
    """A jiffy, and how far jiffies are behind: what most of five readings say. The kernel counts a
    jiffy first, and sets the clock then: rarely, one is read in between."""
    found = [jiffies.clock() for _ in range(5)]
    behind = sorted((one["jiffies_behind"] + (1 << 63)) % (1 << 64) - (1 << 63) for one in found)
    return found[0]["jiffy_ns"], behind[2]


def test_jiffies_are_the_coarse_clock() -> None:
    """One reading in thousands is a jiffy ahead; never half of 40."""
    jiffy, behind = _clock()
    lap = jiffy << 32  # we have 32 bits of them
    assert 1_000_000 <= jiffy <= 10_000_000
    between = 0
    for _ in range(40):
        begun = time.clock_gettime_ns(6)  # CLOCK_MONOTONIC_COARSE
        now = _jiffies()
        ended = time.clock_gettime_ns(6)
        ahead = (now * jiffy + behind - begun + ROUNDED) % lap
        most = ended - begun + 2 * ROUNDED
        assert ahead <= most + jiffy
        between += ahead > most
        time.sleep(jiffy / 3e9)  # beginning, middle and end of a jiffy
    assert between < 20
    later = _clock()
    assert later[0] == jiffy
    assert abs(later[1] - behind) <= ROUNDED
