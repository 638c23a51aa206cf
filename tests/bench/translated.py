# SPDX-License-Identifier: Apache-2.0
"""The modes whose replies come back through the balancer: bridge, router, one-arm and nat.

Clients are behind in0, real servers behind out0, those of mode one-arm behind in0 as well. A flow
is made by a SYN, the real server's SYN-ACK and an ACK. Addresses and ports of all packets stand in
bench_tuples[]: requests, then the replies, which are what became of the SYNs, reversed.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.control.desired.contents import LinkState, RealId, Resolution
from dsrlb.dataplane import bpf
from dsrlb.dataplane.keys import IPAddress, address_bytes, address_from_bytes, mac_bytes
from dsrlb.dataplane.methods import methods
from dsrlb.errors import DsrlbError
from tests.bench.cases import MANY, MODES, REALS, Case, Counts
from tests.bench.packets import ACK, PROTOCOLS, SYN, SYN_ACK, Ends, Frame, ends_of
from tests.bench.programs import CAPACITY, FAST_PATH, IFINDEX, Measured, Programs
from tests.bench.rounds import Step

MANY_CAPACITY = 3 << 20
"""For a million pairs, which have two entries each; at 1 << 21, now and then one has no room."""
_NEW = 50_000  # pairs until all are forgotten: less than half of the pending table's rating
POOLS = ("198.51.100.0/28", "2001:db8:51::/124")
PORT, REAL_PORT = 80, 8080
_BATCH = 1 << 16
_SAMPLE = 64
_CLIENTS = {4: ip_address("198.18.0.0"), 6: ip_address("2001:db8:1::")}
_PORTS = 1 << 15  # that a client has, from 1024 on
_CLIENT = bytes.fromhex("020000000001")
_REAL = bytes.fromhex("020100000000")  # in front of replies: it is of no meaning there
IN = LinkState(1, IFINDEX, "in0", "02:00:00:00:00:aa", 1500, forwarding=True)
OUT = LinkState(2, 99, "out0", "02:00:00:00:00:bb", 1500, forwarding=True)


def vip(mode: str, family: int) -> IPAddress:
    """The address of the mode's service."""
    number = 20 + MODES.index(mode)
    return ip_address(f"192.0.2.{number}" if family == 4 else f"2001:db8::{number}")


def _real(mode: str, number: int) -> tuple[str, str]:
    at = MODES.index(mode)
    return f"10.0.{at}.{number}", f"fd00::{at}:{number}"


def _real_mac(address: IPAddress) -> bytes:
    return b"\x02\x01" + address.packed[-4:]


def _real_link(mode: str) -> LinkState:
    return IN if mode == "one-arm" else OUT


def _service(mode: str, reals: int, pools: Iterable[str]) -> str:
    vips = ", ".join(f'"{vip(mode, family)}"' for family in (4, 6))
    lines = [f'[[service]]\nname = "{mode}"\nvip = [{vips}]\nprotocol = "tcp"\nport = {PORT}']
    lines.append(f'mode = "{mode}"')
    for number in range(1, reals + 1):
        own = ", ".join(f'"{address}"' for address in _real(mode, number))
        lines.append(f"[[service.real]]\naddress = [{own}]\nport = {REAL_PORT}")
    if methods()[mode].snat:
        lines.append(f"[service.snat]\npool = {[*pools]}")
    return "\n".join(lines)


def _config(reals: int, pools: Iterable[str]) -> str:
    head = '[balancer]\ninterfaces = ["in0", "out0"]\n[[bridge]]\nname = "br0"\n'
    head += 'ports = ["in0", "out0"]\nreals_on = "out0"\n'
    return head + "\n".join(_service(mode, reals, pools) for mode in MODES)


def _where(identity: RealId) -> Resolution:
    return Resolution(_real_mac(identity.address).hex(":"), _real_link(identity.service.name), True)


class Translated(Programs):
    """A service in each of the modes."""

    def __init__(
        self, capacity: int = CAPACITY, reals: int = REALS, pools: Sequence[str] = POOLS
    ) -> None:
        self._reals = {
            mode: {ip_address(own) for number in range(1, reals + 1) for own in _real(mode, number)}
            for mode in MODES
        }
        self._pool = {own for pool in pools for own in ip_network(pool)}
        super().__init__(_config(reals, pools), {"in0": IN, "out0": OUT}, _where, capacity)
        self.most = self.constants["BENCH_FLOWS"]
        """Flows at once."""
        self._tuples: npt.NDArray[Any] = self.maps["bench_tuples"].array
        settings: Any = self.maps["flow_settings"].get(0)
        self._main_sets = int(settings["flow_sets"])
        self._open: tuple[str, int, int] | None = None  # the flows that are established

    def entries(self, family: int) -> int:
        """Of the main table, in use."""
        return int(
            np.count_nonzero(self.tables.sets[family][: self._main_sets, :4] & np.uint64(15))
        )

    def forget_pending(self, family: int) -> None:
        """Empty the pending table."""
        self.tables.sets[family][self._main_sets :, :4] = 0

    def requests(self, case: Case) -> None:
        """Write the requests of the case's flows."""
        numbers = np.arange(case.flows)
        words = np.zeros((2, case.flows, 4), ">u4")
        ends = (_CLIENTS[case.family], vip(case.method, case.family))
        for side, address in zip(words, ends, strict=True):
            side[:] = np.frombuffer(address_bytes(address), ">u4")
        words[0, :, 3] += (numbers // _PORTS).astype(np.uint32)
        ports = np.empty((case.flows, 2), ">u2")
        ports[:, 0] = 1024 + numbers % _PORTS
        ports[:, 1] = PORT
        found = self._tuples[: case.flows]
        found["source"]["word_be"][:] = words[0].view("<u4")
        found["destination"]["word_be"][:] = words[1].view("<u4")
        found["ports_be"][:] = ports.view("<u4")[:, 0]

    def _shuffle(self, flows: int) -> None:
        order = np.random.default_rng(1).permutation(flows)
        for first in (0, self.most):
            found = self._tuples[first : first + flows]
            found[:] = found[order]

    def ends(self, direction: str, number: int) -> Ends:
        """What stands in bench_tuples[] for the packet of this flow."""
        row = self._tuples[number + (self.most if direction == "reply" else 0)]
        source, destination = (
            address_from_bytes(row[side]["word_be"].tobytes()) for side in ("source", "destination")
        )
        ports = int(row["ports_be"]).to_bytes(4, "little")
        source_port, destination_port = (
            int.from_bytes(two, "big") for two in (ports[:2], ports[2:])
        )
        return Ends(source, source_port, destination, destination_port)

    def _macs(self, mode: str, direction: str) -> tuple[bytes, bytes]:
        """Destination and source of what comes in."""
        if direction == "request":
            return mac_bytes(IN.mac), _CLIENT
        return (_CLIENT if mode == "bridge" else mac_bytes(_real_link(mode).mac)), _REAL

    def aim(self, case: Case, direction: str, sequence: int = 0, *, measured: bool = False) -> None:
        """The packets that come next, from this flow's on, and where they come in; ``measured``:
        in rounds."""
        self.come_in(IN if direction == "request" else _real_link(case.method))
        macs = (int.from_bytes(mac, "little") for mac in self._macs(case.method, direction))
        first = self.most if direction == "reply" else 0
        self.control(
            sequence=sequence,
            tuples=1,
            first=first,
            proto=PROTOCOLS[case.protocol],
            to=next(macs),
            **{"from": next(macs)},
            **self.flows_each(case.flows) if measured else {"mask": case.flows - 1},
        )

    def frame(self, case: Case, direction: str, number: int, flags: int) -> Frame:
        """The packet of this flow."""
        return Frame(*self._macs(case.method, direction), self.ends(direction, number), flags)

    def open_flows(self, case: Case, start: int, count: int) -> None:
        """SYN, SYN-ACK and ACK of so many flows, and of the SYN of one more."""
        syn, ack = (self.frame(case, "request", 0, flags).wire for flags in (SYN, ACK))
        answer = Frame(*self._macs(case.method, "reply"), ends_of(syn).reverse, SYN_ACK).wire
        self.aim(case, "request", start)
        self.learn(syn, count + 1)
        self.aim(case, "reply", start)
        self.run(FAST_PATH, answer, count)
        self.aim(case, "request", start)
        self.run(FAST_PATH, ack, count)

    def establish(self, case: Case) -> None:
        """Make the case's flows, unless they are there. Raises DsrlbError when one was not made."""
        if self._open == (case.method, case.family, case.flows):
            return
        self.clear()
        self.requests(case)
        before = self.counts()
        starts = range(0, case.flows, _BATCH)
        for start in starts:
            self.open_flows(case, start, min(_BATCH, case.flows - start))
        forwarded = 2 * case.flows + len(starts)
        self.expect(case, before, {"forwarded": forwarded, "forwarded-reply": case.flows})
        if self.entries(case.family) != 2 * case.flows:
            raise DsrlbError(f"{case}: {self.entries(case.family)} entries were made")
        self._shuffle(case.flows)
        self._open = (case.method, case.family, case.flows)

    def _wanted(self, case: Case, sent: Frame, got: Ends) -> Frame:
        """What ``sent`` should become. Of a new flow the real server, and the address and port of
        the pool, are those that it ``got``, if it may."""
        method = methods()[case.method]
        if case.direction == "reply":
            macs = (_CLIENT, mac_bytes(IN.mac)) if method.routes else (sent.to, sent.sender)
            return sent.changed(*macs, got, int(method.routes))
        may = got.destination in self._reals[case.method] and got.destination_port == REAL_PORT
        own = got.source_port >= 1024 and got.source in self._pool
        kept = (got.source, got.source_port) == (sent.ends.source, sent.ends.source_port)
        if not may or not (own if method.snat else kept):
            raise DsrlbError(f"{case}: {sent.ends} became {got}")
        sender = mac_bytes(_real_link(case.method).mac) if method.routes else sent.sender
        return sent.changed(_real_mac(got.destination), sender, got, int(method.routes))

    def check(self, case: Case, numbers: Iterable[int], flags: int) -> None:
        """Send these flows' packets one by one. Raises DsrlbError when one comes out otherwise than
        it should, to the last bit."""
        other = "request" if case.direction == "reply" else "reply"
        code = bpf.XDP_TX if _real_link(case.method) is IN else bpf.XDP_REDIRECT
        for number in numbers:
            self.aim(case, case.direction, number)
            sent = self.frame(case, case.direction, number, flags)
            run = self.once(FAST_PATH, sent.wire)
            got = ends_of(run.frame) if flags == SYN else self.ends(other, number).reverse
            wanted = self._wanted(case, sent, got).wire
            if (run.code, run.frame) != (code, wanted):
                raise DsrlbError(
                    f"{case}: {sent.wire.hex(' ')}\nbecame {run.frame.hex(' ')} ({run.code})\n"
                    f"   not {wanted.hex(' ')} ({code})"
                )

    def rounds(self, case: Case, count: int) -> Measured:
        """Of this case. Raises DsrlbError when a packet took another way than it should."""
        is_new = case.name == "new-pair"
        if is_new:
            self._open = None
            self.clear()
            self.requests(case)
        else:
            self.establish(case)
        flags, flows = (SYN, 1) if is_new else (ACK, case.flows)
        frame = self.frame(case, case.direction, 0, flags).wire
        self.aim(case, case.direction, measured=True)
        step = self.meter.step("packet", FAST_PATH, frame, flows)
        if is_new:
            begin = _Fresh(self, step.packets).begin
            return self.timed(case, count, [step], {"pending made": 1}, begin)
        return self.timed(case, count, [step], {})

    def measure(self, case: Case, count: int) -> dict[str, Any]:
        """The case's row. Raises DsrlbError when a packet took another way than it should, or came
        out otherwise."""
        found = self.rounds(case, count)
        is_new = case.name == "new-pair"
        if is_new:
            self.clear()
        sample = random.Random(1).sample(range(case.flows), min(_SAMPLE, case.flows))
        self.check(case, sample, SYN if is_new else ACK)
        return {**case.row(found.summary(), self.capacity), **found.circumstances()}


class _Fresh:
    """Has all pairs forgotten before they become too many, or come again."""

    def __init__(self, programs: Translated, count: int) -> None:
        """``count``: as many are made by one step of the fast path, on each CPU."""
        self._programs, self._count, self._next = programs, count, _NEW

    def begin(self, step: Step) -> None:
        """Before a step."""
        if step.entry != FAST_PATH:
            return
        if self._next + self._count > _NEW // self._programs.meter.together:
            self._programs.clear()
            self._next = 0
        self._programs.control_also(sequence=self._next)
        self._next += self._count


def measure(cases: Iterable[Case], counts: Counts) -> Iterator[dict[str, Any]]:
    """The rows of these cases; those of many flows want larger tables."""
    wanted = list(cases)
    for capacity in (CAPACITY, MANY_CAPACITY):
        large = capacity == MANY_CAPACITY
        some = [case for case in wanted if (case.flows == MANY) == large]
        if some:
            programs = Translated(capacity)
            for case in some:
                yield programs.measure(case, counts.of(case))
            programs.close()
