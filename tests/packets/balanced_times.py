# SPDX-License-Identifier: Apache-2.0
"""Response times in the services of balanced.py: told to the program, as a probe would, or measured
by it where replies come back. There the model takes over what the program found, if it can be."""

from __future__ import annotations

import time
from copy import copy
from dataclasses import dataclass

import numpy as np

from tests.packets.algorithms import FASTEST, Response
from tests.packets.balanced import PAIRED, Setting
from tests.packets.balanced_clients import ACK, SYN, SYN_ACK, Client, Clients, early, now
from tests.packets.harness import Program
from tests.packets.model import FlowKey, Real

TIMINGS = 65536


@dataclass
class _Begun:
    """A first packet went to a real server between two moments (ns). ``place``: in timings[]."""

    real: Real
    before: int
    after: int
    place: int


def _words(key: FlowKey) -> tuple[int, ...]:
    """The key of a flow's entry (ebpf/abi_flow.h), in words of 8 bytes."""
    source, destination, sport, dport, protocol = key
    packed = (
        source.packed + destination.packed + sport.to_bytes(2, "big") + dport.to_bytes(2, "big")
    )
    packed += bytes([protocol, 0, 0, 0])
    return tuple(int.from_bytes(packed[n : n + 8], "little") for n in range(0, len(packed), 8))


class TimedClients(Clients):
    """Clients, and real servers that take their time."""

    def __init__(self, program: Program, setting: Setting) -> None:
        self._begun: dict[FlowKey, _Begun] = {}
        super().__init__(program, setting)

    def tell(self, number: int, ns: int) -> None:
        """A real server has taken so long to answer, in every service."""
        memory = self.program.maps["responses"].array
        self._tick = early()
        for identity, real in self.reals().items():
            if str(identity.address) in (f"10.0.0.{number}", f"fd00::{number}"):
                real.response.sample(ns, self._tick)
                measured = real.response.smoothed << 32 | real.response.tick
                memory["measured"][self.index(identity)] = measured

    def _measures(self, who: Client) -> bool:
        return self.setting.mode in PAIRED and self.setting.of(who.protocol) == FASTEST

    def send(self, who: Client, flags: int = SYN) -> str:
        """As for Clients; a first packet is when the time begins. When it comes once more, nobody
        can tell which of them is answered."""
        known = self.model.forward.flows.get(who.key)
        before = time.monotonic_ns()
        reason = super().send(who, flags)
        flow = self.model.forward.flows.get(who.key)
        again = (flags == SYN or who.protocol == 17) and self._measures(who)
        if again or flow is not known:
            self._begun.pop(who.key, None)
        begins = flow is not None and flow is not known and flow.state == "pending"
        if flow is not None and begins and self._measures(who):
            self._begin(who.key, flow.real, before, time.monotonic_ns())
        return reason

    def _begin(self, key: FlowKey, real: Real, before: int, after: int) -> None:
        """Who waits in the same place is forgotten. Places are told by the hash, which has another
        secret whenever a program is loaded."""
        at = self.entry(key)
        assert at is not None
        others = (other for other, begun in self._begun.items() if begun.place == at[0] % TIMINGS)
        for other in list(others):
            del self._begun[other]
        self._begun[key] = _Begun(real, before, after, at[0] % TIMINGS)

    def entry(self, key: FlowKey) -> tuple[int, int] | None:
        """Where the flow with this key stands, and its version there."""
        family, words = key[0].version, _words(key)
        sets, width = self.program.tables.sets[family], 3 if family == 4 else 7
        for at, slot in np.argwhere(sets[:, :4] & np.uint64(15)).tolist():
            first = 4 + slot * width
            if tuple(sets[at, first : first + len(words)].tolist()) == words:
                return at * 4 + slot, int(sets[at, slot]) >> 16 & 0xFFFF
        return None

    def answer(self, who: Client, flags: int = SYN_ACK, late: int = 0) -> str:
        """As for Clients, ``late`` ns later than in truth. The first answer is measured."""
        flow = self.model.forward.pair_of(who.key)
        begun = self._begun.get(who.key)
        first = who.protocol == 17 or flags & 0x16 == SYN_ACK
        if flow is None or begun is None or flow.state != "pending" or not first:
            return super().answer(who, flags)
        self.put_off(who.key, late)
        before = time.monotonic_ns()
        reason = super().answer(who, flags)
        if reason and self._measures(who):
            del self._begun[who.key]
            least, most = before - begun.after + late, time.monotonic_ns() - begun.before + late
            self._take_over(begun.real, least, most)
        return reason

    def connect(self, who: Client, late: int = 0) -> Real | None:
        """As for Clients."""
        self.send(who, SYN)
        self.answer(who, SYN_ACK, late)
        self.send(who, ACK)
        flow = self.model.forward.flows.get(who.key)
        return flow.real if flow else None

    def put_off(self, key: FlowKey, ns: int) -> None:
        """Let the flow's first packet have come earlier."""
        found = self.entry(key)
        if found is None:
            return
        entry, version = found
        timing = self.program.maps["timings"].get(entry % TIMINGS)
        named = entry | version << 32 | (key[0].version == 6) << 48
        if timing is not None and int(timing["flow"]) == named:
            self.program.maps["timings"].set(entry % TIMINGS, (named, int(timing["ns"]) - ns))

    def response(self, real: Real) -> Response:
        """What the program knows of a real server."""
        index = next(self.index(name) for name, one in self.reals().items() if one is real)
        memory = self.program.maps["responses"].array
        measured = int(memory["measured"][index])
        return Response(measured >> 32, measured & 0xFFFFFFFF, int(memory["tried"][index]))

    def _take_over(self, real: Real, least: int, most: int) -> None:
        """The program has measured a time between two (ns)."""
        got, low, high = self.response(real), copy(real.response), copy(real.response)
        low.sample(least, got.tick)
        high.sample(most, got.tick)
        said = f"{real.name}: {got} after {real.response}, and {least} to {most} ns"
        assert low.smoothed <= got.smoothed <= high.smoothed, said
        assert self._tick <= got.tick <= now() and got.tried == real.response.tried, said
        real.response = got
