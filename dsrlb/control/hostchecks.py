# SPDX-License-Identifier: Apache-2.0
"""Whether a configuration can run on this host, as it is now."""

from __future__ import annotations

from dsrlb.config import Config, check_host
from dsrlb.config.source import Origin
from dsrlb.control.placement import misplaced
from dsrlb.control.probing.prefixes import occupied
from dsrlb.control.tunnels import unreachable
from dsrlb.errors import ConfigError
from dsrlb.net.host import host_facts


def check_on_host(
    config: Config, origin: Origin, instance: str, adopt_vip: bool, before: Config | None
) -> None:
    """Raises ConfigError with everything that is wrong.

    ``adopt_vip``: VIPs may be addresses of this host, which loses them. ``before``: what runs; its
    interfaces are waited for when they are not there.
    """
    known = before.balancer.interfaces if before else ()
    facts = host_facts()
    problems = check_host(config, facts, origin, adopt_vip, known)
    problems += unreachable(config, facts, origin)
    problems += misplaced(config, facts, origin, before)
    problems += occupied(config, facts, origin, instance)
    if problems:
        raise ConfigError(problems)
