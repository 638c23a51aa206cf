# SPDX-License-Identifier: Apache-2.0
"""Replies, and what is said about requests: back by the neighbour that the client came from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.packets.model import errors
from tests.packets.model.deliver import Deliverer, assembled, kind_of, tags
from tests.packets.model.methods import ROUTED
from tests.packets.model.pairs import to_client
from tests.packets.model.translate import error, translated
from tests.packets.model.types import Flow, Outcome, Packet


@dataclass
class Returner:
    """What goes to clients."""

    to_reals: Deliverer

    def reply(
        self, frame: bytes, packet: Packet, flow: Flow, quoted: tuple[int, int] = (0, 0)
    ) -> Outcome:
        """A reply, a fragment of one, or an ICMP error about a request (``quoted``: see
        translate.error())."""
        assert flow.pair is not None
        links, ingress = self.to_reals.links, self.to_reals.ingress
        out = links[flow.pair.hop.link]
        routed = flow.real.method in ROUTED
        if reason := self.to_reals.not_across(flow.real.method, out.number):
            return Outcome("pass", reason, frame)
        own = ingress.own(packet.source.version)
        if routed and packet.ttl <= 1:
            return errors.time_exceeded(frame, packet, own)
        redirected = out is not ingress
        fits = out.mtu - 4 * (packet.two_tags and redirected and not routed)
        if packet.ip_bytes > fits:
            return errors.too_big(frame, packet, fits, own)
        self._count(packet, flow, len(frame))
        ip = _rewritten(frame, packet, flow, quoted, less=routed)
        head = flow.pair.hop.mac + out.mac if routed else frame[:12]
        head += tags(frame, packet, routed, flow.pair.hop.vlan)
        trailer = frame[packet.start + packet.ip_bytes :]
        made, _ = assembled(head, ip, trailer, out.mtu + 18 if redirected else None)
        return Outcome("redirect" if redirected else "tx", "forwarded-reply", made)

    def _count(self, packet: Packet, flow: Flow, size: int) -> None:
        flow.real.reply_packets += 1
        flow.real.reply_bytes += size
        kind = f"reply {kind_of(packet)}"
        self.to_reals.forwarded[flow.real.method, packet.source.version, kind] += 1


def _rewritten(
    frame: bytes, packet: Packet, flow: Flow, quoted: tuple[int, int], *, less: bool
) -> bytes:
    assert flow.pair is not None
    ip = frame[packet.start : packet.start + packet.ip_bytes]
    ends = to_client(flow)
    if kind_of(packet) != "error":
        return translated(ip, packet, ends, less=less, clamp=flow.pair.clamp)
    says_it = ends.source if packet.source == flow.real.address else packet.source
    outer = replace(ends, source=says_it)
    return error(ip, packet, outer, ends.swapped, quoted, less=less)
