# SPDX-License-Identifier: Apache-2.0
"""Ways to break what the balancer sends in mode l3dsr."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lablib.evidence import Evidence
from lablib.promises import METHODS
from tests.unit.lablib.routed import CLIENT, Lab, Packet, exchange, layer

VERSIONS = (4, 6)
LABS = [(method, version) for method in ("dscp", "ipip", "gue") for version in VERSIONS]
Break = Callable[[Packet, int], None]
"""Changes what the balancer sends, in a family."""


class Seen(Protocol):
    """The captures of a lab."""

    def evidence(self) -> Evidence:
        """All of them."""


def broken(lab: Seen) -> list[str]:
    """The names of the promises that do not hold."""
    seen = lab.evidence()
    return [promise.name for promise in METHODS[seen.topology.kind](seen) if not promise.ok]


def changed(method: str, version: int, change: Break) -> Lab:
    """The captures of a lab whose balancer breaks something."""
    return exchange(method, version, lambda packet: change(packet, version))


def first(packet: Packet) -> Packet:
    """The first IP header."""
    return packet.payload


def inner_of(packet: Packet, version: int) -> Packet:
    """The packet in a tunnel; in UDP, scapy knows it as bytes only, and makes it one by this."""
    header = first(packet).payload
    if header.name == "UDP":
        if not isinstance(header.payload, layer(version)):
            inner = layer(version)(bytes(header.payload))
            header.remove_payload()
            header.add_payload(inner)
        return header.payload
    return header


def refill(packet: Packet) -> None:
    """Let scapy make the checksums of an IP header, and of what is in it, anew."""
    while packet:
        if hasattr(packet, "chksum"):
            packet.chksum = None
        packet = packet.payload


def ether(field: str, value: str | int) -> Break:
    """A field of Ethernet."""
    return lambda packet, version: setattr(packet, field, value)


def outermost(four: dict[str, object], six: dict[str, object]) -> Break:
    """Fields of the first IP header; all checksums are right for them."""

    def change(packet: Packet, version: int) -> None:
        for name, value in (four if version == 4 else six).items():
            setattr(first(packet), name, value)
        if first(packet).payload.name != "UDP" or first(packet).payload.chksum:
            refill(first(packet))
        elif version == 4:
            first(packet).chksum = None  # of GUE the UDP checksum stays 0

    return change


def both(field4: str, field6: str, value: object) -> Break:
    """One field of the first IP header, by its name in IPv4 and in IPv6."""
    return outermost({field4: value}, {field6: value})


def within(four: dict[str, object], six: dict[str, object]) -> Break:
    """The same of the IP header in a tunnel."""

    def change(packet: Packet, version: int) -> None:
        inner = inner_of(packet, version)
        for name, value in (four if version == 4 else six).items():
            setattr(inner, name, value)
        refill(inner)

    return change


def _transport(packet: Packet, version: int, tunnel: bool) -> Packet:
    return (inner_of(packet, version) if tunnel else first(packet)).payload


def port(tunnel: bool) -> Break:
    """The destination port; the checksum is right for it."""

    def change(packet: Packet, version: int) -> None:
        found = _transport(packet, version, tunnel)
        found.dport += 1
        found.chksum = None

    return change


def bad_sum(tunnel: bool) -> Break:
    """The checksum of TCP or UDP."""

    def change(packet: Packet, version: int) -> None:
        _transport(packet, version, tunnel).chksum ^= 0x0100

    return change


def payload(tunnel: bool) -> Break:
    """The first letter of the payload; the checksum is right for it."""

    def change(packet: Packet, version: int) -> None:
        found = _transport(packet, version, tunnel)
        if bytes(found.payload):
            data = b"X" + bytes(found.payload)[1:]
            found.remove_payload()
            found.add_payload(data)
            found.chksum = None

    return change


ELSEWHERE = {4: "10.78.1.99", 6: "fd78:1::99"}
HOP = (ether("dst", CLIENT), "dst MAC: the next hop's (router)")
# What also fails with some of them, as it must.
ONCE, DELIVERED = (
    "each request frame leaves the balancer exactly once",
    "delivered to that real server alone",
)
FROM_HOME = "replies: by the real server that has the request, from its router to the client"


def is_seen(lab: Seen, expected: str, also: set[str]) -> None:
    """The promise is broken, and besides it only what must."""
    names = broken(lab)
    assert expected in names
    assert set(names) - {expected} <= also
