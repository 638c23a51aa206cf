# SPDX-License-Identifier: Apache-2.0
"""Every promise about tunnels fails when it is broken on the wire, and no other without need."""

from __future__ import annotations

import pytest

from tests.unit.lablib.breaks import (
    DELIVERED,
    ELSEWHERE,
    FROM_HOME,
    HOP,
    ONCE,
    VERSIONS,
    Break,
    bad_sum,
    both,
    broken,
    changed,
    first,
    is_seen,
    outermost,
    payload,
    port,
    within,
)
from tests.unit.lablib.routed import Packet, exchange

TUNNEL: dict[str, tuple[Break, str]] = {
    "dst MAC": HOP,
    "inner src IP": (within({"src": "10.78.0.2"}, {"src": "fd78::2"}), "inner src IP kept"),
    "inner dst IP": (
        within({"dst": "10.78.0.101"}, {"dst": "fd78::101"}),
        "inner dst IP kept (VIP)",
    ),
    "port": (port(True), "ports kept"),
    "inner DSCP": (
        within({"tos": 2}, {"tc": 2}),
        "inner DSCP and ECN kept (set by the client)",
    ),
    "inner ECN": (
        within({"tos": 0xB9}, {"tc": 0xB9}),
        "inner DSCP and ECN kept (set by the client)",
    ),
    "inner TTL": (within({"ttl": 64}, {"hlim": 64}), "inner TTL - 1"),
    "inner checksum": (bad_sum(True), "inner checksums right, TCP's and UDP's kept"),
    "inner rest": (
        within({"flags": 0}, {"fl": 7}),
        "inner bytes identical, but for TTL and IPv4 checksum",
    ),
    "payload": (payload(True), "inner bytes identical, but for TTL and IPv4 checksum"),
    "outer dst IP": (
        outermost({"dst": ELSEWHERE[4]}, {"dst": ELSEWHERE[6]}),
        "outer dst IP: a real server's",
    ),
    "outer DSCP": (both("tos", "tc", 2), "outer DSCP and ECN: the client's"),
    "outer ECN": (both("tos", "tc", 0xB8), "outer DSCP and ECN: the client's"),
    "outer TTL": (both("ttl", "hlim", 63), "outer TTL 64"),
    "outer length": (
        lambda packet, version: setattr(
            first(packet),
            "len" if version == 4 else "plen",
            getattr(first(packet), "len" if version == 4 else "plen") - 1,
        ),
        "outer length: that of the packet and the headers, to the frame's end",
    ),
}
SOURCES = {
    ("ipip", 4): "10.79.0.0/24",
    ("ipip", 6): "fd79::/64",
    ("gue", 4): "10.78.0.10",
    ("gue", 6): "fd78::10",
}
GUE: dict[str, tuple[Break, str]] = {
    "source port": (
        lambda packet, _: setattr(first(packet).payload, "sport", 49151),
        "outer UDP source port: 49152-65535",
    ),
    "destination port": (
        lambda packet, _: setattr(first(packet).payload, "dport", 6081),
        "outer UDP destination port: 6080",
    ),
    "UDP length": (
        lambda packet, _: setattr(first(packet).payload, "len", 8),
        "outer UDP length: 8 and that of the packet",
    ),
    "UDP checksum": (
        lambda packet, _: setattr(first(packet).payload, "chksum", 1),
        "outer UDP checksum: 0 (none)",
    ),
    "one source port": (
        lambda packet, _: setattr(first(packet).payload, "sport", 0xC001),
        "outer UDP source port: the same within a flow, others in other flows",
    ),
}
FOUR: dict[str, tuple[Break, str]] = {
    "identification": (
        outermost({"id": 1}, {}),
        "outer identification 0, DF set, no fragment",
    ),
    "DF": (outermost({"flags": 0}, {}), "outer identification 0, DF set, no fragment"),
    "outer checksum": (
        lambda packet, _: setattr(first(packet), "chksum", first(packet).chksum ^ 1),
        "outer header checksum right",
    ),
}
SIX: dict[str, tuple[Break, str]] = {
    "flow label": (
        outermost({}, {"fl": 5}),
        "outer flow label: the same within a flow, others in other flows",
    ),
}


INNER, INNER_SUMS, TAKEN = (
    "inner bytes identical, but for TTL and IPv4 checksum",
    "inner checksums right, TCP's and UDP's kept",
    "real servers take the packet out of the tunnel, byte for byte",
)
IN_TUNNEL = {
    "inner src IP": {INNER, INNER_SUMS, FROM_HOME},
    "inner dst IP": {INNER, INNER_SUMS, TAKEN, DELIVERED},
    "inner DSCP": {INNER},
    "inner ECN": {INNER},
    "port": {ONCE, INNER, INNER_SUMS, FROM_HOME},
    "payload": {ONCE, INNER_SUMS},
    "outer dst IP": {DELIVERED, FROM_HOME},
    "outer length": {"outer header checksum right"},
    "source port": {"outer UDP source port: the same within a flow, others in other flows"},
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("method", ["ipip", "gue"])
@pytest.mark.parametrize("name", TUNNEL)
def test_tunnels(name: str, method: str, version: int) -> None:
    change, expected = TUNNEL[name]
    is_seen(changed(method, version, change), expected, IN_TUNNEL.get(name, set()))


@pytest.mark.parametrize("name", FOUR)
@pytest.mark.parametrize("method", ["ipip", "gue"])
def test_tunnels_in_ipv4(name: str, method: str) -> None:
    change, expected = FOUR[name]
    is_seen(changed(method, 4, change), expected, set())


@pytest.mark.parametrize("name", SIX)
@pytest.mark.parametrize("method", ["ipip", "gue"])
def test_tunnels_in_ipv6(name: str, method: str) -> None:
    change, expected = SIX[name]
    is_seen(changed(method, 6, change), expected, set())


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", GUE)
def test_gue(name: str, version: int) -> None:
    change, expected = GUE[name]
    is_seen(changed("gue", version, change), expected, IN_TUNNEL.get(name, set()))


@pytest.mark.parametrize(("method", "version"), SOURCES)
def test_a_source_from_elsewhere(method: str, version: int) -> None:
    change = outermost({"src": "10.80.0.1"}, {"src": "fd80::1"})
    expected = f"outer src IP: {SOURCES[method, version]}"
    same = "outer src IP: the same within a flow, others in other flows"
    is_seen(changed(method, version, change), expected, {same} if method == "ipip" else set())


@pytest.mark.parametrize("version", VERSIONS)
def test_one_source_for_all_flows(version: int) -> None:
    change = outermost({"src": "10.79.0.7"}, {"src": "fd79::7"})
    expected = "outer src IP: the same within a flow, others in other flows"
    assert broken(changed("ipip", version, change)) == [expected]


@pytest.mark.parametrize("version", VERSIONS)
def test_several_sources_in_a_flow(version: int) -> None:
    last = iter(range(1, 100))

    def change(packet: Packet, version: int) -> None:
        number = next(last)
        outermost({"src": f"10.79.0.{number}"}, {"src": f"fd79::{number}"})(packet, version)

    expected = "outer src IP: the same within a flow, others in other flows"
    assert broken(changed("ipip", version, change)) == [expected]


@pytest.mark.parametrize(("method", "protocol"), [("ipip", 4), ("ipip", 41)])
def test_a_wrong_protocol(method: str, protocol: int) -> None:
    """41 on IPv4, 4 on IPv6."""
    version = 4 if protocol == 41 else 6
    change = both("proto", "nh", protocol)
    right = 4 if version == 4 else 41
    assert f"outer protocol {right}" in broken(changed(method, version, change))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("method", ["ipip", "gue"])
def test_what_was_in_the_tunnel_is_taken_out(method: str, version: int) -> None:
    lab = exchange(method, version)
    lab.points["r2"][0] = lab.points["r2"][0].replace(b"whoami", b"WHOAMI")
    expected = "real servers take the packet out of the tunnel, byte for byte"
    assert broken(lab) == [expected, "delivered to that real server alone"]
