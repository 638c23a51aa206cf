# SPDX-License-Identifier: Apache-2.0
"""All that a configuration and this host cannot both have."""

from __future__ import annotations

from collections.abc import Iterator

from dsrlb.config import Clash, Config, HostFacts, clashes
from dsrlb.control.desired.placement import misplaced
from dsrlb.control.desired.tunnels import unreachable
from dsrlb.control.socketaccess import unknown_group


def all_clashes(
    config: Config, facts: HostFacts, before: Config | None = None, *, adopt_vip: bool = False
) -> Iterator[Clash]:
    """Yield them, but for those of addresses for probes (probing.prefixes). ``before``: what ran
    until now; ``adopt_vip``: VIPs on interfaces of this host will be taken off."""
    yield from unknown_group(config)
    yield from unreachable(config, facts)
    yield from misplaced(config, facts, before)
    yield from clashes(config, facts, adopt_vip)
