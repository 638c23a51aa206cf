# SPDX-License-Identifier: Apache-2.0
"""Every promise of modes bridge, router, one-arm and nat fails when it is broken on the wire, and
no other without need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lablib.evidence import Evidence
from lablib.promises import METHODS, flows_by_real
from tests.unit.lablib.breaks import (
    DELIVERED,
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
from tests.unit.lablib.crossed import LABS, ONE_FAMILY, Crossed, exchange
from tests.unit.lablib.routed import Packet

NOBODY = "02:00:00:00:00:99"
ELSEWHERE = ("198.18.0.9", "2001:db8:99::9")
RESTORED = "replies: ports restored: those of the flow that the real server answers"
ONCE = {
    name: f"{name}: each frame leaves the balancer exactly once" for name in ("requests", "replies")
}
POOL = "requests: src IP and port of the pool's: no two flows have the same at a real server"


def _source_port(packet: Packet, version: int) -> None:
    """Below those of the pool's; the checksum is right for it."""
    packet.payload.payload.sport = 1000 + packet.payload.payload.sport % 7
    packet.payload.payload.chksum = None


def _by_mode(default: str, **names: str) -> Callable[[str], str]:
    return lambda mode: names.get(mode.replace("-", "_"), default)


Expected = Callable[[str], str]
REQUEST: dict[str, tuple[Break, Expected, set[str]]] = {
    "src MAC": (
        ether("src", NOBODY),
        _by_mode(
            "requests: src MAC: the balancer's, of the port they leave by",
            bridge="requests: src MAC kept",
        ),
        set(),
    ),
    "dst MAC": (
        ether("dst", NOBODY),
        _by_mode(
            "requests: dst MAC: the real server's, or the next hop's to it",
            bridge="requests: dst MAC: the real server's",
        ),
        set(),
    ),
    "src IP": (
        outermost({"src": ELSEWHERE[0]}, {"src": ELSEWHERE[1]}),
        _by_mode(
            "requests: src IP kept",
            one_arm="requests: src IP: one of the pool's in place of the client's",
        ),
        {RESTORED, "replies: dst IP: the client's in place of the pool's"},
    ),
    "src port": (
        _source_port,
        _by_mode("requests: src port kept", one_arm="requests: src port of the pool's: 1024-65535"),
        {RESTORED, POOL, "replies: dst IP: the client's in place of the pool's"},
    ),
    "dst IP": (
        outermost({"dst": ELSEWHERE[0]}, {"dst": ELSEWHERE[1]}),
        _by_mode("requests: dst IP: a real server's in place of the VIP"),
        {
            DELIVERED,
            RESTORED,
            "requests: dst MAC: the real server's, or the next hop's to it",
            "requests: dst MAC: the real server's",
            "replies: dst IP: the client's in place of the pool's",
        },
    ),
    "dst port": (
        port(False),
        _by_mode("requests: dst port kept", nat="requests: dst port the real server's"),
        {RESTORED, "replies: dst IP: the client's in place of the pool's"},
    ),
    "DSCP": (
        both("tos", "tc", 0xA6),
        _by_mode("requests: DSCP and ECN kept (set by the client)"),
        {"requests: rest of the IP header kept"},
    ),
    "ECN": (
        both("tos", "tc", 0xBB),
        _by_mode("requests: DSCP and ECN kept (set by the client)"),
        {"requests: rest of the IP header kept"},
    ),
    "rest": (
        outermost({"flags": 0}, {"fl": 7}),
        _by_mode("requests: rest of the IP header kept"),
        set(),
    ),
    "TTL": (
        both("ttl", "hlim", 61),
        _by_mode("requests: TTL - 1", bridge="requests: TTL kept"),
        set(),
    ),
    "checksum": (bad_sum(False), _by_mode("requests: checksums right"), set()),
    "payload": (
        payload(False),
        _by_mode("requests: TCP and UDP kept, but for ports and checksum"),
        {ONCE["requests"]},
    ),
}
REPLY: dict[str, tuple[Break, Expected, set[str]]] = {
    "src MAC": (
        ether("src", NOBODY),
        _by_mode(
            "replies: src MAC: the balancer's, of the port they leave by",
            bridge="replies: src MAC kept",
        ),
        set(),
    ),
    "dst MAC": (
        ether("dst", NOBODY),
        _by_mode(
            "replies: dst MAC: the client's, or the next hop's to it",
            bridge="replies: dst MAC kept",
        ),
        set(),
    ),
    "dst IP": (
        outermost({"dst": ELSEWHERE[0]}, {"dst": ELSEWHERE[1]}),
        _by_mode(
            "replies: dst IP kept",
            one_arm="replies: dst IP: the client's in place of the pool's",
        ),
        {"replies: every flow with a request got one"},
    ),
    "ports": (port(False), _by_mode(RESTORED), {"replies: every flow with a request got one"}),
    "ECN": (
        both("tos", "tc", 3),
        _by_mode("replies: ECN kept (set by the real server)"),
        {"replies: rest of the IP header kept"},
    ),
    "rest": (
        outermost({"flags": 0}, {"fl": 7}),
        _by_mode("replies: rest of the IP header kept"),
        set(),
    ),
    "TTL": (
        both("ttl", "hlim", 61),
        _by_mode("replies: TTL - 1", bridge="replies: TTL kept"),
        set(),
    ),
    "checksum": (bad_sum(False), _by_mode("replies: checksums right"), set()),
    "payload": (
        payload(False),
        _by_mode("replies: TCP and UDP kept, but for ports and checksum"),
        {ONCE["replies"]},
    ),
}


@pytest.mark.parametrize(("mode", "version"), LABS)
def test_all_hold(mode: str, version: int) -> None:
    assert broken(exchange(mode, version)) == []


@pytest.mark.parametrize(("mode", "version"), LABS)
def test_nothing_seen_proves_nothing(mode: str, version: int) -> None:
    names = [promise.name for promise in METHODS[mode](Crossed(mode, version).evidence())]
    assert broken(Crossed(mode, version)) == names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("mode", "version"), LABS)
def test_flows_are_counted_where_they_were_sent(mode: str, version: int) -> None:
    seen = exchange(mode, version).evidence()
    assert flows_by_real(seen, 6) == {"r1": 2, "r3": 1}
    assert flows_by_real(seen, 17) == {"r2": 1}


@pytest.mark.parametrize(("mode", "version"), LABS)
def test_everything_crosses(mode: str, version: int) -> None:
    """What the balancer carries is all that the client sends and gets."""
    carried, total = exchange(mode, version).evidence().carried()
    assert carried == total > 0


@pytest.mark.parametrize(("mode", "version"), ONE_FAMILY)
@pytest.mark.parametrize("name", REQUEST)
def test_requests(name: str, mode: str, version: int) -> None:
    change, expected, also = REQUEST[name]
    lab = exchange(mode, version, request=lambda packet: change(packet, version))
    if (name, mode) == ("src MAC", "one-arm"):  # what else tells that the balancer sent it?
        assert {ONCE["requests"], expected(mode)} <= set(broken(lab))
    else:
        is_seen(lab, expected(mode), also)


@pytest.mark.parametrize(("mode", "version"), ONE_FAMILY)
@pytest.mark.parametrize("name", REPLY)
def test_replies(name: str, mode: str, version: int) -> None:
    change, expected, also = REPLY[name]
    lab = exchange(mode, version, reply=lambda packet: change(packet, version))
    if (name, mode) == ("src MAC", "one-arm"):
        assert {ONCE["replies"], expected(mode)} <= set(broken(lab))
    else:
        is_seen(lab, expected(mode), also)


@pytest.mark.parametrize(("mode", "version"), LABS)
def test_replies_from_another_address(mode: str, version: int) -> None:
    """They leave the balancer with the real server's own."""
    own = Crossed(mode, version).address("r1")
    change = outermost({"src": own}, {"src": own})
    lab = exchange(mode, version, reply=lambda packet: change(packet, version))
    expected = "replies: src IP: the VIP in place of the real server's"
    is_seen(lab, expected, {"replies: source VIP", "replies: every flow with a request got one"})


@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize(("mode", "version"), LABS)
def test_frames_that_the_capture_cut(mode: str, version: int, wrong: bool) -> None:
    """Their checksums cannot be computed, but compared."""
    change = bad_sum(False) if wrong else ether("type", 0x0800 if version == 4 else 0x86DD)
    lab = exchange(mode, version, reply=lambda packet: change(packet, version))
    seen = lab.evidence()
    cut = {
        name: [replace(frame, length=frame.length + 900) for frame in frames]
        for name, frames in seen.at.items()
    }
    found = METHODS[mode](Evidence(seen.topology, seen.vip, cut))
    names = [promise.name for promise in found if not promise.ok]
    assert names == (["replies: checksums right"] if wrong else [])
