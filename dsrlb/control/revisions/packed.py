# SPDX-License-Identifier: Apache-2.0
"""Texts packed for keeping. Most of a large configuration is what it was the last time, and is not
packed again."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import chain

_LEVEL = 6
_BEGIN = b"\x78\x9c"  # RFC 1950: deflate, a window of 32 KiB
_END = b"\x03\x00"  # RFC 1951: an empty block, the last one
_BETWEEN = "\n"


class Packer:
    """Remembers the pieces of the last text."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def pack(self, text: str) -> bytes:
        """What zlib.decompress() gives back as the text in UTF-8."""
        from dsrlb.config.render import Toml  # with the models, which a start has no time for yet

        pieces: Sequence[str] = text.pieces if isinstance(text, Toml) else (text,)
        known = self._known
        self._known = {piece: known.get(piece) or _block(piece + _BETWEEN) for piece in pieces[:-1]}
        packed = [self._known[piece] for piece in pieces[:-1]]
        last = pieces[-1]
        packed.append(_block(last))
        check = zlib.adler32(text.encode()).to_bytes(4, "big")
        return b"".join(chain((_BEGIN,), packed, (_END, check)))


def _block(text: str) -> bytes:
    """Deflated by itself, up to a byte's end: such blocks may follow one another (RFC 1951)."""
    work = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return work.compress(text.encode()) + work.flush(zlib.Z_FULL_FLUSH)
