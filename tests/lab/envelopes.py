# SPDX-License-Identifier: Apache-2.0
"""A balancer of few lines: it sends a client's packets on to a real server as l3dsr does.

The client has a MAC address of nobody for the VIPs. What it sends there is taken from the wire,
changed, and sent to the real server's MAC address; replies come straight to the client.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from ipaddress import ip_address

from tests.lab.plain import Namespace
from tests.lab.realserver import CLIENT4, CLIENT6, REAL4, REAL6, VIP4, VIP6
from tests.lab.realserver import Namespace as Host
from tests.packets.checksums import total

NOWHERE = "02:00:00:00:00:99"
ROOM = 1400
"""MTU of the client's routes to the VIPs: an envelope must fit into the segment's 1500."""
_ALL, _OUTGOING = 3, 4  # ETH_P_ALL, PACKET_OUTGOING
_TYPES = {4: b"\x08\x00", 6: b"\x86\xdd"}
_CHECKSUM_AT = {6: 16, 17: 6, 58: 2}
_FRAGMENT = 44

Change = Callable[[bytes], bytes]


def version_of(packet: bytes) -> int:
    """4 or 6."""
    return packet[0] >> 4


def checksum(data: bytes) -> int:
    """What makes the sum right (RFC 1071)."""
    return ~total(data) & 0xFFFF


def outer(version: int, proto: int, payload: bytes) -> bytes:
    """``payload`` in an IP packet from the client's address to the real server's."""
    source, destination = (CLIENT4, REAL4) if version == 4 else (CLIENT6, REAL6)
    ends = ip_address(source).packed + ip_address(destination).packed
    if version == 6:
        return struct.pack(">IHBB", 6 << 28, len(payload), proto, 64) + ends + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, proto, 0) + ends
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + payload


def _family(inner: int, crossed: bool, outside: int) -> int:
    return outside or (10 - inner if crossed else inner)


def ipip(*, crossed: bool = False, outside: int = 0) -> Change:
    """``crossed``: an outer header of the other family; ``outside``: of this one always."""

    def change(packet: bytes) -> bytes:
        inner = version_of(packet)
        return outer(_family(inner, crossed, outside), {4: 4, 6: 41}[inner], packet)

    return change


def gue(port: int, *, crossed: bool = False, outside: int = 0) -> Change:
    """GUE variant 1, without a checksum; the rest as ipip()."""

    def change(packet: bytes) -> bytes:
        udp = struct.pack(">HHHH", 0xC123, port, 8 + len(packet), 0) + packet
        return outer(_family(version_of(packet), crossed, outside), 17, udp)

    return change


def _replaced(old: bytes, before: bytes, after: bytes) -> bytes:
    """RFC 1624, equation 3."""
    inverted = bytes(byte ^ 0xFF for byte in old + before)
    return checksum(inverted + after).to_bytes(2, "big")


def dscp(code: int) -> Change:
    """The code and the real server's address instead of the VIP's, checksums with it."""

    def change(packet: bytes) -> bytes:
        if version_of(packet) == 4:
            return _dscp4(bytearray(packet), code)
        return _dscp6(bytearray(packet), code)

    return change


def _fix(packet: bytearray, at: int, before: bytes, after: bytes) -> None:
    old = bytes(packet[at : at + 2])
    if any(old):  # UDP without one stays without
        packet[at : at + 2] = _replaced(old, before, after)


def _dscp4(packet: bytearray, code: int) -> bytes:
    header = (packet[0] & 15) * 4
    before, after = bytes(packet[16:20]), ip_address(REAL4).packed
    first = int.from_bytes(packet[6:8], "big") & 0x1FFF == 0
    if first and packet[9] in (6, 17):
        _fix(packet, header + _CHECKSUM_AT[packet[9]], before, after)
    packet[1] = code << 2 | packet[1] & 3
    packet[16:20] = after
    packet[10:12] = bytes(2)
    packet[10:12] = checksum(bytes(packet[:header])).to_bytes(2, "big")
    return bytes(packet)


def _dscp6(packet: bytearray, code: int) -> bytes:
    before, after = bytes(packet[24:40]), ip_address(REAL6).packed
    proto, at, first = packet[6], 40, True
    if proto == _FRAGMENT:
        first = int.from_bytes(packet[42:44], "big") & 0xFFF8 == 0
        proto, at = packet[40], 48
    if first:
        _fix(packet, at + _CHECKSUM_AT[proto], before, after)
    word = int.from_bytes(packet[:4], "big") & ~(0xFC << 20) | code << 22
    packet[:4] = word.to_bytes(4, "big")
    packet[24:40] = after
    return bytes(packet)


class Relay:
    """Sends on, from its start to its end; keeps what the VIPs have answered."""

    def __init__(self, client: Host, real: Host, change: Change) -> None:
        self._change = change
        self._mac = bytes.fromhex(str(real.link()["address"]).replace(":", ""))
        self._own = bytes.fromhex(str(client.link()["address"]).replace(":", ""))
        self.answers: list[bytes] = []
        self._ended = threading.Event()
        client.run("ethtool", "-K", "eth0", "tx", "off", "gso", "off", "tso", "off")
        for vip in (VIP4, VIP6):
            client.run("ip", "neigh", "replace", vip, "lladdr", NOWHERE, "dev", "eth0")
            client.run("ip", "route", "replace", vip, "dev", "eth0", "mtu", "lock", str(ROOM))
        self._socket = Namespace(client.name).call(_packet_socket)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, packet: bytes) -> None:
        """Send a packet to a VIP on as it is changed here."""
        changed = self._change(packet)
        self._socket.send(self._mac + self._own + _TYPES[version_of(changed)] + changed)

    def _run(self) -> None:
        nowhere = bytes.fromhex(NOWHERE.replace(":", ""))
        vips = [ip_address(vip).packed for vip in (VIP4, VIP6)]
        while not self._ended.is_set():
            try:
                frame, where = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            packet = frame[14:]
            if where[2] == _OUTGOING:
                if frame[:6] == nowhere:
                    self.send(packet)
            elif packet[12:16] in vips or packet[8:24] in vips:
                self.answers.append(packet)

    def close(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join()
        self._socket.close()


def _packet_socket() -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
    made.bind(("eth0", _ALL))
    made.settimeout(0.1)
    return made
