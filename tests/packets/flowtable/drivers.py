# SPDX-License-Identifier: Apache-2.0
"""Entry points of the tests' own, run by BPF_PROG_TEST_RUN on a CPU each."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import Artifact, build
from dsrlb.dataplane.flatten import flatten
from dsrlb.dataplane.loader import load_program
from dsrlb.dataplane.maps import MapSet
from tests.packets.flowtable.scan import Table

HERE = Path(__file__).parent
GENERATION = 7  # race.h
REALS = 5
CPUS = sorted(os.sched_getaffinity(0))[:2]

RACE = np.dtype(
    [("random", "<u8")]
    + [(name, "<u4") for name in ("keys", "next", "finds", "remove", "replace", "pending")]
    + [
        ("state", "<u4"),
        ("expires", "<u4"),
        ("plain", "<u4"),
        ("command", "<u4"),
        ("states", "<u8"),
        ("count", "<u8", (16,)),
    ]
)
"""struct race (race.h): what a driver is given, and gives back."""

TALLIES = [
    "found",
    "missed",
    "wrong",
    "twice",
    "made",
    "exists",
    "full",
    "raced",
    "removed",
    "advanced",
    "half",
]  # enum tally


def compiled(main: str, family: int = 4, change: tuple[str, str] | None = None) -> Artifact:
    """Compile ``main`` of this folder; ``change``: put the second text in place of the first."""
    flags = ["-DRACE_IPV6"] if family == 6 else []
    if change is None:
        return build(main=HERE / main, cflags=flags)
    text = flatten(HERE / main)
    assert text.count(change[0]) == 1, f"{change[0]!r} is not (once) in the sources any more"
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / main
        changed.write_text(text.replace(*change))
        return build(main=changed, cflags=flags)


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at the same time, each on a CPU of its own; return what they return."""
    start = Barrier(len(calls))

    def pinned(place: int) -> Any:
        os.sched_setaffinity(0, {CPUS[place % len(CPUS)]})
        start.wait()
        return calls[place]()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(pinned, range(len(calls))))


class Drivers:
    """The programs of one artifact, their maps, and the state of each driver."""

    def __init__(self, artifact: Artifact, family: int = 4, capacity: int = 1024) -> None:
        self.artifact = artifact
        self.maps = MapSet(artifact, None, capacity)
        self.fds = {
            name: load_program(program, self.maps) for name, program in artifact.programs.items()
        }
        if "reaper" in self.fds:
            bpf.map_update(self.maps.fd("again"), bytes(4), struct.pack("=I", self.fds["reaper"]))
        reals = self.maps["reals"].array
        ours = slice(1, REALS + 1)
        reals["generation"][ours] = GENERATION
        reals["idle_ticks"][ours], reals["closing_ticks"][ours] = 2, 1
        self.table = Table(self.maps, family)

    def close(self) -> None:
        """Give everything back."""
        for fd in self.fds.values():
            os.close(fd)
        self.maps.close()

    @property
    def verified(self) -> dict[str, int]:
        """Instructions that the verifier walked, by program."""
        return {name: bpf.prog_info(fd).verified_instructions for name, fd in self.fds.items()}

    def run(self, entry: str, state: npt.NDArray[Any], repeat: int) -> npt.NDArray[Any]:
        """Run an entry point ``repeat`` times on a state, and return the state it leaves."""
        result = bpf.prog_test_run(self.fds[entry], state.tobytes(), 0, repeat, headroom_out=0)
        assert result.code == bpf.XDP_PASS, f"{entry} ended with {result.code}"
        return np.frombuffer(result.frame, state.dtype).copy()


def race_state(seed: int, **values: int) -> npt.NDArray[Any]:
    """A struct race with these fields."""
    state = np.zeros(1, RACE)
    state["random"] = seed * 0x9E3779B97F4A7C15 % (1 << 64) | 1
    for name, value in values.items():
        state[name] = value
    return state


def tallies(*states: npt.NDArray[Any]) -> Mapping[str, int]:
    """The counts of the drivers, added up."""
    total = sum(state["count"][0].astype(np.int64) for state in states)
    return dict(zip(TALLIES, np.asarray(total).tolist(), strict=False))
