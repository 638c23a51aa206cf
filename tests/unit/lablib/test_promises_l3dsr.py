# SPDX-License-Identifier: Apache-2.0
"""Every promise of mode l3dsr fails when it is broken on the wire, and no other without need."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lablib.promises import METHODS, flows_by_real
from tests.unit.lablib.breaks import (
    DELIVERED,
    ELSEWHERE,
    FROM_HOME,
    HOP,
    LABS,
    ONCE,
    VERSIONS,
    Break,
    bad_sum,
    both,
    broken,
    changed,
    ether,
    is_seen,
    outermost,
    payload,
    port,
)
from tests.unit.lablib.routed import (
    ADDRESSES,
    BALANCER,
    FRONT,
    REALS,
    Lab,
    answer,
    exchange,
    get,
    layer,
)

CODE = "DSCP: 12, the VIP's code, in place of the client's own"
DSCP: dict[str, tuple[Break, str]] = {
    "dst MAC": HOP,
    "src IP": (outermost({"src": "10.78.0.2"}, {"src": "fd78::2"}), "src IP kept"),
    "dst IP": (
        outermost({"dst": ELSEWHERE[4]}, {"dst": ELSEWHERE[6]}),
        "dst IP: a real server's in place of the VIP",
    ),
    "port": (port(False), "ports kept"),
    "code": (
        both("tos", "tc", 11 << 2 | 2),
        CODE,
    ),
    "client's own": (
        both("tos", "tc", 46 << 2 | 2),
        CODE,
    ),
    "ECN": (both("tos", "tc", 12 << 2), "ECN kept (set by the client)"),
    "TTL kept": (both("ttl", "hlim", 64), "TTL - 1"),
    "rest": (outermost({"flags": 0}, {"fl": 7}), "rest of the IP header kept"),
    "checksum": (bad_sum(False), "checksums right"),
    "payload": (payload(False), "TCP and UDP kept, but for the checksum"),
}
CONSEQUENCES = {
    "src IP": {"rest of the IP header kept", FROM_HOME},
    "port": {ONCE, "TCP and UDP kept, but for the checksum", FROM_HOME},
    "dst IP": {DELIVERED, FROM_HOME},
    "payload": {ONCE},
}


@pytest.mark.parametrize(("method", "version"), LABS)
def test_all_hold(method: str, version: int) -> None:
    assert broken(exchange(method, version)) == []


@pytest.mark.parametrize(("method", "version"), LABS)
def test_nothing_seen_proves_nothing(method: str, version: int) -> None:
    names = [
        promise.name for promise in METHODS[f"l3dsr-{method}"](Lab(method, version).evidence())
    ]
    assert broken(Lab(method, version)) == names


@pytest.mark.parametrize(("method", "version"), LABS)
def test_flows_are_counted_where_they_were_sent(method: str, version: int) -> None:
    seen = exchange(method, version).evidence()
    assert flows_by_real(seen, 6) == {"r1": 2}
    assert flows_by_real(seen, 17) == {"r2": 1}


@pytest.mark.parametrize(("method", "version"), LABS)
def test_src_mac_is_what_tells_in_from_out(method: str, version: int) -> None:
    """A frame that leaves with another source MAC never left the balancer."""
    names = broken(changed(method, version, ether("src", FRONT)))
    assert {ONCE, "src MAC: the balancer's"} <= set(names)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", DSCP)
def test_dscp(name: str, version: int) -> None:
    change, expected = DSCP[name]
    is_seen(changed("dscp", version, change), expected, CONSEQUENCES.get(name, set()))


# --- on the way, and back -----------------------------------------------------------------------


def _lost(lab: Lab) -> None:
    lab.points["front-lb"].pop()


def _not_delivered(lab: Lab) -> None:
    lab.points["r2"].clear()


def _delivered_twice(lab: Lab) -> None:
    for name in ("back-r3", "r3"):
        lab.points[name].append(lab.points["back-r2"][0])


def _changed_on_the_way(lab: Lab) -> None:
    for name in ("back-r2", "r2"):
        lab.points[name][0] = lab.points[name][0].replace(b"whoami", b"WHOAMI")


def _changed_at_the_end(lab: Lab) -> None:
    lab.points["r2"][0] = lab.points["r2"][0].replace(b"whoami", b"WHOAMI")


def _moved(lab: Lab) -> None:
    lab.request("r3", get())


def _own_socket(lab: Lab) -> None:
    """A program that listens on the real server's own address, as a DNAT would let it."""
    lab.reply("r1", answer(lab.version, address=ADDRESSES[lab.version]["r1"]))


def _reply_changed(lab: Lab) -> None:
    for name in ("front-router", "front-client", "client"):
        lab.points[name] = [frame.replace(b"r1\n", b"r2\n") for frame in lab.points[name]]


def _reply_by_another(lab: Lab) -> None:
    lab.reply("r3", answer(lab.version))


def _reply_past_the_router(lab: Lab) -> None:
    mac = bytes.fromhex(FRONT.replace(":", ""))
    other = bytes.fromhex(BALANCER.replace(":", ""))
    for name in ("front-router", "front-client", "client"):
        lab.points[name] = [frame.replace(mac, other) for frame in lab.points[name]]


def _reply_not_routed(lab: Lab) -> None:
    """It comes with the TTL that it was sent with."""
    made = lab.points["r2"][-1]
    lab.points["front-client"][-1] = lab.points["front-client"][-1][:14] + made[14:]


def _unanswered(lab: Lab) -> None:
    lab.request("r1", get(40004))


def _own_address(lab: Lab) -> None:
    vip, own = (layer(lab.version)(src=ADDRESSES[lab.version][n]).src for n in ("vip", "r2"))
    packet = lab.seen(lab.points["front-client"][-1])
    assert packet.payload.src == vip
    packet.payload.src = own
    lab.points["front-client"].append(bytes(packet))


def _crosses(lab: Lab) -> None:
    lab.points["front-lb"].append(lab.points["front-router"][-1])


def _claimed(lab: Lab) -> None:
    lab.claim(REALS["r1"])


UNCHANGED = (
    "replies: byte for byte as the real server made them, "
    "but for what a router does (TTL - 1, IPv4 checksum)"
)
AROUND: dict[str, tuple[Callable[[Lab], None], str]] = {
    "lost in the balancer": (_lost, ONCE),
    "lost on the way": (_not_delivered, DELIVERED),
    "delivered to another, too": (_delivered_twice, DELIVERED),
    "changed on the way": (_changed_on_the_way, DELIVERED),
    "changed at the end": (_changed_at_the_end, DELIVERED),
    "moved": (_moved, "a connection stays on its real server"),
    "own socket": (_own_socket, "on the real server, requests arrive at the VIP's socket"),
    "reply changed": (_reply_changed, UNCHANGED),
    "reply not routed": (_reply_not_routed, UNCHANGED),
    "reply by another": (_reply_by_another, FROM_HOME),
    "reply past the router": (_reply_past_the_router, FROM_HOME),
    "unanswered": (_unanswered, "replies: every flow with a request got one"),
    "own address": (_own_address, "replies: source VIP"),
    "crosses": (_crosses, "no reply frame crosses the balancer"),
}


@pytest.mark.parametrize(("method", "version"), LABS)
@pytest.mark.parametrize("name", AROUND)
def test_around_the_balancer(name: str, method: str, version: int) -> None:
    change, expected = AROUND[name]
    lab = exchange(method, version)
    change(lab)
    assert expected in broken(lab)


@pytest.mark.parametrize(("method", "version"), LABS)
def test_a_vip_that_another_claims(method: str, version: int) -> None:
    lab = exchange(method, version)
    _claimed(lab)
    protocol = "ARP" if version == 4 else "neighbour discovery"
    assert broken(lab) == [f"{protocol} for the VIP: answered by the balancer alone"]
