# SPDX-License-Identifier: Apache-2.0
"""http against servers of all kinds."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from dsrlb.health.checks.answer import Answer, Garbage, in_ranges
from dsrlb.health.checks.http import request
from dsrlb.health.checks.probe import OK, Outcome, wrong
from tests.unit.health.asked import outcome, serving, target, until_closed
from tests.waiting import wait_until


def _request(channel: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += channel.recv(4096)
    return data


def _saying(answer: bytes) -> Callable[[socket.socket], None]:
    def serve(channel: socket.socket) -> None:
        _request(channel)
        channel.sendall(answer)

    return serve


def _asked(answer: bytes, **check: Any) -> Outcome:
    with serving(_saying(answer)) as port:
        return outcome(target("http", port=port, **check))


@pytest.mark.parametrize(
    ("answer", "check", "wanted"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup", {}, OK),
        (b"HTTP/1.0 200\r\n\r\n", {}, OK),
        (b"HTTP/1.1 200 OK\n\nup", {"body": "up"}, OK),
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", {}, OK),
        (b"HTTP/1.1 302 Found\r\n\r\n", {"status": ("200",)}, wrong("status 302, 200 wanted")),
        (b"HTTP/1.1 503 Busy\r\n\r\n", {}, wrong("status 503, 200-399 wanted")),
        (b"HTTP/1.1 503 Busy\r\n\r\n", {"status": ("200", "500-503")}, OK),
        (b"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", {}, OK),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nit's", {"body": "it's"}, OK),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndown",
            {"body": "up"},
            wrong("status 200, but not the wanted text in the body"),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
            {"body": "hello"},
            OK,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", {"method": "HEAD"}, OK),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nup",
            {"body": "up"},
            wrong("status 200, but closed within the body"),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nup\r\n",
            {},
            wrong("status 200, but closed within the body"),
        ),
        (b"HTTP/1.1 204 Nothing\r\nContent-Length: 3\r\n\r\n", {}, OK),
        (b"", {}, wrong("closed without an answer")),
        (b"HTTP/1.1 200 OK\r\nServ", {}, wrong("closed within the headers (21 bytes)")),
        (b"SSH-2.0-OpenSSH\r\n", {}, wrong("no HTTP: 'SSH-2.0-OpenSSH\\r\\n'")),
        (b"HTTP/1.1 2000 OK\r\n\r\n", {}, wrong("no HTTP: 'HTTP/1.1 2000 OK\\r\\n'")),
        (b"HTTP/1.1 101 Other\r\n\r\n", {}, wrong("status 101, which nobody asked for")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", {}, wrong("Content-Length: 'many'")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
            {"body": "hello"},
            wrong("no size of a chunk: 'zz\\r\\nhello'"),
        ),
    ],
)
def test_answers(answer: bytes, check: dict[str, Any], wanted: Outcome) -> None:
    assert _asked(answer, **check) == wanted


def test_what_is_sent() -> None:
    one = target("http", method="HEAD", path="/healthz?x=1", host="www.example.com")
    head, *headers = request(one).decode().split("\r\n")
    assert head == "HEAD /healthz?x=1 HTTP/1.1"
    assert {"Host: www.example.com", "Connection: close"} <= set(headers)
    assert b"\r\nHost: 192.0.2.10\r\n" in request(target("http"))
    assert b"\r\nHost: [2001:db8::1]\r\n" in request(target("http", host="2001:db8::1"))
    assert b"\r\nHost: [2001:db8::1]:80\r\n" in request(target("http", host="[2001:db8::1]:80"))


def test_a_byte_at_a_time() -> None:
    def serve(channel: socket.socket) -> None:
        _request(channel)
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
        )
        for byte in answer:
            channel.sendall(bytes([byte]))

    with serving(serve) as port:
        assert outcome(target("http", port=port, body="hello")) == OK


def _slowly(channel: socket.socket) -> None:
    channel.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        channel.sendall(b"X: y\r\n")
        time.sleep(0.01)


def test_a_good_answer_is_read_to_its_end() -> None:
    """The server is not cut off between two writes."""
    ends: list[str] = []

    def patient(channel: socket.socket) -> None:
        _request(channel)
        channel.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nu")
        for byte in (b"p", b"u", b"p"):
            time.sleep(0.02)  # so that the pieces are read apart
            channel.sendall(byte)
            ends.append("sent")

    with serving(patient) as port:
        assert outcome(target("http", port=port, body="up")) == OK
        wait_until("all is sent", lambda: len(ends) == 3)
    assert ends == ["sent"] * 3


def test_a_good_answer_that_does_not_end() -> None:
    """What was wanted has come by the time that it has."""

    def serve(channel: socket.socket) -> None:
        _request(channel)
        channel.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            channel.sendall(b"data: up\n")
            time.sleep(0.01)

    with serving(serve) as port:
        assert outcome(target("http", port=port, body="up", timeout=300)) == OK


def test_headers_that_do_not_come_to_an_end() -> None:
    """Slowly: the timeout is for all of it, however much comes."""
    with serving(_slowly) as port:
        found = outcome(target("http", port=port, timeout=200))
    assert found.late and found.reached and found.verdict == "no-answer"
    assert found.detail.startswith("the headers not complete within 200 ms (")


def test_headers_that_are_too_many() -> None:
    def serve(channel: socket.socket) -> None:
        channel.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            channel.sendall(b"X: y\r\n" * 1000)

    with serving(serve) as port:
        found = outcome(target("http", port=port))
    assert found == wrong("headers of more than 32768 bytes")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_without_end(chunked: bool) -> None:
    """Its first 64 KiB count."""

    def serve(channel: socket.socket) -> None:
        _request(channel)
        kind = b"Transfer-Encoding: chunked\r\n" if chunked else b""
        channel.sendall(b"HTTP/1.1 200 OK\r\n" + kind + b"\r\n")
        while True:
            channel.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n" if chunked else b"x" * 4096)

    with serving(serve) as port:
        assert outcome(target("http", port=port)) == OK
        found = outcome(target("http", port=port, body="up", timeout=3000))
        assert found == wrong("status 200, but not the wanted text in the body")


def test_what_is_behind_64_kib_does_not_count() -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 65535 + b"up"
    assert _asked(answer, body="up").verdict == "wrong-answer"
    assert _asked(answer[:-3] + b"up", body="up") == OK


def test_reset_within_the_answer() -> None:
    def serve(channel: socket.socket) -> None:
        _request(channel)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with serving(serve) as port:
        assert outcome(target("http", port=port)) == wrong("reset before it had answered")


def test_connected_and_silent() -> None:
    with serving(until_closed) as port:
        found = outcome(target("http", port=port, timeout=200))
    assert found.late and found.reached
    assert found.detail == "connected, but not answered within 200 ms"


def test_ranges() -> None:
    assert in_ranges(204, ("204",)) and in_ranges(399, ("200-399",))
    assert not in_ranges(400, ("200-399", "404")) and not in_ranges(200, ())


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pieces_of_any_size(size: int) -> None:
    whole = (
        b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n"
    )
    answer = Answer(head=False)
    for begin in range(0, len(whole), size):
        answer.add(whole[begin : begin + size])
    assert (answer.status, bytes(answer.body), answer.complete) == (200, b"hello world", True)


def test_a_line_of_a_chunk_that_is_too_long() -> None:
    answer = Answer(head=False)
    answer.add(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    with pytest.raises(Garbage):
        answer.add(b"1;" + b"x" * 400)
