# SPDX-License-Identifier: Apache-2.0
"""Texts packed for keeping. Most of a large configuration is what it was the last time, and is not
packed again."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

_LEVEL = 6
_BEGIN = b"\x78\x9c"  # RFC 1950: deflate, a window of 32 KiB
_END = b"\x03\x00"  # RFC 1951: an empty block, the last one
_BETWEEN = "\n"
_PRIME = 65_521


class Packer:
    """Remembers the pieces of the last text."""

    def __init__(self) -> None:
        self._known: dict[str, _Block] = {}

    def pack(self, text: str) -> bytes:
        """What zlib.decompress() gives back as the text in UTF-8."""
        from dsrlb.config.render import Toml  # with the models, which a start has no time for yet

        pieces: Sequence[str] = text.pieces if isinstance(text, Toml) else (text,)
        known = self._known
        self._known = {piece: known.get(piece) or _block(piece + _BETWEEN) for piece in pieces[:-1]}
        blocks = [*(self._known[piece] for piece in pieces[:-1]), _block(pieces[-1])]
        packed = (block.packed for block in blocks)
        return b"".join(chain((_BEGIN,), packed, (_END, _check(blocks).to_bytes(4, "big"))))


class _Block(NamedTuple):
    """A piece: deflated by itself, up to a byte's end, so that such blocks may follow one another
    (RFC 1951); how many bytes it is unpacked, and their Adler-32."""

    packed: bytes
    size: int
    check: int


def _block(text: str) -> _Block:
    work = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    raw = text.encode()
    packed = work.compress(raw) + work.flush(zlib.Z_FULL_FLUSH)
    return _Block(packed, len(raw), zlib.adler32(raw))


def _check(blocks: Iterable[_Block]) -> int:
    """The Adler-32 of all (RFC 1950): the sum of the bytes and 1, and the sum of these sums."""
    low, high = 1, 0
    for block in blocks:
        high += block.size * (low - 1) + (block.check >> 16)
        low = (low + (block.check & 0xFFFF) - 1) % _PRIME
    return high % _PRIME << 16 | low
