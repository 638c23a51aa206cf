# SPDX-License-Identifier: Apache-2.0
"""What checks say names nothing that may be secret."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from dsrlb.health.checks.secrets import without_secrets
from tests.unit.health.asked import outcome, serving, target

SAID = "exit code 7: no access for 192.0.2.10 with s3cret:word"
QUOTED = "exit code 7: 'no access for 192.0.2.10 with s3cret:word'"


def told(said: str, kind: str, check: dict[str, Any]) -> str:
    """What becomes of it."""
    one = target(kind, **check)
    return without_secrets(said, one.check, one.vip)


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("command", {"command": ("/bin/check", "s3cret:word")}),
        ("command", {"command": ("/bin/check", "s3cret", "s3cret:word")}),
        ("command", {"command": ("/bin/check", "--password=s3cret:word")}),
        ("command", {"command": ("/bin/check", "-ps3cret:word")}),
        ("command", {"command": ("/bin/sh", "-c", "check --password=s3cret:word; exit 7")}),
        ("tcp", {"send": "s3cret:word"}),
        ("tcp", {"send": "AUTH s3cret:word\r\n"}),
        ("tcp", {"send": "hex:4155544820" + b"S3cret:Word".hex() + "0d0a"}),
        ("http", {"host": "s3cret:word"}),
        ("http", {"path": "/?token=s3cret:word"}),
    ],
)
def test_stars_stand_for_it(kind: str, check: dict[str, Any]) -> None:
    got = told(QUOTED, kind, check).replace("***:***", "***")
    assert got == "exit code 7: 'no access for 192.0.2.10 with ***'"


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("command", {"command": ("/bin/check", "s3cret:word")}),
        ("command", {"command": ("/bin/check", "s3cret", "s3cret:word")}),
        ("tcp", {"send": "s3cret:word"}),
        ("http", {"host": "s3cret:word"}),
    ],
)
def test_also_where_nobody_is_quoted(kind: str, check: dict[str, Any]) -> None:
    assert told(SAID, kind, check) == "exit code 7: no access for 192.0.2.10 with ***"


@pytest.mark.parametrize(
    ("check", "said", "wanted"),
    [
        ({"send": 'login "s3cret"\n'}, "it said 'no, s3cret'", "it said 'no, ***'"),
        ({"send": "AUTH s\u00e9cret"}, "it said 's\\xc3\\xa9cret'", "it said '***'"),
        ({"send": "AUTH s3cretword"}, "it said 'no s3cretw'...", "it said 'no ***'..."),
        ({"send": "AUTH s3cretword"}, "it said 'no s3'...", "it said 'no s3'..."),
        ({"send": "AUTH s3cret"}, "it said nothing", "it said nothing"),
    ],
)
def test_as_it_is_shown(check: dict[str, Any], said: str, wanted: str) -> None:
    """Between quotes, as ASCII, and cut off in the middle."""
    assert told(said, "tcp", check) == wanted


def test_a_server_that_repeats_the_password() -> None:
    """All the way: it is sent with its line end, and comes back without."""

    def serve(client: socket.socket) -> None:
        client.recv(100)
        client.sendall(b"-ERR invalid password 's3cret-word'\r\n")

    with serving(serve) as port:
        found = outcome(target("tcp", port=port, send="AUTH s3cret-word\r\n", expect="+OK"))
    assert "it said" in found.detail
    assert "invalid password" in found.detail
    assert "s3cret" not in found.detail


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("command", {"command": ("/bin/check", "-v", "7")}),
        ("command", {"command": ("/bin/check", "--access=no")}),
        ("command", {"command": ("/bin/sh", "-c", "echo no access; exit 7")}),
        ("tcp", {"send": "exit code\r\n"}),
        ("http", {"host": "192.0.2.10"}),
        ("https", {"host": "s3cret:word", "sni": "s3cret:word"}),
        ("tcp", {}),
    ],
)
def test_what_is_no_secret_is_said(kind: str, check: dict[str, Any]) -> None:
    assert told(SAID, kind, check) == SAID
    assert told(QUOTED, kind, check) == QUOTED
