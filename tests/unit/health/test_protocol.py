# SPDX-License-Identifier: Apache-2.0
"""Messages survive the way there; what is none is refused."""

from __future__ import annotations

import json

import pytest

from dsrlb.health import protocol
from dsrlb.health.protocol import (
    Ask,
    Check,
    Lines,
    Orders,
    ProtocolError,
    Ready,
    State,
    States,
    Tallies,
    Tally,
    Target,
)

CHECK = Check("https", status=("200", "300-399"), command=("/bin/true",), flap_hold=0.5)
TARGET = Target("w/1", "web 10.0.0.11", "198.18.0.7", 443, CHECK, vip="192.0.2.10", routed=True)


@pytest.mark.parametrize(
    "message",
    [Orders((TARGET,), ("a", "b")), Orders(), Orders(drop=("a",)), Ask(7)],
    ids=["both", "nothing", "drop", "ask"],
)
def test_to_the_worker(message: Orders | Ask) -> None:
    line = protocol.encode(message)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert protocol.to_worker(line) == message


@pytest.mark.parametrize(
    "message",
    [
        Ready(17),
        States((State("a", False, "slow", "é\n", True), State("b", True, "ok"))),
        Tallies((Tally("a", 3, 1), Tally("b", 3, 1, 0.25, "x")), 9),
    ],
    ids=["ready", "states", "tallies"],
)
def test_to_the_daemon(message: Ready | States | Tallies) -> None:
    assert protocol.to_daemon(protocol.encode(message)) == message


def test_what_is_left_out_has_its_default() -> None:
    given = {"id": "1", "name": "n", "address": "::1", "port": 1, "check": {"type": "tcp"}}
    line = json.dumps({"set": [given]}).encode()
    assert protocol.to_worker(line) == Orders((Target("1", "n", "::1", 1, Check("tcp")),))


def test_a_check_out_of_plain_values() -> None:
    found = protocol.check_of({"type": "http", "status": ("200",), "startup_grace": 5})
    assert found == Check("http", status=("200",), startup_grace=5)


_CHECKED = '{"set":[{"id":"1","name":"n","address":"::1","port":1,"check":%s}]}'


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("nonsense", "not JSON"),
        ("[]", "not an object"),
        ("{}", "unknown message"),
        ('{"sett":[]}', "unknown message"),
        ('{"ask":1,"set":[]}', "unknown message"),
        ('{"ask":"1"}', "not a number"),
        ('{"ask":true}', "not a number"),
        ('{"set":{}}', "not a list"),
        ('{"drop":[1]}', "not ids"),
        ('{"set":[1]}', "not an object"),
        ('{"set":[{"id":"1"}]}', "Target: .*missing 4 required"),
        (_CHECKED % "[]", "Target.check = .*not Check"),
        (_CHECKED % '{"type":"smtp"}', "Check.type = 'smtp'"),
        (_CHECKED % '{"type":"tcp","rise":"2"}', "Check.rise = '2'"),
        (_CHECKED % '{"type":"tcp","rise":true}', "Check.rise = True"),
        (_CHECKED % '{"type":"tcp","status":[200]}', "Check.status"),
        (_CHECKED % '{"type":"tcp","nix":1}', "Check: unknown: nix"),
    ],
)
def test_what_is_no_message(line: str, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        protocol.to_worker(line.encode())


@pytest.mark.parametrize(
    "line",
    ['{"ask":1}', '{"states":[{"id":"1","up":1,"verdict":"ok"}]}',
     '{"states":[{"id":"1","up":true,"verdict":"fine"}]}'],
)  # fmt: skip
def test_what_the_worker_never_says(line: str) -> None:
    with pytest.raises(ProtocolError):
        protocol.to_daemon(line.encode())


def test_lines_of_a_stream() -> None:
    lines = Lines()
    pieces = [b"a", b"b\nc", b"\n\nd\ne", b"f", b"g\n"]
    assert [list(lines.add(piece)) for piece in pieces] == [
        [], [b"ab"], [b"c", b"", b"d"], [], [b"efg"]
    ]  # fmt: skip


def test_the_verdicts_are_told_what_they_mean() -> None:
    """Each has its line in the module's words, which are what the documentation is made from."""
    source = protocol.__file__
    with open(source, encoding="utf-8") as file:
        text = file.read()
    for verdict in protocol.VERDICTS:
        assert f"\n- {verdict}: " in text
