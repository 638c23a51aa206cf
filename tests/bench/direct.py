# SPDX-License-Identifier: Apache-2.0
"""The modes whose replies do not come back through the balancer: l2dsr and l3dsr.

The reals' MAC is the balancer's own, so that a rewritten frame is still one for the balancer: the
rewrite is done in full, and the next repeat meets a valid packet.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any

from dsrlb.control.desired import LinkState, Resolution
from dsrlb.dataplane.methods import methods
from dsrlb.errors import DsrlbError
from tests.bench.cases import REALS, Case
from tests.bench.programs import IFINDEX, Programs, net

REPEAT = 200_000
NEW = 100_000  # less than half of what the pending table is rated for
CAPACITY = 1 << 20
MAC = "02:00:00:00:00:aa"
METHODS = {"l2dsr": "", "dscp": "dscp = 12", "ipip": "", "gue": ""}


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


def frame_of(case: Case, flags: int) -> bytes:
    """A frame of at least 64 bytes (without FCS: 60)."""
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


class Direct(Programs):
    """Ten real servers on the interface that clients come in on."""

    def __init__(self) -> None:
        link = LinkState(1, IFINDEX, "bench", MAC, 1500)
        super().__init__(
            _config(), {"bench": link}, lambda _: Resolution(MAC, link, True), CAPACITY
        )

    def control(self, case: Case, *, shuffled: bool) -> None:
        """Set the number of flows (a power of two) and their order; start again at the first."""
        length = len(frame_of(case, 0)) if case.outer else 0
        vip = 0
        if methods()[case.method].routes:
            packed = ip_address(_vip(case.method, case.family)).packed
            vip = int.from_bytes(packed[-4:], "little")
        content = (0, case.flows - 1, int(shuffled), length, case.outer, vip, 0, 0, 0, 0, 0)
        self.maps["bench_control"].set(0, content)

    def begin(self, case: Case) -> None:
        """Before a run of SYNs: an empty pending table, or one that is at its rating."""
        if case.name == "new-flow":
            self.tables.clear()
        if case.name == "flood":  # holds for a second
            self.pressure(case.family, time.monotonic_ns() >> 27)

    def establish(self, case: Case) -> None:
        """Make the case's flows: a first packet each, then a second."""
        self.tables.clear()
        first = 0x02 if case.protocol == "tcp" else 0
        for flags in (first, 0x10):
            self.control(case, shuffled=False)
            self.run("bench_dsrlb", frame_of(case, flags), case.flows)

    def measure(self, case: Case, rounds: int) -> dict[str, Any]:
        """The case's row. Raises DsrlbError when a packet took another way than it should."""
        is_new = case.name in ("new-flow", "flood")
        repeat = NEW if is_new else REPEAT
        if case.name == "established":
            self.establish(case)
        frame = frame_of(case, 0x02 if is_new else 0x10)
        self.control(case, shuffled=not is_new)
        before, recorded = self.counts(), self.recorded(case.family)
        times = self.rounds(rounds, frame, repeat, lambda: self.begin(case))
        self.expect(case, before, {case.reason: rounds * repeat})
        made = self.recorded(case.family) - recorded
        wanted = rounds * repeat if case.name == "new-flow" else 0
        if abs(made - wanted) > wanted // 1000:
            raise DsrlbError(f"{case}: {made} flows were recorded, not {wanted}")
        return case.row(rounds, *net(times, case.outer))


def measure(cases: Iterable[Case], rounds: int) -> Iterator[dict[str, Any]]:
    """The rows of these cases."""
    programs: Direct | None = None
    for case in cases:
        programs = programs or Direct()
        yield programs.measure(case, rounds)
    if programs is not None:
        programs.close()
