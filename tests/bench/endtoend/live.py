# SPDX-License-Identifier: Apache-2.0
"""Frames out of an XDP program: BPF_PROG_TEST_RUN with BPF_F_TEST_XDP_LIVE_FRAMES.

The kernel runs the program on frames of its own, and does with them what the program says: XDP_TX
sends them out of the interface that they "came in" on (net/bpf/test_run.c).
"""

from __future__ import annotations

import ctypes
import struct

from dsrlb.dataplane import bpf

_LIVE_FRAMES = 1 << 1


def send_live(fd: int, ifindex: int, repeat: int, batch: int = 64) -> None:
    """Run a program ``repeat`` times, ``batch`` frames (up to 256) at a time, as if they came in on
    an interface of the calling thread's namespace. Raises OSError."""
    data = ctypes.create_string_buffer(64)
    # struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex
    context = ctypes.create_string_buffer(struct.pack("<IIIIII", 0, 64, 0, ifindex, 0, 0), 24)
    attr = struct.pack(
        "<IIIIQQIIIIQQIIII",
        fd,
        0,
        64,
        0,
        ctypes.addressof(data),
        0,
        repeat,
        0,
        24,
        0,
        ctypes.addressof(context),
        0,
        _LIVE_FRAMES,
        0,
        batch,
        0,
    )
    bpf.call(bpf.PROG_TEST_RUN, attr)
