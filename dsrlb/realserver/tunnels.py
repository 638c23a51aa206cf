# SPDX-License-Identifier: Apache-2.0
"""Decapsulation by the kernel: tunnel devices, and for GUE a UDP port that hands on to them.

The kernel opens GUE variant 1 by itself (net/ipv4/fou_core.c) and gives what it holds to the tunnel
device for that pair of families, as if it had come by ipip.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address
from typing import Any

from dsrlb.errors import NetError
from dsrlb.realserver.pieces import Piece
from dsrlb.realserver.request import Request, outer_family
from dsrlb.realserver.steps import (
    Command,
    Host,
    IPAddress,
    NoCommandError,
    Step,
    Sysctl,
    output,
    read_sysctl,
)

# By (inner family, outer family). A device for each of our own addresses: one without would clash
# with the kernel's own tunl0. ipip "any" does not mean IPv6, that is sit's.
_KINDS = {(4, 4): "ipip", (6, 4): "sit", (4, 6): "ip6tnl", (6, 6): "ip6tnl"}
_NAMES = {"ipip": "dsrlb-ipip4", "sit": "dsrlb-sit", "ip6tnl": "dsrlb-ip6tnl"}
_MODES = {"ipip": "any", "sit": "ip6ip", "ip6tnl": "any"}
# Without any IPv4 address on the device rp_filter drops everything, loose as it may be
# (__fib_validate_source() in net/ipv4/fib_frontend.c).
_ADDRESS = IPv4Address("127.0.0.42")
_FAMILIES = {4: "inet", 6: "inet6"}


@dataclass(frozen=True, slots=True)
class Device:
    """A tunnel device. ``ipv4``: IPv4 packets come out of it."""

    kind: str
    local: IPAddress
    ipv4: bool


@dataclass(frozen=True, slots=True)
class Tunnels:
    """What the kernel has of ours: (kind, own address) by name; ports as "inet 6080"."""

    devices: dict[str, tuple[str, IPAddress]] = field(default_factory=dict)
    ports: frozenset[str] = frozenset()

    def name_of(self, device: Device) -> str | None:
        """The device that is there for this."""
        wanted = (device.kind, device.local)
        return next((name for name, there in self.devices.items() if there == wanted), None)


def is_tunnel(name: str) -> bool:
    """Is it the name of a device of ours?"""
    return name.startswith(tuple(_NAMES.values()))


def read() -> Tunnels:
    """Ask `ip`. Raises NetError."""
    devices = {}
    links: list[dict[str, Any]] = json.loads(output(["ip", "-json", "-details", "link"]) or "[]")
    for link in filter(None, links):
        info = link.get("linkinfo", {})
        local = info.get("info_data", {}).get("local", "any")
        if is_tunnel(link["ifname"]) and info.get("info_kind") in _NAMES and local != "any":
            devices[link["ifname"]] = (info["info_kind"], ip_address(local))
    return Tunnels(devices, frozenset(_ports()))


def _ports() -> Iterator[str]:
    try:
        shown = output(["ip", "-json", "fou", "show"])
    except NetError:  # a kernel without it
        return
    for port in json.loads(shown or "[]"):
        if "gue" in port:
            yield f"{port.get('family', 'inet')} {port['port']}"


def pieces(
    request: Request, own: tuple[IPAddress, ...], host: Host, tunnels: Tunnels
) -> list[Piece]:
    """Devices and ports, with the commands that make them."""
    found = []
    names = set(tunnels.devices) | set(host.up)
    devices = _devices(request, own)
    for device in devices:
        name = tunnels.name_of(device) or _free(_NAMES[device.kind], names)
        names.add(name)
        found.append(_device(name, device, host, tunnels))
    if request.method == "gue":
        families = sorted({device.local.version for device in devices})
        found += [_port(_FAMILIES[family], request.gue_port, tunnels) for family in families]
    return found


def _devices(request: Request, own: tuple[IPAddress, ...]) -> list[Device]:
    inner: dict[tuple[str, IPAddress], set[int]] = {}
    for vip in request.vips:
        outer = outer_family(vip, own)
        for local in own:
            if local.version == outer:
                inner.setdefault((_KINDS[vip.version, outer], local), set()).add(vip.version)
    return [Device(kind, local, 4 in held) for (kind, local), held in inner.items()]


def _free(name: str, taken: set[str]) -> str:
    numbered = (f"{name}-{number}" for number in range(2, 100))
    return next(free for free in (name, *numbered) if free not in taken)


def _device(name: str, device: Device, host: Host, tunnels: Tunnels) -> Piece:
    value = f"kernel device {name} for {device.local}"
    lacking: list[tuple[str, Step]] = []
    if name not in tunnels.devices:
        mode = ("mode", _MODES[device.kind], "local", str(device.local))
        add = Command(("ip", "link", "add", name, "type", device.kind, *mode))
        lacking.append(("missing", add))
    places = host.addresses.get(_ADDRESS, ())
    if device.ipv4 and name not in {place.interface for place in places}:
        address = (f"{_ADDRESS}/32", "dev", name, "scope", "host")
        lacking.append(("no address", Command(("ip", "address", "add", *address))))
    if not host.up.get(name):
        lacking.append(("down", Command(("ip", "link", "set", name, "up"))))
    key = f"net/ipv4/conf/{name}/rp_filter"
    if device.ipv4 and read_sysctl(key) != "2":
        lacking.append(("rp_filter", Sysctl(key, "2")))
    if not lacking:
        return Piece("decapsulation", True, value)
    steps = tuple(step for _, step in lacking)
    wanted = f"{value}, up{f', with {_ADDRESS} and rp_filter 2' if device.ipv4 else ''}"
    return Piece("decapsulation", False, f"{value}: {lacking[0][0]}", steps, wanted=wanted)


def _port(family: str, port: int, tunnels: Tunnels) -> Piece:
    """IPv6 envelopes come with UDP checksum 0. A port of fou takes that by itself, and it has no
    udp6zerocsumrx to be set (udp_sock_create6() in net/ipv6/ip6_udp_tunnel.c)."""
    name = f"GUE port {port} ({family})"
    if f"{family} {port}" in tunnels.ports:
        return Piece(name, True, "open")
    return Piece(name, False, "closed", (Command(_fou("add", family, port)),), wanted="open")


def _fou(verb: str, family: str, port: int) -> tuple[str, ...]:
    gue = ("gue",) if verb == "add" else ()
    six = ("-6",) if family == "inet6" else ()
    return ("ip", "fou", verb, "port", str(port), *gue, *six)


def port_of(step: Step) -> str | None:
    """The port that a step opens, as it stands in the state."""
    if not isinstance(step, Command) or step.arguments[:3] != ("ip", "fou", "add"):
        return None
    return f"{'inet6' if '-6' in step.arguments else 'inet'} {step.arguments[4]}"


def trial(steps: Iterable[Step]) -> str:
    """Run the commands in a network namespace that is thrown away; "" when all worked, else what
    the kernel says. Raises NetError without root."""
    if os.geteuid() != 0:
        raise NetError("finding out what this kernel has needs root", hint="run it as root")
    commands = [step.shell() for step in steps if isinstance(step, Command)]
    try:
        output(["unshare", "--net", "--", "sh", "-c", " && ".join(commands)])
    except NoCommandError:  # says nothing about the kernel
        raise
    except NetError as error:
        return error.message.rpartition(": ")[2]
    return ""


def removal(tunnels: Tunnels) -> list[Command]:
    """Take our devices away."""
    return [Command(("ip", "link", "del", name)) for name in tunnels.devices]


def closing(ports: Iterable[str], tunnels: Tunnels) -> list[Command]:
    """Close ports, those that are open."""
    open_ports = (port.split() for port in ports if port in tunnels.ports)
    return [Command(_fou("del", family, int(port))) for family, port in open_ports]
