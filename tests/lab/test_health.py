# SPDX-License-Identifier: Apache-2.0
"""Real servers that fail, are drained, disabled, and come back: who gets flows, what is shown."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Sequence
from typing import Any

import pytest

from tests.lab.instance import Instance, config
from tests.lab.plain import VIPS, Plain, addresses
from tests.lab.traffic import ask, connect, request
from tests.waiting import wait_until

QUICK = 'health = { type = "tcp", interval = "300ms", timeout = "250ms" }'


def checked(*lines: str, health: str = QUICK) -> str:
    """The configuration with checks of its TCP service, and with lines there."""
    return config().replace('name = "web"\n', "\n".join(('name = "web"', health, *lines, "")), 1)


def rows(balancer: Instance, host: str, service: str = "web") -> list[dict[str, Any]]:
    """A real server's rows in `reals --json`, IPv4 first."""
    found = json.loads(balancer.done("reals", service, "--json"))
    return [row for row in found if row["address"] in addresses(host)]


def wait_state(balancer: Instance, host: str, state: str, seconds: float = 10) -> None:
    """Wait until both addresses of a real server are in a state."""
    wait_until(
        f"{host} is {state}",
        lambda: [row["state"] for row in rows(balancer, host)] == [state] * 2,
        seconds,
    )


def close_vip(plain: Plain, host: str) -> None:
    """It has the VIPs no more."""
    plain.hosts[host].batch(*(f"address del {vip} dev lo" for vip in _whole(VIPS)))


def open_vip(plain: Plain, host: str) -> None:
    """It has them again."""
    plain.hosts[host].batch(*(f"address add {vip} dev lo" for vip in _whole(VIPS)))


def _whole(vips: tuple[str, ...]) -> list[str]:
    return [f"{vip}/{128 if ':' in vip else 32}" for vip in vips]


@pytest.mark.lasting
def test_who_is_down_gets_no_flows(plain: Plain, balancer: Instance) -> None:
    balancer.serve(checked())
    wait_state(balancer, "r1", "up")
    with plain.without_server("r2"):
        wait_state(balancer, "r2", "down")
        for row in rows(balancer, "r2"):
            assert row["reason"].startswith("port-closed")
            assert row["verdict"] == "port-closed"
            assert row["since"]
        for vip in VIPS:
            assert request(plain.client, vip, count=6) == {"r1": 6}
        assert [row["state"] for row in rows(balancer, "r2", "dns")] == ["up"] * 2
        assert "port-closed" in balancer.done("reals")


@pytest.mark.lasting
def test_a_lost_vip_is_noticed_and_its_return(plain: Plain, balancer: Instance) -> None:
    """Its own address answers all the time."""
    balancer.serve(checked())
    close_vip(plain, "r1")
    try:
        wait_state(balancer, "r1", "down")
        for vip in VIPS:
            assert request(plain.client, vip, count=4) == {"r2": 4}
        wait_until(
            "it is told why",
            lambda: [row["verdict"] for row in rows(balancer, "r1")] == ["vip-missing"] * 2,
        )
    finally:
        open_vip(plain, "r1")
    wait_state(balancer, "r1", "up")
    for vip in VIPS:
        assert request(plain.client, vip, count=4) == {"r1": 2, "r2": 2}


def _has_each(text: str, words: Sequence[str]) -> bool:
    """So often as it is one of them."""
    return all(text.count(word) >= words.count(word) for word in words)


@pytest.mark.lasting
def test_a_daemon_goes_on_with_who_is_down(plain: Plain, balancer: Instance) -> None:
    balancer.serve(checked())
    with plain.without_server("r2"):
        wait_state(balancer, "r2", "down")
        since = [row["since"] for row in rows(balancer, "r2")]
        kept = balancer.state / "down.json"
        wait_until("that is kept", lambda: kept.exists() and _has_each(kept.read_text(), since))
        balancer.kill()
        balancer.start(up=6)
        assert [row["state"] for row in rows(balancer, "r2")] == ["down"] * 2
        assert [row["since"] for row in rows(balancer, "r2")] == since
        for vip in VIPS:
            assert request(plain.client, vip, count=4) == {"r1": 4}
        wait_until(
            "it is checked again",
            lambda: [row["verdict"] for row in rows(balancer, "r2")] == ["port-closed"] * 2,
        )
        assert [row["since"] for row in rows(balancer, "r2")] == since


def on_r1(plain: Plain) -> socket.socket:
    """An open connection to r1."""
    while True:
        connection = connect(plain.client, VIPS[0])
        if ask(connection) == "r1":
            return connection
        connection.close()


def _answered_down(balancer: Instance) -> int:
    return sum(int(row["reasons"]["answered-down"]) for row in balancer.get("/stats"))


@pytest.mark.lasting
@pytest.mark.parametrize("policy", ["keep", "rehash", "reset"])
def test_flows_of_who_is_disabled(plain: Plain, balancer: Instance, policy: str) -> None:
    """Its application goes on: a flow that stays is answered. Another real server does not know the
    connection and ends it, or the balancer does."""
    balancer.serve(checked(f'on_down = "{policy}"'))
    before = _answered_down(balancer)
    with on_r1(plain) as connection:
        balancer.done("real", "disable", "web", addresses("r1")[0])
        assert [row["state"] for row in rows(balancer, "r1")] == ["disabled"] * 2
        assert request(plain.client, VIPS[0], count=4) == {"r2": 4}
        if policy == "keep":
            assert ask(connection) == "r1"
        else:
            with pytest.raises(ConnectionResetError):
                ask(connection)
    assert (_answered_down(balancer) > before) == (policy == "reset")


@pytest.mark.lasting
def test_draining(plain: Plain, balancer: Instance) -> None:
    """`--wait` tells what is left, and returns when nothing is; restart and apply end nothing."""
    text = checked("closing_timeout = 1")
    balancer.serve(text)
    connection = on_r1(plain)
    command = balancer.popen("real", "drain", "web", addresses("r1")[0], "--wait", "60s")
    assert command.stdout is not None
    assert re.fullmatch(r"\d+ connections? left\n", command.stdout.readline())
    assert ask(connection) == "r1"
    for vip in VIPS:
        assert request(plain.client, vip, count=4) == {"r2": 4}
    balancer.kill()
    balancer.start(up=6)
    balancer.done("apply", balancer.write(text))
    for row in rows(balancer, "r1"):
        assert row["state"] == "drain"
        assert row["reason"] == "by root"
    assert ask(connection) == "r1"
    again = balancer.popen("real", "drain", "web", addresses("r1")[0], "--wait", "60s")
    connection.close()
    out, _ = again.communicate(timeout=30)
    assert again.returncode == 0
    assert out.splitlines()[-1] == "0 connections left"
    command.kill()
    command.communicate()
    balancer.done("real", "enable", "web", addresses("r1")[0])
    for vip in VIPS:
        assert request(plain.client, vip, count=4) == {"r1": 2, "r2": 2}


@pytest.mark.lasting
def test_orders_that_cannot_be(balancer: Instance) -> None:
    balancer.serve(checked())
    nobody = balancer.dsrlb("real", "drain", "web", "10.9.9.9")
    assert nobody.returncode == 1
    assert "service 'web' has no real server 10.9.9.9" in nobody.stderr
    assert "10.78.0.11" in nobody.stderr
    nobody = balancer.dsrlb("real", "disable", "nine", addresses("r1")[0])
    assert "there is no service 'nine'" in nobody.stderr
    everywhere = balancer.done("real", "drain", "*", addresses("r1")[1])
    assert everywhere.count("gets no new flows") == 4


@pytest.mark.lasting
def test_everybody_is_down(plain: Plain, balancer: Instance) -> None:
    """Dropped; then all as if they were up."""
    balancer.serve(checked("pending_timeout = 1"))
    with plain.without_server("r1"), plain.without_server("r2"):
        for host in ("r1", "r2"):
            wait_state(balancer, host, "down")
        with pytest.raises(TimeoutError):
            request(plain.client, VIPS[0])
        text = checked("pending_timeout = 1", 'all_down = "all-up"')
        assert told_all_down(balancer) == ["drop"] * 2
        balancer.done("apply", balancer.write(text))
        with pytest.raises(ConnectionRefusedError):
            request(plain.client, VIPS[0])
        assert [row["state"] for row in rows(balancer, "r1")] == ["down"] * 2
        assert told_all_down(balancer) == ["all-up"] * 2
    wait_until(
        "that is over, in either family",
        lambda: sum("a real server is up again" in text for text in balancer.events()) in (1, 2),
    )
    told = [text for text in balancer.events() if "no real server is up" in text]
    assert all(text.startswith("web") for text in told)
    assert "new flows are dropped" in told[0] and "all-up" in told[-1]


def told_all_down(balancer: Instance) -> list[str | None]:
    """In the rows of the service whose real servers are all down."""
    found = json.loads(balancer.done("services", "--json"))
    web = [row for row in found if row["name"] == "web"]
    assert [row["reals_up"] for row in web] == [0, 0]
    return [row["all_down"] for row in web]


def test_the_sorry_server(plain: Plain, balancer: Instance) -> None:
    """It gets flows only while nobody else is up."""
    text = checked().replace("[[group.real]]", "# R", 1)
    head, _, rest = text.partition("# R")
    second = rest[rest.index("[[group.real]]") :]
    v4, v6 = addresses("r1")
    sorry = f'all_down = "sorry"\nsorry = {{ address = ["{v4}", "{v6}"] }}'
    balancer.start((head + second).replace('name = "web"\n', f'name = "web"\n{sorry}\n', 1), up=4)
    for vip in VIPS:
        assert request(plain.client, vip, count=4) == {"r2": 4}
    plain.stop_server("r2")
    wait_state(balancer, "r2", "down")
    for vip in VIPS:
        assert request(plain.client, vip, count=4) == {"r1": 4}
    assert all(row["sorry"] and row["state"] == "up" for row in rows(balancer, "r1"))
    assert told_all_down(balancer) == ["sorry"] * 2


@pytest.mark.lasting
def test_slow_start(plain: Plain, balancer: Instance) -> None:
    """Who comes back has a small part at first."""
    balancer.serve(checked('slow_start = "10m"'))
    address = addresses("r1")[0]
    balancer.done("real", "drain", "web", address)
    assert request(plain.client, VIPS[0], count=4) == {"r2": 4}
    balancer.done("real", "enable", "web", address)
    assert [row["share"] for row in rows(balancer, "r1")] == [5, 5]
    assert request(plain.client, VIPS[0], count=42) == {"r2": 40, "r1": 2}
    balancer.kill()
    balancer.start()
    assert [row["share"] for row in rows(balancer, "r1")] == [5, 5]
    assert request(plain.client, VIPS[0], count=42) == {"r2": 40, "r1": 2}
