# SPDX-License-Identifier: Apache-2.0
"""Frames hop by hop: a table of their fields, and their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from lablib.hops import COLUMNS, OUTER, Hop, changes
from lablib.pages.markup import Markup, join, tag

_ROW = 16  # bytes
_MACS = 2  # of COLUMNS
_TUNNEL = tuple(name for name in OUTER if name != "ports")


def table(hops: Sequence[Hop]) -> Markup:
    """Fields by hop; those that differ from the hop before are marked, and tunnels are new."""
    outer = _TUNNEL if any(hop.outer for hop in hops) else ()
    rows = [_row(hop, before, outer) for hop, before in zip(hops, [None, *hops], strict=False)]
    head = [tag("tr", tag("th", "where"), _heads(COLUMNS[:_MACS], outer, COLUMNS[_MACS:]))]
    if outer:
        groups = {"Ethernet": _MACS, "tunnel": len(outer), "packet": len(COLUMNS) - _MACS}
        cells = [tag("th", n, colspan=span, class_="group") for n, span in groups.items()]
        head.insert(0, tag("tr", tag("th", "", class_="group"), cells))
    made = tag("table", tag("thead", head), tag("tbody", rows), class_="hops")
    return tag("div", made, class_="scroll")


def _tunnel(hop: Hop) -> dict[str, str]:
    """The tunnel's fields, protocol and ports in one."""
    fields = dict(hop.outer)
    ports = fields.pop("ports", "-")
    if ports != "-":
        fields["protocol"] = f"UDP {ports}"
    return fields


def _heads(*groups: Iterable[str]) -> list[Markup]:
    return [tag("th", name) for group in groups for name in group]


def _row(hop: Hop, before: Hop | None, outer: Sequence[str]) -> Markup:
    was, was_outer = (before.fields, _tunnel(before)) if before else ({}, {})
    cells = [
        _cell(value, "changed" if before and was[name] != value else None)
        for name, value in hop.fields.items()
    ]
    tunnel = [
        _cell(value, _style(value, was_outer.get(name, "") if before else value))
        for name, value in ((name, _tunnel(hop).get(name, "")) for name in outer)
    ]
    head = tag("th", hop.where, scope="row")
    return tag("tr", head, cells[:_MACS], tunnel, cells[_MACS:])


def _style(value: str, before: str) -> str | None:
    """Of a tunnel's field."""
    if value in (before, ""):
        return None
    return "changed" if before else "added"


def _cell(value: str, style: str | None) -> Markup:
    return tag("td", tag("mark", value, class_=style) if style else value)


def views(hops: Sequence[Hop]) -> Markup:
    """The bytes of each hop, open where they changed, and where the way begins."""
    return join([_view(hop, first=hop is hops[0]) for hop in hops])


def _view(hop: Hop, *, first: bool) -> Markup:
    words = "as it is sent" if first else changes(hop) or "unchanged"
    cut = hop.found.frame.length - len(hop.frame)
    size = f"{hop.found.frame.length} bytes" + (f", {cut} not captured" if cut > 0 else "")
    summary = tag("summary", tag("b", hop.where), f" · {size} · ", tag("span", words))
    is_open = first or bool(changes(hop))
    return tag("details", summary, _hex(hop), open="open" if is_open else None)


def _hex(hop: Hop) -> Markup:
    """The frame, layer by layer."""
    parts = []
    for name, start, end in hop.found.layers:
        is_added = hop.added[0] <= start < hop.added[1]
        title = f"{name}, {end - start} bytes" + (" (added)" if is_added else "")
        rows = [_line(hop, at, min(end, at + _ROW)) for at in range(start, end, _ROW)]
        style = "layer added" if is_added else "layer"
        parts.append(tag("div", tag("h4", title), tag("pre", rows), class_=style))
    return tag("div", parts, class_="hex scroll")


def _line(hop: Hop, start: int, end: int) -> Markup:
    """Offset, bytes and letters of a row; what changed is marked."""
    marks = ["changed" if at in hop.changed else "" for at in range(start, end)]
    padding = "   " * (_ROW - (end - start))
    data = hop.frame[start:end]
    letters = [chr(byte) if 32 <= byte < 127 else "·" for byte in data]
    return join(
        tag("i", f"{start:04x}"),
        "  ",
        _runs([f"{byte:02x}" for byte in data], marks, " "),
        padding,
        "  ",
        _runs(letters, marks, ""),
        "\n",
    )


def _runs(words: Sequence[str], marks: Sequence[str], gap: str) -> Markup:
    """The words with a gap between them; neighbours of one mark share an element."""
    return Markup(gap.join(_marked(words, marks, gap)))


def _marked(words: Sequence[str], marks: Sequence[str], gap: str) -> Iterator[Markup]:
    for mark, group in groupby(zip(marks, words, strict=True), lambda pair: pair[0]):
        text = gap.join(word for _, word in group)
        yield tag("mark", text, class_=mark) if mark else join(text)
