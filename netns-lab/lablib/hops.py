# SPDX-License-Identifier: Apache-2.0
"""One request and its reply, followed from hop to hop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lablib.crossings import became, crossings
from lablib.evidence import Evidence
from lablib.frames import ETHERNET, Header, Segment
from lablib.shell import LabError
from lablib.topology import Leg, sights

_START = b"GET /name"
Sights = list[tuple[str, str, Segment]]
"""Capture point, the same for people, the frame there."""
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
OUTER = ("src IP", "dst IP", "protocol", "ports", "DSCP", "ECN", "TTL")


@dataclass(frozen=True, slots=True)
class Hop:
    """One sight of the frame.

    ``changed``: offsets in the frame of bytes that differ from the hop before. ``added``: first and
    end of a tunnel's headers, if they were not there before; ``removed``: how many bytes of a
    tunnel's headers are gone.
    """

    point: str  # the capture point
    where: str  # the same, for people
    found: Segment
    changed: tuple[int, ...] = ()
    added: tuple[int, int] = (0, 0)
    removed: int = 0

    @property
    def frame(self) -> bytes:
        """The bytes."""
        return self.found.frame.data

    @property
    def fields(self) -> dict[str, str]:
        """What COLUMNS names, for people."""
        found, ip = self.found, self.found.ip
        values = (
            found.source_mac,
            found.destination_mac,
            str(ip.source),
            str(ip.destination),
            f"{found.source_port}>{found.destination_port}",
            str(ip.tos >> 2),
            str(ip.tos & 3),
            str(ip.ttl),
            ip.checksum,
            found.l4_checksum,
        )
        return dict(zip(COLUMNS, values, strict=True))

    @property
    def outer(self) -> dict[str, str]:
        """What OUTER names, of the tunnel's headers; empty without a tunnel."""
        header = self.found.outer
        if header is None:
            return {}
        return dict(zip(OUTER, _outer(header, self.found.udp), strict=True))


def _outer(header: Header, udp: bytes) -> tuple[str, ...]:
    first, second = int.from_bytes(udp[0:2], "big"), int.from_bytes(udp[2:4], "big")
    return (
        str(header.source),
        str(header.destination),
        str(header.protocol),
        f"{first}>{second}" if udp else "-",
        str(header.tos >> 2),
        str(header.tos & 3),
        str(header.ttl),
    )


@dataclass(frozen=True, slots=True)
class Followed:
    """The hops of a request and of its reply, and the ways that they took."""

    request: tuple[Hop, ...]
    reply: tuple[Hop, ...]
    request_legs: tuple[Leg, ...]
    reply_legs: tuple[Leg, ...]


def _hops(seen: Sequence[tuple[str, str, Segment]]) -> tuple[Hop, ...]:
    hops: list[Hop] = []
    for point, where, found in seen:
        hops.append(_hop(point, where, hops[-1].found if hops else found, found))
    return tuple(hops)


def _hop(point: str, where: str, before: Segment, after: Segment) -> Hop:
    """Compare Ethernet with Ethernet, packet with packet, and tunnels of one size."""
    one, other = before.frame.data, after.frame.data
    shift = after.l3 - before.l3
    changed = [at for at in range(ETHERNET) if one[at] != other[at]]
    start = after.l3 if shift else ETHERNET
    end = min(len(other), len(one) + shift)
    changed += [at for at in range(start, end) if other[at] != one[at - shift]]
    added = (ETHERNET, after.l3) if shift > 0 else (0, 0)
    return Hop(point, where, after, tuple(changed), added, max(0, -shift))


def _first(found: Iterable[Segment], like: Segment) -> Segment:
    """The sight of the same TCP segment: flow, flags and payload, which a capture may cut."""
    for segment in found:
        same = (segment.flow, segment.flags) == (like.flow, like.flags)
        if same and like.payload.startswith(segment.payload) and segment.payload:
            return segment
    raise LabError(f"lost on the way: {like.describe()}")


def _along(legs: Sequence[Leg], like: Segment, at: Callable[[str], list[Segment]]) -> Sights:
    """The frame at every capture point of a way."""
    return [(point, where, _first(at(point), like)) for point, where in sights(legs)]


def follow(seen: Evidence) -> Followed:
    """The first HTTP request and its reply, at every place where tcpdump saw them; LabError when
    they cannot be followed from end to end."""
    client = seen.client.name
    asked = next((s for s in seen.requests(client) if s.payload.startswith(_START)), None)
    if asked is None:
        raise LabError(f"no HTTP request to {seen.vip} was captured at {client}")
    crossed = crossings(seen) if seen.topology.translates else None
    if crossed is None:
        out = _first(seen.out_of_balancer(), asked)
    else:
        out = became(crossed.requests, _first(seen.into_balancer(), asked))
    real = seen.real_of(out)
    if real is None:
        raise LabError(f"sent to no real server: {out.describe()}")
    there, onward = seen.topology.path(seen.client, seen.balancer), seen.to_real(real)
    request = _request(seen, there, asked) + _request(seen, onward, out if crossed else asked)
    made = next((s for s in seen.replies(real) if s.reversed_flow == out.flow and s.payload), None)
    if made is None:
        raise LabError(f"{real} sent no reply to {asked.describe()}")
    back, home = list[Leg](), seen.to_client(real)
    reply = Sights()
    if crossed is not None:
        back = seen.to_balancer(real)
        reply = _reply(seen, back, made)
        made = became(crossed.replies, reply[-1][2])
    reply += _reply(seen, home, made)
    return Followed(_hops(request), _hops(reply), (*there, *onward), (*back, *home))


def _request(seen: Evidence, legs: Sequence[Leg], like: Segment) -> Sights:
    """A request on its way to the balancer, or from it."""
    ends = {seen.inner_port: seen.out_of_balancer()}
    if legs[-1].receiver is seen.balancer:
        ends = {seen.outer_port: seen.into_balancer()}
    return _along(legs, like, lambda at: ends[at] if at in ends else seen.requests(at))


def _reply(seen: Evidence, legs: Sequence[Leg], like: Segment) -> Sights:
    """A reply on its way to the balancer, or from it, or past it."""
    ends = dict[str, list[Segment]]()
    if legs[-1].receiver is seen.balancer:
        ends = {seen.inner_port: seen.replies_in()}
    elif legs[0].sender is seen.balancer:
        ends = {seen.outer_port: seen.replies_out()}
    return _along(legs, like, lambda at: ends[at] if at in ends else seen.replies(at))


def table(hops: Sequence[Hop]) -> list[str]:
    """The hops as lines; a field that differs from the hop before is marked by a star, and the
    changed bytes are given by their offsets."""
    rows: list[tuple[str, ...]] = [("", *(f" {name}" for name in COLUMNS))]
    last: Hop | None = None
    for hop in hops:
        rows.append((hop.where, *marked(hop.fields, last.fields if last else {})))
        last = hop
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = [
        " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines += _tunnels(hops)
    for hop in hops:
        if changes(hop):
            lines.append(f"* {hop.where}: {changes(hop)}, of {len(hop.frame)} bytes")
    return lines


def _tunnels(hops: Sequence[Hop]) -> list[str]:
    """The tunnel's fields at each hop in one."""
    lines, last = list[str](), dict[str, str]()
    for hop in hops:
        if hop.outer:
            fields = zip(OUTER, marked(hop.outer, last), strict=True)
            words = "  ".join(f"{name} {value.strip()}" for name, value in fields if value != " -")
            lines.append(f"{hop.where}, in a tunnel: {words}")
        last = hop.outer
    return lines


def marked(fields: dict[str, str], before: dict[str, str]) -> list[str]:
    """The values, each behind a star if it differs, else behind a space."""
    return [
        f"*{value}" if before and before[name] != value else f" {value}"
        for name, value in fields.items()
    ]


def changes(hop: Hop) -> str:
    """Which bytes differ from the hop before."""
    parts = []
    if any(hop.added):
        first, end = hop.added
        parts.append(f"bytes {first}-{end - 1} added")
    if hop.removed:
        parts.append(f"{hop.removed} bytes removed")
    if hop.changed:
        parts.append(f"{ranges(hop.changed)} changed")
    return ", ".join(parts)


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
