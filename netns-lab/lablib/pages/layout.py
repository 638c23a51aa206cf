# SPDX-License-Identifier: Apache-2.0
"""Where everything in the drawing of a topology is, in pixels.

Segments are bars, one below the other from the client's on. Real servers hang below theirs, other
nodes stand on theirs, routers stand between two. Each leg of a frame's way has a lane of its own in
its segment's bar, and a slot of its own in the cables to it, ordered so that arrows do not cross.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lablib.topology import IP, Interface, Leg, Node, Topology

LINE = 16.0  # of text in a box
_TITLE = 26.0  # of a box
_LANE = 26.0
_SLOT = 16.0
_GAP, _CABLE, _MARGIN, _LEFT = 48.0, 34.0, 8.0, 64.0
_PADDING = 12.0
_MONO, _SANS = 6.65, 5.8  # a letter's width, at the sizes of the styles
_LEAST_BOX = 176.0
_LEAST_RUN = 0.15  # of the width: the drawing is made wide enough for labels on those


Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Its centre, across."""
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    def overlaps(self, other: Box) -> bool:
        """Have they a point in common that is on no edge?"""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in a node's box. ``kind``: its style."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A node."""

    node: Node
    box: Box
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A segment; ``title`` is where its name stands."""

    segment: str
    box: Box
    title: Box


@dataclass(frozen=True, slots=True)
class Way:
    """A leg that is to be drawn. ``kind``: "request" or "reply"."""

    kind: str
    leg: Leg
    label: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """A leg's line, from the sender's box to the receiver's, and where its label stands."""

    way: Way
    points: Points
    label: Box


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything."""

    width: float
    height: float
    nodes: tuple[Placed, ...]
    bars: tuple[Bar, ...]
    cables: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def layout(topology: Topology, vip: IP, ways: Sequence[Way]) -> Layout:
    """Place everything, as it is in the VIP's family."""
    return _Maker(topology, vip, ways).make()


def lines(topology: Topology, node: Node, vip: IP) -> Iterator[Line]:
    """What a node's box says, in the VIP's family."""
    version = vip.version
    for interface in node.interfaces:
        yield Line("mac", f"{interface.name}  {interface.mac}")
        for address in interface.addresses:
            if address.version == version:
                yield Line("ip", f"      {address}")
    if node.bridge is not None:
        yield Line("mac", f"{node.bridge.name:<4}  over {' and '.join(_names(node))}")
        for address in node.bridge.addresses:
            if address.version == version:
                yield Line("ip", f"      {address}")
    if node.role == "balancer":
        yield Line("vip", f"VIP   {vip}")
        pool = [address for address in topology.pool if address.version == version]
        if pool:
            yield Line("vip", f"pool  {pool[0]} to {pool[-1]}")
        for prefix in topology.tunnel_source:
            if prefix.version == version:
                yield Line("route", f"tunnels from {prefix}")
    if node.role == "real" and not topology.translates:
        yield Line("vip", f"lo    {vip} (VIP)")
    for route in node.routes:
        if route.via.version == version:
            prefix_ = str(route.prefix) if route.prefix.prefixlen else "default"
            yield Line("route", f"{prefix_} via {route.via}")


def _names(node: Node) -> list[str]:
    return [interface.name for interface in node.interfaces]


class _Maker:
    def __init__(self, topology: Topology, vip: IP, ways: Sequence[Way]) -> None:
        self.topology, self.ways = topology, ways
        self.levels = topology.levels
        self.texts = {node.name: tuple(lines(topology, node, vip)) for node in topology.nodes}
        self.rows = self._rows()
        widest = max((len(line.text) for text in self.texts.values() for line in text), default=0)
        self.box_width = max(_LEAST_BOX, widest * _MONO + 2 * _PADDING)
        most = max(len(row) for row in self.rows)
        least = most * self.box_width + (most - 1) * _GAP
        self.inside = max(least, *self._widths_for_labels(), 0.0)

    def _rows(self) -> list[list[Node]]:
        """The nodes above the first bar, between it and the next, ..., below the last."""
        rows: list[list[Node]] = [[] for _ in range(len(self.levels) + 1)]
        for node in self.topology.nodes:
            level = min(self.levels[one.segment] for one in node.interfaces)
            below = node.role == "real" or len(node.interfaces) > 1
            rows[level + below].append(node)
        return rows

    def _middles(self) -> dict[str, float]:
        """Where the middle of each node is, from 0 (left) to 1."""
        return {
            node.name: (number + 0.5) / len(row)
            for row in self.rows
            for number, node in enumerate(row)
        }

    def _widths_for_labels(self) -> Iterator[float]:
        """How wide it has to be for each label to fit on its arrow."""
        middles = self._middles()
        for way in self.ways:
            run = abs(middles[way.leg.sender.name] - middles[way.leg.receiver.name])
            if run >= _LEAST_RUN:
                yield (_label_width(way.label) + 3 * _SLOT) / run

    def make(self) -> Layout:
        placed: dict[str, Placed] = {}
        bars: dict[str, Bar] = {}
        middles, y = self._middles(), _MARGIN
        segments = [*self.levels, None]
        for row, segment in zip(self.rows, segments, strict=True):
            height = max((self._height(node) for node in row), default=0.0)
            for node in row:
                middle = _LEFT + self.inside * middles[node.name]
                own = self._height(node)
                # Boxes stand on the bar below them, or hang on the one above, if all do.
                top = y if segment is None else y + height - own
                box = Box(middle - self.box_width / 2, top, self.box_width, own)
                placed[node.name] = Placed(node, box, self.texts[node.name])
            y += height
            if segment is not None:
                y += _CABLE if row else 0.0
                bars[segment] = self._bar(segment, y)
                y = bars[segment].box.bottom + _CABLE
        width = _LEFT + self.inside + _MARGIN
        cables = tuple(self._cables(placed, bars))
        lines_ = [self._line(way, placed, bars) for way in self.ways]
        arrows = tuple(
            Arrow(way, line, self._label(way.label, line, lines_))
            for way, line in zip(self.ways, lines_, strict=True)
        )
        return Layout(
            width, y + _MARGIN, tuple(placed.values()), tuple(bars.values()), cables, arrows
        )

    def _height(self, node: Node) -> float:
        return _TITLE + LINE * len(self.texts[node.name]) + 6

    def _bar(self, segment: str, y: float) -> Bar:
        lanes = len(self._lanes(segment))
        height = max(1, lanes) * _LANE + 10
        title = Box(_MARGIN, y, _LEFT - 2 * _MARGIN, height)
        return Bar(segment, Box(_LEFT - _MARGIN, y, self.inside + 2 * _MARGIN, height), title)

    def _lanes(self, segment: str) -> list[Way]:
        return [way for way in self.ways if way.leg.segment == segment]

    def _cables(self, placed: dict[str, Placed], bars: dict[str, Bar]) -> Iterator[Box]:
        for at in placed.values():
            for interface in at.node.interfaces:
                bar = bars[interface.segment].box
                slots = max(1, len(self._slots(at.node, interface, placed, bars)))
                width = slots * _SLOT
                above = at.box.y < bar.y
                top, bottom = (at.box.bottom, bar.y) if above else (bar.bottom, at.box.y)
                yield Box(at.box.middle - width / 2, top, width, bottom - top)

    def _slots(
        self, node: Node, interface: Interface, placed: dict[str, Placed], bars: dict[str, Bar]
    ) -> list[Way]:
        """The legs in a node's cable, from left to right. Those that go left are left of those that
        go right; and of two that go the same way, the one whose lane is nearer to the node is
        farther out. Those that go straight on keep their order."""
        segment = interface.segment
        here = placed[node.name].box
        near_first = self._lanes(segment)
        if here.y > bars[segment].box.y:
            near_first = near_first[::-1]
        left, straight, right = list[Way](), list[Way](), list[Way]()
        for way in near_first:
            ends = (way.leg.sender.name, way.leg.receiver.name)
            if node.name in ends:
                other = ends[1] if node.name == ends[0] else ends[0]
                there = placed[other].box.middle
                group = left if there < here.middle else right if there > here.middle else straight
                group.append(way)
        straight.sort(key=self.ways.index)
        return [*left, *straight, *right[::-1]]

    def _line(self, way: Way, placed: dict[str, Placed], bars: dict[str, Bar]) -> Points:
        """Out of the sender's box, along the lane, into the receiver's."""
        segment = way.leg.segment
        bar = bars[segment].box
        lane = bar.y + 5 + _LANE * self._lanes(segment).index(way) + _LANE - 6
        points = []
        for node in (way.leg.sender, way.leg.receiver):
            interface = node.on(segment)
            assert interface is not None, f"{node.name} is not on {segment}"
            slots = self._slots(node, interface, placed, bars)
            box = placed[node.name].box
            x = box.middle + (slots.index(way) - (len(slots) - 1) / 2) * _SLOT
            edge = box.bottom if box.y < bar.y else box.y
            points += [(x, edge), (x, lane)]
        return (points[0], points[1], points[3], points[2])

    def _label(self, text: str, line: Points, others: Sequence[Points]) -> Box:
        """Above the line's level part; beside it where that is too short, where no line is."""
        width = _label_width(text)
        (one, lane), (other, _) = line[1], line[2]
        left, right = min(one, other), max(one, other)
        steps = [8 + _SLOT * number for number in range(len(others) + 1)]
        places = [(left + right - width) / 2]
        places += [right + step for step in steps] + [left - width - step for step in steps]
        boxes = [Box(x, lane - 17, width, 15) for x in places]
        end = _LEFT + self.inside
        free = (
            box
            for box in boxes
            if box.x >= _LEFT and box.x + width <= end and not any(_hits(box, o) for o in others)
        )
        return next(free, boxes[0])


def _hits(box: Box, line: Points) -> bool:
    """Does a line run behind it?"""
    return any(
        box.overlaps(Box(min(x, to_x), min(y, to_y), abs(x - to_x), abs(y - to_y)))
        for (x, y), (to_x, to_y) in pairwise(line)
    )


def _label_width(text: str) -> float:
    return len(text) * _SANS + 8
