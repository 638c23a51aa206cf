# SPDX-License-Identifier: Apache-2.0
"""virtual_server_group of keepalived.conf(5): addresses and ports of virtual servers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dsrlb.config.values import IPAddress
from dsrlb.importing.addresses import addresses_of
from dsrlb.importing.keepalived.blocks import Statement
from dsrlb.importing.keepalived.values import Values


@dataclass(frozen=True, slots=True)
class Group:
    """Pairs of an address and a port; 0: any."""

    pairs: tuple[tuple[IPAddress, int], ...]

    def services(self) -> list[tuple[tuple[IPAddress, ...], tuple[int, ...]]]:
        """Each port with the addresses that have it: a service for each."""
        by_port: dict[int, dict[IPAddress, None]] = {}
        for address, port in self.pairs:
            by_port.setdefault(port, {})[address] = None
        return [(tuple(addresses), (port,)) for port, addresses in by_port.items()]


def _pairs(statement: Statement, values: Values) -> list[tuple[IPAddress, int]]:
    words = statement.words
    if statement.keyword == "fwmark":
        values.lost(statement, "packets are not told by firewall marks")
        return []
    if len(words) > 2:
        values.lost(statement, "an address or a range, and a port")
        return []
    try:
        addresses = addresses_of(words[0])
    except ValueError as error:
        values.lost(statement, f"an address or a range such as 192.0.2.10-15: {error}")
        return []
    port = values.port(statement, words[1]) if len(words) == 2 else 0
    return [] if port is None else [(address, port) for address in addresses]


def read_groups(statements: Iterable[Statement], values: Values) -> dict[str, Group]:
    """The groups of a file by their names."""
    found: dict[str, Group] = {}
    for block in statements:
        if block.keyword != "virtual_server_group":
            continue
        name = values.one(block)
        if name is None:
            continue
        pairs = [pair for inner in block.inner for pair in _pairs(inner, values)]
        if name in found:
            values.lost(block, "a group of this name came before")
        else:
            found[name] = Group(tuple(pairs))
    return found
