# SPDX-License-Identifier: Apache-2.0
"""Two CPUs write, user space reads all the time and has expired entries removed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from dsrlb.dataplane.flowscan import Count
from dsrlb.dataplane.flowsettings import FlowSizes
from dsrlb.dataplane.flowtable import FlowAbi, FlowTable
from dsrlb.dataplane.reaper import Reaper
from tests import scale
from tests.packets.flowtable.drivers import Drivers, compiled, race_state, tallies, together
from tests.packets.flowtable.scan import Entries, faults, number_of

SETS, PENDING_SETS, KEYS = 32, 8, 96
ROUND = 1_000_000 if scale.SOAK else 200_000


@pytest.fixture(params=(4, 6), ids=("ipv4", "ipv6"))
def drivers(request: pytest.FixtureRequest) -> Iterator[Drivers]:
    """race.c for one family, on a small table."""
    with closing(Drivers(compiled("race.c", request.param), request.param)) as found:
        found.table.resize(SETS, PENDING_SETS)
        yield found


class Scanner:
    """Looks at the table again and again; ``seen`` counts what it saw."""

    def __init__(self, drivers: Drivers) -> None:
        self.table = drivers.table
        self._reaper = Reaper(lambda: [drivers.fds["reaper"]], drivers.artifact)
        self._abi = FlowAbi.of(drivers.artifact)
        self._ipv6 = self.table.family == 6
        sizes = FlowSizes(KEYS, KEYS, SETS, PENDING_SETS)
        source = drivers.maps[f"flows{self.table.family}"]
        self._production = FlowTable(self._ipv6, source, sizes, self._abi)
        self._generations = self.table.maps["reals"].array["generation"].astype(np.uint16)[:16]
        self.seen: Counter[str] = Counter()

    def once(self) -> None:
        """One look: by the tests' own reading, then by the control plane's, which expires."""
        found = self.table.settled()
        numbers = number_of(found, self.table.family)
        expected = self.values(numbers)
        self.seen["scans"] += 1
        self.seen["entries"] += len(found)
        self.seen["wrong"] += int((found.value != expected).sum())
        self.seen["twice"] += self._twice(found, numbers)
        count = Count(self._production, self._generations)
        for part in self._production.parts():
            count.add(part, self._abi.now(), self._reaper.expire)
        self.seen["expired"] += count.expired
        some = found.where(np.arange(len(found)) % 16 == 0)
        versions = some.version.astype(np.uint32)
        self.seen["dropped"] += self._reaper.drop(self._ipv6, some.entry, versions)

    @staticmethod
    def values(numbers: np.ndarray) -> np.ndarray:
        """number_value() of race.h."""
        numbers = numbers.astype(np.uint64)
        check = numbers * np.uint64(0x9E3779B1) & np.uint64(0xFFFFFFFF)
        real = np.uint64(1) + numbers % np.uint64(5)
        return real | np.uint64(7 << 16) | check << np.uint64(32)

    def _twice(self, found: Entries, numbers: np.ndarray) -> int:
        """Keys in two entries neither of which has changed hands since the table was read."""
        names = numbers * 2 + self.table.is_pending(found)
        if len(names) == len(np.unique(names)):
            return 0
        still = self.table.still(found)
        names = names[still]
        return len(names) - len(np.unique(names))


@pytest.mark.soak
def test_scan_beside_two_cpus(drivers: Drivers) -> None:
    """What a scan takes for one flow is one flow; what it lets expire is counted."""
    began, asked = time.monotonic(), scale.count("flowtable_scan") // 2
    scanner, stop = Scanner(drivers), False

    def scan() -> None:
        while not stop:
            scanner.once()

    total: Counter[str] = Counter()
    rounds = max(asked // ROUND, 1)
    for number in range(rounds):
        stop = False
        states = [
            race_state(2 * number + cpu, keys=KEYS, finds=160, remove=16, replace=64, pending=64)
            for cpu in (0, 1)
        ]
        with ThreadPoolExecutor(1) as pool:
            scanning = pool.submit(scan)
            ends = together(
                *(lambda state=state: drivers.run("race", state, ROUND) for state in states)
            )
            stop = True
            scanning.result()
        total += Counter(tallies(*ends))
        assert faults(drivers.table) == []
    errors = sum(total[name] for name in ("wrong", "twice")) + sum(
        scanner.seen[name] for name in ("wrong", "twice")
    )
    name = f"flowtable-scan-ipv{drivers.table.family}"
    scale.record(name, 2 * asked, 2 * rounds * ROUND, errors, time.monotonic() - began)
    print(f"{name}: 2 x {rounds * ROUND} operations, {dict(total)}; scanner {dict(scanner.seen)}")
    assert errors == 0
    assert scanner.seen["scans"] > rounds
    assert scanner.seen["expired"] > 0
    assert scanner.seen["dropped"] > 0
    assert total["found"] > 0
