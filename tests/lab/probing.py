# SPDX-License-Identifier: Apache-2.0
"""Probes as a test sees them: addresses that stand for real servers, and frames that come of it."""

from __future__ import annotations

import socket
import struct
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory

from scapy.utils import RawPcapReader

from dsrlb.control.maps import installed
from dsrlb.dataplane.artifact import build
from dsrlb.dataplane.maps import MapSet
from tests.lab.instance import Instance
from tests.lab.plain import Namespace
from tests.packets.generate import icmp, icmpv6
from tests.waiting import wait_until

BASE = {4: ip_network("198.18.0.0/16"), 6: ip_network("fd00:d5::/96")}
SYN = 0x02


def fastest(text: str) -> str:
    """A configuration whose TCP services go by response times."""
    algorithm = 'algorithm = "fastest-response-time"'
    return text.replace('protocol = "tcp"\n', f'protocol = "tcp"\n{algorithm}\n')


def probe_addresses(balancer: Instance) -> dict[tuple[str, str], str]:
    """(service, address of the real server) -> the address that stands for it."""
    maps = MapSet(build(cache=balancer.cache), balancer.pins, 1000)
    try:
        reals = installed.read(maps).reals
        return {
            (real.service.name, str(real.address)): str(
                BASE[real.service.family].network_address + entry.index
            )
            for real, entry in reals.items()
        }
    finally:
        maps.close()


def knock(address: str, port: int, seconds: float = 1.0) -> str:
    """What comes of a TCP connection: "open", "refused" or "silent"."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as channel:
        channel.settimeout(seconds)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            channel.connect((address, port))
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "silent"
        return "open"


def ping(address: str, identifier: int = 7, seconds: float = 1.0) -> bool:
    """Is there a reply to an ICMP echo request, from that address and with what was sent?"""
    six = ":" in address
    family, protocol = (socket.AF_INET6, "ipv6-icmp") if six else (socket.AF_INET, "icmp")
    rest = struct.pack(">HH", identifier, 1) + b"an odd number"
    sent = icmpv6(IPv6Address(0), IPv6Address(0), 128, 0, rest) if six else icmp(8, 0, rest)
    with socket.socket(family, socket.SOCK_RAW, socket.getprotobyname(protocol)) as channel:
        channel.connect((address, 0))
        channel.send(sent)  # ICMPv6: the kernel makes the checksum
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            channel.settimeout(left)
            try:
                got = channel.recv(2048)
            except TimeoutError:
                break
            message = got if six else got[(got[0] & 15) * 4 :]
            if message[0] == (129 if six else 0) and message[4:] == rest:
                return True
    return False


@dataclass(frozen=True)
class Syn:
    """A frame with a SYN, taken apart. ``outer``: what a tunnel puts between Ethernet and it."""

    ethernet: bytes
    outer: bytes
    ip: bytes
    tcp: bytes

    @property
    def source(self) -> str:
        """Who it is from."""
        return str(ip_address(self.ip[12:16] if self.ip[0] >> 4 == 4 else self.ip[8:24]))

    @property
    def port(self) -> int:
        """To which."""
        return int.from_bytes(self.tcp[2:4], "big")

    def like(self, other: Syn, hops: int = 0) -> Syn:
        """With all from ``other`` that two clients cannot have in common: source address and port,
        sequence number, timestamp, and what depends on them (checksums, labels, the port of a GUE
        packet), the identification; and a TTL that is less by ``hops``."""
        if len(self.outer) != len(other.outer):
            return self
        if self.ip[0] >> 4 == 4:
            ip = self.ip[:4] + other.ip[4:6] + self.ip[6:8] + bytes([self.ip[8] - hops])
            ip += self.ip[9:10] + other.ip[10:16] + self.ip[16:]
        else:
            ip = self.ip[:1] + bytes([self.ip[1] & 0xF0 | other.ip[1] & 0x0F]) + other.ip[2:4]
            ip += self.ip[4:7] + bytes([self.ip[7] - hops]) + other.ip[8:24] + self.ip[24:]
        tcp = other.tcp[:2] + self.tcp[2:4] + other.tcp[4:8] + self.tcp[8:16] + other.tcp[16:18]
        tcp += _with_stamp(self.tcp[18:], other.tcp[18:])
        outer = self.outer
        if outer and other.outer and outer[0] >> 4 == 6:
            outer = outer[:1] + bytes([outer[1] & 0xF0 | other.outer[1] & 0x0F])
            outer += other.outer[2:4] + self.outer[4:]
        size = 20 if outer and outer[0] >> 4 == 4 else 40
        if len(outer) > size:  # GUE's UDP header
            outer = outer[:size] + other.outer[size : size + 2] + outer[size + 2 :]
        return replace(self, ip=ip, tcp=tcp, outer=outer)


def _with_stamp(mine: bytes, other: bytes) -> bytes:
    """Options, with the time of the others' (RFC 7323, kind 8)."""
    at = mine.find(b"\x08\x0a")
    return mine if at < 0 else mine[: at + 2] + other[at + 2 : at + 6] + mine[at + 6 :]


def _syn(frame: bytes) -> Syn | None:
    """None of what is no SYN."""
    at, kind = 14, frame[12:14]
    if kind not in (b"\x08\x00", b"\x86\xdd"):
        return None
    begin = at
    while True:
        four = frame[at] >> 4 == 4
        size = (frame[at] & 15) * 4 if four else 40
        protocol = frame[at + 9] if four else frame[at + 6]
        behind = at + size
        if protocol in (4, 41):
            at = behind
        elif protocol == 17 and frame[behind + 2 : behind + 4] == (6080).to_bytes(2, "big"):
            at = behind + 8
        else:
            break
    if protocol != 6 or frame[behind + 13] & 0x17 != SYN:
        return None
    end = behind + (frame[behind + 12] >> 4) * 4
    return Syn(frame[:14], frame[begin:at], frame[at:behind], frame[behind:end])


class Capture:
    """What tcpdump has written so far."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def syns(self, source: str, port: int) -> list[Syn]:
        """SYNs of a source to a port."""
        with RawPcapReader(str(self._file)) as reader:
            found = [_syn(data) for data, of in reader if len(data) == of.wirelen]
        return [syn for syn in found if syn and syn.source == source and syn.port == port]

    def syn(self, sources: Collection[str], port: int) -> Syn:
        """One of any of these, when it is there."""

        def found() -> list[Syn]:
            return [syn for source in sources for syn in self.syns(source, port)]

        return wait_until(f"a SYN of {sources} to {port}", found)[0]


@contextmanager
def capturing(one: Namespace, interface: str) -> Iterator[Capture]:
    """tcpdump of all that comes in on an interface; of a switch: what the host behind it sends."""
    with TemporaryDirectory(prefix="dsrlb-capture-") as folder:
        file, log = Path(folder, "frames.pcap"), Path(folder, "log")
        command = ("tcpdump", "-nUi", interface, "--immediate-mode", "-Qin", "-w", str(file))
        with log.open("wb") as errors:
            process = subprocess.Popen(one.enter(*command), stderr=errors)
        try:
            wait_until("tcpdump listens", lambda: "listening" in log.read_text())
            yield Capture(file)
        finally:
            process.kill()
            process.wait()
