# SPDX-License-Identifier: Apache-2.0
"""Contradictions of the addresses that probes are sent to with all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dsrlb.config.balancer import PROBE_PREFIXES
from dsrlb.config.members import real_addresses
from dsrlb.config.memo import ByIdentity
from dsrlb.config.models import Config, IPNetwork
from dsrlb.config.modes import NO_SOURCES
from dsrlb.config.policies import Found
from dsrlb.config.values import AddressRange

_PATH = ("balancer", "probe_prefix")
_LONGEST = {4: 16, 6: 112}
"""Prefixes that have an address for each element of reals[]."""


def _probed_families(config: Config) -> Mapping[int, str]:
    found: dict[int, str] = {}
    for service in config.service:
        for vip in service.vip if config.is_probed(service) else ():
            found.setdefault(vip.version, service.name)
    return found


probed_families = ByIdentity(_probed_families)
"""Of a configuration: the address families of VIPs whose real servers are asked, and of which
service."""


def prefixes_in_use(config: Config) -> Iterator[IPNetwork]:
    """Those that nobody else may have: which are needed, or were chosen."""
    families = probed_families(config)
    for prefix in config.balancer.probe_prefix:
        if prefix.version in families or prefix not in PROBE_PREFIXES:
            yield prefix


def _itself(config: Config) -> Iterator[Found]:
    """One prefix of each family, and with room for all."""
    first: dict[int, IPNetwork] = {}
    for prefix in config.balancer.probe_prefix:
        other, longest = first.setdefault(prefix.version, prefix), _LONGEST[prefix.version]
        if other is not prefix:
            message = f"one IPv{prefix.version} prefix; there is {other} already"
            yield _PATH, str(prefix), message
        if prefix.prefixlen > longest:
            message = (
                f"a prefix of IPv{prefix.version} that has an address for each of 65,536 real "
                f"servers: /{longest} or shorter"
            )
            yield _PATH, str(prefix), message
        if any(prefix.overlaps(network) for network in NO_SOURCES[prefix.version]):
            yield _PATH, str(prefix), "unicast addresses, which can be routed"


def _owner(config: Config, prefix: IPNetwork) -> str | None:
    """Whose addresses are in it."""
    for service in config.service:
        for vip in service.vip:
            if vip in prefix:
                return f"VIP {vip} (of service {service.name!r})"
        for part in service.snat.pool if service.snat else ():
            if _meets(part, prefix):
                return f"the pool {part} (of service {service.name!r})"
    for _, address in real_addresses(config):
        if address in prefix:
            return f"real server {address}"
    for source in config.balancer.tunnel_source:
        if source.version == prefix.version and source.overlaps(prefix):
            return f"balancer.tunnel_source {source}"
    return None


def _meets(part: AddressRange, prefix: IPNetwork) -> bool:
    return part.meets(prefix[0], prefix[-1])


def check_probes(config: Config) -> Iterator[Found]:
    """Yield what contradicts itself in balancer.probe_prefix, and where it is missing."""
    yield from _itself(config)
    for prefix in prefixes_in_use(config):
        owner = _owner(config, prefix)
        if owner is not None:
            message = (
                f"addresses that nobody else has; this has that of {owner}. Give another prefix, "
                f"of IPv{prefix.version} /{_LONGEST[prefix.version]} or shorter"
            )
            yield _PATH, str(prefix), message
    there = {prefix.version for prefix in config.balancer.probe_prefix}
    for family, name in sorted(probed_families(config).items()):
        if family not in there:
            message = (
                f"no IPv{family} prefix, and the real servers of service {name!r} are asked "
                f"whether they serve; add one, such as {PROBE_PREFIXES[family == 6]}, or a health "
                'table with type = "none"'
            )
            yield _PATH, ", ".join(map(str, config.balancer.probe_prefix)) or "none", message
