# SPDX-License-Identifier: Apache-2.0
"""Whether a configuration can run on this host, as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dsrlb.config import Clash, Config, HostFacts, check_host
from dsrlb.config.secrets import told
from dsrlb.config.sharing import config_of, others
from dsrlb.config.source import Origin
from dsrlb.config.values import IPNetwork
from dsrlb.control.hostclashes import all_clashes
from dsrlb.control.probing.prefixes import occupied
from dsrlb.control.probing.targets import prefixes_needed
from dsrlb.errors import ConfigError, DsrlbError, Problem
from dsrlb.net import links
from dsrlb.net.host import host_facts
from dsrlb.observe.events import EventLog

_Clashes = frozenset[tuple[str, str]]
"""Identities of clashes."""


@dataclass(frozen=True, slots=True)
class _Right:
    """A configuration that was found right. ``tolerated``: what is wrong with it, or was with the
    one that it was compared with, and is no reason as long as what runs has it too."""

    config: Config
    tolerated: _Clashes = frozenset()


class HostCheck:
    """Of one instance. Remembers what was found right, and on what host."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._right: tuple[_Right, ...] = ()
        self._right_on = HostFacts({}, {})
        self._free: tuple[list[IPNetwork], HostFacts] | None = None
        self._facts = HostFacts({}, {})
        self._looked: tuple[Config, HostFacts] | None = None
        self._told: Mapping[tuple[str, str], Clash] = {}

    def check(
        self,
        config: Config,
        origin: Origin,
        adopt_vip: bool,
        before: Config | None,
        *,
        runs: bool = True,
    ) -> None:
        """Raises ConfigError with all that is wrong. ``adopt_vip``: VIPs on interfaces of this host
        will be taken off; ``before``: its interfaces are waited for when they are not there.
        ``runs``: ``before`` does, so what is wrong with it by now is no reason."""
        self._facts = host_facts()
        self._check(config, origin, adopt_vip, before, before if runs else None)

    def obstacle(self, config: Config, after: Config) -> str:
        """Why a configuration that runs could not be applied again when another one does, on the
        host as it was at the last check(); empty: it could."""
        try:
            self._check(config, Origin("<running>"), adopt_vip=False, before=after, running=after)
        except DsrlbError as error:
            return told(error)
        return ""

    def tell(self, config: Config, events: EventLog, *, anew: bool = False) -> None:
        """Say what of a configuration that runs this host is in the way of by now, and what not any
        more. ``anew``: on the host as it is, not as it was at the last check()."""
        if anew:
            self._facts = host_facts()
        looked = self._looked
        if looked is not None and looked[0] is config and looked[1] == self._facts:
            return
        here = [*all_clashes(config, self._facts, config)]
        here += occupied(config, self._facts, self._instance)
        found = {clash.identity: clash for clash in here}
        for clash in (one for key, one in self._told.items() if key not in found):
            events.add(clash.about, f"{clash.value}: no longer so: {clash.fact}")
        for clash in (one for key, one in found.items() if key not in self._told):
            advice = f": {clash.advice}" if clash.advice else ""
            message = "what runs goes on with it, a start from nothing is refused"
            events.add(clash.about, f"{clash.value}: {clash.fact}; {message}{advice}", "warning")
        self._told = found
        self._looked = (config, self._facts)

    def follow(self, config: Config, events: EventLog) -> None:
        """tell(), for another configuration that check() has found right: it can have fewer."""
        if self._told:
            self.tell(config, events)

    def _check(
        self,
        config: Config,
        origin: Origin,
        adopt_vip: bool,
        before: Config | None,
        running: Config | None,
    ) -> None:
        facts = self._facts
        concerned = _Right(config) if adopt_vip else self._concerned(config, facts, running)
        about = facts, origin, adopt_vip, before, running
        problems, tolerated = _problems(concerned.config, *about)
        if problems and concerned.config is not config:  # told with their places in the whole
            problems, _ = _problems(config, *about)
        problems += self._occupied(config, facts, origin, running)
        if problems:
            raise ConfigError(problems)
        right = _Right(config, tolerated | concerned.tolerated)
        self._found_right(() if adopt_vip else (right,), facts)

    def _occupied(
        self, config: Config, facts: HostFacts, origin: Origin, running: Config | None
    ) -> list[Problem]:
        """Prefixes for probes that others have, unless what runs has the same."""
        asked = prefixes_needed(config), facts  # of which the pairs of other instances are a part
        if asked == self._free:
            return []
        found = list(occupied(config, facts, self._instance))
        if not found:
            self._free = asked
            return []
        ours = occupied(running, facts, self._instance) if running is not None else ()
        had = {clash.identity for clash in ours}
        return [clash.problem(origin) for clash in found if clash.identity not in had]

    def _found_right(self, right: tuple[_Right, ...], facts: HostFacts) -> None:
        """Two are known: what runs, and what comes, which may be checked more than once."""
        known = self._right if facts == self._right_on else ()
        self._right, self._right_on = (*right, *known)[:2], facts

    def _concerned(self, config: Config, facts: HostFacts, running: Config | None) -> _Right:
        """What was not found right on the same host before: services that are other objects, or
        have other real servers; with what was tolerated of the others."""
        around = config.balancer, config.bridge
        known = [one for one in self._right if (one.config.balancer, one.config.bridge) == around]
        known = [one for one in known if one.tolerated <= _had(running, facts, one.tolerated)]
        if not known or self._right_on != facts:
            return _Right(config)
        found = ((others(one.config, config), one.tolerated) for one in known)
        services, tolerated = min(found, key=lambda pair: len(pair[0]))
        names = {service.group for service in services}
        groups = tuple(group for group in config.group if group.name in names)
        return _Right(config_of(config.balancer, config.bridge, groups, services), tolerated)


def _had(running: Config | None, facts: HostFacts, asked: object) -> _Clashes:
    """What is wrong with what runs. To look takes its time, and is left out where nobody asks."""
    if running is None or not asked:
        return frozenset()
    return frozenset(clash.identity for clash in all_clashes(running, facts, running))


def _problems(
    config: Config,
    facts: HostFacts,
    origin: Origin,
    adopt_vip: bool,
    before: Config | None,
    running: Config | None,
) -> tuple[list[Problem], _Clashes]:
    """With what is tolerated, which are no problems."""
    known = before.balancer.interfaces if before else ()
    problems = check_host(config, facts, origin, known)
    found = list(all_clashes(config, facts, before, adopt_vip=adopt_vip))
    had = _had(running, facts, found)
    problems += [clash.problem(origin) for clash in found if clash.identity not in had]
    return problems, frozenset(clash.identity for clash in found) & had


def adopt(config: Config, events: EventLog) -> None:
    """Take the VIPs off this host's interfaces. Raises NetError."""
    present, _ = links.list_addresses(links.list_links())
    for vip in {vip for service in config.service for vip in service.vip} & present.keys():
        removed = links.remove_address(vip)
        events.add("vip", f"took {removed} off: it is a VIP now", "warning")


def same_network(before: Config, after: Config) -> bool:
    """Do both need the same of interfaces, neighbours' tables and announcements? Who is reached how
    is left out: MacTable.configure() says that."""
    if (before.balancer, before.bridge) != (after.balancer, after.bridge):
        return False
    if len(before.service) != len(after.service) or _asked(before) != _asked(after):
        return False
    for old, new in zip(before.service, after.service, strict=True):
        if old is new:
            continue
        if any(getattr(old, key) != getattr(new, key) for key in _NETWORK):
            return False
        if before.is_probed(old) != after.is_probed(new):  # also by algorithm and port
            return False
    return True


def _asked(config: Config) -> list[object]:
    """How groups' real servers are asked."""
    return [(group.name, group.health) for group in config.group]


_NETWORK = ("name", "vip", "protocol", "mode", "l3dsr", "snat", "outbound", "interfaces", "health")
"""Keys of a service that say more than who gets its flows."""
