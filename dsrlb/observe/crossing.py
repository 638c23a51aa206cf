# SPDX-License-Identifier: Apache-2.0
"""What services whose replies come back (modes bridge, router, one-arm, nat) need of this host, and
what their packets tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dsrlb.config import Bridge, Config, Service
from dsrlb.errors import DsrlbError
from dsrlb.net.bridges import Present, port_trouble
from dsrlb.net.links import list_links
from dsrlb.observe.findings import Finding

_GATEWAY = ("router", "nat")
_FORWARDING = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}
_SETTINGS = Path("/proc/sys")
_NAMED = 3


def crossing(config: Config, counted: Mapping[str, int]) -> Iterator[Finding]:
    """``counted``: packets by reason."""
    if config.bridge:
        try:
            present = list_links()
        except (DsrlbError, OSError) as error:
            yield Finding("bridges", False, str(error))
        else:
            for bridge in config.bridge:
                yield _bridge(bridge, present)
    for family in _FORWARDING:
        yield from _forwarding(config, family)
    yield from _reverse_path(config)
    yield from _hairpin(config, counted.get("hairpin", 0))
    yield from _exhausted(config, counted.get("pool-exhausted", 0))


def _bridge(bridge: Bridge, present: Present) -> Finding:
    name, device = f"bridge {bridge.name}", present.get(bridge.name)
    first, second = bridge.ports
    if device is None:
        advice = f"ip link add {bridge.name} type bridge, then its ports {first} and {second}"
        return Finding(name, False, "it is not there", advice)
    if device.kind != "bridge":
        return Finding(name, False, "it is not a bridge", "name one in [[bridge]]")
    trouble = port_trouble(bridge, device, present)
    if trouble is not None:
        return Finding(name, False, *trouble)
    return Finding(name, True, f"{first} and {second} forward, real servers on {bridge.reals_on}")


def _forwarding(config: Config, family: int) -> Iterator[Finding]:
    """Does the kernel route what is of no service? Real servers have no other way out."""
    behind = [
        service
        for service in config.service
        if service.mode in _GATEWAY and any(vip.version == family for vip in service.vip)
    ]
    if not behind:
        return
    setting = _FORWARDING[family]
    name = f"IPv{family} forwarding"
    try:
        value = _SETTINGS.joinpath(*setting.split(".")).read_text().strip()
    except OSError as error:
        yield Finding(name, None, f"{setting}: {error.strerror}")
        return
    if value != "0":
        yield Finding(name, True, "on")
        return
    advice = "replies of no service would not be routed"
    outbound = [one for one in behind if one.outbound and one.pool_for(family)]
    if outbound:
        advice = f"connections that the real servers of {_names(outbound)} open do not get out"
    ok = False if outbound else None
    yield Finding(name, ok, f"off ({setting} = 0)", f"{advice}: sysctl -w {setting}=1")


def _reverse_path(config: Config) -> Iterator[Finding]:
    """What a real server sends to a next hop whose MAC address is not known yet is left to the
    kernel with its new source, which strict filtering does not let in there."""
    outbound = [one for one in config.service if one.outbound and one.pool_for(4)]
    if not outbound:
        return
    strict = [name for name in config.balancer.interfaces if _filter_of(name) == 1]
    if not strict:
        yield Finding("rp_filter", True, "not strict on balancer.interfaces")
        return
    settings = " ".join(f"net.ipv4.conf.{name}.rp_filter=2" for name in strict)
    advice = (
        f"first packets of connections that the real servers of {_names(outbound)} open may be "
        f"lost: sysctl -w {settings}"
    )
    yield Finding("rp_filter", None, f"strict on {', '.join(strict)}", advice)


def _filter_of(name: str) -> int:
    """What is in force on an interface: the larger of its own value and that of all (0 if there is
    no such interface)."""
    try:
        values = [
            int((_SETTINGS / "net/ipv4/conf" / one / "rp_filter").read_text())
            for one in ("all", name)
        ]
    except (OSError, ValueError):
        return 0
    return max(values)


def _hairpin(config: Config, packets: int) -> Iterator[Finding]:
    if not packets:
        return
    called = [one for one in config.service if one.replies and one.mode != "one-arm"]
    value = f"{packets:,} packets of real servers to a VIP dropped ({_names(called)})"
    advice = (
        "the replies would go round the balancer: the service that real servers call needs mode "
        "one-arm, where its pool is the source"
    )
    yield Finding("hairpin", None, value, advice)


def _exhausted(config: Config, flows: int) -> Iterator[Finding]:
    if not flows:
        return
    pooled = [one for one in config.service if one.snat is not None]
    value = f"{flows:,} new flows dropped, as no port of their pool was free ({_names(pooled)})"
    advice = "add addresses to service.snat.pool; `dsrlb events` tells which service's"
    yield Finding("pool", None, value, advice)


def _names(services: Sequence[Service]) -> str:
    """Those that come into question."""
    names = [service.name for service in services]
    if not names:
        return "of a service that is gone"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    word = "service" if len(names) == 1 else "one of services"
    return f"{word} {', '.join(names[:_NAMED])}{more}"
