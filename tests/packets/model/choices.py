# SPDX-License-Identifier: Apache-2.0
"""What the program chooses by a keyed hash, and no model can tell: an address and a port of a pool.

The outcome is made from what the program sent, if that is a choice that it may make.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from tests.packets.model.deliver import Deliverer, kind_of
from tests.packets.model.forward import Forward
from tests.packets.model.parse import find_network_header, number
from tests.packets.model.types import IP, Flow, Outcome, Packet


def _source_of(frame: bytes, at: int) -> tuple[IP, int] | None:
    """A frame's source address, and the port that stands ``at`` bytes into its IP packet; None when
    it is not even as long as that."""
    found = find_network_header(frame)
    if found is None or len(frame) < found[1] + at + 2:
        return None
    kind, start = found
    ip, port = frame[start:], number(frame[start + at : start + at + 2])
    if kind == 0x0800:
        return IPv4Address(ip[12:16]), port
    return IPv6Address(ip[8:24]), port


def chosen_by_program(
    forward: Forward,
    deliverer: Deliverer,
    frame: bytes,
    packet: Packet,
    flow: Flow,
    quoted: tuple[int, int],
) -> Outcome:
    """The outcome for a packet of a flow whose source is not known yet, or an error about one."""
    assert flow.pair is not None
    pair, ingress = flow.pair, deliverer.ingress
    pair.source = pair.pool[0], 0
    plain = deliverer.deliver(frame, packet, flow.real, pair.key, flow, quoted)
    pair.source = None
    if plain.reason != "forwarded":
        return plain
    at = packet.l4 - packet.start
    if kind_of(packet) == "error":
        at += 8 + quoted[1] + 2

    def choice(got: bytes) -> Outcome:
        if pair.source is None:
            source = _source_of(got, at)
            if source is None or not forward.replies.adopt(flow, source):
                return replace(plain, reason="forwarded, with a free port of the pool", choice=None)
        deliverer.ingress = ingress
        return deliverer.again(frame, packet, flow, quoted)

    return replace(plain, choice=choice)
