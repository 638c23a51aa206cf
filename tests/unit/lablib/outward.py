# SPDX-License-Identifier: Apache-2.0
"""Frames of connections that real servers open themselves, in the nat lab."""

from __future__ import annotations

from scapy.layers.inet import TCP, UDP

from lablib.topofile import load
from tests.unit.lablib.crossed import Crossed, Packet, answer, get
from tests.unit.lablib.routed import ANSWER, QUERY, Change


class Outward(Crossed):
    """The captures. ``request`` and ``reply`` are done to those frames that the balancer sends of
    such connections."""

    def __init__(
        self, version: int, request: Change | None = None, reply: Change | None = None
    ) -> None:
        super().__init__("nat", version)
        self.topology = load("nat")
        self.sources = [str(one) for one in self.topology.pool if one.version == version]
        self.outward_changes = (request, reply)

    def _outside(self, transport: Packet) -> tuple[str, int]:
        number = transport.sport
        return self.sources[number % len(self.sources)], 2000 + number % 1000

    def ask(self, real: str, transport: Packet) -> None:
        """A request of a real server to the client."""
        there = self.topology.path(self.node(real), self.balancer)
        onward = self.topology.path(self.balancer, self.topology.client)
        made = self._sent(there[0], self.address(real), self.address("client"), transport)
        came = self._carry(there, made)
        source, port = self._outside(transport)
        out = self._through(came, onward[0], ({"src": source}, {"sport": port}), 2)
        if self.outward_changes[0] is not None:
            self.outward_changes[0](out)
        self._carry(onward, out)

    def answer(self, real: str, transport: Packet) -> None:
        """The client's reply. ``transport``: as the real server gets it."""
        there = self.topology.path(self.topology.client, self.balancer)
        onward = self.topology.path(self.balancer, self.node(real))
        asked = transport.copy()
        asked.sport = transport.dport
        destination, port = self._outside(asked)
        own = transport.copy()
        own.dport = port
        came = self._carry(there, self._sent(there[0], self.address("client"), destination, own))
        ends = ({"dst": self.address(real)}, {"dport": transport.dport})
        out = self._through(came, onward[0], ends, 2)
        if self.outward_changes[1] is not None:
            self.outward_changes[1](out)
        self._carry(onward, out)


def outward(version: int, request: Change | None = None, reply: Change | None = None) -> Outward:
    """A request of a client's, two connections of r1, and a query of r2, right but for the
    changes."""
    lab = Outward(version, request, reply)
    lab.claim(lab.vip, lab.balancer.mac)
    lab.request("r1", get())
    lab.reply("r1", answer(lab, "r1"))
    for number in (50000, 50001):
        lab.ask("r1", TCP(sport=number, dport=80, flags="PA", seq=number, ack=1) / b"GET / HTTP")
        lab.answer("r1", TCP(sport=80, dport=number, flags="PA", seq=number, ack=11) / b"client")
    lab.ask("r2", UDP(sport=50002, dport=53) / QUERY)
    lab.answer("r2", UDP(sport=53, dport=50002) / ANSWER)
    return lab
