# SPDX-License-Identifier: Apache-2.0
"""What mode bridge needs of this host: bridges with the ports that are named."""

from __future__ import annotations

from collections.abc import Iterator

from dsrlb.config import Bridge, Clash, Config, HostFacts


def misplaced(config: Config, facts: HostFacts, before: Config | None = None) -> Iterator[Clash]:
    """Yield what cannot work where this host is, each at its key.

    ``before``: what ran until now; its bridges may be away for a while, or have lost a port.
    """
    known = before.bridge if before else ()
    for index, bridge in enumerate(config.bridge):
        for key, value, says in _bridge(bridge, facts, bridge in known):
            yield Clash(("bridge", index, key), value, says, about="bridge")


def _bridge(bridge: Bridge, facts: HostFacts, known: bool) -> Iterator[tuple[str, str, str]]:
    """Key, value, message. ``known``: it was right before, and what is not there may come back.

    A port that is not there is told by check_host(), as one of balancer.interfaces.
    """
    link = facts.interfaces.get(bridge.name)
    if link is None:
        if not known:
            there = sorted(name for name, fact in facts.interfaces.items() if fact.kind == "bridge")
            message = f"there is no such bridge here; bridges: {', '.join(there) or 'none'}"
            yield "name", bridge.name, message
        return
    if link.kind != "bridge":
        kind = f"a {link.kind} device" if link.kind else "a device of its own"
        message = f"no kernel bridge, but {kind}; name the bridge that {bridge.ports[0]} is in"
        yield "name", bridge.name, message
        return
    for port in bridge.ports:
        fact = facts.interfaces.get(port)
        if fact is None or fact.master == bridge.name or (known and not fact.master):
            continue
        where = f"in {fact.master}" if fact.master else "in no bridge"
        message = (
            f"no port of {bridge.name}, but {where}; make it one: "
            f"`ip link set {port} master {bridge.name}`"
        )
        yield "ports", port, message
