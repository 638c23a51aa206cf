# SPDX-License-Identifier: Apache-2.0
"""A request and its reply followed from hop to hop, and the report of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lablib import hops, promises
from lablib.report import Report
from lablib.shell import LabError
from lablib.topology import TRANSLATED
from lablib.traffic import Result
from tests.unit.lablib import crossed
from tests.unit.lablib.crossed import LABS
from tests.unit.lablib.routed import exchange
from tests.unit.lablib.wire import R1, Point, after, captures, evidence

DATE = "2026-01-02T03:04:05+00:00"


def test_hops_mark_what_changed() -> None:
    followed = hops.follow(evidence(captures()))
    assert [hop.changed for hop in followed.request] == [(), (), (), (5, 11), (), ()]
    assert [hop.changed for hop in followed.reply] == [()] * 4
    lines = hops.table(followed.request)
    assert "*02:00:00:77:00:0a *02:00:00:77:00:11" in lines[4]
    assert sum("*" in line for line in lines) == 2
    assert lines[-1] == "* sw, port lb: out: bytes 5, 11 changed, of 63 bytes"
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
    "to nobody": (after("020000770011", "020000770099"), "sent to no real server: .*0a -> .*:99"),
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
    held = promises.METHODS["l2dsr"](seen)
    report = Report(seen.topology, 4, held, {"web": Result()}, {"web": {}}, seen, DATE, [])
    said = report.text()
    assert [line for line in said if re.search(f"^could not be followed: {reason}", line)]
    assert sum(line.startswith("FAIL  ") for line in said) == sum(not p.ok for p in held) > 0
    assert sum(line.startswith("PASS  ") for line in said) == sum(p.ok for p in held)
    written = json.loads(report.write(tmp_path).read_text())
    assert written["verified"] is False
    assert (written["request_hops"], written["reply_hops"]) == ([], [])
    assert re.match(reason, written["not_followed"])


def test_a_report_of_what_held(tmp_path: Path) -> None:
    seen = evidence(captures())
    held = promises.METHODS["l2dsr"](seen)
    report = Report(seen.topology, 4, held, {"web": Result()}, {"web": {}}, seen, DATE, [])
    assert not [line for line in report.text() if "could not be followed" in line]
    written = json.loads(report.write(tmp_path).read_text())
    assert written["verified"] is True
    assert written["not_followed"] is None
    assert (len(written["request_hops"]), len(written["reply_hops"])) == (6, 4)


SIZES = {("ipip", 4): 20, ("ipip", 6): 40, ("gue", 4): 28, ("gue", 6): 48}


@pytest.mark.parametrize(("method", "version"), SIZES)
def test_a_tunnel_is_added_and_taken_away(method: str, version: int) -> None:
    followed = hops.follow(exchange(method, version).evidence())
    size = SIZES[method, version]
    added = [hop.added for hop in followed.request]
    assert added == [(0, 0)] * 3 + [(14, 14 + size)] + [(0, 0)] * 4
    assert [hop.removed for hop in followed.request] == [0] * 7 + [size]
    out, behind, last = followed.request[3], followed.request[5], followed.request[7]
    ttl = 8 if version == 4 else 7
    checksum = {14 + size + at for at in (10, 11)} if version == 4 else set[int]()
    packet = {at for at in out.changed if at >= 14}
    assert {14 + size + ttl} <= packet <= {14 + size + ttl} | checksum
    assert 14 + ttl in behind.changed
    assert last.changed == ()
    assert [hop.outer.get("TTL") for hop in followed.request] == [None] * 3 + ["64"] * 2 + [
        "63"
    ] * 2 + [None]
    lines = hops.table(followed.request)
    assert sum("in a tunnel: src IP" in line for line in lines) == 4
    assert f"bytes 14-{13 + size} added" in lines[-3]
    assert lines[-1].startswith(f"* r1, eth0: {size} bytes removed, of ")


def test_the_way_leads_through_the_router() -> None:
    followed = hops.follow(exchange("dscp", 4).evidence())
    assert [hop.where for hop in followed.request] == [
        "client, eth0",
        "front, port client",
        "front, port lb: in",
        "front, port lb: out",
        "front, port router",
        "back, port router",
        "back, port r1",
        "r1, eth0",
    ]
    assert [hop.where for hop in followed.reply] == [
        "r1, eth0",
        "back, port r1",
        "back, port router",
        "front, port router",
        "front, port client",
        "client, eth0",
    ]
    ways = [(leg.segment, leg.sender.name, leg.receiver.name) for leg in followed.request_legs]
    assert ways == [
        ("front", "client", "lb"),
        ("front", "lb", "router"),
        ("back", "router", "r1"),
    ]


@pytest.mark.parametrize(("mode", "version"), LABS)
def test_both_ways_lead_through_the_balancer(mode: str, version: int) -> None:
    seen = crossed.exchange(mode, version).evidence()
    followed = hops.follow(seen)
    for way, first, last in (
        (followed.request, "client", "r1"),
        (followed.reply, "r1", "client"),
    ):
        ends = [hop.where.partition(",")[0] for hop in (way[0], way[-1])]
        assert ends == [first, last]
        sides = [hop.where.rpartition(": ")[2] for hop in way if hop.where.endswith(("in", "out"))]
        assert sides == ["in", "out"]
        (out,) = [hop for hop in way if hop.where.endswith("out")]
        assert {at for at in out.changed if at >= 14}, "nothing is translated"
    there, back = (
        next(hop.fields for hop in way if hop.where.endswith("out"))
        for way in (followed.request, followed.reply)
    )
    assert there["dst IP"] == str(seen.node("r1").address(version))
    assert back["src IP"] == str(seen.vip)
    assert back["ports"] == "80>40000"
    assert there["ports"].endswith(">8080" if mode == "nat" else ">80")
    names = [(leg.sender.name, leg.receiver.name) for leg in followed.reply_legs]
    middle = [("lb", "router"), ("router", "client")] if mode == "nat" else [("lb", "client")]
    assert names == [("r1", "lb"), *middle]


@pytest.mark.parametrize("mode", TRANSLATED)
def test_what_does_not_leave_the_balancer_is_told(mode: str) -> None:
    lab = crossed.exchange(mode, 4)
    made = lab.evidence()
    outer = made.outer_port
    assert made.replies_out()
    made.services[outer] = [one for one in made.services[outer] if one.source != made.vip]
    with pytest.raises(LabError, match="did not leave the balancer: "):
        hops.follow(made)


def test_a_report_says_what_is_in_a_tunnel(tmp_path: Path) -> None:
    seen = exchange("gue", 6).evidence()
    held = promises.METHODS["l3dsr-gue"](seen)
    report = Report(seen.topology, 6, held, {"web": Result()}, {"web": {}}, seen, DATE, [])
    written = json.loads(report.write(tmp_path).read_text())
    assert (written["mode"], written["method"], written["family"]) == ("l3dsr", "gue", "ipv6")
    assert written["date"] == DATE
    out, end = written["request_hops"][3], written["request_hops"][7]
    assert out["outer"]["src IP"] == "fd78::10"
    assert out["outer"]["ports"].endswith(">6080")
    assert out["added"] == list(range(14, 62))
    assert (end["outer"], end["removed"]) == (None, 48)
