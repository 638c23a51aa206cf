# SPDX-License-Identifier: Apache-2.0
"""https against servers of all kinds. The certificates are made by the test's own authority."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dsrlb.health.checks import https
from dsrlb.health.checks.probe import OK, Outcome, wrong
from tests.unit.health.asked import outcome, serving, target, until_closed

NAME = "www.example.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with key and self-signed certificate for NAME and 192.0.2.10."""
    folder = tmp_path_factory.mktemp("tls")
    place = folder / "both.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -out c.pem"
    )
    more = f"-subj /CN={NAME} -addext subjectAltName=DNS:{NAME},IP:192.0.2.10 -keyout both.pem"
    subprocess.run(f"{command} {more}".split(), check=True, capture_output=True, cwd=folder)
    place.write_text(place.read_text() + (folder / "c.pem").read_text())
    return place


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This host's authorities are that one."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    https.context.cache_clear()
    yield
    https.context.cache_clear()


Wrapped = Callable[[Callable[[ssl.SSLSocket], None]], Callable[[socket.socket], None]]
names: list[str | None] = []


@pytest.fixture
def wrapped(certificate: Path) -> Wrapped:
    """Makes a server with TLS of one without; `names` has what clients called it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda channel, name, own: names.append(name)
    names.clear()

    def wrap(serve: Callable[[ssl.SSLSocket], None]) -> Callable[[socket.socket], None]:
        def serve_wrapped(channel: socket.socket) -> None:
            with suppress(ssl.SSLError), context.wrap_socket(channel, server_side=True) as tls:
                serve(tls)

        return serve_wrapped

    return wrap


def _answer(channel: ssl.SSLSocket) -> None:
    channel.recv(4096)
    channel.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


def _asked(serve: Callable[[socket.socket], None], **check: Any) -> Outcome:
    with serving(serve) as port:
        return outcome(target("https", port=port, **check))


def test_any_certificate_will_do(wrapped: Wrapped) -> None:
    assert _asked(wrapped(_answer), body="hello", sni="other.example.com") == OK
    assert names == ["other.example.com"]


@pytest.mark.parametrize(
    ("host", "name"),
    [(f"{NAME}:8443", NAME), (NAME, NAME), ("", None), ("192.0.2.10", None)],
)
def test_the_name_that_is_asked_for(wrapped: Wrapped, host: str, name: str | None) -> None:
    assert _asked(wrapped(_answer), host=host) == OK
    assert names == [name]


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("check", [{"host": NAME}, {"sni": NAME, "host": "x.example.com"}, {}])
def test_the_right_name(wrapped: Wrapped, check: dict[str, Any]) -> None:
    """Without any it is the VIP."""
    assert _asked(wrapped(_answer), verify=True, **check) == OK


@pytest.mark.usefixtures("trusted")
def test_the_wrong_name(wrapped: Wrapped) -> None:
    found = _asked(wrapped(_answer), verify=True, host="other.example.com")
    assert found == wrong(
        "certificate: Hostname mismatch, certificate is not valid for 'other.example.com'."
    )


def test_an_unknown_authority(wrapped: Wrapped) -> None:
    found = _asked(wrapped(_answer), verify=True, host=NAME)
    assert found == wrong("certificate: self-signed certificate")


def test_no_tls() -> None:
    def serve(channel: socket.socket) -> None:
        channel.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        until_closed(channel)

    assert _asked(serve) == wrong("TLS: wrong version number")


def test_it_closes_within_the_handshake() -> None:
    def serve(channel: socket.socket) -> None:
        channel.recv(4096)

    found = _asked(serve)
    assert found.verdict == "wrong-answer" and not found.late


def test_no_answer_within_the_handshake() -> None:
    found = _asked(until_closed, timeout=200)
    text = "connected, but not answered within 200 ms"
    assert found == Outcome("no-answer", text, late=True, reached=True)


def test_a_body_without_end(wrapped: Wrapped) -> None:
    def serve(channel: ssl.SSLSocket) -> None:
        channel.recv(4096)
        channel.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            channel.sendall(b"x" * 65536)

    found = _asked(wrapped(serve), body="up")
    assert found == wrong("status 200, but not the wanted text in the body")


def test_a_wrong_status(wrapped: Wrapped) -> None:
    def serve(channel: ssl.SSLSocket) -> None:
        channel.recv(4096)
        channel.sendall(b"HTTP/1.1 503 Busy\r\n\r\n")

    assert _asked(wrapped(serve)) == wrong("status 503, 200-399 wanted")


def test_closed_without_a_word(wrapped: Wrapped) -> None:
    """With or without TLS's own goodbye."""
    assert _asked(wrapped(lambda channel: None)).verdict == "wrong-answer"


@pytest.mark.parametrize("name", [".x", "a..b", "x" * 64])
def test_a_name_that_is_none(name: str) -> None:
    assert _asked(until_closed, sni=name) == wrong(f"TLS: {name!r} is no name to ask for")
