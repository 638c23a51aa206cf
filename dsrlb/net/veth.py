# SPDX-License-Identifier: Apache-2.0
"""The veth pair that probes are sent into: made, taken over, put right, removed.

The host's end has the first address of each prefix, and what this host sends to the rest of a
prefix goes there. That is a rule for packets of this host (`iif lo`) with a routing table of its
own: what comes from elsewhere never gets there, whatever its source address says.

An instance's pair and table are told by numbers that its name gives, so that they are found again
after a crash, under whatever name: MAC addresses 02:d5:... and 02:d6:..., table 0x55......
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from pyroute2.netlink.exceptions import NetlinkError

from dsrlb.errors import NetError
from dsrlb.net import features
from dsrlb.net.links import IPAddress, IPNetwork, netlink, told_of_addresses, told_of_links
from dsrlb.net.routes import resolve

_HOST, _BALANCER = "dsrlb-p", "dsrlb-x"
_MOST = 1000
_PRIORITY = 100  # in front of what an operator has for all packets
_TABLES = 0x55 << 24
_IFF_UP, _IFF_NOARP = 0x1, 0x80
_NO_ADDRESSES = {"attrs": [("AF_INET6", {"attrs": [("IFLA_INET6_ADDR_GEN_MODE", 1)]})]}
_SCOPE_LINK = 253
_ONLINK = 0x4  # RTNH_F_ONLINK: the gateway is there, whatever other routes say
_LINK_LOCAL = ip_address("fe80::1")
_FOREVER = 0xFFFFFFFF
_NODAD = 0x02
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_IPV6 = Path("/proc/net/if_inet6")
# XDP takes frames as they are, and gives them to an end that has NAPI, which GRO turns on.
_OFFLOADS = {"tx": False, "tso": False, "gso": False, "gro": True}


@dataclass(frozen=True, slots=True)
class End:
    """One end. ``up``: and what it has to be besides (no ARP)."""

    name: str
    ifindex: int
    mac: str
    up: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """The host's end, and the one with the program."""

    host: End
    balancer: End


@dataclass(frozen=True, slots=True)
class _Rule:
    """What this host sends to ``network`` is looked up in ``table``."""

    network: IPNetwork
    table: int


def _number(owner: str) -> bytes:
    return blake2b(owner.encode(), digest_size=4).digest()


def _macs(owner: str) -> tuple[str, str]:
    """MAC addresses of the two ends, administered locally."""
    number = _number(owner)
    return (b"\x02\xd5" + number).hex(":"), (b"\x02\xd6" + number).hex(":")


def _table_of(number: bytes) -> int:
    return _TABLES | int.from_bytes(number[-3:], "big")


def _ends() -> dict[str, End]:
    """Every veth interface by its MAC address."""
    found = {}
    for one in told_of_links():
        if one.kind == "veth":
            wanted = _IFF_UP | (_IFF_NOARP if one.mac.startswith("02:d5:") else 0)
            found[one.mac] = End(one.name, one.ifindex, one.mac, one.flags & wanted == wanted)
    return found


def _pair(owner: str, ends: dict[str, End]) -> Pair | None:
    host, balancer = (ends.get(mac) for mac in _macs(owner))
    return Pair(host, balancer) if host and balancer else None


def find(owner: str) -> Pair | None:
    """The pair of an instance, or None. Raises NetError."""
    return _pair(owner, _ends())


def ensure(owner: str, prefixes: Sequence[IPNetwork]) -> Pair:
    """Make the pair of an instance, or put right what is wrong with the one that is there; nothing
    is changed where it is as it should be. ``prefixes``: those that lead there, one per address
    family. Raises NetError."""
    with netlink() as route:
        pair = _pair(owner, _ends()) or _make(route, owner)
        _set_up(route, owner, pair)
        _set_addresses(route, pair.host.ifindex, prefixes)
        table = _table_of(_number(owner))
        _forget_routes(route, table, _set_rules(route, table, prefixes))
        _set_routes(route, pair, table, prefixes)
        ready = _pair(owner, _ends())
    if ready is None or not (ready.host.up and ready.balancer.up):
        raise NetError(f"{pair.host.name}: somebody else changes it")
    return ready


def _make(route: Any, owner: str) -> Pair:
    """A pair with the first free names. Other instances may be making theirs."""
    host_mac, mac = _macs(owner)
    for number in range(_MOST):
        peer = {"ifname": f"{_BALANCER}{number}", "address": mac}
        name = f"{_HOST}{number}"
        try:
            route.link("add", ifname=name, kind="veth", address=host_mac, peer=peer)
        except NetlinkError as error:
            if error.code != errno.EEXIST:
                raise NetError(f"cannot make veth pair {name}: {error}") from error
            continue
        found = _pair(owner, _ends())
        if found is not None:
            return found
    raise NetError(f"cannot make a veth pair: {_MOST} names ({_HOST}0 ...) are taken")


def _set_up(route: Any, owner: str, pair: Pair) -> None:
    if not (pair.host.up and pair.balancer.up):
        route.link("set", index=pair.host.ifindex, flags=_IFF_NOARP, change=_IFF_NOARP)
        route.link("set", index=pair.host.ifindex, IFLA_IFALIAS=f"probes of dsrlb {owner}")
        for end in (pair.host, pair.balancer):
            with suppress(NetlinkError):  # a kernel without IPv6
                route.link("set", index=end.ifindex, IFLA_AF_SPEC=_NO_ADDRESSES)
            route.link("set", index=end.ifindex, state="up")
    features.change(pair.host.name, _OFFLOADS)


def _set_addresses(route: Any, ifindex: int, prefixes: Sequence[IPNetwork]) -> None:
    """The first address of each prefix, which nothing else is sent from: not of global scope, and
    deprecated."""
    wanted = {prefix.network_address for prefix in prefixes}
    for one in told_of_addresses():
        if one.ifindex != ifindex:
            continue
        if one.address in wanted:
            wanted.remove(one.address)
        elif not one.address.is_link_local:
            route.addr("del", index=ifindex, address=str(one.address), prefixlen=one.prefix)
    for address in wanted:
        _add_address(route, ifindex, address)


def _add_address(route: Any, ifindex: int, address: IPAddress) -> None:
    more: dict[str, Any] = {"scope": _SCOPE_LINK}
    if address.version == 6:
        more = {"IFA_FLAGS": _NODAD, "preferred_lft": 0, "valid_lft": _FOREVER}
        _enable_ipv6(ifindex)
    try:
        route.addr(
            "add", index=ifindex, address=str(address), prefixlen=address.max_prefixlen, **more
        )
    except NetlinkError as error:
        raise NetError(f"cannot give {address} to the veth pair of probes: {error}") from error


def _enable_ipv6(ifindex: int) -> None:
    """Where new interfaces are without it. What cannot be written shows when the address is
    added."""
    for name in (one.name for one in told_of_links() if one.ifindex == ifindex):
        setting = Path("/proc/sys/net/ipv6/conf", name, "disable_ipv6")
        with suppress(OSError):
            if setting.read_text().strip() != "0":
                setting.write_text("0")


def _families() -> list[int]:
    """What the kernel has: IPv6 may be disabled as a whole."""
    return [family for version, family in _FAMILIES.items() if version == 4 or _IPV6.exists()]


def _rules(route: Any) -> Iterator[_Rule]:
    """Those of all instances."""
    for family in _families():
        for message in route.get_rules(family=family):
            table, start = message.get_attr("FRA_TABLE"), message.get_attr("FRA_DST")
            if start and table is not None and table >> 24 == _TABLES >> 24:
                yield _Rule(ip_network(f"{start}/{message['dst_len']}"), table)


def _change_rule(route: Any, command: str, rule: _Rule) -> None:
    network = rule.network
    route.rule(
        command,
        family=_FAMILIES[network.version],
        priority=_PRIORITY,
        dst=str(network.network_address),
        dst_len=network.prefixlen,
        iifname="lo",
        table=rule.table,
    )


def _set_rules(route: Any, table: int, prefixes: Collection[IPNetwork]) -> list[_Rule]:
    """Have just these; returns those that were taken away."""
    present = [rule for rule in _rules(route) if rule.table == table]
    gone = [rule for rule in present if rule.network not in prefixes]
    for rule in gone:
        _change_rule(route, "del", rule)
    there = {rule.network for rule in present}
    for prefix in prefixes:
        if prefix not in there:
            _change_rule(route, "add", _Rule(prefix, table))
    return gone


def _set_routes(route: Any, pair: Pair, table: int, prefixes: Sequence[IPNetwork]) -> None:
    """Of these prefixes; the kernel is asked where it would send to each, because it can tell its
    tables only as a whole, and there may be a million routes.

    By a gateway, though there is none (the interface is without ARP): all of a prefix is one entry
    in the kernel's table of neighbours then, which an entry for each real server would overflow.
    """
    for prefix in prefixes:
        if not _leads(prefix, pair.host.ifindex):
            _put_route(route, pair.host.ifindex, table, prefix)
    for prefix in prefixes:
        if not _leads(prefix, pair.host.ifindex):
            raise NetError(
                f"packets to {prefix} do not go to {pair.host.name}",
                hint=f"`ip rule` has something for them in front of rule {_PRIORITY}",
            )


def _leads(prefix: IPNetwork, ifindex: int) -> bool:
    """Does what this host sends there go to the interface, from the prefix's first address?"""
    address = prefix.network_address + 2
    found = resolve((address,)).get(address)
    if found is None or found.source != prefix.network_address:
        return False
    return [(hop.ifindex, hop.gateway) for hop in found.hops] == [(ifindex, _gateway(prefix))]


def _gateway(prefix: IPNetwork) -> IPAddress:
    """In IPv6 one of the link's own: the kernel looks for no other route to it."""
    return prefix.network_address + 1 if prefix.version == 4 else _LINK_LOCAL


def _put_route(route: Any, ifindex: int, table: int, prefix: IPNetwork) -> None:
    what = {"dst": str(prefix), "oif": ifindex, "gateway": str(_gateway(prefix)), "table": table}
    source = str(prefix.network_address)
    route.route("replace", prefsrc=source, flags=_ONLINK, **what)


def _forget_routes(route: Any, table: int, rules: Collection[_Rule]) -> None:
    """Of rules that are gone."""
    for rule in rules:
        with suppress(NetlinkError):
            route.route("del", dst=str(rule.network), table=table)


def remove(owner: str) -> list[str]:
    """Remove the pair and the rules of an instance, also what one that was killed had made until
    then; returns what was removed. Raises NetError."""
    done = []
    with netlink() as route:
        ends = _ends()
        host = ends.get(_macs(owner)[0])
        if host is not None:
            route.link("del", index=host.ifindex)
            done.append(f"veth pair {host.name}, for probes")
        for rule in _set_rules(route, _table_of(_number(owner)), ()):
            done.append(f"rule for {rule.network}, for probes")
    return done


def others(owner: str) -> list[tuple[IPNetwork, str]]:
    """The prefixes of other instances here, and the host's end of each one's pair. Raises
    NetError."""
    own = _table_of(_number(owner))
    with netlink() as route:
        tables = {
            _table_of(bytes.fromhex(mac.replace(":", ""))): end.name
            for mac, end in _ends().items()
            if mac.startswith("02:d5:")
        }
        rules = list(_rules(route))
    return [
        (rule.network, tables[rule.table])
        for rule in rules
        if rule.table in tables and rule.table != own
    ]
