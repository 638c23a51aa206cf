# SPDX-License-Identifier: Apache-2.0
"""Whether this host has addresses of a configuration itself, now."""

from __future__ import annotations

from collections.abc import Iterator

from dsrlb.config import Config, clashes
from dsrlb.errors import DsrlbError
from dsrlb.net.host import host_facts
from dsrlb.observe.findings import Finding


def own_addresses(config: Config) -> Iterator[Finding]:
    """VIPs, real servers and pools that this host is in the way of, each once."""
    try:
        facts = host_facts()
    except (DsrlbError, OSError) as error:
        yield Finding("own addresses", None, f"they cannot be read: {error}")
        return
    found = {clash.identity: clash for clash in clashes(config, facts)}
    for clash in found.values():
        yield Finding(f"address {clash.value}", False, clash.fact, clash.advice)
    if not found:
        yield Finding("own addresses", True, "no VIP, real server or pool has one of them")
