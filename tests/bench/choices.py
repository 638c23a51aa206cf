# SPDX-License-Identifier: Apache-2.0
"""What choosing the real server of a new flow costs, by algorithm and number of real servers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from dsrlb.control.desired import LinkState, Resolution
from dsrlb.errors import DsrlbError
from tests.bench.cases import HASHED, Case
from tests.bench.direct import CAPACITY, MAC, NEW, frame_of
from tests.bench.programs import IFINDEX, Programs, net

SYN = 0x02
_EVERY = 64  # weights go round 1 to 4 by as many


def _config(algorithm: str, reals: int) -> str:
    """With weights where they count; real server n is 10.0.x.y."""
    weighted = algorithm.startswith("weighted") or algorithm in HASHED
    lines = [
        '[balancer]\ninterfaces = ["bench"]\n[[service]]\nname = "web"\nvip = "192.0.2.10"',
        f'protocol = "tcp"\nport = 80\nmode = "l2dsr"\nalgorithm = "{algorithm}"',
    ]
    for n in range(reals):
        weight = 1 + n * 4 // _EVERY % 4 if weighted else 1
        address = f"10.0.{n >> 8}.{n & 255}"
        lines.append(f'[[service.real]]\naddress = "{address}"\nweight = {weight}')
    return "\n".join(lines)


class Choices(Programs):
    """One service, whose real servers are on the interface that clients come in on."""

    def __init__(self) -> None:
        link = LinkState(1, IFINDEX, "bench", MAC, 1500)
        super().__init__(
            _config("round-robin", 1),
            {"bench": link},
            lambda _: Resolution(MAC, link, True),
            CAPACITY,
        )

    def begin(self, case: Case) -> None:
        """Before a run: no flows; and new response times, all but one of them near each other."""
        self.tables.clear()
        if case.algorithm != "fastest-response-time":
            return
        responses = self.maps["responses"].array
        now = time.monotonic_ns() >> 27
        for place, real in enumerate(self.applier.installed.reals.values()):
            slow = 1 + (place == case.reals - 1)
            responses["measured"][real.index] = (slow * 10_000 << 32) | now

    def measure(self, case: Case, rounds: int) -> dict[str, Any]:
        """The case's row. Raises DsrlbError when a packet took another way than it should."""
        self.configure(_config(case.algorithm, case.reals))
        self.maps["bench_control"].set(0, (0, case.flows - 1, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        frame = frame_of(case, SYN)
        before, recorded = self.counts(), self.recorded(case.family)
        times = self.rounds(rounds, frame, NEW, lambda: self.begin(case))
        self.expect(case, before, {case.reason: rounds * NEW})
        made, wanted = self.recorded(case.family) - recorded, rounds * NEW
        if abs(made - wanted) > wanted // 1000:
            raise DsrlbError(f"{case}: {made} flows were recorded, not {wanted}")
        return case.row(rounds, *net(times))


def measure(cases: Iterable[Case], rounds: int) -> Iterator[dict[str, Any]]:
    """The rows of these cases."""
    programs: Choices | None = None
    for case in cases:
        programs = programs or Choices()
        yield programs.measure(case, rounds)
    if programs is not None:
        programs.close()
