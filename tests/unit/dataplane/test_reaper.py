# SPDX-License-Identifier: Apache-2.0
"""The requests that the reaper program is sent."""

from __future__ import annotations

import errno
import os
import struct

import numpy as np
import pytest

from dsrlb.dataplane import bpf
from dsrlb.dataplane.reaper import Reaper
from dsrlb.errors import KernelError
from tests.unit.control.flowmaps import artifact

Request = tuple[tuple[int, ...], list[tuple[int, ...]]]


class Kernel:
    """Takes requests; carries out every order but the first one of each."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.errors: list[int] = []
        self.loads: list[int] = []

    def load(self) -> list[int]:
        """The program's descriptor, another one each time."""
        self.loads.append(-1 - len(self.loads))
        return [self.loads[-1]]

    def prog_test_run(self, fd: int, frame: bytes, headroom_out: int = 256) -> bpf.TestRun:
        assert fd == self.loads[-1]
        if self.errors:
            number = self.errors.pop(0)
            raise OSError(number, os.strerror(number))
        assert len(frame) <= 4096 - 256 - 320  # what a test run has room for in a page
        head = struct.unpack_from("<4I", frame)
        orders = list(struct.iter_unpack("<4I", frame[16:]))
        assert head[2] == len(orders)
        self.requests.append((head, orders))
        done = struct.pack("<I", len(orders) - 1)
        return bpf.TestRun(2, frame[:12] + done + frame[16:], 0)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    monkeypatch.setattr(bpf, "prog_test_run", kernel.prog_test_run)
    return kernel


@pytest.fixture
def reaper(kernel: Kernel) -> Reaper:
    return Reaper(kernel.load, artifact())


def test_many_orders_go_in_several_requests(kernel: Kernel, reaper: Reaper) -> None:
    entries = np.arange(500)
    assert reaper.expire(True, entries, entries % 7) == 500 - 3
    assert [len(orders) for _, orders in kernel.requests] == [192, 192, 116]
    assert {head[:2] for head, _ in kernel.requests} == {(1, 1)}
    assert kernel.requests[1][1][3] == (195, 195 % 7, 0, 0)


def test_nothing_to_do_asks_nobody(kernel: Kernel, reaper: Reaper) -> None:
    none = np.zeros(0, np.int64)
    assert reaper.drop(False, none, none) == 0
    assert kernel.requests == []
    assert kernel.loads == []  # the kernel takes its time to verify the program
    reaper.close()


def test_it_is_loaded_once(kernel: Kernel, reaper: Reaper) -> None:
    one = np.array([5])
    reaper.drop(False, one, one)
    reaper.drop(True, one, one)
    assert (len(kernel.requests), len(kernel.loads)) == (2, 1)


def test_each_command(kernel: Kernel, reaper: Reaper) -> None:
    one = np.array([5])
    reaper.drop(False, one, np.array([65535]))
    reaper.adjust(one, np.array([-3]), np.array([4]))
    reaper.mark(True, one, 1)
    reaper.unmark(False, one, 0)
    reaper.free_hops(np.array([65535]), np.array([2**32 - 1], np.uint32))
    assert [(head[0], head[1], orders[0]) for head, orders in kernel.requests] == [
        (2, 0, (5, 65535, 0, 0)),
        (3, 0, (5, 0, 2**32 - 3, 4)),
        (4, 1, (5, 1, 0, 0)),
        (5, 0, (5, 0, 0, 0)),
        (6, 0, (65535, 2**32 - 1, 0, 0)),
    ]


def test_a_signal_in_between(kernel: Kernel, reaper: Reaper) -> None:
    kernel.errors = [errno.EINTR, errno.EAGAIN]
    reaper.drop(False, np.array([5]), np.array([1]))
    assert len(kernel.requests) == 1


def test_a_refusal_is_told(kernel: Kernel, reaper: Reaper) -> None:
    kernel.errors = [errno.EPERM]
    with pytest.raises(KernelError, match="cannot change flows: Operation not permitted"):
        reaper.drop(False, np.array([5]), np.array([1]))
