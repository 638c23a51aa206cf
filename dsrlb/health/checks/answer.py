# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1 answer as it comes (RFC 9112): as much of it as a check wants to know."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dsrlb.health.checks.probe import shown

MOST_HEADERS = 32768
MOST_BODY = 65536

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [^\r\n]*)?\r?\n")
_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,256})?\r?\n")
_LONGEST_CHUNK_LINE = 300
_BODILESS = (204, 304)


class Garbage(Exception):
    """It is no HTTP; the text says what came instead."""


def in_ranges(status: int, ranges: Sequence[str]) -> bool:
    """Is a status one of these: "204", "200-399"?"""
    for one in ranges:
        first, _, last = one.partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


class Answer:
    """Bytes go in by add(). ``status``: 0 until the headers are complete, interim answers (1xx)
    left out. ``body``: what there is of it, decoded, at most 64 KiB. ``complete``: no more of it
    will come, or counts."""

    __slots__ = ("_chunked", "_head", "_left", "_raw", "body", "complete", "status")

    def __init__(self, head: bool) -> None:
        """``head``: the answer to a HEAD request, which has no body."""
        self._head = head
        self._raw = bytearray()
        self._chunked = False
        self._left: int | None = None  # bytes to come, of the body or the chunk
        self.status = 0
        self.body = bytearray()
        self.complete = False

    @property
    def delimited(self) -> bool:
        """Does it say itself where its body ends? Else the connection's end does."""
        return self._chunked or self._left is not None

    def add(self, data: bytes) -> None:
        """More of it. Raises Garbage."""
        self._raw += data
        while not self.status and self._read_headers():
            pass
        if self.status and not self.complete:
            if self._chunked:
                self._read_chunks()
            else:
                self._read_plain()
            if len(self.body) >= MOST_BODY:
                del self.body[MOST_BODY:]
                self.complete = True

    def _read_headers(self) -> bool:
        """Take the headers off, if they are all there. Returns whether to look for others."""
        raw = self._raw
        if raw and not b"HTTP/1.".startswith(raw[:7]):
            raise Garbage(f"no HTTP: {shown(bytes(raw))}")
        end = _HEADERS_END.search(raw, 0, MOST_HEADERS)
        if end is None:
            if len(raw) >= MOST_HEADERS:
                raise Garbage(f"headers of more than {MOST_HEADERS} bytes")
            return False
        head = bytes(raw[: end.start()]) + b"\r\n"
        del raw[: end.end()]
        match = _STATUS.match(head)
        if match is None:
            raise Garbage(f"no HTTP: {shown(head)}")
        status = int(match[1])
        if status < 200:
            if status == 101:
                raise Garbage("status 101, which nobody asked for")
            return True
        self.status = status
        self._frame(head[match.end() :])
        return False

    def _frame(self, head: bytes) -> None:
        """How long the body is (RFC 9112, 6.3)."""
        headers: dict[bytes, bytes] = {}
        for line in head.split(b"\n"):
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        if self._head or self.status in _BODILESS:
            self.complete = True
        elif b"transfer-encoding" in headers:
            self._chunked = headers[b"transfer-encoding"].lower().endswith(b"chunked")
        elif b"content-length" in headers:
            length = headers[b"content-length"]
            if not length.isdigit() or len(length) > 18:
                raise Garbage(f"Content-Length: {shown(length)}")
            self._left = int(length)

    def _read_plain(self) -> None:
        if self._left is None:
            self.body += self._raw
            self._raw.clear()
            return
        part = self._raw[: self._left]
        self.body += part
        self._left -= len(part)
        self._raw.clear()
        self.complete = not self._left

    def _read_chunks(self) -> None:
        raw = self._raw
        while not self.complete and len(self.body) < MOST_BODY:
            if self._left is None:
                if not self._read_size():
                    return
                continue
            part = raw[: self._left]
            self.body += part
            self._left -= len(part)
            del raw[: len(part)]
            if self._left:
                return
            self._left = None
            # The line end behind the chunk is taken off ahead of the next size.

    def _read_size(self) -> bool:
        """Take the next chunk's size off, if it is there."""
        raw = self._raw
        begin = 2 if raw.startswith(b"\r\n") else 1 if raw.startswith(b"\n") else 0
        match = _CHUNK.match(raw, begin)
        if match is None:
            if len(raw) > _LONGEST_CHUNK_LINE or b"\n" in raw[begin:]:
                raise Garbage(f"no size of a chunk: {shown(bytes(raw[begin:]))}")
            return False
        self._left = int(match[1], 16)
        self.complete = not self._left
        del raw[: match.end()]
        return True
