# SPDX-License-Identifier: Apache-2.0
"""Seeded random frames: valid, mutated, truncated, nonsense."""

from __future__ import annotations

import random
from ipaddress import ip_address

from tests.packets.harness import MAC, OTHER_MAC
from tests.packets.model.answers import checksum, pseudo
from tests.packets.model.types import IP

CLIENT_MAC = bytes.fromhex("020000000001")


def frame(payload: bytes, kind: int, *, to: bytes = MAC, tags: bytes = b"") -> bytes:
    """An Ethernet frame; ``tags``: complete 802.1Q headers."""
    return to + CLIENT_MAC + tags + kind.to_bytes(2, "big") + payload


def tcp(sport: int, dport: int, flags: int, data: bytes = b"", offset: int = 5) -> bytes:
    """A TCP segment with a checksum of 0x1234: nothing here may depend on it."""
    head = sport.to_bytes(2, "big") + dport.to_bytes(2, "big") + bytes(8)
    return head + bytes([offset << 4, flags, 4, 0, 0x12, 0x34, 0, 0]) + data


def udp(sport: int, dport: int, data: bytes = b"", length: int | None = None) -> bytes:
    """A UDP datagram without a checksum."""
    size = len(data) + 8 if length is None else length
    parts = (sport, dport, size, 0)
    return b"".join(part.to_bytes(2, "big") for part in parts) + data


def icmp(kind: int, code: int, data: bytes = b"") -> bytes:
    """An ICMP message with its checksum."""
    message = bytes([kind, code, 0, 0]) + data
    return message[:2] + checksum(message).to_bytes(2, "big") + message[4:]


def icmpv6(source: IP, destination: IP, kind: int, code: int, data: bytes = b"") -> bytes:
    """An ICMPv6 message with its checksum."""
    message = bytes([kind, code, 0, 0]) + data
    right = checksum(pseudo(source, destination, len(message)) + message)
    return message[:2] + right.to_bytes(2, "big") + message[4:]


def ipv4(
    source: IP,
    destination: IP,
    protocol: int,
    payload: bytes,
    *,
    options: bytes = b"",
    tos: int = 0,
    ttl: int = 64,
    fragment: int = 0x4000,
) -> bytes:
    """An IPv4 packet with its header checksum; ``options``: a multiple of 4 bytes."""
    size = 20 + len(options)
    head = bytes([0x40 | size // 4, tos]) + (size + len(payload)).to_bytes(2, "big") + b"\0\7"
    head += fragment.to_bytes(2, "big") + bytes([ttl, protocol, 0, 0])
    head += source.packed + destination.packed + options
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + payload


def ipv6(
    source: IP,
    destination: IP,
    following: int,
    payload: bytes,
    *,
    traffic_class: int = 0,
    hops: int = 64,
) -> bytes:
    """An IPv6 packet; extension headers stand at the front of ``payload``."""
    first = (6 << 28 | traffic_class << 20 | 0x12345).to_bytes(4, "big")
    head = first + len(payload).to_bytes(2, "big") + bytes([following, hops])
    return head + source.packed + destination.packed + payload


def extensions(kinds: list[int], last: int, random_: random.Random) -> tuple[int, bytes]:
    """(first next-header value, bytes) of a chain of extension headers before protocol ``last``."""
    chain = b""
    following = last
    for kind in reversed(kinds):
        if kind == 44:
            body = bytes([following, 0, 0, 0, 1, 2, 3, 4])
        elif kind == 51:
            body = bytes([following, 4]) + bytes(22)
        else:
            units = random_.randrange(3)
            body = bytes([following, units]) + bytes(6 + 8 * units)
        chain = body + chain
        following = kind
    return following, chain


class Generator:
    """Random frames around a set of VIPs and ports."""

    def __init__(self, seed: int | random.Random, vips: list[str], ports: list[int]) -> None:
        self.random = seed if isinstance(seed, random.Random) else random.Random(seed)
        self.vips = [ip_address(vip) for vip in vips]
        self.ports = ports

    def _pair(self) -> tuple[IP, IP]:
        """(client, destination): mostly a VIP."""
        vip = self.random.choice(self.vips)
        version = vip.version
        near = ip_address(int(vip) + self.random.choice([1, 256]))
        destination = vip if self.random.random() < 0.9 else near
        last = self.random.randrange(1, 9)
        client = ip_address(f"10.1.0.{last}" if version == 4 else f"fd01::{last}")
        return (destination if self.random.random() < 0.02 else client), destination

    def _transport(self, source: IP, destination: IP) -> tuple[int, bytes]:
        sport = self.random.randrange(1000, 1006)
        dport = self.random.choice(self.ports)
        data = self.random.randbytes(self.random.choice([0, 0, 1, 7, 100]))
        pick = self.random.random()
        if pick < 0.55:
            common = [0x02, 0x10, 0x18, 0x11, 0x04, 0x12]
            flags = (
                self.random.choice(common)
                if self.random.random() < 0.9
                else (self.random.randrange(64))
            )
            return 6, tcp(sport, dport, flags, data)
        if pick < 0.8:
            return 17, udp(sport, dport, data)
        if pick < 0.95:
            kind = self.random.choice([8, 8, 0, 3, 11, 12, 5, 13])
            if destination.version == 4:
                return 1, icmp(kind, self.random.choice([0, 0, 1]), bytes(4) + data)
            kind = self.random.choice([128, 128, 129, 1, 2, 3, 4, 133])
            code = self.random.choice([0, 0, 1])
            return 58, icmpv6(source, destination, kind, code, bytes(4) + data)
        return self.random.choice([2, 47, 132, 1, 58, 59]), data

    def _ip(self) -> tuple[int, bytes]:
        source, destination = self._pair()
        protocol, payload = self._transport(source, destination)
        if destination.version == 4:
            options = bytes([1] * (4 * self.random.choice([0, 0, 0, 1, 5, 10])))
            fragment = self.random.choice([0x4000] * 8 + [0, 0x2000, 0x0001, 0x8000])
            packet = ipv4(
                source,
                destination,
                protocol,
                payload,
                options=options,
                tos=self.random.randrange(256),
                ttl=self.random.choice([1, 64, 255]),
                fragment=fragment,
            )
            return 0x0800, packet
        kinds = self.random.choices(
            [0, 43, 44, 51, 60], k=self.random.choice([0, 0, 0, 1, 2, 6, 7])
        )
        following, chain = extensions(kinds, protocol, self.random)
        return 0x86DD, ipv6(source, destination, following, chain + payload)

    def _arp(self) -> tuple[int, bytes]:
        v4 = [vip for vip in self.vips if vip.version == 4]
        some = [*v4, ip_address("10.1.0.5"), ip_address("0.0.0.0")]
        sender, target = self.random.choice(some), self.random.choice(some)
        mac = self.random.choice([CLIENT_MAC, CLIENT_MAC, MAC])
        operation = self.random.choice([1, 1, 1, 2, 3])
        head = bytes.fromhex("0001080006040000")[:6] + operation.to_bytes(2, "big")
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

    def valid(self) -> bytes:
        """A frame that a host could send."""
        pick = self.random.random()
        kind, payload = self._ip() if pick < 0.84 else self._arp() if pick < 0.92 else self._nd()
        to = MAC
        if pick >= 0.84:
            to = self.random.choice([b"\xff" * 6, bytes.fromhex("3333ff000064"), MAC, OTHER_MAC])
        elif self.random.random() < 0.04:
            to = self.random.choice([OTHER_MAC, b"\xff" * 6])
        tag = self.random.choice([b"\x81\x00\x00\x64", b"\x88\xa8\x20\x07"])
        tags = tag * self.random.choice([0] * 12 + [1, 1, 2, 3])
        padding = bytes(self.random.choice([0, 0, 0, 18]))
        return frame(payload, kind, to=to, tags=tags) + padding

    def mutated(self) -> bytes:
        """A valid frame with a few bytes changed, mostly in its headers."""
        changed = bytearray(self.valid())
        for _ in range(self.random.randrange(1, 4)):
            at = self.random.randrange(min(len(changed), 80))
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
