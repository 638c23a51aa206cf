# SPDX-License-Identifier: Apache-2.0
"""Who is asked what: the checks of a configuration's real servers, each of them made once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from dsrlb.config import Config, Health, Service
from dsrlb.config.health import CONNECTING
from dsrlb.config.values import IPNetwork
from dsrlb.control.desired.contents import RealId, Resolution
from dsrlb.control.probing.targets import Ends
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
class _Way:
    """By which way a service's real servers are asked in one address family, and how. ``shared``:
    what else is equal where one check is true of several."""

    service: Service
    vip: str
    method: Method
    checks: tuple[tuple[Check, bool], ...]  # does it tell whether the real server is up?
    shared: tuple[object, ...]


def _text(address: IPAddress) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


@lru_cache(maxsize=1024)
def _check(health: Health, port: int, vip: IPAddress) -> Check:
    """The check as the process that makes it has it."""
    values = health.model_dump()
    host = health.host or _text(vip)
    name = health.host.rpartition(":")[0] or health.host
    is_name = any(letter.isalpha() for letter in name) and "[" not in name
    given = health.type in ("http", "https")
    values |= {"port": port, "host": host if given else "", "sni": ""}
    if health.type == "https":
        values["sni"] = health.sni or (name if is_name else "")
    return check_of(values)


def _timing(service: Service, vip: IPAddress) -> tuple[Check, int] | None:
    """A check for nothing but the time that an answer takes, where a service's own tells none."""
    port = service.checked_port
    if not service.probed or port is None:
        return None
    return _check(Health(type="tcp"), port, vip), port


def _way(config: Config, service: Service, family: int) -> _Way | None:
    """A service's first VIP of a family stands for the others. None: nobody is asked."""
    if not config.is_probed(service):
        return None
    vip = next(vip for vip in service.vip if vip.version == family)
    health = config.health_of(service)
    port = health.port or service.checked_port or 0
    checks = []
    if health.type != "none":
        checks.append((_check(health, port, vip), True))
    timing = _timing(service, vip)
    if timing is not None and health.type not in CONNECTING:
        checks.append((timing[0], False))
    return _Way(service, str(vip), _method(service), tuple(checks), _shared(service, vip))


def _method(service: Service) -> Method:
    name: Method = service.method  # type: ignore[assignment]  # modes and methods are Method's
    return name


def _shared(service: Service, vip: IPAddress) -> tuple[object, ...]:
    """Where replies come back a real server is asked at its own address, whatever the VIP is."""
    seen = None if methods()[service.method].replies else vip
    l3dsr = service.l3dsr
    return service.method, seen, (l3dsr.dscp, l3dsr.gue_port) if l3dsr else None


@dataclass(frozen=True, slots=True)
class Piece:
    """The checks of one service in one address family; as Checks has them."""

    targets: Mapping[str, Target] = field(default_factory=dict)
    reals: Mapping[str, tuple[RealId, ...]] = field(default_factory=dict)
    homeless: frozenset[RealId] = frozenset()


def piece_of(
    config: Config,
    service: Service,
    family: int,
    places: Mapping[RealId, tuple[int, bool]],
    ends: Mapping[RealId, Ends],
    found: Mapping[RealId, Resolution],
    asked: Collection[RealId],
) -> Piece:
    """Of those whose MAC address is known, or was (``asked``: they are asked already).

    ``places``: of its real servers in reals[], and whether their MAC addresses are known; ``ends``:
    what a probe goes between; ``found``: where they are.
    """
    way, prefix = _way(config, service, family), _prefix(config, family)
    if way is None or prefix is None:
        return Piece()
    own_ports, sorry = _own_ports(config, service), _sorry(service)
    asking = [(check, tells, repr((way.shared, check, tells))) for check, tells in way.checks]
    targets: dict[str, Target] = {}
    names: dict[str, list[RealId]] = {}
    homeless = set()
    for real, (index, resolved) in places.items():
        if real not in ends or real.address in sorry:
            continue
        if not resolved and real not in asked:
            continue
        source = ends[real].source
        if source is None:
            homeless.add(real)
            continue
        own, text = own_ports.get(real.address, 0) if own_ports else 0, str(real.address)
        for check, tells, what in asking:
            identity = blake2b(f"{what} {text} {own}".encode(), digest_size=9).hexdigest()
            if identity not in targets:
                address = prefix.network_address + index
                targets[identity] = _target(
                    way, check, identity, text, address, source, found[real]
                )
            if tells:
                names.setdefault(identity, []).append(real)
    reals = {identity: tuple(members) for identity, members in names.items()}
    return Piece(targets, reals, frozenset(homeless))


def put_together(pieces: Iterable[Piece]) -> Checks:
    """Of several services: a check that they share is made once, by the way of the first."""
    targets: dict[str, Target] = {}
    reals: dict[str, tuple[RealId, ...]] = {}
    homeless: set[RealId] = set()
    for piece in pieces:
        if targets.keys().isdisjoint(piece.targets):
            targets.update(piece.targets)
            reals.update(piece.reals)
        else:
            targets = {**piece.targets, **targets}
            for identity, members in piece.reals.items():
                reals[identity] = reals.get(identity, ()) + members
        homeless |= piece.homeless
    return Checks(tuple(targets.values()), reals, frozenset(homeless))


def _prefix(config: Config, family: int) -> IPNetwork | None:
    """What probes of a family are sent to."""
    return next((one for one in config.balancer.probe_prefix if one.version == family), None)


def _sorry(service: Service) -> tuple[IPAddress, ...]:
    return service.sorry.address if service.sorry else ()


def _own_ports(config: Config, service: Service) -> dict[IPAddress, int]:
    """The ports that real servers have of their own."""
    reals = config.reals_of(service)
    return {address: real.port for real in reals if real.port for address in real.address}


def _target(
    way: _Way,
    check: Check,
    identity: str,
    real: str,
    address: IPAddress,
    source: IPAddress,
    where: Resolution,
) -> Target:
    """``real``: the real server's address; ``address``: that probes of it are sent to."""
    service = way.service
    l3dsr = service.l3dsr
    return Target(
        id=identity,
        name=f"{service.name} {real}",
        address=str(address),
        port=check.port,
        check=check,
        vip=way.vip,
        service=service.name,
        real=real,
        method=way.method,
        interface=where.link.name if where.link else "",
        source=str(source),
        mac=where.mac or "",
        routed=where.via is not None,
        gue_port=l3dsr.gue_port if l3dsr is not None else 0,
    )
