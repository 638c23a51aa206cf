# SPDX-License-Identifier: Apache-2.0
"""udp and dns against servers of all kinds."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

import pytest

from dsrlb.health.checks import dnswire
from dsrlb.health.checks.probe import OK, Outcome, wrong
from tests.unit.health.asked import answering, free_port, outcome, serving, target, until_closed

QUESTION = b"\7example\3com\0\0\1\0\1"
RECORD = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\xc0\0\2\1"


@pytest.mark.parametrize(
    ("send", "expect", "wanted"),
    [
        ("ping", "", OK),
        ("", "", OK),
        ("ping", "gnip", OK),
        ("hex:00ff", "hex:ff00", OK),
        ("ping", "pong", wrong("it said 'gnip'")),
    ],
)
def test_answers(send: str, expect: str, wanted: Outcome) -> None:
    with answering(lambda data: [data[::-1]]) as port:
        assert outcome(target("udp", port=port, send=send, expect=expect)) == wanted


@pytest.mark.parametrize("kind", ["udp", "dns"])
def test_nobody_listens(kind: str) -> None:
    port = free_port(socket.SOCK_DGRAM)
    assert outcome(target(kind, port=port)) == Outcome("port-closed", "connection refused")


@pytest.mark.parametrize("kind", ["udp", "dns"])
def test_nobody_answers(kind: str) -> None:
    with answering(lambda data: []) as port:
        found = outcome(target(kind, port=port, timeout=100))
    assert found == Outcome("no-answer", "nothing came within 100 ms", late=True)


def test_answers_of_others_do_not_count() -> None:
    """The socket is connected: a datagram from elsewhere is none."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        channel.bind(("127.0.0.1", 0))
        channel.settimeout(5)
        thread = threading.Thread(target=lambda: other.sendto(b"pong", channel.recvfrom(100)[1]))
        thread.start()
        found = outcome(target("udp", port=channel.getsockname()[1], timeout=200))
        thread.join()
    assert found.late


def _answer(query: bytes, rcode: int = 0, records: int = 1, **changed: Any) -> bytes:
    number: int = changed.get("number", int.from_bytes(query[:2], "big"))
    flags = changed.get("flags", 0x8180) | rcode
    asked: bytes = changed.get("asked", query[12:])
    head = struct.pack("!6H", number, flags, 1 if asked else 0, records, 0, 0)
    return head + asked + RECORD * records


Change = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("change", "check", "wanted"),
    [
        (_answer, {}, OK),
        (lambda query: _answer(query, records=0), {}, wrong("no A record of example.com")),
        (lambda query: _answer(query, 3, 0), {}, wrong("NXDOMAIN for example.com A")),
        (lambda query: _answer(query, 3, 0), {"rcode": "NXDOMAIN"}, OK),
        (_answer, {"rcode": "NXDOMAIN"}, wrong("NOERROR for example.com A")),
        (lambda query: _answer(query, 2, 0, asked=b""), {}, wrong("SERVFAIL for example.com A")),
        (lambda query: _answer(query, 5, 0), {"rcode": "any"}, OK),
        (lambda query: _answer(query, 9, 0), {}, wrong("RCODE9 for example.com A")),
        (lambda query: _answer(query, asked=query[12:].upper()), {}, OK),
    ],
)
def test_dns(change: Change, check: dict[str, Any], wanted: Outcome) -> None:
    with answering(lambda data: [change(data)]) as port:
        assert outcome(target("dns", port=port, query="example.com", **check)) == wanted


@pytest.mark.parametrize(
    "other",
    [
        lambda query: _answer(query, number=int.from_bytes(query[:2], "big") ^ 1),
        lambda query: _answer(query, asked=b"\5other\3com\0\0\1\0\1"),
        lambda query: _answer(query, asked=b""),
        lambda query: _answer(query, flags=0x0100),  # a query
        lambda query: query[:5],
        lambda query: b"\xff" * 2000,
    ],
    ids=["number", "question", "no-question", "query", "short", "noise"],
)
def test_dns_answers_to_other_queries(other: Change) -> None:
    """They are passed over; the right one counts."""
    with answering(lambda data: [other(data)]) as port:
        found = outcome(target("dns", port=port, query="example.com", timeout=100))
        assert found == wrong("1 answers, to another query, within 100 ms")
    with answering(lambda data: [other(data), _answer(data)]) as port:
        assert outcome(target("dns", port=port, query="example.com")) == OK


def _over_tcp(change: Callable[[bytes], bytes]) -> Callable[[socket.socket], None]:
    def serve(channel: socket.socket) -> None:
        data = channel.recv(1000)
        assert int.from_bytes(data[:2], "big") == len(data) - 2
        message = change(data[2:])
        whole = len(message).to_bytes(2, "big") + message
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        channel.sendall(whole[:1])
        channel.sendall(whole[1:20])
        channel.sendall(whole[20:])

    return serve


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (_answer, OK),
        (lambda query: _answer(query, 3, 0), wrong("NXDOMAIN for example.com A")),
        (
            lambda query: _answer(query, asked=b"\0\0\1\0\1"),
            wrong("over TCP, an answer to another query"),
        ),
    ],
)
def test_dns_truncated(change: Change, wanted: Outcome) -> None:
    with (
        serving(_over_tcp(change)) as port,
        answering(lambda data: [_answer(data, records=0, flags=0x8380)], port),
    ):
        assert outcome(target("dns", port=port, query="example.com")) == wanted


def test_dns_truncated_and_nothing_else() -> None:
    with answering(lambda data: [_answer(data, records=0, flags=0x8380)]) as port:
        found = outcome(target("dns", port=port, query="example.com"))
    assert found == wrong("truncated, and nobody listens at the port by TCP")


def test_dns_truncated_and_silent() -> None:
    with (
        serving(until_closed) as port,
        answering(lambda data: [_answer(data, records=0, flags=0x8380)], port),
    ):
        found = outcome(target("dns", port=port, query="example.com", timeout=200))
    assert found == wrong("truncated, and no answer by TCP")


def test_questions() -> None:
    assert dnswire.question("example.com", "A") == QUESTION
    assert dnswire.question("example.com.", "A") == QUESTION
    assert dnswire.question(".", "NS") == b"\0\0\2\0\1"
    assert dnswire.question("", "SOA") == b"\0\0\6\0\1"
    assert dnswire.query(0x1234, QUESTION) == b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + QUESTION
