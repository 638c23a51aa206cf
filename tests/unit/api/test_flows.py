# SPDX-License-Identifier: Apache-2.0
"""Flows by the API: filters, the stream, its end, and dropping."""

from __future__ import annotations

import http.client
import json
import socket
from ipaddress import ip_address, ip_network
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from dsrlb.control.flows.query import FlowQuery
from dsrlb.control.revisions.authors import Author
from dsrlb.errors import KernelError
from tests.unit.api.fake import FakeController, served
from tests.unit.api.fakerows import flow_row
from tests.unit.api.test_app import ask


@pytest.fixture
def controller() -> FakeController:
    return FakeController()


def test_a_stream_of_lines(controller: FakeController) -> None:
    answer = ask(controller, "GET", "/flows")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in answer.text.splitlines()] == [
        flow_row(number) for number in range(3)
    ]
    assert controller.calls == [("flows", FlowQuery(), None, None)]


def test_every_filter(controller: FakeController) -> None:
    query = (
        "client=10.0.0.0/8&vip=[2001:db8::1]:80&real=10.0.0.11&service=web&protocol=tcp"
        "&state=open&state=data&older=5m&newer=1h&limit=7&count_by=real"
    )
    assert ask(controller, "GET", f"/flows?{query}").status_code == 200
    expected = FlowQuery(
        client=ip_network("10.0.0.0/8"),
        vip=(ip_address("2001:db8::1"), 80),
        real=ip_address("10.0.0.11"),
        service="web",
        protocol="tcp",
        states=("open", "data"),
        older=300,
        newer=3600,
    )
    assert controller.calls[-1] == ("flows", expected, "real", 7)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("client=10.0.0.1/8", "query.client: '10.0.0.1/8' is no address or prefix"),
        ("vip=192.0.2.10:0", "query.vip: '0' is no port"),
        ("real=web", "query.real: 'web' is no address"),
        ("protocol=icmp", "query.protocol: Input should be 'tcp' or 'udp'"),
        ("state=dead", "query.state.0: Input should be"),
        ("older=soon", "query.older: 'soon' is no time"),
        ("limit=0", "query.limit: Input should be greater than or equal to 1"),
        ("count_by=age", "query.count_by: Input should be"),
        ("colour=red", "query.colour: Extra inputs are not permitted"),
    ],
)
def test_filters_that_are_wrong(controller: FakeController, query: str, says: str) -> None:
    answer = ask(controller, "GET", f"/flows?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(says)
    assert controller.calls == []


def test_an_unknown_service(controller: FakeController) -> None:
    for answer in (
        ask(controller, "GET", "/flows?service=mail"),
        ask(controller, "POST", "/flows/drop", json={"service": "mail"}),
    ):
        assert answer.status_code == 404
        assert answer.json()["error"] == "there is no service 'mail'; there are: web"


def test_what_cannot_be_begun_is_an_error(controller: FakeController) -> None:
    controller.broken = KernelError("no")
    answer = ask(controller, "GET", "/flows")
    assert (answer.status_code, answer.json()["error"]) == (409, "no")


def test_drop(controller: FakeController) -> None:
    body = {"client": "10.0.0.0/8", "state": ["open"], "behind": "alice"}
    answer = ask(controller, "POST", "/flows/drop", json=body)
    assert answer.json() == {"dropped": 1234}
    query = FlowQuery(client=ip_network("10.0.0.0/8"), states=("open",))
    assert controller.calls == [("drop_flows", query, Author(0, "root", "alice"))]


def test_drop_all_has_to_be_said(controller: FakeController) -> None:
    assert ask(controller, "POST", "/flows/drop", json={"all": True}).json() == {"dropped": 1234}
    refused: list[tuple[dict[str, Any], str]] = [
        ({}, "no filter given"),
        ({"all": True, "protocol": "udp"}, '"all" takes no filters'),
        ({"every": True}, "body.every: Extra inputs"),
    ]
    for body, says in refused:
        answer = ask(controller, "POST", "/flows/drop", json=body)
        assert answer.status_code == 400
        assert says in answer.json()["error"]
    assert len(controller.calls) == 1


def test_a_client_that_goes_away_ends_the_stream(tmp_path: Path) -> None:
    """And one that does not read holds it up: nothing is made in advance."""
    with served(tmp_path / "api.sock") as api:
        controller = api.controller
        controller.pieces = repeat([flow_row(number) for number in range(100)])
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(api.socket))
            client.sendall(b"GET /flows HTTP/1.1\r\nHost: dsrlb\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200")
            assert not controller.stream_ended.wait(0.5)
            assert controller.asked_for < 200  # of endless many; some fit into buffers
        assert controller.stream_ended.wait(5)


def test_a_stream_that_fails_is_cut_off(tmp_path: Path) -> None:
    """The status was sent: what is missing shows by the end of the transfer that is not there."""

    def broken() -> Any:
        yield [flow_row(0)]
        raise KernelError("no")

    with served(tmp_path / "api.sock") as api:
        api.controller.pieces = broken()
        connection = http.client.HTTPConnection("dsrlb")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(api.socket))
        connection.request("GET", "/flows")
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()
        connection.close()
