# SPDX-License-Identifier: Apache-2.0
"""One request and its reply, followed from hop to hop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lablib.evidence import Evidence
from lablib.frames import Segment
from lablib.shell import LabError

_START = b"GET /name"
COLUMNS = (
    "src MAC",
    "dst MAC",
    "src IP",
    "dst IP",
    "ports",
    "DSCP",
    "ECN",
    "TTL",
    "IP sum",
    "L4 sum",
)


@dataclass(frozen=True, slots=True)
class Hop:
    """One sight of the frame: where, its fields (as COLUMNS), and the bytes that changed.

    ``changed``: offsets in the frame that differ from the hop before.
    """

    where: str
    fields: tuple[str, ...]
    frame: bytes
    changed: tuple[int, ...]


def _fields(found: Segment) -> tuple[str, ...]:
    return (
        found.source_mac,
        found.destination_mac,
        str(found.source),
        str(found.destination),
        f"{found.source_port}>{found.destination_port}",
        str(found.tos >> 2),
        str(found.tos & 3),
        str(found.ttl),
        found.ip_checksum,
        found.l4_checksum,
    )


def _hops(sights: Sequence[tuple[str, Segment]]) -> list[Hop]:
    hops: list[Hop] = []
    for where, found in sights:
        data = found.frame.data
        before = hops[-1].frame if hops else data
        changed = tuple(at for at, (a, b) in enumerate(zip(before, data, strict=False)) if a != b)
        hops.append(Hop(where, _fields(found), data, changed))
    return hops


def _first(found: Sequence[Segment], like: Segment) -> Segment:
    """The sight of the same TCP segment: flow, flags and payload."""
    for segment in found:
        if (segment.flow, segment.flags, segment.payload) == (like.flow, like.flags, like.payload):
            return segment
    raise LabError(f"lost on the way: {like.describe()}")


def follow(seen: Evidence) -> tuple[list[Hop], list[Hop]]:
    """(request, reply) of the first HTTP request, at every place where tcpdump saw it; LabError
    when it cannot be followed from end to end."""
    client, balancer = seen.client.name, seen.balancer.name
    asked = next((s for s in seen.requests(client) if s.payload.startswith(_START)), None)
    if asked is None:
        raise LabError(f"no HTTP request to {seen.vip} was captured at {client}")
    out = _first(seen.out_of_balancer(), asked)
    real = seen.reals.get(out.destination_mac)
    if real is None:
        raise LabError(f"sent to no real server: {out.describe()}")
    request = [
        (f"{client}, eth0", asked),
        (f"switch, port {client}", _first(seen.requests(f"sw-{client}"), asked)),
        (f"switch, port {balancer}: in", _first(seen.into_balancer(), asked)),
        (f"switch, port {balancer}: out", out),
        (f"switch, port {real}", _first(seen.requests(f"sw-{real}"), asked)),
        (f"{real}, eth0", _first(seen.requests(real), asked)),
    ]
    replies = (s for s in seen.replies(real) if s.flow == asked.reversed_flow and s.payload)
    made = next(replies, None)
    if made is None:
        raise LabError(f"{real} sent no reply to {asked.describe()}")
    places = [(f"{real}, eth0", real), (f"switch, port {real}", f"sw-{real}")]
    places += [(f"switch, port {client}", f"sw-{client}"), (f"{client}, eth0", client)]
    reply = [(where, _first(seen.replies(point), made)) for where, point in places]
    return _hops(request), _hops(reply)


def table(hops: Sequence[Hop]) -> list[str]:
    """The hops as lines; a field that differs from the hop before is marked by a star, and the
    changed bytes are given by their offsets."""
    rows: list[tuple[str, ...]] = [("", *(f" {name}" for name in COLUMNS))]
    last: tuple[str, ...] | None = None
    for hop in hops:
        marks = [
            f"*{now}" if last is not None and now != before else f" {now}"
            for now, before in zip(hop.fields, last or hop.fields, strict=True)
        ]
        rows.append((hop.where, *marks))
        last = hop.fields
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = [
        " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    for hop in hops:
        if hop.changed:
            lines.append(f"* {hop.where}: {ranges(hop.changed)} changed, of {len(hop.frame)} bytes")
    return lines


def ranges(offsets: Sequence[int]) -> str:
    """Offsets as ranges: "bytes 0-5, 11"."""
    parts: list[list[int]] = []
    for at in offsets:
        if parts and parts[-1][1] + 1 == at:
            parts[-1][1] = at
        else:
            parts.append([at, at])
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in parts]
    return f"bytes {', '.join(texts)}"
