# SPDX-License-Identifier: Apache-2.0
"""The way of a frame through the model."""

from __future__ import annotations

from collections.abc import Iterable

from tests.packets.model import answers, icmp
from tests.packets.model.back import Back
from tests.packets.model.choices import chosen_by_program
from tests.packets.model.deliver import Deliverer
from tests.packets.model.forward import Forward
from tests.packets.model.fragments import First, Fragments
from tests.packets.model.parse import (
    ICMP,
    ICMPV6,
    find_network_header,
    number,
    parse_ipv4,
    parse_ipv6,
)
from tests.packets.model.types import IP, Hop, Link, Outcome, Packet, Service

PASSED = ("bridge-same-side", "no-real-passed")
"""Reasons of a new flow's packet that do not drop it."""


def _hop(frame: bytes, link: int, start: int) -> Hop:
    """The neighbour that a frame comes from."""
    vlan = number(frame[14:16]) & 0xFFF if start > 14 else 0
    return Hop(link, frame[6:12], vlan)


class Model:
    """Services, flows, and the interfaces: that of ``mac`` and ``addresses`` is number 1, on which
    frames come in unless process() is told otherwise."""

    def __init__(
        self,
        mac: bytes,
        services: list[Service],
        announce: bool = True,
        addresses: tuple[IP, ...] = (),
        others: Iterable[Link] = (),
    ) -> None:
        first = Link(1, mac, addresses)
        self.links = {link.number: link for link in (first, *others)}
        self.services = services
        self.announce = announce
        self.forward = Forward(services)
        self.fragments = Fragments()
        self.deliverer = Deliverer(self.links, first)
        self.back = Back(self.forward, self.fragments, self.deliverer)
        self.vips = {vip for service in services for vip in service.vips}
        self.pool = {address for service in services for address in service.pool}

    @property
    def ingress(self) -> Link:
        """Of the frame under way."""
        return self.deliverer.ingress

    def process(self, frame: bytes, link: int = 1) -> Outcome:
        """One frame that comes in on an interface."""
        self.deliverer.ingress = self.links[link]
        found = find_network_header(frame)
        if found is None:
            return Outcome("pass", "pass", frame)
        kind, start = found
        ours, mac = self.vips | self.pool, self.ingress.mac
        if kind == 0x0806:
            return answers.arp(frame, start, ours, mac, self.announce)
        packet = None
        if kind == 0x0800:
            packet = parse_ipv4(frame, start)
        elif kind == 0x86DD:
            answer = answers.nd(frame, start, ours, mac, self.announce)
            if answer is not None:
                return answer
            packet = parse_ipv6(frame, start)
        if packet is None:
            return Outcome("pass", "pass", frame)
        packet.arrival = _hop(frame, link, start)
        if packet.destination in self.vips:
            return self._to_vip(frame, packet)
        if packet.destination in self.pool:
            return self.back.to_pool(frame, packet)
        return self._foreign(frame, packet)

    def _foreign(self, frame: bytes, packet: Packet) -> Outcome:
        answer = self.back.to_client(frame, packet)
        if answer is not None:
            return answer
        reals = (real for service in self.services for real in service.reals)
        ours = icmp.tunnel_error(frame, packet, reals, self.deliverer)
        return Outcome("pass", "tunnel-error" if ours else "pass", frame)

    def _is_for(self, frame: bytes, packet: Packet) -> bool:
        """Is it the right MAC address? In mode bridge that of any station."""
        if frame[:6] == self.ingress.mac:
            return True
        if frame[0] & 1 or packet.irregular:
            return False
        if packet.fragment == "later":
            first = self.fragments.first_of(packet)
            return first is not None and first.real.method == "bridge"
        if icmp.is_error(packet):
            quoted = icmp.quoted_of(frame, packet)
            flow = None if isinstance(quoted, str) else self.forward.pair_of(quoted.reverse)
            return flow is not None and flow.real.method == "bridge"
        flow = self.forward.pair_of(packet.key)
        if flow is not None and flow.real.present:
            return flow.real.method == "bridge"
        service = self.forward.service_of(packet)
        return service is not None and service.method == "bridge"

    def _to_vip(self, frame: bytes, packet: Packet) -> Outcome:
        if not self._is_for(frame, packet):
            return Outcome("pass", "other-host", frame)
        if packet.irregular:
            return Outcome("drop", packet.irregular, frame)
        if packet.fragment == "later":
            return self._later_fragment(frame, packet)
        if packet.protocol in (ICMP, ICMPV6):
            return self._icmp(frame, packet)
        return self._transport(frame, packet)

    def _later_fragment(self, frame: bytes, packet: Packet) -> Outcome:
        if self.fragments.is_left(packet):
            return Outcome("pass", "no-real-passed", frame)
        found = self.fragments.first_of(packet)
        if found is None or found.reply:
            return Outcome("drop", "fragment-early", frame)
        return self._deliver(frame, packet, found)

    def _deliver(
        self, frame: bytes, packet: Packet, to: First, quoted: tuple[int, int] = (0, 0)
    ) -> Outcome:
        """To a real server; the program may choose a source if it has not yet."""
        pair = to.pair
        if pair is not None and pair.pair is not None and pair.pair.source is None:
            return chosen_by_program(self.forward, self.deliverer, frame, packet, pair, quoted)
        return self.deliverer.deliver(frame, packet, to.real, to.flow, pair, quoted)

    def _icmp(self, frame: bytes, packet: Packet) -> Outcome:
        if icmp.is_error(packet):
            return self._icmp_error(frame, packet)
        request = 128 if packet.destination.version == 6 else 8
        if (packet.icmp_type, packet.icmp_code) == (request, 0):
            return answers.echo(frame, packet.start, packet, self.ingress.mac)
        return Outcome("drop", "no-service", frame)

    def _icmp_error(self, frame: bytes, packet: Packet) -> Outcome:
        """About a reply, or a packet of a real server to its client."""
        quoted = icmp.quoted_of(frame, packet)
        if isinstance(quoted, str):
            return Outcome("drop", quoted, frame)
        real = self.forward.real_of_flow(quoted.reverse)
        if real is None:
            _, vip, _, port, protocol = quoted.reverse
            service = self.forward.service_at(vip, port, protocol)
            if service is not None and service.passes:
                return Outcome("pass", "no-real-passed", frame)
            return Outcome("drop", "icmp-error", frame)
        pair = self.forward.pair_of(quoted.reverse)
        return self._deliver(frame, packet, First(real, quoted.reverse, pair), quoted.place)

    def _transport(self, frame: bytes, packet: Packet) -> Outcome:
        chosen = self.forward.real_of(packet)
        if chosen in ("answered-reset", "answered-down"):
            return answers.reset(frame, packet.start, packet, self.ingress.mac, chosen)
        if chosen == "expired":
            return self.deliverer.expired(frame, packet)
        if chosen == "no-real-passed" and packet.fragment == "first":
            self.fragments.leave(packet)
        if isinstance(chosen, str):
            return Outcome("pass" if chosen in PASSED else "drop", chosen, frame)
        to = First(chosen, packet.key, self.forward.pair_of(packet.key))
        outcome = self._deliver(frame, packet, to)
        if packet.fragment == "first" and outcome.reason == "forwarded":
            self.fragments.remember(packet, to)
        return outcome
