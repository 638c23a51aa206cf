# SPDX-License-Identifier: Apache-2.0
"""The way of a frame through the model."""

from __future__ import annotations

from tests.packets.model import answers, icmp
from tests.packets.model.deliver import Deliverer
from tests.packets.model.forward import Forward
from tests.packets.model.fragments import Fragments
from tests.packets.model.parse import ICMP, ICMPV6, find_network_header, parse_ipv4, parse_ipv6
from tests.packets.model.types import IP, Outcome, Packet, Service


class Model:
    """Services, flows, and the interface that frames come in on: its MAC and IP addresses."""

    def __init__(
        self,
        mac: bytes,
        services: list[Service],
        announce: bool = True,
        addresses: tuple[IP, ...] = (),
    ) -> None:
        self.mac = mac
        self.services = services
        self.announce = announce
        self.forward = Forward(services)
        self.fragments = Fragments()
        self.deliverer = Deliverer(mac, addresses)

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
        packet = None
        if kind == 0x0800:
            packet = parse_ipv4(frame, start)
        elif kind == 0x86DD:
            answer = answers.nd(frame, start, self.vips, self.mac, self.announce)
            if answer is not None:
                return answer
            packet = parse_ipv6(frame, start)
        if packet is None:
            return Outcome("pass", "pass", frame)
        if packet.destination not in self.vips:
            return self._foreign(frame, packet)
        return self._to_vip(frame, packet)

    def _foreign(self, frame: bytes, packet: Packet) -> Outcome:
        reals = (real for service in self.services for real in service.reals)
        ours = icmp.tunnel_error(frame, packet, reals, self.deliverer)
        return Outcome("pass", "tunnel-error" if ours else "pass", frame)

    def _to_vip(self, frame: bytes, packet: Packet) -> Outcome:
        if frame[:6] != self.mac:
            return Outcome("pass", "other-host", frame)
        if packet.irregular:
            return Outcome("drop", packet.irregular, frame)
        if packet.fragment == "later":
            return self._later_fragment(frame, packet)
        if packet.protocol in (ICMP, ICMPV6):
            return self._icmp(frame, packet)
        return self._transport(frame, packet)

    def _later_fragment(self, frame: bytes, packet: Packet) -> Outcome:
        found = self.fragments.first_of(packet)
        if found is None:
            return Outcome("drop", "fragment-early", frame)
        return self.deliverer.deliver(frame, packet, *found)

    def _icmp(self, frame: bytes, packet: Packet) -> Outcome:
        if icmp.is_error(packet):
            return self._icmp_error(frame, packet)
        request = 128 if packet.destination.version == 6 else 8
        if (packet.icmp_type, packet.icmp_code) == (request, 0):
            return answers.echo(frame, packet.start, packet, self.mac)
        return Outcome("drop", "no-service", frame)

    def _icmp_error(self, frame: bytes, packet: Packet) -> Outcome:
        flow = icmp.flow_of(frame, packet)
        if isinstance(flow, str):
            return Outcome("drop", flow, frame)
        real = self.forward.real_of_flow(flow)
        if real is None:
            return Outcome("drop", "icmp-error", frame)
        return self.deliverer.deliver(frame, packet, real, flow)

    def _transport(self, frame: bytes, packet: Packet) -> Outcome:
        chosen = self.forward.real_of(packet)
        if chosen == "answered-reset":
            return answers.reset(frame, packet.start, packet, self.mac)
        if chosen == "expired":
            return self.deliverer.expired(frame, packet)
        if isinstance(chosen, str):
            return Outcome("drop", chosen, frame)
        outcome = self.deliverer.deliver(frame, packet, chosen, packet.key)
        if packet.fragment == "first" and outcome.reason == "forwarded":
            self.fragments.remember(packet, chosen)
        return outcome
