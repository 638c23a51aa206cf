# SPDX-License-Identifier: Apache-2.0
"""What choosing the real server of a new flow costs, by algorithm and number of real servers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any

from dsrlb.dataplane.keys import IPAddress
from tests.bench.cases import HASHED, Case, Counts
from tests.bench.direct import PORT, Direct

_VIP = "192.0.2.10"
_FASTEST = "fastest-response-time"
_EVERY = 64  # weights go round 1 to 4 by as many


def _real(number: int) -> IPAddress:
    return ip_address(f"10.0.{number >> 8}.{number & 255}")


def _config(algorithm: str, reals: int) -> str:
    """With weights where they count."""
    weighted = algorithm.startswith("weighted") or algorithm in HASHED
    lines = [
        f'[balancer]\ninterfaces = ["bench"]\n[[service]]\nname = "web"\nvip = "{_VIP}"',
        f'protocol = "tcp"\nport = {PORT}\nmode = "l2dsr"\nalgorithm = "{algorithm}"',
        'health.type = "none"',
    ]
    for n in range(reals):
        weight = 1 + n * 4 // _EVERY % 4 if weighted else 1
        lines.append(f'[[service.real]]\naddress = "{_real(n)}"\nweight = {weight}')
    return "\n".join(lines)


class Choices(Direct):
    """One service, whose real servers are on the interface that clients come in on."""

    def __init__(self) -> None:
        super().__init__(_config("round-robin", 1))

    def vip(self, case: Case) -> IPAddress:
        """The only one."""
        return ip_address(_VIP)

    def reals(self, case: Case) -> list[IPAddress]:
        """In order; but for the slow one, where that gets none."""
        count = case.reals - (case.algorithm == _FASTEST)
        return [_real(n) for n in range(count)]

    def forget(self, family: int) -> None:
        """All flows; and new response times, all but one of them near each other."""
        super().forget(family)
        responses = self.maps["responses"].array
        now = time.monotonic_ns() >> 27
        reals = self.applier.installed.reals.values()
        for place, real in enumerate(reals, 1):
            slow = 1 + (place == len(reals))
            responses["measured"][real.index] = (slow * 10_000 << 32) | now

    def measure(self, case: Case, rounds: int) -> dict[str, Any]:
        """The case's row. Raises DsrlbError when a packet took another way than it should."""
        self.configure(_config(case.algorithm, case.reals))
        return super().measure(case, rounds)


def measure(cases: Iterable[Case], counts: Counts) -> Iterator[dict[str, Any]]:
    """The rows of these cases."""
    programs: Choices | None = None
    for case in cases:
        programs = programs or Choices()
        yield programs.measure(case, counts.of(case))
    if programs is not None:
        programs.close()
