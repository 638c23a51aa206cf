# SPDX-License-Identifier: Apache-2.0
"""Whether the kernel keeps all the neighbours whose MAC addresses a configuration needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dsrlb.config import Config
from dsrlb.errors import DsrlbError
from dsrlb.net.links import IPAddress
from dsrlb.net.neighbours import Place
from dsrlb.net.neightables import NeighbourTable, neighbour_tables
from dsrlb.net.routes import resolve
from dsrlb.observe.findings import Finding

_SETTINGS = Path("/proc/sys")
_SPARE = 2  # times as many as are asked for: others are in the table, too


def room(config: Config) -> Iterator[Finding]:
    """For each family of which some are asked for: real servers on the segments of this host, and
    the routers that others are behind."""
    addresses = _addresses(config)
    if not addresses:
        return
    try:
        places, tables = _places(addresses), neighbour_tables()
    except (DsrlbError, OSError) as error:
        yield Finding("neighbours", None, f"how many there may be is not to be seen: {error}")
        return
    for family, table in sorted(tables.items()):
        asked = sum(address.version == family for _, address in places)
        if asked:
            yield _room(family, asked, table)


def _addresses(config: Config) -> set[IPAddress]:
    """Where real servers are reached whose MAC address, or router's, is not in the file."""
    found = (
        config.address_for(service, real, family)
        for service in config.service
        for real in config.members_of(service)
        for family in {vip.version for vip in service.vip}
        if real.mac == "auto"
    )
    return {address for address in found if address is not None}


def _places(addresses: set[IPAddress]) -> set[Place]:
    """The neighbours on the way to them. Raises NetError."""
    return {
        (hop.ifindex, hop.gateway or address)
        for address, route in resolve(addresses).items()
        for hop in route.hops
    }


def _room(family: int, asked: int, table: NeighbourTable) -> Finding:
    name = f"IPv{family} neighbours"
    value = (
        f"{asked:,} MAC addresses are asked for; the kernel keeps {table.kept:,} (gc_thresh2) "
        f"to {table.most:,} (gc_thresh3), of all network namespaces; {table.entries:,} are there"
    )
    if asked <= table.kept:
        return Finding(name, True, value)
    if asked <= table.most:
        trouble = "it may forget some whenever another one comes, until they are asked for again"
        return Finding(name, None, value, f"{trouble}: {_setting(family, asked)}")
    trouble = f"{asked - table.most:,} or more are not found, and who is there gets no flows"
    return Finding(name, False, value, f"{trouble}: {_setting(family, asked)}")


def _setting(family: int, asked: int) -> str:
    """What to do."""
    kept = 1 << (_SPARE * asked - 1).bit_length()
    folder = f"net.ipv{family}.neigh.default"
    line = f"sysctl -w {folder}.gc_thresh2={kept} {folder}.gc_thresh3={2 * kept}"
    here = _SETTINGS.joinpath(*folder.split(".")) / "gc_thresh2"
    return line if here.exists() else f"{line} (on the host: not in this network namespace)"
