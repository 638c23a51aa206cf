# SPDX-License-Identifier: Apache-2.0
"""What finding a port costs in mode one-arm, the more of them are in use.

The pool has one address, and the service one real server. New flows are timed in batches of at most
a tenth of the free ports, and are forgotten in between, so that the use stays what it is. Some are
refused where few ports are free: they count as SYNs, and not as ports.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from dsrlb.dataplane import bpf
from dsrlb.errors import DsrlbError
from tests.bench.cases import Case
from tests.bench.packets import SYN
from tests.bench.translated import Translated

USES = (0, 50, 90, 99)  # per cent
PORTS = 65_536 - 1_024
_CAPACITY = 1 << 17  # a pair has two entries
_SYNS = 1_024  # in one round
_VARY = 16_384  # packets by which the cost of varying them is measured
_FILL = 1 << 13
_SAMPLE = 500
_DROPPED, _ALLOCATED = "pool-exhausted", "forwarded"


@dataclass(frozen=True, slots=True)
class _Tries:
    """Ports that were looked at for one flow, over the sample."""

    mean: float
    most: int
    refused: float  # share of the flows


class _Pool(Translated):
    """One address, and one real server."""

    def __init__(self) -> None:
        super().__init__(_CAPACITY, 1, ("198.51.100.0/32", "2001:db8:51::/128"))
        self._next = 0
        (self._cpu,) = os.sched_getaffinity(0)

    def begin(self, case: Case) -> None:
        """No port is in use."""
        self.clear()
        self.requests(case)
        self._next = 0

    def _take(self, count: int) -> int:
        """The first of so many flows that have not been there."""
        first = self._next
        self._next += count
        return first

    def fill(self, case: Case, ports: int) -> None:
        """Have so many in use. Raises DsrlbError when that does not come about."""
        for _ in range(1_000):
            missing = ports - self.entries(case.family) // 2
            if missing == 0:
                return
            count = min(missing, _FILL)
            self.open_flows(case, self._take(count), count)
            self.forget_pending(case.family)
        raise DsrlbError(f"{case}: {missing} of {ports} ports are not in use")

    def _vary(self, case: Case, syn: bytes) -> int:
        """ns per packet."""
        self.aim(case, "request")
        return self.run("bench_vary", syn, _VARY) - self.run("bench_null", syn, _VARY)

    def _time(self, case: Case, syn: bytes, batch: int) -> float:
        """ns per SYN of one round."""
        times = []
        for _ in range(_SYNS // batch):
            self.aim(case, "request", self._take(batch))
            times.append(self.run("bench_dsrlb", syn, batch))
            self.forget_pending(case.family)
        return mean(times)

    def _tries(self, case: Case, syn: bytes) -> _Tries:
        tries, refused = [], 0
        for _ in range(_SAMPLE):
            self.aim(case, "request", self._take(1))
            refused += self.once("bench_dsrlb", syn).code == bpf.XDP_DROP
            scratch: Any = self.maps["scratch"].get(0)
            tries.append(int(scratch["tries"][self._cpu]))
            self.forget_pending(case.family)
        return _Tries(mean(tries), max(tries), refused / _SAMPLE)

    def at_use(self, case: Case, use: int, rounds: int) -> dict[str, Any]:
        """The row of one use. Raises DsrlbError when a SYN took a way that it should not."""
        ports = PORTS * use // 100
        self.fill(case, ports)
        syn = self.frame(case, "request", 0, SYN).wire
        before = self.counts()
        batch = 1 << (min(_SYNS, (PORTS - ports) // 10).bit_length() - 1)
        times = [(self._time(case, syn, batch), self._vary(case, syn)) for _ in range(rounds)]
        seen = self.seen(before)
        syns = rounds * _SYNS
        if sum(seen.values()) != syns or seen.keys() - {_ALLOCATED, _DROPPED}:
            raise DsrlbError(f"{case}: {syns} SYNs were counted as {seen}")
        allocated = seen[_ALLOCATED] / syns
        vary = min(cost for _, cost in times)
        net = [round(syn_ns - vary) for syn_ns, _ in times]
        tries = self._tries(case, syn)
        if self.entries(case.family) != 2 * ports:
            raise DsrlbError(f"{case}: {self.entries(case.family)} entries, not {2 * ports}")
        return {
            "case": case.name,
            "mode": case.mode,
            "method": None,
            "direction": "request",
            "family": f"ipv{case.family}",
            "protocol": case.protocol,
            "flows": ports,
            "use_percent": use,
            "reals": 1,
            "cpus": 1,
            "rounds": rounds,
            "batch": batch,
            "min_ns": min(net),
            "median_ns": median(net),
            "ports_per_second": round(1e9 / min(net) * allocated),
            "tries_mean": round(tries.mean, 2),
            "tries_max": tries.most,
            "refused_share": round(tries.refused, 3),
            "timed_refused_share": round(1 - allocated, 3),
        }


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """The rows, by family and use."""
    programs = _Pool()
    for family in (4, 6):
        case = Case("pool", family, "tcp", programs.most, _ALLOCATED, "one-arm")
        programs.begin(case)
        for use in USES:
            yield programs.at_use(case, use, rounds)
    programs.close()


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The rows as text."""
    if not rows:
        return
    yield (
        f"{'pool: use':<13}{'family':<7}{'ports':>8}{'min ns':>8}{'median':>8}{'ports/s':>10}"
        f"{'tries':>8}{'most':>6}{'refused':>9}"
    )
    for row in rows:
        yield (
            f"{row['use_percent']:>3} %{'':<8}{row['family']:<7}{row['flows']:>8}"
            f"{row['min_ns']:>8}{row['median_ns']:>8}{row['ports_per_second']:>10}"
            f"{row['tries_mean']:>8}{row['tries_max']:>6}{row['refused_share']:>9.1%}"
        )
