# SPDX-License-Identifier: Apache-2.0
"""Drawings of a comparison, as SVG: connections of each real server, response times."""

from __future__ import annotations

from collections.abc import Mapping
from math import log1p, log10

from lablib.compare.clients import LIMIT
from lablib.compare.comparison import Part
from lablib.compare.figures import Result, Times
from lablib.compare.styles import COLOURS
from lablib.pages.markup import Markup, tag

_LEFT, _STRIP, _GAP, _BAR, _RIGHT = 46, 268, 74, 110, 48
WIDTH = _LEFT + _STRIP + _GAP + _BAR + _RIGHT
_TOP, _ROW, _HIGH = 18, 34, 28  # of the first strip; from one to the next; of each
_RANGE, _MARGIN, _FASTEST = 210, 16, 0.01  # width; at its ends; seconds at its left end
_TICKS = ((0.01, "10 ms"), (0.1, "100 ms"), (1.0, "1 s"), (LIMIT, f"{LIMIT:g} s"))


def took(seconds: float) -> str:
    """A response time for people."""
    if seconds >= LIMIT:
        return f"over {LIMIT:g} s"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def busiest(made: Part) -> int:
    """The most connections that any real server had open, in all cases: the scale of strips."""
    return max([1, *(peak for one in made.results for peak in one.peak_open.values())])


def reals(made: Part, one: Result) -> Markup:
    """A row for each real server: open connections over time, and how many connections it got."""
    names = list(made.weights)
    height = _TOP + _ROW * len(names) + 16
    end = _end(made)
    return tag(
        "svg",
        tag("title", f"{one.case.name}: open connections of each real server over time"),
        *_slow(made, end, height),
        *_heads(),
        *(_row(made, one, number, end) for number in range(len(names))),
        *_axis(made, end, height),
        viewBox=f"0 0 {WIDTH} {height}",
        width=WIDTH,
        height=height,
        role="img",
    )


def _end(made: Part) -> float:
    """Where the time axis ends: at the last connection's end, but not far behind the load's."""
    last = max((one.series[-1].at for one in made.results), default=0.0)
    return min(max(last, made.seconds), made.seconds * 4 / 3)


def _x(at: float, end: float) -> float:
    return _LEFT + _STRIP * at / end


def _slow(made: Part, end: float, height: int) -> list[Markup]:
    """The time in which a real server is slow."""
    if made.scenario.slow is None:
        return []
    slow = made.phases[1]
    left, right = _x(slow.start, end), _x(slow.end, end)
    words = f"{made.scenario.slow} is slow"
    return [
        tag(
            "rect",
            x=f"{left:.1f}",
            y=_TOP - 4,
            width=f"{right - left:.1f}",
            height=height - _TOP - 10,
            class_="slow",
        ),
        tag("text", words, x=f"{(left + right) / 2:.1f}", y=10, class_="label quiet middle"),
    ]


def _heads() -> list[Markup]:
    return [
        tag("text", "peak", x=_LEFT + _STRIP + 8, y=10, class_="label quiet"),
        tag("text", "connections", x=_LEFT + _STRIP + _GAP, y=10, class_="label quiet"),
    ]


def _row(made: Part, one: Result, number: int, end: float) -> list[Markup]:
    real = list(made.weights)[number]
    colour = number % len(COLOURS)
    base = _TOP + _ROW * number + _HIGH
    scale = _HIGH / log1p(busiest(made))
    shown = [sample for sample in one.series if sample.at <= end]
    points = [(_x(s.at, end), base - scale * log1p(max(0, s.open[real]))) for s in shown]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"{points[0][0]:.1f},{base} {line} {points[-1][0]:.1f},{base}"
    right = _LEFT + _STRIP
    return [
        tag("line", x1=_LEFT, y1=base, x2=right, y2=base, class_="base"),
        tag("polygon", points=area, class_=f"real{colour}", opacity="0.3"),
        tag("polyline", points=line, class_=f"line{colour}", stroke_width="1.3"),
        tag("text", real, x=0, y=base - 8, class_=f"segment real{colour}"),
        tag("text", f"×{made.weights[real]}", x=20, y=base - 8, class_="label quiet"),
        tag("text", f"{one.peak_open[real]}", x=right + 8, y=base - 8, class_="label"),
        *_bar(made, one, real, base, colour),
    ]


def _parts(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values()) or 1
    return {name: count / total for name, count in counts.items()}


def _bar(made: Part, one: Result, real: str, base: int, colour: int) -> list[Markup]:
    """Connections that it got, and a mark where its share by the true weights is."""
    dues, parts = _parts(made.weights), _parts(one.connections)
    every = [dues, *(_parts(result.connections) for result in made.results)]
    longest = max(part for shares in every for part in shares.values())
    left, top = _LEFT + _STRIP + _GAP, base - 18
    mark = f"{left + _BAR * dues[real] / longest:.1f}"
    length = f"{_BAR * parts[real] / longest:.1f}"
    return [
        tag("rect", x=left, y=top, width=_BAR, height=12, class_="track", rx=2),
        tag("rect", x=left, y=top, width=length, height=12, class_=f"real{colour}", rx=2),
        tag("line", x1=mark, y1=top - 3, x2=mark, y2=top + 15, class_="due"),
        tag("text", f"{one.connections[real]:,}", x=WIDTH, y=base - 8, class_="label end"),
    ]


def _axis(made: Part, end: float, height: int) -> list[Markup]:
    ticks = [0.0, *(phase.end for phase in made.phases)]
    if not made.phases:
        ticks += [made.seconds / 2, made.seconds]
    return [
        tag(
            "text", f"{at:.3g} s", x=f"{_x(at, end):.1f}", y=height - 2, class_="label quiet middle"
        )
        for at in ticks
    ]


def _at(seconds: float) -> float:
    """The place of a response time on its axis."""
    part = log10(min(max(seconds, _FASTEST), LIMIT) / _FASTEST) / log10(LIMIT / _FASTEST)
    return _MARGIN + (_RANGE - 2 * _MARGIN) * part


def response_axis() -> Markup:
    """The axis above the response times."""
    texts = [
        tag("text", text, x=f"{_at(at):.1f}", y=10, class_="label quiet middle")
        for at, text in _TICKS
    ]
    return tag("svg", texts, width=_RANGE, height=13)


def response(found: Times) -> Markup:
    """p50 and p99 on that axis."""
    first, last = f"{_at(found.p50):.1f}", f"{_at(found.p99):.1f}"
    scale = [
        tag("line", x1=f"{_at(at):.1f}", y1=0, x2=f"{_at(at):.1f}", y2=26, class_="scale")
        for at, _ in _TICKS
    ]
    return tag(
        "svg",
        tag("title", f"half within {took(found.p50)}, 99 of 100 within {took(found.p99)}"),
        scale,
        tag("line", x1=first, y1=13, x2=last, y2=13, class_="range"),
        tag("circle", cx=first, cy=13, r=5, class_="p50"),
        tag("circle", cx=last, cy=13, r=5.5, class_="p99"),
        width=_RANGE,
        height=26,
        role="img",
    )
