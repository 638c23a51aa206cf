# SPDX-License-Identifier: Apache-2.0
"""Seeded random frames of both directions: those of traffic.py, and of flows whose replies come
back what clients, real servers, and routers on both sides may send.

What a real server sends depends on the port that the program chose, so frames are made one by one,
with the model at hand.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from tests.packets import generate
from tests.packets.generate import CLIENT_MAC, extensions, fragment_header
from tests.packets.harness import MAC, OTHER_MAC, mac_of
from tests.packets.model import Flow, FlowKey, Model
from tests.packets.model.types import IP
from tests.packets.traffic import SUMS, Generator

MACS = {1: MAC, 2: OTHER_MAC}
FLAGS = [0x02, 0x10, 0x10, 0x18, 0x18, 0x11, 0x04, 0x12]
REPLY_FLAGS = [0x12, 0x12, 0x10, 0x18, 0x18, 0x11, 0x04, 0x14, 0x02]
Sent = tuple[int, bytes]
"""The number of the interface that a frame comes in on, and the frame."""


@dataclass(frozen=True)
class Talk:
    """A client's ports and a service, and the neighbour that the client's frames come from."""

    key: FlowKey
    neighbour: bytes
    link: int
    tags: bytes


@dataclass(frozen=True)
class Ends:
    """Of a packet."""

    source: IP
    destination: IP
    source_port: int
    destination_port: int
    protocol: int

    @property
    def swapped(self) -> Ends:
        """Of a packet the other way."""
        ports = (self.destination_port, self.source_port)
        return Ends(self.destination, self.source, *ports, self.protocol)


class TwoWay(Generator):
    """``model``: knows the flows. ``ports``: of services whose replies come back."""

    def __init__(
        self,
        seed: int | random.Random,
        vips: list[str],
        ports: tuple[list[int], list[int]],
        tunnels: Sequence[tuple[str, str]],
        natted: Sequence[str],
    ) -> None:
        """``ports``: of all services, and of those whose replies come back; ``natted``: real
        servers of these."""
        super().__init__(seed, vips, ports[0], tunnels)
        self._paired_ports = ports[1]
        self._natted = [ip_address(name) for name in natted]
        self._talks: deque[Talk] = deque(maxlen=24)
        self._parts: deque[tuple[Sent, ...]] = deque(maxlen=16)

    # What a packet is made of.

    def _options(self) -> bytes:
        """Of TCP: with and without a maximum segment size, right and wrong."""
        pick = self.random
        mss = b"\x02\x04" + pick.choice([0, 535, 599, 600, 601, 1460, 65535]).to_bytes(2, "big")
        some = [
            mss,
            mss,
            mss,
            b"\x01",
            b"\x01",
            b"\x03\x03\x07",
            b"\x04\x02",
            b"\x08\x0a" + bytes(8),
        ]
        some += [b"\x00", b"\x02\x03\x05", b"\x02\x00", b"\x05\xff", b"\x1e\x01", b"\x02"]
        made = b"".join(pick.choices(some, k=pick.choice([0, 1, 1, 2, 3, 4])))[:40]
        return made + pick.choice([b"\0", b"\1"]) * (-len(made) % 4)

    def _message(self, ends: Ends, flags: int) -> bytes:
        pick = self.random
        ports = (ends.source_port, ends.destination_port)
        if ends.protocol == 17:
            data = pick.randbytes(pick.choice([0, 1, 2, 17, 40, 60, 72, 73]))
            return generate.udp(*ports, data, pick.choice(SUMS))
        data = b""
        if flags & 8 or pick.random() < 0.1:
            data = pick.randbytes(pick.choice([1, 7, 24, 40, 60, 61]))
        options = self._options() if flags & 2 or pick.random() < 0.1 else b""
        return generate.tcp(*ports, flags, data, pick.choice(SUMS), options)

    def _packets(self, ends: Ends, protocol: int, message: bytes) -> list[bytes]:
        """Whole, or in fragments."""
        pick = self.random
        split = len(message) > 24 and pick.random() < 0.25
        size = pick.choice([24, 24, 32, 8]) if split else len(message)
        ident = pick.randrange(3)
        return [
            self._packet(ends, protocol, message[at : at + size], at, len(message), ident)
            for at in range(0, max(len(message), 1), max(size, 8))
        ]

    def _packet(
        self, ends: Ends, protocol: int, part: bytes, at: int, whole: int, ident: int
    ) -> bytes:
        pick, more = self.random, at + len(part) < whole
        ends_at = (ends.source, ends.destination)
        ttl = pick.choice([64] * 8 + [1, 2])
        if ends.source.version == 4:
            field = (more << 13 | at // 8) or pick.choice([0, 0x4000])
            options = bytes([1] * (4 * pick.choice([0, 0, 0, 0, 0, 1, 10])))
            return generate.ipv4(
                *ends_at,
                protocol,
                part,
                options=options,
                tos=pick.choice([0, 0xBB]),
                ttl=ttl,
                fragment=field,
                ident=ident,
            )
        kinds = pick.choices([0, 43, 44, 51, 60], k=pick.choice([0] * 7 + [1, 2, 6]))
        split = more or at
        if split:
            kinds = [kind for kind in kinds if kind != 44][:2]
        following, chain = extensions([] if split else kinds, protocol, pick)
        if split:
            chain, following = fragment_header(protocol, at | more, ident), 44
        return generate.ipv6(*ends_at, following, chain + part, hops=ttl)

    def _frames(self, packets: list[bytes], link: int, source: bytes, tags: bytes) -> list[Sent]:
        """Rarely to another station, from another neighbour, or by the other interface."""
        pick = self.random
        to = MACS[link]
        if pick.random() < 0.06:
            to = pick.choice([MACS[3 - link], CLIENT_MAC, b"\x02\0\0\0\0\x99", b"\xff" * 6])
        if pick.random() < 0.03:
            source = b"\x02\0\0\0\0\x07"
        if pick.random() < 0.03:
            tags = self.tags()
        padding = bytes(pick.choice([0, 0, 0, 6]))
        sent = []
        for packet in packets:
            kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
            made = generate.frame(packet, kind, to=to, tags=tags, source=source)
            sent.append((link, made + padding))
        return sent

    # Who sends it.

    def talk(self) -> Talk:
        """A client that is new, or not, in mode bridge also one on the wrong side."""
        pick = self.random
        vip = pick.choice(self.vips)
        last = pick.randrange(1, 7)
        client = ip_address(f"10.1.0.{last}" if vip.version == 4 else f"fd01:0:0:{last}::1")
        if pick.random() < 0.03:
            client = pick.choice([ip for ip in self._natted if ip.version == vip.version])
        protocol = pick.choice([6, 6, 17])
        ports = pick.randrange(1000, 1006), pick.choice(self._paired_ports)
        neighbour = pick.choice([CLIENT_MAC, CLIENT_MAC, b"\x02\0\0\0\0\x02"])
        link = pick.choice([1] * 7 + [2])
        tags = self.tags() if pick.random() < 0.5 else b""
        return Talk((client, vip, *ports, protocol), neighbour, link, tags)

    def request(self, talk: Talk, flags: int) -> list[Sent]:
        """What the client sends; ``flags``: of TCP."""
        ends = Ends(*talk.key)
        packets = self._packets(ends, ends.protocol, self._message(ends, flags))
        return self._frames(packets, talk.link, talk.neighbour, talk.tags)

    def _behind(self, flow: Flow) -> Ends | None:
        """Of a reply as it comes."""
        key = flow.pair.reply_key(flow.real) if flow.pair else None
        return Ends(*key) if key else None

    def _from_real(self, flow: Flow) -> tuple[int, bytes, bytes]:
        """Where replies come in: interface, MAC address, tags."""
        tags = b""
        if flow.real.vlan:
            priority = self.random.choice([0, 0, 0xE000, 0x1000])
            tags = b"\x81\x00" + (priority | flow.real.vlan).to_bytes(2, "big")
        return flow.real.link, mac_of(flow.real.name), tags

    def reply(self, flow: Flow, flags: int) -> list[Sent]:
        """What the real server sends; ``flags``: of TCP."""
        ends = self._behind(flow)
        if ends is None:
            return []
        pick = self.random
        if pick.random() < 0.05:
            ports = pick.choice([(ends.source_port, 2000), (9, ends.destination_port)])
            ends = Ends(ends.source, ends.destination, *ports, ends.protocol)
        link, mac, tags = self._from_real(flow)
        message = self._message(ends, flags)
        sent = self._frames(self._packets(ends, ends.protocol, message), link, mac, tags)
        if flow.real.method == "bridge" and flow.pair is not None:
            hop = flow.pair.hop.mac
            sent = [(link, (hop if pick.random() < 0.9 else f[:6]) + f[6:]) for link, f in sent]
        return sent

    def _quote(self, ends: Ends) -> bytes:
        """Of a packet that somebody could not forward."""
        pick = self.random
        message = self._message(ends, pick.choice(FLAGS))
        packet = self._packet(ends, ends.protocol, message, 0, len(message), 7)
        at = len(packet) - len(message)
        return packet[: at + pick.choice([8, 8, 8, 7, 9, 17, 18, 19, 20, 28, 600])]

    def told(self, flow: Flow) -> list[Sent]:
        """About a reply, to the VIP, or about a request, to whom the real server sees."""
        behind, pick = self._behind(flow), self.random
        if behind is None or flow.pair is None:
            return []
        about_reply = pick.random() < 0.5
        ends = Ends(*flow.pair.key).swapped if about_reply else behind.swapped
        quote, to = self._quote(ends), ends.source
        if pick.random() < 0.05:
            to = pick.choice([ends.destination, *self.vips])
        v4 = to.version == 4
        near = ip_address("10.3.0.9" if v4 else "fd03::9")
        router = pick.choice([near, ends.destination])
        if to.version != ends.source.version or router == to:
            return []
        word = bytes(2) + pick.choice([0, 600, 1300]).to_bytes(2, "big")
        code = pick.choice([0, 1, 3, 4])
        if v4:
            message = generate.icmp(pick.choice([3, 3, 11, 12, 5]), code, word + quote)
        else:
            kind = pick.choice([1, 2, 3, 4, 137])
            message = generate.icmpv6(router, to, kind, code, word + quote)
        outer = Ends(router, to, 0, 0, 1 if v4 else 58)
        packet = self._packet(outer, outer.protocol, message, 0, len(message), 7)
        link, mac, tags = self._from_real(flow)
        if about_reply:
            link, mac, tags = flow.pair.hop.link, CLIENT_MAC, b""
        return self._frames([packet], link, mac, tags)

    def next(self, model: Model) -> list[Sent]:
        """A few frames that follow each other: most often one, or the fragments of a message."""
        pick = self.random
        if not self._talks or pick.random() < 0.17:
            self._talks.append(self.talk())
            flags = 2 if pick.random() < 0.8 else pick.choice(FLAGS)
            return self.mixed(self.request(self._talks[-1], flags))
        if pick.random() < 0.12:
            return self.others()
        talk = pick.choice(self._talks)
        flow = model.forward.pair_of(talk.key)
        if flow is None or pick.random() < 0.35:
            flags = 2 if flow is None else pick.choice(FLAGS)
            return self.mixed(self.request(talk, flags))
        if pick.random() < 0.75:
            return self.mixed(self.reply(flow, pick.choice(REPLY_FLAGS)))
        return self.mixed(self.told(flow))

    def others(self) -> list[Sent]:
        """Of traffic.py, or a fragment once more."""
        pick = self.random
        if self._parts and pick.random() < 0.1:
            return [pick.choice(pick.choice(self._parts))]
        return [(pick.choice([1] * 9 + [2]), self.any())]

    def mixed(self, sent: list[Sent]) -> list[Sent]:
        """Fragments out of order, some lost; now and then a byte changed, or the end cut off."""
        pick = self.random
        if len(sent) > 1:
            self._parts.append(tuple(sent))
            if pick.random() < 0.3:
                pick.shuffle(sent)
            sent = [one for one in sent if pick.random() < 0.9]
        odd = pick.random()
        if not sent or odd >= 0.05:
            return sent
        link, frame = sent[-1]
        if odd < 0.02:
            return [*sent[:-1], (link, frame[: pick.randrange(14, len(frame) + 1)])]
        changed = bytearray(frame)
        changed[pick.randrange(min(len(changed), 120))] ^= 1 << pick.randrange(8)
        return [*sent[:-1], (link, bytes(changed))]
