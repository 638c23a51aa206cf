# SPDX-License-Identifier: Apache-2.0
"""Every promise of mode l2dsr fails when, and only when, it is broken on the wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from lablib import promises
from lablib.promises.l2dsr import l2dsr
from tests.unit.lablib.wire import (
    ANSWER,
    ARP,
    BALANCER,
    CLIENT,
    LATE_RESET,
    QUERY,
    R1,
    R2,
    REPLY,
    REPLY_DATA,
    REQUEST,
    Point,
    after,
    ask,
    captures,
    evidence,
    reply,
)


def broken(points: Point) -> list[str]:
    """The names of the promises that do not hold."""
    return [promise.name for promise in l2dsr(evidence(points)) if not promise.ok]


def test_all_hold() -> None:
    assert broken(captures()) == []


def _replace(points: Point, names: Sequence[str], old: bytes, new: bytes) -> None:
    assert len(old) == len(new)
    for name in names:
        assert any(old in frame for frame in points[name])
        points[name] = [frame.replace(old, new) for frame in points[name]]


def _lost(points: Point) -> None:
    points["sw-lb"].pop()


def _twice(points: Point) -> None:
    for name in ("sw-lb", "r1"):
        points[name].append(R1 + BALANCER + REQUEST)


def _wrong_real(points: Point) -> None:
    points["r2"].append(R1 + BALANCER + REQUEST)
    points["r1"].pop(0)


def _moved(points: Point) -> None:
    """A second segment of the connection goes to another real server."""
    points["sw-lb"] += [BALANCER + CLIENT + REQUEST, R2 + BALANCER + REQUEST]
    points["r2"].append(R2 + BALANCER + REQUEST)


def _crosses(points: Point) -> None:
    points["sw-lb"].append(BALANCER + R1 + REPLY)


def _changed_reply(points: Point) -> None:
    _replace(points, ["client", "sw-client"], REPLY_DATA[-2:], b"r2")


def _foreign_reply(points: Point) -> None:
    _replace(points, ["client", "sw-client"], CLIENT + R1, CLIENT + R2)


def _own_address(points: Point) -> None:
    """A real server also answers from its own address."""
    points["sw-client"].append(CLIENT + R1 + REPLY.replace(VIP, OWN, 1))


def _unanswered(points: Point) -> None:
    """A query over UDP gets no answer; the request over TCP got its own."""
    ask(points, QUERY)


def _accepted_only(points: Point) -> None:
    """The connection is made, and nothing comes."""
    for name in ("client", "sw-client", "sw-r1", "r1"):
        points[name].remove(CLIENT + R1 + REPLY_DATA)


def _claimed(points: Point) -> None:
    points["sw-r1"].append(CLIENT + R1 + ARP.replace(BALANCER, R1))


VIP, OWN = bytes.fromhex("0a4d0064"), bytes.fromhex("0a4d000b")
ANSWERED = "replies: every flow with a request got one"
BREAKS: dict[str, tuple[Callable[[Point], None], str]] = {
    "frame lost": (_lost, "each request frame leaves the balancer exactly once"),
    "frame twice": (_twice, "each request frame leaves the balancer exactly once"),
    "dst MAC": (after("020000770011", "020000770099"), "dst MAC: a real server's"),
    "src IP": (after("0a4d00010a4d0064", "0a4d00020a4d0064"), "src IP kept"),
    "dst IP": (after("0a4d00010a4d0064", "0a4d00010a4d0065"), "dst IP kept (VIP)"),
    "dst port": (after("9c400050", "9c400051"), "ports kept"),
    "TTL": (after("40004006", "40003f06"), "TTL kept"),
    "DSCP": (after("45ba", "4502"), "DSCP and ECN kept (set by the client)"),
    "ECN": (after("45ba", "45bb"), "DSCP and ECN kept (set by the client)"),
    "checksum": (after("68f10000", "68f00000"), "checksums kept, and right"),
    "payload": (after("474554", "474555"), "L3/L4 bytes identical"),
    "other real": (_wrong_real, "delivered to that real server alone"),
    "moved": (_moved, "a connection stays on its real server"),
    "reply crosses": (_crosses, "no reply frame crosses the balancer"),
    "reply changed": (_changed_reply, "replies: byte for byte as the real server made them"),
    "reply from elsewhere": (
        _foreign_reply,
        "replies: src MAC of the real server that has the request, dst MAC the client's",
    ),
    "reply's source": (_own_address, "replies: source VIP"),
    "query without answer": (_unanswered, ANSWERED),
    "request without answer": (_accepted_only, ANSWERED),
    "VIP claimed": (_claimed, "ARP for the VIP: answered by the balancer alone"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_promise_is_seen(name: str) -> None:
    change, expected = BREAKS[name]
    points = captures()
    change(points)
    assert expected in broken(points)


@pytest.mark.parametrize("change", [_unanswered, _accepted_only])
def test_a_missing_answer_breaks_nothing_else(change: Callable[[Point], None]) -> None:
    points = captures()
    change(points)
    assert broken(points) == [ANSWERED]


def test_answers_over_udp_count() -> None:
    points = captures()
    ask(points, QUERY)
    reply(points, ANSWER)
    assert broken(points) == []


def test_the_end_of_an_earlier_connection_is_no_request() -> None:
    points = captures()
    ask(points, LATE_RESET)
    assert broken(points) == []


def test_src_mac_is_what_tells_in_from_out() -> None:
    """A frame that leaves with another source MAC never left the balancer."""
    points = captures()
    points["sw-lb"][-1] = R1 + CLIENT + REQUEST
    assert "each request frame leaves the balancer exactly once" in broken(points)
    assert "src MAC: the balancer's" in broken(points)


def test_nothing_seen_proves_nothing() -> None:
    empty = {name: list[bytes]() for name in captures()}
    names = [promise.name for promise in l2dsr(evidence(empty))]
    assert broken(empty) == names


def test_carried_bytes() -> None:
    seen = evidence(captures())
    request, replies = 14 + 49, 14 + 40 + 14 + 42
    assert seen.carried() == (request, request + replies)


@pytest.mark.parametrize(
    ("flows", "weights", "holds"),
    [
        ({"r1": 50, "r2": 50, "r3": 50}, {"r1": 1, "r2": 1, "r3": 1}, True),
        ({"r1": 51, "r2": 50, "r3": 50}, {"r1": 1, "r2": 1, "r3": 1}, True),
        ({"r1": 52, "r2": 49, "r3": 50}, {"r1": 1, "r2": 1, "r3": 1}, False),
        ({"r1": 10, "r2": 20, "r3": 30}, {"r1": 1, "r2": 2, "r3": 3}, True),
        ({"r1": 11, "r2": 22, "r3": 30}, {"r1": 1, "r2": 2, "r3": 3}, True),
        ({"r1": 11, "r2": 19, "r3": 30}, {"r1": 1, "r2": 2, "r3": 3}, False),
        ({"r1": 10, "?": 20, "r3": 30}, {"r1": 1, "r2": 2, "r3": 3}, False),
        ({}, {"r1": 1}, False),
    ],
)
def test_shares(flows: dict[str, int], weights: dict[str, int], holds: bool) -> None:
    assert promises.shares("x", flows, weights).ok is holds


def test_answers_and_counters() -> None:
    assert promises.answered("x", 3, 3).ok
    assert not promises.answered("x", 3, 2).ok
    assert not promises.answered("x", 0, 0).ok
    assert promises.counters("x", 5, 5).ok
    assert not promises.counters("x", 6, 5).ok
    assert not promises.counters("x", 0, 0).ok
