# SPDX-License-Identifier: Apache-2.0
"""Flows as rows, or dropped. Everything here is made part by part: a million flows never
stand in memory at once.

Lines are JSON objects with the keys of views.FlowRow, written without a JSON encoder: there may be
millions of them, and what is in them (addresses, numbers, names of services) needs no quoting.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from dsrlb.control.flows.query import PROTOCOLS
from dsrlb.control.flows.selection import SOURCE, Found, Reals, side
from dsrlb.dataplane.keys import address_from_bytes
from dsrlb.dataplane.reaper import Reaper

_NAMES = {number: name for name, number in PROTOCOLS.items()}
_NO_SOURCE = ("null", "null")
_NOT_BEHIND = ("null", *_NO_SOURCE)  # real's port, pool's address and port


def limited(found: Iterable[Found], limit: int | None) -> Iterator[Found]:
    """Of all that is found the first ``limit`` entries (None: all)."""
    for piece in found:
        if limit is None:
            yield piece
            continue
        piece = piece.first(limit)
        yield piece
        limit -= len(piece.entries)
        if not limit:
            return


def lines(found: Iterable[Found], reals: Reals) -> Iterator[bytes]:
    """Newline-delimited JSON, one object for each entry, in pieces of many lines."""
    for piece in found:
        yield "".join(_rows(piece, reals)).encode()


def address_text(raw: bytes) -> str:
    """An address in network order, 4 or 16 bytes, as text."""
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def _addresses(raw: npt.NDArray[np.uint8]) -> list[str]:
    """As address_text(), of each row."""
    size, data = raw.shape[1], raw.tobytes()
    return [address_text(data[at : at + size]) for at in range(0, len(data), size)]


def _group_numbers(found: Found) -> list[int]:
    """The persistence group in the keys of sources' entries."""
    raw = side(found, "destination")
    return [int(number) for number in raw[:, -4:].copy().view(np.uint32)[:, 0]]


def _rows(found: Found, reals: Reals) -> Iterator[str]:
    abi = found.table.abi
    names = {number: name for name, number in abi.states.items()}
    keys = found.keys
    places = {index: _place(reals, index) for index in np.unique(found.reals).tolist()}
    pools = {place: _pool(reals, place) for place in np.unique(found.pools).tolist()}
    columns = zip(
        keys["proto"].tolist(),
        _addresses(side(found, "source")),
        keys["source_port_be"].byteswap().tolist(),
        _addresses(side(found, "destination")),
        keys["destination_port_be"].byteswap().tolist(),
        found.reals.tolist(),
        found.pool_ports.tolist(),
        found.pools.tolist(),
        found.states.tolist(),
        abi.seconds(found.idle).tolist(),
        abi.seconds(found.left).tolist(),
        _group_numbers(found),
        strict=True,
    )
    for proto, client, client_port, vip, vip_port, index, port, pool, *rest in columns:
        state, idle, left, group = rest
        service, real = places[index]
        if names[state] == SOURCE:
            label = json.dumps(reals.groups.get(group, str(group)))
            head = (
                f'{{"protocol": null, "client": "{client}", "client_port": null, "vip": null, '
                f'"vip_port": null, "service": null, "group": {label}, '
            )
            behind = _NOT_BEHIND
        else:
            head = (
                f'{{"protocol": "{_NAMES.get(proto, proto)}", "client": "{client}", '
                f'"client_port": {client_port}, "vip": "{vip}", "vip_port": {vip_port}, '
                f'"service": {service}, "group": null, '
            )
            kept = client_port if index in reals.openers else vip_port
            source = (pools[pool], port) if pool else _NO_SOURCE
            behind = (_real_port(reals, index, kept), *source)
        since = idle if index else "null"
        yield (
            f'{head}"real": {real}, "real_port": {behind[0]}, "pool_address": {behind[1]}, '
            f'"pool_port": {behind[2]}, "state": "{names[state]}", "idle": {since}, '
            f'"expires": {left}}}\n'
        )


def _real_port(reals: Reals, index: int, kept: int) -> str:
    """Of a flow behind the balancer, in JSON; ``kept``: what it is where none is configured."""
    port = reals.ports.get(index)
    return "null" if port is None else str(port or kept)


def _place(reals: Reals, index: int) -> tuple[str, str]:
    """Service and address of a real server in JSON; null where it is gone."""
    identity = reals.names.get(index)
    if identity is None:
        return "null", "null"
    return json.dumps(identity.service.name), json.dumps(str(identity.address))


def _pool(reals: Reals, place: int) -> str:
    """An address of a pool in JSON."""
    return json.dumps(str(address_from_bytes(reals.pools[place].tobytes())))


def drop(found: Iterable[Found], reaper: Reaper) -> int:
    """Remove what is found; returns how many entries. Raises KernelError."""
    return sum(
        reaper.drop(piece.table.ipv6, piece.entries, piece.table.abi.version(piece.metas))
        for piece in found
    )
