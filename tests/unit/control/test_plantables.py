# SPDX-License-Identifier: Apache-2.0
"""What a plan says of checks and of a sorry server: what changes of them, and nothing else."""

from __future__ import annotations

import pytest

from dsrlb.config import parse
from dsrlb.control.plan import view

TEXT = """
[balancer]
interfaces = ["eth0"]
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "nat"
{}
[[service.real]]
address = "10.0.0.1"
[[group]]
name = "spare"
{}
[[group.real]]
address = "10.0.0.2"
"""
SORRY = 'all_down = "sorry"\nsorry = {{ address = "10.0.0.{}", port = 8080 }}'


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            'health = { interval = "2s", timeout = "300ms" }',
            'health = { interval = "500ms", timeout = "300ms" }',
            ["interval: 2s -> 500ms"],
        ),
        (
            'health = { type = "http", status = "200", host = "a.example" }',
            'health = { type = "http", status = ["200", "204-206"], startup_grace = "1m" }',
            ["startup_grace: 0s -> 60s", "host: *** -> none", "status: 200 -> 200 204-206"],
        ),
        ("", 'health = { type = "http", path = "/x" }', [": not set -> type http, path ***"]),
        ("health.fall = 2", "", [": type tcp, fall 2 -> not set"]),
        (
            'health = { type = "dns", query = "a.example" }',
            'health = { type = "command", command = ["/bin/ask", "-v"], timeout = "500ms" }',
            [": type dns, query *** -> type command, timeout 500ms, command ***"],
        ),
        (
            'health = { type = "http", path = "/?token=s3cret" }',
            'health = { type = "http", path = "/?token=other" }',
            ["path: *** -> *** (another one)"],
        ),
        (
            'health = { type = "tcp", send = "A\\r\\n" }',
            'health = { type = "tcp", send = "B\\r\\n", expect = "C" }',
            ["send: *** -> *** (another one)", "expect: none -> ***"],
        ),
        (
            'health = { type = "https", verify = true }',
            'health = { type = "https", verify = false }',
            ["verify: true -> false"],
        ),
    ],
)
def test_checks(before: str, after: str, said: list[str]) -> None:
    """Of a service, and of a group that no service has."""
    for places in (("{}", ""), ("", "{}")):
        one, other = (
            TEXT.format(*(place.format(text) for place in places)) for text in (before, after)
        )
        changes = view(parse(one, "one"), parse(other, "other"))["changes"]
        told = [f"health{text}" if text[0] == ":" else f"health.{text}" for text in said]
        assert [change["detail"] for change in changes] == told
        assert {change["what"] for change in changes} <= {"service web", "group spare"}


def test_a_sorry_server() -> None:
    one, other = (parse(TEXT.format(SORRY.format(number), ""), "a") for number in (8, 9))
    (change,) = view(one, other)["changes"]
    moved = "flows of 10.0.0.8 go to other reals"
    assert change["detail"] == f"sorry.address: 10.0.0.8 -> 10.0.0.9; {moved}"
    without = parse(TEXT.format("", ""), "a")
    changes = view(without, other)["changes"]
    assert [change["detail"] for change in changes] == [
        "all_down: drop -> sorry",
        "sorry: not set -> address 10.0.0.9, port 8080",
    ]
    assert not any(change["affects_flows"] for change in changes)
    assert view(other, without)["affects_flows"]


@pytest.mark.parametrize(
    ("kind", "key", "form"),
    [
        ("http", "path", '"/{}"'),
        ("http", "host", '"{}.example"'),
        ("http", "body", '"{}"'),
        ("https", "sni", '"{}.example"'),
        ("tcp", "send", '"{}"'),
        ("udp", "expect", '"{}"'),
        ("dns", "query", '"{}.example"'),
        ("command", "command", '["/bin/{}"]'),
    ],
)
def test_no_text_of_a_check_is_told(kind: str, key: str, form: str) -> None:
    """Whichever it is, it may hold a password, and plans are kept in logs."""
    more = "port = 53, " + ('send = "x", ' if kind == "udp" else "")
    one, other = (
        parse(TEXT.format(f'health = {{ type = "{kind}", {more}{key} = {value} }}', ""), "f")
        for value in (form.format("former"), form.format("s3cret"))
    )
    (change,) = view(one, other)["changes"]
    assert change["detail"] == f"health.{key}: *** -> *** (another one)"
