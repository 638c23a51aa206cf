# SPDX-License-Identifier: Apache-2.0
"""Measure the fast path by BPF_PROG_TEST_RUN and write build/bench/results.json.

Rounds are interleaved: in each, every program runs once, so that a slow moment of the machine hits
all alike. Times are net of the cost of varying the packet, which is measured by itself, and hold
what BPF_PROG_TEST_RUN costs per run (about 5 ns), for the floor as for the fast path.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from dsrlb.config import parse
from dsrlb.control import installed
from dsrlb.control.apply import Applier
from dsrlb.control.compute import compute
from dsrlb.control.desired import LinkState, Resolution
from dsrlb.control.mactable import targets_of
from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import build
from dsrlb.dataplane.keys import link_bytes
from dsrlb.dataplane.loader import load_program, put_stage
from dsrlb.dataplane.maps import MapSet
from dsrlb.dataplane.methods import methods
from dsrlb.errors import DsrlbError
from tests.bench import flowtable
from tests.packets.tables import Tables

REPEAT = 200_000
NEW = 100_000  # less than half of what the pending table is rated for
REALS = 10
MAC = "02:00:00:00:00:aa"
IFINDEX = 1  # loopback: the program is run on it by hand, not attached
ENTRIES = ("bench_null", "bench_vary", "bench_heads", "bench_floor", "bench_dsrlb")
METHODS = {"l2dsr": "", "dscp": "dscp = 12", "ipip": "", "gue": ""}
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the results."""

    name: str
    family: int
    protocol: str
    flows: int
    reason: str  # the one that every packet must be counted under
    method: str = "l2dsr"

    @property
    def outer(self) -> int:
        """Bytes that the method puts in front of a packet."""
        return methods()[self.method].outer[self.family]


CASES = (
    Case("established", 4, "tcp", 1, "forwarded"),
    Case("established", 4, "tcp", 4_096, "forwarded"),
    Case("established", 4, "tcp", 1 << 20, "forwarded"),
    Case("established", 4, "udp", 4_096, "forwarded"),
    Case("established", 6, "tcp", 1, "forwarded"),
    Case("established", 6, "tcp", 4_096, "forwarded"),
    Case("established", 6, "tcp", 1 << 20, "forwarded"),
    *(
        Case("established", family, "tcp", flows, "forwarded", method)
        for method in ("dscp", "ipip", "gue")
        for family in (4, 6)
        for flows in (1, 4_096, 1 << 20)
    ),
    Case("new-flow", 4, "tcp", 1 << 22, "forwarded"),
    Case("new-flow", 6, "tcp", 1 << 22, "forwarded"),
    Case("flood", 4, "tcp", 1 << 22, "forwarded"),
    Case("flood", 6, "tcp", 1 << 22, "forwarded"),
    Case("foreign", 4, "tcp", 4_096, "pass"),
    Case("foreign", 6, "tcp", 4_096, "pass"),
)


def _config() -> str:
    reals = "\n".join(
        f'[[service.real]]\naddress = ["10.0.0.{n}", "fd00::{n}"]' for n in range(1, REALS + 1)
    )
    lines = ['[balancer]\ninterfaces = ["bench"]']
    lines.append('tunnel_source = ["198.51.100.0/24", "2001:db8:2::/64"]')
    for method, more in METHODS.items():
        vip4, vip6 = (_vip(method, family) for family in (4, 6))
        for protocol in ("tcp", "udp"):
            lines.append(
                f'[[service]]\nname = "{method}-{protocol}"\nvip = ["{vip4}", "{vip6}"]\n'
                f'protocol = "{protocol}"\nport = 80\nmode = "{methods()[method].mode}"\n{reals}'
            )
            if method != "l2dsr":
                lines.append(f'[service.l3dsr]\nmethod = "{method}"\n{more}')
    return "\n".join(lines)


def _vip(method: str, family: int) -> str:
    number = 10 + list(METHODS).index(method)
    return f"192.0.2.{number}" if family == 4 else f"2001:db8::{number}"


def _frame(case: Case, flags: int) -> bytes:
    """A frame of at least 64 bytes (without FCS: 60); reals have our own MAC, see Bench."""
    if case.protocol == "tcp":
        transport = struct.pack("!HHIIBBHHH", 1024, 80, 1, 1, 5 << 4, flags, 1024, 0, 0)
        number = 6
    else:
        transport = struct.pack("!HHHH", 1024, 80, 20, 0) + bytes(12)
        number = 17
    foreign = case.name == "foreign"
    vip = _vip(case.method, case.family)
    if case.family == 4:
        destination = ip_address("192.0.2.99" if foreign else vip).packed
        length = 20 + len(transport)
        source = ip_address("198.18.0.0").packed
        head = struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0x4000, 64, number, 0)
        kind = 0x0800
    else:
        destination = ip_address("2001:db8::99" if foreign else vip).packed
        source = ip_address("2001:db8:1::").packed
        head = struct.pack("!IHBB", 6 << 28, len(transport), number, 64)
        kind = 0x86DD
    ethernet = bytes.fromhex(MAC.replace(":", "")) + b"\x02\0\0\0\0\x01" + kind.to_bytes(2, "big")
    return (ethernet + head + source + destination + transport).ljust(60, b"\0")


class Bench:
    """The programs and their maps.

    The reals' MAC is the balancer's own, so that a rewritten frame is still one for the balancer:
    the rewrite is done in full, and the next repeat meets a valid packet.
    """

    def __init__(self) -> None:
        artifact = build(main=Path(__file__).parent / "bench.c")
        self.artifact = artifact
        self.reasons = [reason.name for reason in artifact.reasons]
        self.maps = MapSet(artifact, None, 1 << 20)
        for name, place in artifact.stages.items():
            put_stage(self.maps, place, load_program(artifact.programs[f"dsrlb_{name}"], self.maps))
        self.fds = {name: load_program(artifact.programs[name], self.maps) for name in ENTRIES}
        self.tables = Tables(self.maps)
        link = LinkState(1, IFINDEX, "bench", MAC, 1500)
        self.maps["links"].set(IFINDEX, link_bytes(MAC, 1))
        config = parse(_config(), "bench")
        found = dict.fromkeys(targets_of(config), Resolution(MAC, link, True))
        Applier(self.maps, installed.read(self.maps)).apply(compute(config, {"bench": link}, found))

    def control(self, case: Case, *, shuffled: bool) -> None:
        """Set the number of flows (a power of two) and their order; start again at the first."""
        length = len(_frame(case, 0)) if case.outer else 0
        vip = 0
        if methods()[case.method].routes:
            packed = ip_address(_vip(case.method, case.family)).packed
            vip = int.from_bytes(packed[-4:], "little")
        content = (0, case.flows - 1, int(shuffled), length, case.outer, vip, 0)
        self.maps["bench_control"].set(0, content)

    def run(self, entry: str, frame: bytes, repeat: int) -> int:
        """Mean ns per packet."""
        return bpf.prog_test_run(self.fds[entry], frame, IFINDEX, repeat).duration

    def counts(self) -> dict[str, int]:
        """Packets by reason so far."""
        total = (
            self.maps["counters"]
            .sum_over_cpus()
            .reshape(-1, self.artifact.constants["MAX_REASONS"])[1]
        )
        return {name: int(total[number]) for number, name in enumerate(self.reasons)}

    def begin(self, case: Case) -> None:
        """Before a run of SYNs: an empty pending table, or one that is at its rating."""
        if case.name == "new-flow":
            self.tables.clear()
        if case.name == "flood":  # holds for a second
            place = self.artifact.enums["flow_table"][f"TABLE_PENDING{case.family}"] * 8
            self.maps["pressure"].set(place, time.monotonic_ns() >> 27)

    def recorded(self, family: int) -> int:
        """SYNs that were recorded so far."""
        place = self.artifact.enums["flow_table"][f"TABLE_PENDING{family}"] * 16
        return int(np.sum(np.asarray(self.maps["flow_counters"].get(place))))

    def establish(self, case: Case) -> None:
        """Make the case's flows: a first packet each, then a second."""
        self.tables.clear()
        first = 0x02 if case.protocol == "tcp" else 0
        for flags in (first, 0x10):
            self.control(case, shuffled=False)
            self.run("bench_dsrlb", _frame(case, flags), case.flows)


def _measure(bench: Bench, case: Case, rounds: int) -> dict[str, Any]:
    is_new = case.name in ("new-flow", "flood")
    repeat = NEW if is_new else REPEAT
    if case.name == "established":
        bench.establish(case)
    frame = _frame(case, 0x02 if is_new else 0x10)
    bench.control(case, shuffled=not is_new)
    before, recorded = bench.counts(), bench.recorded(case.family)
    times: dict[str, list[int]] = {entry: [] for entry in ENTRIES}
    for _ in range(rounds):
        for entry in ENTRIES:
            bench.begin(case)
            times[entry].append(bench.run(entry, frame, repeat))
    after = bench.counts()
    seen = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    made = bench.recorded(case.family) - recorded
    wanted = rounds * repeat if case.name == "new-flow" else 0
    if seen != {case.reason: rounds * repeat} or abs(made - wanted) > wanted // 1000:
        raise DsrlbError(
            f"{case}: packets were counted as {seen} and {made} were recorded, so the time means "
            "nothing"
        )
    vary = min(times["bench_vary"]) - min(times["bench_null"])
    floor = [value - vary for value in times["bench_floor"]]
    heads = (min(times["bench_heads"]) - min(times["bench_vary"])) // 2 if case.outer else 0
    net = [value - vary - heads for value in times["bench_dsrlb"]]
    return {
        "case": case.name,
        "mode": methods()[case.method].mode,
        "method": case.method if case.method != "l2dsr" else None,
        "algorithm": "round-robin",
        "direction": "request",
        "family": f"ipv{case.family}",
        "protocol": case.protocol,
        "flows": case.flows,
        "reals": REALS,
        "cpus": 1,
        "rounds": rounds,
        "floor_min_ns": min(floor),
        "floor_median_ns": median(floor),
        "min_ns": min(net),
        "median_ns": median(net),
        "ratio": round(median(net) / max(median(floor), 1), 2),
    }


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield (
        f"{'case':<13}{'method':<7}{'family':<7}{'proto':<6}{'flows':>8}"
        f"{'floor ns':>10}{'min ns':>8}{'median':>8}{'ratio':>7}"
    )
    for row in rows:
        yield (
            f"{row['case']:<13}{row['method'] or row['mode']:<7}{row['family']:<7}"
            f"{row['protocol']:<6}{row['flows']:>8}"
            f"{row['floor_median_ns']:>10}{row['min_ns']:>8}{row['median_ns']:>8}{row['ratio']:>7}"
        )


def main() -> int:
    """Run all cases (or those whose name --only lists)."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--only", default=os.environ.get("ONLY", ""), help="case names, by commas")
    arguments = parser.parse_args()
    only = {name for name in arguments.only.split(",") if name}
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    cases = [case for case in CASES if not only or case.name in only]
    bench = Bench() if cases else None
    rows = [_measure(bench, case, arguments.rounds) for case in cases if bench]
    flows = []
    if not only or "flow-table" in only:
        flows = list(flowtable.measure(arguments.rounds))
    folder = ROOT / "build/bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(rows + flows, indent=1) + "\n")
    for line in (*_table(rows), *flowtable.table(flows)):
        print(line)
    print(f"written: {folder / 'results.json'}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DsrlbError as error:
        sys.exit(f"error: {error.message}")
