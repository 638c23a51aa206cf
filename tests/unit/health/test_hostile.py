# SPDX-License-Identifier: Apache-2.0
"""Whatever a stranger sends, an answer is understood or refused, the same in pieces as at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dsrlb.health.checks import dnswire
from dsrlb.health.checks.answer import MOST_BODY, Answer, Garbage
from dsrlb.health.checks.http import HttpExchange
from dsrlb.health.frames import ARP, IPV4, IPV6, seen
from dsrlb.health.protocol import Check

_PIECES = (
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404\n", b"HTTP/1.1 100 Go on\r\n\r\n", b"\r\n", b"\n",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
    b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n", b"ffffffff\r\n", b"fffffffff\r\n", b"X: y\r\n",
    b"\0", b"x" * 70000,
)  # fmt: skip
_streams = st.lists(st.sampled_from(_PIECES) | st.binary(max_size=20), max_size=12).map(b"".join)

Result = tuple[int, bytes, bool] | str


def _fed(data: bytes, sizes: list[int]) -> Result:
    answer = Answer(head=False)
    try:
        begin = 0
        for size in [*sizes, len(data)]:
            answer.add(data[begin : begin + size])
            begin += size
    except Garbage:
        return "garbage"
    assert len(answer.body) <= MOST_BODY
    return answer.status, bytes(answer.body), answer.complete


@given(_streams, st.lists(st.integers(1, 5000), max_size=30))
def test_pieces_make_no_difference(data: bytes, sizes: list[int]) -> None:
    whole, pieces = _fed(data, []), _fed(data, sizes)
    assert pieces == whole


@given(_streams, st.sampled_from(["", "hello"]))
def test_every_answer_is_judged(data: bytes, body: str) -> None:
    """Once the other end has closed, at the latest."""
    exchange = HttpExchange(Check("http", body=body))
    found = exchange.add(data) if data else None
    found = found or exchange.add(b"")
    assert found is not None and found.verdict in ("ok", "wrong-answer")
    assert found.good or found.detail.isprintable()


@given(st.binary(max_size=80))
def test_dns(message: bytes) -> None:
    asked = dnswire.question("example.com", "A")
    found = dnswire.reply(message, 1, asked)
    assert found is None or message[:2] == b"\0\1"


@given(st.sampled_from([ARP, IPV4, IPV6]), st.binary(max_size=120))
def test_packets(kind: int, data: bytes) -> None:
    found = seen(kind, data)
    assert found is None or len(found.sender) in (4, 16)


@given(st.binary(max_size=80))
def test_packets_that_look_like_some(data: bytes) -> None:
    for kind, start in (
        (IPV4, b"\x4f"),
        (IPV4, b"\x45" + bytes(8) + b"\1"),
        (IPV6, b"\x60" + bytes(5) + b"\x3a"),
    ):
        found = seen(kind, start + data)
        assert found is None or len(found.sender) in (4, 16)
