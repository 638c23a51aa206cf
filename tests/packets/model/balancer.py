# SPDX-License-Identifier: Apache-2.0
"""The way of a frame through the model."""

from __future__ import annotations

from tests.packets.model import answers
from tests.packets.model.parse import (
    ACK,
    FIN,
    ICMP,
    ICMPV6,
    RST,
    SYN,
    TCP,
    UDP,
    find_network_header,
    parse_ipv4,
    parse_ipv6,
)
from tests.packets.model.types import IP, Flow, FlowKey, Outcome, Packet, Real, Service


class Model:
    """Services, flows, and the MAC address of the interface that frames come in on."""

    def __init__(self, mac: bytes, services: list[Service], announce: bool = True) -> None:
        self.mac = mac
        self.services = services
        self.announce = announce
        self.flows: dict[FlowKey, Flow] = {}

    @property
    def vips(self) -> set[IP]:
        """Every VIP."""
        return {vip for service in self.services for vip in service.vips}

    def process(self, frame: bytes) -> Outcome:
        """One frame."""
        found = find_network_header(frame)
        if found is None:
            return Outcome("pass", "pass", frame)
        kind, start = found
        if kind == 0x0806:
            return answers.arp(frame, start, self.vips, self.mac, self.announce)
        if kind == 0x0800:
            packet = parse_ipv4(frame, start)
        elif kind == 0x86DD:
            answer = answers.nd(frame, start, self.vips, self.mac, self.announce)
            if answer is not None:
                return answer
            packet = parse_ipv6(frame, start)
        else:
            packet = None
        if packet is None or packet.destination not in self.vips:
            return Outcome("pass", "pass", frame)
        if frame[:6] != self.mac:
            return Outcome("pass", "other-host", frame)
        if packet.irregular:
            return Outcome("drop", packet.irregular, frame)
        if packet.protocol in (ICMP, ICMPV6):
            return self._icmp(frame, start, packet)
        return self._transport(frame, packet)

    def _icmp(self, frame: bytes, start: int, packet: Packet) -> Outcome:
        v6 = packet.destination.version == 6
        if packet.icmp_type in ((1, 2, 3, 4) if v6 else (3, 11, 12)):
            return Outcome("drop", "icmp-error", frame)
        if packet.icmp_type == (128 if v6 else 8) and packet.icmp_code == 0:
            return answers.echo(frame, start, packet, self.mac)
        return Outcome("drop", "no-service", frame)

    def _transport(self, frame: bytes, packet: Packet) -> Outcome:
        chosen = self._real_of(packet)
        if isinstance(chosen, str):
            return Outcome("drop", chosen, frame)
        if not chosen.resolved:
            return Outcome("drop", "unresolved", frame)
        if packet.ip_bytes > chosen.mtu:
            return Outcome("drop", "mtu-exceeded", frame)
        chosen.packets += 1
        chosen.bytes += len(frame)
        out = chosen.mac + chosen.source_mac + frame[12:]
        return Outcome("tx" if chosen.same_link else "redirect", "forwarded", out)

    def _real_of(self, packet: Packet) -> Real | str:
        """The real server, or the reason to drop."""
        flow = self.flows.get(packet.key)
        pure_syn = packet.protocol == TCP and packet.flags & (SYN | ACK) == SYN
        restart = flow is not None and pure_syn and flow.state in ("closing", "reset")
        orphan = flow is not None and not flow.real.present
        if flow is not None and not orphan and not restart:
            was_pending = flow.state == "pending"
            self._advance(packet, flow, pure_syn)
            unsettled = packet.protocol == UDP or (was_pending and not packet.flags & RST)
            if not flow.real.away or not (unsettled or pure_syn):
                return flow.real
            other = self._new_flow(packet, pure_syn, known=True, later=not pure_syn)
            return flow.real if isinstance(other, str) else other
        return self._new_flow(packet, pure_syn, known=orphan)

    def _advance(self, packet: Packet, flow: Flow, pure_syn: bool) -> None:
        if packet.protocol == UDP:
            flow.state = "open"
        elif flow.state == "pending":
            if not pure_syn and not packet.flags & RST:
                flow.state = "closing" if packet.flags & FIN else "open"
        elif packet.flags & RST:
            flow.state = "reset"
        elif packet.flags & FIN:
            flow.state = "closing"
        elif flow.state == "reset":
            flow.state = "open"

    def _service(self, packet: Packet) -> Service | None:
        """Exact port before range before any."""
        best: tuple[int, Service] | None = None
        for service in self.services:
            if packet.destination not in service.vips or service.protocol != packet.protocol:
                continue
            for first, last in service.ports:
                if not first <= packet.destination_port <= last:
                    continue
                rank = 0 if first == last else 2 if (first, last) == (0, 65535) else 1
                if best is None or rank < best[0]:
                    best = rank, service
        return best[1] if best else None

    def _new_flow(
        self, packet: Packet, pure_syn: bool, known: bool, later: bool = False
    ) -> Real | str:
        """Schedule it. ``known``: a flow that moves; ``later``: not its first packet."""
        service = self._service(packet)
        if service is None:
            return "no-service"
        first = (packet.protocol == UDP or pure_syn) and not later
        taken_up = (service.schedule_unknown or known) and not packet.flags & (SYN | RST)
        if not first and not taken_up:
            return "no-flow"
        for _ in range(8):
            if not service.sequence:
                break
            real = service.sequence[service.cursor % len(service.sequence)]
            service.cursor += 1
            if real.usable:
                state = "pending" if first else "closing" if packet.flags & FIN else "open"
                self.flows[packet.key] = Flow(real, state)
                real.new += 1
                return real
        return "no-real"
