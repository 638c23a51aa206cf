# SPDX-License-Identifier: Apache-2.0
"""What a balancer sends by l3dsr reaches the services of a real server, and answers come back."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address

import pytest

from tests.lab import envelopes
from tests.lab.envelopes import Change, Relay
from tests.lab.plain import Namespace
from tests.lab.realserver import (
    BOTH,
    CLIENT4,
    CLIENT6,
    PORT,
    VIP4,
    VIP6,
    segment_in,
    serving,
)
from tests.lab.realserver import Namespace as Host
from tests.waiting import wait_until

_NO_CHECK = 11  # SO_NO_CHECK
FIREWALL = """
table inet firewall {
  counter good {}
  counter bad {}
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ct state invalid counter name bad drop
    ct state established,related counter name good accept
    meta l4proto { tcp, udp } th dport 8000 ct state new accept
  }
}
"""


@dataclass(frozen=True)
class Way:
    """How packets come: what `real-server setup` is told, and what the balancer does."""

    name: str
    options: tuple[str, ...]
    change: Change


WAYS = [
    Way("dscp", ("dscp", "--dscp", "12"), envelopes.dscp(12)),
    Way("dscp-63", ("dscp", "--dscp", "63"), envelopes.dscp(63)),
    Way("ipip", ("ipip",), envelopes.ipip()),
    Way("ipip-crossed", ("ipip",), envelopes.ipip(crossed=True)),
    Way("gue", ("gue",), envelopes.gue(6080)),
    Way("gue-crossed", ("gue", "--gue-port", "7000"), envelopes.gue(7000, crossed=True)),
]


@dataclass(frozen=True)
class Lab:
    """A client, a real server that is set up and serves, the balancer between them."""

    client: Host
    real: Host
    relay: Relay
    options: tuple[str, ...]

    def ask(self, vip: str) -> str:
        """A line by TCP, twice in one connection; returns the answers."""
        return Namespace(self.client.name).call(_ask, vip)

    def ask_udp(self, vip: str, size: int = 1, *, checksum: bool = True) -> str:
        """A datagram; returns the answer."""
        return Namespace(self.client.name).call(_ask_udp, vip, size, checksum)


def _ask(vip: str) -> str:
    with socket.create_connection((vip, PORT), timeout=5) as connection:
        answers = connection.makefile("r")
        found = []
        for _ in range(2):
            connection.sendall(b"who\n")
            found.append(answers.readline().strip())
        return " ".join(found)


def _ask_udp(vip: str, size: int, checksum: bool) -> str:
    family = socket.AF_INET6 if ":" in vip else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as channel:
        channel.settimeout(5)
        channel.setsockopt(socket.SOL_SOCKET, _NO_CHECK, int(not checksum))
        channel.connect((vip, PORT))
        channel.send(bytes(size))
        return channel.recv(100).decode()


@pytest.fixture(scope="module", params=[False, True], ids=["open", "firewall"])
def firewall(request: pytest.FixtureRequest) -> bool:
    """Has the real server a stateful firewall? It also has fragments put together early."""
    return bool(request.param)


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: way.name)
def lab(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, firewall: bool
) -> Iterator[Lab]:
    """A real server by one of the ways."""
    way: Way = request.param
    folder = tmp_path_factory.mktemp(way.name)
    options = ("--mode", "l3dsr", "--method", *way.options, *BOTH)
    with segment_in(folder) as (client, real):
        if firewall:
            rules = folder / "firewall.nft"
            rules.write_text(FIREWALL)
            real.run("nft", "-f", str(rules))
        before = real.settings()
        real.done("setup", *options)
        with serving(real), closing(Relay(client, real, way.change)) as relay:
            yield Lab(client, real, relay, options)
        if not firewall:  # its counters have counted
            real.done("undo")
            assert real.settings() == before


def _counted(real: Host, name: str) -> int:
    shown = real.run("nft", "-j", "list", "counter", "inet", "firewall", name)
    entries = json.loads(shown)["nftables"]
    return next(int(entry["counter"]["packets"]) for entry in entries if "counter" in entry)


def test_everything_arrives(lab: Lab, firewall: bool) -> None:
    """TCP, UDP with and without checksum, fragments, errors about a connection."""
    assert lab.real.lacking(*lab.options) == []
    for vip in (VIP4, VIP6):
        assert lab.ask(vip) == "real real"
        assert lab.ask_udp(vip) == "real"
        assert lab.ask_udp(vip, 4000) == "real"
    assert lab.ask_udp(VIP4, checksum=False) == "real"
    assert lab.ask_udp(VIP4, 4000, checksum=False) == "real"
    if firewall:
        assert _counted(lab.real, "good") > 0
        assert _counted(lab.real, "bad") == 0


def _error4(quoted: bytes, mtu: int) -> bytes:
    """Fragmentation needed, from the client's side, about a packet from the VIP."""
    body = struct.pack(">BBHHH", 3, 4, 0, 0, mtu) + quoted
    body = body[:2] + struct.pack(">H", envelopes.checksum(body)) + body[4:]
    ends = ip_address(CLIENT4).packed + ip_address(VIP4).packed
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 9, 0, 64, 1, 0) + ends
    return head[:10] + struct.pack(">H", envelopes.checksum(head)) + head[12:] + body


def _error6(quoted: bytes, mtu: int) -> bytes:
    """Packet too big."""
    body = struct.pack(">BBHI", 2, 0, 0, mtu) + quoted
    ends = ip_address(CLIENT6).packed + ip_address(VIP6).packed
    pseudo = ends + struct.pack(">II", len(body), 58)
    body = body[:2] + struct.pack(">H", envelopes.checksum(pseudo + body)) + body[4:]
    return struct.pack(">IHBB", 6 << 28, len(body), 58, 64) + ends + body


def _quote(packet: bytes) -> bytes:
    """A TCP segment from the VIP as a router would have quoted the next one: as sequence number,
    that of a byte which is not acknowledged yet."""
    at = 20 if envelopes.version_of(packet) == 4 else 40
    end = (
        int.from_bytes(packet[2:4], "big") if at == 20 else 40 + int.from_bytes(packet[4:6], "big")
    )
    data = end - at - (packet[at + 12] >> 4) * 4
    (sequence,) = struct.unpack_from(">I", packet, at + 4)
    changed = bytearray(packet[: at + 20])
    struct.pack_into(">I", changed, at + 4, (sequence + data) & 0xFFFFFFFF)
    return bytes(changed)


def _path_mtu(real: Host, client: str, vip: str) -> int:
    family = "-6" if ":" in vip else "-4"
    (route,) = json.loads(real.run("ip", family, "-json", "route", "get", client, "from", vip))
    return int(next((metric["mtu"] for metric in route.get("metrics", [])), 0))


@pytest.mark.parametrize("version", [4, 6], ids=["ipv4", "ipv6"])
def test_an_error_about_a_connection_is_believed(lab: Lab, version: int) -> None:
    vip, client, error = (VIP4, CLIENT4, _error4) if version == 4 else (VIP6, CLIENT6, _error6)
    connection = Namespace(lab.client.name).call(socket.create_connection, (vip, PORT), 5)
    port = int(connection.getsockname()[1]).to_bytes(2, "big")
    with connection:
        connection.sendall(b"who\n")
        assert connection.recv(100) == b"real\n"

        def last() -> bytes | None:
            """The answer's segment, once the relay has seen it."""
            proto, to = (9, slice(22, 24)) if version == 4 else (6, slice(42, 44))
            seen = [
                packet
                for packet in list(lab.relay.answers)
                if envelopes.version_of(packet) == version
                and (packet[proto], packet[to]) == (6, port)
                and packet.endswith(b"real\n")
            ]
            return seen[-1] if seen else None

        segment = wait_until("the answer was seen", last)
        assert segment is not None
        assert _path_mtu(lab.real, client, vip) == 0

        def lowered() -> bool:
            """The segment may not be acknowledged yet when the first error comes."""
            lab.relay.send(error(_quote(segment), 1300))
            return _path_mtu(lab.real, client, vip) == 1300

        wait_until("the path MTU is lowered", lowered)
