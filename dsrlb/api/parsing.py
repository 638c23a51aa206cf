# SPDX-License-Identifier: Apache-2.0
"""Bodies as values. The parser of JSON keeps everything waiting while it is at work, so it gets no
more than a part at a time; large bodies are for it in a thread, beside the event loop."""

from __future__ import annotations

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dsrlb.config.files import LARGEST
from dsrlb.config.nesting import TOO_DEEP, too_deep
from dsrlb.control.threads import to_its_end

MOST_PLAIN = 512 << 10
"""Bytes of a body at most, besides a configuration in it."""

_AT_ONCE = 16 << 10
_PIECE = 64 << 10
_LONG = 64 << 10  # a string that is parsed in pieces
_PART = re.compile(rb'(?:[^"\\]++|\\u[0-9A-Fa-f]{4}|\\[^u])*+', re.DOTALL)
_LOW = re.compile(rb"\\u[dD][c-fC-F][0-9A-Fa-f]{2}")
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def _wrong(message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> HTTPException:
    return HTTPException(status, message)


def parse(body: bytes) -> Any:
    """The value of a body. Raises JSONDecodeError, and HTTPException for what is valid JSON and
    cannot be taken: too much of it, too deep, or no Unicode text."""
    long: dict[str, str] = {}
    if len(body) > MOST_PLAIN:
        body = _without_long(body, long)
    try:
        value = json.loads(body)
    except RecursionError:
        value = None
        deep = True
    else:
        deep = too_deep(value)
    if deep:
        raise _wrong(TOO_DEEP)
    if not _is_text(value):
        raise _wrong("a text holds half of a surrogate pair (\\ud800 to \\udfff), which is none")
    return _with_long(value, long)


def _without_long(body: bytes, long: dict[str, str]) -> bytes:
    """The body with names in the place of long strings, which are kept by them."""
    rest, at = bytearray(), 0
    while at < len(body):
        if len(rest) > MOST_PLAIN:
            message = f"the request has more than {MOST_PLAIN} bytes besides a configuration"
            raise _wrong(message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        begin = body.find(b'"', at, at + _PIECE) + 1
        if not begin:
            rest += body[at : at + _PIECE]
            at += _PIECE
            continue
        rest += body[at:begin]
        at = _PART.match(body, begin, begin + _LONG).end()  # type: ignore[union-attr]  # nothing fits, too
        if at < begin + _LONG - 6 or len(long) > 1:  # it ends there; or what is it that is so long?
            rest += body[begin : at + 1]
            at += 1
            continue
        name = f"\0{len(long)}"
        long[name], at = _string(body, begin)
        rest += json.dumps(name)[1:].encode()
    return bytes(rest)


def _string(body: bytes, at: int) -> tuple[str, int]:
    """A long string from behind its first quote, and where it ends, behind its last one."""
    decode = getincrementaldecoder("utf-8")().decode
    parts: list[str] = []
    length = 0
    while True:
        end = _PART.match(body, at, at + _PIECE).end()  # type: ignore[union-attr]  # as above
        if _LOW.match(body, end):  # the second half of a pair
            end += 6
        part = json.loads(f'"{decode(body[at:end])}"')
        length += len(part)
        if length > LARGEST:
            raise _wrong("toml: over 16 MiB", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not _is_text(part):
            raise _wrong("toml: half of a surrogate pair (\\ud800 to \\udfff) is no text")
        parts.append(part)
        if body[end : end + 1] == b'"':
            decode(b"", True)  # half of a character is none
            return "".join(parts), end + 1
        if end == at:
            raise json.JSONDecodeError("Unterminated or wrong string", "", at)
        at = end


def _with_long(value: Any, long: dict[str, str]) -> Any:
    """The value with its long strings, which the object itself has, and nothing in it."""
    if not long:
        return value
    found = []
    if isinstance(value, dict):
        found = [key for key, name in value.items() if isinstance(name, str) and name in long]
    if len(found) != len(long):
        raise _wrong(f"one text, toml, may have more than {_LONG} bytes")
    return {**value, **{key: long[value[key]] for key in found}}


def _is_text(value: Any) -> bool:
    """Have all strings of a value a form in UTF-8?"""
    waiting = [value]
    try:
        while waiting:
            one = waiting.pop()
            if isinstance(one, str):
                one.encode()
            elif isinstance(one, dict):
                waiting += (*one, *one.values())
            elif isinstance(one, list):
                waiting += one
    except UnicodeEncodeError:
        return False
    return True


class _Parsed(Request):
    async def json(self) -> Any:
        """As parse()."""
        body = await self.body()
        return parse(body) if len(body) <= _AT_ONCE else await to_its_end(lambda: parse(body))


class ParsingRoute(APIRoute):
    """A route whose bodies are parsed here."""

    def get_route_handler(self) -> _Handler:
        """As FastAPI wants it to be done."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await handle(_Parsed(request.scope, request.receive))

        return handler
