# SPDX-License-Identifier: Apache-2.0
"""What a configuration is checked against on this host."""

from __future__ import annotations

from dsrlb.config.checks import HostFacts, LinkFact
from dsrlb.net.links import list_addresses, list_links


def host_facts() -> HostFacts:
    """Interfaces and addresses of this network namespace."""
    interfaces = {
        name: LinkFact(link.ifindex, link.kind, link.mac, link.mtu, link.up)
        for name, link in list_links().items()
    }
    return HostFacts(interfaces, list_addresses())
