# SPDX-License-Identifier: Apache-2.0
"""Who is asked what: the checks of a configuration's real servers, each of them made once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b

from dsrlb.config import Config, Health, Service
from dsrlb.config.health import CONNECTING
from dsrlb.config.values import IPNetwork
from dsrlb.control.desired import RESOLVED, RealId, Resolution, ServiceId
from dsrlb.control.installed import InstalledReal
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
    vip: IPAddress
    port: int
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


def _ways(config: Config) -> Mapping[ServiceId, _Way]:
    """A service's first VIP of a family stands for the others."""
    found = {}
    for service in config.service:
        if not config.is_probed(service):
            continue
        health = config.health_of(service)
        for vip in reversed(service.vip):
            port = health.port or service.checked_port or 0
            checks = []
            if health.type != "none":
                checks.append((_check(health, port, vip), True))
            timing = _timing(service, vip)
            if timing is not None and health.type not in CONNECTING:
                checks.append((timing[0], False))
            found[ServiceId(service.name, vip.version)] = _Way(
                service, vip, port, _method(service), tuple(checks), _shared(service, vip)
            )
    return found


def _method(service: Service) -> Method:
    name: Method = service.method  # type: ignore[assignment]  # modes and methods are Method's
    return name


def _shared(service: Service, vip: IPAddress) -> tuple[object, ...]:
    """Where replies come back a real server is asked at its own address, whatever the VIP is."""
    seen = None if methods()[service.method].replies else vip
    l3dsr = service.l3dsr
    return service.method, seen, (l3dsr.dscp, l3dsr.gue_port) if l3dsr else None


def checks_of(
    config: Config,
    reals: Mapping[RealId, InstalledReal],
    ends: Mapping[RealId, Ends],
    found: Mapping[RealId, Resolution],
    asked: Collection[RealId],
) -> Checks:
    """Of the real servers in the maps whose MAC address is known, or was (``asked``: they are asked
    already). ``ends``: what a probe goes between; ``found``: where they are."""
    prefixes: dict[int, IPNetwork] = {one.version: one for one in config.balancer.probe_prefix}
    ways = _ways(config)
    own_ports = _own_ports(config, ways)
    targets: dict[str, Target] = {}
    names: dict[str, list[RealId]] = {}
    homeless = set()
    for real, entry in reals.items():
        way, prefix = ways.get(real.service), prefixes.get(real.service.family)
        if way is None or prefix is None or real not in ends or real not in found:
            continue
        if real.address in _sorry(way.service):
            continue
        if not entry.content.flags & RESOLVED and real not in asked:
            continue
        source = ends[real].source
        if source is None:
            homeless.add(real)
            continue
        own = own_ports.get(real, 0)
        target = _target(way, real, prefix.network_address + entry.index, source, found[real])
        for check, tells in way.checks:
            identity = _identity(way, real, check, own, tells)
            targets.setdefault(identity, replace(target, id=identity, check=check, port=check.port))
            if tells:
                names.setdefault(identity, []).append(real)
    return Checks(
        tuple(targets.values()),
        {identity: tuple(members) for identity, members in names.items()},
        frozenset(homeless),
    )


def _sorry(service: Service) -> tuple[IPAddress, ...]:
    return service.sorry.address if service.sorry else ()


def _own_ports(config: Config, ways: Iterable[ServiceId]) -> dict[RealId, int]:
    """The ports that real servers have of their own."""
    families: dict[str, list[int]] = {}
    for identity in ways:
        families.setdefault(identity.name, []).append(identity.family)
    return {
        RealId(ServiceId(service.name, family), address): real.port
        for service in config.service
        for family in families.get(service.name, ())
        for real in config.reals_of(service)
        if real.port
        for address in real.address
    }


def _target(
    way: _Way, real: RealId, address: IPAddress, source: IPAddress, where: Resolution
) -> Target:
    """All but the check."""
    l3dsr = way.service.l3dsr
    return Target(
        id="",
        name=f"{real.service.name} {real.address}",
        address=str(address),
        port=way.port,
        check=way.checks[0][0],
        vip=str(way.vip),
        service=real.service.name,
        real=str(real.address),
        method=way.method,
        interface=where.link.name if where.link else "",
        source=str(source),
        mac=where.mac or "",
        routed=where.via is not None,
        gue_port=l3dsr.gue_port if l3dsr is not None else 0,
    )


def _identity(way: _Way, real: RealId, check: Check, own_port: int, tells: bool) -> str:
    key = (way.shared, real.address, check, own_port, tells)
    return blake2b(repr(key).encode(), digest_size=9).hexdigest()
