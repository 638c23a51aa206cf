# SPDX-License-Identifier: Apache-2.0
"""ICMP errors that the balancer sends: time exceeded, fragmentation needed, packet too big."""

from __future__ import annotations

from tests.packets.model.sums import checksum, pseudo
from tests.packets.model.types import IP, Outcome, Packet


def _error(frame: bytes, packet: Packet, source: IP, kind: tuple[int, int], word: int) -> bytes:
    """The frame that goes back, from the MAC address that the packet came to; ``kind``: type and
    code, ``word``: the four bytes behind them."""
    client = packet.source
    most = 548 if source.version == 4 else 1232  # so that the answer is of 576 or 1280 bytes
    size = min(packet.ip_bytes, most) // 4 * 4
    quoted = frame[packet.start : packet.start + size]
    message = bytes([*kind, 0, 0]) + word.to_bytes(4, "big") + quoted
    if source.version == 4:
        ip = bytes.fromhex("45c0") + (20 + len(message)).to_bytes(2, "big")
        ip += bytes.fromhex("0000 0000 4001 0000") + source.packed + client.packed
        ip = ip[:10] + checksum(ip).to_bytes(2, "big") + ip[12:]
        right = checksum(message)
    else:
        ip = bytes.fromhex("60000000") + len(message).to_bytes(2, "big") + bytes([58, 64])
        ip += source.packed + client.packed
        right = checksum(pseudo(source, client, len(message)) + message)
    message = message[:2] + right.to_bytes(2, "big") + message[4:]
    return frame[6:12] + frame[:6] + frame[12 : packet.start] + ip + message


def answerable(packet: Packet) -> bool:
    """Nobody is told about ICMP, or about a fragment that is not the first."""
    return packet.fragment != "later" and packet.protocol in (6, 17)


def time_exceeded(frame: bytes, packet: Packet, own: IP | None) -> Outcome:
    """``own``: the address of the interface; without one the VIP says it."""
    if not answerable(packet):
        return Outcome("drop", "ttl-exceeded", frame)
    kind = (11, 0) if packet.source.version == 4 else (3, 0)
    answer = _error(frame, packet, own or packet.destination, kind, 0)
    return Outcome("tx", "answered-time-exceeded", answer)


def too_big(frame: bytes, packet: Packet, fits: int, own: IP | None = None) -> Outcome:
    """``fits``: the largest IP packet that could be forwarded; ``own``: who says so, or else the
    address that it was sent to."""
    if not answerable(packet):
        return Outcome("drop", "mtu-exceeded", frame)
    v4 = packet.source.version == 4
    told = fits if v4 else max(fits, 1280)
    kind = (3, 4) if v4 else (2, 0)
    answer = _error(frame, packet, own or packet.destination, kind, told)
    return Outcome("tx", "answered-too-big", answer)
