# SPDX-License-Identifier: Apache-2.0
"""Decapsulation by our eBPF program, where the kernel has no tunnel devices.

It stays on its interfaces when the command ends, and is known again by its name and its maps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address

from dsrlb.dataplane.artifact import build, part
from dsrlb.dataplane.decap import GUE, IPIP, PART, Decapsulation, Tables
from dsrlb.dataplane.programs import program_name
from dsrlb.errors import CompileError, NetError
from dsrlb.net import xdp
from dsrlb.net.links import Link, get_link, list_links
from dsrlb.realserver.pieces import Piece
from dsrlb.realserver.request import TUNNELLED, Request, interfaces_of
from dsrlb.realserver.state import Entry
from dsrlb.realserver.steps import Host, IPAddress

_BITS = {"ipip": IPIP, "gue": GUE}


@dataclass(frozen=True, slots=True)
class Running:
    """Our program on this host's interfaces: the mode by interface, and what it goes by."""

    modes: dict[str, str]
    tables: Tables

    def text(self) -> str:
        """Where it is."""
        places = ", ".join(f"{name}, {mode}" for name, mode in self.modes.items())
        return f"eBPF program on {places}"


@contextmanager
def _ours() -> Iterator[dict[str, tuple[Link, Decapsulation]]]:
    """The interfaces with our program, by name."""
    found = {}
    try:
        for name, link in list_links().items():
            decapsulation = Decapsulation.of(link.xdp_program)
            if decapsulation is not None:
                found[name] = (link, decapsulation)
        yield found
    finally:
        for _, decapsulation in found.values():
            decapsulation.close()


def running() -> Running | None:
    """Our program, if it is on an interface. Raises KernelError without root."""
    with _ours() as ours:
        tables = Tables()
        for _, decapsulation in ours.values():
            tables |= decapsulation.read()
        modes = {name: link.xdp_mode or "" for name, (link, _) in ours.items()}
        return Running(modes, tables) if ours else None


@dataclass(frozen=True, slots=True)
class Attach:
    """Have the program on these interfaces, and go by these tables."""

    interfaces: tuple[str, ...]
    tables: Tables

    def shell(self) -> str:
        """There is no command for it."""
        vips = ", ".join(sorted(map(str, self.tables.vips)))
        return f"# eBPF program on {', '.join(self.interfaces)}: opens packets to {vips}"

    def prepare(self) -> None:
        """Compile, or find in the cache. Raises CompileError."""
        try:
            build(part(PART))
        except CompileError as error:
            raise CompileError(
                "this kernel has no tunnel devices, and the eBPF program that does their work "
                f"cannot be built: {error.message}",
                hint=error.hint,
            ) from error

    def run(self) -> None:
        """Do it. Raises KernelError."""
        with _ours() as ours:
            for _, decapsulation in ours.values():
                decapsulation.write(self.tables)
            lacking = [name for name in self.interfaces if name not in ours]
            if not lacking:
                return
            if ours:
                _attach(lacking, next(iter(ours.values()))[1])
                return
            with closing(Decapsulation.load(self.tables)) as loaded:
                _attach(lacking, loaded)


def _attach(names: Iterable[str], decapsulation: Decapsulation) -> None:
    """Native where the driver can, but for veth: there it would need a program at the peer."""
    for name in names:
        link = _link(name)
        if link.kind != "veth":
            try:
                xdp.attach(link, decapsulation.program_fd, "native")
                continue
            except NetError:
                link = _link(name)
        xdp.attach(link, decapsulation.program_fd, "generic")


def _link(name: str) -> Link:
    link = get_link(name)
    if link is None:
        raise NetError(f"interface {name} is gone")
    return link


@dataclass(frozen=True, slots=True)
class Detach:
    """Take the program off; ``modes``: (interface, the mode in which it is there)."""

    modes: tuple[tuple[str, str], ...]

    def shell(self) -> str:
        """The commands that do the same."""
        return "; ".join(_off(name, mode) for name, mode in self.modes)

    def run(self) -> None:
        """Do it. Raises NetError."""
        with _ours() as ours:
            for name, _ in self.modes:
                if name in ours:
                    xdp.detach(ours[name][0])


def _off(name: str, mode: str | None) -> str:
    """The command that takes any program off an interface."""
    word = "xdpdrv" if mode == "native" else "xdpgeneric"
    return f"ip link set dev {name} {word} off"


def through(request: Request, own: tuple[IPAddress, ...], host: Host) -> tuple[str, ...]:
    """The interfaces that the program belongs on: for a VLAN the one below. Raises NetError."""
    links = list_links()
    found = []
    for name in interfaces_of(request, own, host):
        while links[name].kind == "vlan" and host.lower.get(name) in links:
            name = host.lower[name]
        found.append(name)
    return tuple(dict.fromkeys(found))


def tables_of(entries: Iterable[Entry]) -> Tables:
    """What the program has to go by for these."""
    tables = Tables()
    for entry in entries:
        if entry.method in TUNNELLED:
            vips = {ip_address(entry.vip): _BITS[entry.method]}
            reals = frozenset(map(ip_address, entry.reals))
            tables |= Tables(vips, reals, entry.gue_port)
    return tables


def pieces(
    request: Request, entries: Iterable[Entry], before: Iterable[Entry], now: Running | None
) -> list[Piece]:
    """``entries``: those of the request; ``before``: what was set up already."""
    entries = tuple(entries)
    tables = now.tables if now else Tables()
    wanted = tables_of(entries)
    interfaces = tuple(dict.fromkeys(name for entry in entries for name in entry.interfaces))
    step = Attach(interfaces, tables | tables_of(before) | wanted)
    found = [_place(interfaces, now, step)]
    if wanted.gue_port:
        found.append(_port(wanted.gue_port, tables.gue_port, step))
    for vip, methods in wanted.vips.items():
        there = tables.vips.get(vip, 0) & methods == methods
        found.append(_entry(f"{vip} by {request.method}", there, step))
    for real in sorted(wanted.reals, key=str):
        found.append(_entry(f"envelopes to {real}", real in tables.reals, step))
    return [*found, _counts()] if now else found


def _place(interfaces: tuple[str, ...], now: Running | None, step: Attach) -> Piece:
    links = list_links()
    modes = now.modes if now else {}
    for name in (name for name in interfaces if name not in modes):
        number = links[name].xdp_program
        if number is not None:
            value = f"another XDP program is on {name}: {program_name(number)}, id {number}"
            advice, wanted = _off(name, links[name].xdp_mode), f"ours on {name}"
            return Piece("decapsulation", False, value, (), advice, wanted)
    if all(name in modes for name in interfaces) and now:
        return Piece("decapsulation", True, now.text())
    lacking = ", ".join(name for name in interfaces if name not in modes)
    value = f"no eBPF program on {lacking}"
    return Piece("decapsulation", False, value, (step,), wanted=f"it on {', '.join(interfaces)}")


def _entry(name: str, there: bool, step: Attach) -> Piece:
    value = "opened" if there else "not opened"
    return Piece(name, there, value, (step,), wanted="opened")


def _port(port: int, now: int, step: Attach) -> Piece:
    name = f"GUE port {port}"
    if now not in (0, port):
        advice = "one for all VIPs: undo those of gue first"
        return Piece(name, False, f"it is {now}", (), advice, str(port))
    return _entry(name, now == port, step)


def _counts() -> Piece:
    """What it has done so far: nothing may be wrong with that."""
    with _ours() as ours:
        counts = [decapsulation.counts() for _, decapsulation in ours.values()]
    first = counts[0] if counts else None
    if first is None:
        return Piece("packets opened", True, "0")
    dropped = f"{first.congested} dropped (congestion that the packet cannot carry)"
    return Piece("packets opened", True, f"ipip {first.ipip}, gue {first.gue}; {dropped}")
