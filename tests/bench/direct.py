# SPDX-License-Identifier: Apache-2.0
"""The modes whose replies do not come back through the balancer: l2dsr and l3dsr.

While times are taken the reals' MAC is the balancer's own, so that a rewritten frame is still one
for the balancer: the rewrite is done in full, and the next repeat meets a valid packet. While
outputs are checked each real has its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import numpy as np

from dsrlb.control.desired.contents import LinkState, RealId, Resolution
from dsrlb.dataplane import bpf
from dsrlb.dataplane.keys import IPAddress, address_bytes, mac_bytes
from dsrlb.dataplane.methods import methods
from dsrlb.errors import DsrlbError
from tests.bench.cases import REALS, TUPLES, Case, Counts
from tests.bench.checks import Checks, own_mac
from tests.bench.expected import Service
from tests.bench.packets import ACK, PROTOCOLS, SYN, Ends, Frame
from tests.bench.programs import CAPACITY, FAST_PATH, IFINDEX, Measured, Programs
from tests.bench.rounds import Step

MAC = "02:00:00:00:00:aa"
CLIENT = bytes.fromhex("020000000001")
LINK = LinkState(1, IFINDEX, "bench", MAC, 1500)
PORT = 80
CODE = 12
SOURCES = {4: "198.51.100.0/24", 6: "2001:db8:2::/64"}
_SERVICES = (
    ("l2dsr", "round-robin"),
    ("dscp", "round-robin"),
    ("ipip", "round-robin"),
    ("gue", "round-robin"),
    ("l2dsr", "maglev"),
)
_NEW = 100_000  # new flows until all are forgotten: less than half of the pending table's rating
_BATCH = 1 << 16
_SECRETS = 4  # tried
_NO_ROOM = "flows replaced-no-data"
_FILLING = 1 << 27  # number of the first of the flows that fill the pending table
_CLIENTS = {4: ip_address("198.18.0.0"), 6: ip_address("2001:db8:1::")}


def source(family: int, number: int) -> tuple[IPAddress, int]:
    """Address and port of a flow's client (vary() in bench.c)."""
    return _CLIENTS[family] + (number >> 15), 1024 + (number & 0x7FFF)


def _vip(method: str, algorithm: str, family: int) -> IPAddress:
    number = 10 + _SERVICES.index((method, algorithm))
    return ip_address(f"192.0.2.{number}" if family == 4 else f"2001:db8::{number}")


def _config() -> str:
    reals = "\n".join(
        f'[[service.real]]\naddress = ["10.0.0.{n}", "fd00::{n}"]' for n in range(1, REALS + 1)
    )
    lines = ['[balancer]\ninterfaces = ["bench"]']
    lines.append(f"tunnel_source = {list(SOURCES.values())}")
    for method, algorithm in _SERVICES:
        vips = [str(_vip(method, algorithm, family)) for family in (4, 6)]
        for protocol in PROTOCOLS:
            lines.append(
                f'[[service]]\nname = "{method}-{algorithm}-{protocol}"\nvip = {vips}\n'
                f'protocol = "{protocol}"\nport = {PORT}\nmode = "{methods()[method].mode}"\n'
                f'algorithm = "{algorithm}"\n{reals}'
            )
            if method != "l2dsr":
                code = f"dscp = {CODE}" if method == "dscp" else ""
                lines.append(f'[service.l3dsr]\nmethod = "{method}"\n{code}')
    return "\n".join(lines)


class Direct(Programs):
    """Real servers on the interface that clients come in on."""

    def __init__(self, config: str | None = None, capacity: int = CAPACITY) -> None:
        """``config``: instead of one service of each method."""
        self._own_macs = False
        super().__init__(config or _config(), {"bench": LINK}, self._resolve, capacity)

    def _resolve(self, identity: RealId) -> Resolution:
        mac = own_mac(identity.address).hex(":") if self._own_macs else MAC
        return Resolution(mac, LINK, True)

    def give_macs(self, own: bool) -> None:
        """To the reals: their own, or the balancer's."""
        self._own_macs = own
        self.configure(self.config)

    def service(self, case: Case) -> Service:
        """What must become of its packets."""
        sources = {family: ip_network(prefix) for family, prefix in SOURCES.items()}
        return Service(case.method, CODE, sources)

    def vip(self, case: Case) -> IPAddress:
        """The address of the case's service; of none, for foreign packets."""
        if case.name == "foreign":
            return ip_address("192.0.2.99" if case.family == 4 else "2001:db8::99")
        return _vip(case.method, case.algorithm, case.family)

    def reals(self, case: Case) -> list[IPAddress]:
        """The service's, in order."""
        return [
            ip_address(f"10.0.0.{n}" if case.family == 4 else f"fd00::{n}")
            for n in range(1, REALS + 1)
        ]

    def send(self, case: Case, number: int, flags: int) -> tuple[Frame, bpf.TestRun]:
        """One packet of this flow as it came in, and what became of it."""
        self.aim(case, first=number)
        sent = self.frame(case, number, flags)
        return sent, self.once(FAST_PATH, sent.wire)

    def frame(self, case: Case, number: int, flags: int) -> Frame:
        """The packet of this flow as it comes in."""
        ends = Ends(*source(case.family, number), self.vip(case), PORT)
        return Frame(mac_bytes(MAC), CLIENT, ends, flags, protocol=case.protocol)

    def aim(self, case: Case, *, first: int = 0, base: int = 0, measured: bool = False) -> None:
        """Say what flows come next: one after the other from the ``first`` on (numbers
        begin with ``base``); or those of rounds, in pseudo-random order."""
        addresses = (_CLIENTS[case.family], self.vip(case))
        words = [np.frombuffer(address_bytes(address), "<u8") for address in addresses]
        outer = case.outer if case.name == "established" else 0
        self.control(
            sequence=first,
            random=measured,
            **self.flows_each(case.flows) if measured else {"mask": case.flows - 1, "base": base},
            length=len(self.frame(case, 0, 0).wire) if outer else 0,
            push=outer,
            proto=PROTOCOLS[case.protocol],
            port_be=int.from_bytes(PORT.to_bytes(2, "big"), "little"),
            source=words[0],
            destination=words[1],
        )

    def forget(self, family: int) -> None:
        """All flows, who had them, and that there were many."""
        self.clear()
        loads = self.maps["loads"].array
        for field in ("open", "pending", "full"):
            loads[field] = 0
        self.pressure(family, 0)

    def establish(self, case: Case) -> None:
        """Make the case's flows: a first packet each, then a second. In tables at their rating one
        in millions finds no room: then with another hash secret."""
        for _ in range(_SECRETS):
            self.forget(case.family)
            before = self.events(case.family)
            for first in range(0, case.flows, _BATCH):
                for flags in (SYN, ACK):
                    self.aim(case, first=first)
                    frame = self.frame(case, first, flags)
                    self.run(FAST_PATH, frame.wire, min(_BATCH, case.flows - first))
            if not (self.events(case.family) - before)[_NO_ROOM]:
                break
            self.new_secret()
        made = {"pending made": case.flows, "flows promoted": case.flows, "flows made": case.flows}
        self.expect_events(case, case.family, before, made)

    def fill(self, case: Case) -> None:
        """Have the pending table as full as the fast path lets it be, with flows that are not the
        case's."""
        self.forget(case.family)
        other = Case("new-flow", case.family, "tcp", TUPLES, "forwarded")
        rated = self.maps.sizes.pending_capacity
        before = self.events(case.family)
        self.aim(other, base=_FILLING)
        self.run(FAST_PATH, self.frame(other, 0, SYN).wire, 2 * rated)
        made = (self.events(case.family) - before)["pending made"]
        if made < rated // 2 or made == 2 * rated:
            raise DsrlbError(f"{case}: the pending table took {made} flows; rated for {rated}")

    def hold(self, case: Case) -> None:
        """The pending table was at its rating a moment ago; that is known for some seconds."""
        self.pressure(case.family, (time.monotonic_ns() >> 27) - 1)

    def rounds(self, case: Case, count: int) -> Measured:
        """Of this case. Raises DsrlbError when a packet took another way than it should."""
        how = {
            "new-flow": self._new_flows,
            "choose": self._new_flows,
            "connection": self._new_flows,
            "flood": self._flood,
        }
        return how.get(case.name, self._same_flows)(case, count)

    def _same_flows(self, case: Case, count: int) -> Measured:
        """Packets of flows that are there, or for no service."""
        if case.name == "established":
            self.establish(case)
        self.aim(case, measured=True)
        step = self.meter.step("packet", FAST_PATH, self.frame(case, 0, ACK).wire, case.flows)
        return self.timed(case, count, [step], {})

    def _flood(self, case: Case, count: int) -> Measured:
        """SYNs that are not recorded."""
        self.fill(case)
        self.hold(case)
        self.aim(case, measured=True)
        step = self.meter.step("syn", FAST_PATH, self.frame(case, 0, SYN).wire)
        return self.timed(case, count, [step], {"pending unrecorded": 1}, lambda _: self.hold(case))

    def _new_flows(self, case: Case, count: int) -> Measured:
        """SYNs that are, each of a flow that is not there; and the ACKs."""
        self.forget(case.family)
        self.aim(case, measured=True)
        syn = self.meter.step("syn", FAST_PATH, self.frame(case, 0, SYN).wire)
        steps, most = [syn], _NEW
        happens = {"pending made": 1}
        if case.name == "connection":
            steps.append(replace(syn, name="ack", frame=self.frame(case, 0, ACK).wire))
            happens |= {"flows made": 1, "flows promoted": 1}
            most = self.capacity // 2
        fresh = _Fresh(self, case.family, syn.packets, most)
        return self.timed(case, count, steps, happens, fresh.begin)

    def measure(self, case: Case, count: int) -> dict[str, Any]:
        """The case's row, of so many rounds. Raises DsrlbError when a packet took another way than
        it should, or came out otherwise."""
        found = self.rounds(case, count)
        self.give_macs(own=True)
        self.check(case)
        self.give_macs(own=False)
        return {**case.row(found.summary(), self.capacity), **found.circumstances()}

    def check(self, case: Case) -> None:
        """Send packets of some flows one by one. Raises DsrlbError when one comes out otherwise
        than it should."""
        if case.name == "flood":
            self.hold(case)
        elif case.name != "established":
            self.forget(case.family)
        Checks(case, self.service(case), self.reals(case), self.send).check()


class _Fresh:
    """Hands out flows that are not there, and has all forgotten before they become too many."""

    def __init__(self, programs: Direct, family: int, count: int, most: int) -> None:
        """``count``: as many at a time, on each CPU; pilot runs had some."""
        self._programs, self._family = programs, family
        self._count, self._most = count, most
        self._next, self._there = 1 << 16, most

    def begin(self, step: Step) -> None:
        """Before a step: a SYN gets new flows, an ACK those of the last SYN."""
        if step.name == "syn":
            self._there += self._programs.meter.together * self._count
            if self._there > self._most:
                self._programs.forget(self._family)
                self._there = self._programs.meter.together * self._count
            self._next += self._count
        if step.name in ("syn", "ack"):
            self._programs.control_also(sequence=self._next)


def measure(cases: Iterable[Case], counts: Counts) -> Iterator[dict[str, Any]]:
    """The rows of these cases."""
    programs: Direct | None = None
    for case in cases:
        programs = programs or Direct()
        yield programs.measure(case, counts.of(case))
    if programs is not None:
        programs.close()
