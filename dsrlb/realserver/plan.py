# SPDX-License-Identifier: Apache-2.0
"""Everything that a request needs, piece by piece."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dsrlb.realserver import gateway, nft, rules
from dsrlb.realserver.pieces import Piece, l2dsr
from dsrlb.realserver.request import ROUTED, TRANSLATED, TUNNELLED, Request, own_addresses
from dsrlb.realserver.state import Entry
from dsrlb.realserver.steps import Host, IPAddress


@dataclass(frozen=True, slots=True)
class Plan:
    """The pieces in the order of their steps; what the state has to tell of them; remarks."""

    pieces: list[Piece]
    entries: list[Entry]
    notes: tuple[str, ...] = ()


def plan(request: Request, host: Host, before: Iterable[Entry], *, may_try: bool) -> Plan:
    """``before``: what was set up already; ``may_try``: in a namespace to throw away.

    Raises DsrlbError for what cannot be here.
    """
    request.check_interface(host)
    if request.method in TRANSLATED:
        return _translated(request, host)
    return _direct(request, host, before, may_try)


_NEEDS = {
    "bridge": "nothing on a real server: it stays on its segment, with its addresses",
    "one-arm": "nothing on a real server but a route to the addresses of the pool",
    "router": "the balancer as the real server's default gateway",
    "nat": "the balancer as the real server's default gateway",
}


def _translated(request: Request, host: Host) -> Plan:
    note = f"mode {request.method} needs {_NEEDS[request.method]}"
    if request.method in ROUTED and request.idle:
        note += ": name it by --gateway to have it set, or see to it yourself"
    entries = [] if request.idle else [Entry(str(vip), request.method) for vip in request.vips]
    return Plan(gateway.pieces(request, host), entries, (note,))


def _direct(request: Request, host: Host, before: Iterable[Entry], may_try: bool) -> Plan:
    """For the modes whose replies do not come back to the balancer."""
    pieces = l2dsr(request.vips, request.interface, host)
    own = () if request.method == "l2dsr" else own_addresses(request, host)
    entries = _entries(request, own, host)
    notes: tuple[str, ...] = ()
    if request.method in TUNNELLED:
        from dsrlb.realserver.decapsulation import choose  # the data plane: not for everybody

        choice = choose(request, own, host, entries, before, may_try=may_try)
        pieces += choice.pieces
        notes = choice.notes
    if rules.needs_rules(request):
        pieces += rules.rule_pieces(request, own, host, nft.read())
    return Plan(pieces, entries, notes)


def _entries(request: Request, own: tuple[IPAddress, ...], host: Host) -> list[Entry]:
    interfaces: tuple[str, ...] = ()
    if request.method in TUNNELLED:
        from dsrlb.realserver.program import through

        interfaces = through(request, own, host)
    return [
        Entry(
            vip=str(vip),
            method=request.method,
            reals=tuple(map(str, own)),
            interfaces=interfaces,
            gue_port=request.gue_port,
            rules=rules.needs_rules(request),
        )
        for vip in request.vips
    ]
