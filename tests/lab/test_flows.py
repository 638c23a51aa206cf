# SPDX-License-Identifier: Apache-2.0
"""`dsrlb flows` and what the daemon does with flows, with real connections."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import pytest

from tests.lab.instance import Instance, config, real
from tests.lab.plain import PORT, VIPS, Plain
from tests.lab.traffic import connect, request
from tests.waiting import wait_until


def _flows(balancer: Instance, *filters: str) -> list[Any]:
    rows: list[Any] = json.loads(balancer.done("flows", *filters, "--json"))
    return rows


def _open(balancer: Instance) -> list[int]:
    """Open flows of the reals of service web, in ascending order."""
    return sorted(row["open"] for row in balancer.get("/reals?service=web"))


@pytest.mark.lasting
def test_a_connection_listed_and_dropped(plain: Plain, balancer: Instance) -> None:
    balancer.serve(config())
    with connect(plain.client, VIPS[0]) as connection:
        request(plain.client, VIPS[1], "udp")
        wait_until("both are there", lambda: len(_flows(balancer)) == 2)
        (row,) = _flows(balancer, "--service", "web")
        client, port = connection.getsockname()[:2]
        assert (row["client"], row["client_port"]) == (client, port)
        assert (row["vip"], row["vip_port"], row["protocol"]) == (VIPS[0], PORT, "tcp")
        assert row["real"] in {shown["address"] for shown in balancer.get("/reals")}
        assert row["state"] in ("open", "data")
        assert row["idle"] <= 2
        (counted,) = _flows(balancer, "--count-by", "state", "--protocol", "udp")
        assert counted == {"state": "pending", "flows": 1}
        assert "no flows" in balancer.done("flows", "--older", "1h")

        assert balancer.done("flows", "drop", "--client", client) == "dropped 1 flows\n"
        assert _flows(balancer, "--service", "web") == []
        assert balancer.get("/services")[0]["open"] == 0
        connection.settimeout(1)
        connection.sendall(b"x")  # of an unknown flow: dropped
        with pytest.raises(TimeoutError):
            connection.recv(1)
    messages = [event["message"] for event in balancer.get("/events")]
    assert any("dropped 1 flows (--client" in message for message in messages)


@pytest.mark.lasting
def test_flows_of_a_removed_real_are_not_counted_for_long(plain: Plain, balancer: Instance) -> None:
    balancer.serve(config(balancer="scan_interval = 60"))
    with ExitStack() as connections:
        for _ in range(4):
            connections.enter_context(connect(plain.client, VIPS[0]))
        wait_until("all are open", lambda: balancer.get("/services")[0]["open"] == 4)
        for reals in ((real("r1"),), (real("r1"), real("r2"))):  # r2 gets its old place
            balancer.write(config(reals, balancer="scan_interval = 60"))
            balancer.done("apply", str(balancer.file))
        wait_until("none is counted for it", lambda: _open(balancer) == [0, 0, 0, 2])
    status = balancer.get("/status")["flows"]["ipv4"]
    assert (status["used"], status["capacity"]) == (4, 10000)


def test_expired_flows_are_removed(plain: Plain, balancer: Instance) -> None:
    text = config(balancer="scan_interval = 1").replace(
        'name = "dns"', 'name = "dns"\npending_timeout = 1'
    )
    balancer.start(text)
    request(plain.client, VIPS[0], "udp")

    def events() -> dict[str, int]:
        found: dict[str, int] = balancer.get("/status")["flow_events"]["pending4"]
        return found

    assert events()["made"] == 1  # a list of flows may take as long as it lives
    wait_until("its entry is free", lambda: events()["expired"] == 1)
    assert balancer.get("/services")[2]["pending"] == 0
