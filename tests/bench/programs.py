# SPDX-License-Identifier: Apache-2.0
"""The fast path behind the entry points of bench.c, configured as the daemon does it.

Rounds are interleaved: in each, every program runs once, so that a slow moment of the machine hits
all alike. Times are net of the cost of varying the packet, which is measured by itself, and hold
what BPF_PROG_TEST_RUN costs per run (about 5 ns), for the floor as for the fast path.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from dsrlb.config import parse
from dsrlb.control import installed
from dsrlb.control.apply import Applier
from dsrlb.control.compute import compute
from dsrlb.control.desired import LinkState, RealId, Resolution
from dsrlb.control.mactable import targets_of
from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import build
from dsrlb.dataplane.keys import link_bytes
from dsrlb.dataplane.loader import Dataplane, load_program
from dsrlb.errors import DsrlbError
from tests.packets.tables import Tables

IFINDEX = 1  # loopback: programs are run on it by hand, not attached
ENTRIES = ("bench_null", "bench_vary", "bench_heads", "bench_floor", "bench_dsrlb")
_LEARN = "bench_learn"


class Programs:
    """The programs and their maps."""

    def __init__(
        self,
        config: str,
        links: Mapping[str, LinkState],
        where: Callable[[RealId], Resolution],
        capacity: int,
    ) -> None:
        """``capacity``: entries per family that the flow tables are rated for."""
        artifact = build(Path(__file__).parent / "bench.c")
        self._dataplane = Dataplane.create(None, capacity, artifact)
        self.maps = self._dataplane.maps
        self.constants = artifact.constants
        self._tables_of = artifact.enums["flow_table"]
        self._reasons = [reason.name for reason in artifact.reasons]
        self._fds = {
            name: load_program(artifact.programs[name], self.maps) for name in (*ENTRIES, _LEARN)
        }
        self.tables = Tables(self.maps)
        self._numbers = [link.number for link in links.values()]
        for link in links.values():
            self.maps["egress"].set(link.number, IFINDEX)  # a test run redirects nothing
        self.come_in(next(iter(links.values())))
        self._links, self._where = links, where
        self.configure(config)

    def configure(self, config: str) -> None:
        """Go on with this configuration."""
        parsed = parse(config, "bench")
        found = {identity: self._where(identity) for identity in targets_of(parsed)}
        self.applier = Applier(self.maps, installed.read(self.maps))
        self.applier.apply(compute(parsed, self._links, found))

    def close(self) -> None:
        """Give everything back."""
        for fd in self._fds.values():
            os.close(fd)
        self._dataplane.close()

    def come_in(self, link: LinkState) -> None:
        """Packets come in on this interface from now on: loopback is it."""
        self.maps["links"].set(IFINDEX, link_bytes(link.mac, link.number))

    def once(self, entry: str, frame: bytes) -> bpf.TestRun:
        """One packet, and what became of it."""
        return bpf.prog_test_run(self._fds[entry], frame, IFINDEX)

    def run(self, entry: str, frame: bytes, repeat: int) -> int:
        """Mean ns per packet."""
        return bpf.prog_test_run(self._fds[entry], frame, IFINDEX, repeat).duration

    def learn(self, frame: bytes, repeat: int) -> None:
        """Run so many requests, and note what became of all but the last one."""
        self.run(_LEARN, frame, repeat)

    def rounds(
        self, count: int, frame: bytes, repeat: int, begin: Callable[[], None]
    ) -> dict[str, list[int]]:
        """ns per packet by entry point, round by round; ``begin`` is called before every run."""
        times: dict[str, list[int]] = {entry: [] for entry in ENTRIES}
        for _ in range(count):
            for entry in ENTRIES:
                begin()
                times[entry].append(self.run(entry, frame, repeat))
        return times

    def counts(self) -> dict[str, int]:
        """Packets by reason so far."""
        counted = self.maps["counters"].sum_over_cpus()
        by_link = counted.reshape(-1, self.constants["MAX_REASONS"])
        total = by_link[self._numbers].sum(axis=0).tolist()
        return dict(zip(self._reasons, total, strict=False))

    def seen(self, before: dict[str, int]) -> dict[str, int]:
        """How many more there are by now, of the reasons that have more."""
        after = self.counts()
        return {name: after[name] - before[name] for name in after if after[name] != before[name]}

    def expect(self, what: object, before: dict[str, int], wanted: dict[str, int]) -> None:
        """Raise DsrlbError unless ``wanted`` packets were counted since ``before``."""
        seen = self.seen(before)
        if seen != wanted:
            raise DsrlbError(
                f"{what}: packets were counted as {seen}, not {wanted}, so the time means nothing"
            )

    def recorded(self, family: int) -> int:
        """New flows that were recorded so far."""
        place = self._tables_of[f"TABLE_PENDING{family}"] * self.constants["MAX_FLOW_EVENTS"]
        return int(np.sum(np.asarray(self.maps["flow_counters"].get(place))))

    def pressure(self, family: int, tick: int) -> None:
        """The pending table was at its rating at this moment."""
        self.maps["pressure"].set(self._tables_of[f"TABLE_PENDING{family}"] * 8, tick)


def net(times: dict[str, list[int]], outer: int = 0) -> tuple[list[int], list[int]]:
    """The floor program's and the fast path's ns per packet, without what varying it costs."""
    vary = min(times["bench_vary"]) - min(times["bench_null"])
    floor = [value - vary for value in times["bench_floor"]]
    heads = (min(times["bench_heads"]) - min(times["bench_vary"])) // 2 if outer else 0
    return floor, [value - vary - heads for value in times["bench_dsrlb"]]
