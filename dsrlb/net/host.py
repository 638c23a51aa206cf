# SPDX-License-Identifier: Apache-2.0
"""What a configuration is checked against on this host."""

from __future__ import annotations

from dsrlb.config.checks import HostFacts, LinkFact
from dsrlb.net.links import list_addresses, list_links


def host_facts() -> HostFacts:
    """Interfaces and addresses of this network namespace, each read once."""
    present = list_links()
    names = {link.ifindex: link.name for link in present.values()}
    interfaces = {
        name: LinkFact(
            link.ifindex, link.kind, link.mac, link.mtu, link.up, names.get(link.master, "")
        )
        for name, link in present.items()
    }
    return HostFacts(interfaces, *list_addresses(present))
