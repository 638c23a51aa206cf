# SPDX-License-Identifier: Apache-2.0
"""The drawing of every topology: nothing overlaps, and every arrow leads where it should."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from ipaddress import ip_interface
from itertools import combinations

import pytest

from lablib.hops import follow
from lablib.pages.drawing import drawing, ways
from lablib.pages.layout import Box, Layout, Way, layout
from lablib.topofile import demos, load
from lablib.topology import Node, Topology
from tests.unit.lablib import crossed
from tests.unit.lablib.routed import exchange
from tests.unit.lablib.wire import captures, evidence

REALS = ("r1", "r2", "r3")
EVERY = [(name, version, real) for name in demos() for version in (4, 6) for real in REALS]


def _node(topology: Topology, name: str) -> Node:
    return next(node for node in topology.nodes if node.name == name)


def _ways(topology: Topology, real: str) -> list[Way]:
    """A request to a real server and its reply, with labels as long as they get."""
    client, balancer, server = topology.client, topology.balancer, _node(topology, real)
    there = [*topology.path(client, balancer), *topology.path(balancer, server)]
    back = topology.path(server, client) if not topology.translates else []
    if topology.translates:
        back = [*topology.path(server, balancer), *topology.path(balancer, client)]
    label = "2  dst IP r1, DSCP 12, TTL 63"
    made = [Way("request", leg, label) for leg in there]
    return made + [Way("reply", leg, label) for leg in back]


def _placed(name: str, version: int, real: str) -> Layout:
    topology = load(name)
    return layout(topology, topology.vip(version), _ways(topology, real))


def _overlaps(placed: Layout) -> list[tuple[str, str]]:
    boxes: list[tuple[str, Box]] = [(at.node.name, at.box) for at in placed.nodes]
    boxes += [(f"title {bar.segment}", bar.title) for bar in placed.bars]
    boxes += [(f"label {number}", at.label) for number, at in enumerate(placed.arrows)]
    return [(a[0], b[0]) for a, b in combinations(boxes, 2) if a[1].overlaps(b[1])]


@pytest.mark.parametrize(("name", "version", "real"), EVERY)
def test_nothing_overlaps(name: str, version: int, real: str) -> None:
    placed = _placed(name, version, real)
    assert _overlaps(placed) == []
    bars = [bar.box for bar in placed.bars]
    assert not any(at.box.overlaps(bar) for at in placed.nodes for bar in bars)
    assert not any(bar.title.overlaps(bar.box) for bar in placed.bars)


@pytest.mark.parametrize(("name", "version", "real"), EVERY)
def test_everything_is_inside(name: str, version: int, real: str) -> None:
    placed = _placed(name, version, real)
    boxes = [at.box for at in placed.nodes] + [at.label for at in placed.arrows]
    boxes += [bar.box for bar in placed.bars] + list(placed.cables)
    for box in boxes:
        assert 0 <= box.x <= box.x + box.width <= placed.width
        assert 0 <= box.y <= box.bottom <= placed.height


@pytest.mark.parametrize(("name", "version", "real"), EVERY)
def test_arrows_lead_from_node_to_node(name: str, version: int, real: str) -> None:
    placed = _placed(name, version, real)
    at = {one.node.name: one.box for one in placed.nodes}
    for arrow in placed.arrows:
        ends = zip(
            (arrow.way.leg.sender, arrow.way.leg.receiver),
            (arrow.points[0], arrow.points[-1]),
            strict=True,
        )
        for node, (x, y) in ends:
            box = at[node.name]
            assert box.x < x < box.x + box.width
            assert y in (box.y, box.bottom)
        bar = next(one.box for one in placed.bars if one.segment == arrow.way.leg.segment)
        for _, y in arrow.points[1:-1]:
            assert bar.y < y < bar.bottom


Part = tuple[float, float, float, float]


def _parts(placed: Layout) -> list[tuple[int, Part]]:
    """(arrow, left, top, right, bottom) of every straight part."""
    parts = []
    for number, arrow in enumerate(placed.arrows):
        for (x, y), (to_x, to_y) in zip(arrow.points, arrow.points[1:], strict=False):
            parts.append((number, (min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y))))
    return parts


@pytest.mark.parametrize(("name", "version", "real"), EVERY)
def test_arrows_do_not_lie_on_each_other_or_behind_labels(
    name: str, version: int, real: str
) -> None:
    placed = _placed(name, version, real)
    parts = _parts(placed)
    for (one, a), (other, b) in combinations(parts, 2):
        if one != other:
            upright = a[0] == a[2] == b[0] == b[2] and a[1] < b[3] and b[1] < a[3]
            level = a[1] == a[3] == b[1] == b[3] and a[0] < b[2] and b[0] < a[2]
            assert not upright and not level, (one, other)
    for arrow in placed.arrows:
        for number, (left, top, right, bottom) in parts:
            line = Box(left, top, right - left, bottom - top)
            assert not arrow.label.overlaps(line), (arrow.way.label, number)


def test_boxes_grow_with_their_addresses() -> None:
    topology = load("l2dsr")
    long = ip_interface("fd77:1234:5678:9abc:def0:1234:5678:9abc/64")
    client = topology.client
    eth0 = replace(client.interfaces[0], addresses=(long,))
    nodes = tuple(
        replace(node, interfaces=(eth0,)) if node is client else node for node in topology.nodes
    )
    grown = replace(topology, nodes=nodes)
    before, after = (
        layout(one, one.vip(6), _ways(one, "r1")).nodes[0].box.width for one in (topology, grown)
    )
    assert after > before + 50
    assert _overlaps(layout(grown, grown.vip(6), _ways(grown, "r3"))) == []


def test_many_real_servers() -> None:
    topology = load("l3dsr-gue")
    r3 = _node(topology, "r3")
    more = tuple(replace(r3, name=f"r{number}") for number in range(4, 12))
    wide = replace(topology, nodes=topology.nodes + more)
    assert _overlaps(layout(wide, wide.vip(6), _ways(wide, "r11"))) == []


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("method", ["dscp", "ipip", "gue"])
def test_it_is_xml_and_says_who_is_who(method: str, version: int) -> None:
    seen = exchange(method, version).evidence()
    root = ET.fromstring(drawing(seen.topology, seen.vip, follow(seen)))
    texts = ["".join(element.itertext()) for element in root.iter("text")]
    for node in seen.topology.nodes:
        assert node.name in texts
        for interface in node.interfaces:
            assert f"{interface.name}  {interface.mac}" in texts
            address = next(one for one in interface.addresses if one.version == version)
            assert f"      {address}" in texts
    assert {"front", "back", f"VIP   {seen.vip}"} <= set(texts)
    assert not [text for text in texts if ("." if version == 6 else "fd7") in text]
    assert len(list(root.iter("polyline"))) == 5


LABELS = {
    "dscp": "2  dst IP r1, DSCP 12, TTL 63",
    "ipip": "2  in IP to r1",
    "gue": "2  in UDP to r1",
}


@pytest.mark.parametrize("method", LABELS)
def test_labels_say_what_is_new(method: str) -> None:
    seen = exchange(method, 4).evidence()
    found = ways(seen.topology, follow(seen))
    assert [way.label for way in found] == [
        "1  request to the VIP",
        LABELS[method],
        "3  TTL 62" if method == "dscp" else "3  outer TTL 63",
        "4  reply from the VIP",
        "5  TTL 63",
    ]
    assert [way.kind for way in found] == ["request"] * 3 + ["reply"] * 2


def test_labels_of_l2dsr() -> None:
    seen = evidence(captures())
    labels = [way.label for way in ways(seen.topology, follow(seen))]
    assert labels == ["1  request to the VIP", "2  dst MAC r1", "3  reply from the VIP"]


TRANSLATED_LABELS = {
    "bridge": ["dst IP r1", "reply from r1", "src IP VIP"],
    "router": ["dst IP r1, TTL 63", "reply from r1", "src IP VIP, TTL 63"],
    "one-arm": [
        "src IP 10.82.0.200, dst IP r1, ports 1024>80, TTL 63",
        "reply from r1",
        "src IP VIP, dst IP client, ports 80>40000, TTL 63",
    ],
    "nat": [
        "TTL 63",
        "dst IP r1, ports 40000>8080, TTL 62",
        "reply from r1",
        "src IP VIP, ports 80>40000, TTL 63",
        "TTL 62",
    ],
}


@pytest.mark.parametrize("mode", TRANSLATED_LABELS)
def test_labels_of_what_comes_back_through_the_balancer(mode: str) -> None:
    seen = crossed.exchange(mode, 4).evidence()
    found = ways(seen.topology, follow(seen))
    labels = ["request to the VIP", *TRANSLATED_LABELS[mode]]
    assert [way.label for way in found] == [f"{n}  {text}" for n, text in enumerate(labels, 1)]
    kinds = ["request" if way.kind == "request" else "reply" for way in found]
    assert kinds == sorted(kinds, reverse=True)


@pytest.mark.parametrize(("mode", "version"), crossed.LABS)
def test_the_drawing_of_what_comes_back(mode: str, version: int) -> None:
    """Both ways are drawn, and labels as long as they get do not overlap."""
    seen = crossed.exchange(mode, version).evidence()
    followed = follow(seen)
    assert _overlaps(layout(seen.topology, seen.vip, ways(seen.topology, followed))) == []
    root = ET.fromstring(drawing(seen.topology, seen.vip, followed))
    legs = len(followed.request_legs) + len(followed.reply_legs)
    assert len(list(root.iter("polyline"))) == legs
    texts = ["".join(element.itertext()) for element in root.iter("text")]
    assert f"VIP   {seen.vip}" in texts
    assert not [text for text in texts if text.startswith("lo ")]
    assert ("br0   over eth0 and eth1" in texts) == (mode == "bridge")
    assert any(text.startswith("pool  ") for text in texts) == (mode == "one-arm")


def test_without_a_request_there_are_no_arrows() -> None:
    topology = load("l3dsr-ipip")
    root = ET.fromstring(drawing(topology, topology.vip(4), None))
    assert list(root.iter("polyline")) == []
    texts = ["".join(element.itertext()) for element in root.iter("text")]
    assert "tunnels from 10.79.0.0/24" in texts
    assert "10.79.0.0/24 via 10.78.0.10" in texts
