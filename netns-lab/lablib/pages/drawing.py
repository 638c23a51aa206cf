# SPDX-License-Identifier: Apache-2.0
"""The topology as SVG, with the way of the request and of the reply."""

from __future__ import annotations

from collections.abc import Sequence

from lablib.hops import Followed, Hop
from lablib.pages.layout import LINE, Arrow, Bar, Box, Placed, Way, layout
from lablib.pages.markup import Markup, join, tag
from lablib.topology import IP, Leg, Topology, port

_KEPT_QUIET = ("src MAC", "IP sum", "L4 sum")  # what changes with everything


def ways(topology: Topology, followed: Followed | None) -> list[Way]:
    """The legs of a request and of its reply, with a number and what is new of the frame there."""
    found: list[Way] = []
    if followed is not None:
        for kind, legs, hops in (
            ("request", followed.request_legs, followed.request),
            ("reply", followed.reply_legs, followed.reply),
        ):
            before: Hop | None = None
            for leg in legs:
                hop = _sight(leg, hops)
                label = f"{len(found) + 1}  {_label(topology, kind, before, hop)}"
                found.append(Way(kind, leg, label))
                before = hop
    return found


def _sight(leg: Leg, hops: Sequence[Hop]) -> Hop:
    """The frame where it enters a leg's switch."""
    point = port(leg.segment, leg.sender.name)
    return next(hop for hop in hops if hop.point == point and _is_of(leg, hop))


def _is_of(leg: Leg, hop: Hop) -> bool:
    """At the balancer's port, the one that leaves it."""
    return leg.sender.role != "balancer" or hop.where.endswith("out")


def _label(topology: Topology, kind: str, before: Hop | None, hop: Hop) -> str:
    names = {str(address.ip): n.name for n in topology.nodes for address in n.addresses}
    names |= {one.mac: n.name for n in topology.nodes for one in n.interfaces}
    names |= {str(vip): "VIP" for vip in topology.vips}
    if before is None:
        what = ("request to", "dst IP") if kind == "request" else ("reply from", "src IP")
        name = names.get(hop.fields[what[1]], "?")
        return f"{what[0]} {'the VIP' if name == 'VIP' else name}"
    if hop.outer and not before.outer:
        return f"in {'UDP' if hop.found.udp else 'IP'} to {names.get(hop.outer['dst IP'], '?')}"
    tunnel = [
        f"outer {name} {names.get(value, value)}"
        for name, value in hop.outer.items()
        if before.outer.get(name) != value
    ]
    own = [
        f"{name} {names.get(value, value)}"
        for name, value in hop.fields.items()
        if before.fields[name] != value and name not in _KEPT_QUIET
    ]
    behind_mac = [word for word in own if not word.startswith("dst MAC")]
    return ", ".join(tunnel + (behind_mac or ([] if tunnel else own)))


def drawing(topology: Topology, vip: IP, followed: Followed | None) -> Markup:
    """The whole drawing."""
    placed = layout(topology, vip, ways(topology, followed))
    size = f"0 0 {placed.width:g} {placed.height:g}"
    title = f"{topology.name}: nodes, segments, and the way of a request and of its reply"
    return tag(
        "svg",
        tag("title", title),
        [_rect(box, "cable", 3) for box in placed.cables],
        [_bar(bar) for bar in placed.bars],
        [_node(node) for node in placed.nodes],
        [_arrow(arrow) for arrow in placed.arrows],
        [_arrow_label(arrow) for arrow in placed.arrows],
        role="img",
        viewBox=size,
        # Never smaller than drawn, for letters' sake: it scrolls instead.
        style=f"width:100%;min-width:{placed.width:g}px;max-width:{placed.width * 1.3:g}px",
    )


def _rect(box: Box, style: str, radius: float) -> Markup:
    place = {"x": f"{box.x:g}", "y": f"{box.y:g}"}
    size = {"width": f"{box.width:g}", "height": f"{box.height:g}"}
    return tag("rect", class_=style, rx=f"{radius:g}", **place, **size)


def _text(x: float, y: float, text: str, style: str) -> Markup:
    return tag("text", text, class_=style, x=f"{x:g}", y=f"{y:g}")


def _bar(bar: Bar) -> Markup:
    middle = bar.title.y + bar.title.height / 2
    return join(
        _rect(bar.box, "bar", 6),
        _text(bar.title.x, middle - 1, bar.segment, "segment"),
        _text(bar.title.x, middle + 12, "switch", "role"),
    )


def _node(placed: Placed) -> Markup:
    box, node = placed.box, placed.node
    parts = [
        _rect(box, f"node {node.role}", 6),
        _text(box.x + 12, box.y + 19, node.name, "name"),
        _text(box.x + box.width - 12, box.y + 19, node.role, "role end"),
    ]
    for number, line in enumerate(placed.lines):
        y = box.y + 26 + LINE * number + 11
        parts.append(_text(box.x + 12, y, line.text, f"line {line.kind}"))
    return tag("g", *parts)


def _arrow(arrow: Arrow) -> Markup:
    points = " ".join(f"{x:g},{y:g}" for x, y in arrow.points)
    (x, y), (_, from_y) = arrow.points[-1], arrow.points[-2]
    down = 1 if y > from_y else -1
    head = f"{x:g},{y:g} {x - 5:g},{y - 9 * down:g} {x + 5:g},{y - 9 * down:g}"
    return tag(
        "g",
        tag("polyline", points=points, class_="way"),
        tag("polygon", points=head, class_="head"),
        class_=arrow.way.kind,
    )


def _arrow_label(arrow: Arrow) -> Markup:
    box = arrow.label
    return tag(
        "g",
        _rect(box, "pill", 4),
        _text(box.x + 4, box.y + 11.5, arrow.way.label, "label"),
        class_=arrow.way.kind,
    )
