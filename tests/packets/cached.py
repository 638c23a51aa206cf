# SPDX-License-Identifier: Apache-2.0
"""What CPUs know of open flows by heart (ebpf/flow_cache.h), as a test sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.packets.harness import Program
from tests.packets.steps import Family, tick
from tests.packets.tables import REVERSE


def copies(program: Program, version: int) -> npt.NDArray[Any]:
    """What is known by heart, shape (sets of all CPUs, ways)."""
    found: npt.NDArray[Any] = program.maps[f"cache{version}"].array["way"]["copy"]
    return found


def are_good(program: Program, version: int) -> npt.NDArray[np.bool_]:
    """Which of them are good for something."""
    known = copies(program, version)
    changes = program.maps["flow_changes"].array["count"][0]
    current = changes[known["entry"] % len(changes)] == known["changes"]
    found: npt.NDArray[np.bool_] = (known["due"].astype(np.int64) > tick()) & current
    return found


def good(program: Program, version: int) -> int:
    """How many are."""
    return int(are_good(program, version).sum())


@contextmanager
def on_cpu(number: int) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def lose(program: Program, v: Family) -> None:
    """Empty the flow tables behind the CPUs' back."""
    program.tables.sets[v.version][:, :4] = 0


def drop_all(program: Program, version: int, *, reverse: bool = False) -> None:
    """As `dsrlb flows drop` does: forward halves, or only what is the ``reverse`` of one."""
    metas = program.tables.sets[version][:, :4].reshape(-1)
    chosen = (metas & np.uint64(15)) != 0
    chosen &= ((metas & np.uint64(REVERSE)) != 0) == reverse
    entries = np.flatnonzero(chosen).astype(np.uint32)
    versions = (metas[entries] >> np.uint64(16)).astype(np.uint32) & np.uint32(0xFFFF)
    assert program.dataplane.reaper().drop(version == 6, entries, versions) == len(entries) > 0
