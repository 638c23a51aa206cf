# SPDX-License-Identifier: Apache-2.0
"""One real behind a router."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from dsrlb.control.desired.contents import Resolution
from dsrlb.control.macs.table import MacTable
from tests.unit.control.network import ETH0, NEW, OLD, OWN, now, routed

G0, G1 = ip_address("10.0.0.253"), ip_address("10.1.0.253")
G6 = ip_address("fe80::1")
ROUTED = routed("dscp")
STATIC = routed("dscp", f'mac = "{NEW}"\n')


def at(mac: str | None = OLD, **more: Any) -> Resolution:
    """Behind the router G0 on eth0."""
    plain = Resolution(mac, ETH0, True, via=G0, address=OWN)
    return replace(plain, **more)


def look(table: MacTable) -> Resolution:
    """After a change of routes or links."""
    table.refresh()
    return now(table)
