# SPDX-License-Identifier: Apache-2.0
"""DNS messages (RFC 1035), as far as a check needs them: one question, and an answer's header."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33,
}  # fmt: skip
_RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_INTERNET = 1
_HEADER = struct.Struct("!6H")
_RESPONSE, _TRUNCATED, _RECURSE, _OPCODE = 0x8000, 0x0200, 0x0100, 0x7800


@dataclass(frozen=True, slots=True)
class Reply:
    """What an answer says. ``records``: how many are in its answer section."""

    rcode: str
    records: int
    truncated: bool


def question(name: str, record: str) -> bytes:
    """The question section: "." or a name, with or without a dot at its end."""
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".") if label]
    packed = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return packed + struct.pack("!HH", _TYPES[record], _INTERNET)


def query(number: int, asked: bytes) -> bytes:
    """A message with one question, recursion desired."""
    return _HEADER.pack(number, _RECURSE, 1, 0, 0, 0) + asked


def reply(message: bytes, number: int, asked: bytes) -> Reply | None:
    """What a message says to a query; None: it is no answer to that one. Names are compared without
    regard to case. An error may come without the question (RFC 8906, 3.2.2)."""
    if len(message) < _HEADER.size:
        return None
    got, flags, questions, records, _, _ = _HEADER.unpack_from(message)
    if got != number or not flags & _RESPONSE or flags & _OPCODE:
        return None
    code = flags & 15
    echoed = message[_HEADER.size : _HEADER.size + len(asked)]
    if not (questions == 1 and echoed.lower() == asked.lower()) and not (code and not questions):
        return None
    return Reply(_RCODES.get(code, f"RCODE{code}"), records, bool(flags & _TRUNCATED))
