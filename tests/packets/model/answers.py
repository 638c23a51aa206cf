# SPDX-License-Identifier: Apache-2.0
"""ARP, neighbour discovery, echo and RST: what is answered, and the answer's bytes."""

from __future__ import annotations

from collections.abc import Container
from ipaddress import IPv4Address, IPv6Address

from tests.packets.model.parse import number
from tests.packets.model.sums import checksum, pseudo, update
from tests.packets.model.types import IP, Outcome, Packet


def arp(frame: bytes, start: int, vips: Container[IP], mac: bytes, announce: bool) -> Outcome:
    """An ARP packet at ``start``."""
    body = frame[start : start + 28]
    passed = Outcome("pass", "pass", frame)
    if len(body) < 28 or body[:6] != bytes.fromhex("000108000604"):
        return passed
    sha, spa, tpa = body[8:14], body[14:18], body[24:28]
    if IPv4Address(spa) in vips and sha != mac:
        return Outcome("pass", "vip-conflict", frame)
    to_us = frame[0] & 1 or frame[:6] == mac
    if body[6:8] != b"\0\1" or IPv4Address(tpa) not in vips or not to_us or not announce:
        return passed
    reply = bytes.fromhex("0001080006040002") + mac + tpa + sha + spa
    answer = frame[6:12] + mac + frame[12:start] + reply + frame[start + 28 :]
    return Outcome("tx", "answered-arp", answer)


def _advertisement(frame: bytes, start: int, target: IPv6Address, mac: bytes) -> bytes:
    asker = IPv6Address(frame[start + 8 : start + 24])
    probe = asker == IPv6Address("::")
    to = IPv6Address("ff02::1") if probe else asker
    flags = 0x20 if probe else 0x60
    message = bytes([136, 0, 0, 0, flags, 0, 0, 0]) + target.packed + b"\x02\x01" + mac
    right = checksum(pseudo(target, to, 32) + message)
    message = message[:2] + right.to_bytes(2, "big") + message[4:]
    ip = bytes.fromhex("6000000000203aff") + target.packed + to.packed
    destination = bytes.fromhex("333300000001") if probe else frame[6:12]
    return destination + mac + frame[12:start] + ip + message


def nd(frame: bytes, start: int, vips: Container[IP], mac: bytes, announce: bool) -> Outcome | None:
    """A neighbour solicitation or advertisement about a VIP; None for anything else."""
    ip = frame[start : start + 40]
    length = number(ip[4:6]) if len(ip) == 40 else 0
    message = frame[start + 40 : start + 40 + length]
    if len(ip) < 40 or ip[0] >> 4 != 6 or ip[6] != 58 or ip[7] != 255:
        return None
    if not 24 <= length <= 128 or length % 8 or len(message) < length:
        return None
    if message[0] not in (135, 136) or message[1] != 0:
        return None
    source, destination = IPv6Address(ip[8:24]), IPv6Address(ip[24:40])
    if checksum(pseudo(source, destination, length) + message) != 0:
        return None
    target = IPv6Address(message[8:24])
    if target not in vips:
        return None
    if message[0] == 136:
        return None if frame[6:12] == mac else Outcome("pass", "vip-conflict", frame)
    group = IPv6Address(IPv6Address("ff02::1:ff00:0").packed[:13] + target.packed[13:])
    to_us = frame[0] & 1 or frame[:6] == mac
    if destination not in (group, target) or not to_us or not announce:
        return None
    return Outcome("tx", "answered-nd", _advertisement(frame, start, target, mac))


def echo(frame: bytes, start: int, packet: Packet, mac: bytes) -> Outcome:
    """The reply to an echo request for a VIP."""
    out = bytearray(frame)
    out[0:6], out[6:12] = frame[6:12], mac
    ip, l4 = frame[start:], packet.l4
    if packet.destination.version == 4:
        out[start + 12 : start + 16], out[start + 16 : start + 20] = ip[16:20], ip[12:16]
        fresh = update(number(ip[10:12]), number(ip[8:10]), 64 << 8 | ip[9])
        out[start + 8] = 64
        out[start + 10 : start + 12] = fresh.to_bytes(2, "big")
        request, reply = 8, 0
    else:
        out[start + 8 : start + 24], out[start + 24 : start + 40] = ip[24:40], ip[8:24]
        out[start + 7] = 64
        request, reply = 128, 129
    old = number(frame[l4 + 2 : l4 + 4])
    # 0 and 0xffff are the same sum; an all-zero message verifies with 0xffff alone.
    new = update(old, request << 8, reply << 8) or 0xFFFF
    out[l4] = reply
    out[l4 + 2 : l4 + 4] = new.to_bytes(2, "big")
    return Outcome("tx", "answered-echo", bytes(out))


def reset(frame: bytes, start: int, packet: Packet, mac: bytes, reason: str) -> Outcome:
    """The RST for a segment: headers alone, in 60 bytes if as many were sent."""
    source, destination = packet.destination, packet.source
    sequence = frame[packet.l4 + 8 : packet.l4 + 12]
    ports = packet.destination_port.to_bytes(2, "big") + packet.source_port.to_bytes(2, "big")
    tcp = ports + sequence + bytes(4) + b"\x50\x04" + bytes(6)
    right = checksum(pseudo(source, destination, 20, 6) + tcp)
    tcp = tcp[:16] + right.to_bytes(2, "big") + tcp[18:]
    if source.version == 4:
        ip = bytes.fromhex("45000028000040004006") + b"\0\0" + source.packed + destination.packed
        ip = ip[:10] + checksum(ip).to_bytes(2, "big") + ip[12:]
    else:
        ip = bytes.fromhex("6000000000140640") + source.packed + destination.packed
    answer = frame[6:12] + mac + frame[12:start] + ip + tcp
    return Outcome("tx", reason, answer.ljust(min(60, len(frame)), b"\0"))
