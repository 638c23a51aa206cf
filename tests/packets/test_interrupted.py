# SPDX-License-Identifier: Apache-2.0
"""Programs that are loaded while signals come: the verifier gives up at each of them."""

from __future__ import annotations

import errno
import os
import signal
import struct
from collections.abc import Iterator

import pytest

from dsrlb.dataplane import bpf

TURNS = 200_000
"""Of a loop that the verifier walks: tens of milliseconds."""
LOOP = b"".join(
    struct.pack("<BBhi", operation, target, offset, value)
    for operation, target, offset, value in (
        (0xB7, 1, 0, 0),  # r1 = 0
        (0x07, 1, 0, 1),  # r1 += 1
        (0xA5, 1, -2, TURNS),  # if r1 < TURNS goto the line before
        (0xB7, 0, 0, bpf.XDP_PASS),
        (0x95, 0, 0, 0),
    )
)


@pytest.fixture
def alarms() -> Iterator[list[int]]:
    """The signals that came."""
    came: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: came.append(number))
    yield came
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_signal_stops_no_program(alarms: list[int]) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.005)
    os.close(bpf.prog_load_xdp(LOOP, "test_loop"))
    assert alarms == [signal.SIGALRM]


def test_signals_without_end(alarms: list[int]) -> None:
    """Whoever is interrupted all the time does not wait for ever, and hears why."""
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    with pytest.raises(BlockingIOError) as caught:
        bpf.prog_load_xdp(LOOP, "test_loop")
    assert caught.value.errno == errno.EAGAIN
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert len(alarms) >= 10
