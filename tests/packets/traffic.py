# SPDX-License-Identifier: Apache-2.0
"""Seeded random frames: valid, mutated, truncated, nonsense."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from tests.packets.generate import (
    CLIENT_MAC,
    extensions,
    fragment_header,
    frame,
    icmp,
    icmpv6,
    ipv4,
    ipv6,
    tcp,
    udp,
)
from tests.packets.harness import MAC, OTHER_MAC
from tests.packets.model.types import IP, FlowKey

SUMS = [0x1234, 0, 0xFFFF, 1, 0xFFFE]
"""Of TCP and UDP; what is forwarded does not depend on their being right."""


class Generator:
    """Random frames around a set of VIPs and ports. ``tunnels``: (outer sources, real server).

    A source has few identifications of fragments: the program remembers some packets of each (of
    each /64 in IPv6), the model all.
    """

    def __init__(
        self,
        seed: int | random.Random,
        vips: list[str],
        ports: list[int],
        tunnels: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.random = seed if isinstance(seed, random.Random) else random.Random(seed)
        self.vips = [ip_address(vip) for vip in vips]
        self.ports = ports
        self.tunnels = list(tunnels)
        self.flows: deque[FlowKey] = deque(maxlen=64)  # that may be there
        self._firsts: deque[tuple[IP, IP, int, int]] = deque(maxlen=16)  # of fragments

    def _pair(self) -> tuple[IP, IP]:
        """(client, destination): mostly a VIP."""
        vip = self.random.choice(self.vips)
        version = vip.version
        near = ip_address(int(vip) + self.random.choice([1, 256]))
        destination = vip if self.random.random() < 0.95 else near
        last = self.random.randrange(1, 9)
        client = ip_address(f"10.1.0.{last}" if version == 4 else f"fd01:0:0:{last}::1")
        strange = ["127.0.0.1", "255.255.255.255"] if version == 4 else ["::1", "::", "ff02::1"]
        odd = self.random.random()
        if odd < 0.02:
            return (destination if odd < 0.01 else ip_address(self.random.choice(strange))), (
                destination
            )
        return client, destination

    def _transport(self, source: IP, destination: IP) -> tuple[int, bytes]:
        sport = self.random.randrange(1000, 1006)
        dport = self.random.choice(self.ports)
        sizes = [0, 0, 0, 1, 1, 7, 7, 100, 100, self.random.randrange(40, 85), 1300]
        data = self.random.randbytes(self.random.choice(sizes))
        pick = self.random.random()
        if pick < 0.55:
            self.flows.append((source, destination, sport, dport, 6))
            common = [0x02, 0x10, 0x18, 0x11, 0x04, 0x12]
            flags = (
                self.random.choice(common)
                if self.random.random() < 0.9
                else (self.random.randrange(64))
            )
            return 6, tcp(sport, dport, flags, data, self.random.choice(SUMS))
        if pick < 0.9:
            self.flows.append((source, destination, sport, dport, 17))
            return 17, udp(sport, dport, data, self.random.choice(SUMS))
        if pick < 0.97:
            if destination.version == 4:
                kind = self.random.choice([8, 8, 0, 5, 13])
                return 1, icmp(kind, self.random.choice([0, 0, 1]), bytes(4) + data)
            kind = self.random.choice([128, 128, 129, 133])
            code = self.random.choice([0, 0, 1])
            return 58, icmpv6(source, destination, kind, code, bytes(4) + data)
        return self.random.choice([2, 4, 41, 47, 132, 1, 58, 59]), data

    def _ttl(self) -> int:
        return self.random.choice([1, 2, 64, 64, 64, 64, 255])

    def _wrap4(self, source: IP, destination: IP, protocol: int, payload: bytes) -> bytes:
        """Whole, or as a first fragment."""
        options = bytes([1] * (4 * self.random.choice([0, 0, 0, 1, 5, 10])))
        fragment = self.random.choice([0x4000] * 8 + [0, 0x2000, 0x8000])
        ident = self.random.randrange(2)
        if fragment & 0x2000:
            self._firsts.append((source, destination, ident, protocol))
        return ipv4(
            source,
            destination,
            protocol,
            payload,
            options=options,
            tos=self.random.randrange(256),
            ttl=self._ttl(),
            fragment=fragment,
            ident=ident,
        )

    def _wrap6(self, source: IP, destination: IP, protocol: int, payload: bytes) -> bytes:
        """Whole, or as a first fragment."""
        count = self.random.choice([0] * 6 + [1, 2, 6, 7])
        kinds = self.random.choices([0, 43, 44, 51, 60], k=count)
        following, chain = extensions(kinds, protocol, self.random)
        if self.random.random() < 0.1 and count < 6:
            ident = self.random.randrange(2)
            self._firsts.append((source, destination, ident, protocol))
            chain = fragment_header(following, 1, ident) + chain
            following = 44
        kind = self.random.randrange(256)
        hops = self._ttl()
        return ipv6(source, destination, following, chain + payload, traffic_class=kind, hops=hops)

    def _ip(self) -> tuple[int, bytes]:
        source, destination = self._pair()
        protocol, payload = self._transport(source, destination)
        if destination.version == 4:
            return 0x0800, self._wrap4(source, destination, protocol, payload)
        return 0x86DD, self._wrap6(source, destination, protocol, payload)

    def _later(self) -> tuple[int, bytes]:
        """A fragment that is not the first one."""
        if self._firsts and self.random.random() < 0.85:
            source, destination, ident, protocol = self.random.choice(self._firsts)
        else:
            source, destination = self._pair()
            ident, protocol = self.random.randrange(4), self.random.choice([6, 17, 17, 1, 58, 47])
        units = self.random.choice([1, 2, 3, 100, 8191])
        more = self.random.random() < 0.5
        payload = self.random.randbytes(self.random.choice([8, 16, 100]))
        if destination.version == 4:
            field = more << 13 | units
            packet = ipv4(
                *(source, destination, protocol, payload),
                ttl=self._ttl(),
                fragment=field,
                ident=ident,
            )
            return 0x0800, packet
        head = fragment_header(protocol, units << 3 | more, ident)
        return 0x86DD, ipv6(source, destination, 44, head + payload, hops=self._ttl())

    def error_about(self, flow: FlowKey) -> tuple[int, bytes]:
        """A router's ICMP error about a packet of the flow from its VIP to its client."""
        client, vip, sport, dport, protocol = flow
        ports = dport.to_bytes(2, "big") + sport.to_bytes(2, "big")
        rest = self.random.choice([4, 4, 4, 20, 100, 3])
        quoted = ports + self.random.randbytes(rest)
        word = bytes(2) + self.random.choice([0, 600, 1300]).to_bytes(2, "big")
        code = self.random.choice([0, 1, 4])
        if vip.version == 4:
            field = self.random.choice([0x4000] * 6 + [0x2000, 3])
            options = bytes([1] * (4 * self.random.choice([0, 0, 0, 2])))
            inner = ipv4(vip, client, protocol, quoted, fragment=field, options=options)
            message = icmp(self.random.choice([3, 3, 11, 12]), code, word + inner)
            router = ip_address(f"10.3.0.{self.random.randrange(1, 9)}")
            ttl, tos = self._ttl(), self.random.randrange(256)
            return 0x0800, ipv4(router, vip, 1, message, ttl=ttl, tos=tos)
        kinds = self.random.choices([0, 43, 44, 51, 60], k=self.random.choice([0] * 6 + [1, 6, 7]))
        following, chain = extensions(kinds, protocol, self.random)
        inner = ipv6(vip, client, following, chain + quoted)
        router = ip_address(f"fd03::{self.random.randrange(1, 9)}")
        message = icmpv6(router, vip, self.random.randrange(1, 5), code, word + inner)
        return 0x86DD, ipv6(router, vip, 58, message, hops=self._ttl())

    def _error(self) -> tuple[int, bytes]:
        if self.flows and self.random.random() < 0.9:
            return self.error_about(self.random.choice(self.flows))
        source, destination = self._pair()
        flow = source, destination, 1000, self.random.choice(self.ports), 6
        return self.error_about(flow)

    def _tunnel_error(self) -> tuple[int, bytes]:
        """About a packet from an outer source to a real server."""
        network, real = self.random.choice(self.tunnels)
        first = ip_network(network).network_address
        source = first + self.random.choice([0, 1, 63, 64])
        target = ip_address(real) + self.random.choice([0, 0, 0, 1])
        told = self.random.choice([0, 100, 1300, 1400, 1499])
        code = self.random.choice([0, 0, 4, 4])
        protocol = self.random.choice([4, 41, 17, 6])
        size = self.random.choice([1500, 1500, 1350, 60]).to_bytes(2, "big")  # the end is cut off
        if source.version == 4:
            inner = ipv4(source, target, protocol, self.random.randbytes(8))
            inner = inner[:2] + size + inner[4:]
            message = icmp(self.random.choice([3, 3, 3, 11]), code, told.to_bytes(4, "big") + inner)
            return 0x0800, ipv4(ip_address("10.3.0.1"), source, 1, message)
        inner = ipv6(source, target, protocol, self.random.randbytes(8))
        inner = inner[:4] + size + inner[6:]
        word, router = told.to_bytes(4, "big"), ip_address("fd03::1")
        message = icmpv6(router, source, self.random.choice([2, 2, 2, 1]), code, word + inner)
        return 0x86DD, ipv6(router, source, 58, message)

    def _arp(self) -> tuple[int, bytes]:
        v4 = [vip for vip in self.vips if vip.version == 4]
        some = [*v4, ip_address("10.1.0.5"), ip_address("0.0.0.0")]
        sender, target = self.random.choice(some), self.random.choice(some)
        mac = self.random.choice([CLIENT_MAC, CLIENT_MAC, MAC])
        operation = self.random.choice([1, 1, 1, 2, 3])
        head = bytes.fromhex("000108000604") + operation.to_bytes(2, "big")
        return 0x0806, head + mac + sender.packed + bytes(6) + target.packed

    def _nd(self) -> tuple[int, bytes]:
        v6 = [vip for vip in self.vips if vip.version == 6]
        target = self.random.choice([*v6, ip_address("fd01::99")])
        group = ip_address(bytes.fromhex("ff0200000000000000000001ff") + target.packed[13:])
        source = self.random.choice([ip_address("fd01::5"), ip_address("::")])
        destination = self.random.choice([group, group, target, ip_address("ff02::1")])
        kind = self.random.choice([135, 135, 135, 136])
        option = self.random.choice([b"", b"\x01\x01" + CLIENT_MAC, b"\x01\x01" + bytes(30)])
        message = icmpv6(source, destination, kind, 0, bytes(4) + target.packed + option)
        hops = 255 if self.random.random() < 0.95 else 64
        return 0x86DD, ipv6(source, destination, 58, message, hops=hops)

    def _payload(self) -> tuple[int, bytes, bool]:
        """(EtherType, payload, whether it is for the balancer's MAC address in any case)."""
        pick = self.random.random()
        if pick < 0.66:
            return *self._ip(), True
        if pick < 0.76:
            return *self._later(), True
        if pick < 0.86:
            return *self._error(), True
        if pick < 0.88 and self.tunnels:
            return *self._tunnel_error(), True
        return *(self._arp() if pick < 0.94 else self._nd()), False

    def tags(self) -> bytes:
        """Those of a frame; rarely too many."""
        tag = self.random.choice([b"\x81\x00\x00\x64", b"\x88\xa8\x20\x07", b"\x81\x00\xf0\x14"])
        return tag * self.random.choice([0] * 12 + [1, 1, 1, 2, 2, 3])

    def valid(self) -> bytes:
        """A frame that a host could send."""
        kind, payload, to_us = self._payload()
        to = MAC
        if not to_us:
            to = self.random.choice([b"\xff" * 6, bytes.fromhex("3333ff000064"), MAC, OTHER_MAC])
        elif self.random.random() < 0.04:
            to = self.random.choice([OTHER_MAC, b"\xff" * 6])
        padding = bytes(self.random.choice([0, 0, 0, 18]))
        return frame(payload, kind, to=to, tags=self.tags()) + padding

    def mutated(self) -> bytes:
        """A valid frame with a few bytes changed, mostly in its headers."""
        changed = bytearray(self.valid())
        for _ in range(self.random.randrange(1, 4)):
            at = self.random.randrange(min(len(changed), 120))
            changed[at] = self.random.choice([0, 0xFF, changed[at] ^ 1 << self.random.randrange(8)])
        return bytes(changed)

    def truncated(self) -> bytes:
        """A valid frame cut anywhere; the kernel takes no frame under 14 bytes."""
        whole = self.valid()
        return whole[: self.random.randrange(14, len(whole) + 1)]

    def nonsense(self) -> bytes:
        """Random bytes behind a plausible EtherType."""
        kind = self.random.choice([0x0800, 0x86DD, 0x0806, 0x8100, 0x1234])
        return frame(self.random.randbytes(self.random.randrange(120)), kind)

    def any(self) -> bytes:
        """One of all kinds."""
        pick = self.random.random()
        if pick < 0.6:
            return self.valid()
        if pick < 0.8:
            return self.mutated()
        return self.truncated() if pick < 0.95 else self.nonsense()
