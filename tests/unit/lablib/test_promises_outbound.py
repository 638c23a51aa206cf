# SPDX-License-Identifier: Apache-2.0
"""Promises of connections that real servers open fail when, and only when, they are broken."""

from __future__ import annotations

import pytest

from lablib.hops import follow
from lablib.promises import METHODS
from tests.unit.lablib.breaks import (
    VERSIONS,
    Break,
    bad_sum,
    both,
    broken,
    ether,
    is_seen,
    outermost,
    payload,
    port,
)
from tests.unit.lablib.outward import Outward, outward
from tests.unit.lablib.routed import Packet

NOBODY = "02:00:00:00:00:99"
ENDS = "outbound, replies: dst IP and port: those of the real server that asked, the rest kept"
MACS = "outbound, replies: src MAC the balancer's, dst MAC the real server's"


def _one_port(packet: Packet, version: int) -> None:
    packet.payload.src = ("203.0.113.200", "2001:db8:113::200")[version == 6]
    packet.payload.payload.sport = 2000
    for layer in (packet.payload, packet.payload.payload):
        if hasattr(layer, "chksum"):
            layer.chksum = None


OUT: dict[str, tuple[Break, str, set[str]]] = {
    "MAC": (
        ether("dst", NOBODY),
        "outbound: src MAC the balancer's, dst MAC the next hop's",
        set(),
    ),
    "src IP": (
        outermost({"src": "203.0.113.9"}, {"src": "2001:db8:113::9"}),
        "outbound: src IP: one of the pool's in place of the real server's",
        {ENDS},
    ),
    "one port": (_one_port, "outbound: each flow has a port of its own", {ENDS}),
    "TTL": (both("ttl", "hlim", 60), "outbound: TTL - 1", set()),
    "rest": (
        outermost({"flags": 0}, {"fl": 7}),
        "outbound: rest of the IP header kept",
        set(),
    ),
    "checksum": (bad_sum(False), "outbound: checksums right", set()),
    "payload": (
        payload(False),
        "outbound: TCP and UDP kept, but for ports and checksum",
        {"outbound: each frame leaves the balancer exactly once"},
    ),
}
BACK: dict[str, tuple[Break, str, set[str]]] = {
    "MAC": (ether("dst", NOBODY), MACS, set()),
    "dst IP": (outermost({"dst": "10.83.0.13"}, {"dst": "fd83::13"}), ENDS, {MACS}),
    "port": (port(False), ENDS, set()),
    "TTL": (both("ttl", "hlim", 60), "outbound, replies: TTL - 1", set()),
    "checksum": (bad_sum(False), "outbound, replies: checksums right", set()),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_all_hold(version: int) -> None:
    lab = outward(version)
    assert broken(lab) == []
    followed = follow(lab.evidence())  # a client's request, not a real server's
    assert followed.request[0].where.startswith("client")


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_seen_proves_nothing(version: int) -> None:
    names = [promise.name for promise in METHODS["nat"](Outward(version).evidence())]
    assert broken(Outward(version)) == names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OUT)
def test_out(name: str, version: int) -> None:
    change, expected, also = OUT[name]
    is_seen(outward(version, request=lambda packet: change(packet, version)), expected, also)


@pytest.mark.parametrize("version", VERSIONS)
def test_out_to_elsewhere(version: int) -> None:
    """What is no longer to the client's service was lost."""
    names = broken(outward(version, request=lambda packet: port(False)(packet, version)))
    assert "outbound: each frame leaves the balancer exactly once" in names
    assert "outbound: dst IP and port kept" in names


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", BACK)
def test_back(name: str, version: int) -> None:
    change, expected, also = BACK[name]
    is_seen(outward(version, reply=lambda packet: change(packet, version)), expected, also)
