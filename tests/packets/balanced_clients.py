# SPDX-License-Identifier: Apache-2.0
"""Clients of the services of balanced.py, in program and model, and time that goes by."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address

from dsrlb.control.flows.keeper import FlowKeeper
from dsrlb.observe.events import EventLog
from tests.packets import generate
from tests.packets.algorithms import FASTEST
from tests.packets.balanced import CLOSING, FAR, IDLE, PENDING, PORTS, VIPS, Balanced, Setting
from tests.packets.evidence import check
from tests.packets.generate import CLIENT_MAC
from tests.packets.harness import LINK, MAC, OTHER_LINK, OTHER_MAC, Program, mac_of
from tests.packets.model import Flow, FlowKey, Real
from tests.packets.model.types import IP

SYN, SYN_ACK, ACK, DATA, FIN, RST = 0x02, 0x12, 0x10, 0x18, 0x11, 0x04
NS_PER_TICK = 1 << 27
_COARSE = 6  # CLOCK_MONOTONIC_COARSE in linux/time.h
PATIENCE = 3
"""Seconds after which the clock has gone on too far for timeouts to be told from each other."""


def now() -> int:
    """The tick that the program goes by: that of the coarse clock."""
    return time.clock_gettime_ns(_COARSE) // NS_PER_TICK


def early() -> int:
    """The tick that it is, when it is not about to end."""
    while time.clock_gettime_ns(_COARSE) % NS_PER_TICK > NS_PER_TICK - 10_000_000:
        pass
    return now()


class ClockWentOn(Exception):
    """A tick ended while a packet was under way, and that made a difference; or too much time has
    passed."""


@dataclass(frozen=True)
class Client:
    """One of many, by number: its family, protocol, address and port."""

    number: int

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if self.number & 1 else 4

    @property
    def protocol(self) -> int:
        """TCP for three of four."""
        return 17 if self.number & 6 == 6 else 6

    @property
    def address(self) -> IP:
        """Every eighth has the same."""
        last = 1 + self.number % 40
        return ip_address(f"10.1.0.{last}" if self.family == 4 else f"fd01:0:0:{last}::1")

    @property
    def key(self) -> FlowKey:
        """Of its flow."""
        ports = (1000 + self.number, PORTS[self.protocol])
        return (self.address, VIPS[self.family], *ports, self.protocol)


def _frame(key: FlowKey, flags: int, source: bytes, to: bytes = MAC) -> bytes:
    sender, receiver, sport, dport, protocol = key
    data = b"!" if flags == DATA else b""
    message = generate.udp(sport, dport, b"?")
    if protocol == 6:
        message = generate.tcp(sport, dport, flags, data)
    make = generate.ipv4 if sender.version == 4 else generate.ipv6
    kind = 0x0800 if sender.version == 4 else 0x86DD
    return generate.frame(make(sender, receiver, protocol, message), kind, to=to, source=source)


class Clients(Balanced):
    """What clients and real servers send is compared; so is what is counted, behind each step."""

    def __init__(self, program: Program, setting: Setting) -> None:
        super().__init__(program, setting)
        self._keeper = FlowKeeper(program.dataplane, EventLog())
        self._began, self._passed = time.monotonic(), 0
        self._ends: dict[FlowKey, int] = {}
        self._tick = 0
        self._steps = 0
        self.reasons: Counter[str] = Counter()
        self.model.forward.clock = lambda: self._tick
        program.maps["responses"].array[:] = 0
        for service in program.applier.installed.services.values():
            program.maps["cursors"].set(service.id, 0)

    # Packets.

    def _run(self, key: FlowKey, frame: bytes, link: int = LINK.number) -> str:
        """A packet of the flow ``key``; returns the reason."""
        watched = self.setting.name == FASTEST
        self._tick = early() if watched else 0
        expected = self.model.process(frame, link)
        got = self.program.run(frame, link)
        went_on = watched and now() != self._tick
        self._steps += 1
        self.reasons[got.reason] += 1
        try:
            check(f"{self.setting.mode}-{self.setting.name}-{self._steps}", frame, expected, got)
        except AssertionError:
            if went_on:
                raise ClockWentOn from None
            raise
        if went_on:
            self._catch_up()
        self._note_end(key)
        self.compare_loads()
        return got.reason

    def _catch_up(self) -> None:
        """A tick ended while a packet was under way: it may have come in the next one."""
        for identity, real in self.reals().items():
            tried = int(self.program.maps["responses"].array["tried"][self.index(identity)])
            if real.response.tried == self._tick <= tried <= now():
                real.response.tried = tried

    def _note_end(self, key: FlowKey) -> None:
        """When the flow ends if nothing more comes."""
        flow = self.model.forward.flows.get(key)
        if flow is None:
            self._ends.pop(key, None)
            return
        seconds = {"pending": PENDING, "unverified": PENDING}.get(flow.state, IDLE)
        if flow.state in ("closing", "reset"):
            seconds = CLOSING
        self._ends[key] = self._passed + seconds * 1_000_000_000 // NS_PER_TICK

    def send(self, who: Client, flags: int = SYN) -> str:
        """The client sends something (a datagram, whatever the flags); returns the reason."""
        key = who.key
        flow, ends = self.model.forward.flows.get(key), self._ends.get(key)
        idle = flow is not None and self._is_idle(flow, key[4], flags)
        reason = self._run(key, _frame(key, flags, CLIENT_MAC))
        idle |= reason not in ("forwarded", "unresolved")
        if ends is not None and idle and self.model.forward.flows.get(key) is flow:
            self._ends[key] = ends
        return reason

    def _is_idle(self, flow: Flow, protocol: int, flags: int) -> bool:
        """On a handshake an RST changes nothing; nor what follows before the real server has
        answered, where it answers this way."""
        if protocol == 17 or flow.state != "pending":
            return False
        unanswered = flow.pair is not None and not flow.pair.replied and flags != SYN
        return flags == RST or unanswered

    def answer(self, who: Client, flags: int = SYN_ACK) -> str:
        """What its real server sends, if that comes this way; returns the reason, or ""."""
        flow = self.model.forward.pair_of(who.key)
        key = flow.pair.reply_key(flow.real) if flow and flow.pair else None
        if flow is None or key is None or not flow.real.present:
            return ""
        mode, source = self.setting.mode, mac_of(flow.real.name)
        if mode not in FAR:
            return self._run(who.key, _frame(key, flags, source))
        to = CLIENT_MAC if mode == "bridge" else OTHER_MAC
        return self._run(who.key, _frame(key, flags, source, to), OTHER_LINK.number)

    def connect(self, who: Client) -> Real | None:
        """A handshake, or a query, its answer, and another query; returns the real server."""
        self.send(who, SYN)
        self.answer(who, SYN_ACK)
        self.send(who, ACK)
        flow = self.model.forward.flows.get(who.key)
        return flow.real if flow else None

    # Time.

    def pass_time(self, hundreds: int) -> None:
        """So many times 100 ticks go by, and the daemon looks at the flows."""
        if time.monotonic() - self._began > PATIENCE:
            raise ClockWentOn
        ticks = 100 * hundreds
        self.program.tables.age(ticks)
        self.age_responses(ticks)
        self._passed += ticks
        for key in [key for key, ends in self._ends.items() if ends < self._passed]:
            self.model.forward.end(key)
            del self._ends[key]
        self._keeper.round()
        self.compare_loads()

    def age_responses(self, ticks: int) -> None:
        """Ticks go by for response times alone."""
        memory = self.program.maps["responses"].array
        for identity, real in self.reals().items():
            response, at = real.response, self.index(identity)
            if response.smoothed:
                response.tick -= ticks
            if response.tried:
                response.tried -= ticks
            memory["measured"][at] = response.smoothed and response.smoothed << 32 | response.tick
            memory["tried"][at] = response.tried
