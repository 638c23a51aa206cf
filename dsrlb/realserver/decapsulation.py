# SPDX-License-Identifier: Apache-2.0
"""Who opens the envelopes of ipip and gue: the kernel's tunnel devices, else our eBPF program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dsrlb.realserver import program, tunnels
from dsrlb.realserver.pieces import Piece
from dsrlb.realserver.request import TUNNELLED, Request
from dsrlb.realserver.state import Entry
from dsrlb.realserver.steps import Command, Host, IPAddress, Step


@dataclass(frozen=True, slots=True)
class Choice:
    """The pieces of one of the two, and why it is not the other."""

    pieces: list[Piece]
    notes: tuple[str, ...] = ()


def choose(
    request: Request,
    own: tuple[IPAddress, ...],
    host: Host,
    entries: Iterable[Entry],
    before: Iterable[Entry],
    *,
    may_try: bool,
) -> Choice:
    """What is there goes on. Where nothing is, the kernel is tried, unless nothing may be tried:
    that may load kernel modules. Raises NetError, KernelError."""
    now = program.running()
    if now is not None:
        return Choice(program.pieces(request, entries, before, now))
    there = tunnels.read()
    pieces = tunnels.pieces(request, own, host, there)
    steps = [step for piece in pieces if not piece.ok for step in piece.steps]
    if not any(isinstance(step, Command) for step in steps):
        return Choice(pieces)
    if not may_try:
        wanted = "a kernel tunnel device, or the eBPF program"
        advice = "dsrlb real-server setup"
        missing = Piece("decapsulation", False, "missing", (), advice, wanted)
        return Choice(pieces if there.devices else [missing])
    words = tunnels.trial(_from_nothing(request, own, host))
    if not words:
        return Choice(pieces)
    note = f"no tunnel devices in this kernel ({words}): the eBPF program takes their place"
    return Choice(program.pieces(request, entries, before, None), (note,))


def _from_nothing(request: Request, own: tuple[IPAddress, ...], host: Host) -> list[Step]:
    """All commands, as on a host that has none of it."""
    bare = Host({"lo": True}, {}, host.mtu)
    pieces = tunnels.pieces(request, own, bare, tunnels.Tunnels())
    return [step for piece in pieces for step in piece.steps]


def undoing(gone: Iterable[Entry], left: Iterable[Entry], ports: list[str]) -> list[Step]:
    """What nobody needs any more. Strikes closed ports out of ``ports``."""
    left = [entry for entry in left if entry.method in TUNNELLED]
    if not any(entry.method in TUNNELLED for entry in gone):
        return []
    there = tunnels.read()
    steps: list[Step] = [] if left else [*tunnels.removal(there)]
    if not any(entry.method == "gue" for entry in left):
        steps += tunnels.closing(ports, there)
        ports.clear()
    return [*_undo_program(left), *steps]


def _undo_program(left: list[Entry]) -> list[Step]:
    now = program.running()
    if now is None:
        return []
    needed = {name for entry in left for name in entry.interfaces}
    unneeded = tuple(place for place in now.modes.items() if place[0] not in needed)
    steps: list[Step] = [program.Detach(unneeded)] if unneeded else []
    kept = tuple(name for name in now.modes if name in needed)
    tables = program.tables_of(left)
    if kept and tables != now.tables:
        steps.append(program.Attach(kept, tables))
    return steps
