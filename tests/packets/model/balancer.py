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
from tests.packets.model.types import IP, Flow, FlowKey, Homes, Outcome, Packet, Real, Service


class Model:
    """Services, flows, and the MAC address of the interface that frames come in on."""

    def __init__(self, mac: bytes, services: list[Service], announce: bool = True) -> None:
        self.mac = mac
        self.services = services
        self.announce = announce
        self.flows: dict[FlowKey, Flow] = {}
        self.homes = Homes()

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
        return self._transport(frame, start, packet)

    def _icmp(self, frame: bytes, start: int, packet: Packet) -> Outcome:
        v6 = packet.destination.version == 6
        if packet.icmp_type in ((1, 2, 3, 4) if v6 else (3, 11, 12)):
            return Outcome("drop", "icmp-error", frame)
        if packet.icmp_type == (128 if v6 else 8) and packet.icmp_code == 0:
            return answers.echo(frame, start, packet, self.mac)
        return Outcome("drop", "no-service", frame)

    def _transport(self, frame: bytes, start: int, packet: Packet) -> Outcome:
        chosen = self._real_of(packet)
        if chosen == "answered-reset":
            return answers.reset(frame, start, packet, self.mac)
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
        syn = pure_syn(packet)
        if flow is None or (syn and flow.state in ("closing", "reset")):
            return self._new_flow(packet, first=syn or packet.protocol == UDP)
        if not flow.real.present:
            return self._new_flow(packet, first=syn or packet.protocol == UDP, known=True)
        was_pending = flow.state == "pending"
        can_go_on = packet.protocol == UDP or syn or (was_pending and not packet.flags & RST)
        if flow.real.away and can_go_on:
            other = self._new_flow(packet, first=syn, known=True)
            if not isinstance(other, str):
                return other
        flow.become(next_state(packet, flow.state))
        if was_pending and flow.state != "pending":
            self._settle(packet.source, self._service_of(flow.real), flow.real, first=False)
        return flow.real

    def _service_of(self, real: Real) -> Service | None:
        return next((s for s in self.services if any(r is real for r in s.reals)), None)

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

    def _new_flow(self, packet: Packet, *, first: bool, known: bool = False) -> Real | str:
        """Schedule it. ``known``: a flow that moves; ``first``: as its first packet."""
        service = self._service(packet)
        if service is None:
            return "no-service"
        if not first and packet.flags & (SYN | RST):
            return "no-flow"
        if not first and not known and service.on_unknown != "schedule":
            return "answered-reset" if service.on_unknown == "reset" else "no-flow"
        if not known and not service.admits(packet.source):
            return "denied"
        real = self._choose(packet.source, service)
        if isinstance(real, str):
            return real
        real.new += 1
        if service.one_packet:
            return real
        state = "pending"
        if not first:
            state = next_state(packet, "open")
            if not known and state != "closing":
                state = "unverified"
        if packet.key in self.flows:
            self.flows[packet.key].end()
        self.flows[packet.key] = Flow(real, state)
        if state != "unverified":
            self._settle(packet.source, service, real, first)
        return real

    def _choose(self, source: IP, service: Service) -> Real | str:
        """The source's real server, or else the next that may have it; or the reason why none."""
        for homes in (self.homes.open, self.homes.pending) if service.group else ():
            home = homes.get((source, service.group))
            for real in service.reals:
                if home is None or not home.present or real.name != home.name:
                    continue
                if real.usable and real.has_room():
                    return real
        reason = "no-real"
        for _ in range(16):
            if not service.sequence:
                break
            real = service.sequence[service.cursor % len(service.sequence)]
            service.cursor += 1
            if real.usable and real.has_room():
                return real
            if real.usable:
                reason = "reals-full"
        return reason

    def _settle(self, source: IP, service: Service | None, real: Real, first: bool) -> None:
        """The source is at home at this real server now; for a first packet, for the time being."""
        if service is None or not service.group:
            return
        key = (source, service.group)
        home = self.homes.open.get(key)
        if home is None or not home.present or home.name != real.name:
            (self.homes.pending if first else self.homes.open)[key] = real


def pure_syn(packet: Packet) -> bool:
    """SYN without ACK."""
    return packet.protocol == TCP and packet.flags & (SYN | ACK) == SYN


def next_state(packet: Packet, state: str) -> str:
    """The table in docs/FLOWS.md, but for SYNs on closing and reset flows, which are new ones."""
    if packet.protocol == UDP:
        return "udp"
    if state == "pending":
        if pure_syn(packet) or packet.flags & RST:
            return state
        state = "open"
    if packet.flags & RST:
        return "reset"
    if packet.flags & FIN or state == "closing":
        return "closing"
    return "data" if packet.data or state == "data" else "open"
