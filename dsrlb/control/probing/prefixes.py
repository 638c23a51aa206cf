# SPDX-License-Identifier: Apache-2.0
"""Is what probes are sent to free on this host?"""

from __future__ import annotations

from collections.abc import Iterator

from dsrlb.config import Clash, Config, HostFacts
from dsrlb.config.values import IPNetwork
from dsrlb.control.probing.targets import prefixes_needed
from dsrlb.net import veth


def occupied(config: Config, facts: HostFacts, owner: str) -> Iterator[Clash]:
    """Yield the prefixes that others have here: another instance, or a network on an interface.
    ``owner``: the instance. Raises NetError."""
    prefixes = prefixes_needed(config)
    taken = list(_taken(facts, owner)) if prefixes else []
    for prefix in prefixes:
        says = next((says for network, says in taken if _meet(prefix, network)), None)
        if says is not None:
            message = f"addresses that nobody else has here; {says}. Give another prefix"
            yield Clash(("balancer", "probe_prefix"), str(prefix), message)


def _meet(one: IPNetwork, other: IPNetwork) -> bool:
    return one.version == other.version and one.overlaps(other)


def _taken(facts: HostFacts, owner: str) -> Iterator[tuple[IPNetwork, str]]:
    own, others = veth.find(owner), veth.others(owner)
    for network, name in others:
        yield network, f"another instance probes by {network} ({name})"
    hosts = {name for _, name in others} | ({own.host.name} if own else set())
    for name, networks in facts.subnets.items():
        if name not in hosts:
            for network in networks:
                yield network, f"{network} is on {name}"
