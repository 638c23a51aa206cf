# SPDX-License-Identifier: Apache-2.0
"""Promises of the modes that change addresses: replies come back through the balancer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lablib.crossings import Crossings, Ends, content, ends, turned
from lablib.evidence import Evidence, Pair
from lablib.frames import Header, Segment, checksum
from lablib.promises.checks import Promise, each, promise, routed, same_frames
from lablib.promises.common import all_answered, delivered, from_the_vip, neighbours, served_at
from lablib.topology import PORTS

_ECN = 3


@dataclass(frozen=True, slots=True)
class Translation:
    """What the modes differ in. ``ttl``: what is taken off it."""

    seen: Evidence
    crossed: Crossings
    ttl: int = 1
    pooled: bool = False  # requests come to real servers from an address of the pool

    @property
    def homes(self) -> dict[Ends, set[Ends]]:
        """By each flow that clients began, what it was behind the balancer: one flow, if all is
        well."""
        found: dict[Ends, set[Ends]] = defaultdict(set)
        for before, after in self.crossed.requests:
            found[ends(before)].add(ends(after))
        return found

    def real_port(self, vip_port: int) -> int:
        """The port that real servers serve what is on a port of the VIP."""
        topology = self.seen.topology
        ports = {port: topology.real_port(name) for name, port in PORTS.items()}
        return ports.get(vip_port, vip_port)


def _rest(header: Header) -> bytes:
    """An IP header without TTL, checksum and addresses."""
    first = 12 if header.version == 4 else 8
    size = 8 if header.version == 4 else 32
    data = header.blanked
    return data[:first] + data[first + size :]


def _checksums_right(before: Segment, after: Segment) -> bool:
    """Where the capture cut the frame: right if it was right before. What is not to be seen has not
    changed, so the sum of what may have changed must be the same."""
    right = after.checksums_right()
    if right is None:
        return after.ip.checksum_right and _changing(before) == _changing(after)
    return right


def _changing(found: Segment) -> int:
    """The sum (RFC 1071) of addresses, ports and the checksum; 0 and 0xFFFF are the same in it."""
    ports = found.frame.data[found.l4 : found.l4 + 4]
    data: bytes = found.source.packed + found.destination.packed + ports
    return checksum(data + bytes.fromhex(found.l4_checksum)) % 0xFFFF


def once(name: str, before: list[Segment], after: list[Segment]) -> Promise:
    """Nothing is lost, nor sent twice."""
    name = f"{name}: each frame leaves the balancer exactly once"
    return same_frames(name, before, after, (content, content))


def kept(name: str, both: list[Pair], ttl: int) -> Iterator[Promise]:
    """What both directions have in common. ``ttl``: what is taken off it."""
    words = f"TTL - {ttl}" if ttl else "TTL kept"
    yield each(f"{name}: {words}", both, lambda b, a: a.ip.ttl == b.ip.ttl - ttl)
    yield each(f"{name}: rest of the IP header kept", both, lambda b, a: _rest(a.ip) == _rest(b.ip))
    yield each(f"{name}: checksums right", both, _checksums_right)
    yield each(
        f"{name}: TCP and UDP kept, but for ports and checksum",
        both,
        lambda b, a: a.outer is None and content(a) == content(b),
    )


def requests(made: Translation, macs: Iterable[Promise]) -> Iterator[Promise]:
    """The row of requests. ``macs``: its promises of MAC addresses."""
    seen, both, name = made.seen, made.crossed.requests, "requests"
    yield once(name, seen.into_balancer(), seen.out_of_balancer())
    yield from macs
    if made.pooled:
        yield from _from_the_pool(made)
    else:
        yield each(f"{name}: src IP kept", both, lambda b, a: a.source == b.source)
        words = f"{name}: src port kept"
        yield each(words, both, lambda b, a: a.source_port == b.source_port)
    yield each(
        f"{name}: dst IP: a real server's in place of the VIP",
        both,
        lambda b, a: b.destination == seen.vip and a.destination in seen.real_addresses,
    )
    words = "the real server's" if seen.topology.real_ports else "kept"
    yield each(
        f"{name}: dst port {words}",
        both,
        lambda b, a: a.destination_port == made.real_port(b.destination_port),
    )
    marked = [pair for pair in both if pair[0].ip.tos & _ECN and pair[0].ip.tos & ~_ECN]
    words = f"{name}: DSCP and ECN kept (set by the client)"
    yield each(words, marked, lambda b, a: a.ip.tos == b.ip.tos)
    yield from kept(name, both, made.ttl)


def _from_the_pool(made: Translation) -> Iterator[Promise]:
    """Source address and port of one-arm."""
    pool, both = made.seen.topology.pool, made.crossed.requests
    yield each(
        "requests: src IP: one of the pool's in place of the client's",
        both,
        lambda b, a: b.source not in pool and a.source in pool,
    )
    name = "requests: src port of the pool's: 1024-65535"
    yield each(name, both, lambda _, a: 1024 <= a.source_port <= 65535)
    owners: dict[Ends, set[Ends]] = defaultdict(set)
    for flow, behind in made.homes.items():
        for one in behind:
            owners[one].add(flow)
    shared = [f"{sorted(map(str, who))} are {flow}" for flow, who in owners.items() if len(who) > 1]
    name = "requests: src IP and port of the pool's: no two flows have the same at a real server"
    yield promise(name, len(both), "; ".join(shared[:1]))


def stays(made: Translation) -> Promise:
    """A flow has one real server, and where it is given one, one address and port of the pool."""
    moved = [
        f"{flow} became {sorted(map(str, behind))}"
        for flow, behind in made.homes.items()
        if len(behind) > 1
    ]
    name = "a connection stays on its real server"
    if made.pooled:
        name += ", and at its address and port of the pool"
    return promise(name, len(made.crossed.requests), "; ".join(moved[:1]))


def replies(made: Translation, macs: Iterable[Promise]) -> Iterator[Promise]:
    """The row of replies. ``macs``: its promises of MAC addresses."""
    seen, both, name = made.seen, made.crossed.replies, "replies"
    owners = {one: flow for flow, behind in made.homes.items() for one in behind}
    yield once(name, seen.replies_in(), seen.replies_out())
    yield from macs
    yield each(
        f"{name}: src IP: the VIP in place of the real server's",
        both,
        lambda b, a: b.source in seen.real_addresses and a.source == seen.vip,
    )
    if made.pooled:
        pool = seen.topology.pool
        yield each(
            f"{name}: dst IP: the client's in place of the pool's",
            both,
            lambda b, a: b.destination in pool and a.destination == _flow(owners, b)[1],
        )
    else:
        yield each(f"{name}: dst IP kept", both, lambda b, a: a.destination == b.destination)
    yield each(
        f"{name}: ports restored: those of the flow that the real server answers",
        both,
        lambda b, a: (a.destination_port, a.source_port) == _flow(owners, b)[3:],
    )
    marked = [pair for pair in both if pair[0].ip.tos & _ECN]
    words = f"{name}: ECN kept (set by the real server)"
    yield each(words, marked, lambda b, a: a.ip.tos & _ECN == b.ip.tos & _ECN)
    yield from kept(name, both, made.ttl)


def _flow(owners: Mapping[Ends, Ends], reply: Segment) -> Ends:
    """The flow, as its client began it, that a real server answers."""
    return owners.get(turned(ends(reply)), (None, None, None, 0, 0))


def around(made: Translation) -> Iterator[Promise]:
    """What happens before and behind the balancer."""
    seen = made.seen
    yield delivered(seen)
    yield stays(made)
    yield _at_its_own_address(seen)
    yield _came_back(seen)
    yield _arrived(seen)
    yield all_answered(seen)
    yield from_the_vip(seen)
    yield neighbours(seen)


def _at_its_own_address(seen: Evidence) -> Promise:
    version = seen.vip.version
    answers = [
        (found, address)
        for real in seen.reals.values()
        if (address := seen.node(real).address(version)) is not None
        for found in seen.replies(real)
    ]
    return served_at("on the real server, requests arrive at its own address", answers)


def _came_back(seen: Evidence) -> Promise:
    """Replies, as each real server made them, come to the balancer, and to nobody else."""
    wrong, checked = list[str](), 0
    for real in seen.reals.values():
        made = seen.replies(real)
        own = [one for one in seen.replies_in() if seen.real_addresses.get(one.source) == real]
        checked += len(made)
        if made or own:
            found = same_frames("", made, own, routed(len(seen.to_balancer(real)) - 1))
            wrong += [f"{real}: {found.detail}"] * (not found.ok)
    name = "replies: all come to the balancer, as their real server made them"
    return promise(name, checked, "; ".join(wrong[:1]))


def _arrived(seen: Evidence) -> Promise:
    """Replies, as the balancer sent them, come to the client."""
    routers = len(seen.to_client(next(iter(seen.reals.values())))) - 1
    name = "replies: arrive at the client as the balancer sent them"
    if routers:
        name += ", but for what a router does (TTL - 1, IPv4 checksum)"
    return same_frames(name, seen.replies_out(), seen.replies(seen.client.name), routed(routers))


def egress_macs(made: Translation) -> tuple[list[Promise], list[Promise]]:
    """The promises of MAC addresses of modes that route: of requests, of replies."""
    seen = made.seen
    hops = {real: seen.to_real(real)[0] for real in seen.reals.values()}
    back = seen.to_client(next(iter(hops)))[0]
    there = next(iter(hops.values())).source_mac

    def next_hop(_: Segment, after: Segment) -> bool:
        real = seen.real_of(after)
        return real is not None and after.destination_mac == hops[real].destination_mac

    return [
        each(
            "requests: src MAC: the balancer's, of the port they leave by",
            made.crossed.requests,
            lambda _, a: a.source_mac == there,
        ),
        each(
            "requests: dst MAC: the real server's, or the next hop's to it",
            made.crossed.requests,
            next_hop,
        ),
    ], [
        each(
            "replies: src MAC: the balancer's, of the port they leave by",
            made.crossed.replies,
            lambda _, a: a.source_mac == back.source_mac,
        ),
        each(
            "replies: dst MAC: the client's, or the next hop's to it",
            made.crossed.replies,
            lambda _, a: a.destination_mac == back.destination_mac,
        ),
    ]


def translated(
    made: Translation, macs: tuple[Iterable[Promise], Iterable[Promise]]
) -> list[Promise]:
    """The table's rows for a mode. ``macs``: its promises of MAC addresses, of both rows."""
    return [*requests(made, macs[0]), *replies(made, macs[1]), *around(made)]
