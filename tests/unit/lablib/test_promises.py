# SPDX-License-Identifier: Apache-2.0
"""Every promise of mode l2dsr fails when, and only when, it is broken on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lablib import hops, promises
from lablib.capture import Frame, read_pcap
from lablib.report import Report
from lablib.shell import LabError
from lablib.traffic import Result
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
    ask,
    captures,
    evidence,
    reply,
)


def broken(points: Point) -> list[str]:
    """The names of the promises that do not hold."""
    return [promise.name for promise in promises.l2dsr(evidence(points)) if not promise.ok]


def test_all_hold() -> None:
    assert broken(captures()) == []


def _replace(points: Point, names: Sequence[str], old: bytes, new: bytes) -> None:
    assert len(old) == len(new)
    for name in names:
        assert any(old in frame for frame in points[name])
        points[name] = [frame.replace(old, new) for frame in points[name]]


def _after(old: str, new: str) -> Callable[[Point], None]:
    """Change bytes of the request from the balancer on."""

    def change(points: Point) -> None:
        sent = R1 + BALANCER + REQUEST
        changed = sent.replace(bytes.fromhex(old), bytes.fromhex(new))
        assert changed != sent
        for name in ("sw-lb", "sw-r1", "r1"):
            points[name] = [changed if frame == sent else frame for frame in points[name]]

    return change


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


def _unanswered(points: Point) -> None:
    """A query over UDP gets no answer; the request over TCP got its own."""
    ask(points, QUERY)


def _accepted_only(points: Point) -> None:
    """The connection is made, and nothing comes."""
    for name in ("client", "sw-client", "sw-r1", "r1"):
        points[name].remove(CLIENT + R1 + REPLY_DATA)


def _claimed(points: Point) -> None:
    points["sw-r1"].append(CLIENT + R1 + ARP.replace(BALANCER, R1))


ANSWERED = "replies: every flow with a request got one"
BREAKS: dict[str, tuple[Callable[[Point], None], str]] = {
    "frame lost": (_lost, "each request frame leaves the balancer exactly once"),
    "frame twice": (_twice, "each request frame leaves the balancer exactly once"),
    "dst MAC": (_after("020000770011", "020000770099"), "dst MAC: a real server's"),
    "src IP": (_after("0a4d00010a4d0064", "0a4d00020a4d0064"), "src IP kept"),
    "dst port": (_after("9c400050", "9c400051"), "ports kept"),
    "TTL": (_after("40004006", "40003f06"), "TTL kept"),
    "DSCP": (_after("45ba", "4502"), "DSCP and ECN kept (set by the client)"),
    "ECN": (_after("45ba", "45bb"), "DSCP and ECN kept (set by the client)"),
    "checksum": (_after("68f10000", "68f00000"), "checksums kept, and right"),
    "payload": (_after("474554", "474555"), "L3/L4 bytes identical"),
    "other real": (_wrong_real, "delivered to that real server alone"),
    "moved": (_moved, "a connection stays on its real server"),
    "reply crosses": (_crosses, "no reply frame crosses the balancer"),
    "reply changed": (_changed_reply, "replies: byte for byte as the real server made them"),
    "reply from elsewhere": (
        _foreign_reply,
        "replies: src MAC of the real server that has the request, dst MAC the client's",
    ),
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
    names = [promise.name for promise in promises.l2dsr(evidence(empty))]
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


def test_hops_mark_what_changed() -> None:
    request, reply = hops.follow(evidence(captures()))
    assert [hop.changed for hop in request] == [(), (), (), (5, 11), (), ()]
    assert [hop.changed for hop in reply] == [()] * 4
    lines = hops.table(request)
    assert "*02:00:00:77:00:0a *02:00:00:77:00:11" in lines[4]
    assert sum("*" in line for line in lines) == 2
    assert lines[-1] == "* switch, port lb: out: bytes 5, 11 changed, of 63 bytes"
    assert hops.ranges((0, 1, 2, 5, 9, 10)) == "bytes 0-2, 5, 9-10"


def _request_lost(points: Point) -> None:
    points["r1"].pop(0)


def _no_reply(points: Point) -> None:
    for name in ("client", "sw-client", "sw-r1", "r1"):
        points[name] = [frame for frame in points[name] if frame[6:12] != R1]


def _no_request(points: Point) -> None:
    for name in points:
        points[name] = []


NOT_FOLLOWED: dict[str, tuple[Callable[[Point], None], str]] = {
    "lost": (_request_lost, "lost on the way: 02:00:00:77:00:01 -> 02:00:00:77:00:0a"),
    "to nobody": (_after("020000770011", "020000770099"), "sent to no real server: .*0a -> .*:99"),
    "no reply": (_no_reply, "r1 sent no reply to 02:00:00:77:00:01 -> 02:00:00:77:00:0a"),
    "no request": (_no_request, "no HTTP request to 10.77.0.100 was captured at client"),
}


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_what_cannot_be_followed_is_told(name: str) -> None:
    change, reason = NOT_FOLLOWED[name]
    points = captures()
    change(points)
    with pytest.raises(LabError, match=reason):
        hops.follow(evidence(points))


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_a_report_is_made_of_what_cannot_be_followed(name: str, tmp_path: Path) -> None:
    change, reason = NOT_FOLLOWED[name]
    points = captures()
    change(points)
    seen = evidence(points)
    held = promises.l2dsr(seen)
    report = Report(seen.topology, 4, held, {"web": Result()}, {"web": {}}, seen, [])
    said = report.text()
    assert [line for line in said if re.search(f"^could not be followed: {reason}", line)]
    assert sum(line.startswith("FAIL  ") for line in said) == len(broken(points)) > 0
    assert sum(line.startswith("PASS  ") for line in said) == len(held) - len(broken(points))
    written = json.loads(report.write(tmp_path).read_text())
    assert written["verified"] is False
    assert (written["request_hops"], written["reply_hops"]) == ([], [])
    assert re.match(reason, written["not_followed"])


def test_a_report_of_what_held(tmp_path: Path) -> None:
    seen = evidence(captures())
    held = promises.l2dsr(seen)
    report = Report(seen.topology, 4, held, {"web": Result()}, {"web": {}}, seen, [])
    assert not [line for line in report.text() if "could not be followed" in line]
    written = json.loads(report.write(tmp_path).read_text())
    assert written["verified"] is True
    assert written["not_followed"] is None
    assert (len(written["request_hops"]), len(written["reply_hops"])) == (6, 4)


def test_captures_are_read_whole(tmp_path: Path) -> None:
    """A frame that tcpdump was killed in the middle of is left out; another format is refused."""
    head = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
    record = bytes.fromhex("01000000 40420f00 04000000 08000000") + b"abcd"
    path = tmp_path / "x.pcap"
    path.write_bytes(head + record + record[:-1])
    assert list(read_pcap(path)) == [Frame(2.0, b"abcd", 8)]
    path.write_bytes(b"\n\r\r\n" + head)
    with pytest.raises(LabError, match="no pcap file"):
        list(read_pcap(path))
