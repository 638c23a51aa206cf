# SPDX-License-Identifier: Apache-2.0
"""Flows whose replies come back: what packets of both directions make of them, and their ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.packets.model.parse import ACK, FIN, RST, SYN, UDP
from tests.packets.model.translate import Ends
from tests.packets.model.types import IP, Flow, FlowKey, Packet, Real, Service

PAIRED = ("bridge", "router", "one-arm", "nat")
PORTS = range(1024, 65536)
"""Those that a pool gives."""


def is_paired(service: Service) -> bool:
    """Do its replies come back?"""
    return bool(service.reals) and service.method in PAIRED


def natted(services: Iterable[Service]) -> set[IP]:
    """Real servers that see who the client is: its replies would not come back from another."""
    return {
        real.address
        for service in services
        if is_paired(service) and service.method != "one-arm"
        for real in service.reals
        if real.present
    }


def further(packet: Packet, state: str) -> str:
    """The table in docs/FLOWS.md for a flow that is not pending."""
    if packet.protocol == UDP:
        return "udp"
    if packet.flags & RST:
        return "reset"
    if packet.flags & FIN or state == "closing":
        return "closing"
    return "data" if packet.data or state == "data" else "open"


def after_request(packet: Packet, flow: Flow) -> str:
    """The state that a client's packet makes of a flow."""
    assert flow.pair is not None
    if flow.state != "pending":
        return further(packet, flow.state)
    syn = packet.flags & (SYN | ACK) == SYN
    if packet.protocol == UDP or not flow.pair.replied or syn or packet.flags & RST:
        return "pending"
    return further(packet, "open")


def after_reply(packet: Packet, flow: Flow) -> str:
    """The state that a real server's packet makes of a flow."""
    assert flow.pair is not None
    if not packet.flags & RST:
        flow.pair.replied = True
    if flow.state == "pending" and packet.protocol != UDP:
        return "pending"
    return further(packet, flow.state)


def to_real(flow: Flow) -> Ends:
    """Of a request as it leaves."""
    assert flow.pair is not None and flow.pair.source is not None
    source, port = flow.pair.source
    return Ends(source, port, flow.real.address, flow.real.port or flow.pair.key[3])


def to_client(flow: Flow) -> Ends:
    """Of a reply as it leaves."""
    assert flow.pair is not None
    client, vip, client_port, vip_port, _ = flow.pair.key
    return Ends(vip, vip_port, client, client_port)


@dataclass
class Replies:
    """Who has the tuples that replies come with."""

    flows: dict[FlowKey, Flow] = field(default_factory=dict)

    def take(self, flow: Flow) -> None:
        """The flow's tuple, once it is known."""
        assert flow.pair is not None
        key = flow.pair.reply_key(flow.real)
        if key is not None:
            self.flows[key] = flow

    def give_back(self, flow: Flow) -> None:
        """The flow has ended."""
        key = flow.pair.reply_key(flow.real) if flow.pair else None
        if key is not None and self.flows.get(key) is flow:
            del self.flows[key]

    def adopt(self, flow: Flow, source: tuple[IP, int]) -> bool:
        """The program has chosen ``source``: may it? Then the flow has it."""
        pair = flow.pair
        assert pair is not None and pair.source is None
        if source[0] not in pair.pool or source[1] not in PORTS:
            return False
        pair.source = source
        key = pair.reply_key(flow.real)
        assert key is not None
        if key in self.flows:
            pair.source = None
            return False
        self.flows[key] = flow
        return True

    def holder(self, real: Real, key: FlowKey) -> Flow | None:
        """Who has the tuple that replies to ``key`` would come with, the source being kept."""
        client, _, client_port, vip_port, protocol = key
        return self.flows.get((real.address, client, real.port or vip_port, client_port, protocol))
