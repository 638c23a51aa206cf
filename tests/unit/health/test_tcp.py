# SPDX-License-Identifier: Apache-2.0
"""tcp against servers of all kinds."""

from __future__ import annotations

import socket

import pytest

from dsrlb.health.checks.probe import OK, Outcome, wrong
from tests.unit.health.asked import free_port, outcome, serving, silent, target, until_closed
from tests.waiting import wait_until


def test_it_opens() -> None:
    with serving(until_closed) as port:
        assert outcome(target("tcp", port=port)) == OK


def test_it_opens_over_ipv6() -> None:
    with serving(until_closed, "::1") as port:
        assert outcome(target("tcp", "::1", port)) == OK


def test_it_is_reset_behind_it() -> None:
    """Nothing stays: no TIME_WAIT at either end."""
    ends: list[str] = []

    def serve(channel: socket.socket) -> None:
        try:
            ends.append(f"read {channel.recv(1)!r}")
        except ConnectionResetError:
            ends.append("reset")

    with serving(serve) as port:
        assert outcome(target("tcp", port=port)) == OK
        wait_until("the server was told", lambda: ends)
    assert ends == ["reset"]


def test_nobody_listens() -> None:
    found = outcome(target("tcp", port=free_port()))
    assert found == Outcome("port-closed", "connection refused")


def test_nobody_answers() -> None:
    with silent() as port:
        found = outcome(target("tcp", port=port, timeout=200))
    assert found == Outcome("no-answer", "nothing came within 200 ms", late=True)


def _mirror(channel: socket.socket) -> None:
    channel.sendall(channel.recv(100)[::-1])
    until_closed(channel)


@pytest.mark.parametrize(
    ("send", "expect", "wanted"),
    [
        ("abc", "cb", OK),
        ("hex:0102", "hex:0201", OK),
        ("abc", "", OK),
        ("abc", "nix", wrong("within 200 ms it said 'cba'")),
    ],
)
def test_send_and_expect(send: str, expect: str, wanted: Outcome) -> None:
    with serving(_mirror) as port:
        assert outcome(target("tcp", port=port, send=send, expect=expect, timeout=200)) == wanted


def test_a_banner_in_pieces() -> None:
    def serve(channel: socket.socket) -> None:
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (b"22", b"0 ", b"mail"):
            channel.sendall(piece)
        until_closed(channel)

    with serving(serve) as port:
        assert outcome(target("tcp", port=port, expect="220 mail")) == OK


def test_it_closes_without_a_word() -> None:
    with serving(lambda channel: None) as port:
        assert outcome(target("tcp", port=port, expect="220")) == wrong("closed; it said nothing")


def test_it_closes_its_half_behind_another_word() -> None:
    def serve(channel: socket.socket) -> None:
        channel.sendall(b"421 busy")
        channel.shutdown(socket.SHUT_WR)
        until_closed(channel)

    with serving(serve) as port:
        found = outcome(target("tcp", port=port, expect="220"))
    assert found == wrong("closed; it said '421 busy'")


def test_it_does_not_end() -> None:
    """What never holds what is wanted is not read for ever."""

    def serve(channel: socket.socket) -> None:
        while True:
            channel.sendall(b"x" * 65536)

    with serving(serve) as port:
        found = outcome(target("tcp", port=port, expect="220"))
    assert found == wrong(f"it said '{'x' * 60}'...")


def test_connected_and_silent() -> None:
    with serving(until_closed) as port:
        found = outcome(target("tcp", port=port, expect="220", timeout=200))
    text = "connected, but not answered within 200 ms"
    assert found == Outcome("no-answer", text, late=True, reached=True)


def test_an_address_that_cannot_be_asked() -> None:
    """That says nothing about the real server."""
    found = outcome(target("tcp", "255.255.255.255", 80))
    assert not found.asked and found.detail == "could not be asked: Network is unreachable"
