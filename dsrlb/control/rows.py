# SPDX-License-Identifier: Apache-2.0
"""What the balancer shows of itself (dsrlb.control.views). Called between two changes, so that
configuration, maps and MAC table are of one moment."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from dsrlb import __version__
from dsrlb.config import Config, Real, Service, digest
from dsrlb.control.balancer import Balancer
from dsrlb.control.desired.contents import USABLE, DesiredPath, RealId, Resolution, ServiceId
from dsrlb.control.desired.real import TICK_NS
from dsrlb.control.flows.counters import FamilyTotals, flow_events, loads, response
from dsrlb.control.health.condition import WHOLE, Condition
from dsrlb.control.macs.table import Found
from dsrlb.control.maps.installed import InstalledService
from dsrlb.control.revisions import history
from dsrlb.control.statusviews import StatusView
from dsrlb.control.views import MacRow, PoolView, RealRow, ServiceRow, StatsRow
from dsrlb.dataplane.methods import methods
from dsrlb.net.links import IPAddress


def _family(version: int) -> str:
    return f"ipv{version}"


def _each_service(config: Config) -> Iterator[tuple[Service, ServiceId]]:
    for service in config.service:
        for version in sorted({vip.version for vip in service.vip}):
            yield service, ServiceId(service.name, version)


def _each_real(
    config: Config, service: Service, identity: ServiceId
) -> Iterator[tuple[Real, RealId]]:
    for real in config.members_of(service):
        address = config.address_for(service, real, identity.family)
        if address is not None:
            yield real, RealId(identity, address)


def status(
    balancer: Balancer, totals: Mapping[int, FamilyTotals], file: Path | None, file_differs: bool
) -> StatusView:
    """The balancer at a glance. ``totals``: flows by family (4, 6). ``file``: where its
    configuration came from."""
    config = balancer.config
    return {
        "instance": balancer.paths.instance,
        "pid": os.getpid(),
        "version": __version__,
        "started": balancer.started,
        "config_hash": digest(config),
        "file": str(file) if file else None,
        "file_differs": file_differs,
        "interfaces": [
            {
                "name": entry.name,
                "state": "attached" if entry.attached else "detached",
                "driver": entry.driver,
                "xdp_mode": entry.xdp_mode or "",
                "reason": entry.reason,
            }
            for entry in balancer.attachments.status.values()
        ],
        "services": len(config.service),
        "reals": sum(len(config.reals_of(service)) for service in config.service),
        "flows": {
            _family(version): {
                "open": sums.open,
                "pending": sums.pending,
                "capacity": sums.capacity,
                "closing": sums.closing,
                "pending_capacity": sums.pending_capacity,
                "used": sums.used,
                "pending_used": sums.pending_used,
            }
            for version, sums in totals.items()
        },
        "flow_events": flow_events(balancer.dataplane.maps, balancer.dataplane.artifact),
        "attach_seconds": round(balancer.attach_seconds, 3),
        "headers": balancer.dataplane.artifact.headers,
        "bytecode": "cached" if balancer.dataplane.artifact.cached else "compiled",
        "revisions": history.glance(balancer.log),
        "checks": balancer.conditions.trouble,
    }


def services(balancer: Balancer) -> list[ServiceRow]:
    """Every service, one row per address family."""
    installed, config = balancer.applier.installed, balancer.config
    ids = [entry.id for entry in installed.services.values()]
    maps = balancer.dataplane.maps
    traffic = maps["service_traffic"].sum_over_cpus(ids)
    opened, pending = loads(maps, "open"), loads(maps, "pending")
    rows: list[ServiceRow] = []
    for service, identity in _each_service(config):
        place = installed.services[identity]
        reals = {
            key: installed.reals[key]
            for real, key in _each_real(config, service, identity)
            if real is not service.sorry
        }
        usable = {key for key, real in reals.items() if real.content.flags & USABLE}
        all_down = balancer.all_down.engaged.get(identity)
        if all_down == "all-up":
            usable.difference_update(place.content.schedule)  # who is down, as if it were up
        rows.append(
            {
                "name": service.name,
                "vip": [str(ip) for ip in service.vip if ip.version == identity.family],
                "protocol": service.protocol,
                "port": [ports.plain for ports in service.port],
                "mode": service.mode,
                "algorithm": service.algorithm,
                "family": _family(identity.family),
                "reals_up": len(usable),
                "reals": len(reals),
                "all_down": all_down,
                "open": int(sum(opened[real.index] for real in reals.values())),
                "pending": int(sum(pending[real.index] for real in reals.values())),
                "packets": int(traffic["packets"][place.id]),
                "bytes": int(traffic["bytes"][place.id]),
                "new": int(traffic["flows"][place.id]),
                "reply_packets": int(traffic["reply_packets"][place.id]),
                "reply_bytes": int(traffic["reply_bytes"][place.id]),
                "pool": _pool(balancer, place, int(traffic["exhausted"][place.id])),
            }
        )
    return rows


def _pool(balancer: Balancer, place: InstalledService, exhausted: int) -> PoolView | None:
    addresses = place.content.pool
    if not addresses:
        return None
    flows = balancer.keeper.pool_flows
    used = 0 if flows is None else int(flows[place.pool : place.pool + len(addresses)].sum())
    return {"addresses": list(map(str, addresses)), "flows": used, "exhausted": exhausted}


def reals(balancer: Balancer, service: str | None) -> list[RealRow]:
    """The reals of one service or of all; none when there is no such service."""
    installed, config = balancer.applier.installed, balancer.config
    indices = [entry.index for entry in installed.reals.values()]
    maps = balancer.dataplane.maps
    traffic = maps["real_traffic"].sum_over_cpus(indices)
    opened, pending = loads(maps, "open"), loads(maps, "pending")
    found = balancer.macs.resolutions()
    rows: list[RealRow] = []
    for entry, identity in _each_service(config):
        if service is not None and entry.name != service:
            continue
        for real, key in _each_real(config, entry, identity):
            index = installed.reals[key].index
            timed = entry.algorithm == "fastest-response-time"
            answered = response(maps, index, time.monotonic_ns()) if timed else None
            where = with_source(entry, key, found[key], balancer.applier.paths.content)
            condition = balancer.conditions.of(key)
            state, reason, since = _standing(
                real, where, condition, balancer.macs.since(key), sorry=real is entry.sorry
            )
            rows.append(
                {
                    "service": entry.name,
                    "address": str(key.address),
                    "port": real.port or None,
                    "weight": real.weight,
                    "state": state,
                    "reason": reason,
                    "since": since,
                    "open": int(opened[index]),
                    "pending": int(pending[index]),
                    "packets": int(traffic["packets"][index]),
                    "bytes": int(traffic["bytes"][index]),
                    "new": int(traffic["flows"][index]),
                    "reply_packets": int(traffic["reply_packets"][index]),
                    "reply_bytes": int(traffic["reply_bytes"][index]),
                    "mac": where.mac,
                    "interface": where.link.name if where.link else None,
                    "response_ms": answered.milliseconds if answered else None,
                    "response_age": answered.age if answered else None,
                    "verdict": condition.verdict or None,
                    "share": 100 * condition.share // WHOLE,
                    "sorry": real is entry.sorry,
                }
            )
    return rows


def _standing(
    real: Real, where: Resolution, condition: Condition, since: str, *, sorry: bool
) -> tuple[str, str, str]:
    """State, reason and since when. What an operator or checks say goes before an address that is
    not known; ``since``: of the address."""
    if condition.state != "up":
        reason = "; ".join(filter(None, (condition.reason, where.reason)))
        return condition.state, reason, condition.since
    if not where.fresh:
        return "unresolved", where.reason, since
    reasons = ("sorry server" if sorry else "", condition.reason, where.reason)
    reason = "; ".join(filter(None, reasons)) or ("" if real.weight else "weight 0")
    if condition.share < WHOLE:
        return "up", reason, condition.since
    return "up", reason, max(condition.since, since)


def with_source(
    service: Service, key: RealId, where: Resolution, paths: Mapping[IPAddress, DesiredPath]
) -> Resolution:
    """The resolution; unresolved where a tunnel has nothing to send from."""
    path = paths.get(key.address)
    if path is None or any(path.source) or not methods()[service.method].outer[key.address.version]:
        return where
    family = f"IPv{key.address.version}"
    reason = f"no {family} address here to send tunnelled packets from: balancer.tunnel_source"
    return replace(where, fresh=False, reason=reason) if where.fresh else where


def macs(balancer: Balancer) -> list[MacRow]:
    """The MAC table."""
    paths, now = balancer.applier.paths, time.monotonic_ns() // TICK_NS
    return [
        _mac(address, found, paths.lowered(address, now)) for address, found in balancer.macs.rows()
    ]


def _mac(address: IPAddress, found: Found, path_mtu: int | None) -> MacRow:
    where = found.where
    link = where.link
    return {
        "address": str(address),
        "via": str(where.via) if where.via else None,
        "mac": where.mac,
        "interface": link.name if link else None,
        "vlan": where.vlan or None,
        "mtu": where.mtu or link.mtu if link else None,
        "path_mtu": path_mtu,
        "hops": [
            {
                "via": str(via) if via else None,
                "mac": hop.mac,
                "interface": hop.link.name,
                "vlan": hop.vlan or None,
            }
            for hop, via in zip(where.hops, found.vias, strict=True)
        ],
        "state": "resolved" if where.fresh else "unresolved",
        "source": where.source,
        "reason": where.reason,
        "since": found.since,
    }


def stats(balancer: Balancer) -> list[StatsRow]:
    """Packets by interface and reason; last what probes leave by."""
    counters = balancer.attachments.counters()
    reasons = [reason.name for reason in balancer.dataplane.artifact.reasons]
    probes = balancer.probes.attachment
    return [
        {
            "interface": entry.name,
            "ifindex": entry.ifindex,
            "driver": entry.driver,
            "xdp_mode": entry.xdp_mode or "",
            "attached": entry.attached,
            "reasons": dict(zip(reasons, counters[entry.number].tolist(), strict=False)),
        }
        for entry in (*balancer.attachments.status.values(), *((probes,) if probes else ()))
    ]
