# SPDX-License-Identifier: Apache-2.0
"""Who is asked what: the checks of a configuration's real servers, each of them made once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from dsrlb.config import Config, Health, Service
from dsrlb.config.health import CONNECTING
from dsrlb.config.values import IPNetwork
from dsrlb.control.desired.contents import RealId
from dsrlb.control.probing.spots import Member
from dsrlb.dataplane.keys import IPAddress
from dsrlb.dataplane.methods import methods
from dsrlb.health.protocol import Check, Method, Target, check_of


@dataclass(frozen=True, slots=True)
class Checks:
    """``targets``: what is to be checked; ``reals``: whom it is true of, by the target's id (none
    of those that only have their answers timed); ``homeless``: who could not answer, because this
    host has no address for it."""

    targets: tuple[Target, ...] = ()
    reals: Mapping[str, tuple[RealId, ...]] = field(default_factory=dict)
    homeless: frozenset[RealId] = frozenset()

    @property
    def checked(self) -> frozenset[RealId]:
        """All whose checks tell something."""
        return frozenset(real for reals in self.reals.values() for real in reals)


NOTHING = Checks()


@dataclass(frozen=True, slots=True)
class Way:
    """By which way a service's real servers are asked in one address family: what their targets
    have in common. ``first``: the address that stands for the first place in reals[]."""

    service: str
    vip: str
    method: Method
    gue_port: int
    first: IPAddress


class Question(NamedTuple):
    """A check, and who is asked it, by the target's id. ``tells``: whether they are up."""

    check: Check
    tells: bool
    members: Mapping[str, Member]


def _text(address: IPAddress) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


@lru_cache(maxsize=1024)
def _check(health: Health, port: int, host: str) -> Check:
    """The check as the process that makes it has it. ``host``: of those that send one, else ""."""
    values = health.model_dump()
    name = health.host.rpartition(":")[0] or health.host
    is_name = any(letter.isalpha() for letter in name) and "[" not in name
    values |= {"port": port, "host": host, "sni": ""}
    if health.type == "https":
        values["sni"] = health.sni or (name if is_name else "")
    return check_of(values)


def _host(health: Health, vip: IPAddress) -> str:
    given = health.type in ("http", "https")
    return (health.host or _text(vip)) if given else ""


def _checks(config: Config, service: Service, vip: IPAddress) -> Iterator[tuple[Check, bool]]:
    """What a service's real servers are asked, and whether that tells that they are up: there may
    be a check for nothing but the time that an answer takes, where the service's own tells none."""
    health = config.health_of(service)
    if health.type != "none":
        port = health.port or service.checked_port or 0
        yield _check(health, port, _host(health, vip)), True
    if service.probed and service.checked_port is not None and health.type not in CONNECTING:
        yield _check(Health(type="tcp"), service.checked_port, ""), False


def _way(service: Service, vip: IPAddress, prefix: IPNetwork) -> Way:
    name: Method = service.method  # type: ignore[assignment]  # modes and methods are Method's
    port = service.l3dsr.gue_port if service.l3dsr is not None else 0
    return Way(service.name, str(vip), name, port, prefix.network_address)


def _shared(service: Service, vip: IPAddress) -> tuple[object, ...]:
    """What else is equal where one check is true of several. Where replies come back a real server
    is asked at its own address, whatever the VIP is."""
    seen = None if methods()[service.method].replies else vip
    l3dsr = service.l3dsr
    return service.method, seen, (l3dsr.dscp, l3dsr.gue_port) if l3dsr else None


@lru_cache(maxsize=4096)
def _identity(what: str, real: str, port: int) -> str:
    """A target's id. Thousands of services may ask the same few real servers the same. ``real``:
    its address; ``port``: its own, 0: it has none."""
    return blake2b(f"{what} {real} {port}".encode(), digest_size=9).hexdigest()


@dataclass(frozen=True, slots=True)
class Piece:
    """The checks of one service in one address family. Who could not answer, because this host has
    no address for it, is ``homeless``."""

    way: Way | None = None
    questions: tuple[Question, ...] = ()
    homeless: frozenset[RealId] = frozenset()
    _made: dict[str, Target] = field(default_factory=dict, compare=False, repr=False)

    @property
    def checked(self) -> set[RealId]:
        """All whose checks tell something."""
        telling = (each.members.values() for each in self.questions if each.tells)
        return {member.real for members in telling for member in members}

    def target(self, identity: str, check: Check, member: Member) -> Target:
        """Somebody who is asked. Made when it is asked for: mostly another piece has it already."""
        known = self._made.get(identity)
        if known is None:
            assert self.way is not None
            known = self._made[identity] = _target(self.way, identity, check, member)
        return known


def piece_of(
    config: Config,
    service: Service,
    family: int,
    members: Iterable[Member],
    asked: Collection[RealId],
) -> Piece:
    """Of those whose MAC address is known, or was (``asked``: they are asked already)."""
    prefix = _prefix(config, family)
    if prefix is None or not config.is_probed(service):
        return Piece()
    vip = next(vip for vip in service.vip if vip.version == family)  # it stands for the others
    sorry = service.sorry.address if service.sorry else ()
    there = [
        member
        for member in members
        if (member.resolved or member.real in asked) and member.real.address not in sorry
    ]
    homeless = frozenset(member.real for member in there if member.spot.source is None)
    if homeless:
        there = [member for member in there if member.real not in homeless]
    ports, shared = _own_ports(config, service), _shared(service, vip)
    questions = []
    for check, tells in _checks(config, service, vip):
        what = repr((shared, check, tells))
        asking = {
            _identity(what, member.spot.real, ports.get(member.real.address, 0) if ports else 0): (
                member
            )
            for member in there
        }
        questions.append(Question(check, tells, asking))
    return Piece(_way(service, vip, prefix), tuple(questions), homeless)


def put_together(pieces: Iterable[Piece]) -> Checks:
    """Of several services: a check that they share is made once, by the way of the first."""
    targets: dict[str, Target] = {}
    reals: dict[str, tuple[RealId, ...]] = {}
    others: dict[str, list[RealId]] = {}
    homeless: set[RealId] = set()
    for piece in pieces:
        homeless |= piece.homeless
        for check, tells, members in piece.questions:
            for identity, member in members.items():
                if identity not in targets:
                    targets[identity] = piece.target(identity, check, member)
                    if tells:
                        reals[identity] = (member.real,)
                elif tells:
                    others.setdefault(identity, []).append(member.real)
    for identity, more in others.items():
        reals[identity] += tuple(more)
    return Checks(tuple(targets.values()), reals, frozenset(homeless))


def _prefix(config: Config, family: int) -> IPNetwork | None:
    """What probes of a family are sent to."""
    return next((one for one in config.balancer.probe_prefix if one.version == family), None)


def _own_ports(config: Config, service: Service) -> dict[IPAddress, int]:
    """The ports that real servers have of their own."""
    reals = config.reals_of(service)
    return {address: real.port for real in reals if real.port for address in real.address}


def _target(way: Way, identity: str, check: Check, member: Member) -> Target:
    spot = member.spot
    return Target(
        id=identity,
        name=f"{way.service} {spot.real}",
        address=str(way.first + member.place),
        port=check.port,
        check=check,
        vip=way.vip,
        service=way.service,
        real=spot.real,
        method=way.method,
        interface=spot.interface,
        source=str(spot.source),
        mac=spot.mac,
        routed=spot.routed,
        gue_port=way.gue_port,
    )
