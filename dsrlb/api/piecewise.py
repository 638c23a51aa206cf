# SPDX-License-Identifier: Apache-2.0
"""Answers that may be long, encoded in a thread, a piece at a time: to check and encode 64,000 rows
in the event loop would keep everybody else waiting for a second."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.responses import StreamingResponse

from dsrlb.control.threads import stepwise

_ROWS = 256
"""Of a piece: some milliseconds of work, and about 100 kB."""
_LEAST = 1 << 15
"""Bytes."""


def answer(content: Sequence[Any] | Mapping[str, Any]) -> StreamingResponse:
    """JSON of rows, or of an object some of whose values are rows."""
    return StreamingResponse(stepwise(pieces(content)), media_type="application/json")


def pieces(content: Sequence[Any] | Mapping[str, Any]) -> Iterator[bytes]:
    """The bytes of the JSON text, in order. Short ones go together: each is a turn of a thread."""
    held: list[bytes] = []
    for part in _parts(content):
        held.append(part)
        if sum(map(len, held)) >= _LEAST:
            yield b"".join(held)
            held.clear()
    if held:
        yield b"".join(held)


def _parts(content: Sequence[Any] | Mapping[str, Any]) -> Iterator[bytes]:
    if not isinstance(content, Mapping):
        yield from _rows(content)
        return
    before = "{"
    for key, value in content.items():
        yield f"{before}{_text(key)}:".encode()
        if isinstance(value, list):
            yield from _rows(value)
        else:
            yield _text(value).encode()
        before = ","
    yield b"}" if content else b"{}"


def _rows(rows: Sequence[Any]) -> Iterator[bytes]:
    before = "["
    for first in range(0, len(rows), _ROWS):
        yield (before + _text(rows[first : first + _ROWS])[1:-1]).encode()
        before = ","
    yield b"]" if rows else b"[]"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
