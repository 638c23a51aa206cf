# SPDX-License-Identifier: Apache-2.0
"""The fast path behind the entry points of bench.c, configured as the daemon does it.

Rounds are interleaved: in each, every program runs once, so that a slow moment of the machine hits
all alike. Times are net of the cost of varying the packet, which is measured by itself, and hold
what BPF_PROG_TEST_RUN costs per run, for the floor as for the fast path.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.config import parse
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import LinkState, RealId, Resolution
from dsrlb.control.flows.counters import flow_events
from dsrlb.control.macs.targets import targets_of
from dsrlb.control.maps import installed
from dsrlb.control.maps.apply import Applier
from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import build
from dsrlb.dataplane.cpus import possible_cpus
from dsrlb.dataplane.keys import link_bytes
from dsrlb.dataplane.loader import Dataplane, load_program
from dsrlb.errors import DsrlbError
from tests.bench.cases import Case
from tests.bench.dispatch import Dispatched
from tests.bench.machine import Load
from tests.bench.rounds import ONE, Meter, Rounds, Step
from tests.bench.statistics import Summary, summary
from tests.packets.tables import Tables

IFINDEX = 1  # loopback: programs are run on it by hand, not attached
CAPACITY = 1 << 20
"""Entries per family that the flow tables are rated for: balancer.flow_capacity. As many as
the most flows of a case: of more than that some are let go, which no measurement survives."""
FAST_PATH = "bench_dsrlb"
COPIES = 8
"""Of each program: with all of them the dispatcher, which has 48 places, is nearly full."""
_BASE = ("null", "vary", "floor")
_ENTRIES = ("bench_null", "bench_vary", "bench_heads", "bench_floor", FAST_PATH)
_LEARN = "bench_learn"
_FRAME = bytes(60)
_RACED = "raced"  # two CPUs at one entry: one begins again


@cache
def own_cpus() -> list[int]:
    """Those that this process was given at first. The one that works alone stands first: it is the
    last, as the first has more to do for the machine."""
    return sorted(os.sched_getaffinity(0), reverse=True)


@dataclass(frozen=True, slots=True)
class Measured:
    """What rounds gave: which names are the fast path's, whether headers were taken off again, and
    what else the machine did."""

    rounds: Rounds
    steps: Sequence[str]
    undone: bool
    load: Mapping[str, float]

    def summary(self, cpus: int = ONE) -> Summary:
        """For so many CPUs."""
        return summary(self.rounds.of(cpus), self.steps, undone=self.undone)

    def circumstances(self, cpus: int = ONE) -> dict[str, float]:
        """As they stand in results.json: the share of quiet rounds, the ratio of all rounds, and
        what else the machine did."""
        everything = summary(self.rounds.times[cpus], self.steps, undone=self.undone)
        return {
            "quiet": round(self.rounds.share, 2),
            "ratio_all": everything.fields["ratio"],
            **self.load,
        }


class Programs:
    """The programs and their maps."""

    def __init__(
        self,
        config: str,
        links: Mapping[str, LinkState],
        where: Callable[[RealId], Resolution],
        capacity: int = CAPACITY,
    ) -> None:
        """``capacity``: entries per family that the flow tables are rated for."""
        artifact = build(Path(__file__).parent / "bench.c")
        self._dataplane = Dataplane.create(None, capacity, artifact)
        self.maps = self._dataplane.maps
        self._artifact = artifact
        self.capacity = capacity
        self.constants = artifact.constants
        self._tables_of = artifact.enums["flow_table"]
        self._reasons = [reason.name for reason in artifact.reasons]
        self._fds = {
            name: [load_program(artifact.programs[name], self.maps) for _ in range(copies)]
            for name, copies in ((_LEARN, 1), *((entry, COPIES) for entry in _ENTRIES))
        }
        self._dispatched = Dispatched()
        self._dispatched.add(fd for fds in self._fds.values() for fd in fds)
        self.meter = Meter(self._fds, IFINDEX, own_cpus())
        self.meter.calibrate("bench_null", _FRAME)
        self.tables = Tables(self.maps)
        self._control = np.zeros(possible_cpus(), self.maps["bench_control"].value_type)
        self._numbers = [link.number for link in links.values()]
        for link in links.values():
            self.maps["egress"].set(link.number, IFINDEX)  # a test run redirects nothing
        self.come_in(next(iter(links.values())))
        self._links, self._where = links, where
        self.configure(config)

    def configure(self, config: str) -> None:
        """Go on with this configuration."""
        self.config = config
        parsed = parse(config, "bench")
        found = {identity: self._where(identity) for identity in targets_of(parsed)}
        self.applier = Applier(self.maps, installed.read(self.maps))
        self.applier.apply(compute(parsed, self._links, found))

    def close(self) -> None:
        """Give everything back."""
        self.meter.close()
        self._dispatched.close()
        for fds in self._fds.values():
            for fd in fds:
                os.close(fd)
        self._dataplane.close()

    def clear(self) -> None:
        """No flows, and no traces of any."""
        self.tables.clear()
        self.maps["traces"].array[:] = 0

    def come_in(self, link: LinkState) -> None:
        """Packets come in on this interface from now on: loopback is it."""
        self.maps["links"].set(IFINDEX, link_bytes(link.mac, link.number))

    def once(self, entry: str, frame: bytes) -> bpf.TestRun:
        """One packet, and what became of it."""
        return bpf.prog_test_run(self._fds[entry][0], frame, IFINDEX)

    def control(self, **fields: Any) -> None:
        """Say what packets come next, by the fields of struct bench_control, the others being 0. A
        field that differs between CPUs is a sequence."""
        self._control[:] = 0
        self.control_also(**fields)

    def control_also(self, **fields: Any) -> None:
        """The same, but the other fields stay as they were last set."""
        for name, value in fields.items():
            self._control[name] = value
        self.maps["bench_control"].set(0, self._control.tobytes())

    def run(self, entry: str, frame: bytes, repeat: int) -> int:
        """Mean ns per packet."""
        return self.meter.run(entry, frame, repeat)

    def learn(self, frame: bytes, repeat: int) -> None:
        """Run so many requests, and note what became of all but the last one."""
        self.run(_LEARN, frame, repeat)

    def flows_each(self, flows: int) -> dict[str, Any]:
        """Fields of bench_control that give each CPU of the rounds its part of the flows."""
        each = flows // self.meter.together
        return {"mask": each - 1, "base": self.places(each)}

    def places(self, stride: int, first: int = 0) -> npt.NDArray[np.uint64]:
        """A number for each CPU of the rounds, ``stride`` apart."""
        numbers = np.zeros(len(self._control), "<u8")
        for place, cpu in enumerate(self.meter.cpus[: self.meter.together]):
            numbers[cpu] = first + place * stride
        return numbers

    def timed(
        self,
        case: Case,
        rounds: int,
        steps: Sequence[Step],
        happens: Mapping[str, int],
        begin: Callable[[Step], None] = lambda _: None,
    ) -> Measured:
        """Rounds of these steps of the fast path, and of the other programs. ``happens``: what must
        happen to flows, and how often per packet of the first step. Raises DsrlbError when packets
        took another way than they should."""
        undone = case.name == "established" and case.outer > 0
        names = (*_BASE, "heads") if undone else _BASE
        frame = steps[0].frame
        groups = [[self.meter.step(name, f"bench_{name}", frame)] for name in names]
        before, events = self.counts(), self.events(case.family)
        self.meter.sent.clear()
        load = Load(self.meter.cpus[0])
        found = self.meter.rounds(rounds, [*groups, steps], begin)
        sent = self.meter.sent
        measured = Measured(found, [step.name for step in steps], undone, load.fields())
        self.expect(case, before, {case.reason: sum(sent[name] for name in measured.steps)})
        first = sent[steps[0].name]
        self.expect_events(
            case, case.family, events, {name: count * first for name, count in happens.items()}
        )
        return measured

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

    def events(self, family: int) -> Counter[str]:
        """What happened to flows so far, as "pending made"."""
        found = flow_events(self.maps, self._artifact)
        return Counter(
            {
                f"{table} {name}": count
                for table in ("flows", "pending")
                for name, count in found[f"{table}{family}"].items()
            }
        )

    def expect_events(
        self, what: object, family: int, before: Counter[str], wanted: Mapping[str, int]
    ) -> None:
        """Raise DsrlbError unless this happened to flows since ``before``; one in a thousand may
        lack."""
        seen = self.events(family) - before
        names = {name for name in (*seen, *wanted) if not name.endswith(_RACED)}
        if any(abs(seen[n] - wanted.get(n, 0)) > wanted.get(n, 0) // 1000 for n in names):
            raise DsrlbError(f"{what}: {dict(seen)} happened to flows, not {dict(wanted)}")

    def new_secret(self) -> None:
        """Another hash of flows; the tables are to be empty."""
        secret = self.maps["flow_settings"].array["secret"]
        secret[:] = np.frombuffer(os.urandom(secret.nbytes), "<u8").reshape(secret.shape)

    def pressure(self, family: int, tick: int) -> None:
        """The pending table was at its rating at this moment."""
        self.maps["pressure"].set(self._tables_of[f"TABLE_PENDING{family}"] * 8, tick)
