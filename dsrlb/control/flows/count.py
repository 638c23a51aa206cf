# SPDX-License-Identifier: Apache-2.0
"""Flows counted by what they have in common, for `dsrlb flows --count-by`.

What is held in memory goes with the number of different clients or VIPs, as packed keys.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.control.flows.listing import address_text
from dsrlb.control.flows.query import endpoint_text
from dsrlb.control.flows.selection import Found, Reals, side

_MOST_WAITING = 1 << 17  # different keys, before they are merged
_LINES = 4096  # in one piece
_PORT_BYTES = 2

Line = tuple[str | None, int]


def count_lines(
    found: Iterable[Found], reals: Reals, by: str, limit: int | None
) -> Iterator[bytes]:
    """Newline-delimited JSON, in pieces of many lines: objects with the keys ``by`` and "flows",
    the highest count first. ``by``: one of flowquery.COUNTS; null: the real server is gone."""
    lines = _by_key(found, by) if by in ("client", "vip") else _by_label(found, reals, by)
    piece: list[str] = []
    for number, (label, count) in enumerate(lines):
        if number == limit:
            break
        piece.append(f'{{"{by}": {json.dumps(label)}, "flows": {count}}}\n')
        if len(piece) == _LINES:
            yield "".join(piece).encode()
            piece.clear()
    if piece:
        yield "".join(piece).encode()


def _by_label(found: Iterable[Found], reals: Reals, by: str) -> Iterator[Line]:
    """By real server, service or state: there are few."""
    counts: Counter[str | None] = Counter()
    for piece in found:
        label, column = _labels(piece, reals, by)
        numbers, sums = np.unique(column, return_counts=True)
        for number, total in zip(numbers.tolist(), sums.tolist(), strict=True):
            counts[label(number)] += total
    yield from counts.most_common()


def _labels(
    piece: Found, reals: Reals, by: str
) -> tuple[Callable[[int], str | None], npt.NDArray[Any]]:
    """How numbers are called, and those of the entries."""
    if by == "state":
        names = {number: name for name, number in piece.table.abi.states.items()}
        return names.get, piece.states

    def label(index: int) -> str | None:
        identity = reals.names.get(index)
        if identity is None:
            return None
        return identity.service.name if by == "service" else str(identity.address)

    return label, piece.reals


class Tally:
    """Counts keys of one size: rows of bytes."""

    def __init__(self) -> None:
        self._keys: list[npt.NDArray[Any]] = []
        self._counts: list[npt.NDArray[np.int64]] = []
        self._waiting = 0

    def add(self, rows: npt.NDArray[np.uint8]) -> None:
        """Count each row of bytes once more."""
        packed = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1])))[:, 0]
        different, counts = np.unique(packed, return_counts=True)
        self._keys.append(different)
        self._counts.append(counts)
        self._waiting += len(different)
        if self._waiting > _MOST_WAITING:
            self._merge()

    def _merge(self) -> None:
        different, places = np.unique(np.concatenate(self._keys), return_inverse=True)
        counts = np.bincount(places, np.concatenate(self._counts)).astype(np.int64)
        self._keys, self._counts, self._waiting = [different], [counts], 0

    def result(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        """Keys and counts."""
        self._merge()
        return self._keys[0], self._counts[0]


def _by_key(found: Iterable[Found], by: str) -> Iterator[Line]:
    """By client or VIP and port: there may be as many as there are flows."""
    tallies: dict[bool, Tally] = {}
    for piece in found:
        if by == "vip":
            piece = piece.only(piece.keys["proto"] != 0)  # sources have none
        if not len(piece.entries):
            continue
        rows = side(piece, "source" if by == "client" else "destination")
        if by == "vip":
            ports = np.ascontiguousarray(piece.keys["destination_port_be"])
            rows = np.hstack([rows, ports.view(np.uint8).reshape(-1, _PORT_BYTES)])
        tallies.setdefault(piece.table.ipv6, Tally()).add(rows)
    results = [tally.result() for tally in tallies.values()]
    if not results:
        return
    counts = np.concatenate([numbers for _, numbers in results])
    for place in np.argsort(-counts, kind="stable"):
        at = int(place)
        for keys, numbers in results:
            if at < len(keys):
                yield _key_label(keys[at].tobytes(), by), int(numbers[at])
                break
            at -= len(keys)


def _key_label(raw: bytes, by: str) -> str:
    if by == "client":
        return address_text(raw)
    host, port = raw[:-_PORT_BYTES], raw[-_PORT_BYTES:]
    return endpoint_text(address_text(host), int.from_bytes(port, "big"))
