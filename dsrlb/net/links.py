# SPDX-License-Identifier: Apache-2.0
"""Interfaces and the addresses on them."""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)
from pathlib import Path
from typing import Any

from pyroute2.iproute.linux import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from dsrlb.errors import NetError
from dsrlb.net import rtnetlink

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_SIOCETHTOOL = 0x8946
_SIOCADDMULTI, _SIOCDELMULTI = 0x8931, 0x8932
_ETHTOOL_GDRVINFO = 0x03
_IFF_UP, _IFF_RUNNING, _IFF_LOOPBACK = 0x1, 0x40, 0x8
_RT_SCOPE_UNIVERSE = 0
_NOT_USED = 0x08 | 0x20 | 0x40  # IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TENTATIVE
_XDP_MODES = {1: "native", 2: "generic"}
_RTM_NEWLINK, _RTM_GETLINK, _RTM_NEWADDR, _RTM_GETADDR = 16, 18, 20, 22
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_MASTER = 1, 3, 4, 5, 10
_IFLA_LINKINFO, _IFLA_LINK_NETNSID, _IFLA_XDP = 18, 37, 43
_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA = 1, 2, 4, 5
_VLAN_ID, _VLAN_PROTOCOL, _BRPORT_STATE, _XDP_ATTACHED, _XDP_PROG_ID = 1, 5, 1, 2, 4
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8


@dataclass(frozen=True, slots=True)
class Link:
    """An interface.

    ``kind`` is "" for a physical one; ``xdp_mode`` is "native", "generic" or None. ``lower`` is the
    ifindex of what a VLAN interface is on, 0 if that is in another namespace; ``master``: of the
    bridge or bond that it is a port of, 0 if of none. ``port_state``: of a bridge's port
    (bridges.STATES), None of others.
    """

    ifindex: int
    name: str
    mac: str
    mtu: int
    up: bool
    kind: str
    driver: str
    xdp_mode: str | None
    xdp_program: int | None
    lower: int = 0
    vlan: int = 0
    vlan_protocol: int = 0  # the tag's EtherType
    master: int = 0
    port_state: int | None = None


@contextmanager
def netlink() -> Iterator[Any]:
    """An open rtnetlink socket; the kernel's refusals become NetError."""
    try:
        with IPRoute() as route:
            yield route
    except NetlinkError as error:
        raise NetError(f"netlink: {error}") from error


def ethtool(name: str, request: bytearray) -> bytearray:
    """Run one ethtool ioctl on an interface; returns the answered structure. Raises OSError."""
    buffer = bytearray(request)
    holder = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    ifreq = struct.pack("16sP8x", name.encode()[:15], ctypes.addressof(holder))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        fcntl.ioctl(control, _SIOCETHTOOL, ifreq)
    return buffer


def driver_of(name: str) -> str:
    """The driver's name (ETHTOOL_GDRVINFO), or "" where it has none to tell."""
    request = bytearray(196)
    struct.pack_into("I", request, 0, _ETHTOOL_GDRVINFO)
    try:
        answer = ethtool(name, request)
    except OSError:
        return ""
    return bytes(answer[4:36]).split(b"\0")[0].decode()


@dataclass(frozen=True, slots=True)
class Told:
    """What the kernel tells of an interface: attributes by type (IFLA_), and those that are of its
    kind (IFLA_INFO_)."""

    ifindex: int
    flags: int
    attributes: Mapping[int, bytes]
    info: Mapping[int, bytes]

    @property
    def kind(self) -> str:
        """ "" of a physical one."""
        return text(self.info.get(_INFO_KIND, b""))

    @property
    def name(self) -> str:
        """As `ip link` shows it."""
        return text(self.attributes.get(_IFLA_IFNAME, b""))

    @property
    def mac(self) -> str:
        """Of what has none, such as a tunnel: zeros."""
        return (self.attributes.get(_IFLA_ADDRESS) or bytes(6)).hex(":")

    @property
    def data(self) -> Mapping[int, bytes]:
        """Settings of its kind (IFLA_VLAN_, IFLA_BR_ and so on)."""
        return nested(self.info, _INFO_DATA)


def text(value: bytes) -> str:
    """Of an attribute."""
    return value.rstrip(b"\0").decode(errors="replace")


def number(found: Mapping[int, bytes], kind: int) -> int:
    """An attribute's, whatever its size; 0 where there is none."""
    return int.from_bytes(found.get(kind, b""), sys.byteorder)


def nested(found: Mapping[int, bytes], kind: int) -> Mapping[int, bytes]:
    """The attributes within one."""
    return rtnetlink.attributes(found.get(kind, b""), 0)


def told_of_links() -> Iterator[Told]:
    """Of every interface. Raises NetError."""
    for message in rtnetlink.dump_at_once(_RTM_GETLINK, bytes(16), _RTM_NEWLINK):
        yield told_of(message)


def told_of(message: bytes) -> Told:
    """Decode a message (struct ifinfomsg)."""
    ifindex, flags = struct.unpack_from("=4xiI", message)
    found = rtnetlink.attributes(message, 16)
    return Told(ifindex, flags, found, nested(found, _IFLA_LINKINFO))


def _port_state(info: Mapping[int, bytes]) -> int | None:
    if text(info.get(_INFO_SLAVE_KIND, b"")) != "bridge":
        return None
    port = nested(info, _INFO_SLAVE_DATA)
    return number(port, _BRPORT_STATE) if _BRPORT_STATE in port else None


def _link(told: Told) -> Link:
    found = told.attributes
    kind = "loopback" if told.flags & _IFF_LOOPBACK else told.kind
    xdp = nested(found, _IFLA_XDP)
    mode = _XDP_MODES.get(number(xdp, _XDP_ATTACHED))
    running = _IFF_UP | _IFF_RUNNING
    vlan = told.data if kind == "vlan" else {}
    here = _IFLA_LINK_NETNSID not in found
    return Link(
        ifindex=told.ifindex,
        name=told.name,
        mac=told.mac,
        mtu=number(found, _IFLA_MTU),
        up=told.flags & running == running,
        kind=kind,
        driver=driver_of(told.name),
        xdp_mode=mode,
        xdp_program=number(xdp, _XDP_PROG_ID) or None if mode else None,
        lower=number(found, _IFLA_LINK) if vlan and here else 0,
        vlan=number(vlan, _VLAN_ID),
        vlan_protocol=int.from_bytes(vlan.get(_VLAN_PROTOCOL, b"")),
        master=number(found, _IFLA_MASTER),
        port_state=_port_state(told.info),
    )


def list_links() -> dict[str, Link]:
    """All interfaces by name."""
    return {link.name: link for link in map(_link, told_of_links())}


def get_link(name: str) -> Link | None:
    """One interface, or None when it is not there."""
    return list_links().get(name)


@dataclass(frozen=True, slots=True)
class OnLink:
    """An address of an interface, and the network that it puts on the link."""

    address: IPAddress
    ifindex: int
    prefix: int
    network: IPNetwork


def _address_messages() -> list[bytes]:
    return rtnetlink.dump_at_once(_RTM_GETADDR, bytes(8), _RTM_NEWADDR)


def told_of_addresses() -> Iterator[OnLink]:
    """Of every interface. Raises NetError."""
    for message in _address_messages():
        prefix, index = struct.unpack_from("=xBxxI", message)
        found = rtnetlink.attributes(message, 8)
        peer = found.get(_IFA_ADDRESS)  # of a point-to-point link the other end
        local = found.get(_IFA_LOCAL, peer)
        if local:
            there = rtnetlink.address(peer or local)
            network = ip_network((there, prefix), strict=False)
            yield OnLink(rtnetlink.address(local), index, prefix, network)


def list_addresses(
    present: Mapping[str, Link],
) -> tuple[dict[IPAddress, str], dict[str, tuple[IPNetwork, ...]]]:
    """All addresses of this host with the interface each is on; and what is on the link of each
    interface: the networks of its addresses, but for link-local ones. ``present``: the interfaces.
    """
    names = {link.ifindex: link.name for link in present.values()}
    addresses: dict[IPAddress, str] = {}
    networks: dict[str, dict[IPNetwork, None]] = {}
    for one in told_of_addresses():
        name = addresses[one.address] = names.get(one.ifindex, str(one.ifindex))
        if not one.network.is_link_local:
            networks.setdefault(name, {})[one.network] = None
    return addresses, {name: tuple(found) for name, found in networks.items()}


def global_addresses() -> dict[int, tuple[IPv4Address | None, IPv6Address | None]]:
    """By ifindex the first address of each family that other hosts may use: of global scope, and of
    IPv6 one that is not deprecated and that duplicate address detection has let through."""
    first4: dict[int, IPv4Address] = {}
    first6: dict[int, IPv6Address] = {}
    for message in _address_messages():
        flags, scope, index = struct.unpack_from("=xxBBI", message)
        found = rtnetlink.attributes(message, 8)
        packed = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS)
        if scope != _RT_SCOPE_UNIVERSE or not packed:
            continue
        address = rtnetlink.address(packed)
        if isinstance(address, IPv4Address):
            first4.setdefault(index, address)
        elif not (number(found, _IFA_FLAGS) or flags) & _NOT_USED:
            first6.setdefault(index, address)
    return {index: (first4.get(index), first6.get(index)) for index in {*first4, *first6}}


def remove_address(address: IPAddress) -> str:
    """Take an address off all interfaces; their other addresses stay.

    Returns what was removed as "ADDRESS/PREFIX on NAME", joined by commas. Raises NetError when
    the address is nowhere.
    """
    names = {link.ifindex: link.name for link in list_links().values()}
    removed = []
    everything = list(told_of_addresses())
    for one in everything:
        if one.address == address:
            name = names.get(one.ifindex, str(one.ifindex))
            here = [other.address for other in everything if other.ifindex == one.ifindex]
            beside = [other for other in here if other.version == 4 and other != address]
            with _promoting(name) if address.version == 4 and beside else nullcontext():
                _delete(one.ifindex, address, one.prefix)
            removed.append(f"{address}/{one.prefix} on {name}")
    if not removed:
        raise NetError(f"{address} is on no interface of this host")
    return ", ".join(removed)


def _delete(index: int, address: IPAddress, prefix: int) -> None:
    with netlink() as route:
        for message in list(route.get_addr(index=index, prefixlen=prefix)):
            local, peer = message.get_attr("IFA_LOCAL"), message.get_attr("IFA_ADDRESS")
            if str(address) in (local, None if local else peer):
                own = {"local": local} if local else {}
                route.addr("del", index=index, address=peer, prefixlen=prefix, **own)


@contextmanager
def _promoting(name: str) -> Iterator[None]:
    """Keep an interface's secondary IPv4 addresses when their primary one is removed.

    The kernel removes them with it (__inet_del_ifa() in net/ipv4/devinet.c) unless
    promote_secondaries is set, for the interface or for all.
    """
    setting = Path(f"/proc/sys/net/ipv4/conf/{name}/promote_secondaries")
    try:
        before = setting.read_text()
        if before.strip() == "0":
            setting.write_text("1")
    except OSError as error:
        raise NetError(
            f"{setting}: {error.strerror}; other addresses of {name} might go with the removed one"
        ) from error
    try:
        yield
    finally:
        if before.strip() == "0":
            setting.write_text(before)


def set_group(name: str, mac: str, member: bool) -> None:
    """Join or leave a multicast MAC on the NIC, so that its filter lets the group's frames in.

    SIOCADDMULTI and not PACKET_ADD_MEMBERSHIP: the membership must outlive the process, as the
    data plane does. It counts once however often it is joined (net/core/dev_addr_lists.c,
    global_use); leaving what was not joined is no error.
    """
    request = struct.pack("16sH6s8x", name.encode()[:15], 0, bytes.fromhex(mac.replace(":", "")))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        try:
            fcntl.ioctl(control, _SIOCADDMULTI if member else _SIOCDELMULTI, request)
        except OSError as error:
            if member:
                raise NetError(f"{name}: cannot join group {mac}: {error.strerror}") from error
